// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/endpoint/burst.hpp"
#include "disruptor_mp/endpoint/claim.hpp"
#include "disruptor_mp/endpoint/detail/explain.hpp"
#include "disruptor_mp/endpoint/detail/producer_core.hpp"
#include "disruptor_mp/endpoint/options.hpp"
#include "disruptor_mp/membership/progress.hpp"
#include "disruptor_mp/metrics/counters.hpp"
#include "disruptor_mp/os/fork_guard.hpp"
#include "disruptor_mp/ring/bell.hpp"
#include "disruptor_mp/ring/slots.hpp"

namespace disruptor_mp {

/// Publishes events into a ring. Not thread-safe (one thread at a time, moved between threads only
/// with synchronisation). A ring has one producer at a time, or any number of them, each with a
/// Producer of its own, if it was made with `producers = ProducerKind::multi`.
///
/// Guarantees: an event whose publish returned `ok` reaches every required and gating consumer, at
/// least once, whoever dies; events are seen in the order of publication; everything the producer
/// wrote before publishing (in shared or private memory) happens before its consumers' reading of
/// the event. Publishing makes no system call, takes no lock, allocates nothing and reads no clock
/// while there is room.
///
/// If the process dies between two events, inside `publish`, or with a claim open, consumers never
/// see a half-made event; they see `Poll::producer_dead`, and a successor that attaches goes on
/// after the last published event.
///
/// Several producers: consumers see one order, in which each producer's events keep theirs. Slots
/// are claimed before they are filled, so a claim that is given up, by its producer or by its
/// death, leaves sequences at which there is nothing; consumers skip and count them (`voids`). A
/// producer that is stopped in the middle of an event is waited for, unless the ring was made with
/// `revoke_stopped_after`: then its claim may be revoked, and its publish returns `revoked`.
template <class E>
class Producer {
 public:
  /// `E&`; of events of a size known at run time, a span of bytes.
  using Reference = typename SlotGeometry<E>::Reference;

  /// Makes a new ring. Nobody sees it before it is complete; if the process dies earlier, nothing
  /// remains.
  /// @throws Error{invalid_name, invalid_option, already_exists, no_space, permission_denied,
  /// locks_unsupported,
  ///               membarrier_unavailable}
  static Producer create(std::string_view name,
                         const ProducerOptions& options = {}) requires(!std::same_as<E, Bytes>) {
    return Producer(
        detail::ProducerCore::create(name, event_type_of<E>(), slot_layout_of<E>, options));
  }
  /// As above, for events whose size is only known now.
  static Producer create(std::string_view name, const EventType& event,
                         const ProducerOptions& options = {}) requires std::same_as<E, Bytes> {
    return Producer(detail::ProducerCore::create(name, event, layout_for(event, options), options));
  }

  /// Joins a ring of several producers, at once, for as long as it is open. Takes over a ring of
  /// one producer whose producer has left or died: goes on at `next_sequence()`, right after the
  /// last event that was published. Waits up to `options.timeout` for the ring to appear and the
  /// predecessor to be gone.
  /// @throws Error{not_found, producer_alive, closed, earlier_boot, event_…_mismatch,
  /// version_mismatch, …}
  static Producer attach(std::string_view name,
                         const ProducerOptions& options = {}) requires(!std::same_as<E, Bytes>) {
    return Producer(
        detail::ProducerCore::attach(name, event_type_of<E>(), slot_layout_of<E>, options));
  }
  /// As above; `event.size == 0` accepts whatever the ring holds.
  static Producer attach(std::string_view name, const EventType& event,
                         const ProducerOptions& options = {}) requires std::same_as<E, Bytes> {
    return Producer(detail::ProducerCore::attach(name, event, std::nullopt, options));
  }

  /// Takes over the ring if there is one, else makes it: what a service does that may be restarted
  /// at any time. A ring that was closed and that nobody uses any more is replaced by a new one.
  /// Waits up to `options.timeout` for a predecessor to be gone, never for a ring to appear.
  static Producer create_or_attach(
      std::string_view name,
      const ProducerOptions& options = {}) requires(!std::same_as<E, Bytes>) {
    return Producer(detail::ProducerCore::create_or_attach(name, event_type_of<E>(),
                                                           slot_layout_of<E>, true, options));
  }
  /// As above, for events whose size is only known now.
  static Producer create_or_attach(
      std::string_view name, const EventType& event,
      const ProducerOptions& options = {}) requires std::same_as<E, Bytes> {
    return Producer(detail::ProducerCore::create_or_attach(name, event, layout_for(event, options),
                                                           false, options));
  }

