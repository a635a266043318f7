// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What dead producers of a shared ring left claimed and unpublished.
#pragma once

#include <cstdint>
#include <vector>

#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// Whether nothing will ever be published at this sequence: it holds a tombstone, or it is claimed,
/// unpublished, and every producer that may have claimed it is proven dead. Then consumers skip it.
/// (Where claims may be revoked, also if there is none: its slot was in quarantine.)
/// Reads only; asks the kernel about those who may have claimed it.
///
/// False for a sequence that is published, not claimed, or claimed by one who lives or is stopped.
[[nodiscard]] bool is_void(const Segment& segment, std::uint64_t sequence);

/// As is_void, without asking the kernel: only what has a tombstone.
[[nodiscard]] bool has_tombstone(const Segment& segment, std::uint64_t sequence) noexcept;

/// The first sequence below `next` that a living producer other than `self` has claimed and not
/// settled; `next` if there is none. What lies a capacity above must not be written yet, even if no
/// consumer gates.
[[nodiscard]] std::uint64_t first_unsettled(const Segment& segment, std::uint32_t self,
                                            std::uint64_t next);

/// Whether the holder of this row, dead or alive, has claimed the sequence and not settled it; one
/// that is just losing it to another seems to have, too. For messages.
[[nodiscard]] bool has_open_claim(const Segment& segment, std::uint32_t row,
                                  std::uint64_t sequence);

/// The claims of the other producers, for one that publishes where nobody gates and asks often.
class OtherClaims {
 public:
  OtherClaims(const Segment& segment, std::uint32_t self);

  /// As `first_unsettled`, at most. @param next the tail, read (acquire) before.
  /// @param far_enough claims that begin there or later are not looked into: they count from their
  /// beginning on, settled or not.
  [[nodiscard]] std::uint64_t first_unsettled(std::uint64_t next, std::uint64_t far_enough);

 private:
  struct Entry {
    const format::Row* row;
    std::uint32_t index;
  };
  void renew() noexcept;

  const Segment* segment_;
  std::uint32_t self_;
  std::vector<Entry> entries_;  ///< the rows of producers; never longer than at first reserved
  std::uint64_t epoch_ = 0;
};

/// Before a row is given to somebody else: puts a tombstone into every slot that its dead holder
/// claimed and did not publish. The caller holds the row's lock. Dying anywhere in it leaves a row
/// of a dead producer with fewer slots to bury.
/// @param may_bury false for who maps the slots read-only; it only looks.
/// @return whether the row owes nothing any more; else it must be left as it is.
[[nodiscard]] bool bury_claims(Segment& segment, std::uint32_t row_index, bool may_bury);

}  // namespace disruptor_mp
