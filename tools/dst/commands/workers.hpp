// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>

#include "totals.hpp"

namespace disruptor_mp::sim {

/// What the processes of one `dst run` see of each other.
struct Board {
  std::atomic<std::uint64_t> lowest_failed = ~std::uint64_t{0};  ///< seed
  std::atomic<std::uint64_t> runs = 0;
  std::atomic<std::uint64_t> violations = 0;
  std::atomic<std::uint64_t> next_part = 0;  ///< of an exhaustive search, for whoever comes first
  std::atomic<bool> is_stopped = false;      ///< all are to come to their end
  std::array<std::atomic<std::uint64_t>, max_jobs> seeds{};  ///< which each is at
};

/// Calls `work(board, job)` in as many processes, each with an engine of its own, and adds up what
/// they return. `watch(board)` is called several times a second until all are done, and may stop
/// them. A process that does not come to its end counts as a violation of the seed it was at.
[[nodiscard]] Totals fork_out(unsigned jobs, const std::function<Totals(Board&, unsigned)>& work,
                              const std::function<void(Board&)>& watch);

/// The same, but with one job everything happens in this process, and `work` has to watch.
[[nodiscard]] Totals share_out(unsigned jobs, const std::function<Totals(Board&, unsigned)>& work,
                               const std::function<void(Board&)>& watch);

}  // namespace disruptor_mp::sim
