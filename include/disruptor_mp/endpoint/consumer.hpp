// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/endpoint/detail/consumer_core.hpp"
#include "disruptor_mp/endpoint/detail/explain.hpp"
#include "disruptor_mp/endpoint/lease.hpp"
#include "disruptor_mp/endpoint/options.hpp"
#include "disruptor_mp/membership/progress.hpp"
#include "disruptor_mp/metrics/counters.hpp"
#include "disruptor_mp/os/fork_guard.hpp"
#include "disruptor_mp/ring/bell.hpp"
#include "disruptor_mp/ring/racy_copy.hpp"
#include "disruptor_mp/ring/slots.hpp"
#include "disruptor_mp/ring/window.hpp"

namespace disruptor_mp {

/// What a poll did.
struct PollResult {
  std::uint64_t count = 0;    ///< events handled
  Poll outcome = Poll::idle;  ///< `events` if count > 0
  /// Whether there was any event.
  explicit operator bool() const noexcept { return count > 0; }
};

/// Reads every event of a ring, in order. Not thread-safe (one thread at a time).
///
/// A required or gating consumer reads events where they lie; the producer cannot overwrite one
/// before the consumer has committed it. Progress is committed (one release store) at the end of
/// each batch of at most `max_batch` events, or as `ConsumerOptions::commit` says; until then the
/// producer waits, and after a crash the uncommitted events are read again by whoever resumes.
/// Within one life of a consumer no event is handled twice, except one whose handler threw, or what
/// a lease gave back.
///
/// One that attached with `may_be_passed_over` gets copies, as an observer does; if a producer goes
/// on without it, the next poll says so once (`Poll::passed_over`), and then it goes on like an
/// observer. To gate again it attaches anew.
///
/// An observer gets a private copy, checked after copying, so it never sees a torn event;
/// `missed()` counts exactly what was overwritten before it came.
template <class E>
class Consumer {
 public:
  /// `const E&`; of events of a size known at run time, a span of const bytes.
  using Reference = typename SlotGeometry<E>::ConstReference;

  /// Joins the ring of this name; waits for it to appear until `options.timeout`.
  /// @throws Error{not_found, consumer_alive, table_full, event_…_mismatch, version_mismatch, …}
  static Consumer attach(std::string_view name,
                         const ConsumerOptions& options = {}) requires(!std::same_as<E, Bytes>) {
    return Consumer(
        detail::ConsumerCore::attach(name, event_type_of<E>(), slot_layout_of<E>, options),
        options);
  }
  /// As above; attaches to a ring of any event type, unless `event` asks for one.
  static Consumer attach(std::string_view name, const ConsumerOptions& options = {},
                         const EventType& event = {}) requires std::same_as<E, Bytes> {
    return Consumer(detail::ConsumerCore::attach(name, event, std::nullopt, options), options);
  }

  /// What is moved from may only be destroyed.
  Consumer(Consumer&& other) noexcept
      : core_(std::move(other.core_)),
        guard_(std::move(other.guard_)),
        slots_(other.slots_),
        control_(other.control_),
        cursor_(other.cursor_),
        hold_(other.hold_),
        barrier_(other.barrier_),
        looks_first_(other.looks_first_),
        gates_bell_(other.gates_bell_),
        counters_(other.counters_),
        notable_lag_(other.notable_lag_),
        copy_(std::move(other.copy_)),
        next_(other.next_),
        ready_(other.ready_),
        max_batch_(other.max_batch_),
        commit_(other.commit_),
        is_plain_(other.is_plain_),
        lease_(std::exchange(other.lease_, nullptr)),
        batch_after_lease_(other.batch_after_lease_),
        missed_(other.missed_),
        voids_(other.voids_),
        voids_first_(other.voids_first_),
        voids_end_(other.voids_end_),
        current_(other.current_),
        ended_(other.ended_) {
    if (guard_) guard_->set_context(this);
    if (lease_ != nullptr) lease_->consumer_ = this;
  }
  Consumer(const Consumer&) = delete;
  Consumer& operator=(Consumer&&) = delete;
  /// Commits what was handled and leaves. A required consumer goes on holding the producer back: it
  /// may come back.
  ~Consumer() {
    if (core_) leave(false);
  }

