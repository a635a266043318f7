// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace disruptor_mp::bench {

/// How far apart the two cores are at the moment. A host may move virtual cores between a placement
/// that shares a cache and one that does not, for milliseconds to minutes; figures of different
/// placements have nothing to do with each other.
enum class Placement : std::uint8_t {
  near,   ///< they share a last-level cache, before and after the slice
  far,    ///< they do not
  mixed,  ///< neither for certain, or it changed during the slice
};
inline constexpr std::size_t placements = 3;

[[nodiscard]] constexpr std::string_view to_string(Placement placement) noexcept {
  switch (placement) {
    case Placement::near:
      return "near";
    case Placement::far:
      return "far";
    case Placement::mixed:
      break;
  }
  return "mixed";
}

/// Round trips of one cache line, in nanoseconds, below and above which the placement is certain.
struct Thresholds {
  double near_below = 150;
  double far_above = 300;

  [[nodiscard]] Placement classify(double before, double after) const noexcept {
    if (before < near_below && after < near_below) return Placement::near;
    if (before > far_above && after > far_above) return Placement::far;
    return Placement::mixed;
  }
};

/// Plays one word back and forth with whoever runs `follow_calibration` on it at the same time.
/// @return the median round trip in nanoseconds; a core that is taken away for a while does not
/// move it.
[[nodiscard]] double lead_calibration(std::atomic<std::uint64_t>& ball) noexcept;
void follow_calibration(std::atomic<std::uint64_t>& ball) noexcept;

}  // namespace disruptor_mp::bench
