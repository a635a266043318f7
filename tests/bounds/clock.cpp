// SPDX-License-Identifier: MIT OR Apache-2.0
#include "bounds/clock.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <ctime>

using disruptor_mp::Duration;
using disruptor_mp::TimePoint;
using disruptor_mp::test::Clock;
using disruptor_mp::test::virtual_clock;

namespace {

TimePoint time_point(const timespec& time) {
  return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

/// Nobody wakes the sleeper: whoever should have done it has died before.
long sleep_on(const std::uint32_t* word, long expected, const timespec* until) {
  if (std::atomic_ref(*const_cast<std::uint32_t*>(word)).load() !=
      static_cast<std::uint32_t>(expected)) {
    errno = EAGAIN;
    return -1;
  }
  if (until == nullptr) std::abort();  // a sleep without end: no bound can hold
  virtual_clock.pass_until(time_point(*until));
  errno = ETIMEDOUT;
  return -1;
}

}  // namespace

// The linker's --wrap=name sends calls of `name` to __wrap_name, and __real_name to the C library.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {

long __real_syscall(long number, ...);

std::int64_t __wrap__ZNSt6chrono3_V212steady_clock3nowEv() {
  virtual_clock.pass(Clock::look);
  return virtual_clock.now().time_since_epoch().count();
}

int __wrap_clock_nanosleep(clockid_t /*clock*/, int /*flags*/, const timespec* until,
                           timespec* /*remaining*/) {
  virtual_clock.pass_until(time_point(*until));
  return 0;
}

int __wrap_sched_yield() {
  virtual_clock.pass(Clock::look);
  return 0;
}

long __wrap_syscall(long number, ...) {
  va_list arguments;
  va_start(arguments, number);
  long values[6];
  for (long& value : values) value = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_futex && (values[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET) {
    return sleep_on(reinterpret_cast<const std::uint32_t*>(values[0]), values[2],
                    reinterpret_cast<const timespec*>(values[3]));
  }
  return __real_syscall(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
