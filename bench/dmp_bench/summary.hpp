// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "dmp_bench/driver.hpp"

namespace disruptor_mp::bench {

/// What is reported of one contender in one placement.
struct Measure {
  std::size_t contender = 0;
  Placement placement = Placement::mixed;
  std::size_t slices = 0;
  std::size_t preempted = 0;  ///< slices in which a process lost its core to somebody else
  /// Too few slices without preemption: the figures are of all slices.
  bool is_disturbed = false;
  /// Medians over slices. Stream: million events per second. Ping-pong: nanoseconds of the
  /// typical round trip (with more processes than cores: of the single round trips of all slices).
  double figure = 0;
  double cpu_seconds_per_million = 0;
  RoundTrips round_trips;  ///< ping-pong: of all slices
};

/// Those of the case that have any slice, in the order of contenders, then placements.
[[nodiscard]] std::vector<Measure> measures_of(const CaseResult& result);

/// How one measure relates to the hand-written loops in the same placement.
struct Comparison {
  /// To the hand-written loop of the same layout, else to the only one. Stream: the larger, the
  /// better. Ping-pong: the smaller, the better.
  std::optional<double> to_limit;
  /// To the best hand-written loop of any layout.
  std::optional<double> to_best;
  std::optional<double> limit;  ///< the figure behind to_limit
};
[[nodiscard]] Comparison compare(const CaseResult& result, const std::vector<Measure>& measures,
                                 const Measure& measure);

}  // namespace disruptor_mp::bench
