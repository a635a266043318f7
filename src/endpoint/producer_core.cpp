// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/endpoint/detail/producer_core.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <utility>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/endpoint/detail/settings.hpp"
#include "disruptor_mp/membership/claims.hpp"
#include "disruptor_mp/membership/counting.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/slots.hpp"

namespace disruptor_mp::detail {
namespace {

using namespace std::chrono_literals;
using format::ProducerPhase;
using os::LockMode;

/// A blocked producer looks for dead consumers at least this often.
constexpr Duration longest_producer_nap = 5ms;
constexpr Duration takeover_pause = 1ms;
/// Whoever removes a ring's name is done in microseconds; even a caller without patience waits for
/// that.
constexpr Duration removal_time = 100ms;

TimePoint deadline_in(Duration timeout) {
  const TimePoint now = os::now();
  return timeout > never - now ? never : now + timeout;
}

format::FenceMode choose_fences(FenceChoice choice) {
  switch (choice) {
    case FenceChoice::asymmetric:
      return format::FenceMode::asymmetric;
    case FenceChoice::portable:
      return format::FenceMode::portable;
    case FenceChoice::automatic:
      break;
  }
  return os::register_for_asymmetric_fences() ? format::FenceMode::asymmetric
                                              : format::FenceMode::portable;
}

std::uint64_t pack_phase(ProducerPhase phase, std::uint32_t incarnation) {
  return static_cast<std::uint64_t>(phase) | (std::uint64_t{incarnation} << 32U);
}

bool is_shared(const Segment& segment) {
  return segment.shape().producer_kind == ProducerKind::multi;
}

std::string id_or_default(const ProducerOptions& options, bool is_shared) {
  if (!options.id.empty()) return options.id;
  return is_shared ? Membership::made_up_id('p') : "producer";
}

void hold_memory(Segment& segment, const ProducerOptions& options) {
  if (options.prefault) segment.prefault();
  if (options.lock_memory) segment.lock_memory();
}

/// What the options leave open, as the environment says. Before anything is made or waited for.
ProducerOptions with_settings(const os::ObjectName& name, ProducerOptions options) {
  if (options.when_full.patience() < Duration::zero()) {
    throw Error(Errc::invalid_option,
                {.object = name.text(),
                 .problem = "the patience of WhenFull::wait_for is negative",
                 .found = std::to_string(options.when_full.patience().count()) + " ns",
                 .expected = "zero or more",
                 .remedy = "Correct the producer's options."});
  }
  options.wait = wait_setting(options.wait, SettingRole::producer);
  return options;
}

[[noreturn]] void fail_exists(const os::ObjectName& name) {
  throw Error(Errc::already_exists, {.object = name.text(),
                                     .problem = "there is already an object of this name",
                                     .found = name.path(),
                                     .expected = "no such name",
                                     .remedy = "Use create_or_attach or attach to go on with it, "
                                               "`dmp clean` if its processes are dead, or "
                                               "another name."});
}

[[noreturn]] void fail_producer_alive(const Segment& segment) {
  std::string holder = "a living producer";
  for (const Participant& participant : list_participants(segment)) {
    if (participant.kind == format::RowKind::producer) holder = describe(participant);
  }
  throw Error(Errc::producer_alive,
              {.object = segment.name(),
               .problem = "the ring has a producer already",
               .found = holder,
               .expected = "none, or a dead one",
               .remedy = "Stop that process, or attach with a timeout to wait for its end."});
}

[[noreturn]] void fail_closed(const Segment& segment, std::string remedy) {
  throw Error(Errc::closed,
              {.object = segment.name(),
               .problem = "the ring was closed",
               .found = "an end of stream at " +
                        std::to_string(segment.control().end.load(std::memory_order_acquire)),
               .expected = "an open ring",
               .remedy = std::move(remedy)});
}

}  // namespace

ProducerCore::ProducerCore(Segment segment, Membership membership, std::uint64_t first,
                           const ProducerOptions& options)
    : segment_(std::move(segment)),
      membership_(std::move(membership)),
      tally_(segment_, membership_.row()),
      fences_(segment_.shape().fence_mode),
      window_(segment_.control(), segment_.shape().capacity, fences_),
      gate_(segment_, first),
      gates_bell_(segment_.bells().gates),
      wait_(options.wait.value_or(WaitStrategy::block())),
      when_full_(options.when_full),
      required_patience_(options.required_patience),
      first_(first),
      limit_(first),
      fork_guard_(&ProducerCore::become_orphan, this) {
  if (!is_shared(segment_)) return;
  limit_ = 0;  // so that the way of the only producer is never taken
  tail_.emplace(segment_, membership_.row(), fences_, options.bias_after, tally_);
  other_claims_.emplace(segment_, membership_.row());
  shared_ = &*tail_;
}

void ProducerCore::become_orphan(void* core) noexcept {
  static_cast<ProducerCore*>(core)->limit_ = 0;
  static_cast<ProducerCore*>(core)->held_limit_ = 0;
  static_cast<ProducerCore*>(core)->burst_end_ = 0;
  static_cast<ProducerCore*>(core)->shared_ = nullptr;
}

void ProducerCore::become_producer(Segment& segment, const Membership& membership,
                                   std::uint64_t next) {
  format::Control& control = segment.control();
  const std::uint64_t producer = control.producer.load(std::memory_order_relaxed);
  const auto incarnation = static_cast<std::uint32_t>(producer >> 32U) + 1;
  const std::uint64_t predecessor = control.producer_row.load(std::memory_order_relaxed);
  if (producer != 0 && predecessor < segment.shape().rows) {
    // A consumer may have got its row since.
    const auto row = static_cast<std::uint32_t>(predecessor);
    const auto status = RowStatus::unpack(segment.row(row).status.load(std::memory_order_acquire));
    if (status.kind == format::RowKind::producer) pause_counting(segment, row, next);
  }
  control.producer_row.store(membership.row(), std::memory_order_relaxed);
  // Release: whoever sees the phase sees the row. We hold the producer lock; dying from here on
  // means "dead".
  control.producer.store(pack_phase(ProducerPhase::active, incarnation), std::memory_order_release);
  Fences(segment.shape().fence_mode).light();  // pairs with the heavy fence of a sleeping consumer
  Bell(segment.bells().data).ring_if_awaited();
  begin_counting(segment, membership.row(), next);
}

std::unique_ptr<ProducerCore> ProducerCore::create(std::string_view name, const EventType& event,
                                                   format::SlotLayout layout,
                                                   const ProducerOptions& given) {
  const auto object_name = os::ObjectName::parse(name);
  const ProducerOptions options = with_settings(object_name, given);
  CorePin pin(object_name.text(), options.core, SettingRole::producer);
  const std::string id = id_or_default(options, options.producers == ProducerKind::multi);
  Membership::require_valid_id(id, object_name.text());
  format::Shape shape;
  shape.capacity = options.capacity;
  shape.rows = options.max_participants;
  shape.slot_layout = layout;
  shape.producer_kind = options.producers;
  shape.fence_mode = choose_fences(options.fences);
  shape.when_alone = options.when_alone;
  shape.first_sequence = options.first_sequence;
  shape.counters = options.counters ? 1 : 0;
  if (options.revoke_stopped_after < Duration::zero()) {
    throw Error(Errc::invalid_option,
                {.object = object_name.text(),
                 .problem = "revoke_stopped_after is negative",
                 .found = std::to_string(options.revoke_stopped_after.count()) + " ns",
                 .expected = "zero, which means never, or more",
                 .remedy = "Correct the producer's options."});
  }
  shape.revoke_stopped_after = static_cast<std::uint64_t>(options.revoke_stopped_after.count());
  Segment segment =
      Segment::create(object_name, event, shape,
                      {.mode = options.mode, .owner = options.owner, .group = options.group},
                      {.huge_pages = options.huge_pages, .numa_node = options.numa_node});
  hold_memory(segment, options);

  // Everything a living producer has is there before the name is: nobody ever sees the ring without
  // us.
  const bool has_one = !is_shared(segment);
  if (has_one && !segment.object().try_lock(format::lock::producer, LockMode::exclusive))
    fail_producer_alive(segment);
  Membership membership = Membership::join(segment, format::RowKind::producer, id, os::now());
  if (!has_one && !options.id.empty()) membership.set_awaited();
  membership.activate(segment, Sequence(options.first_sequence));
  if (has_one) {
    become_producer(segment, membership, options.first_sequence);
  } else {
    begin_counting(segment, membership.row(), options.first_sequence);
  }
  auto core = std::make_unique<ProducerCore>(std::move(segment), std::move(membership),
                                             options.first_sequence, options);
  if (!core->segment_.publish_name()) fail_exists(object_name);  // last: nothing can fail after it
  core->pinned_core_ = pin.keep();
  return core;
}

std::unique_ptr<ProducerCore> ProducerCore::attach(std::string_view name, const EventType& event,
                                                   std::optional<format::SlotLayout> layout,
                                                   const ProducerOptions& given) {
  const auto object_name = os::ObjectName::parse(name);
  const ProducerOptions options = with_settings(object_name, given);
  if (!options.id.empty()) Membership::require_valid_id(options.id, object_name.text());
  const TimePoint deadline = deadline_in(options.timeout);
  return take_over(Segment::attach(object_name, SegmentRole::producer, event, deadline), layout,
                   options, deadline);
}

std::unique_ptr<ProducerCore> ProducerCore::take_over(Segment segment,
                                                      std::optional<format::SlotLayout> layout,
                                                      const ProducerOptions& options,
                                                      TimePoint deadline) {
  try {
    hold_memory(segment, options);
    CorePin pin(segment.name(), options.core, SettingRole::producer);
    auto core = succeed(segment, layout, options, deadline);
    core->pinned_core_ = pin.keep();
    return core;
  } catch (...) {
    let_go(segment);
    throw;
  }
}

std::unique_ptr<ProducerCore> ProducerCore::succeed(Segment& segment,
                                                    std::optional<format::SlotLayout> layout,
                                                    const ProducerOptions& options,
                                                    TimePoint deadline) {
  require_same_layout(segment.header(), layout, segment.name());
  require_this_boot(segment);
  if (is_shared(segment)) return join(segment, options, deadline);

  // Getting the lock proves that the predecessor is gone: none of its stores is still to come.
  while (!segment.object().try_lock(format::lock::producer, LockMode::exclusive)) {
    const TimePoint now = os::now();
    if (now >= deadline) fail_producer_alive(segment);
    os::sleep_until(std::min(deadline, now + takeover_pause));
  }
  const ProducerPresence predecessor = producer_presence(segment);
  const StreamPosition position = stream_position(segment);
  if (!position.is_closed && is_stopped(segment)) {
    // It was about to end the stream. We hold its lock, so nothing comes behind what we see.
    mark_end(segment, position.published.value());
    fail_closed(segment, "Make a new ring; this one was stopped.");
  }
  if (position.is_closed)
    fail_closed(segment, "Make a new ring; this one goes away when its readers have left.");
  const std::uint64_t next = position.published.value();
  if (const std::uint64_t horizon = segment.control().horizon.load(std::memory_order_acquire);
      next > horizon || horizon - next > segment.shape().capacity ||
      next - segment.shape().first_sequence > format::max_stream_length) {
    throw Error(
        Errc::corrupt,
        {.object = segment.name(),
         .problem = "the ring's position contradicts its horizon",
         .found = "position " + std::to_string(next) + ", horizon " + std::to_string(horizon),
         .expected = "a horizon at most one capacity ahead",
         .remedy = "Something wrote into the ring that should not have; make a new one."});
  }
  Membership membership =
      Membership::join(segment, format::RowKind::producer, id_or_default(options, false), deadline);
  membership.activate(segment, position.published);
  become_producer(segment, membership, next);
  auto core =
      std::make_unique<ProducerCore>(std::move(segment), std::move(membership), next, options);
  core->took_over_ = true;
  core->predecessor_ = predecessor;
  return core;
}

std::unique_ptr<ProducerCore> ProducerCore::join(Segment& segment, const ProducerOptions& options,
                                                 TimePoint deadline) {
  const auto require_open = [&] {
    if (stream_position(segment).is_closed)
      fail_closed(segment, "Make a new ring; this one goes away when its readers have left.");
  };
  require_open();
  const ProducerPresence others = producer_presence(segment);
  Membership membership =
      Membership::join(segment, format::RowKind::producer, id_or_default(options, true), deadline);
  const std::uint64_t next = stream_position(segment).published.value();
  if (!options.id.empty()) membership.set_awaited();
  membership.activate(segment, Sequence(next));
  begin_counting(segment, membership.row(), next);
  // Pairs with the fence in close_shared: either the last one to close sees us, or we see its end.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  try {
    require_open();
  } catch (...) {
    membership.leave(segment, false);
    throw;
  }
  Bell(segment.bells().data).ring_if_awaited();
  auto core =
      std::make_unique<ProducerCore>(std::move(segment), std::move(membership), next, options);
  core->took_over_ = true;
  core->predecessor_ = others;
  if (is_stopped(core->segment_)) {
    // Whoever was about to end the stream died, or has not come to it. Now it is ended; if we die
    // before that, by the next one.
    core->stop(next);
    fail_closed(core->segment_, "Make a new ring; this one was stopped.");
  }
  return core;
}

