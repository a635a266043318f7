// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/latency_histogram.hpp"

#include "market_feed/int128.hpp"

namespace disruptor_mp::market_feed {

std::uint64_t LatencyHistogram::quantile(std::uint64_t numerator,
                                         std::uint64_t denominator) const noexcept {
  if (count_ == 0 || denominator == 0) return 0;
  // The rank is rounded up: p50 of three values is the second. 128 bits, so no product overflows.
  const UInt128 scaled = static_cast<UInt128>(count_) * std::min(numerator, denominator);
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>((scaled + denominator - 1) / denominator));
  std::uint64_t passed = 0;
  for (std::size_t i = 0; i + 1 < bucket_count; ++i) {
    passed += buckets_[i];
    if (passed >= rank) return std::min(upper_end(i), max_);
  }
  return max_;  // the last bucket has no upper end of its own
}

LatencySummary summary_of(const LatencyHistogram& histogram) noexcept {
  return {.count = histogram.count(),
          .p50 = histogram.quantile(50, 100),
          .p90 = histogram.quantile(90, 100),
          .p99 = histogram.quantile(99, 100),
          .p99_9 = histogram.quantile(999, 1000),
          .max = histogram.max()};
}

}  // namespace disruptor_mp::market_feed