  // --- Reading
  // ----------------------------------------------------------------------------------------------------

  /// Handles what is there now, at most `max_batch` events, and commits it. Never waits.
  /// `handler(event)`, `(event, sequence)` or `(event, sequence, end_of_batch)`. If it throws, the
  /// events before are committed, and the event it threw on comes first next time. It may commit,
  /// and must not read from its own consumer.
  template <class Handler>
  PollResult poll(Handler&& handler) {
    if (const Poll found = find(); found != Poll::events) [[unlikely]]
      return {.count = 0, .outcome = found};
    return deliver(handler);
  }

  /// As poll, but waits for the first event until the deadline.
  template <class Handler>
  PollResult poll_until(TimePoint deadline, Handler&& handler) {
    if (const Poll found = find_until(deadline); found != Poll::events)
      return {.count = 0, .outcome = found};
    return deliver(handler);
  }

  /// As poll, but waits for the first event without limit: until there is one, the stream is
  /// closed, or its producer is gone.
  template <class Handler>
  PollResult wait_poll(Handler&& handler) {
    return poll_until(never, handler);
  }

  /// Handles events until the stream ends. @return why it ended.
  template <class Handler>
  Poll run(Handler&& handler) {
    for (;;) {
      if (const PollResult result = wait_poll(handler); result.outcome != Poll::events)
        return result.outcome;
    }
  }

  /// Takes a copy of the next event and commits it, unless that is done by hand; nothing if there
  /// is none.
  std::optional<E> try_next() requires(!std::same_as<E, Bytes>) {
    std::optional<E> event;
    const std::uint64_t batch = std::exchange(max_batch_, std::min<std::uint64_t>(max_batch_, 1));
    poll([&](const E& e) { event = e; });
    max_batch_ = batch;
    return event;
  }

  /// Whether there is an event to be read, behind those of an open lease. It is left where it is,
  /// and nothing changes for anybody. No system call. Who only asks this never learns that the
  /// stream has ended, or that the next claim is a dead producer's: poll now and then.
  [[nodiscard]] bool has_available() const noexcept {
    if (core_->segment().object().is_orphaned_by_fork()) return false;
    std::uint64_t next = next_;
    if (cursor_ == nullptr || is_passed_over()) next = std::max(next, oldest());
    // Not further than one lap, whatever a hostile peer writes there.
    const std::uint64_t lap_end = next + slots_.capacity();
    while (next != lap_end && core_->is_known_void(next)) ++next;
    return slots_.published_end(*control_, next, next + 1) != next;
  }

  /// What a poll would say just now, without handling anything: `events` if there are some. What is
  /// told once (`passed_over`) counts as told. Not in the body of a loop over the consumer.
  [[nodiscard]] Poll peek() { return find(); }

  /// A file descriptor for poll(2), epoll(7) and the like, made at the first call. It is readable
  /// when a poll may have something to say; after one that says `idle` or `gated` it is not, until
  /// there is something else to say: events, the end, a death, an interrupt. So: when it is
  /// readable, poll until that says `idle` or `gated`. After `producer_dead`, `producer_left` and
  /// `predecessor_missing` it is not readable either, until that changes; what is final leaves it
  /// readable. A `producer_hook` should be short: it holds up the wake-ups of the process's other
  /// consumers. A call that waits does not make it less readable; an open lease does not either,
  /// and without a poll it stays as it is.
  ///
  /// Only to be looked at: it belongs to the consumer, and is closed when that leaves. A thread of
  /// the library's own, one for all consumers of the process (Linux 5.16; before that one each),
  /// sleeps in the consumer's place. Producers pay nothing for it. docs/waiting.md says more.
  /// @throws Error{system_error} if there is no descriptor or thread to be had,
  ///   Error{used_after_fork}
  [[nodiscard]] int fd() { return core_->descriptor(); }

