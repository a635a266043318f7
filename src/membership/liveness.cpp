// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/liveness.hpp"

#include <algorithm>
#include <utility>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/membership/claims.hpp"
#include "disruptor_mp/membership/graph.hpp"
#include "disruptor_mp/membership/membership.hpp"
#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/membership/row_id.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/slots.hpp"

namespace disruptor_mp {

using format::RowKind;
using format::RowState;

std::string_view to_string(ConsumerTrouble trouble) noexcept {
  switch (trouble) {
    case ConsumerTrouble::stalled:
      return "stalled";
    case ConsumerTrouble::dead:
      return "dead";
    case ConsumerTrouble::left:
      break;
  }
  return "left";
}

std::string_view to_string(FailureAction action) noexcept {
  switch (action) {
    case FailureAction::report:
      return "report";
    case FailureAction::alert_only:
      return "alert_only";
    case FailureAction::continue_without:
      return "continue_without";
    case FailureAction::stop_topology:
      break;
  }
  return "stop_topology";
}

namespace {

std::string in_ms(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(duration).count()) +
         " us";
}

}  // namespace

void Liveness::require_valid(const std::string& object) const {
  const auto invalid = [&](std::string problem, std::string found, std::string expected) {
    throw Error(Errc::invalid_option, {.object = object,
                                       .problem = std::move(problem),
                                       .found = std::move(found),
                                       .expected = std::move(expected),
                                       .remedy = "Correct the producer's liveness policy."});
  };
  if (required_consumer_ids.empty())
    invalid("required_consumer_ids is empty", "no id", "at least one id");
  for (const std::string& id : required_consumer_ids) {
    Membership::require_valid_id(id, object);
    if (std::count(required_consumer_ids.begin(), required_consumer_ids.end(), id) > 1)
      invalid("required_consumer_ids names one consumer twice", id, "each id once");
  }
  const auto require_positive = [&](const char* name, Duration duration) {
    if (duration <= Duration::zero())
      invalid(std::string(name) + " is not positive", in_ms(duration), "more than zero");
  };
  require_positive("startup_wait_timeout", startup_wait_timeout);
  require_positive("progress_timeout", progress_timeout);
  require_positive("progress_check_interval", progress_check_interval);
  const auto require_not_negative = [&](const char* name, Duration duration) {
    if (duration < Duration::zero())
      invalid(std::string(name) + " is negative", in_ms(duration), "zero or more");
  };
  require_not_negative("shutdown_grace_period", shutdown_grace_period);
  require_not_negative("absence_grace_period", absence_grace_period);
  if (progress_check_interval > progress_timeout) {
    invalid("progress_check_interval is longer than progress_timeout",
            in_ms(progress_check_interval), "at most " + in_ms(progress_timeout));
  }
}

std::vector<std::string> Liveness::find_missing(const std::vector<Participant>& participants,
                                                bool passable) const {
  std::vector<std::string> missing;
  for (const std::string& id : required_consumer_ids) {
    const bool is_there =
        std::any_of(participants.begin(), participants.end(), [&](const Participant& participant) {
          return participant.id == id && participant.kind == RowKind::required &&
                 (participant.is_passable || !passable) && holds_producers_back(participant);
        });
    if (!is_there) missing.push_back(id);
  }
  return missing;
}

Error Liveness::explain_missing(const std::string& object,
                                const std::vector<Participant>& participants, bool passable) const {
  std::string names;
  for (const std::string& id : find_missing(participants, passable))
    names += (names.empty() ? "" : ", ") + id;
  return {Errc::consumers_missing,
          {.object = object,
           .problem = "these required consumers did not arrive in time: " + names,
           .found = describe_consumers(participants),
           .expected = std::string("all of required_consumer_ids alive, and attached as ") +
                       (passable ? "required with may_be_passed_over" : "required"),
           .remedy = "Start the missing ones, check their ids and kinds, or wait longer."}};
}

/// What one look tells of one consumer.
struct ConsumerWatch::Sight {
  std::optional<ConsumerTrouble> trouble;
  bool is_required = false;  ///< and not somebody of its id who holds producers back in another way
  bool lives = false;        ///< somebody holds its lock
  bool stands = false;  ///< where it was, though it owes a look and nobody watched is in its way
  std::uint32_t incarnation = 0;
  std::uint64_t cursor = 0;
  std::uint64_t hold = 0;
  bool is_passable = false;
};