std::unique_ptr<ProducerCore> ProducerCore::create_or_attach(std::string_view name,
                                                             const EventType& event,
                                                             format::SlotLayout layout,
                                                             bool must_match,
                                                             const ProducerOptions& given) {
  const auto object_name = os::ObjectName::parse(name);
  const ProducerOptions options = with_settings(object_name, given);
  if (!options.id.empty()) Membership::require_valid_id(options.id, object_name.text());
  const TimePoint deadline = deadline_in(options.timeout);
  const TimePoint settled = std::max(deadline, os::now() + removal_time);
  for (;; os::sleep_until(os::now() + takeover_pause)) {
    // Looked for once: the timeout is for a predecessor to be gone, not for a ring to appear.
    auto found = Segment::try_attach(object_name, SegmentRole::producer, event);
    if (!found) {
      try {
        return create(name, event, layout, options);
      } catch (const Error& error) {
        // Somebody was faster, or is removing the old object just now.
        if (error.code() != Errc::already_exists || os::now() >= settled) throw;
      }
      continue;
    }
    try {
      return take_over(std::move(*found), must_match ? std::optional(layout) : std::nullopt,
                       options, deadline);
    } catch (const Error& error) {
      if (error.code() != Errc::closed) throw;
      // If it is finished and nobody is attached any more, its name is free for a new one. A
      // required consumer that is away and has not read all of it keeps it.
      auto closed = Segment::try_attach(object_name, SegmentRole::producer, EventType{});
      const bool is_free = !closed || remove_if_finished(*closed);
      if (!is_free && os::now() >= deadline) throw;
    }
  }
}