  /// Holds the events that are there, at most `max_batch` and `most` of them, in place until the
  /// lease ends. Never waits. An event that an iteration has in hand counts as handled.
  /// @return without events, its `outcome` is what a poll would have said; `idle` if `most` is 0.
  [[nodiscard]] Lease<E> try_lease(std::uint64_t most = ~std::uint64_t{0}) {
    return take_lease(most, [this] { return find(); });
  }
  /// As try_lease, but waits for the first event until the deadline.
  [[nodiscard]] Lease<E> lease_until(TimePoint deadline, std::uint64_t most = ~std::uint64_t{0}) {
    return take_lease(most, [this, deadline] { return find_until(deadline); });
  }
  /// As try_lease, but waits for the first event as wait_poll does.
  [[nodiscard]] Lease<E> lease(std::uint64_t most = ~std::uint64_t{0}) {
    return lease_until(never, most);
  }

  /// Commits all that is handled: everything before `next_sequence()`. Only `Commit::by_hand` needs
  /// it. In a handler that is what came before the event in hand; in the body of a loop over the
  /// consumer the event in hand too, which must not be looked at any more. An observer has nothing
  /// to commit. By the thread that reads.
  void commit() noexcept { commit_to(next_sequence()); }
  /// Commits what is handled and before `next`; for example, in a handler that writes blocks, what
  /// its last block holds. Never takes a commit back.
  void commit_to(Sequence next) noexcept {
    std::uint64_t position = std::min(next, next_sequence()).value();
    // Voids have nobody who could handle them: left uncommitted at the end of what was read, they
    // would hold the producers back for ever.
    if (position >= voids_first_ && position < voids_end_) position = voids_end_;
    if (position > committed()) store_cursor(position);
  }

  /// Makes a call of this consumer that waits for events (with a descriptor: also a poll) return
  /// `Poll::interrupted`; if none does just now, the next that has nothing to read. Several at once
  /// count as one. What the caller did before is seen by who is interrupted. May be called by any
  /// thread, also while another reads, as long as the consumer is not moved or destroyed. One
  /// system call if somebody sleeps, else none. Sleepers are woken at once; one that must not write
  /// the ring (an observer without permission) sees it within 50 ms.
  void interrupt() const noexcept { core_->interrupt(); }

  /// Iteration: `for (const E& event : consumer)` waits for events and ends when the stream does;
  /// `ended()` says why. An event counts as handled when the next one is asked for; leaving the
  /// loop early also counts it as handled, unless by an exception: then it comes first next time.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = E;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Reference;

    Iterator(const Iterator&) = default;
    Iterator& operator=(const Iterator&) = default;
    ~Iterator() {
      if (consumer_ != nullptr && std::uncaught_exceptions() > exceptions_) consumer_->step_back();
    }

    Reference operator*() const noexcept { return consumer_->current(); }
    Iterator& operator++() {
      if (!consumer_->advance()) consumer_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t /*end*/) const noexcept { return consumer_ == nullptr; }

   private:
    friend class Consumer;
    explicit Iterator(Consumer* consumer) noexcept
        : consumer_(consumer), exceptions_(std::uncaught_exceptions()) {}
    Consumer* consumer_;
    int exceptions_;
  };
  /// Waits for the next event.
  Iterator begin() { return Iterator(advance() ? this : nullptr); }
  /// The end of the stream.
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// Why the last iteration ended.
  [[nodiscard]] Poll ended() const noexcept { return ended_; }

  // --- Leaving
  // ----------------------------------------------------------------------------------------------------

  /// Leaves for good: also a required consumer stops holding the producer back. Afterwards only
  /// destruction is allowed.
  void resign() { leave(true); }

  // --- Its producers

  /// What has become of them: alive, stopped, dead, left, closed; never, if there was none yet.
  /// Some system calls.
  [[nodiscard]] StreamState producer_state() const { return core_->producer_state(); }
  /// Waits until one lives (a stopped one does), for example a successor of one that died.
  /// @throws Error{producer_gone} that says what has become of the last; Error{closed, stopped}
  void wait_for_producer(Duration timeout) { core_->wait_for_producer(timeout); }

