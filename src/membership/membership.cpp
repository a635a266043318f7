// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/membership.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/membership/claims.hpp"
#include "disruptor_mp/membership/counting.hpp"
#include "disruptor_mp/membership/graph.hpp"
#include "disruptor_mp/membership/row_id.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/bell.hpp"
#include "disruptor_mp/ring/fences.hpp"
#include "disruptor_mp/ring/window.hpp"
#include "disruptor_mp/segment/hash.hpp"

namespace disruptor_mp {
namespace {

using namespace std::chrono_literals;
using format::RowKind;
using format::RowState;
using os::LockMode;

constexpr auto retry_pause = 1ms;
/// Whoever repairs a row holds its lock for microseconds; even a caller without patience waits for
/// that.
constexpr auto repair_time = 100ms;

/// A producer and a consumer of one id are two participants: a producer must not come into the row
/// of a required consumer that is away, and lose what that one has not read.
std::uint64_t id_lock(RowKind kind, std::string_view id) {
  const std::string text =
      (kind == RowKind::producer ? "producer " : "consumer ") + std::string(id);
  return format::lock::id(fnv1a(std::as_bytes(std::span(text))));
}

RowStatus status_of(const format::Row& row) {
  // Acquire: pairs with the release that showed the row, so id and cursor are at least as new.
  return RowStatus::unpack(row.status.load(std::memory_order_acquire));
}

/// Tells the gates that rows have changed, and wakes who waits for that.
void announce_change(Segment& segment) {
  // Release: whoever sees the new count sees the row as it is now.
  segment.control().membership_epoch.fetch_add(1, std::memory_order_release);
  Fences(segment.shape().fence_mode).light();  // pairs with the heavy fence of a sleeper
  Bell(segment.bells().gates).ring_if_awaited();
}

/// Did somebody hold this row under this id, and in the same role, before?
bool belongs_to(const format::Row& row, RowKind kind, std::string_view id) {
  const RowStatus status = status_of(row);
  return (status.state == RowState::active || status.state == RowState::left ||
          status.state == RowState::dead) &&
         (status.kind == RowKind::producer) == (kind == RowKind::producer) &&
         read_row_id(row) == id;
}

/// May the row be given to another id, once its lock is ours (so that its last holder is gone)?
bool is_vacant(RowStatus status) {
  return status.state == RowState::free || status.state == RowState::joining;
}
bool is_expendable(RowStatus status) {
  return is_vacant(status) || status.kind != RowKind::required;
}
/// One of several producers that died and may come back under its id; its row is the last to be
/// given away.
bool is_expected_back(RowStatus status) {
  return status.kind == RowKind::producer && status.is_awaited && !status.has_closed &&
         status.state != RowState::left;
}

/// Does the row gate only until its holder is proven dead?
bool is_released_by_death(RowStatus status) {
  return status.kind == RowKind::gating && status.state == RowState::active;
}

bool is_shared(const Segment& segment) {
  return segment.shape().producer_kind == format::ProducerKind::multi;
}

bool wants_successor(RowStatus status) {
  return status.kind == RowKind::producer && status.state == RowState::left && !status.has_closed;
}

/// By the holder of the row's lock, before it does anything else with the row: from here on nobody
/// passes an earlier holder over. The mark of one that was stays until we gate; dying before that
/// leaves it to the next.
/// @return whether it was.
bool take_hold(format::Row& row) {
  std::uint64_t seen = row.hold.load(std::memory_order_acquire);
  HoldWord ours;
  do {
    ours = HoldWord::unpack(seen);
    ours.is_joining = true;
    ++ours.number;
    // Acquire and release: of this and `pass_over` one comes first, and the other knows.
  } while (!row.hold.compare_exchange_weak(seen, ours.pack(), std::memory_order_acq_rel,
                                           std::memory_order_acquire));
  return ours.is_passed_over;
}

/// From here on the row holds producers back, if its status says so. By the holder of the row's
/// lock; while it lives and is joining nobody else changes the word.
void settle_hold(format::Row& row) {
  const HoldWord ours = HoldWord::unpack(row.hold.load(std::memory_order_relaxed));
  // Release: who sees it sees the cursor, where nothing is overwritten yet. Dying before it: the
  // next holder finds the mark of an earlier one, if there was one. Dying after it: it gates as the
  // status says.
  row.hold.store(HoldWord{.number = ours.number}.pack(), std::memory_order_release);
}

template <class Suitable>
std::optional<std::uint32_t> lock_row(Segment& segment, RowKind kind, Suitable&& suitable) {
  for (std::uint32_t index = 0; index < segment.shape().rows; ++index) {
    if (!suitable(segment.row(index))) continue;
    if (!segment.object().try_lock(format::lock::row(index), LockMode::exclusive)) continue;
    // Still so, and from here on only we can change it. What a dead producer left claimed must be
    // settled while its row still says so.
    if (suitable(segment.row(index)) &&
        (!is_shared(segment) || bury_claims(segment, index, kind == RowKind::producer))) {
      return index;
    }
    segment.object().unlock(format::lock::row(index));
  }
  return std::nullopt;
}

[[noreturn]] void fail_alive(const Segment& segment, RowKind kind, const std::string& id) {
  std::string holder = "a living participant";
  for (const Participant& participant : list_participants(segment)) {
    const bool same_role = (participant.kind == RowKind::producer) == (kind == RowKind::producer);
    if (participant.id == id && same_role) holder = describe(participant);
  }
  throw Error(Errc::consumer_alive,
              {.object = segment.name(),
               .problem = "the id '" + id + "' is in use",
               .found = holder,
               .expected = "nobody alive with this id",
               .remedy = "Use another id, stop that process, or attach with a timeout."});
}

[[noreturn]] void fail_cycle(const Segment& segment, const std::vector<std::string>& way) {
  std::string circle;
  std::string found;
  for (const std::string& id : way) circle += (circle.empty() ? "" : " waits for ") + id;
  for (const Participant& participant : list_participants(segment)) {
    const bool is_in_it =
        std::find(way.begin() + 1, way.end() - 1, participant.id) != way.end() - 1;
    if (participant.kind != RowKind::producer && is_in_it)
      found += (found.empty() ? "" : ", ") + describe(participant);
  }
  throw Error(
      Errc::dependency_cycle,
      {.object = segment.name(),
       .problem = "consumers would wait for each other: " + circle,
       .found = found,
       .expected = "no way from a consumer back to itself",
       .remedy = "Leave one of these out of `after`; a required consumer that is away keeps "
                 "what it declared until it returns or resigns."});
}

[[noreturn]] void fail_full(const Segment& segment) {
  std::string occupants;
  for (const Participant& participant : list_participants(segment)) {
    if (!occupants.empty()) occupants += ", ";
    occupants += describe(participant);
  }
  throw Error(Errc::table_full,
              {.object = segment.name(),
               .problem = "every row of the participant table is taken",
               .found = std::to_string(segment.shape().rows) + " participants: " + occupants,
               .expected = "a free row",
               .remedy = "Stop one of them, or create the ring with a larger max_participants."});
}

}  // namespace

void Membership::require_valid_id(std::string_view id, const std::string& object) {
  const auto is_allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (!id.empty() && id.size() <= format::max_id_length &&
      std::all_of(id.begin(), id.end(), is_allowed))
    return;
  throw Error(Errc::invalid_name, {.object = object,
                                   .problem = "this is not a valid participant id",
                                   .found = "'" + std::string(id) + "'",
                                   .expected = "1 to " + std::to_string(format::max_id_length) +
                                               " characters of A-Z a-z 0-9 . _ -",
                                   .remedy = "Choose another id."});
}

std::string Membership::made_up_id(char kind) {
  char text[40];
  std::snprintf(text, sizeof text, "%c%u-%08llx", kind, os::this_process().pid,
                static_cast<unsigned long long>(os::random_id()[0] & 0xFFFFFFFFU));
  return text;
}

Membership Membership::join(Segment& segment, RowKind kind, std::string id, TimePoint deadline) {
  require_valid_id(id, segment.name());
  // When the attempt began that has just failed: who was stopped until the time was over tries once
  // more.
  TimePoint asked = os::now();
  const auto pause_or = [&](TimePoint until, auto&& fail) {
    if (asked >= until) fail();
    os::sleep_until(std::min(until, asked + retry_pause));
    asked = os::now();
  };

  // The id first: from here on nobody else with this id looks for a row.
  while (!segment.object().try_lock(id_lock(kind, id), LockMode::exclusive)) {
    pause_or(deadline, [&] { fail_alive(segment, kind, id); });
  }

  const TimePoint repaired = std::max(deadline, os::now() + repair_time);
  for (;;) {
    if (const auto own = lock_row(
            segment, kind, [&](const format::Row& row) { return belongs_to(row, kind, id); })) {
      // The row stays as it is until `activate`: if it gates (a required consumer, or one whose
      // death nobody has met yet) it goes on gating, so nothing this id has not read is lost
      // meanwhile.
      format::Row& row = segment.row(*own);
      const RowStatus old = status_of(row);
      const bool was_consumer = old.kind == RowKind::required || old.kind == RowKind::gating;
      const bool was_passed_over = kind != RowKind::producer && take_hold(row);
      return {*own,
              kind,
              std::move(id),
              old.incarnation + 1,
              was_consumer ? std::optional(Sequence(row.cursor.load(std::memory_order_acquire)))
                           : std::nullopt,
              was_consumer && old.gates() && !was_passed_over && old.is_settled,
              was_consumer && was_passed_over};
    }
    // Our row, in somebody's hands for a moment; or of a producer, while one who lives may have
    // claimed what our predecessor left.
    bool is_being_repaired = false;
    for (std::uint32_t index = 0; index < segment.shape().rows; ++index) {
      is_being_repaired = is_being_repaired || belongs_to(segment.row(index), kind, id);
    }
    if (!is_being_repaired) break;
    pause_or(repaired, [&] { fail_alive(segment, kind, id); });
  }

  std::optional<std::uint32_t> taken;
  if (kind == RowKind::producer && is_shared(segment)) {
    // One that joins succeeds one that left for a successor: when it has closed, the ring does not
    // wait for that one any more.
    taken = lock_row(segment, kind,
                     [](const format::Row& row) { return wants_successor(status_of(row)); });
  }
  if (!taken)
    taken =
        lock_row(segment, kind, [](const format::Row& row) { return is_vacant(status_of(row)); });
  if (!taken)
    taken = lock_row(segment, kind, [](const format::Row& row) {
      const RowStatus status = status_of(row);
      return is_expendable(status) && !is_expected_back(status);
    });
  if (!taken)
    taken = lock_row(segment, kind,
                     [](const format::Row& row) { return is_expendable(status_of(row)); });
  if (!taken) fail_full(segment);

  format::Row& row = segment.row(*taken);
  std::uint64_t seen = row.status.load(std::memory_order_acquire);
  const RowStatus joining{.state = RowState::joining,
                          .kind = RowKind::none,
                          .incarnation = RowStatus::unpack(seen).incarnation + 1};
  const bool did_gate = RowStatus::unpack(seen).gates();
  // Dying after this: the row counts as free. The lock already excludes everybody; the exchange
  // finds out whoever writes without it.
  if (!row.status.compare_exchange_strong(seen, joining.pack(), std::memory_order_acq_rel))
    fail_full(segment);
  if (did_gate) announce_change(segment);
  if (kind != RowKind::producer) take_hold(row);
  write_row_id(row, id);
  clear_counters(segment, *taken);
  return {*taken, kind, std::move(id), joining.incarnation, std::nullopt, false, false};
}

void Membership::declare_after(Segment& segment, const std::vector<std::string>& after,
                               TimePoint deadline) {
  format::Row& row = segment.row(row_);
  if (after.empty()) {
    // To wait for nobody closes no circle.
    write_after(row, after);
    return;
  }
  // Held until the row is shown. If we die before that the kernel lets go of it, and the row shows
  // nothing, or what an earlier life of our id showed.
  TimePoint asked = os::now();
  const TimePoint until = std::max(deadline, asked + repair_time);
  while (!segment.object().try_lock(format::lock::graph, LockMode::exclusive)) {
    if (asked >= until) {
      throw Error(
          Errc::graph_busy,
          {.object = segment.name(),
           .problem = "somebody who declares whom it waits for does not come to an end",
           .found = "the lock of the graph, held",
           .expected = "it to be held for microseconds",
           .remedy = "Find a process that is stopped while it attaches (`dmp inspect`), and "
                     "let it go on or end it; or attach with a longer timeout."});
    }
    os::sleep_until(std::min(until, asked + retry_pause));
    asked = os::now();
  }
  is_declaring_ = true;
  if (const auto way = find_cycle(list_participants(segment), id_, after); !way.empty()) {
    segment.object().unlock(format::lock::graph);
    is_declaring_ = false;
    fail_cycle(segment, way);
  }
  write_after(row, after);
}

Sequence Membership::activate(Segment& segment, Sequence cursor) {
  format::Row& row = segment.row(row_);
  const format::Control& control = segment.control();
  const auto oldest = [&] {
    // Acquire: pairs with nothing that matters for order; the fence below does the work.
    return Sequence(Window::oldest(control.horizon.load(std::memory_order_acquire),
                                   segment.shape().capacity, segment.shape().first_sequence));
  };
  const os::ProcessIdentity self = os::this_process();
  row.pid_and_uid.store(self.pid | (std::uint64_t{self.uid} << 32U), std::memory_order_relaxed);
  row.pid_namespace.store(self.pid_namespace, std::memory_order_relaxed);
  row.start_ticks.store(self.start_ticks, std::memory_order_relaxed);
  row.joined_ns.store(os::wall_clock_ns(), std::memory_order_relaxed);

  const bool is_consumer = kind_ == RowKind::required || kind_ == RowKind::gating;
  // A row that gates since an earlier life keeps its place, even below what the horizon says: a
  // producer may have announced more, when it had not seen the row yet, but it has not written it.
  const bool is_settled = is_protected_ && cursor >= *previous_cursor_;
  // Else before the row gates, so that a producer is never held at a place that is gone already.
  if (is_consumer && !is_settled) cursor = std::max(cursor, oldest());
  // Release: if an earlier life of this id gates still, a producer may read this cursor before it
  // sees our status; that our predecessor's reading of the slots is over must come with it.
  row.cursor.store(cursor.value(), std::memory_order_release);
  // Release: whoever sees the row active sees its cursor and identity. Dying here: it gates until a
  // blocked producer proves the death.
  RowStatus status{.state = RowState::active,
                   .kind = kind_,
                   .is_settled = is_settled,
                   .is_awaited = is_awaited_,
                   .is_passable = is_passable_,
                   .incarnation = incarnation_};
  row.status.store(status.pack(), std::memory_order_release);
  if (is_consumer) settle_hold(row);
  if (is_declaring_) {
    // Whoever declares next finds the row.
    segment.object().unlock(format::lock::graph);
    is_declaring_ = false;
  }
  announce_change(segment);
  if (!is_consumer || is_settled) return cursor;

  // Pairs with the producer's light fence in Window::open: either it sees this row before it writes
  // beyond the horizon we read next, or we see the horizon it announced before.
  Fences(segment.shape().fence_mode).heavy();
  if (const Sequence safe = oldest(); safe > cursor) {
    cursor = safe;
    row.cursor.store(cursor.value(), std::memory_order_release);
    // A producer that saw the row before may already sleep on the place we have just given up.
    Fences(segment.shape().fence_mode).light();
    Bell(segment.bells().gates).ring_if_awaited();
  }
  // Release: who sees this sees the cursor. Dying before it: a successor of our id compares with
  // the horizon again, and may begin later than this. Dying after it: it begins exactly here.
  status.is_settled = true;
  row.status.store(status.pack(), std::memory_order_release);
  return cursor;
}

void Membership::leave(Segment& segment, bool resigns) {
  format::Row& row = segment.row(row_);
  const RowKind kind = kind_ == RowKind::required && resigns ? RowKind::gating : kind_;
  // Release: our last commit and our last look at the slots come before. Dying just before: we
  // count as dead, which gates until proven; just after: as left, and the locks go by themselves.
  row.status.store(RowStatus{.state = RowState::left,
                             .kind = kind,
                             .is_settled = true,
                             .has_closed = has_closed_,
                             .incarnation = incarnation_}
                       .pack(),
                   std::memory_order_release);
  announce_change(segment);
  segment.object().unlock(format::lock::row(row_));
  segment.object().unlock(id_lock(kind_, id_));
}

void Membership::declare_closed(Segment& segment) {
  has_closed_ = true;
  // Release: whoever sees it sees everything we claimed. Dying before it: we are a dead producer.
  // Dying after it: we have closed.
  segment.row(row_).status.store(RowStatus{.state = RowState::active,
                                           .kind = kind_,
                                           .is_settled = true,
                                           .has_closed = true,
                                           .is_awaited = is_awaited_,
                                           .incarnation = incarnation_}
                                     .pack(),
                                 std::memory_order_release);
}

bool pass_over(Segment& segment, std::uint32_t row_index, std::uint64_t hold) {
  HoldWord passed = HoldWord::unpack(hold);
  if (passed.is_passed_over) return false;
  passed.is_passed_over = true;
  // Dying before it: it goes on gating, and the next one who waits decides. Dying after it: it does
  // not gate; who is blocked looks at all rows anyway, and needs no news. Stopped before it for an
  // hour: if somebody has taken the row since, the exchange fails. If it is the same one still, it
  // may be well again by now; then it is passed over all the same, and told.
  if (!segment.row(row_index).hold.compare_exchange_strong(
          hold, passed.pack(), std::memory_order_acq_rel, std::memory_order_relaxed)) {
    return false;
  }
  announce_change(segment);
  return true;
}

bool release_gate_of_dead(Segment& segment, std::uint32_t row_index) try {
  format::Row& row = segment.row(row_index);
  // Whoever watches takes a held lock for life, so nobody holds that of a row it has no business
  // with: a required one stays as it is.
  if (const RowStatus status = status_of(row); !is_released_by_death(status))
    return !status.gates();
  // Getting the lock proves that its holder is gone, and makes us the only one to repair the row.
  // If we die here the kernel passes the lock on, and the next one starts over.
  if (!segment.object().try_lock(format::lock::row(row_index), LockMode::exclusive)) return false;
  std::uint64_t seen = row.status.load(std::memory_order_acquire);
  RowStatus status = RowStatus::unpack(seen);
  if (is_released_by_death(status)) {
    status.state = RowState::dead;
    if (row.status.compare_exchange_strong(seen, status.pack(), std::memory_order_acq_rel)) {
      announce_change(segment);
    } else {
      status = RowStatus::unpack(seen);
    }
  }
  segment.object().unlock(format::lock::row(row_index));
  return !status.gates();
} catch (const Error&) {
  return false;  // the kernel has no lock to give just now: nothing is proved
}

}  // namespace disruptor_mp
