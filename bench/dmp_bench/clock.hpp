// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace disruptor_mp::bench {

/// Nanoseconds of the monotonic clock; the same in all processes.
[[nodiscard]] inline std::uint64_t now_ns() noexcept {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

/// CPU time of this process so far, and how often it lost its core to somebody else.
struct CpuUse {
  std::uint64_t ns = 0;
  std::uint64_t preemptions = 0;
};
[[nodiscard]] CpuUse cpu_use() noexcept;

/// How long a process's first thread was ready to run so far, and had no core; 0 if the kernel does
/// not tell. A wait that has not ended yet is not in it.
[[nodiscard]] std::uint64_t queued_ns(pid_t pid);

/// The cheapest clock there is, for timing single round trips: the time stamp counter where there
/// is one. Not ordered against the instructions around it, which does not matter for the distance
/// of two reads of the same code.
class Ticks {
 public:
  [[nodiscard]] static std::uint64_t now() noexcept {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    std::uint64_t ticks;
    asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return now_ns();
#endif
  }

  /// Measures the length of a tick; takes 20 ms.
  Ticks();

  [[nodiscard]] std::uint64_t to_ns(std::uint64_t ticks) const noexcept {
    return (ticks * ns_per_1024_ticks_) >> 10U;
  }
  /// What one read of the clock costs, in nanoseconds: every timed round trip contains one.
  [[nodiscard]] double cost_ns() const noexcept { return cost_ns_; }

 private:
  std::uint64_t ns_per_1024_ticks_ = 1024;
  double cost_ns_ = 0;
};

}  // namespace disruptor_mp::bench
