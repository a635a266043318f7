// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>

namespace disruptor_mp::dst {

/// The generator behind startup schedules and fault plans. It exists to draw the same numbers as
/// the reference implementation and for nothing else: the shifts (7, 9, 8) do not give the full
/// period, small seeds start with small words, and `%` favours low values. New code that needs
/// randomness should not use it.
class XorShift64 {
 public:
  /// Zero is the one state the generator cannot leave, so it is replaced by a constant.
  constexpr explicit XorShift64(std::uint64_t seed) noexcept
      : state_(seed == 0 ? 0x9E3779B185EBCA87ULL : seed) {}

  constexpr std::uint64_t next() noexcept {
    state_ ^= state_ << 7;
    state_ ^= state_ >> 9;
    state_ ^= state_ << 8;
    return state_;
  }

  /// A number less than `bound`; 0, without a draw, if `bound` is 0.
  constexpr std::uint32_t below(std::uint32_t bound) noexcept {
    return bound == 0 ? 0 : static_cast<std::uint32_t>(next() % bound);
  }

 private:
  std::uint64_t state_;
};

}  // namespace disruptor_mp::dst