  // --- Questions
  // --------------------------------------------------------------------------------------------------

  /// Its id, chosen or made up.
  [[nodiscard]] const std::string& id() const noexcept { return core_->id(); }
  /// The sequence this consumer began at.
  [[nodiscard]] Sequence start_sequence() const noexcept { return core_->start(); }
  /// Whether it went on where an earlier holder of its id stopped.
  [[nodiscard]] bool resumed() const noexcept { return core_->resumed(); }
  /// The next sequence to be handled; while a lease is open, that of its first event.
  [[nodiscard]] Sequence next_sequence() const noexcept {
    return Sequence(lease_ == nullptr ? next_ : lease_->first_);
  }
  /// Whether a producer went on without this consumer, or without the holder of its id before it.
  [[nodiscard]] bool passed_over() const noexcept {
    return core_->was_passed_over() || is_passed_over();
  }
  /// Observers, and those who were passed over: how many events were overwritten before they could
  /// be read.
  [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }
  /// One that resumed: how many events were overwritten between where the holder of its id before
  /// it had stopped and where it began itself.
  [[nodiscard]] std::uint64_t missed_before_start() const noexcept {
    return core_->missed_before();
  }
  /// Of several producers: how many sequences were skipped because nothing will ever be published
  /// there: their producer died or gave the claim up, or others revoked it, or it was passed over
  /// because its slot was held back after that.
  [[nodiscard]] std::uint64_t voids() const noexcept { return voids_; }
  /// When its progress is committed.
  [[nodiscard]] Commit commit_mode() const noexcept { return commit_; }
  /// How it waits, by its option or by the environment.
  [[nodiscard]] WaitStrategy wait_strategy() const noexcept { return core_->wait_strategy(); }
  /// The core to which its thread was pinned when it attached; nothing: it was not.
  [[nodiscard]] std::optional<unsigned> pinned_core() const noexcept {
    return core_->pinned_core();
  }
  /// Slots of the ring.
  [[nodiscard]] std::uint64_t capacity() const noexcept { return slots_.capacity(); }
  /// A poll's result, told in full: which ring, what was found, what to do. For messages.
  [[nodiscard]] Error explain(Poll result) const {
    return detail::explain(*core_, result, next_sequence());
  }
  /// The newest event of the stream; see progress.hpp, also for what these say in detail. They
  /// change nothing that others see.
  [[nodiscard]] std::optional<Sequence> last_published() const {
    return disruptor_mp::last_published(core_->segment());
  }
  /// Of those it waits for (ConsumerOptions::after) the one that is furthest behind, if there is
  /// something to read and that one has not committed it; nothing: nobody is in its way.
  [[nodiscard]] std::optional<Blocker> gated_by() const {
    auto blockers = core_->blockers(next_);
    if (blockers.empty()) return std::nullopt;
    return std::move(blockers.front());
  }
  /// How many published events it has not handled yet.
  [[nodiscard]] std::uint64_t lag() const {
    const Sequence published = stream_position(core_->segment()).published;
    return next_sequence() < published ? published - next_sequence() : 0;
  }
  /// Whether all who hold producers back have committed this event; this consumer is one of them,
  /// unless it is an observer.
  [[nodiscard]] bool is_consumed(Sequence sequence) const {
    return disruptor_mp::is_consumed(core_->segment(), sequence, core_->row());
  }
  /// Waits for that. @return false at the deadline, or if it will never be published.
  [[nodiscard]] bool wait_until_consumed(Sequence sequence, TimePoint deadline) const {
    return disruptor_mp::wait_until_consumed(core_->segment(), sequence, deadline, core_->row());
  }
  /// What the ring's memory is made of, and why it is not what was asked for.
  [[nodiscard]] MemoryReport memory() const { return memory_report(core_->segment()); }
  /// A counter of the application's own, kept in the ring beside this consumer's; see UserCounter.
  /// At most 8. Of an observer, and in a ring without counters, nobody sees it.
  /// @throws Error{invalid_option}: an id below 0x100, an invalid label, another label for the same
  /// id, no room
  [[nodiscard]] UserCounter counter(std::uint32_t id, std::string_view label) {
    return user_counter(*core_->tally(), id, label, core_->segment().name());
  }
  /// The ring itself, for tools: what roster.hpp and housekeeping.hpp ask.
  [[nodiscard]] const Segment& segment() const noexcept { return core_->segment(); }