namespace {

Publish result_of(ConsumerTrouble trouble) {
  return trouble == ConsumerTrouble::stalled ? Publish::consumer_stalled
                                             : Publish::consumer_missing;
}

}  // namespace

std::optional<Publish> ProducerCore::absence() const {
  if (segment_.object().is_orphaned_by_fork()) return Publish::used_after_fork;
  if (closed_) return why_closed();
  return std::nullopt;
}

std::optional<Publish> ProducerCore::refusal(std::uint64_t n) const {
  if (const auto absent = absence()) return absent;
  if (held_limit_ != 0) return Publish::claim_open;
  if (refuses_) return result_of(failure_->trouble);
  if (n == 0 || n > window_.capacity()) return Publish::too_large;
  return std::nullopt;
}

bool ProducerCore::open_window(std::uint64_t next, std::uint64_t n) {
  limit_ = window_.open(next, n, [&] { return gate_.minimum(next) + window_.capacity(); });
  return limit_ - next >= n;
}

Publish ProducerCore::try_room(std::uint64_t next, std::uint64_t n) {
  if (const auto refused = refusal(n)) return *refused;
  if (open_window(next, n)) return Publish::ok;
  // Whoever tries and never waits must still get past the dead.
  gate_.examine_holders(next);
  if (const auto ending = examine_required(next)) return *ending;
  if (open_window(next, n)) return Publish::ok;
  Tally::add(tally_->full);
  return examine_nobody(next, n).value_or(Publish::full);
}

