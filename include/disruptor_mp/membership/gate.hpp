// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// The producer's view of the consumers that hold it back: the gating sequences, and their minimum.
/// The list of rows is private and renewed only when the membership epoch says so; it allocates
/// nothing after construction.
class Gate {
 public:
  Gate(Segment& segment, std::uint64_t next);

  /// The sequence that no gating consumer has passed yet; the producer may write up to capacity
  /// beyond it. Without any gating consumer: `next` in a ring that runs free, else where the last
  /// one stood. A cursor that cannot be true (beyond `next`, or more than the capacity behind) is
  /// read as the nearest possible one.
  [[nodiscard]] std::uint64_t minimum(std::uint64_t next);

  /// Cold, for a blocked producer: looks for dead ones among those who hold it back, and releases
  /// what may be released.
  /// @return a required consumer that is away and holds the producer back, if there is one; rather
  /// one whose id is not in `looked_after`.
  std::optional<Participant> examine_holders(std::uint64_t next,
                                             std::span<const std::string> looked_after = {});

  /// Whether [next, next + n) must wait for the first gating consumer to come: nobody gates, and
  /// the ring does not run free.
  [[nodiscard]] bool keeps_full_for_nobody(std::uint64_t next, std::uint64_t n) const noexcept {
    return entries_.empty() && !runs_free_ && next + n > floor_ + capacity_;
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// The row that was slowest when `minimum` looked last.
  [[nodiscard]] std::optional<std::uint32_t> slowest_row() const noexcept;

 private:
  struct Entry {
    const std::atomic<std::uint64_t>* cursor;
    std::uint32_t row;
  };

  void renew(std::uint64_t next);
  [[nodiscard]] std::uint64_t position(const Entry& entry, std::uint64_t next) const noexcept {
    // The acquire pairs with the release of the consumer's commit: its reads of the slots are over.
    const std::uint64_t cursor = entry.cursor->load(std::memory_order_acquire);
    // In damaged memory the tail of several producers may stand before the first sequence.
    const std::uint64_t published = next > first_ ? next - first_ : 0;
    return std::clamp(cursor, next - std::min(capacity_, published), next);
  }

  Segment* segment_;
  std::vector<Entry> entries_;
  std::optional<std::size_t> slowest_;  ///< nothing: the list is new, look at all
  std::uint64_t epoch_ = 0;
  std::uint64_t capacity_;
  std::uint64_t first_;
  std::uint64_t floor_;  ///< the last minimum known; what holds the producer when nobody gates it
  bool runs_free_;
};

}  // namespace disruptor_mp
