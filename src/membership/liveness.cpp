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
    Watched watched{.id = id, .trouble = {}};
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
      if (sight.incarnation == watched.incarnation && sight.cursor == watched.cursor &&
          owes_a_look(segment, sight.cursor, next) && !waits_for_watched(segment, watched)) {
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
  const Duration longest_step = policy_.progress_timeout / 4;
  const Duration step =
      looked_ == TimePoint::min() ? Duration::zero() : std::min(now - looked_, longest_step);
  looked_ = now;

  std::optional<ConsumerAlert> failure;
  for (Watched& watched : watched_) {
    const Sight sight = see(segment, watched, next);
    watched.incarnation = sight.incarnation;
    watched.cursor = sight.cursor;
    watched.hold = sight.hold;
    watched.is_passable = sight.is_passable;
    if (sight.trouble != watched.trouble) {
      const bool is_passed_over = HoldWord::unpack(sight.hold).is_passed_over;
      if (!sight.trouble) {
        const bool owed = std::exchange(watched.owes_recovery, false);
        if (owed && !is_passed_over) ++counters_.recoveries;
      }
      watched.trouble = sight.trouble;
      watched.waited = Duration::zero();
      watched.is_alerted = false;
      watched.has_failed = false;
    } else if (watched.trouble) {
      watched.waited += step;
    }
    if (!watched.trouble || watched.has_failed) continue;

    const bool is_stall = watched.trouble == ConsumerTrouble::stalled;
    const Duration until_alert = is_stall ? policy_.progress_timeout : Duration::zero();
    const Duration grace = is_stall ? policy_.shutdown_grace_period : policy_.absence_grace_period;
    if (watched.waited < until_alert) continue;
    if (!watched.is_alerted) {
      watched.is_alerted = true;  // before the hook, which may throw
      watched.owes_recovery = true;
      ++(is_stall ? counters_.stalls : counters_.absences);
      tell(watched);
    }
    if (failure || watched.waited - until_alert < grace) continue;
    failure = alert_of(watched);  // first, because it may throw
    watched.has_failed = true;
    ++counters_.failures;
  }
  return failure;
}

ConsumerWatch::Watched* ConsumerWatch::find(std::string_view id) noexcept {
  const auto found = std::find_if(watched_.begin(), watched_.end(),
                                  [&](const Watched& watched) { return watched.id == id; });
  return found == watched_.end() ? nullptr : &*found;
}

void ConsumerWatch::forget(std::string_view id) noexcept {
  if (Watched* const watched = find(id)) {
    watched->trouble.reset();
    watched->owes_recovery = false;
  }
}

void ConsumerWatch::postpone(std::string_view id) noexcept {
  if (Watched* const watched = find(id)) watched->has_failed = false;
}

bool ConsumerWatch::release(Segment& segment, std::string_view id) {
  Watched* const watched = find(id);
  if (watched == nullptr) return true;
  if (watched->trouble == ConsumerTrouble::stalled && !watched->is_passable) return false;
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

ConsumerAlert ConsumerWatch::alert_of(const Watched& watched) {
  return {.consumer_id = watched.id,
          .trouble = *watched.trouble,
          .next_sequence = Sequence(watched.cursor),
          .stalled_for = watched.waited};
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
