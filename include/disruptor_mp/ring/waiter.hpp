// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/bell.hpp"
#include "disruptor_mp/ring/fences.hpp"
#include "disruptor_mp/ring/tally.hpp"
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
  /// @param tally where it counts its sleeps; null: nowhere.
  Waiter(WaitStrategy strategy, const Bell* bell, Fences fences, Duration longest_nap,
         const Tally* tally = nullptr) noexcept
      : strategy_(strategy),
        rest_{.bell = bell, .longest_nap = longest_nap},
        fences_(fences),
        tally_(tally) {}
  /// For one whose bell depends on what it lacks.
  Waiter(WaitStrategy strategy, Fences fences, const Tally* tally = nullptr) noexcept
      : strategy_(strategy), fences_(fences), tally_(tally) {}

  /// What to sleep on, and for how long.
  struct Rest {
    const Bell* bell = nullptr;
    Duration longest_nap = Duration::zero();
  };

  enum class Outcome : std::uint8_t { ready, gave_up, timed_out };

  /// @param ready   cheap; asked often; true ends the wait.
  /// @param give_up may do system calls; asked now and then; true ends the wait.
  template <class Ready, class GiveUp>
  Outcome wait(TimePoint deadline, Ready&& ready, GiveUp&& give_up) const {
    return wait(deadline, ready, give_up, [this] { return rest_; });
  }

  /// @param choose_rest cheap; says what is lacking just now, by the bell that will be rung for it.
  template <class Ready, class GiveUp, class ChooseRest>
  Outcome wait(TimePoint deadline, Ready&& ready, GiveUp&& give_up,
               ChooseRest&& choose_rest) const {
    Duration nap = first_nap;
    std::uint64_t round = 0;
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
      const Rest rest = choose_rest();
      nap = std::min(nap, rest.longest_nap);
      const TimePoint until = std::min(deadline, now + nap);
      if (pause(ready, until, now, rest.bell, choose_rest, round)) return Outcome::ready;
      ++round;
      nap *= 2;
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
  template <class Ready, class ChooseRest>
  bool pause(Ready& ready, TimePoint until, TimePoint now, const Bell* bell,
             ChooseRest& choose_rest, std::uint64_t round) const {
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
      case Kind::custom:
        return call_strategy(ready, until, now, bell, choose_rest, round);
      case Kind::block:
        break;
    }
    if (bell == nullptr) {
      os::sleep_until(until);
      return false;
    }
    const std::uint32_t announced = bell->announce_sleep();
    fences_.heavy();
    // First whether the same is lacking still: then who brings it sees the bell. Something else may
    // be by now, and who brings that rings another bell. If ready() is asked before, what was
    // lacking may come between the two questions, and nobody rings for what then seems to be.
    if (choose_rest().bell != bell) return false;
    if (ready()) return true;
    sleep(*bell, announced, until);
    return false;
  }

  /// The user's strategy decides between two looks only, so it can neither lose a wake-up nor keep
  /// the question from being asked.
  template <class Ready, class ChooseRest>
  bool call_strategy(Ready& ready, TimePoint until, TimePoint now, const Bell* bell,
                     ChooseRest& choose_rest, std::uint64_t number) const {
    const Waiter blocking(WaitStrategy::block(0), fences_, tally_);
    bool is_ready = false;
    auto sleep = [&]() noexcept {
      // Who sleeps a second time must not sleep through what was seen the first time.
      if (!is_ready) is_ready = blocking.pause(ready, until, now, bell, choose_rest, number);
    };
    WaitRound round(
        number, until, [](void* context) noexcept { (*static_cast<decltype(sleep)*>(context))(); },
        &sleep);
    strategy_.call(round);
    return is_ready;
  }

  void sleep(const Bell& bell, std::uint32_t announced, TimePoint until) const {
    if (tally_ == nullptr || !tally_->is_shared()) {
      bell.sleep(announced, until);
      return;
    }
    const std::uint64_t began = to_ns(os::now());
    Tally::add((*tally_)->parks);
    bell.sleep(announced, until);
    if (!bell.was_rung(announced)) return;
    Tally::add((*tally_)->unparks);
    // Who does not count, or whose note we see late, leaves an earlier time there.
    const std::uint64_t rung = bell.rung_ns();
    const std::uint64_t now = to_ns(os::now());
    if (rung < began || rung > now) return;
    Tally::add((*tally_)->wake_ns, now - rung);
    Tally::raise_to((*tally_)->wake_ns_max, now - rung);
  }

  WaitStrategy strategy_;
  Rest rest_;
  Fences fences_;
  const Tally* tally_ = nullptr;
};

}  // namespace disruptor_mp