namespace {

/// A row that changes while it is looked at is looked at again, but not for ever.
constexpr int most_rounds = 8;

bool is_consumer(RowStatus status) {
  return status.kind == RowKind::required || status.kind == RowKind::gating;
}

bool is_row_of(const format::Row& row, std::string_view id) noexcept {
  // Acquire: pairs with the release that showed the row; its id was written before.
  const RowStatus status = RowStatus::unpack(row.status.load(std::memory_order_acquire));
  return status.state != RowState::free && status.state != RowState::joining &&
         is_consumer(status) && has_row_id(row, id);
}

/// Whether a consumer that stands there could go on. Of several producers: not at a claim that is
/// still open, whoever holds it; what is behind is not its fault. (The slot knows better than the
/// tail, which does not say how far a producer has come that has it for itself.)
bool owes_a_look(const Segment& segment, std::uint64_t cursor, std::optional<std::uint64_t> next) {
  const Slots<Bytes, const std::byte> slots(segment.slots(), segment.shape());
  if (segment.shape().producer_kind == format::ProducerKind::multi)
    return slots.is_settled(cursor) || is_void(segment, cursor);
  if (next) return cursor < *next;
  return slots.published_end(segment.control(), cursor, cursor + 1) != cursor;
}

}  // namespace

ConsumerWatch::ConsumerWatch(Liveness policy, const std::vector<Participant>& participants)
    : policy_(std::move(policy)) {
  for (const std::string& id : policy_.required_consumer_ids) {
    Watched watched{.id = id, .trouble = {}, .away_for = {}};
    for (const Participant& participant : participants) {
      if (participant.id != id || participant.kind != RowKind::required) continue;
      watched.row = participant.row;
      watched.incarnation = participant.incarnation;
      watched.cursor = participant.cursor.value();
    }
    watched_.push_back(std::move(watched));
  }
}

bool ConsumerWatch::names(std::string_view id) const noexcept {
  return std::any_of(watched_.begin(), watched_.end(),
                     [&](const Watched& watched) { return watched.id == id; });
}

ConsumerWatch::Sight ConsumerWatch::see(const Segment& segment, Watched& watched,
                                        std::optional<std::uint64_t> next) const {
  const std::uint32_t rows = segment.shape().rows;
  if (watched.row >= rows || !is_row_of(segment.row(watched.row), watched.id)) {
    watched.row = 0;
    while (watched.row != rows && !is_row_of(segment.row(watched.row), watched.id)) ++watched.row;
    // It was there, and the row of a required one is given to nobody else before it has resigned.
    if (watched.row == rows) return {};
  }
  const format::Row& row = segment.row(watched.row);
  Sight sight;
  for (int round = 0; round != most_rounds; ++round) {
    // First the hold, by which nobody who comes later is passed over.
    const std::uint64_t hold = row.hold.load(std::memory_order_acquire);
    const std::uint64_t word = row.status.load(std::memory_order_acquire);
    const RowStatus status = RowStatus::unpack(word);
    sight = {.trouble = {},
             .is_required = status.kind == RowKind::required,
             .lives = false,
             .stands = false,
             .incarnation = status.incarnation,
             .cursor = row.cursor.load(std::memory_order_acquire),
             .hold = hold,
             .is_passable = status.is_passable && !HoldWord::unpack(hold).is_joining};
    // One that was passed over is not waited for, nor one that resigned.
    if (HoldWord::unpack(hold).is_passed_over) return sight;
    if (status.state == RowState::left && !status.gates()) return sight;
    // One that has read all there will ever be owes nothing, not even to be there.
    if (const std::uint64_t end = stream_end(segment);
        end != format::open_end && end <= sight.cursor) {
      return sight;
    }
    if (segment.object().is_locked_elsewhere(format::lock::row(watched.row),
                                             os::LockMode::shared)) {
      sight.lives = true;
      sight.stands = sight.cursor == watched.cursor && owes_a_look(segment, sight.cursor, next) &&
                     !waits_for_watched(segment, watched);
      if (!sight.is_required) {
        sight.trouble = ConsumerTrouble::left;
      } else if (sight.stands && sight.incarnation == watched.incarnation) {
        sight.trouble = ConsumerTrouble::stalled;
      }
      return sight;
    }
    // One that leaves says so and then lets go of its lock: a free lock tells of the status that
    // was the same before and after. (The kernel orders lock and word.) So is the id.
    if (row.status.load(std::memory_order_acquire) == word && has_row_id(row, watched.id)) {
      sight.trouble =
          status.state == RowState::left ? ConsumerTrouble::left : ConsumerTrouble::dead;
      return sight;
    }
  }
  return sight;  // it comes and goes all the time
}

