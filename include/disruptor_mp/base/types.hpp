// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace disruptor_mp {

/// The number of an event in its ring: 0, 1, 2, … in publication order, never reused, 64 bits.
/// As a position ("next sequence") it counts the events before it, so an empty stream is at 0.
class Sequence {
 public:
  constexpr Sequence() noexcept = default;
  /// Of this number.
  constexpr explicit Sequence(std::uint64_t value) noexcept : value_(value) {}

  /// The number.
  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }

  /// By number.
  constexpr auto operator<=>(const Sequence&) const noexcept = default;
  /// The next one.
  constexpr Sequence& operator++() noexcept {
    ++value_;
    return *this;
  }
  /// `n` behind it.
  friend constexpr Sequence operator+(Sequence a, std::uint64_t n) noexcept {
    return Sequence(a.value_ + n);
  }
  /// How many sequences lie from `b` up to, not including, `a`; `a` must not be less than `b`.
  friend constexpr std::uint64_t operator-(Sequence a, Sequence b) noexcept {
    return a.value_ - b.value_;
  }

 private:
  std::uint64_t value_ = 0;
};

/// Distance that keeps two independently written words from sharing what the hardware moves at
/// once: Intel's spatial prefetcher fetches pairs of 64-byte lines.
inline constexpr std::size_t isolation = 128;

/// Time points of every deadline in the API. Monotonic; not affected by clock changes.
using TimePoint = std::chrono::steady_clock::time_point;
/// Every length of time in the API.
using Duration = std::chrono::nanoseconds;

/// A deadline that never comes.
inline constexpr TimePoint never = TimePoint::max();

}  // namespace disruptor_mp
