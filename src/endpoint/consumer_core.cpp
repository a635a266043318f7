// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/endpoint/detail/consumer_core.hpp"

#include <algorithm>
#include <utility>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/endpoint/detail/explain.hpp"
#include "disruptor_mp/endpoint/detail/settings.hpp"
#include "disruptor_mp/membership/claims.hpp"
#include "disruptor_mp/membership/counting.hpp"
#include "disruptor_mp/os/process.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/shared_tail.hpp"
#include "disruptor_mp/ring/slots.hpp"

namespace disruptor_mp::detail {
namespace {

using namespace std::chrono_literals;

constexpr Duration probe_period = 1ms;

[[noreturn]] void invalid(const os::ObjectName& name, std::string problem, std::string found,
                          std::string expected) {
  throw Error(Errc::invalid_option, {.object = name.text(),
                                     .problem = std::move(problem),
                                     .found = std::move(found),
                                     .expected = std::move(expected),
                                     .remedy = "Correct the consumer's options."});
}

void require_valid_after(const os::ObjectName& name, const ConsumerOptions& options) {
  if (options.predecessor_patience < Duration::zero()) {
    invalid(name, "predecessor_patience is negative",
            std::to_string(options.predecessor_patience.count()) + " ns", "zero or more");
  }
  if (options.after.empty()) return;
  if (options.kind == ConsumerKind::observer) {
    invalid(name, "an observer leaves no trace, so it cannot declare whom it waits for",
            "after " + options.after.front(), "a gating or required consumer");
  }
  for (const std::string& id : options.after) {
    Membership::require_valid_id(id, name.text());
    if (id == options.id)
      invalid(name, "a consumer cannot wait for itself", "after " + id, "other ids");
    if (std::count(options.after.begin(), options.after.end(), id) > 1)
      invalid(name, "after names one consumer twice", id, "each id once");
  }
  if (const std::size_t length = after_length(options.after); length > format::max_after_length) {
    invalid(name, "the ids of after are too long together",
            std::to_string(options.after.size()) + " ids, " + std::to_string(length) +
                " characters with the commas between them",
            "at most " + std::to_string(format::max_after_length) + " characters");
  }
}

void require_valid(const os::ObjectName& name, const ConsumerOptions& options) {
  if (options.max_batch == 0) invalid(name, "max_batch is zero", "0", "at least 1");
  require_valid_after(name, options);
  if (options.kind == ConsumerKind::observer) {
    if (options.start == Start::resume) {
      invalid(name, "an observer leaves no trace to resume from", "start = resume",
              "oldest or latest");
    }
    return;
  }
  if (!options.id.empty()) {
    Membership::require_valid_id(options.id, name.text());
  } else if (options.kind == ConsumerKind::required || options.start == Start::resume) {
    invalid(name, "a required or resuming consumer must have an id of its own", "no id",
            "an id that is the same after a restart");
  }
}

bool is_there(const Participant& participant) {
  return participant.presence == Participant::Presence::alive ||
         participant.presence == Participant::Presence::stopped;
}

/// Nobody can wait for one who leaves no trace.
void require_not_awaited(const Segment& segment, const std::string& id) {
  // Most rings have no graph, and one word of each row says so. Relaxed: who declares just now may
  // be missed as well as one who declares a moment later.
  bool has_graph = false;
  for (std::uint32_t row = 0; row != segment.shape().rows; ++row)
    has_graph = has_graph || segment.row(row).after[0].load(std::memory_order_relaxed) != 0;
  if (!has_graph) return;
  for (const Participant& participant : list_participants(segment)) {
    if (!is_there(participant) || std::find(participant.after.begin(), participant.after.end(),
                                            id) == participant.after.end()) {
      continue;
    }
    throw Error(Errc::invalid_option,
                {.object = segment.name(),
                 .problem = "an observer leaves no trace, so nobody can wait for it",
                 .found = describe(participant) + ", which waits for '" + id + "'",
                 .expected = "an id that nobody waits for",
                 .remedy = "Attach as gating or required, or under another id."});
  }
}

/// Waits for those who must be there before this one attaches: they hold producers back.
void await_predecessors(const Segment& segment, const ConsumerOptions& options,
                        TimePoint deadline) {
  TimePoint asked = os::now();  // before the look: who was stopped looks once more
  for (;; asked = os::now()) {
    const auto all = list_participants(segment);
    std::string missing;
    for (const std::string& id : options.after) {
      const bool holds = std::any_of(all.begin(), all.end(), [&](const Participant& participant) {
        return participant.kind != format::RowKind::producer && participant.id == id &&
               participant.gates &&
               (participant.kind == format::RowKind::required || is_there(participant));
      });
      if (!holds) missing += (missing.empty() ? "" : ", ") + id;
    }
    if (missing.empty()) return;
    if (asked >= deadline) {
      std::string there;
      for (const Participant& participant : all) {
        if (participant.kind != format::RowKind::producer)
          there += (there.empty() ? "" : ", ") + describe(participant);
      }
      throw Error(Errc::consumers_missing,
                  {.object = segment.name(),
                   .problem = "consumers that this one is to wait for are not there: " + missing,
                   .found = there.empty() ? "nobody" : there,
                   .expected = "all of after, required or alive",
                   .remedy = "Start the missing ones first, check their ids, or attach with a "
                             "longer timeout."});
    }
    os::sleep_until(std::min(deadline, asked + probe_period));
  }
}

Sequence starting_point(const Segment& segment, Start start) {
  const StreamPosition position = stream_position(segment);
  if (start != Start::latest) return position.oldest;
  if (segment.shape().producer_kind != format::ProducerKind::multi) return position.published;
  // Not behind a claim that is still open: a consumer that gates must keep the others from coming
  // round to its slot while its producer writes there.
  const std::uint32_t nobody = segment.shape().rows;
  const std::uint64_t next = position.published.value();
  return Sequence(first_unsettled(segment, nobody, next));
}

/// Sequences count up from a start that memory says; they must not come round.
void require_possible(const Segment& segment, Sequence start) {
  if (start.value() - segment.shape().first_sequence <= format::max_stream_length) return;
  throw Error(Errc::corrupt,
              {.object = segment.name(),
               .problem = "the position to begin at makes no sense",
               .found = std::to_string(start.value()),
               .expected = "at most 2^62 from the first sequence, " +
                           std::to_string(segment.shape().first_sequence),
               .remedy = "Something wrote into the ring that should not have; make a new one."});
}

}  // namespace

ConsumerCore::ConsumerCore(Segment segment, std::optional<Membership> membership, Sequence start,
                           const ConsumerOptions& options)
    : segment_(std::move(segment)),
      membership_(std::move(membership)),
      id_(options.id),
      tally_(membership_ ? Tally(segment_, membership_->row()) : Tally()),
      fences_(segment_.shape().fence_mode),
      predecessor_patience_(options.predecessor_patience),
      wait_(options.wait.value_or(WaitStrategy::block())),
      successor_patience_(options.successor_patience),
      producer_hook_(options.producer_hook),
      start_(start),
      is_passable_(membership_ && options.may_be_passed_over),
      is_shared_(segment_.shape().producer_kind == format::ProducerKind::multi),
      after_(options.after) {
  if (segment_.can_ring()) bell_.emplace(segment_.bells().data);
  if (options.after.empty()) return;
  gates_bell_.emplace(segment_.bells().gates);
  barrier_.emplace(segment_, options.after);
}

std::unique_ptr<ConsumerCore> ConsumerCore::attach(std::string_view name, const EventType& event,
                                                   std::optional<format::SlotLayout> layout,
                                                   ConsumerOptions options) {
  const auto object_name = os::ObjectName::parse(name);
  require_valid(object_name, options);
  options.wait = wait_setting(options.wait, SettingRole::consumer);
  CorePin pin(object_name.text(), options.core, SettingRole::consumer);
  if (options.id.empty()) options.id = Membership::made_up_id('c');
  const TimePoint now = os::now();
  const TimePoint deadline = options.timeout > never - now ? never : now + options.timeout;
  const bool observes = options.kind == ConsumerKind::observer;

  Segment segment = Segment::attach(
      object_name, observes ? SegmentRole::observer : SegmentRole::consumer, event, deadline);
  try {
    require_same_layout(segment.header(), layout, segment.name());
    require_this_boot(segment);
    auto core = join(segment, options, deadline);
    core->pinned_core_ = pin.keep();
    return core;
  } catch (...) {
    let_go(segment);
    throw;
  }
}

std::unique_ptr<ConsumerCore> ConsumerCore::join(Segment& segment, const ConsumerOptions& options,
                                                 TimePoint deadline) {
  if (options.prefault) segment.prefault();
  if (options.lock_memory) segment.lock_memory();
  if (options.kind == ConsumerKind::observer) {
    require_not_awaited(segment, options.id);
    const Sequence start = starting_point(segment, options.start);
    require_possible(segment, start);
    return std::make_unique<ConsumerCore>(std::move(segment), std::nullopt, start, options);
  }

  const auto kind =
      options.kind == ConsumerKind::required ? format::RowKind::required : format::RowKind::gating;
  if (options.predecessors_must_be_there) await_predecessors(segment, options, deadline);
  Membership membership = Membership::join(segment, kind, options.id, deadline);
  membership.declare_after(segment, options.after, deadline);
  const auto previous =
      options.start == Start::resume ? membership.previous_cursor() : std::nullopt;
  const Sequence wanted = previous ? *previous : starting_point(segment, options.start);
  require_possible(segment, wanted);
  if (options.may_be_passed_over) membership.set_passable();
  PreviousLife before;
  if (const auto cursor = membership.previous_cursor()) {
    before.cursor = cursor->value();
    pause_counting(segment, membership.row(), *before.cursor);
  }
  const Sequence start = membership.activate(segment, wanted);
  if (previous && start > *previous) before.missed = start - *previous;
  begin_counting(segment, membership.row(), start.value(), before);
  auto core =
      std::make_unique<ConsumerCore>(std::move(segment), std::move(membership), start, options);
  core->resumed_ = previous.has_value();
  core->missed_before_ = before.missed;
  return core;
}

bool ConsumerCore::proves_void(std::uint64_t next) {
  if (!is_shared_) return false;
  // Observers must not write: they wait until another revokes it.
  if (!is_void(segment_, next) && (is_observer() || !patience_.revoke_if_due(segment_, next))) {
    return false;
  }
  void_ = next;
  return true;
}

bool ConsumerCore::is_known_void(std::uint64_t next) const noexcept {
  // A void is skipped when those before us have skipped it.
  if (barrier_ && barrier_->bound() <= next) return false;
  return is_shared_ && (void_ == next || has_tombstone(segment_, next));
}

bool ConsumerCore::is_gated_by(std::uint64_t bound, std::uint64_t next) const noexcept {
  if (bound > next) return false;
  return stream_end(segment_) <= next ? bound < next : is_there(next);
}

bool ConsumerCore::is_there(std::uint64_t next) const noexcept {
  // Of several producers a claim counts: those before us wait for it, or prove it void.
  return is_shared_ ? next < claimed_below(segment_) : is_published(next);
}

bool ConsumerCore::is_published(std::uint64_t next) const noexcept {
  const Slots<Bytes, const std::byte> slots(segment_.slots(), segment_.shape());
  return slots.published_end(segment_.control(), next, next + 1) != next;
}

Poll ConsumerCore::missing_predecessor(Barrier& barrier, std::optional<TimePoint>& absent_since,
                                       std::uint64_t next) const {
  Barrier::Absence absence = barrier.examine(next);
  // One that never came may still come, as long as events do.
  if (absence == Barrier::Absence::never_there &&
      producer_presence(segment_) == ProducerPresence::alive &&
      stream_end(segment_) == format::open_end) {
    absence = Barrier::Absence::none;
  }
  if (absence == Barrier::Absence::none) {
    absent_since.reset();
    return Poll::idle;
  }
  const TimePoint now = os::now();
  if (!absent_since) absent_since = now;
  return now - *absent_since >= predecessor_patience_ ? Poll::predecessor_missing : Poll::idle;
}

std::vector<Blocker> ConsumerCore::blockers(std::uint64_t next) const {
  if (!is_gated(next)) return {};
  const auto all = list_participants(segment_, membership_->row());
  const auto self = std::find_if(all.begin(), all.end(), [&](const Participant& participant) {
    return participant.row == membership_->row();
  });
  if (self == all.end()) return {};
  Participant here = *self;
  here.cursor = Sequence(next);
  return blockers_of(all, here);
}

StreamState ConsumerCore::producer_state() const {
  const auto self = membership_ ? std::optional(membership_->row()) : std::nullopt;
  return stream_state(segment_, list_participants(segment_, self));
}

void ConsumerCore::tell_producer_state() noexcept try {
  if (!producer_hook_) return;
  const StreamState state = producer_state();
  if (state == std::exchange(told_state_, state)) return;
  producer_hook_(state);
} catch (...) {
  return;  // of the hook, or no memory just now
}

namespace {

/// Those who are or were there, for people.
std::string describe_producers(const Segment& segment) {
  std::string text;
  for (const Participant& participant : list_participants(segment)) {
    if (participant.kind == format::RowKind::producer)
      text += (text.empty() ? " (" : ", ") + describe(participant);
  }
  return text.empty() ? text : text + ")";
}

}  // namespace

void ConsumerCore::wait_for_producer(Duration timeout) {
  StreamState state = StreamState::never;
  const auto is_there = [&] {
    state = producer_state();
    return state == StreamState::alive || state == StreamState::stopped;
  };
  const auto is_over = [&] { return state == StreamState::closed; };
  const TimePoint now = os::now();
  const TimePoint deadline = timeout > never - now ? never : now + timeout;
  const Waiter waiter(WaitStrategy::block(0), bell_ ? &*bell_ : nullptr, fences_, probe_period * 5);
  if (waiter.wait(deadline, is_there, is_over) == Waiter::Outcome::ready) return;
  if (is_over()) throw explain(*this, end_of_stream(), start_);
  throw Error(
      Errc::producer_gone,
      {.object = segment_.name(),
       .problem = "no producer came in time",
       .found = "its producer: " + std::string(to_string(state)) + describe_producers(segment_),
       .expected = "one that lives",
       .remedy = "Start a successor (attach or create_or_attach), or wait longer."});
}

Poll ConsumerCore::name_absence() const {
  switch (producer_presence(segment_)) {
    case ProducerPresence::alive:
      return Poll::idle;
    case ProducerPresence::dead:
      return segment_.object().is_named() ? Poll::producer_dead : Poll::gone;
    case ProducerPresence::left:
    case ProducerPresence::never:
      break;
  }
  return segment_.object().is_named() ? Poll::producer_left : Poll::gone;
}

Poll ConsumerCore::absence() {
  const Poll name = name_absence();
  if (name == Poll::idle) {
    absent_since_.reset();
    return name;
  }
  const TimePoint now = os::now();
  if (!absent_since_) absent_since_ = now;
  return now - *absent_since_ >= successor_patience_ ? name : Poll::idle;
}

Poll ConsumerCore::idle_result(std::uint64_t next) {
  if (segment_.object().is_orphaned_by_fork()) return Poll::used_after_fork;
  Tally::add(tally_->empty);
  if (tells_passed_over()) return Poll::passed_over;
  if (is_gated(next)) {
    // Whoever polls and never waits must still get past the dead.
    if (const TimePoint now = os::now(); now >= next_probe_) {
      barrier_->examine(next);
      next_probe_ = now + probe_period;
    }
    return Poll::gated;
  }
  if (stream_end(segment_) <= next) return end_of_stream();
  if (is_known_void(next)) return Poll::events;
  const TimePoint now = os::now();
  if (now < next_probe_) return Poll::idle;
  note_progress(next);
  tell_producer_state();
  if (proves_void(next)) return Poll::events;
  const Poll name = name_absence();
  if (name == Poll::idle) {
    next_probe_ = now + probe_period;
    return name;
  }
  // Before it went it may have published what those before us have not read yet. Asked of the
  // slots, not of those before us: they come and go between two questions.
  if (barrier_ && stream_end(segment_) > next && is_there(next)) return Poll::gated;
  // A producer that closes does so before it lets go of its lock; it may have done both since our
  // first look at the end, and then this is a close, whatever its absence looks like.
  return stream_end(segment_) <= next ? end_of_stream() : name;
}

Poll ConsumerCore::answer(std::uint64_t next) {
  if (!lookout_ || segment_.object().is_orphaned_by_fork()) return idle_result(next);
  const auto alone = lookout_->exclude();
  const auto finding = lookout_->take_finding();
  if (finding) next_probe_ = TimePoint::min();  // whoever has found it has just asked
  Poll outcome = idle_result(next);
  if (outcome == Poll::gated && finding == Poll::predecessor_missing) outcome = *finding;
  // Acquire: as in `wait`.
  if ((outcome == Poll::idle || outcome == Poll::gated) &&
      interrupted_.exchange(false, std::memory_order_acquire)) {
    outcome = Poll::interrupted;
  }
  switch (outcome) {
    case Poll::idle:
    case Poll::gated:
    case Poll::predecessor_missing:
    case Poll::producer_left:
    case Poll::producer_dead:
      lookout_->arm({.next = next,
                     .outcome = outcome == Poll::gated ? Poll::idle : outcome,
                     .producers = told_state_,
                     .passed_over = has_told_});
      break;
    default:
      lookout_->disarm();
  }
  return outcome;
}

int ConsumerCore::descriptor() {
  if (segment_.object().is_orphaned_by_fork()) throw explain(*this, Poll::used_after_fork, start_);
  if (!lookout_) lookout_ = std::make_unique<Lookout>(*this, after_);
  return lookout_->descriptor();
}

std::uint64_t ConsumerCore::note_lag(std::uint64_t next, std::uint64_t size,
                                     std::uint64_t max_batch) noexcept {
  // A batch may be all there was, or as much of it as goes into one. What is behind it is told by
  // `published`; of stamped slots that is a lower bound, of several producers nothing.
  const std::uint64_t published = segment_.control().published.load(std::memory_order_relaxed);
  std::uint64_t lag = size;
  if (published > next && published - next <= segment_.shape().capacity)
    lag = std::max(lag, published - next);
  Tally::raise_to(tally_->lag_max, lag);
  constexpr std::uint64_t large = 64;
  const std::uint64_t more = tally_->lag_max.load(std::memory_order_relaxed) + 1;
  return max_batch < large ? more : std::min(more, max_batch);
}

void ConsumerCore::leave(bool resigns) noexcept {
  if (has_left_ || segment_.object().is_orphaned_by_fork()) return;
  has_left_ = true;
  lookout_.reset();
  if (membership_) membership_->leave(segment_, resigns);
  let_go(segment_);
}

}  // namespace disruptor_mp::detail
