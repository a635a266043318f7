// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "dmp_bench/calibration.hpp"
#include "dmp_bench/cases.hpp"
#include "dmp_bench/clock.hpp"
#include "dmp_bench/worker.hpp"

namespace disruptor_mp::bench {

struct Settings {
  unsigned rounds = 5;  ///< each with new processes and new rings
  double seconds = 1;   ///< per contender, all rounds together
  double slice_ms = 5;  ///< how long a contender runs before it is the next one's turn
  Thresholds thresholds;
  std::string file_directory;  ///< for contenders that use files
};

/// One slice of one contender.
struct Sample {
  std::uint32_t contender = 0;
  std::uint32_t round = 0;
  Placement placement = Placement::mixed;
  double before_ns = 0;  ///< calibrations around it
  double after_ns = 0;
  std::uint64_t events = 0;
  std::uint64_t ns = 0;           ///< first publish begun to last event checked
  std::uint64_t cpu_ns = 0;       ///< of all processes
  std::uint64_t preemptions = 0;  ///< how often one of them lost its core
  double typical_ns = 0;          ///< ping-pong: RoundTrips::typical_ns
};

struct CaseResult {
  Case work;
  /// More spinning processes than cores: what is measured is the scheduler.
  bool is_oversubscribed = false;
  std::vector<Sample> samples = {};
  /// Ping-pong: all round trips, by contender and placement.
  std::vector<std::array<RoundTrips, placements>> round_trips;
};

/// Runs a case: rounds × slices × contenders, in turns.
/// @throws std::runtime_error if a process fails, hangs, or received a wrong byte.
[[nodiscard]] CaseResult run_case(const Case& work, const Settings& settings, const Ticks& ticks);

}  // namespace disruptor_mp::bench