  /// A claim or burst that is open is given up.
  [[gnu::always_inline]] Producer(Producer&& other) noexcept
      : core_((other.bury_open_claim(), std::move(other.core_))),
        slots_(other.slots_),
        control_(other.control_),
        data_bell_(other.data_bell_),
        next_(other.next_) {}
  Producer(const Producer&) = delete;
  Producer& operator=(Producer&&) = delete;
  /// Closes the ring, unless `detach` was called, and leaves it.
  [[gnu::always_inline]] ~Producer() {
    if (!core_) return;
    close();
    core_->leave(next_);
  }

  // --- Publishing
  // -------------------------------------------------------------------------------------------------

  /// Publishes a copy of the event. Waits while the ring is full, without limit as long as those
  /// who hold it full are alive, unless `ProducerOptions::when_full` says otherwise.
  [[gnu::always_inline]] Publish publish(const E& event) requires(!std::same_as<E, Bytes>) {
    return publish([&event](E& slot) { slot = event; });
  }
  /// Publishes an event that `fill(E&)` writes in place. The slot holds old bytes: fill every
  /// field. If `fill` throws, nothing is published.
  template <std::invocable<Reference> Fill>
  [[gnu::always_inline]] Publish publish(Fill&& fill) {
    if (known_room() == 0) [[unlikely]] {
      if (SharedTail* const tail = core_->shared()) return publish_shared(*tail, fill, as_chosen);
      if (const Publish result = core_->wait_for_room(next_, 1, as_chosen); result != Publish::ok) {
        return result;
      }
    }
    return publish_one(fill);
  }

  /// Publishes if there is room at once, else returns `full`.
  [[nodiscard]] Publish try_publish(const E& event) requires(!std::same_as<E, Bytes>) {
    return try_publish([&event](E& slot) { slot = event; });
  }
  /// As above, for an event that `fill(E&)` writes in place.
  template <std::invocable<Reference> Fill>
  [[nodiscard]] Publish try_publish(Fill&& fill) {
    if (known_room() == 0) [[unlikely]] {
      if (SharedTail* const tail = core_->shared()) return publish_shared(*tail, fill, at_once);
      if (const Publish result = core_->try_room(next_, 1); result != Publish::ok) return result;
    }
    return publish_one(fill);
  }

  /// Waits for room until the deadline, then returns `timed_out`.
  [[nodiscard]] Publish publish_until(TimePoint deadline,
                                      const E& event) requires(!std::same_as<E, Bytes>) {
    return publish_until(deadline, [&event](E& slot) { slot = event; });
  }
  /// As above, for an event that `fill(E&)` writes in place.
  template <std::invocable<Reference> Fill>
  [[nodiscard]] Publish publish_until(TimePoint deadline, Fill&& fill) {
    if (known_room() == 0) [[unlikely]] {
      if (SharedTail* const tail = core_->shared()) return publish_shared(*tail, fill, deadline);
      if (const Publish result = core_->wait_for_room(next_, 1, deadline); result != Publish::ok)
        return result;
    }
    return publish_one(fill);
  }

  /// Claims `count` slots (1 to capacity), all or none, to be filled in place and published
  /// together. Waits while there is no room, as publish does. Events of a claim become visible in
  /// order; a consumer may see the first ones a moment earlier.
  [[nodiscard, gnu::always_inline]] Claim<E> claim(std::size_t count) {
    return claim_until(as_chosen, count);
  }
  /// As claim; waits until the deadline, then the claim is empty and its status `timed_out`.
  [[nodiscard, gnu::always_inline]] Claim<E> claim_until(TimePoint deadline, std::size_t count) {
    if (count - 1 >= known_room()) [[unlikely]] {
      if (const Publish result = make_room(count, deadline); result != Publish::ok)
        return Claim<E>(result);
    }
    core_->hold_limit();
    return Claim<E>(this, next_, count);
  }
  /// As claim; never waits: without room it is empty and its status `full`.
  [[nodiscard]] Claim<E> try_claim(std::size_t count) {
    if (count - 1 >= known_room()) [[unlikely]] {
      if (const Publish result = make_room(count, at_once); result != Publish::ok)
        return Claim<E>(result);
    }
    core_->hold_limit();
    return Claim<E>(this, next_, count);
  }

