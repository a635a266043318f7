// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace disruptor_mp {

/// Counts values (usually durations in nanoseconds) in buckets that grow with the value, so that
/// one small table holds nanoseconds and minutes alike and every percentile is known to the same
/// relative precision. The idea is HdrHistogram's (Gil Tene).
///
///   value            0 … 127 │ 128 … 255 │ 256 … 511 │ 512 … 1023 │ …
///   width of bucket     1    │     1     │     2     │     4      │ …     128 buckets per octave
///
/// Values below 256 are exact, all others are known to better than 1 %. Values of 2^40 (18 minutes
/// of nanoseconds) and more share the last bucket; the maximum is always exact.
///
/// Fixed size and trivially copyable: it may be memcpy'd, sent, or kept in shared memory. All bytes
/// zero is the empty histogram. Recording is a shift, an increment and a comparison; it never
/// allocates. One writer; whoever reads while it writes must have a way to know that it is done.
class Histogram {
 public:
  void record(std::uint64_t value) noexcept {
    ++buckets_[bucket_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  /// As if all that was recorded there had been recorded here.
  void merge(const Histogram& other) noexcept {
    for (std::size_t i = 0; i < bucket_count; ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
  }

  void reset() noexcept { *this = Histogram{}; }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// The largest value, exactly; 0 if nothing was recorded.
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }

  /// The value that numerator / denominator of all recorded values do not exceed:
  /// `quantile(999, 1000)` is p99.9. A fraction of integers, because 0.999 × 1000 is not 999 in
  /// floating point. Gives the upper end of its bucket, so a latency is never reported better than
  /// it was; 0 if nothing was recorded. `denominator` at most 2^32; a fraction above 1 counts as 1.
  [[nodiscard]] std::uint64_t quantile(std::uint64_t numerator,
                                       std::uint64_t denominator) const noexcept {
    if (count_ == 0 || denominator == 0) return 0;
    numerator = std::min(numerator, denominator);
    // ceil(count × numerator / denominator), in two parts so that no product overflows.
    const std::uint64_t rank = std::max<std::uint64_t>(
        1, count_ / denominator * numerator +
               (count_ % denominator * numerator + denominator - 1) / denominator);
    std::uint64_t passed = 0;
    for (std::size_t bucket = 0; bucket + 1 < bucket_count; ++bucket) {
      passed += buckets_[bucket];
      if (passed >= rank) return std::min(upper_end(bucket), max_);
    }
    return max_;  // the last bucket has no upper end of its own
  }

  friend bool operator==(const Histogram&, const Histogram&) = default;

 private:
  static constexpr int part_bits = 7;
  static constexpr int max_bits = 40;
  static constexpr std::size_t parts = std::size_t{1} << part_bits;
  static constexpr std::size_t bucket_count = (max_bits - part_bits + 1) * parts;

  /// Values below 128 have a bucket each; a value with more than 7 significant bits is told by
  /// their number and by the seven bits after the first.
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

static_assert(std::is_trivially_copyable_v<Histogram>);
static_assert(std::has_unique_object_representations_v<Histogram>);

}  // namespace disruptor_mp
