// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/role_stats.hpp"

#include <chrono>

namespace disruptor_mp::market_feed {
namespace {

constexpr std::uint64_t save_period_ns = 50'000'000;

}  // namespace

std::uint64_t clock_ns() noexcept {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

LatencySummary summary_of(const Histogram& latency) noexcept {
  return {.count = latency.count(),
          .p50 = latency.quantile(50, 100),
          .p90 = latency.quantile(90, 100),
          .p99 = latency.quantile(99, 100),
          .p99_9 = latency.quantile(999, 1000),
          .max = latency.max()};
}

RoleStats::RoleStats(const std::filesystem::path& file) : file_(file, "figures") {
  if (const auto saved = file_.load()) figures_ = *saved;
}

void RoleStats::end_of_batch() {
  figures_.last_ns = clock_ns();
  if (figures_.first_ns == 0) figures_.first_ns = figures_.last_ns;
  if (figures_.last_ns - saved_ns_ >= save_period_ns) save();
}

void RoleStats::save() {
  file_.save(figures_);
  saved_ns_ = clock_ns();
}

}  // namespace disruptor_mp::market_feed