  /// Claims `count` slots (1 to capacity), all or none, to be published one by one; each event is
  /// visible at once. Waits while there is no room, as publish does. In a ring of several producers
  /// this is how a stream of single events is published fast; `publish` claims anew for each.
  [[nodiscard, gnu::always_inline]] Burst<E> burst(std::size_t count) {
    return burst_until(as_chosen, count);
  }
  /// As burst; waits until the deadline, then its status is `timed_out`.
  [[nodiscard, gnu::always_inline]] Burst<E> burst_until(TimePoint deadline, std::size_t count) {
    return Burst<E>(this, begin_burst(count, deadline));
  }
  /// As burst; never waits: without room its status is `full`.
  [[nodiscard]] Burst<E> try_burst(std::size_t count) {
    return Burst<E>(this, begin_burst(count, at_once));
  }

  /// Ends the stream: consumers get `Poll::closed` after the last event. Idempotent; final for the
  /// ring. Of several producers: for this one; the ring ends when the last of them has closed. One
  /// that died and has an id of its own choice, or left without closing, keeps it open: consumers
  /// get `producer_dead` or `producer_left` when no other lives. The first may come back under its
  /// id; the second is succeeded by whoever joins next.
  [[gnu::always_inline]] void close() {
    bury_open_claim();
    core_->close(next_);
  }
  /// Of several producers: ends the stream for all. The others' open claims are still published;
  /// their next publish returns `closed`. Of one producer: the same as close.
  void close_for_all() {
    if (core_->shared() == nullptr) return close();
    bury_open_claim();
    core_->close_for_all();
  }

  /// Leaves the ring open for a successor (`Poll::producer_left`). Afterwards the object may only
  /// be destroyed.
  void detach() {
    bury_open_claim();
    core_->leave(next_);
    core_.reset();
  }

  // --- Coordination
  // -----------------------------------------------------------------------------------------------

  /// Waits until at least `count` required or gating consumers are attached and alive.
  /// @throws Error{consumers_missing} that says who is there.
  void wait_for_consumers(std::size_t count, Duration timeout) {
    core_->wait_for_consumers(count, timeout);
  }
  /// Waits until consumers of all these ids are attached and alive.
  /// @throws Error{consumers_missing} that says who is there and who is missing.
  void wait_for_consumers(const std::vector<std::string>& ids, Duration timeout) {
    core_->wait_for_consumers(ids, timeout);
  }

  /// Waits until at least `count` consumers whose ids begin with `prefix` are attached and alive.
  /// @return their ids, sorted; for `Liveness::required_consumer_ids`, for example.
  /// @throws Error{consumers_missing} that says who is there.
  std::vector<std::string> discover_consumers(std::string_view prefix, std::size_t count,
                                              Duration timeout) {
    return core_->discover_consumers(prefix, count, timeout);
  }

  // --- Liveness (docs/liveness.md)
  // -----------------------------------------------------------------------------------------------

  /// Waits until all consumers that the policy requires are there, then keeps to it: while this
  /// producer waits for room, is refused it, or asks (`watch`), it looks after them. Replaces an
  /// earlier policy.
  /// @throws Error{consumers_missing} that says who is there and who is missing, and
  /// Error{invalid_option, invalid_name}; what held before then holds still.
  void enable_liveness(Liveness policy) { core_->enable_liveness(std::move(policy)); }
  /// Looks after the required consumers while nothing is published; to be called at least every
  /// quarter of `progress_timeout`, because longer pauses do not count in full.
  /// @return as `failure`.
  const std::optional<ConsumerAlert>& watch() {
    return core_->watch(next_, open_claim_ != 0 || core_->holds_limit());
  }
  /// The required consumer whose time was over, if there was one and nobody has acknowledged it.
  /// Until then nothing is published: every publish and claim returns `consumer_stalled` or
  /// `consumer_missing`. A claim or burst that was open may be brought to its end. After
  /// `stop_topology`, why it was: then there is nothing to acknowledge.
  [[nodiscard]] const std::optional<ConsumerAlert>& failure() const noexcept {
    return core_->failure();
  }
  /// Goes on publishing. If the consumer has not recovered, it has all its time once more.
  void acknowledge_failure() noexcept { core_->acknowledge_failure(); }
  /// What the policy has seen so far.
  [[nodiscard]] LivenessCounters liveness_counters() const noexcept {
    return core_->liveness_counters();
  }

  // --- Questions
  // --------------------------------------------------------------------------------------------------