bool ConsumerWatch::waits_for_watched(const Segment& segment, const Watched& watched) const {
  const format::Row& row = segment.row(watched.row);
  if (row.after[0].load(std::memory_order_relaxed) == 0) return false;
  const std::vector<Participant> all = list_participants(segment);
  const auto self = std::find_if(all.begin(), all.end(), [&](const Participant& participant) {
    return participant.row == watched.row;
  });
  if (self == all.end()) return false;
  const std::vector<Blocker> chain = blockers_of(all, *self);
  return std::any_of(chain.begin(), chain.end(),
                     [&](const Blocker& blocker) { return names(blocker.id); });
}

std::optional<ConsumerAlert> ConsumerWatch::look(const Segment& segment,
                                                 std::optional<std::uint64_t> next) {
  const TimePoint now = os::now();
  // Between two looks the looker may have been stopped, perhaps together with all others: then the
  // consumers had no chance either.
  const Duration longest_step =
      std::max(policy_.progress_timeout / 4, policy_.progress_check_interval);
  const Duration step =
      looked_ == TimePoint::min() ? Duration::zero() : std::min(now - looked_, longest_step);
  looked_ = now;

  std::optional<ConsumerAlert> failure;
  for (Watched& watched : watched_) {
    note(watched, see(segment, watched, next), step);
    if (!watched.trouble || (watched.has_failed && !watched.is_postponed)) continue;

    const bool is_stall = watched.trouble == ConsumerTrouble::stalled;
    const Duration until_alert = is_stall ? policy_.progress_timeout : Duration::zero();
    const Duration grace = is_stall ? policy_.shutdown_grace_period : policy_.absence_grace_period;
    const Duration time = time_of(watched);
    if (time < until_alert) continue;
    if (!watched.is_alerted) {
      watched.is_alerted = true;  // before the hook, which may throw
      watched.owes_recovery = true;
      ++(is_stall ? counters_.stalls : counters_.absences);
      tell(watched);
    }
    if (failure || time - until_alert < grace) continue;
    failure = alert_of(watched);  // first, because it may throw
    if (!watched.has_failed) ++counters_.failures;
    watched.has_failed = true;
    watched.is_postponed = false;
  }
  return failure;
}

void ConsumerWatch::note(Watched& watched, const Sight& sight, Duration step) {
  // Each taking of the row counts: another life may have come and gone since the last look.
  const bool is_another_life =
      HoldWord::unpack(sight.hold).number != HoldWord::unpack(watched.hold).number;
  const bool has_shown_itself =
      sight.is_required && (sight.lives || sight.incarnation != watched.incarnation);
  const bool has_moved = sight.is_required && sight.cursor != watched.cursor;
  watched.incarnation = sight.incarnation;
  watched.cursor = sight.cursor;
  watched.hold = sight.hold;
  watched.is_passable = sight.is_passable;
  watched.lives = sight.lives;

  const bool is_away = sight.trouble && sight.trouble != ConsumerTrouble::stalled;
  if (has_moved || (!is_away && !sight.stands)) watched.away_for.reset();
  if (watched.away_for) *watched.away_for += step;
  if (is_away && !watched.away_for) watched.away_for = Duration::zero();

  if (sight.trouble == watched.trouble && !is_another_life) {
    if (watched.trouble) watched.stalled_for += step;
    return;
  }
  if (has_shown_itself && (!sight.trouble || is_away) &&
      std::exchange(watched.owes_recovery, false) && !HoldWord::unpack(sight.hold).is_passed_over) {
    ++counters_.recoveries;
  }
  watched.trouble = sight.trouble;
  watched.stalled_for = Duration::zero();
  watched.is_alerted = false;
  watched.has_failed = false;
  watched.is_postponed = false;
}

