// SPDX-License-Identifier: MIT OR Apache-2.0
//
// How several producers share the end of a ring. docs/multi-producer.md tells it with pictures.
#pragma once

#include <atomic>
#include <cstdint>

#include "disruptor_mp/ring/fences.hpp"
#include "disruptor_mp/ring/tally.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// Control::tail, taken apart.
///
///   shared    everything below `value` is claimed; whoever moves it ahead claims what lies between
///   biased    the end belongs to one row, which claims by a plain store into its own row
///   revoking  the same, but the row must not begin another claim: the end is being settled
///   closed    as shared, and nothing is ever claimed again
///
/// shared ─▶ biased: by the row itself.  biased ─▶ revoking: by anybody.  revoking ─▶ shared: by
/// anybody, at the settled end.  shared ─▶ closed: by a producer. Sequences never go back and
/// biases are numbered, so no word ever comes twice with another meaning.
struct TailWord {
  enum class Mode : std::uint8_t { shared = 0, biased = 1, revoking = 2, closed = 3 };

  Mode mode = Mode::shared;
  std::uint64_t value = 0;  ///< shared, closed: a sequence; else a bias: row and its number

  static constexpr unsigned mode_shift = 62;
  static constexpr unsigned row_shift = 50;
  static constexpr std::uint64_t value_mask = (std::uint64_t{1} << mode_shift) - 1;
  static constexpr std::uint64_t count_mask = (std::uint64_t{1} << row_shift) - 1;
  static_assert(format::max_rows <= (1U << (mode_shift - row_shift)));

  static constexpr TailWord unpack(std::uint64_t word) noexcept {
    return {.mode = static_cast<Mode>(word >> mode_shift), .value = word & value_mask};
  }
  [[nodiscard]] constexpr std::uint64_t pack() const noexcept {
    return (static_cast<std::uint64_t>(mode) << mode_shift) | value;
  }
  static constexpr std::uint64_t bias_of(std::uint32_t row, std::uint64_t count) noexcept {
    return (std::uint64_t{row} << row_shift) | (count & count_mask);
  }
  [[nodiscard]] constexpr bool is_sequence() const noexcept {
    return mode == Mode::shared || mode == Mode::closed;
  }
  [[nodiscard]] constexpr std::uint32_t row() const noexcept {
    return static_cast<std::uint32_t>(value >> row_shift);
  }
  /// What Row::bias_end holds until this bias is settled.
  [[nodiscard]] constexpr std::uint64_t unsettled() const noexcept {
    return unsettled_flag | (value & count_mask);
  }
  static constexpr std::uint64_t unsettled_flag = std::uint64_t{1} << 63U;
};

/// A sequence below which everything is claimed; the end, unless the tail is biased. Touches
/// nothing.
[[nodiscard]] std::uint64_t claimed_below(const Segment& segment) noexcept;

/// One producer's way to the common end.
///
/// In common: the producer writes into its row what it wants, [claim_first, claim_end), and then
/// moves the tail by compare-and-exchange. So whoever finds a sequence claimed finds the claimer
/// among the rows that cover it: the winner's words stand there before the tail moves, and stay
/// until its events are published.
///
/// Biased: a locked instruction waits for all earlier stores, so one per event would cost several
/// times what the event costs. After a row of claims that nobody came between, a producer takes the
/// tail for itself, and then claims by storing claim_end and looking at the tail once more: one
/// plain store per claim. The first other producer that comes revokes the bias:
///
///      owner                                    revoker
///      store claim_end                          tail: biased ─▶ revoking
///      light fence                              heavy fence
///      load tail: still biased to me?           load claim_end, settle bias_end there
///                                               tail: revoking ─▶ shared at bias_end
///
/// One of both sees the other. If the owner finds its bias gone it settles too; the first to settle
/// decides, and so the owner knows whether its last claim counts. Everybody can do every step of
/// the revoker's, whoever died or stopped in the middle.
///
/// Where the claims themselves may be revoked (Shape::revoke_stopped_after; another thing) there is
/// no bias, a row covers nothing but what is claimed and not settled, and nobody claims a slot that
/// is in quarantine: its sequence is passed over, which leaves it to nobody.
class SharedTail {
 public:
  /// quarantined: there is room, but somebody may still be writing there.
  enum class Outcome : std::uint8_t { claimed, no_room, closed, quarantined };

  /// @param bias_after claims in a row after which it takes the tail for itself; 0: never.
  /// @param tally of the row's holder; must outlive this.
  SharedTail(Segment& segment, std::uint32_t row, Fences fences, std::uint32_t bias_after,
             const Tally& tally) noexcept
      : segment_(&segment),
        tail_(&segment.control().tail),
        own_(&segment.row(row)),
        counters_(&*tally),
        row_(row),
        fences_(fences),
        last_end_(claimed_below(segment)),
        revokes_(segment.shape().revoke_stopped_after != 0),
        first_streak_(revokes_ ? 0 : bias_after),
        needed_streak_(first_streak_) {
    count_bias(own_->bias_end.load(std::memory_order_relaxed));  // of an earlier life
  }

