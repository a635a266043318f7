// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/bell.hpp"
#include "disruptor_mp/ring/fences.hpp"
#include "disruptor_mp/ring/wait_strategy.hpp"

namespace disruptor_mp {

/// Waits for something another process does, in the way a WaitStrategy says.
///
/// Whatever the strategy, the waiter comes up at least once per `longest_nap` and asks `give_up`
/// whether there is still something to wait for: this is where a peer's death is noticed, and what
/// bounds the damage of a ringer that died with the bell in its hand.
class Waiter {
 public:
  /// `bell` may be null (a read-only observer): then block naps without being woken.
  Waiter(WaitStrategy strategy, const Bell* bell, Fences fences, Duration longest_nap) noexcept
      : strategy_(strategy), bell_(bell), fences_(fences), longest_nap_(longest_nap) {}

  enum class Outcome : std::uint8_t { ready, gave_up, timed_out };

  /// @param ready   cheap; asked often; true ends the wait.
  /// @param give_up may do system calls; asked now and then; true ends the wait.
  template <class Ready, class GiveUp>
  Outcome wait(TimePoint deadline, Ready&& ready, GiveUp&& give_up) const {
    Duration nap = std::min<Duration>(first_nap, longest_nap_);
    TimePoint next_question = TimePoint::min();
    for (bool has_slept = false;; has_slept = strategy_.kind() == WaitStrategy::Kind::block) {
      // Who slept and was woken finds it ready at once; who only had a nap should not spend more.
      if (has_slept ? ready() : spin(ready)) return Outcome::ready;
      const TimePoint now = os::now();
      if (now >= next_question) {
        if (give_up()) return ready() ? Outcome::ready : Outcome::gave_up;
        if (ready()) return Outcome::ready;  // the question may have removed what was in the way
        next_question = now + question_period;
      }
      if (now >= deadline) return Outcome::timed_out;
      if (pause(ready, std::min(deadline, now + nap), now)) return Outcome::ready;
      nap = std::min(nap * 2, longest_nap_);
    }
  }

 private:
  static constexpr Duration first_nap = std::chrono::milliseconds(1);
  /// Spinning strategies look at the clock after a burst, and ask `give_up` this often at most.
  static constexpr Duration question_period = std::chrono::microseconds(500);
  static constexpr std::uint32_t burst = 256;

  template <class Ready>
  bool spin(Ready& ready) const {
    using Kind = WaitStrategy::Kind;
    if (strategy_.kind() == Kind::busy_spin) {
      for (std::uint32_t i = 0; i < burst; ++i) {
        if (ready()) return true;
      }
      return false;
    }
    const std::uint32_t looks = strategy_.kind() == Kind::spin_with_hint ? burst
                                : strategy_.kind() == Kind::sleep        ? 0
                                                                         : strategy_.spins();
    for (std::uint32_t i = 0; i < looks; ++i) {
      if (ready()) return true;
      os::relax();
    }
    return ready();
  }

  /// What to do between bursts of looking. @return true if it is ready.
  template <class Ready>
  bool pause(Ready& ready, TimePoint until, TimePoint now) const {
    using Kind = WaitStrategy::Kind;
    switch (strategy_.kind()) {
      case Kind::busy_spin:
      case Kind::spin_with_hint:
        return false;
      case Kind::spin_then_yield:
        os::yield();
        return false;
      case Kind::sleep:
        os::sleep_until(std::min(until, now + strategy_.period()));
        return false;
      case Kind::block:
        break;
    }
    if (bell_ == nullptr) {
      os::sleep_until(until);
      return false;
    }
    const std::uint32_t announced = bell_->announce_sleep();
    fences_.heavy();
    if (ready()) return true;
    bell_->sleep(announced, until);
    return false;
  }

  WaitStrategy strategy_;
  const Bell* bell_;
  Fences fences_;
  Duration longest_nap_;
};

}  // namespace disruptor_mp
