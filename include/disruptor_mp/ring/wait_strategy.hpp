// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <type_traits>

#include "disruptor_mp/base/types.hpp"

namespace disruptor_mp {

/// What a wait strategy of the user's own is called with, between two looks that found nothing.
class WaitRound {
 public:
  /// How often it was called before in this wait.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// When it should be back at the latest: the deadline of the call, or when somebody's death is to
  /// be asked for again. Who is late delays these, by as much as that, and nothing else.
  [[nodiscard]] TimePoint until() const noexcept { return until_; }
  /// Sleeps in the kernel, as `WaitStrategy::block` does, until the other side brings something, or
  /// until `until`. Never sleeps through what came before.
  void sleep() noexcept { sleep_(context_); }

  /// For those who wait.
  WaitRound(std::uint64_t number, TimePoint until, void (*sleep)(void*) noexcept,
            void* context) noexcept
      : number_(number), until_(until), sleep_(sleep), context_(context) {}
  WaitRound(const WaitRound&) = delete;
  WaitRound& operator=(const WaitRound&) = delete;

 private:
  std::uint64_t number_;
  TimePoint until_;
  void (*sleep_)(void*) noexcept;
  void* context_;
};

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
/// | custom          | as you like      | as you like    | a function of yours between looks   |
class WaitStrategy {
 public:
  /// See the table.
  enum class Kind : std::uint8_t {
    busy_spin,
    spin_with_hint,
    spin_then_yield,
    sleep,
    block,
    custom
  };

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

  /// Calls `strategy(WaitRound&)`, which must not throw, between looks: spins, yields, or calls
  /// `WaitRound::sleep`. By whoever waits, several threads if several endpoints have it; it must
  /// outlive them. Looking, deadlines and asking for the dead go on whatever it does, as long as it
  /// comes back.
  template <class Strategy>
  static constexpr WaitStrategy custom(Strategy& strategy) noexcept
      requires(std::is_nothrow_invocable_v<Strategy&, WaitRound&>) {
    WaitStrategy made{Kind::custom, 0, {}};
    made.call_ = [](void* context, WaitRound& round) noexcept {
      (*static_cast<Strategy*>(context))(round);
    };
    made.context_ = &strategy;
    return made;
  }
  /// The same with a function.
  static constexpr WaitStrategy custom(void (*strategy)(WaitRound&) noexcept) noexcept {
    WaitStrategy made{Kind::custom, 0, {}};
    made.function_ = strategy;
    return made;
  }

  /// Which of them.
  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  /// Looks before it yields or blocks.
  [[nodiscard]] constexpr std::uint32_t spins() const noexcept { return spins_; }
  /// Of each sleep.
  [[nodiscard]] constexpr Duration period() const noexcept { return period_; }
  /// Of custom: calls it.
  void call(WaitRound& round) const noexcept {
    if (function_ != nullptr) {
      function_(round);
    } else {
      call_(context_, round);
    }
  }

 private:
  constexpr WaitStrategy(Kind kind, std::uint32_t spins, Duration period) noexcept
      : kind_(kind), spins_(spins), period_(period) {}

  Kind kind_;
  std::uint32_t spins_;
  Duration period_;
  void (*function_)(WaitRound&) noexcept = nullptr;
  void (*call_)(void*, WaitRound&) noexcept = nullptr;
  void* context_ = nullptr;
};

}  // namespace disruptor_mp
