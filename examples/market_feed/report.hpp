// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "market_feed/analytics.hpp"
#include "market_feed/latency_summary.hpp"

namespace disruptor_mp::market_feed {

/// What one process of the run did, all its lives together.
struct ProcessReport {
  std::string role = {};      ///< "gateway", "journal", … with an index where there are several
  std::string kind = {};      ///< "producer", "required", "gating", "observer"
  std::uint64_t events = 0;   ///< published or handled
  std::uint64_t missed = 0;   ///< only an observer misses any
  std::uint64_t busy_ns = 0;  ///< from its first event to its last; 0 where that is not known
  std::uint32_t restarts = 0;
  std::optional<LatencySummary> latency = {};  ///< from publishing to handling

  /// Events per second; nothing where the time is not known.
  [[nodiscard]] std::optional<double> rate() const noexcept;
};

/// One thing that was checked at the end of the run.
struct CheckReport {
  std::string what;
  bool passed = false;
  std::string detail = {};  ///< what was found and expected, when it failed
};

/// Everything a run has to say.
struct RunReport {
  std::string feed;
  std::string backend;
  std::string pace;
  std::uint64_t lines = 0;
  std::uint64_t events = 0;
  std::uint64_t voids =
      0;  ///< sequences of the ring without an event; only several gateways leave any
  std::vector<ProcessReport> processes = {};
  Analytics analytics = {};
  std::vector<CheckReport> checks = {};

  /// True when something was checked and everything checked was right.
  [[nodiscard]] bool passed() const noexcept;
};

/// The report for people: no line is wider than 80 columns, the last one is the verdict.
[[nodiscard]] std::string text_of(const RunReport& report);

/// The report for programs: the same figures, durations in nanoseconds; "verdict" is "pass" or
/// "fail".
void to_json(nlohmann::json& json, const RunReport& report);

}  // namespace disruptor_mp::market_feed