void ProducerCore::note_blocked(TimePoint since, std::uint64_t next) noexcept {
  // Who waits in slices, in between looking after other things, waits since the first of them.
  if (!stuck_ || stuck_->next != next) stuck_ = {.next = next, .since_ns = to_ns(since)};
  held_up_by_ = gate_.slowest_row();
  // Who dies in between, or after it, seems to wait for ever: readers see from its row that it is
  // dead, and its next life clears it (`begin_counting`).
  tally_->blocked_by.store(held_up_by_ ? *held_up_by_ + 1 : 0, std::memory_order_relaxed);
  tally_->blocked_since_ns.store(stuck_->since_ns, std::memory_order_relaxed);
}

void ProducerCore::note_unblocked(TimePoint since, bool has_room) noexcept {
  if (has_room) stuck_.reset();
  const TimePoint now = os::now();
  const auto waited = static_cast<std::uint64_t>((now - since).count());
  Tally::add(tally_->blocked_ns, waited);
  tally_->blocked_since_ns.store(0, std::memory_order_relaxed);
  tally_->last_progress_ns.store(to_ns(now), std::memory_order_relaxed);
  // The one row of which several write two words; not on the way of who is not held up. Which one
  // is remembered here: in the segment others may have written over it. Who dies before it, or
  // between the two, has charged a wait too few.
  if (!held_up_by_) return;
  format::Counters& slowest = *segment_.counters(*held_up_by_);
  slowest.held_up_ns.fetch_add(waited, std::memory_order_relaxed);
  slowest.held_up.fetch_add(1, std::memory_order_relaxed);
}

