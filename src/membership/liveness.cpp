// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/liveness.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/membership/claims.hpp"
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
      return "left";
    case ConsumerTrouble::missing:
      break;
  }
  return "missing";
}

std::string_view to_string(FailureAction action) noexcept {
  switch (action) {
    case FailureAction::report:
      return "report";
    case FailureAction::alert_only:
      break;
  }
  return "alert_only";
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

/// What one look tells of one consumer.
struct ConsumerWatch::Sight {
  std::optional<ConsumerTrouble> trouble;
  std::uint32_t incarnation = 0;
  std::uint64_t cursor = 0;
};

namespace {

bool is_consumer(RowStatus status) {
  return status.kind == RowKind::required || status.kind == RowKind::gating;
}

/// Compares without allocating: a producer that publishes must not throw.
bool has_id(const format::Row& row, std::string_view id) noexcept {
  std::array<std::uint64_t, format::id_words> words{};
  std::memcpy(words.data(), id.data(), std::min(id.size(), format::max_id_length));
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (row.id[i].load(std::memory_order_relaxed) != words[i]) return false;
  }
  return true;
}

bool is_row_of(const format::Row& row, std::string_view id) noexcept {
  // Acquire: pairs with the release that showed the row; its id was written before.
  const RowStatus status = RowStatus::unpack(row.status.load(std::memory_order_acquire));
  return status.state != RowState::free && status.state != RowState::joining &&
         is_consumer(status) && has_id(row, id);
}

/// Whether a consumer that stands there could go on. Of several producers: not at a claim that is
/// still open, whoever holds it; what is behind is not its fault.
bool owes_a_look(const Segment& segment, std::uint64_t cursor, std::uint64_t next) {
  if (cursor >= next) return false;
  if (segment.shape().producer_kind == format::ProducerKind::single) return true;
  return Slots<Bytes, const std::byte>(segment.slots(), segment.shape()).is_settled(cursor) ||
         is_void(segment, cursor);
}

}  // namespace

ConsumerWatch::ConsumerWatch(Liveness policy) : policy_(std::move(policy)) {
  for (const std::string& id : policy_.required_consumer_ids)
    watched_.push_back({.id = id, .trouble = {}});
}

bool ConsumerWatch::names(std::string_view id) const noexcept {
  return std::any_of(watched_.begin(), watched_.end(),
                     [&](const Watched& watched) { return watched.id == id; });
}

ConsumerWatch::Sight ConsumerWatch::see(const Segment& segment, Watched& watched,
                                        std::uint64_t next) const {
  const std::uint32_t rows = segment.shape().rows;
  if (watched.row >= rows || !is_row_of(segment.row(watched.row), watched.id)) {
    watched.row = 0;
    while (watched.row != rows && !is_row_of(segment.row(watched.row), watched.id)) ++watched.row;
    if (watched.row == rows) return {.trouble = ConsumerTrouble::missing};
  }
  const format::Row& row = segment.row(watched.row);
  // The status before the lock: a lock that is free after it tells of this incarnation. (The kernel
  // orders word and lock.)
  const RowStatus status = RowStatus::unpack(row.status.load(std::memory_order_acquire));
  Sight sight{.trouble = {},
              .incarnation = status.incarnation,
              .cursor = row.cursor.load(std::memory_order_acquire)};
  if (status.state == RowState::left) {
    // One that resigned has asked not to be waited for any more.
    if (status.gates()) sight.trouble = ConsumerTrouble::left;
  } else if (!segment.object().is_locked_elsewhere(format::lock::row(watched.row),
                                                   os::LockMode::shared)) {
    sight.trouble = ConsumerTrouble::dead;
  } else if (sight.incarnation == watched.incarnation && sight.cursor == watched.cursor &&
             owes_a_look(segment, sight.cursor, next)) {
    sight.trouble = ConsumerTrouble::stalled;
  }
  return sight;
}

std::optional<ConsumerAlert> ConsumerWatch::look(const Segment& segment, std::uint64_t next) {
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
    if (sight.trouble != watched.trouble) {
      if (!sight.trouble && watched.is_alerted) ++counters_.recoveries;
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

void ConsumerWatch::forget(std::string_view id) noexcept {
  for (Watched& watched : watched_) {
    if (watched.id == id) watched.trouble.reset();
  }
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