  /// The sequence of the event to be published next. Of several producers: one past this one's
  /// latest event.
  [[nodiscard]] Sequence next_sequence() const noexcept { return Sequence(next_); }
  /// Slots of the ring.
  [[nodiscard]] std::uint64_t capacity() const noexcept { return slots_.capacity(); }
  /// Whether this producer took over an existing ring.
  [[nodiscard]] bool took_over() const noexcept { return core_->took_over(); }
  /// What had become of the producer it took the ring over from: dead or left.
  [[nodiscard]] ProducerPresence predecessor() const noexcept { return core_->predecessor(); }
  /// Everybody in the table, this producer included. Some system calls; not for the fast path.
  [[nodiscard]] std::vector<Participant> participants() const { return core_->participants(); }
  /// Who held this producer back when it looked last.
  [[nodiscard]] std::optional<Participant> slowest_consumer() const {
    return core_->slowest_consumer();
  }
  /// A failed publish or claim of `count` events, told in full: which ring, what was found, what to
  /// do. For messages; some system calls.
  [[nodiscard]] Error explain(Publish result, std::size_t count = 1) const {
    return detail::explain(*core_, result, count);
  }
  /// How many events `WhenFull::drop_newest` has dropped; a claim or burst of n counts as n.
  [[nodiscard]] std::uint64_t dropped() const noexcept { return core_->dropped(); }
  /// How it waits for room, by its option or by the environment.
  [[nodiscard]] WaitStrategy wait_strategy() const noexcept { return core_->wait_strategy(); }
  /// The core to which its thread was pinned when it was made; nothing: it was not.
  [[nodiscard]] std::optional<unsigned> pinned_core() const noexcept {
    return core_->pinned_core();
  }
  /// How many events could be published just now without waiting: none while a claim or burst is
  /// open. See progress.hpp for what these say in detail; they change nothing that others see.
  [[nodiscard]] std::uint64_t remaining_capacity() {
    return open_claim_ != 0 ? 0 : core_->remaining_capacity(next_);
  }
  /// The newest event of the stream, whoever published it.
  [[nodiscard]] std::optional<Sequence> last_published() const {
    return disruptor_mp::last_published(core_->segment());
  }
  /// Who holds producers back furthest, found anew; the minimum gating position is its `cursor`.
  [[nodiscard]] std::optional<Participant> slowest_gating() const {
    return disruptor_mp::slowest_gating(core_->segment(), core_->row());
  }
  /// Whether all who hold producers back have committed this event.
  [[nodiscard]] bool is_consumed(Sequence sequence) const {
    return disruptor_mp::is_consumed(core_->segment(), sequence, core_->row());
  }
  /// Waits for that. @return false at the deadline, or if it will never be published.
  [[nodiscard]] bool wait_until_consumed(Sequence sequence, TimePoint deadline) const {
    return disruptor_mp::wait_until_consumed(core_->segment(), sequence, deadline, core_->row());
  }
  /// What the ring's memory is made of, and why it is not what was asked for.
  [[nodiscard]] MemoryReport memory() const { return memory_report(core_->segment()); }
  /// A counter of the application's own, kept in the ring beside this producer's; see UserCounter.
  /// At most 8. In a ring without counters nobody sees it.
  /// @throws Error{invalid_option}: an id below 0x100, an invalid label, another label for the same
  /// id, no room
  [[nodiscard]] UserCounter counter(std::uint32_t id, std::string_view label) {
    return user_counter(*core_->tally(), id, label, core_->segment().name());
  }
  /// The ring itself, for tools: what roster.hpp and housekeeping.hpp ask.
  [[nodiscard]] const Segment& segment() const noexcept { return core_->segment(); }

 private:
  friend class Burst<E>;
  friend class Claim<E>;

  explicit Producer(std::unique_ptr<detail::ProducerCore> core)
      : core_(std::move(core)),
        slots_(core_->segment().slots(), core_->segment().shape()),
        control_(&core_->segment().control()),
        data_bell_(core_->segment().bells().data, core_->fences(), core_->tally().wake_ups()),
        next_(core_->first()) {}

  static format::SlotLayout layout_for(const EventType& event, const ProducerOptions& options) {
    return options.producers == ProducerKind::multi ? format::SlotLayout::stamped
                                                    : default_slot_layout(event.size);
  }

  /// Sequences that may be written without looking at anybody.
  [[nodiscard]] std::uint64_t known_room() const noexcept {
    // Behind next_: closed, or in the child of a fork.
    const std::uint64_t limit = core_->limit();
    return limit > next_ ? limit - next_ : 0;
  }