template <class IsReady>
Publish ProducerCore::wait_while_full(std::uint64_t n, TimePoint deadline, IsReady&& is_ready,
                                      const std::uint64_t& next) {
  if (deadline == as_chosen) {
    const bool is_timed = when_full_.kind() == WhenFull::Kind::wait_for;
    deadline = is_timed ? deadline_in(when_full_.patience()) : never;
  }
  TimePoint away_since = never;
  bool is_gone = false;
  std::optional<Publish> ending;
  Tally::add(tally_->full);
  std::optional<TimePoint> blocked_since;  // short waits read no clock
  const auto give_up = [&] {
    if (tally_.is_shared()) {
      if (!blocked_since) blocked_since = os::now();
      note_blocked(*blocked_since, next);
    }
    if (tail_) revoke_stopped(n);
    // A dead gating consumer stops gating here; a required one is given time to come back.
    const auto absent = gate_.examine_holders(next, looked_after());
    if ((ending = examine_required(next)) || (ending = examine_nobody(next, n))) return true;
    const bool is_held_by_absent = absent.has_value();
    if (is_held_by_absent || gate_.keeps_full_for_nobody(next, n)) {
      // Only somebody who comes can make room, and nobody can find the ring any more.
      is_gone = !segment_.object().is_named();
      if (is_gone) return true;
    }
    if (!is_held_by_absent || (watch_ && watch_->names(absent->id))) {
      away_since = never;
      return false;
    }
    const TimePoint now = os::now();
    away_since = std::min(away_since, now);
    return now - away_since >= required_patience_;
  };
  // Who has failed does not get room by the way, which it would not use.
  const auto may_go_on = [&] { return !ending && is_ready(); };
  const Waiter waiter(wait_, &gates_bell_, fences_, longest_nap(), &tally_);
  const Waiter::Outcome outcome = waiter.wait(deadline, may_go_on, give_up);
  if (blocked_since) note_unblocked(*blocked_since, outcome == Waiter::Outcome::ready);
  switch (outcome) {
    case Waiter::Outcome::ready:
      return Publish::ok;
    case Waiter::Outcome::gave_up:
      if (ending) return *ending;
      return is_gone ? Publish::gone : Publish::consumer_missing;
    case Waiter::Outcome::timed_out:
      break;
  }
  return Publish::timed_out;
}

bool ProducerCore::only_tries(TimePoint deadline) const noexcept {
  return deadline == as_chosen && (when_full_.kind() == WhenFull::Kind::refuse ||
                                   when_full_.kind() == WhenFull::Kind::drop_newest);
}

Publish ProducerCore::refuse_or_drop(Publish tried, std::uint64_t n) noexcept {
  if (tried != Publish::full || when_full_.kind() != WhenFull::Kind::drop_newest) return tried;
  dropped_ += n;
  return Publish::dropped;
}

Publish ProducerCore::wait_for_room(std::uint64_t next, std::uint64_t n, TimePoint deadline) {
  if (const auto refused = refusal(n)) return *refused;
  if (open_window(next, n)) return Publish::ok;
  if (only_tries(deadline)) return refuse_or_drop(try_room(next, n), n);
  return wait_while_full(
      n, deadline, [&] { return open_window(next, n); }, next);
}

// --- One of several producers

SharedTail::Outcome ProducerCore::claim_once(std::uint64_t n, std::uint64_t& first) {
  using Outcome = SharedTail::Outcome;
  // In damaged memory there may seem to be room for ever; then the caller waits as long as it may.
  constexpr int most_rounds = 16;
  for (int round = 0; round < most_rounds; ++round) {
    const Outcome outcome = shared_->claim(n, first);
    if (outcome == Outcome::quarantined) {
      if (!pass_quarantine(n)) return Outcome::no_room;
      continue;
    }
    if (outcome != Outcome::no_room) return outcome;
    const std::uint64_t next = shared_->position();
    // An open claim from there on leaves room for n, and for a step of the window.
    const std::uint64_t room = next + std::max(n, window_.capacity() / 4);
    const std::uint64_t far_enough = room - std::min(room, window_.capacity());
    std::optional<std::uint64_t> unsettled;
    shared_->set_limit(window_.open_shared(next, n, [&] {
      const std::uint64_t minimum = gate_.minimum(next);
      if (gate_.size() != 0) return minimum + window_.capacity();
      // Nobody reads along, so nobody waits for a claim that is still open: we must.
      if (!unsettled) unsettled = other_claims_->first_unsettled(next, far_enough);
      return std::min(minimum, *unsettled) + window_.capacity();
    }));
    if (next + n > shared_->limit()) return outcome;
    // There is room; if others take it before our turn, we look again.
  }
  return Outcome::no_room;
}

bool ProducerCore::pass_quarantine(std::uint64_t n) {
  const std::uint64_t begin = shared_->position();
  const auto room = find_unquarantined(segment_, begin, n);
  // Not beyond the limit: what lies there is still being read.
  if (!room) return false;
  shared_->pass_over(begin, std::min(*room, shared_->limit()));
  fences_.light();  // pairs with the heavy fence of a sleeping consumer, which may skip them now
  Bell(segment_.bells().data).ring_if_awaited();
  return true;
}

