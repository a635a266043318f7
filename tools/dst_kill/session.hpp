// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Kills, restarts and judges: rounds of some dozen kills around one ring. Between two kills
// everybody, the restarted included, must get beyond where the stream was at the death; at the end
// of a round the stream is closed, everybody leaves, and the oracle reads what they wrote down.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "disruptor_mp/metrics/histogram.hpp"
#include "evidence/oracle.hpp"

namespace disruptor_mp::kill {

inline constexpr int exit_pass = 0;
inline constexpr int exit_usage = 2;
inline constexpr int exit_not_permitted = 3;
inline constexpr int exit_safety = 10;
inline constexpr int exit_progress = 11;
inline constexpr int exit_unreached = 15;

enum class At : std::uint8_t { time, stall, store, instruction, point };

/// Damage to the evidence, or to the aim, to see that oracle, clock and count say no.
enum class Tamper : std::uint8_t { nothing, lost, invented, stuck, missed };

struct Options {
  std::string profile = "pair";
  std::uint64_t kills = 200;
  At at = At::time;
  std::uint64_t seed = 1;
  std::uint64_t patience_ms = 10'000;  ///< without progress for so long: a hang
  std::string out;                     ///< folder for the logs of a round that failed
  Tamper tamper = Tamper::nothing;
  bool needs_points = false;  ///< fails if one that is promised was met by nobody
  bool json = false;
};

/// What happened to one role at one place.
struct Tally {
  std::uint64_t kills = 0;       ///< tried; or stops
  std::uint64_t in_place = 0;    ///< of them, where it was meant to be
  std::uint64_t violations = 0;  ///< kills of rounds that failed
  Histogram recovery = {};       ///< nanoseconds, from the death that waitpid(2) has confirmed
};

struct Totals {
  std::map<std::pair<std::string, std::string>, Tally> tallies;  ///< by role and place
  std::uint64_t kills = 0;
  std::uint64_t rounds = 0;
  double seconds = 0;
  evidence::Verdict evidence;      ///< of all rounds
  std::vector<std::string> unmet;  ///< points that are promised, and that this profile has
  int code = exit_pass;
};

/// Why this machine does not permit it; empty if it does.
[[nodiscard]] std::string why_not_permitted(At at);

[[nodiscard]] Totals run(const Options& options);

}  // namespace disruptor_mp::kill
