// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "disruptor_mp/base/types.hpp"

namespace disruptor_mp {

/// How to wait: what is traded between reaction time and the CPU of the waiting process. It does
/// not change what is waited for, and does not concern the other side, which may wait in another
/// way.
///
/// | strategy        | reaction         | CPU while idle | use                                 |
/// |-----------------|------------------|----------------|-------------------------------------|
/// | busy_spin       | tens of ns       | a whole core   | a core of its own, nothing else     |
/// | spin_with_hint  | tens of ns       | a whole core   | the same, kinder to a hyper-twin    |
/// | spin_then_yield | tens of ns to µs | a whole core   | more spinners than cores            |
/// | sleep           | the sleep        | little         | reaction does not matter            |
/// | block           | a few µs (futex) | none           | the default                         |
class WaitStrategy {
 public:
  /// See the table.
  enum class Kind : std::uint8_t { busy_spin, spin_with_hint, spin_then_yield, sleep, block };

  /// Looks again and again, with nothing in between.
  static constexpr WaitStrategy busy_spin() noexcept { return {Kind::busy_spin, 0, {}}; }
  /// The same with the CPU's spin hint (pause) in between.
  static constexpr WaitStrategy spin_with_hint() noexcept { return {Kind::spin_with_hint, 0, {}}; }
  /// `spins` looks with hints, then a yield of the core between looks.
  static constexpr WaitStrategy spin_then_yield(std::uint32_t spins = 100) noexcept {
    return {Kind::spin_then_yield, spins, {}};
  }
  /// Sleeps `period` between looks; not less than the kernel's timer slack, about 50 µs.
  static constexpr WaitStrategy sleep(Duration period = std::chrono::microseconds(100)) noexcept {
    return {Kind::sleep, 0, period};
  }
  /// `spins` looks with hints, then sleeps in the kernel until woken by the other side.
  static constexpr WaitStrategy block(std::uint32_t spins = 1000) noexcept {
    return {Kind::block, spins, {}};
  }

  /// Which of them.
  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  /// Looks before it yields or blocks.
  [[nodiscard]] constexpr std::uint32_t spins() const noexcept { return spins_; }
  /// Of each sleep.
  [[nodiscard]] constexpr Duration period() const noexcept { return period_; }

 private:
  constexpr WaitStrategy(Kind kind, std::uint32_t spins, Duration period) noexcept
      : kind_(kind), spins_(spins), period_(period) {}

  Kind kind_;
  std::uint32_t spins_;
  Duration period_;
};

}  // namespace disruptor_mp
