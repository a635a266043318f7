// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/endpoint/detail/lookout.hpp"
#include "disruptor_mp/endpoint/options.hpp"
#include "disruptor_mp/membership/barrier.hpp"
#include "disruptor_mp/membership/graph.hpp"
#include "disruptor_mp/membership/liveness.hpp"
#include "disruptor_mp/membership/membership.hpp"
#include "disruptor_mp/membership/revoking.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/bell.hpp"
#include "disruptor_mp/ring/fences.hpp"
#include "disruptor_mp/ring/tally.hpp"
#include "disruptor_mp/ring/waiter.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp::detail {

/// Everything of a consumer that does not depend on the event type and is not on the fast path:
/// joining, what to say when there is nothing to read, leaving. Lives on the heap, so that its
/// address is stable.
class ConsumerCore {
 public:
  static std::unique_ptr<ConsumerCore> attach(std::string_view name, const EventType& event,
                                              std::optional<format::SlotLayout> layout,
                                              ConsumerOptions options);

  ConsumerCore(Segment segment, std::optional<Membership> membership, Sequence start,
               const ConsumerOptions& options);
  ~ConsumerCore() { leave(false); }
  ConsumerCore(const ConsumerCore&) = delete;
  ConsumerCore& operator=(const ConsumerCore&) = delete;

  /// What an empty look means just now. Asks the kernel about the producer at most once per
  /// millisecond. `events`: there is a void to be skipped.
  [[nodiscard]] Poll idle_result(std::uint64_t next);

  /// The same; of a consumer with a descriptor it also says until when that is not readable.
  [[nodiscard]] Poll answer(std::uint64_t next);
  /// Consumer::fd().
  [[nodiscard]] int descriptor();

  /// Waits in the chosen way until `ready()` or until there is nothing to wait for. @return
  /// `events` if ready. `next` is looked at anew each time: an observer's looking may move it.
  template <class Ready>
  Poll wait(const std::uint64_t& next, TimePoint deadline, Ready&& ready) {
    if (segment_.object().is_orphaned_by_fork()) return Poll::used_after_fork;
    if (tells_passed_over()) return Poll::passed_over;
    absent_since_.reset();
    predecessor_absent_since_.reset();
    Poll end = Poll::idle;
    std::uint64_t asked = next;
    // Relaxed: whoever takes the interrupt, below, acquires it.
    const auto is_interrupted = [&] { return interrupted_.load(std::memory_order_relaxed); };
    const auto something = [&] { return ready() || has_ended(next) || is_interrupted(); };
    const auto give_up = [&] {
      const auto alone = lookout_ ? lookout_->exclude() : std::unique_lock<std::mutex>();
      end = Poll::idle;
      asked = next;
      Tally::add(tally_->empty);
      note_progress(next);
      if (is_gated(next)) return (end = missing_predecessor(next)) != Poll::idle;
      tell_producer_state();
      return proves_void(next) || (end = absence()) != Poll::idle;
    };
    // What is there and gated comes by a commit; it is rung for as for a producer that waits.
    const auto choose_rest = [&]() -> Waiter::Rest {
      if (lacks_commit(next)) return {.bell = &*gates_bell_, .longest_nap = longest_gated_nap};
      return {.bell = bell_ ? &*bell_ : nullptr, .longest_nap = longest_nap};
    };
    const Waiter waiter(wait_, fences_, &tally_);
    for (;;) {
      const auto outcome = waiter.wait(deadline, something, give_up, choose_rest);
      // Before it went a producer may have published what those before us have not read yet. Asked
      // of the slots, not of those before us: they come and go between two questions.
      const bool is_all_read = end == Poll::predecessor_missing || !barrier_ || !is_there(next);
      // Events first: what was published before the close, or before the death, is still to be
      // read.
      if (ready()) return Poll::events;
      if (has_ended(next)) return end_of_stream();
      // Acquire: pairs with the release in `interrupt`. An exchange, so that of an interrupt that
      // comes just now either this one is taken, with all its caller did before, or the next is.
      if (is_interrupted() && interrupted_.exchange(false, std::memory_order_acquire))
        return Poll::interrupted;
      if (outcome == Waiter::Outcome::gave_up && end != Poll::idle && next == asked && is_all_read)
        return end;
      // There was something, but an observer was overtaken between the two looks, or a void was
      // skipped and nothing stands behind it: it waits on, but not beyond its deadline. (Somebody
      // may have written that a dead producer claimed all there will ever be.) And it asks anew who
      // is there: behind a void that the last one left there may be one more, or the end.
      if (outcome == Waiter::Outcome::timed_out || os::now() >= deadline) return Poll::timed_out;
    }
  }