  /// Claims `n` ≥ 1 sequences below the limit. @param first where they begin, if claimed.
  [[gnu::always_inline]] Outcome claim(std::uint64_t n, std::uint64_t& first) noexcept {
    if (bias_ == no_bias) {
      std::uint64_t claimed = 0;  // not `first`: whose address is known is not in a register
      const Outcome outcome = claim_in_common(n, claimed);
      first = claimed;
      return outcome;
    }
    const std::uint64_t begin = own_->claim_end.load(std::memory_order_relaxed);  // our own word
    if (begin + n > limit_) return Outcome::no_room;
    // Dying after this store: whoever revokes the bias finds [begin, begin + n) claimed by us, and
    // the stamps say that it was never published.
    own_->claim_end.store(begin + n, std::memory_order_relaxed);
    fences_.light();  // pairs with the heavy fence in `settle_bias`
    // Relaxed: only the order against our store matters.
    if (tail_->load(std::memory_order_relaxed) != bias_) [[unlikely]] {
      std::uint64_t claimed = 0;
      const Outcome outcome = claim_after_loss(begin, n, claimed);
      first = claimed;
      return outcome;
    }
    first = begin;
    return Outcome::claimed;
  }

  /// Sequences below it may be claimed without looking at anybody.
  void set_limit(std::uint64_t limit) noexcept { limit_ = limit; }
  [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }

  /// Where the next claim would begin; ends another's bias.
  [[nodiscard]] std::uint64_t position() noexcept;

  /// Whether claims may be revoked, so that they must be settled by exchanges.
  [[nodiscard]] bool revokes() const noexcept { return revokes_; }
  /// Where claims may be revoked: the latest is settled, and our row is to cover it no longer.
  void drop_claim() noexcept;
  /// Passes [begin, end) over, where a claim has met a quarantine; below the limit. Nothing if the
  /// tail is not at `begin` any more.
  void pass_over(std::uint64_t begin, std::uint64_t end) noexcept;

  /// Ends the stream for all. @return its end.
  std::uint64_t close() noexcept;
  /// Before leaving: nobody is to find the tail biased to a row that is gone.
  void give_up_bias() noexcept;

 private:
  static constexpr std::uint64_t no_bias = 0;  ///< packs as shared, so it is no bias
  /// Claims in a row that a bias takes double with each revocation that came soon, up to this.
  static constexpr std::uint32_t longest_streak = 1U << 20U;

  [[gnu::noinline]] Outcome claim_in_common(std::uint64_t n, std::uint64_t& first) noexcept;
  [[gnu::noinline, gnu::cold]] Outcome claim_after_loss(std::uint64_t begin, std::uint64_t n,
                                                        std::uint64_t& first) noexcept;
  void take_bias(std::uint64_t end) noexcept;
  /// What was claimed under a bias that has ended there.
  void count_bias(std::uint64_t end) noexcept;
  [[nodiscard, gnu::noinline, gnu::cold]] bool meets_quarantine(std::uint64_t begin,
                                                                std::uint64_t end) const noexcept;

  Segment* segment_;
  std::atomic<std::uint64_t>* tail_;
  format::Row* own_;
  format::Counters* counters_;
  std::uint32_t row_;
  Fences fences_;
  std::uint64_t bias_ = no_bias;  ///< the tail word while it is biased to us
  std::uint64_t limit_ = 0;
  std::uint64_t last_end_;  ///< of our latest claim in common; the tail, if nobody came after us
  std::uint64_t bias_begin_ = 0;
  bool revokes_;
  std::uint32_t first_streak_;
  std::uint32_t needed_streak_;
  std::uint32_t streak_ = 0;
};

/// Ends a bias that `word` was seen to hold, whoever it belongs to, and whether that one lives: the
/// tail is shared afterwards, or somebody else was faster. For producers and for whoever repairs.
void settle_bias(Segment& segment, TailWord word) noexcept;

/// Where a shared stream was closed, or format::open_end. A producer that dies while it closes may
/// have said so here and not yet in Control::end.
[[nodiscard]] inline std::uint64_t shared_end(const Segment& segment) noexcept {
  const TailWord word = TailWord::unpack(segment.control().tail.load(std::memory_order_acquire));
  return word.mode == TailWord::Mode::closed ? word.value : format::open_end;
}

/// How many sequences that row has claimed under a bias that its holder has not counted yet.
[[nodiscard]] std::uint64_t claimed_under_bias(const Segment& segment, std::uint32_t row) noexcept;

/// Where the claims end just now; with a biased tail as far as its owner has let it be seen.
[[nodiscard]] std::uint64_t claimed_end(const Segment& segment) noexcept;

}  // namespace disruptor_mp