void ProducerCore::revoke_stopped(std::uint64_t n) {
  // Consumers do it themselves.
  if (segment_.shape().revoke_stopped_after == 0 || gate_.size() != 0) return;
  const std::uint64_t next = tail_->position();
  if (gate_.keeps_full_for_nobody(next, n)) return;  // it would lose an event and make no room
  const std::uint64_t held = first_unsettled(segment_, membership_.row(), next);
  if (held < next && held + window_.capacity() < next + n)
    static_cast<void>(patience_.revoke_if_due(segment_, held));
}

std::uint64_t ProducerCore::settle(std::uint64_t first, std::uint64_t keep,
                                   std::uint64_t end) noexcept {
  const Slots<Bytes, std::byte> slots(segment_.slots(), segment_.shape());
  std::uint64_t sequence = first;
  while (sequence != keep && slots.publish_unless_revoked(sequence)) ++sequence;
  const std::uint64_t published = sequence - first;
  Tally::add(tally_->given_up, end - sequence);
  // Dying in it: our row covers the rest. Only now, when we do not write there any more.
  for (; sequence != end; ++sequence) slots.give_up(sequence);
  tail_->drop_claim();
  fences_.light();  // pairs with the heavy fence of a sleeping consumer
  Bell(segment_.bells().data).ring_if_awaited();
  return published;
}

bool ProducerCore::publish_in_burst(std::uint64_t sequence) noexcept {
  if (Slots<Bytes, std::byte>(segment_.slots(), segment_.shape())
          .publish_unless_revoked(sequence)) {
    if (sequence + 1 == burst_end_) tail_->drop_claim();
    fences_.light();  // pairs with the heavy fence of a sleeping consumer
    Bell(segment_.bells().data).ring_if_awaited();
    return true;
  }
  settle(sequence, sequence, std::exchange(burst_end_, 0));
  return false;
}

Publish ProducerCore::claim_shared(std::uint64_t n, TimePoint deadline, std::uint64_t& first) {
  using Outcome = SharedTail::Outcome;
  if (const auto refused = refusal(n)) return *refused;
  Outcome outcome = claim_once(n, first);
  if (outcome == Outcome::no_room) {
    if (only_tries(deadline)) return refuse_or_drop(try_claim_shared(n, first), n);
    std::uint64_t next = shared_->position();
    const auto is_ready = [&] {
      outcome = claim_once(n, first);
      next = shared_->position();
      return outcome != Outcome::no_room;
    };
    if (const Publish result = wait_while_full(n, deadline, is_ready, next); result != Publish::ok)
      return result;
  }
  return outcome == Outcome::closed ? why_closed() : Publish::ok;
}

Publish ProducerCore::try_claim_shared(std::uint64_t n, std::uint64_t& first) {
  using Outcome = SharedTail::Outcome;
  if (const auto refused = refusal(n)) return *refused;
  Outcome outcome = claim_once(n, first);
  if (outcome == Outcome::no_room) {
    // Whoever tries and never waits must still get past the dead.
    revoke_stopped(n);
    const std::uint64_t next = shared_->position();
    gate_.examine_holders(next);
    if (const auto ending = examine_required(next)) return *ending;
    outcome = claim_once(n, first);
    if (outcome == Outcome::no_room) {
      Tally::add(tally_->full);
      if (const auto ending = examine_nobody(next, n)) return *ending;
    }
  }
  return outcome == Outcome::claimed  ? Publish::ok
         : outcome == Outcome::closed ? why_closed()
                                      : Publish::full;
}

void ProducerCore::close_shared() {
  shared_ = nullptr;
  tail_->give_up_bias();
  membership_.declare_closed(segment_);
  // Of two who close at the same time at least one sees that the other has closed; pairs also with
  // the fence of one who joins.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!is_kept_open(segment_, membership_.row())) mark_end(segment_, tail_->close());
}

void ProducerCore::close_for_all() {
  if (closed_ || has_left_ || segment_.object().is_orphaned_by_fork()) return;
  closed_ = true;
  refuses_ = true;
  limit_ = 0;
  if (!tail_) return;
  shared_ = nullptr;
  mark_end(segment_, tail_->close());
}