 private:
  friend class Lease<E>;

  Consumer(std::unique_ptr<detail::ConsumerCore> core, const ConsumerOptions& options)
      : core_(std::move(core)),
        guard_(std::make_unique<os::ForkGuard>(&Consumer::become_orphan, this)),
        slots_(core_->segment().slots(), core_->segment().shape()),
        control_(&core_->segment().control()),
        cursor_(core_->cursor()),
        hold_(core_->hold()),
        barrier_(core_->barrier()),
        looks_first_(core_->is_observer() || hold_ != nullptr || barrier_ != nullptr),
        gates_bell_(core_->segment().bells().gates, core_->fences(), core_->tally().wake_ups()),
        counters_(&*core_->tally()),
        next_(core_->start().value()),
        ready_(next_),
        max_batch_(std::min(options.max_batch, slots_.capacity())),
        commit_(options.commit),
        is_plain_(!core_->is_observer() && hold_ == nullptr && commit_ == Commit::per_batch) {
    if (core_->is_observer() || hold_ != nullptr)
      copy_ = std::make_unique<Copy[]>(copies_for(core_->segment().shape()));
  }

  /// In the child of a fork: a batch in progress ends, a lease too (it may be of a thread that the
  /// child does not have), and no look finds anything, so that every call asks the core and is
  /// refused there.
  static void become_orphan(void* consumer) noexcept {
    auto* self = static_cast<Consumer*>(consumer);
    self->ready_ = self->next_;
    self->max_batch_ = 0;
    if (self->lease_ != nullptr) self->lease_->disown();
    self->lease_ = nullptr;
    if (self->cursor_ != nullptr) self->cursor_ = self->core_->nobodys_cursor();
    self->counters_ = self->core_->nobodys_counters();
  }

  /// Finds out what is there, from next_ to ready_, at most one batch. @return whether there is
  /// anything.
  bool look() noexcept {
    std::uint64_t limit = next_ + max_batch_;
    if (looks_first_) [[unlikely]]
      limit = look_first();
    ready_ = slots_.published_end(*control_, next_, limit);
    return ready_ != next_;
  }
  /// What most consumers need not look at: how far producers may have overwritten what an observer
  /// has not read, and how far those have come that this one waits for.
  std::uint64_t look_first() noexcept {
    if (cursor_ == nullptr || is_passed_over()) skip_overwritten();
    const std::uint64_t limit = next_ + max_batch_;
    return barrier_ == nullptr ? limit : barrier_->limit(next_, limit);
  }

  /// As look; where nothing is to be read, also skips what will never be published: claims of
  /// producers that died or gave up (several producers only).
  bool look_past_voids() {
    while (!look()) {
      if (!core_->is_known_void(next_)) return false;
      // By hand, a void counts as committed as soon as all before it is; see commit_to.
      const bool counts = commit_ != Commit::by_hand || committed() == next_;
      if (next_ != voids_end_) voids_first_ = next_;
      ++next_;
      ++voids_;
      Tally::add(counters_->voids);
      voids_end_ = next_;
      ready_ = next_;
      if (counts) store_cursor(next_);
    }
    return true;
  }

