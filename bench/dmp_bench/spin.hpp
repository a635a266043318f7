// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <sched.h>

#include <cstdint>

namespace disruptor_mp::bench {

/// What a hand-written loop does between two looks: the CPU's hint; where there are more spinners
/// than cores, also a yield, without which each would spin its time slice away.
class Spin {
 public:
  explicit Spin(bool yields = false) noexcept : yields_(yields) {}

  void operator()() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb" ::: "memory");
#endif
    if (yields_ && ++looks_ % looks_before_yield == 0) sched_yield();
  }

 private:
  static constexpr std::uint32_t looks_before_yield = 100;
  bool yields_;
  std::uint32_t looks_ = 0;
};

}  // namespace disruptor_mp::bench