template <class Arrived, class Fail>
void ProducerCore::wait_until_arrived(Duration timeout, Arrived&& arrived, Fail&& fail) {
  const auto is_nameless = [this] { return !segment_.object().is_named(); };
  // Joining consumers ring the gates bell; their dying does not, so the count is also taken anew
  // after every nap.
  const Waiter waiter(WaitStrategy::block(0), &gates_bell_, fences_, longest_producer_nap);
  switch (waiter.wait(deadline_in(timeout), arrived, is_nameless)) {
    case Waiter::Outcome::ready:
      return;
    case Waiter::Outcome::timed_out:
      fail();
      return;
    case Waiter::Outcome::gave_up:
      throw Error(Errc::object_replaced,
                  {.object = segment_.name(),
                   .problem = "nobody can find this ring any more",
                   .found = "its name removed, or leading to another object; there: " +
                            describe_consumers(participants()),
                   .expected = "the name it was created under",
                   .remedy = "Create the ring again; see who removed " +
                             segment_.object().name().path() + "."});
  }
}

void ProducerCore::wait_for_consumers(std::size_t count, Duration timeout) {
  const auto arrived = [&] {
    const auto all = participants();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), holds_producers_back)) >=
           count;
  };
  wait_until_arrived(timeout, arrived, [&] {
    throw Error(Errc::consumers_missing,
                {.object = segment_.name(),
                 .problem = "not enough consumers arrived in time",
                 .found = describe_consumers(participants()),
                 .expected = std::to_string(count) + " living required or gating consumers",
                 .remedy = "Start the missing ones, look at `dmp inspect`, or wait longer."});
  });
}

void ProducerCore::wait_for_consumers(const std::vector<std::string>& ids, Duration timeout) {
  std::vector<std::string> missing;
  const auto arrived = [&] {
    const auto all = participants();
    missing.clear();
    for (const std::string& id : ids) {
      const bool is_there =
          std::any_of(all.begin(), all.end(), [&](const Participant& participant) {
            return participant.id == id && holds_producers_back(participant);
          });
      if (!is_there) missing.push_back(id);
    }
    return missing.empty();
  };
  wait_until_arrived(timeout, arrived, [&] {
    std::string names;
    for (const std::string& id : missing) names += (names.empty() ? "" : ", ") + id;
    throw Error(Errc::consumers_missing,
                {.object = segment_.name(),
                 .problem = "these consumers did not arrive in time: " + names,
                 .found = describe_consumers(participants()),
                 .expected = "all of the awaited ids, alive",
                 .remedy = "Start the missing ones, check their ids, or wait longer."});
  });
}

std::vector<std::string> ProducerCore::discover_consumers(std::string_view prefix,
                                                          std::size_t count, Duration timeout) {
  std::vector<std::string> found;
  const auto arrived = [&] {
    found.clear();
    for (Participant& participant : participants()) {
      if (participant.id.starts_with(prefix) && holds_producers_back(participant))
        found.push_back(std::move(participant.id));
    }
    return found.size() >= count;
  };
  wait_until_arrived(timeout, arrived, [&] {
    throw Error(Errc::consumers_missing,
                {.object = segment_.name(),
                 .problem = "not enough consumers named '" + std::string(prefix) +
                            "…' arrived in time: " + std::to_string(found.size()) + " did",
                 .found = describe_consumers(participants()),
                 .expected = std::to_string(count) + " of that prefix, alive",
                 .remedy = "Start the missing ones, check their ids, or wait longer."});
  });
  std::sort(found.begin(), found.end());
  return found;
}

// --- Liveness

void ProducerCore::enable_liveness(Liveness policy) {
  policy.require_valid(segment_.name());
  const bool passable = policy.failure_action == FailureAction::continue_without;
  std::vector<Participant> all;
  const auto arrived = [&] {
    all = participants();
    return policy.find_missing(all, passable).empty();
  };
  wait_until_arrived(policy.startup_wait_timeout, arrived,
                     [&] { throw policy.explain_missing(segment_.name(), all, passable); });
  watch_.emplace(std::move(policy), all);
  acknowledge_failure();
}

std::span<const std::string> ProducerCore::looked_after() const noexcept {
  return watch_ ? std::span<const std::string>(watch_->policy().required_consumer_ids)
                : std::span<const std::string>();
}

Duration ProducerCore::longest_nap() const noexcept {
  return watch_ ? std::min(watch_->policy().progress_check_interval, longest_producer_nap)
                : longest_producer_nap;
}