  /// Whether there is something to be delivered (`events`), or what else there is to say.
  Poll find() {
    if (look()) [[likely]]
      return Poll::events;
    if (lease_ != nullptr) return Poll::lease_open;
    finish_loop();
    const std::uint64_t asked = next_;
    const Poll outcome = core_->answer(asked);
    if (outcome == Poll::idle || outcome == Poll::closed || outcome == Poll::stopped ||
        outcome == Poll::passed_over || outcome == Poll::interrupted) {
      return outcome;
    }
    // Between the look and the death there may have come a last event, or a last void: behind
    // that the answer may be another.
    if (look_past_voids()) return Poll::events;
    const bool has_moved = next_ != asked || outcome == Poll::events;
    return has_moved ? Poll::idle : outcome;
  }
  Poll find_until(TimePoint deadline) {
    if (look()) return Poll::events;
    if (lease_ != nullptr) return Poll::lease_open;
    finish_loop();
    return core_->wait(next_, deadline, [this] { return look_past_voids(); });
  }

  template <class Handler>
  PollResult deliver(Handler& handler) {
    count_batch();
    if (is_plain_) [[likely]]
      return deliver_in_place<true>(handler);
    return copy_ == nullptr ? deliver_in_place<false>(handler) : deliver_copies(handler);
  }

  /// @tparam is_plain progress is committed per batch
  template <bool is_plain, class Handler>
  PollResult deliver_in_place(Handler& handler) {
    const std::uint64_t first = next_;
    try {
      const Slots<E, const std::byte> slots = slots_;
      std::uint64_t sequence = next_;  // ready_ is asked each time: a fork in the handler moves it
      while (sequence < ready_) {
        call(handler, slots.event(sequence), sequence, sequence + 1 == ready_);
        next_ = ++sequence;
        if (!is_plain && commit_ == Commit::per_event) store_cursor(sequence);
      }
    } catch (...) {
      if (is_plain) store_cursor(next_);
      throw;
    }
    if (is_plain) store_cursor(next_);
    return {.count = next_ - first, .outcome = Poll::events};
  }

  template <class Handler>
  PollResult deliver_copies(Handler& handler) {
    if (core_->tells_passed_over()) return {.count = 0, .outcome = Poll::passed_over};
    std::uint64_t count = 0;
    try {
      while (next_ < ready_ && take_copy()) {
        call(handler, copied(), next_, next_ + 1 == ready_);
        ++next_;
        ++count;
        if (commit_ == Commit::per_event) store_cursor(next_);
      }
    } catch (...) {
      commit_by_itself(next_);
      throw;
    }
    commit_by_itself(next_);
    // Lapped before the first copy was good: nothing was handled, but something was missed; not
    // idle for the caller.
    return {.count = count, .outcome = Poll::events};
  }

  template <class Handler>
  static void call(Handler& handler, Reference event, std::uint64_t sequence, bool end_of_batch) {
    if constexpr (std::invocable<Handler&, Reference, Sequence, bool>) {
      handler(event, Sequence(sequence), end_of_batch);
    } else if constexpr (std::invocable<Handler&, Reference, Sequence>) {
      handler(event, Sequence(sequence));
    } else {
      static_assert(
          std::invocable<Handler&, Reference>,
          "a handler takes (event), (event, sequence) or (event, sequence, end_of_batch)");
      handler(event);
    }
  }

  /// How far it lags behind a batch that is full is looked at now and then only: with small batches
  /// it would cost more than they do.
  static constexpr std::uint64_t often_enough = 64;
  /// A batch begins: [next_, ready_).
  [[gnu::always_inline]] void count_batch() noexcept {
    const std::uint64_t size = ready_ - next_;
    // Dying after it: the next life of this id knows how much may come a second time. Relaxed:
    // nothing is decided by counters.
    counters_->batch_end.store(ready_, std::memory_order_relaxed);
    Tally::add(counters_->batches[batch_class(size)]);
    if (size >= notable_lag_ || next_ % often_enough == 0) [[unlikely]]
      notable_lag_ = core_->note_lag(next_, size, max_batch_);
  }