  static constexpr TimePoint at_once = TimePoint::min();
  static constexpr TimePoint as_chosen = detail::ProducerCore::as_chosen;

  [[gnu::always_inline]] Publish make_room(std::size_t count, TimePoint deadline) {
    if (SharedTail* const tail = core_->shared()) {
      if (open_claim_ != 0) [[unlikely]]
        return Publish::claim_open;
      const Claimed claimed = claim_shared(*core_, *tail, slots_.capacity(), count, deadline);
      if (claimed.result != Publish::ok) return claimed.result;
      next_ = claimed.first;
      open_claim_ = count;
      return Publish::ok;
    }
    return deadline == at_once ? core_->try_room(next_, count)
                               : core_->wait_for_room(next_, count, deadline);
  }

  // --- Bursts

  [[gnu::always_inline]] Publish begin_burst(std::size_t count, TimePoint deadline) {
    if (count - 1 >= known_room()) [[unlikely]] {
      if (const Publish result = make_room(count, deadline); result != Publish::ok) return result;
    }
    core_->hold_limit();
    core_->set_burst_end(next_ + count);
    return Publish::ok;
  }
  /// A burst has published everything below `next` and gives the rest up.
  [[gnu::always_inline]] void end_burst(std::uint64_t next) noexcept {
    // Closed or left: it ended there. Forked: it is the parent's.
    if (core_ == nullptr || core_->burst_end() == 0) return;
    const std::uint64_t end = core_->burst_end();
    core_->set_burst_end(0);
    core_->release_limit();
    next_ = next;
    open_claim_ = 0;
    // In order, and last of all: the last slot of a claim tells of all of them.
    // (Where claims may be revoked the row covers only what is not settled.)
    if ((next != end || core_->revokes()) && core_->shared() != nullptr) [[unlikely]]
      give_up(*core_, slots_, data_bell_, next, end);
  }
  /// How far an open burst has come is known only to itself; but the slots tell.
  [[gnu::noinline, gnu::cold]] static std::uint64_t settled_end(const detail::ProducerCore& core,
                                                                Slots<E, std::byte> slots,
                                                                const format::Control& control,
                                                                std::uint64_t first,
                                                                std::uint64_t end) noexcept {
    return core.shared() != nullptr ? slots.settled_end(first, end)
                                    : slots.published_end(control, first, end);
  }

  // --- One of several producers. What is not inlined gets and returns values: a function that knew
  // our address would keep also the only producer of a ring out of registers.

  struct Claimed {
    Publish result;
    std::uint64_t first;
  };

  [[gnu::always_inline]] static Claimed claim_shared(detail::ProducerCore& core, SharedTail& tail,
                                                     std::uint64_t capacity, std::uint64_t count,
                                                     TimePoint deadline) {
    std::uint64_t first = 0;
    if (count - 1 < capacity && tail.claim(count, first) == SharedTail::Outcome::claimed) [[likely]]
      return {Publish::ok, first};
    return wait_to_claim(core, count, deadline);
  }
  [[gnu::noinline]] static Claimed wait_to_claim(detail::ProducerCore& core, std::uint64_t count,
                                                 TimePoint deadline) {
    std::uint64_t first = 0;
    const Publish result = deadline == at_once ? core.try_claim_shared(count, first)
                                               : core.claim_shared(count, deadline, first);
    return {result, first};
  }

  template <class Fill>
  [[gnu::always_inline]] Publish publish_shared(SharedTail& tail, Fill& fill, TimePoint deadline) {
    // Our row has room for one claim: whoever dies has to be found by it.
    if (open_claim_ != 0) [[unlikely]]
      return Publish::claim_open;
    const Claimed claimed = claim_shared(*core_, tail, slots_.capacity(), 1, deadline);
    if (claimed.result != Publish::ok) return claimed.result;
    next_ = claimed.first;
    std::byte* const slot = slots_.slot(claimed.first);
    try {
      // Dying in here: our row covers the sequence, and who waits for it finds us dead.
      fill(slots_.geometry().event_at(slot));
    } catch (...) {
      give_up(*core_, slots_, data_bell_, claimed.first, claimed.first + 1);
      throw;
    }
    next_ = claimed.first + 1;
    if (tail.revokes()) [[unlikely]]
      return publish_unless_revoked(*core_, claimed.first);
    // As in publish_one.
    slots_.publish_one(*control_, slot, claimed.first);
    data_bell_.ring_if_awaited();
    return Publish::ok;
  }
  [[gnu::noinline, gnu::cold]] static Publish publish_unless_revoked(detail::ProducerCore& core,
                                                                     std::uint64_t sequence) {
    return core.settle(sequence, sequence + 1, sequence + 1) == 1 ? Publish::ok : Publish::revoked;
  }