std::optional<Publish> ProducerCore::examine_required(std::uint64_t next, bool has_claim) try {
  if (failure_) return result_of(failure_->trouble);
  if (!has_claim && is_stopped(segment_)) {
    // Whoever wrote the reason down has not ended the stream: it died, or is about to.
    stop(next);
    return Publish::stopped;
  }
  if (!watch_) return std::nullopt;
  while (auto alert = watch_->look(segment_, tail_ ? std::nullopt : std::optional(next))) {
    Tally::add(tally_->alerts);
    switch (watch_->action_for(alert->trouble)) {
      case FailureAction::alert_only:
        continue;
      case FailureAction::continue_without:
        if (watch_->release(segment_, alert->consumer_id)) continue;
        break;
      case FailureAction::stop_topology:
        if (has_claim) {
          watch_->postpone(alert->consumer_id);
          return std::nullopt;
        }
        watch_->note_stop(segment_, alert->consumer_id);
        failure_ = std::move(*alert);
        stop(next);
        return Publish::stopped;
      case FailureAction::report:
        break;
    }
    fail(std::move(*alert));
    return result_of(failure_->trouble);
  }
  return std::nullopt;
} catch (const std::bad_alloc&) {
  return std::nullopt;  // publish never throws; the question is asked again
}

std::optional<Publish> ProducerCore::examine_nobody(std::uint64_t next, std::uint64_t n) try {
  if (!watch_ || !gate_.keeps_full_for_nobody(next, n)) return std::nullopt;
  auto alert = watch_->find_passed_over(segment_);
  if (!alert) return std::nullopt;
  fail(std::move(*alert));
  return result_of(failure_->trouble);
} catch (const std::bad_alloc&) {
  return std::nullopt;  // publish never throws; the question is asked again
}

void ProducerCore::stop(std::uint64_t next) {
  if (tail_) {
    close_for_all();
  } else {
    close(next);
  }
}

void ProducerCore::fail(ConsumerAlert failure) noexcept {
  failure_ = std::move(failure);
  refuses_ = true;
  // So that every call asks, and is refused. What is claimed already may still be published.
  limit_ = 0;
  if (tail_) tail_->set_limit(0);
}

const std::optional<ConsumerAlert>& ProducerCore::watch(std::uint64_t next, bool has_claim) {
  if (!absence() && !has_left_) examine_required(next, has_claim);
  return failure_;
}

void ProducerCore::acknowledge_failure() noexcept {
  if (!failure_) return;
  if (watch_) watch_->forget(failure_->consumer_id);
  failure_.reset();
  refuses_ = closed_;
}

void ProducerCore::close(std::uint64_t next) {
  if (closed_ || has_left_ || segment_.object().is_orphaned_by_fork()) return;
  closed_ = true;
  refuses_ = true;
  limit_ = 0;
  if (tail_) {
    close_shared();
    return;
  }
  segment_.control().published.store(
      next, std::memory_order_release);  // exact, for whoever looks at a finished stamped ring
  mark_end(segment_, next);
}

void ProducerCore::mark_end(Segment& segment, std::uint64_t end) {
  // Release: whoever sees the end sees all events before it. Dying before: the ring is open and its
  // producer dead.
  segment.control().end.store(end, std::memory_order_release);
  // Pairs with the heavy fence of a sleeping consumer.
  Fences(segment.shape().fence_mode).light();
  Bell(segment.bells().data).ring_if_awaited();
}

void ProducerCore::leave(std::uint64_t next) noexcept {
  if (has_left_ || segment_.object().is_orphaned_by_fork()) return;
  has_left_ = true;
  if (tail_) {
    shared_ = nullptr;
    tail_->give_up_bias();
    membership_.leave(segment_, false);
  } else {
    format::Control& control = segment_.control();
    control.published.store(next, std::memory_order_release);
    const auto incarnation =
        static_cast<std::uint32_t>(control.producer.load(std::memory_order_relaxed) >> 32U);
    // Phase first, lock second: whoever finds the lock free knows whether we left or died.
    control.producer.store(pack_phase(ProducerPhase::left, incarnation), std::memory_order_release);
    membership_.leave(segment_, false);
    segment_.object().unlock(format::lock::producer);
  }
  fences_.light();  // pairs with the heavy fence of a sleeping consumer
  Bell(segment_.bells().data).ring_if_awaited();
  let_go(segment_);
}

std::vector<Participant> ProducerCore::participants() const {
  return list_participants(segment_, membership_.row());
}

std::optional<Participant> ProducerCore::slowest_consumer() const {
  const auto row = gate_.slowest_row();
  for (Participant& participant : participants()) {
    if (row == participant.row) return std::move(participant);
  }
  return std::nullopt;
}

std::uint64_t ProducerCore::remaining_capacity(std::uint64_t next) {
  if (closed_ || held_limit_ != 0 || segment_.object().is_orphaned_by_fork()) return 0;
  const std::uint64_t end = tail_ ? claimed_end(segment_) : next;
  const std::uint64_t unread = end - std::min(end, gate_.minimum(end));
  const std::uint64_t capacity = segment_.shape().capacity;
  return capacity - std::min(capacity, unread);
}

}  // namespace disruptor_mp::detail
