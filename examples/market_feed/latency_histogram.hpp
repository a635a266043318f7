// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace disruptor_mp::market_feed {

/// Counts of durations in nanoseconds, in buckets that grow with the value: each power of two is
/// divided into 128 equal parts, so a value is known to better than 1 % at any size, below 256 ns
/// exactly. The idea is HdrHistogram's (Tene). Fixed size, no allocation; recording is a shift and
/// an increment. Durations of 2^40 ns (18 minutes) and more share the last bucket; the maximum is
/// exact always.
class LatencyHistogram {
 public:
  void record(std::uint64_t value_ns) noexcept {
    ++buckets_[bucket_of(value_ns)];
    ++count_;
    max_ = std::max(max_, value_ns);
  }

  /// As if all that was recorded there had been recorded here.
  void merge(const LatencyHistogram& other) noexcept {
    for (std::size_t i = 0; i < bucket_count; ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }

  /// The value that numerator / denominator of all recorded values do not exceed: quantile(999,
  /// 1000) is p99.9. A fraction of integers, because 0.999 x 1000 is not 999 in floating point.
  /// Gives the upper end of the bucket, so a latency is never reported better than it was; 0 when
  /// nothing was recorded.
  [[nodiscard]] std::uint64_t quantile(std::uint64_t numerator,
                                       std::uint64_t denominator) const noexcept;

  friend bool operator==(const LatencyHistogram&, const LatencyHistogram&) = default;

 private:
  static constexpr int part_bits = 7;
  static constexpr int max_bits = 40;
  static constexpr std::size_t parts = std::size_t{1} << part_bits;
  static constexpr std::size_t bucket_count = (max_bits - part_bits + 1) * parts;

  /// Values below 128 have a bucket each; a value with n > 7 significant bits is told by n and by
  /// the seven bits after its first.
  [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value < parts) return value;
    const int shift = std::bit_width(value) - 1 - part_bits;
    if (shift >= max_bits - part_bits) return bucket_count - 1;
    return static_cast<std::size_t>(shift) * parts + static_cast<std::size_t>(value >> shift);
  }

  /// The largest value that falls into the bucket.
  [[nodiscard]] static constexpr std::uint64_t upper_end(std::size_t bucket) noexcept {
    if (bucket < parts) return bucket;
    const std::size_t shift = bucket / parts - 1;
    return ((bucket - shift * parts + 1) << shift) - 1;
  }

  std::array<std::uint64_t, bucket_count> buckets_ = {};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

static_assert(std::is_trivially_copyable_v<LatencyHistogram>);
static_assert(std::has_unique_object_representations_v<LatencyHistogram>);

/// The five figures that a report shows.
struct LatencySummary {
  std::uint64_t count = 0;
  std::uint64_t p50 = 0;
  std::uint64_t p90 = 0;
  std::uint64_t p99 = 0;
  std::uint64_t p99_9 = 0;
  std::uint64_t max = 0;
};

[[nodiscard]] LatencySummary summary_of(const LatencyHistogram& histogram) noexcept;

}  // namespace disruptor_mp::market_feed