ConsumerWatch::Watched* ConsumerWatch::find(std::string_view id) noexcept {
  const auto found = std::find_if(watched_.begin(), watched_.end(),
                                  [&](const Watched& watched) { return watched.id == id; });
  return found == watched_.end() ? nullptr : &*found;
}

void ConsumerWatch::forget(std::string_view id) noexcept {
  if (Watched* const watched = find(id)) {
    watched->trouble.reset();
    watched->away_for.reset();
    watched->owes_recovery = false;
  }
}

void ConsumerWatch::postpone(std::string_view id) noexcept {
  if (Watched* const watched = find(id)) watched->is_postponed = true;
}

bool ConsumerWatch::release(Segment& segment, std::string_view id) {
  Watched* const watched = find(id);
  if (watched == nullptr) return true;
  if (watched->lives && !watched->is_passable) return false;
  // If it fails somebody has come back meanwhile, or another producer has done it: the next look
  // tells.
  if (pass_over(segment, watched->row, watched->hold)) ++counters_.passed_over;
  return true;
}

void ConsumerWatch::note_stop(Segment& segment, std::string_view id) const noexcept {
  for (const Watched& watched : watched_) {
    if (watched.id != id || !watched.trouble) continue;
    const std::uint64_t reason =
        (static_cast<std::uint64_t>(*watched.trouble) + 1) | (std::uint64_t{watched.row} << 8U);
    std::uint64_t none = 0;
    segment.control().stop.compare_exchange_strong(none, reason, std::memory_order_acq_rel);
  }
}

std::optional<StopReason> stop_reason(const Segment& segment) {
  const std::uint64_t word = segment.control().stop.load(std::memory_order_acquire);
  if (word == 0) return std::nullopt;
  const std::uint64_t trouble = std::min<std::uint64_t>(
      (word & 0xFFU) - 1, static_cast<std::uint64_t>(ConsumerTrouble::left));
  const std::uint64_t row = (word >> 8U) & 0xFFFFU;
  return StopReason{.consumer_id = row < segment.shape().rows
                                       ? read_row_id(segment.row(static_cast<std::uint32_t>(row)))
                                       : std::string("a consumer in no row"),
                    .trouble = static_cast<ConsumerTrouble>(trouble)};
}

std::optional<ConsumerAlert> ConsumerWatch::find_passed_over(const Segment& segment) const {
  for (const Watched& watched : watched_) {
    if (watched.row >= segment.shape().rows) continue;
    const format::Row& row = segment.row(watched.row);
    const std::uint64_t hold = row.hold.load(std::memory_order_acquire);
    if (!HoldWord::unpack(hold).is_passed_over || !is_row_of(row, watched.id)) continue;
    const bool lives =
        segment.object().is_locked_elsewhere(format::lock::row(watched.row), os::LockMode::shared);
    return ConsumerAlert{.consumer_id = watched.id,
                         .trouble = lives ? ConsumerTrouble::stalled : ConsumerTrouble::dead,
                         .next_sequence = Sequence(row.cursor.load(std::memory_order_acquire))};
  }
  return std::nullopt;
}

Duration ConsumerWatch::time_of(const Watched& watched) {
  return watched.trouble == ConsumerTrouble::stalled ? watched.stalled_for
                                                     : watched.away_for.value_or(Duration::zero());
}

ConsumerAlert ConsumerWatch::alert_of(const Watched& watched) {
  return {.consumer_id = watched.id,
          .trouble = *watched.trouble,
          .next_sequence = Sequence(watched.cursor),
          .stalled_for = time_of(watched)};
}

void ConsumerWatch::tell(const Watched& watched) {
  if (!policy_.alert_hook) return;
  try {
    policy_.alert_hook(alert_of(watched));
  } catch (...) {
    ++counters_.hook_exceptions;
  }
}

}  // namespace disruptor_mp