  /// Unless the user commits by hand.
  void commit_by_itself(std::uint64_t position) noexcept {
    if (commit_ != Commit::by_hand) store_cursor(position);
  }
  /// Everything before `position` is done with. Dying before the store: a successor of our id
  /// handles the batch again. Dying after it, before the bell: a sleeping producer sees it when its
  /// nap ends.
  void store_cursor(std::uint64_t position) noexcept {
    if (cursor_ == nullptr) return;
    // Release: our reading of the slots comes before; pairs with the acquire in Gate::position.
    cursor_->store(position, std::memory_order_release);
    gates_bell_.ring_if_awaited();
  }

  /// What it has committed; 0 for an observer.
  [[nodiscard]] std::uint64_t committed() const noexcept {
    // Relaxed: only we write it.
    return cursor_ == nullptr ? 0 : cursor_->load(std::memory_order_relaxed);
  }

  // --- Leases

  template <class Find>
  Lease<E> take_lease(std::uint64_t most, Find find) {
    if (most == 0) return Lease<E>(Poll::idle);
    do {
      if (const Poll found = find(); found != Poll::events) return Lease<E>(found);
      if (copy_ != nullptr && core_->tells_passed_over()) return Lease<E>(Poll::passed_over);
    } while (copy_ != nullptr && !take_copy());  // overwritten meanwhile
    current_ = nothing_in_hand;  // of an iteration: it is done, as when the next is asked for
    const std::uint64_t first = next_;
    const std::uint64_t count = copy_ == nullptr ? std::min(ready_ - next_, most) : 1;
    count_batch();
    // No look finds anything until the lease has ended, so that nothing of this costs a poll.
    next_ = first + count;
    ready_ = next_;
    batch_after_lease_ = std::exchange(max_batch_, 0);
    return Lease<E>(this, copy_ == nullptr ? nullptr : copy_bytes(), first, next_);
  }
  /// Not inlined: g++ 12 would warn, in the user's code, that the address of a local variable stays
  /// behind; the lease's end takes it back.
  [[gnu::noinline]] void hold(Lease<E>* lease) noexcept { lease_ = lease; }
  /// @param handled up to here; what follows comes again.
  void end_lease(std::uint64_t handled) noexcept {
    lease_ = nullptr;
    max_batch_ = batch_after_lease_;
    next_ = handled;
    ready_ = handled;
    commit_by_itself(handled);
  }

  // --- Observers, and those who may be passed over

  [[nodiscard]] bool is_passed_over() const noexcept {
    // Acquire: pairs with the exchange in `pass_over`; the horizon that follows is looked at next.
    return hold_ != nullptr &&
           (hold_->load(std::memory_order_acquire) & HoldWord::passed_over_flag) != 0;
  }
  void skip_overwritten() noexcept {
    if (lease_ != nullptr) return;  // its end says where to go on
    if (const std::uint64_t first = oldest(); first > next_) {
      missed_ += first - next_;
      // What nobody read is not consumed. Dying before the position is committed: the next life
      // misses, and counts, it again.
      Tally::add(counters_->missed, first - next_);
      Tally::add(counters_->origin, first - next_);
      next_ = first;
      ready_ = first;
    }
  }
  /// Of the events that are not overwritten.
  [[nodiscard]] std::uint64_t oldest() const noexcept {
    // Acquire: the slots we read next are at least as new as this promise.
    return oldest(control_->horizon.load(std::memory_order_acquire));
  }
  [[nodiscard]] std::uint64_t oldest(std::uint64_t horizon) const noexcept {
    return Window::oldest(horizon, slots_.capacity(), core_->segment().shape().first_sequence);
  }

  /// Copies the next event out. @return false if it was overwritten meanwhile; then next_ is where
  /// to go on.
  bool take_copy() noexcept {
    racy_copy(copy_bytes(), slots_.slot(next_), core_->segment().shape().event_size);
    // While our row holds the producers back nobody may write there. Relaxed, after racy_copy's
    // acquire fence: pairs with the release fence in Gate::renew. If any byte came from one that
    // went on without us, this sees the mark.
    if (hold_ != nullptr &&
        (hold_->load(std::memory_order_relaxed) & HoldWord::passed_over_flag) == 0) {
      return true;
    }
    // Relaxed, after racy_copy's acquire fence: pairs with the release fence in Window::open. If
    // any byte came from a later event, this sees the horizon that allowed it.
    if (oldest(control_->horizon.load(std::memory_order_relaxed)) <= next_) return true;
    skip_overwritten();
    return false;
  }

