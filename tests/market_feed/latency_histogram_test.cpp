// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/latency_histogram.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace disruptor_mp::market_feed {
namespace {

LatencyHistogram histogram_of(const std::vector<std::uint64_t>& values) {
  LatencyHistogram histogram;
  for (const auto value : values) histogram.record(value);
  return histogram;
}

TEST(LatencyHistogram, Nothing_recorded_is_zero_everywhere) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.quantile(1, 2), 0U);
}

TEST(LatencyHistogram, Values_below_256_are_exact) {
  for (std::uint64_t value = 0; value < 256; ++value) {
    const auto histogram = histogram_of({value, 1'000'000});
    EXPECT_EQ(histogram.quantile(1, 2), value);
  }
}

TEST(LatencyHistogram, Percentiles_of_one_to_a_thousand_are_where_they_should_be) {
  LatencyHistogram histogram;
  for (std::uint64_t value = 1; value <= 1'000; ++value) histogram.record(value);
  const auto summary = summary_of(histogram);
  EXPECT_EQ(summary.count, 1'000U);
  EXPECT_EQ(summary.p50, 501U);  // 500 and 501 share a bucket
  EXPECT_EQ(summary.p90, 903U);  // 900 to 903
  EXPECT_EQ(summary.p99, 991U);
  EXPECT_EQ(summary.p99_9, 999U);
  EXPECT_EQ(summary.max, 1'000U);
}

TEST(LatencyHistogram, The_rank_of_three_nines_of_a_thousand_is_999_and_not_1000) {
  std::vector<std::uint64_t> values(999, 5);
  values.push_back(1'000'000);
  EXPECT_EQ(histogram_of(values).quantile(999, 1000), 5U);
}

TEST(LatencyHistogram, The_whole_is_the_maximum_however_large) {
  const auto histogram = histogram_of({1, ~std::uint64_t{0}});
  EXPECT_EQ(histogram.quantile(1, 1), ~std::uint64_t{0});
  EXPECT_EQ(histogram.max(), ~std::uint64_t{0});
}

/// Against the definition: sort, and take the value at the rank.
RC_GTEST_PROP(LatencyHistogram, Any_quantile_is_at_most_one_percent_above_the_true_one, ()) {
  const auto bits = *rc::gen::inRange(1, 40);
  auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::uint64_t>>(
      rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << bits)));
  const auto numerator = *rc::gen::inRange<std::uint64_t>(0, 1001);
  const auto found = histogram_of(values).quantile(numerator, 1000);
  std::ranges::sort(values);
  const auto rank = std::max<std::uint64_t>(1, (values.size() * numerator + 999) / 1000);
  const auto expected = values[rank - 1];
  RC_ASSERT(found >= expected);
  RC_ASSERT((found - expected) * 100 <= expected);
}

RC_GTEST_PROP(LatencyHistogram, Merging_is_recording_all_in_one,
              (std::vector<std::uint64_t> one, std::vector<std::uint64_t> other)) {
  const auto merged = std::make_unique<LatencyHistogram>(histogram_of(one));
  merged->merge(histogram_of(other));
  one.insert(one.end(), other.begin(), other.end());
  RC_ASSERT(*merged == histogram_of(one));
}

}  // namespace
}  // namespace disruptor_mp::market_feed
