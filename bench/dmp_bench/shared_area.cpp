// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/shared_area.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace disruptor_mp::bench {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

SharedArea::SharedArea(std::size_t size, const std::string& directory) : size_(size) {
  const int fd = directory.empty() ? memfd_create("dmp-bench", MFD_CLOEXEC)
                                   : open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) fail("cannot make an unnamed file in '" + directory + "'");
  void* address = MAP_FAILED;
  if (ftruncate(fd, static_cast<off_t>(size)) == 0)
    address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  const int error = errno;
  close(fd);
  errno = error;
  if (address == MAP_FAILED) fail("cannot map " + std::to_string(size) + " bytes");
  data_ = static_cast<std::byte*>(address);
}

SharedArea::~SharedArea() {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace disruptor_mp::bench