  /// What has become of the producers. Some system calls.
  [[nodiscard]] StreamState producer_state() const;
  /// Waits until one lives. @throws Error{producer_gone, closed, stopped}
  void wait_for_producer(Duration timeout);

  void leave(bool resigns) noexcept;

  /// By any thread: ends a wait, or the next one.
  void interrupt() noexcept {
    // Release: who is interrupted sees why; pairs with the exchange in `wait`.
    interrupted_.store(true, std::memory_order_release);
    // Pairs with the heavy fence of a sleeper in Waiter::pause: it sees this, or we see its bit.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (bell_) bell_->ring_if_awaited();
    if (gates_bell_) gates_bell_->ring_if_awaited();  // it may wait for those before it
  }

  /// Of several producers: whether `next` is known to be void, so that it is to be skipped. Asks
  /// nobody: a tombstone, or what `proves_void` found.
  [[nodiscard]] bool is_known_void(std::uint64_t next) const noexcept;

  [[nodiscard]] Segment& segment() noexcept { return segment_; }
  [[nodiscard]] const Segment& segment() const noexcept { return segment_; }
  [[nodiscard]] Fences fences() const noexcept { return fences_; }
  /// What this consumer counts.
  [[nodiscard]] const Tally& tally() const noexcept { return tally_; }
  [[nodiscard]] bool is_observer() const noexcept { return !membership_; }
  /// Nothing for an observer.
  [[nodiscard]] std::optional<std::uint32_t> row() const noexcept {
    return membership_ ? std::optional(membership_->row()) : std::nullopt;
  }
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] Sequence start() const noexcept { return start_; }
  [[nodiscard]] bool resumed() const noexcept { return resumed_; }
  [[nodiscard]] WaitStrategy wait_strategy() const noexcept { return wait_; }
  [[nodiscard]] std::optional<unsigned> pinned_core() const noexcept { return pinned_core_; }
  /// Whether a producer went on without an earlier holder of the id, so that what it resumes after
  /// may be gone; and how much is.
  [[nodiscard]] bool was_passed_over() const noexcept {
    return membership_ && membership_->was_passed_over();
  }
  [[nodiscard]] std::uint64_t missed_before() const noexcept { return missed_before_; }
  /// The row's hold, if this consumer may be passed over while it lives; else null.
  [[nodiscard]] const std::atomic<std::uint64_t>* hold() const noexcept {
    return is_passable_ ? &segment_.row(membership_->row()).hold : nullptr;
  }
  /// True once, after it was passed over in this life.
  [[nodiscard]] bool tells_passed_over() noexcept {
    if (!is_passable_ || has_told_ || !is_passed_over(segment_.row(membership_->row())))
      return false;
    has_told_ = true;
    return true;
  }
  /// What holds it back beside the producer; null if it waits for nobody.
  [[nodiscard]] Barrier* barrier() noexcept { return barrier_ ? &*barrier_ : nullptr; }
  /// Whether there is something at `next`, or the end, and a consumer that this one waits for has
  /// not come so far.
  [[nodiscard]] bool is_gated(std::uint64_t next) const noexcept {
    return barrier_ && is_gated_by_barrier(next);
  }
  /// Who it is, and who is in the way of that one, up to where the trouble is.
  [[nodiscard]] std::vector<Blocker> blockers(std::uint64_t next) const;
  /// Where a consumer that has become the child of a fork commits to.
  [[nodiscard]] std::atomic<std::uint64_t>* nobodys_cursor() noexcept { return &nobodys_cursor_; }
  /// And where it counts.
  [[nodiscard]] format::Counters* nobodys_counters() noexcept { return &nobodys_counters_; }
  /// A batch of `size` events begins at `next`. @return the size of the next one to be told of.
  [[nodiscard]] std::uint64_t note_lag(std::uint64_t next, std::uint64_t size,
                                       std::uint64_t max_batch) noexcept;
  /// The row's cursor; null for an observer.
  [[nodiscard]] std::atomic<std::uint64_t>* cursor() noexcept {
    return membership_ ? &segment_.row(membership_->row()).cursor : nullptr;
  }

 private:
  friend class Lookout;

  /// A sleeping consumer notices the death of its producer within this time.
  static constexpr Duration longest_nap = std::chrono::milliseconds(50);
  /// One that is gated notices the death of a predecessor as soon as a blocked producer does.
  static constexpr Duration longest_gated_nap = std::chrono::milliseconds(5);

  /// Takes a row, unless it is an observer. Moves from `segment` only if nothing fails.
  static std::unique_ptr<ConsumerCore> join(Segment& segment, const ConsumerOptions& options,
                                            TimePoint deadline);

  /// All is read, also by those whom this one waits for.
  [[nodiscard]] bool has_ended(std::uint64_t next) const noexcept {
    return stream_end(segment_) <= next && !is_gated(next);
  }
  [[nodiscard]] bool is_gated_by_barrier(std::uint64_t next) const noexcept {
    return is_gated_by(barrier_->bound(), next);
  }
  [[nodiscard]] bool is_gated_by(std::uint64_t bound, std::uint64_t next) const noexcept;
  /// Whether what keeps this one from reading on can only be those it waits for. Asked of the
  /// slots: what was published stays there. Who is in the way may have left when it is asked here
  /// and be back when it is asked whether there is something to read; then nobody would ring for
  /// it.
  [[nodiscard]] bool lacks_commit(std::uint64_t next) const noexcept {
    return barrier_ && (is_published(next) || stream_end(segment_) <= next || is_gated(next));
  }
  [[nodiscard]] bool is_published(std::uint64_t next) const noexcept;
  /// Whether an event was published at `next`, or, of several producers, it was claimed; whoever
  /// may read it yet.
  [[nodiscard]] bool is_there(std::uint64_t next) const noexcept;
  /// Cold, for one that is gated: gets past dead predecessors. @return predecessor_missing if one
  /// that is not there holds it, and patience is at its end; else `idle`.
  Poll missing_predecessor(std::uint64_t next) {
    return missing_predecessor(*barrier_, predecessor_absent_since_, next);
  }
  Poll missing_predecessor(Barrier& barrier, std::optional<TimePoint>& absent_since,
                           std::uint64_t next) const;
  /// What the end of the stream is to be called.
  [[nodiscard]] Poll end_of_stream() noexcept {
    tell_producer_state();
    return is_stopped(segment_) ? Poll::stopped : Poll::closed;
  }
  /// It has come to `next` and finds nothing there.
  void note_progress(std::uint64_t next) noexcept {
    if (next == noted_ || !tally_.is_shared()) return;
    noted_ = next;
    tally_->last_progress_ns.store(to_ns(os::now()), std::memory_order_relaxed);
  }
  /// Calls the hook if there is one and the state is another than it knows.
  void tell_producer_state() noexcept;
  /// What the absence of a producer is to be called, if there is none and patience is at its end;
  /// else `idle`.
  Poll absence();
  [[nodiscard]] Poll name_absence() const;
  /// Asks whether `next` is a claim that nobody living can still publish, and remembers it. Where
  /// claims may be revoked, revokes it when its time is over.
  bool proves_void(std::uint64_t next);

  Segment segment_;
  std::optional<Membership> membership_;
  std::string id_;
  Tally tally_;
  std::uint64_t noted_ = ~std::uint64_t{0};
  Fences fences_;
  std::optional<Bell> bell_;
  std::optional<Bell> gates_bell_;          ///< with a barrier
  mutable std::optional<Barrier> barrier_;  ///< looking renews its list of rows
  Duration predecessor_patience_;
  std::optional<TimePoint> predecessor_absent_since_;
  WaitStrategy wait_;
  std::optional<unsigned> pinned_core_;
  Duration successor_patience_;
  std::function<void(StreamState)> producer_hook_;
  StreamState told_state_ = StreamState::alive;
  Sequence start_;
  bool resumed_ = false;
  bool has_left_ = false;
  bool is_passable_;
  bool has_told_ = false;
  std::atomic<bool> interrupted_ = false;
  std::uint64_t missed_before_ = 0;
  std::atomic<std::uint64_t> nobodys_cursor_ = 0;
  format::Counters nobodys_counters_{};
  std::optional<TimePoint> absent_since_;
  TimePoint next_probe_ = TimePoint::min();
  bool is_shared_;
  std::optional<std::uint64_t> void_;
  Patience patience_;
  std::vector<std::string> after_;
  std::unique_ptr<Lookout> lookout_;  ///< with a descriptor; last: it uses the others
};

}  // namespace disruptor_mp::detail
