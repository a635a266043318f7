// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The steady clock as the library sees it in this test binary. It does not tick: a look at it takes
// two microseconds, a yield as well, and a sleep takes exactly as long as was asked for.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "disruptor_mp/base/types.hpp"

namespace disruptor_mp::test {

class Clock {
 public:
  static constexpr Duration look = std::chrono::microseconds(2);

  [[nodiscard]] TimePoint now() const { return now_; }
  void pass(Duration time) { pass_until(now_ + time); }
  void pass_until(TimePoint until) {
    if (until >= at_ && event_) {
      now_ = at_;
      std::exchange(event_, nullptr)();
    }
    now_ = std::max(now_, until);
  }
  /// What happens when it is `at`, be somebody asleep or not.
  void set_event(TimePoint at, std::function<void()> event) {
    at_ = at;
    event_ = std::move(event);
  }

 private:
  TimePoint now_ = TimePoint(std::chrono::hours(1));
  TimePoint at_ = never;
  std::function<void()> event_;
};

/// The one clock.
inline Clock virtual_clock;

}  // namespace disruptor_mp::test
