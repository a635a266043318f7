// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "disruptor_mp/metrics/histogram.hpp"
#include "market_feed/checkpoint.hpp"
#include "market_feed/latency_summary.hpp"

namespace disruptor_mp::market_feed {

/// The clock of all figures: monotonic, the same in every process of the machine.
[[nodiscard]] std::uint64_t clock_ns() noexcept;

/// What a process measures about itself, over all its lives.
struct RoleFigures {
  std::uint64_t events = 0;
  std::uint64_t first_ns = 0;  ///< when its first event was through; 0 before
  std::uint64_t last_ns = 0;
  Histogram latency = {};
};

[[nodiscard]] LatencySummary summary_of(const Histogram& latency) noexcept;

/// Keeps them in a file, which the parent reads at the end. Saved now and then and at the end, so a
/// kill costs at most a moment of figures; nothing that is checked depends on them.
class RoleStats {
 public:
  explicit RoleStats(const std::filesystem::path& file);

  void count(std::uint64_t events) noexcept { figures_.events += events; }
  void latency(std::uint64_t ns) noexcept { figures_.latency.record(ns); }
  /// A batch is through: takes the time, saves if the last save was a while ago.
  void end_of_batch();
  void save();

  [[nodiscard]] const RoleFigures& figures() const noexcept { return figures_; }

 private:
  Checkpoint<RoleFigures> file_;
  RoleFigures figures_;
  std::uint64_t saved_ns_ = 0;
};

}  // namespace disruptor_mp::market_feed