  [[gnu::noinline, gnu::cold]] static void give_up(detail::ProducerCore& core,
                                                   Slots<E, std::byte> slots, HotBell bell,
                                                   std::uint64_t first,
                                                   std::uint64_t end) noexcept {
    if (core.revokes()) {
      core.settle(first, first, end);
      return;
    }
    slots.bury(first, end);
    Tally::add(core.tally()->given_up, end - first);
    bell.ring_if_awaited();
  }

  [[gnu::always_inline]] void bury_open_claim() noexcept {
    if (core_ != nullptr && core_->burst_end() != 0) [[unlikely]]
      end_burst(settled_end(*core_, slots_, *control_, next_, core_->burst_end()));
    if (core_ != nullptr) core_->release_limit();
    if (open_claim_ == 0) return;
    // Closed, left, or forked: buried already, or the parent's.
    if (core_ != nullptr && core_->shared() != nullptr)
      give_up(*core_, slots_, data_bell_, next_, next_ + open_claim_);
    open_claim_ = 0;
  }
  /// For a claim that goes without being published.
  void abandon_claim() noexcept { bury_open_claim(); }

  template <class Fill>
  [[gnu::always_inline]] Publish publish_one(Fill& fill) {
    // Locals, because the compiler must assume that the event overlaps our members.
    const std::uint64_t sequence = next_;
    std::byte* const slot = slots_.slot(sequence);
    // Dying anywhere in here leaves bytes in a slot that nobody looks at before it is published.
    fill(slots_.geometry().event_at(slot));
    // The publish point: one release store. Dying before it: not published. Dying after it, before
    // the bell: published; sleepers see it when their nap ends.
    slots_.publish_one(*control_, slot, sequence);
    next_ = sequence + 1;
    data_bell_.ring_if_awaited();
    return Publish::ok;
  }

  struct Committed {
    Publish result;
    std::uint64_t count;
  };
  /// The same for a claim where it may be revoked. The slots are ours until it is settled.
  [[gnu::noinline]] static Committed commit_unless_revoked(detail::ProducerCore& core,
                                                           Slots<E, std::byte> slots,
                                                           std::uint64_t first, std::uint64_t count,
                                                           std::uint64_t size,
                                                           const Staging<E>& staging) noexcept {
    slots.unstage(first, first + count, staging);
    const std::uint64_t published = core.settle(first, first + count, first + size);
    return {published == count ? Publish::ok : Publish::revoked, published};
  }

  /// The same for a claim.
  [[gnu::always_inline]] Committed commit(std::uint64_t count, const Staging<E>& staging) noexcept {
    std::uint64_t given_up = 0;
    if (core_ == nullptr || !core_->release_limit()) [[unlikely]] {
      // One of several; or closed or left meanwhile, or the claim is the parent's, and then it
      // counts as abandoned.
      if (core_ == nullptr) return {Publish::closed, 0};
      if (core_->shared() == nullptr) return {core_->why_abandoned(), 0};
      if (core_->shared()->revokes()) {
        const std::uint64_t first = std::exchange(next_, next_ + count);
        return commit_unless_revoked(*core_, slots_, first, count, std::exchange(open_claim_, 0),
                                     staging);
      }
      given_up = open_claim_ - count;
      open_claim_ = 0;
    }
    slots_.publish(*control_, next_, next_ + count, staging);
    next_ += count;
    // In this order: the last slot of a claim tells of all of them (`first_unsettled`).
    if (given_up != 0) [[unlikely]]
      give_up(*core_, slots_, data_bell_, next_, next_ + given_up);
    data_bell_.ring_if_awaited();
    return {Publish::ok, count};
  }

  std::unique_ptr<detail::ProducerCore> core_;
  Slots<E, std::byte> slots_;
  format::Control* control_;
  HotBell data_bell_;
  std::uint64_t next_;  ///< the sequence to be published next
  std::uint64_t open_claim_ =
      0;  ///< of several producers: how many slots are claimed from next_ on
};

}  // namespace disruptor_mp
