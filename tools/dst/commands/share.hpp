// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "commands.hpp"
#include "seed_strategies.hpp"
#include "workers.hpp"

namespace disruptor_mp::sim {

using Clock = std::chrono::steady_clock;

/// "10s" and the like; 0 for "".
/// @throws std::runtime_error
[[nodiscard]] double seconds_in(const std::string& text);
[[nodiscard]] Clock::time_point after_seconds(double seconds);

/// What the options ask for, without a seed.
/// @throws std::runtime_error if there is no such profile, memory mode or strategy.
[[nodiscard]] RunSpec spec_of(const RunOptions& options);

/// The file of a failure under `options.out`. Findings of a night have one file for all that fail
/// in the same words, numbers aside.
[[nodiscard]] std::string trace_path(const RunOptions& options, const RunSpec& spec,
                                     const std::string& problem);

/// The share of one process: every jobs-th seed, or of an exhaustive search the parts that nobody
/// else has begun.
class Share {
 public:
  Share(const RunOptions& options, const RunSpec& spec, std::uint64_t seeds, Clock::time_point end);
  Totals work(Board& board, unsigned job, const std::function<void(Board&)>& watch);

 private:
  /// @return whether it failed.
  bool run_seed();
  /// Makes the next run of the search if it is ours. @return whether it failed.
  bool run_part(Board& board);
  bool add(const RunResult& result);
  void write_trace(const RunResult& result) const;

  const RunOptions& options_;
  RunSpec spec_;
  std::uint64_t seeds_;
  Clock::time_point end_;
  SeedStrategies strategies_;
  std::uint64_t part_ = ~std::uint64_t{0};
  bool is_ours_ = true;
  Totals totals_;
};

}  // namespace disruptor_mp::sim