  // --- Iteration

  bool advance() {
    current_ = nothing_in_hand;  // whatever happens below, the event before is done
    if (next_ >= ready_ || copy_ != nullptr) {
      if (lease_ == nullptr) commit_by_itself(next_);
      do {
        ended_ = find_until(never);
        if (ended_ != Poll::events) return false;
        count_batch();
      } while (copy_ != nullptr && !take_copy());            // overwritten meanwhile
      if (commit_ == Commit::per_event) ready_ = next_ + 1;  // a batch of one, and then here again
    }
    ended_ = Poll::events;
    current_ = next_++;
    return true;
  }
  [[nodiscard]] Reference current() const noexcept {
    return copy_ == nullptr ? slots_.event(current_) : copied();
  }

  /// A loop was left, and there is nothing more: what it handled is room for the producer, who may
  /// be waiting for it.
  void finish_loop() noexcept {
    if (current_ == nothing_in_hand) return;
    current_ = nothing_in_hand;
    commit_by_itself(next_);
  }

  /// The event in the caller's hands is not done, unless the caller committed it. Twice is as once:
  /// iterators may be copied.
  void step_back() noexcept {
    if (next_ != current_ + 1 || committed() == next_) return;
    --next_;
    ready_ = next_;
  }

  void leave(bool resigns) {
    if (lease_ != nullptr) lease_->give_back();
    guard_.reset();
    commit_by_itself(next_);
    core_->leave(resigns);
    core_.reset();
  }

  // --- The observer's private copy

  struct alignas(64) Copy {
    std::byte bytes[64];
  };
  static std::size_t copies_for(const format::Shape& shape) {
    return (shape.event_size + shape.event_align + sizeof(Copy) - 1) / sizeof(Copy) + 1;
  }
  [[nodiscard]] std::byte* copy_bytes() const noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(copy_.get());
    const std::uint64_t align = core_->segment().shape().event_align;
    return reinterpret_cast<std::byte*>(copy_.get()) + (align - address % align) % align;
  }
  [[nodiscard]] Reference copied() const noexcept {
    return slots_.geometry().event_at(static_cast<const std::byte*>(copy_bytes()));
  }

  std::unique_ptr<detail::ConsumerCore> core_;
  std::unique_ptr<os::ForkGuard> guard_;
  Slots<E, const std::byte> slots_;
  const format::Control* control_;
  std::atomic<std::uint64_t>* cursor_;      ///< null for an observer
  const std::atomic<std::uint64_t>* hold_;  ///< null for one that cannot be passed over
  Barrier* barrier_;                        ///< null for one that waits for producers only
  bool looks_first_;                        ///< see `look_first`
  HotBell gates_bell_;
  format::Counters* counters_;
  std::uint64_t notable_lag_ = 1;  ///< a batch of so many events may be the largest lag so far
  std::unique_ptr<Copy[]> copy_;
  std::uint64_t next_;   ///< the next sequence to be handled
  std::uint64_t ready_;  ///< known to be published up to here
  std::uint64_t max_batch_;
  Commit commit_;
  bool is_plain_;  ///< events are read in place, and committed per batch
  Lease<E>* lease_ = nullptr;
  std::uint64_t batch_after_lease_ = 0;
  std::uint64_t missed_ = 0;
  std::uint64_t voids_ = 0;
  std::uint64_t voids_first_ = 0;  ///< the latest voids that stand side by side
  std::uint64_t voids_end_ = 0;
  static constexpr std::uint64_t nothing_in_hand = ~std::uint64_t{0} - 1;
  std::uint64_t current_ = nothing_in_hand;  ///< iteration: the sequence in the caller's hands
  Poll ended_ = Poll::idle;
};

}  // namespace disruptor_mp
