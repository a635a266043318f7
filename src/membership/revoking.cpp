// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/revoking.hpp"

#include <algorithm>
#include <chrono>

#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/bell.hpp"
#include "disruptor_mp/ring/fences.hpp"
#include "disruptor_mp/ring/shared_tail.hpp"
#include "disruptor_mp/ring/slots.hpp"

namespace disruptor_mp {
namespace {

using namespace std::chrono_literals;

Slots<Bytes, std::byte> slots_of(const Segment& segment) {
  return {segment.slots(), segment.shape()};
}

/// Whether one of [first, end) is of the slot of `newest`, and not beyond that.
bool covers_slot(std::uint64_t first, std::uint64_t end, std::uint64_t newest,
                 std::uint64_t capacity) {
  if (first >= end || first > newest) return false;
  const std::uint64_t last = std::min(end - 1, newest);
  return last - first >= (newest - first) % capacity;
}

}  // namespace

bool Patience::revoke_if_due(Segment& segment, std::uint64_t sequence) {
  const auto patience = Duration(segment.shape().revoke_stopped_after);
  if (patience == Duration::zero()) return false;
  if (sequence >= claimed_below(segment) || slots_of(segment).is_settled(sequence)) {
    sequence_.reset();
    return false;
  }
  const TimePoint now = os::now();
  if (sequence_ != sequence) {
    sequence_ = sequence;
    waited_ = Duration::zero();
  } else {
    // One that was itself stopped has not waited: the other may have been stopped with it, and is
    // about to go on.
    waited_ += std::min(now - looked_, patience / 4 + 1ns);
  }
  looked_ = now;
  if (waited_ < patience) return false;
  sequence_.reset();
  return revoke_claim(segment, sequence);
}

bool revoke_claim(Segment& segment, std::uint64_t sequence) {
  // Who owns it is among those that cover it, and nobody can tell which: another may be about to
  // find that it lost. But what all of them cover is the owner's, whoever that is; if the exchange
  // below succeeds, its row has been the same since it claimed.
  std::uint64_t end = sequence + segment.shape().capacity;
  bool is_covered = false;
  for (std::uint32_t index = 0; index < segment.shape().rows; ++index) {
    const format::Row& row = segment.row(index);
    // Acquire, as in claims.cpp.
    const std::uint64_t first = row.claim_first.load(std::memory_order_acquire);
    const std::uint64_t its_end = row.claim_end.load(std::memory_order_acquire);
    if (first <= sequence && sequence < its_end) {
      end = std::min(end, its_end);
      is_covered = true;
    }
    // No claim contains another's beginning. (If the sequence was passed over it is nobody's, and
    // who covers it has lost.)
    if (sequence < first && first < its_end) end = std::min(end, first);
  }
  if (!is_covered) return false;  // settled meanwhile, or nobody's

  const auto slots = slots_of(segment);
  // In order: the owner publishes in order, so if it has lost one it publishes none behind it.
  // Dying before it: nothing has happened. Dying after it: the owner learns it at this one, and
  // whoever waits for the next begins to wait anew.
  if (!slots.revoke(sequence)) return false;
  std::uint64_t count = 1;
  for (std::uint64_t next = sequence + 1; next != end; ++next) {
    if (slots.revoke(next)) ++count;  // else the owner has learnt it, and gives the rest up itself
  }
  // Dying before it: the sum is too small, for those who look at it.
  segment.control().revoked.fetch_add(count, std::memory_order_relaxed);
  Fences(segment.shape().fence_mode).light();  // pairs with the heavy fence of a sleeping consumer
  Bell(segment.bells().data).ring_if_awaited();
  return true;
}

bool lift_quarantine(Segment& segment, std::uint64_t sequence) {
  const auto slots = slots_of(segment);
  const auto newest = slots.quarantined(sequence);
  if (!newest) return true;
  // Whoever may still be writing there claimed a sequence of this slot, at most this one; and its
  // row covers that until it has given it up (SharedTail::drop_claim). The row was written before
  // the claim, that before it was revoked, and that is what we have just read.
  for (std::uint32_t index = 0; index < segment.shape().rows; ++index) {
    const format::Row& row = segment.row(index);
    const std::uint64_t first = row.claim_first.load(std::memory_order_acquire);
    const std::uint64_t end = row.claim_end.load(std::memory_order_acquire);
    if (covers_slot(first, end, *newest, segment.shape().capacity) &&
        segment.object().is_locked_elsewhere(format::lock::row(index), os::LockMode::shared)) {
      return false;
    }
  }
  // What the dead wrote there is over. If the exchange fails another has lifted it or passed it
  // over.
  return slots.lift_quarantine(*newest) || !slots.quarantined(sequence);
}

std::optional<std::uint64_t> find_unquarantined(Segment& segment, std::uint64_t begin,
                                                std::uint64_t n) {
  const auto slots = slots_of(segment);
  int refusals = 4;  // each has asked the kernel; the next claim asks on
  const auto is_usable = [&](std::uint64_t sequence) {
    if (!slots.quarantined(sequence)) return true;
    if (refusals == 0) return false;
    const bool is_lifted = lift_quarantine(segment, sequence);
    if (!is_lifted) --refusals;
    return is_lifted;
  };
  for (std::uint64_t first = begin; first < begin + segment.shape().capacity;) {
    std::uint64_t end = first + n;  // from behind: what is met first moves us furthest
    while (end != first && is_usable(end - 1)) --end;
    if (end == first) return first;
    first = end;
  }
  return std::nullopt;
}

}  // namespace disruptor_mp
