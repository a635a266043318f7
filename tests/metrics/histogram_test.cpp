// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/metrics/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <vector>

namespace disruptor_mp {
namespace {

/// What quantile() promises, computed from the values themselves.
std::uint64_t exact_quantile(std::vector<std::uint64_t> values, std::uint64_t numerator,
                             std::uint64_t denominator) {
  std::sort(values.begin(), values.end());
  const std::uint64_t rank = (values.size() * numerator + denominator - 1) / denominator;
  return values[std::max<std::uint64_t>(1, rank) - 1];
}

TEST(Histogram, An_empty_one_answers_zero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.quantile(50, 100), 0U);
}

TEST(Histogram, Small_values_are_exact) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 256; ++value) histogram.record(value);
  for (std::uint64_t rank = 1; rank <= 256; ++rank)
    EXPECT_EQ(histogram.quantile(rank, 256), rank - 1);
}

TEST(Histogram, A_large_value_is_never_reported_smaller_and_at_most_one_percent_larger) {
  for (int bits = 8; bits < 40; ++bits) {
    for (const std::uint64_t offset : {0ULL, 1ULL, 77ULL, 100ULL}) {
      const std::uint64_t value = (std::uint64_t{1} << bits) + offset;
      Histogram histogram;
      histogram.record(value);
      histogram.record(std::uint64_t{1} << 50U);  // so that the maximum does not hide the bucket
      const std::uint64_t reported = histogram.quantile(1, 2);
      EXPECT_GE(reported, value);
      EXPECT_LE(reported - value, value / 100) << value;
    }
  }
}

TEST(Histogram, Quantiles_of_many_values_agree_with_sorting_them) {
  std::mt19937_64 random(20240808);
  std::lognormal_distribution<double> latencies(5.0, 2.0);
  Histogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<std::uint64_t>(latencies(random));
    histogram.record(value);
    values.push_back(value);
  }
  EXPECT_EQ(histogram.count(), values.size());
  EXPECT_EQ(histogram.max(), *std::max_element(values.begin(), values.end()));
  for (const std::uint64_t per_mille : {1, 250, 500, 900, 990, 999, 1000}) {
    const std::uint64_t exact = exact_quantile(values, per_mille, 1000);
    const std::uint64_t reported = histogram.quantile(per_mille, 1000);
    EXPECT_GE(reported, exact) << per_mille;
    EXPECT_LE(reported - exact, exact / 100) << per_mille;
  }
}

TEST(Histogram, The_rank_of_a_quantile_is_rounded_up) {
  Histogram histogram;
  for (const std::uint64_t value : {10, 20, 30}) histogram.record(value);
  EXPECT_EQ(histogram.quantile(1, 3), 10U);
  EXPECT_EQ(histogram.quantile(50, 100), 20U);
  EXPECT_EQ(histogram.quantile(67, 100), 30U);
  EXPECT_EQ(histogram.quantile(0, 100), 10U);
  EXPECT_EQ(histogram.quantile(3, 2), 30U);
}

TEST(Histogram, Values_beyond_its_range_share_the_last_bucket_and_the_maximum_stays_exact) {
  Histogram histogram;
  histogram.record((std::uint64_t{1} << 40U) + 5);
  EXPECT_EQ(histogram.quantile(1, 1), (std::uint64_t{1} << 40U) + 5);
  histogram.record(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(histogram.max(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(histogram.quantile(1, 2), std::numeric_limits<std::uint64_t>::max());
}

TEST(Histogram, Merging_is_as_if_everything_had_been_recorded_in_one) {
  std::mt19937_64 random(7);
  Histogram left;
  Histogram right;
  Histogram both;
  for (int i = 0; i < 5'000; ++i) {
    const std::uint64_t value = random() >> (random() % 64);
    (i % 3 == 0 ? left : right).record(value);
    both.record(value);
  }
  left.merge(right);
  EXPECT_EQ(left, both);
}

TEST(Histogram, It_survives_being_copied_as_bytes_and_zero_bytes_are_the_empty_one) {
  const auto bytes = std::make_unique<std::byte[]>(sizeof(Histogram));
  auto copy = std::make_unique<Histogram>();
  std::memcpy(copy.get(), bytes.get(), sizeof(Histogram));
  EXPECT_EQ(*copy, Histogram{});

  Histogram original;
  original.record(123'456);
  std::memcpy(bytes.get(), &original, sizeof(Histogram));
  std::memcpy(copy.get(), bytes.get(), sizeof(Histogram));
  EXPECT_EQ(*copy, original);
  copy->reset();
  EXPECT_EQ(*copy, Histogram{});
}

TEST(Histogram, A_quantile_of_very_many_values_does_not_overflow) {
  // Doubling by merging itself: 2^50 values without recording each.
  Histogram histogram;
  histogram.record(100);
  histogram.record(200);
  for (int i = 0; i < 50; ++i) {
    const Histogram same = histogram;
    histogram.merge(same);
  }
  EXPECT_EQ(histogram.count(), std::uint64_t{1} << 51U);
  EXPECT_EQ(histogram.quantile(500'000, 1'000'000), 100U);
  EXPECT_EQ(histogram.quantile(500'001, 1'000'000), 200U);
}

}  // namespace
}  // namespace disruptor_mp
