// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/ring/shared_tail.hpp"

#include <algorithm>
#include <utility>

#include "disruptor_mp/ring/slots.hpp"

namespace disruptor_mp {

using Mode = TailWord::Mode;

namespace {

constexpr int most_rounds = 1000;

}  // namespace

SharedTail::Outcome SharedTail::claim_in_common(std::uint64_t n, std::uint64_t& first) noexcept {
  // A guess: nobody came between. To look first would fetch the tail's line twice, to read it and
  // to write it; an exchange that fails has fetched it for the next one. What the guess covers lies
  // behind our last claim. (Where claims may be revoked the slots are looked at first, so that we
  // must know which. Acquire: pairs with the release of every claim before.)
  std::uint64_t seen = revokes_ ? tail_->load(std::memory_order_acquire)
                                : TailWord{.mode = Mode::shared, .value = last_end_}.pack();
  bool is_guess = !revokes_;
  // Each round that fails is another's success, unless the memory is damaged; then the caller waits
  // as long as it may.
  for (int round = 0; round < most_rounds; ++round) {
    const TailWord word = TailWord::unpack(seen);
    if (word.mode == Mode::closed) return Outcome::closed;
    if (word.mode != Mode::shared) {
      settle_bias(*segment_, word);
      // Settling moves the tail, unless the memory is damaged (or we see the tail late: then the
      // caller finds room and asks again).
      if (const std::uint64_t stuck = std::exchange(seen, tail_->load(std::memory_order_acquire));
          stuck == seen) {
        return Outcome::no_room;
      }
      continue;
    }
    const std::uint64_t begin = word.value;
    const std::uint64_t end = begin + n;
    if (end > limit_) {
      if (!is_guess) return Outcome::no_room;
      seen = tail_->load(std::memory_order_acquire);  // it may be closed
      is_guess = false;
      continue;
    }
    is_guess = false;
    // All who may have revoked something there have done it before the gates let us look: from here
    // to the exchange no quarantine can come but one that nobody needs (a late revoker's, of a dead
    // owner's claim that everybody has passed).
    if (revokes_ && meets_quarantine(begin, end)) [[unlikely]]
      return Outcome::quarantined;
    // The first word first: between the two stores the row covers nothing that is unpublished.
    // Release: whoever sees that we have done with our last claim sees its events; pairs with the
    // acquire of who looks for a claimer (membership/claims.cpp).
    own_->claim_first.store(begin, std::memory_order_release);
    own_->claim_end.store(end, std::memory_order_relaxed);
    // Release: whoever sees the claim sees whose it may be. Dying before it: nothing is claimed.
    // Dying after it: our row covers it until somebody has buried it.
    if (!tail_->compare_exchange_strong(seen, TailWord{.mode = Mode::shared, .value = end}.pack(),
                                        std::memory_order_acq_rel, std::memory_order_acquire)) {
      // Another's: who looks for its claimer must not find us.
      own_->claim_end.store(begin, std::memory_order_relaxed);
      continue;
    }
    Tally::add(counters_->claimed, n);
    first = begin;
    streak_ = begin == last_end_ ? streak_ + 1 : 0;
    last_end_ = end;
    if (streak_ >= needed_streak_ && first_streak_ != 0) take_bias(end);
    return Outcome::claimed;
  }
  return Outcome::no_room;
}

bool SharedTail::meets_quarantine(std::uint64_t begin, std::uint64_t end) const noexcept {
  const Slots<Bytes, std::byte> slots(segment_->slots(), segment_->shape());
  for (std::uint64_t sequence = begin; sequence != end; ++sequence) {
    if (slots.quarantined(sequence)) return true;
  }
  return false;
}

void SharedTail::pass_over(std::uint64_t begin, std::uint64_t end) noexcept {
  std::uint64_t seen = TailWord{.mode = Mode::shared, .value = begin}.pack();
  // Dying or stopping after it: the sequences are claimed and no row covers them; that is how
  // everybody knows that they are nobody's.
  if (begin >= end ||
      !tail_->compare_exchange_strong(seen, TailWord{.mode = Mode::shared, .value = end}.pack(),
                                      std::memory_order_acq_rel, std::memory_order_relaxed)) {
    return;
  }
  // So that nobody needs to prove it. If we were stopped for long, the slots are further already.
  const Slots<Bytes, std::byte> slots(segment_->slots(), segment_->shape());
  for (std::uint64_t sequence = begin; sequence != end; ++sequence)
    slots.bury_if_unsettled(sequence);
}

void SharedTail::drop_claim() noexcept {
  // Release: whoever does not find us covering it any more finds it settled.
  own_->claim_end.store(own_->claim_first.load(std::memory_order_relaxed),
                        std::memory_order_release);
}

void SharedTail::take_bias(std::uint64_t end) noexcept {
  streak_ = 0;
  const std::uint64_t count = own_->bias_count.load(std::memory_order_relaxed) + 1;
  const TailWord biased{.mode = Mode::biased, .value = TailWord::bias_of(row_, count)};
  // Dying between these: a number is lost, nothing else.
  own_->bias_count.store(count, std::memory_order_relaxed);
  own_->bias_end.store(biased.unsettled(), std::memory_order_relaxed);
  std::uint64_t seen = TailWord{.mode = Mode::shared, .value = end}.pack();
  // Release: whoever sees the bias sees that it is unsettled, and claim_end, where it begins. Dying
  // after it: the next claimer revokes it.
  if (!tail_->compare_exchange_strong(seen, biased.pack(), std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
    return;
  }
  bias_ = biased.pack();
  bias_begin_ = end;
  // Dying before it: what is claimed under this bias is never counted.
  counters_->bias_origin.store(end + 1, std::memory_order_relaxed);
}

void SharedTail::count_bias(std::uint64_t end) noexcept {
  const std::uint64_t origin = counters_->bias_origin.load(std::memory_order_relaxed);
  if (origin == 0) return;
  // In this order: dying in between, it counts too few rather than twice.
  counters_->bias_origin.store(0, std::memory_order_relaxed);
  if (end + 1 > origin && (end & TailWord::unsettled_flag) == 0)
    Tally::add(counters_->claimed, end + 1 - origin);
}

SharedTail::Outcome SharedTail::claim_after_loss(std::uint64_t begin, std::uint64_t n,
                                                 std::uint64_t& first) noexcept {
  constexpr std::uint64_t long_enough = 4096;
  const TailWord lost = TailWord::unpack(bias_);
  bias_ = no_bias;
  last_end_ = begin;
  needed_streak_ = begin - bias_begin_ >= long_enough
                       ? first_streak_
                       : std::min(needed_streak_ * 2, longest_streak);

  // Whoever settles first decides whether our claim counts. Acquire and release: the tail moves
  // only after this.
  std::uint64_t end = lost.unsettled();
  if (own_->bias_end.compare_exchange_strong(end, begin + n, std::memory_order_acq_rel,
                                             std::memory_order_acquire)) {
    end = begin + n;
  }
  count_bias(end);
  std::uint64_t revoking = TailWord{.mode = Mode::revoking, .value = lost.value}.pack();
  tail_->compare_exchange_strong(revoking, TailWord{.mode = Mode::shared, .value = end}.pack(),
                                 std::memory_order_acq_rel, std::memory_order_relaxed);
  if (end != begin + n) {
    own_->claim_end.store(begin, std::memory_order_relaxed);  // as above
    return claim_in_common(n, first);
  }
  first = begin;
  last_end_ = end;
  return Outcome::claimed;
}

void SharedTail::give_up_bias() noexcept {
  if (bias_ == no_bias) return;
  settle_bias(*segment_, TailWord::unpack(bias_));
  count_bias(own_->bias_end.load(std::memory_order_relaxed));
  bias_ = no_bias;
}

std::uint64_t SharedTail::position() noexcept {
  if (bias_ != no_bias) return own_->claim_end.load(std::memory_order_relaxed);
  std::uint64_t seen = tail_->load(std::memory_order_acquire);
  for (int round = 0; round < most_rounds; ++round) {
    const TailWord word = TailWord::unpack(seen);
    if (word.is_sequence()) return word.value;
    settle_bias(*segment_, word);
    // As in `claim_in_common`.
    if (const std::uint64_t stuck = std::exchange(seen, tail_->load(std::memory_order_acquire));
        stuck == seen) {
      break;
    }
  }
  return last_end_;
}

std::uint64_t SharedTail::close() noexcept {
  give_up_bias();
  std::uint64_t seen = tail_->load(std::memory_order_acquire);
  for (int round = 0; round < most_rounds; ++round) {
    const TailWord word = TailWord::unpack(seen);
    if (word.mode == Mode::closed) return word.value;
    if (word.mode != Mode::shared) {
      settle_bias(*segment_, word);
      seen = tail_->load(std::memory_order_acquire);
      continue;
    }
    // Dying before it: the ring is open. Dying after it: it has ended, and whoever notices writes
    // that down in Control::end.
    if (tail_->compare_exchange_strong(seen,
                                       TailWord{.mode = Mode::closed, .value = word.value}.pack(),
                                       std::memory_order_acq_rel, std::memory_order_acquire)) {
      return word.value;
    }
  }
  return last_end_;
}

void settle_bias(Segment& segment, TailWord word) noexcept {
  if (word.row() >= segment.shape().rows) return;  // damaged memory
  std::atomic<std::uint64_t>& tail = segment.control().tail;
  format::Row& row = segment.row(word.row());
  if (word.mode == Mode::biased) {
    std::uint64_t biased = word.pack();
    word.mode = Mode::revoking;
    // Dying after it: the owner's next claim, or whoever comes next, goes on from here.
    if (!tail.compare_exchange_strong(biased, word.pack(), std::memory_order_acq_rel,
                                      std::memory_order_acquire) &&
        biased != word.pack()) {
      return;  // somebody was faster, in every way
    }
  }
  // Pairs with the light fence in SharedTail::claim: either the owner sees `revoking`, or we see
  // its claim.
  Fences(segment.shape().fence_mode).heavy();
  const std::uint64_t claimed = row.claim_end.load(std::memory_order_acquire);
  std::uint64_t end = word.unsettled();
  // Dying after it: the end is decided, and whoever comes next moves the tail there.
  if (row.bias_end.compare_exchange_strong(end, claimed, std::memory_order_acq_rel,
                                           std::memory_order_acquire)) {
    end = claimed;
  } else if ((end & TailWord::unsettled_flag) != 0) {
    return;  // a later bias of the same row: ours was settled long ago
  }
  // If we were stopped for long, the tail is not at this bias any more, and this fails.
  std::uint64_t revoking = word.pack();
  tail.compare_exchange_strong(revoking, TailWord{.mode = Mode::shared, .value = end}.pack(),
                               std::memory_order_acq_rel, std::memory_order_relaxed);
}

namespace {

/// What the tail says, or while it is biased one word of its owner's row.
std::uint64_t claimed(const Segment& segment,
                      std::atomic<std::uint64_t> format::Row::*of_owner) noexcept {
  const std::atomic<std::uint64_t>& tail = segment.control().tail;
  std::uint64_t seen = tail.load(std::memory_order_acquire);
  for (int round = 0; round < most_rounds; ++round) {
    const TailWord word = TailWord::unpack(seen);
    if (word.is_sequence()) return word.value;
    if (word.row() >= segment.shape().rows) break;
    // Acquire: the second look at the tail comes after it. Still biased: the word was the owner's;
    // its row is not given away before the bias is settled.
    const std::uint64_t found = (segment.row(word.row()).*of_owner).load(std::memory_order_acquire);
    const std::uint64_t again = tail.load(std::memory_order_acquire);
    if (again == seen) return found;
    seen = again;
  }
  return segment.shape().first_sequence;
}

}  // namespace

std::uint64_t claimed_below(const Segment& segment) noexcept {
  // Where the owner's latest claim in common began; its bias began behind that.
  return claimed(segment, &format::Row::claim_first);
}

std::uint64_t claimed_end(const Segment& segment) noexcept {
  return claimed(segment, &format::Row::claim_end);
}

std::uint64_t claimed_under_bias(const Segment& segment, std::uint32_t row) noexcept {
  const format::Counters* const counters = segment.counters(row);
  if (counters == nullptr) return 0;
  const std::uint64_t origin = counters->bias_origin.load(std::memory_order_relaxed);
  if (origin == 0) return 0;
  const format::Row& owner = segment.row(row);
  std::uint64_t end = owner.bias_end.load(std::memory_order_acquire);
  if ((end & TailWord::unsettled_flag) != 0) end = owner.claim_end.load(std::memory_order_acquire);
  return end + 1 - std::min(end + 1, origin);
}

}  // namespace disruptor_mp
