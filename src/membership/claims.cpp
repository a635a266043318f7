// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/claims.hpp"

#include <algorithm>

#include "disruptor_mp/membership/membership.hpp"
#include "disruptor_mp/ring/shared_tail.hpp"
#include "disruptor_mp/ring/slots.hpp"

namespace disruptor_mp {
namespace {

Slots<Bytes, const std::byte> slots_of(const Segment& segment) {
  return {segment.slots(), segment.shape()};
}

bool covers(const format::Row& row, std::uint64_t sequence) {
  // Acquire: the owner's claims since are at least as new. The two words of one who lives may be of
  // two claims; then it is asked again later.
  const std::uint64_t first = row.claim_first.load(std::memory_order_acquire);
  const std::uint64_t end = row.claim_end.load(std::memory_order_acquire);
  return first <= sequence && sequence < end;
}

enum class Claimers : std::uint8_t { none, dead, some_alive };

/// Who may have claimed the sequence, besides the holder of `except`.
Claimers claimers_of(const Segment& segment, std::uint64_t sequence, std::uint32_t except) {
  Claimers found = Claimers::none;
  for (std::uint32_t index = 0; index < segment.shape().rows; ++index) {
    if (index == except || !covers(segment.row(index), sequence)) continue;
    if (segment.object().is_locked_elsewhere(format::lock::row(index), os::LockMode::shared))
      return Claimers::some_alive;
    found = Claimers::dead;
  }
  return found;
}

constexpr std::uint32_t nobody = ~std::uint32_t{0};

/// `least`, or where the open claim of this row's living holder begins, if that is less.
std::uint64_t least_unsettled(const Segment& segment, const Slots<Bytes, const std::byte>& slots,
                              const format::Row& row, std::uint32_t index, std::uint64_t next,
                              std::uint64_t least) {
  const std::uint64_t first = row.claim_first.load(std::memory_order_acquire);
  const std::uint64_t end = std::min(row.claim_end.load(std::memory_order_acquire), next);
  // A producer settles its claims in order and one after the other: the last one tells of all.
  if (first >= end || slots.is_settled(end - 1)) return least;
  std::uint64_t unsettled = std::max(first, end - std::min(end, segment.shape().capacity));
  while (unsettled < end && slots.is_settled(unsettled)) ++unsettled;
  if (unsettled < least &&
      segment.object().is_locked_elsewhere(format::lock::row(index), os::LockMode::shared)) {
    return unsettled;
  }
  return least;
}

}  // namespace

bool has_tombstone(const Segment& segment, std::uint64_t sequence) noexcept {
  return slots_of(segment).is_tombstone(sequence);
}

bool is_void(const Segment& segment, std::uint64_t sequence) {
  const auto slots = slots_of(segment);
  if (slots.is_tombstone(sequence)) return true;
  if (sequence >= claimed_below(segment)) return false;
  const Claimers claimers = claimers_of(segment, sequence, nobody);
  if (claimers == Claimers::some_alive) return false;
  // Claimed by nobody: settled meanwhile; or, only where claims may be revoked, passed over.
  if (claimers == Claimers::none && segment.shape().revoke_stopped_after == 0) return false;
  // Dead now, so what it published is there by now; and who buried its claims did so before it
  // wiped the row.
  return slots.is_tombstone(sequence) || !slots.is_settled(sequence);
}

std::uint64_t first_unsettled(const Segment& segment, std::uint32_t self, std::uint64_t next) {
  const auto slots = slots_of(segment);
  std::uint64_t least = next;
  for (std::uint32_t index = 0; index < segment.shape().rows; ++index) {
    if (index != self)
      least = least_unsettled(segment, slots, segment.row(index), index, next, least);
  }
  return least;
}

bool has_open_claim(const Segment& segment, std::uint32_t row, std::uint64_t sequence) {
  return sequence < claimed_below(segment) && covers(segment.row(row), sequence) &&
         !slots_of(segment).is_settled(sequence);
}

OtherClaims::OtherClaims(const Segment& segment, std::uint32_t self)
    : segment_(&segment), self_(self) {
  entries_.reserve(segment.shape().rows);
  renew();
}

void OtherClaims::renew() noexcept {
  // Acquire: pairs with the release of whoever changed a row and then counted.
  epoch_ = segment_->control().membership_epoch.load(std::memory_order_acquire);
  entries_.clear();
  for (std::uint32_t index = 0; index < segment_->shape().rows; ++index) {
    const format::Row& row = segment_->row(index);
    const RowStatus status = RowStatus::unpack(row.status.load(std::memory_order_acquire));
    if (index != self_ && status.kind == format::RowKind::producer)
      entries_.push_back({.row = &row, .index = index});
  }
}

std::uint64_t OtherClaims::first_unsettled(std::uint64_t next, std::uint64_t far_enough) {
  // Whoever joins later than we look here claims from `next` on: the tail was read before.
  if (segment_->control().membership_epoch.load(std::memory_order_acquire) != epoch_) renew();
  const auto slots = slots_of(*segment_);
  std::uint64_t least = next;
  for (const Entry& entry : entries_) {
    const std::uint64_t first = entry.row->claim_first.load(std::memory_order_acquire);
    if (first < far_enough) {
      least = least_unsettled(*segment_, slots, *entry.row, entry.index, next, least);
    } else {
      // Nothing of it lies before its beginning. Looking closer would take from its owner the lines
      // that it is writing.
      least = std::min(least, first);
    }
  }
  return least;
}

bool bury_claims(Segment& segment, std::uint32_t row_index, bool may_bury) {
  format::Row& row = segment.row(row_index);
  const std::uint64_t end = row.claim_end.load(std::memory_order_acquire);
  const std::uint64_t first = std::max(row.claim_first.load(std::memory_order_acquire),
                                       end - std::min(end, segment.shape().capacity));
  if (first < end) {
    // Its holder is dead, so its bias can be settled, and then the end of all claims is known.
    const auto word = TailWord::unpack(segment.control().tail.load(std::memory_order_acquire));
    if (!word.is_sequence() && word.row() == row_index) settle_bias(segment, word);
    const std::uint64_t claimed = claimed_below(segment);
    const Slots<Bytes, std::byte> slots(segment.slots(), segment.shape());
    for (std::uint64_t sequence = first; sequence < std::min(end, claimed); ++sequence) {
      if (slots.is_settled(sequence)) continue;
      // Somebody who lives may have claimed it instead; it will say so before long.
      if (claimers_of(segment, sequence, row_index) == Claimers::some_alive) return false;
      if (!may_bury && !slots.is_settled(sequence)) return false;
      // Or has published it: we saw its row after that, and so the exchange sees it now.
      if (!may_bury) continue;
      if (!slots.bury_if_unsettled(sequence)) continue;
      // We hold the row's lock, so we are the one who counts there.
      if (format::Counters* const counters = segment.counters(row_index))
        Tally::add(counters->given_up);
    }
  }
  // Release: whoever does not find our predecessor's claims any more finds its tombstones.
  row.claim_end.store(0, std::memory_order_release);
  row.claim_first.store(0, std::memory_order_release);
  return true;
}

}  // namespace disruptor_mp
