// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/word_per_event.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {

WordPerEvent::WordPerEvent(const std::filesystem::path& file, std::uint64_t events)
    : bytes_((events + 1) * sizeof(std::uint64_t)) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  int error = descriptor < 0 ? errno : posix_fallocate(descriptor, 0, static_cast<off_t>(bytes_));
  void* address = MAP_FAILED;
  if (error == 0) {
    address = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (address == MAP_FAILED) error = errno;
  }
  if (descriptor >= 0) ::close(descriptor);
  if (error != 0) {
    throw Error({.object = file.string(),
                 .found = std::strerror(error),
                 .expected = std::to_string(bytes_) + " bytes, eight for each event",
                 .remedy = "free some space, or choose another --work-dir"});
  }
  words_ = static_cast<std::uint64_t*>(address);
}

WordPerEvent::~WordPerEvent() { munmap(words_, bytes_); }

}  // namespace disruptor_mp::market_feed
