// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/readable_event.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <vector>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/os/thread.hpp"

namespace disruptor_mp::os {

ReadableEvent::ReadableEvent(const std::string& object)
    : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ >= 0) return;
  const int problem = errno;
  throw Error(Errc::system_error, {.object = object,
                                   .problem = "the kernel gives no descriptor to wait on",
                                   .found = std::string("eventfd: ") + std::strerror(problem),
                                   .expected = "a free file descriptor and memory",
                                   .remedy = "Close descriptors that are not needed, or raise the "
                                             "limit (ulimit -n)."});
}

ReadableEvent::~ReadableEvent() { close(descriptor_); }

void ReadableEvent::set() noexcept {
  const std::uint64_t one = 1;
  // Fails only if the counter is at its end, and then it is readable.
  static_cast<void>(!write(descriptor_, &one, sizeof one));
}

bool ReadableEvent::take() noexcept {
  std::uint64_t count = 0;
  return read(descriptor_, &count, sizeof count) == sizeof count;  // it is 0 now, or was
}

void wait_until_readable(std::span<const int> descriptors, TimePoint deadline) {
  std::vector<pollfd> polled;
  polled.reserve(descriptors.size());
  for (const int descriptor : descriptors)
    polled.push_back({.fd = descriptor, .events = POLLIN, .revents = 0});
  timespec left{};
  if (deadline != never) {
    const TimePoint start = now();
    const Duration time = deadline > start ? deadline - start : Duration::zero();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    left = {.tv_sec = static_cast<time_t>(seconds.count()),
            .tv_nsec = static_cast<long>((time - seconds).count())};
  }
  ppoll(polled.data(), polled.size(), deadline == never ? nullptr : &left, nullptr);
}

}  // namespace disruptor_mp::os
