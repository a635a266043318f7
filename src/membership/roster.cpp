// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/roster.hpp"

#include <algorithm>
#include <utility>

#include "disruptor_mp/membership/graph.hpp"
#include "disruptor_mp/membership/row_id.hpp"
#include "disruptor_mp/ring/shared_tail.hpp"
#include "disruptor_mp/ring/slots.hpp"
#include "disruptor_mp/ring/window.hpp"

namespace disruptor_mp {

using format::RowKind;
using format::RowState;

std::string_view to_string(RowKind kind) noexcept {
  switch (kind) {
    case RowKind::producer:
      return "producer";
    case RowKind::required:
      return "required";
    case RowKind::gating:
      return "gating";
    case RowKind::none:
      break;
  }
  return "none";
}

std::string_view to_string(Participant::Presence presence) noexcept {
  switch (presence) {
    case Participant::Presence::alive:
      return "alive";
    case Participant::Presence::stopped:
      return "stopped";
    case Participant::Presence::dead:
      return "dead";
    case Participant::Presence::left:
      break;
  }
  return "left";
}

std::vector<Participant> list_participants(const Segment& segment,
                                           std::optional<std::uint32_t> self) {
  std::vector<Participant> participants;
  for (std::uint32_t index = 0; index < segment.shape().rows; ++index) {
    const format::Row& row = segment.row(index);
    // Acquire: pairs with the release that showed the row; its identity was written before.
    const RowStatus status = RowStatus::unpack(row.status.load(std::memory_order_acquire));
    if (status.state == RowState::free || status.state == RowState::joining) continue;

    const std::uint64_t pid_and_uid = row.pid_and_uid.load(std::memory_order_relaxed);
    Participant participant{
        .row = index,
        .id = read_row_id(row),
        .kind = status.kind,
        .presence = Participant::Presence::left,
        .gates = status.gates() && !is_passed_over(row),
        .has_closed = status.has_closed,
        .is_passed_over = is_passed_over(row),
        .is_passable = status.is_passable,
        .incarnation = status.incarnation,
        .cursor = Sequence(row.cursor.load(std::memory_order_acquire)),
        .joined_ns = row.joined_ns.load(std::memory_order_relaxed),
        .process = {.pid = static_cast<std::uint32_t>(pid_and_uid),
                    .uid = static_cast<std::uint32_t>(pid_and_uid >> 32U),
                    .pid_namespace = row.pid_namespace.load(std::memory_order_relaxed),
                    .start_ticks = row.start_ticks.load(std::memory_order_relaxed)}};
    if (status.kind != RowKind::producer) participant.after = read_after(row);
    if (status.state == RowState::dead) {
      participant.presence = Participant::Presence::dead;
    } else if (status.state == RowState::active) {
      participant.presence = self == index || segment.object().is_locked_elsewhere(
                                                  format::lock::row(index), os::LockMode::shared)
                                 ? Participant::Presence::alive
                                 : Participant::Presence::dead;
      if (participant.presence == Participant::Presence::alive &&
          os::is_stopped(participant.process)) {
        participant.presence = Participant::Presence::stopped;
      }
    }
    participants.push_back(std::move(participant));
  }
  return participants;
}

std::optional<std::uint64_t> lag(const Participant& participant, Sequence published) {
  if (participant.kind == RowKind::producer) return std::nullopt;
  return participant.cursor < published ? published - participant.cursor : 0;
}

std::string describe(const Participant& participant) {
  return participant.id + " (" + std::string(to_string(participant.kind)) + ", pid " +
         std::to_string(participant.process.pid) + ", " +
         std::string(to_string(participant.presence)) +
         (participant.is_passed_over ? ", passed over)" : ")");
}

std::string describe_consumers(const std::vector<Participant>& participants) {
  std::string text;
  for (const Participant& participant : participants) {
    if (participant.kind == RowKind::producer) continue;
    text += (text.empty() ? "" : ", ") + describe(participant);
  }
  return text.empty() ? "nobody" : text;
}

bool holds_producers_back(const Participant& participant) noexcept {
  using Presence = Participant::Presence;
  return participant.kind != RowKind::producer && participant.gates &&
         (participant.presence == Presence::alive || participant.presence == Presence::stopped);
}

namespace {

bool is_shared(const Segment& segment) {
  return segment.shape().producer_kind == format::ProducerKind::multi;
}

StreamPosition position_of_shared(const Segment& segment) {
  const format::Control& control = segment.control();
  const format::Shape& shape = segment.shape();
  const std::uint64_t end = claimed_end(segment);
  const std::uint64_t horizon = control.horizon.load(std::memory_order_acquire);
  const std::uint64_t oldest = Window::oldest(horizon, shape.capacity, shape.first_sequence);
  return {.oldest = Sequence(std::min(oldest, end)),
          .published = Sequence(end),
          .is_closed = stream_end(segment) != format::open_end};
}

}  // namespace

StreamPosition stream_position(const Segment& segment) {
  if (is_shared(segment)) return position_of_shared(segment);
  const format::Control& control = segment.control();
  const format::Shape& shape = segment.shape();
  const Slots<Bytes, const std::byte> slots(segment.slots(), shape);
  // In a stamped ring `published` is a lower bound; the events after it are found by their stamps.
  // If a producer laps us while we look, its hint has moved: start again there.
  std::uint64_t hint = control.published.load(std::memory_order_acquire);
  std::uint64_t end = slots.published_end(control, hint, hint + shape.capacity);
  for (int attempt = 0; attempt < 64; ++attempt) {
    const std::uint64_t again = control.published.load(std::memory_order_acquire);
    if (again <= end) break;
    hint = again;
    end = slots.published_end(control, hint, hint + shape.capacity);
  }
  const std::uint64_t horizon = control.horizon.load(std::memory_order_acquire);
  const std::uint64_t oldest = Window::oldest(horizon, shape.capacity, shape.first_sequence);
  return {.oldest = Sequence(std::min(oldest, end)),
          .published = Sequence(end),
          .is_closed = control.end.load(std::memory_order_acquire) != format::open_end};
}

namespace {

/// Changes whenever a status does.
std::uint64_t with_status(std::uint64_t hash, std::uint64_t status) {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15U;
  return (hash ^ status) * odd + (hash >> 32U);
}

std::uint64_t hash_of_statuses(const Segment& segment) {
  std::uint64_t hash = 0;
  for (std::uint32_t index = 0; index < segment.shape().rows; ++index)
    hash = with_status(hash, segment.row(index).status.load(std::memory_order_acquire));
  return hash;
}

ProducerPresence presence_of_several(const Segment& segment) {
  ProducerPresence found = ProducerPresence::never;
  bool is_closing = false;
  bool died_closing = false;
  std::uint64_t hash = 0;
  for (std::uint32_t index = 0; index < segment.shape().rows; ++index) {
    const auto status_now = [&] {
      return segment.row(index).status.load(std::memory_order_acquire);
    };
    std::uint64_t word = status_now();
    hash = with_status(hash, word);
    if (RowStatus::unpack(word).kind != RowKind::producer) continue;
    const bool is_locked =
        segment.object().is_locked_elsewhere(format::lock::row(index), os::LockMode::shared);
    // One that leaves says so and then lets go of its lock: a free lock tells of the status that
    // was the same before and after. (The kernel orders lock and word.)
    if (!is_locked) {
      const std::uint64_t before = std::exchange(word, status_now());
      if (word != before)
        return ProducerPresence::alive;  // it has come or gone just now: ask again
    }
    const RowStatus status = RowStatus::unpack(word);
    if (status.state == RowState::left) {
      // Somebody is just leaving; or has taken the row since, and we see late what it says: ask
      // again.
      if (is_locked) return ProducerPresence::alive;
      if (found == ProducerPresence::never && !status.has_closed) found = ProducerPresence::left;
    } else if (is_locked) {
      if (!status.has_closed) return ProducerPresence::alive;
      is_closing = true;
    } else if (!status.has_closed) {
      found = ProducerPresence::dead;
    } else {
      died_closing = true;
    }
  }
  // One may have joined in a row that we had passed, and then the last of the others have left:
  // only what stands still between two looks at all rows was there at one time. Else: ask again.
  if (hash_of_statuses(segment) != hash) return ProducerPresence::alive;
  // All have closed: one of them is about to end the stream, or died before it did.
  if (found == ProducerPresence::never && is_closing) return ProducerPresence::alive;
  if (found == ProducerPresence::never && died_closing) return ProducerPresence::dead;
  return found;
}

}  // namespace

bool is_kept_open(const Segment& segment, std::uint32_t except) {
  for (std::uint32_t index = 0; index < segment.shape().rows; ++index) {
    if (index == except) continue;
    const RowStatus status =
        RowStatus::unpack(segment.row(index).status.load(std::memory_order_acquire));
    if (status.kind != RowKind::producer || status.has_closed) continue;
    if (status.is_awaited || status.state == RowState::left ||
        segment.object().is_locked_elsewhere(format::lock::row(index), os::LockMode::shared)) {
      return true;
    }
  }
  return false;
}

ProducerPresence producer_presence(const Segment& segment) {
  if (is_shared(segment)) return presence_of_several(segment);
  // A producer that leaves stores its phase and then lets go of the lock; a successor takes the
  // lock and then stores its phase. So a free lock tells of the phase only if that was the same
  // before and after: the lock may have been free between the two of them. (The phase has an
  // incarnation in it: the same word is the same producer. The kernel orders lock and word.)
  std::uint64_t word = segment.control().producer.load(std::memory_order_acquire);
  for (int attempt = 0; attempt < 16; ++attempt) {
    if (segment.object().is_locked_elsewhere(format::lock::producer, os::LockMode::shared))
      return ProducerPresence::alive;
    const std::uint64_t before =
        std::exchange(word, segment.control().producer.load(std::memory_order_acquire));
    if (word != before) continue;
    switch (static_cast<format::ProducerPhase>(word & 0xFFFFFFFFU)) {
      case format::ProducerPhase::active:
        return ProducerPresence::dead;
      case format::ProducerPhase::left:
        return ProducerPresence::left;
      case format::ProducerPhase::none:
        return ProducerPresence::never;
    }
    return ProducerPresence::never;
  }
  return ProducerPresence::alive;  // one successor after another
}

bool is_finished(const Segment& segment) {
  const std::uint64_t end = stream_end(segment);
  if (end == format::open_end) return false;
  for (std::uint32_t index = 0; index < segment.shape().rows; ++index) {
    const format::Row& row = segment.row(index);
    const RowStatus status = RowStatus::unpack(row.status.load(std::memory_order_acquire));
    if (status.kind == RowKind::required && status.gates() && !is_passed_over(row) &&
        row.cursor.load(std::memory_order_acquire) < end) {
      return false;
    }
  }
  return true;
}

bool let_go(Segment& segment) noexcept {
  if (!segment.object().is_open()) return false;
  // Let go before asking: whoever closes after our question finds nobody and removes the name; who
  // closed before it is seen by our question.
  segment.object().unlock(format::lock::attached);
  try {
    return remove_if_finished(segment);
  } catch (...) {
    return false;  // no lock to be had: the name stays for `dmp clean`
  }
}

bool remove_if_finished(Segment& segment) {
  // Of a ring from before a power cut nothing can be believed, so nobody who is refused for that
  // may remove it for what it says: that is for `dmp clean`, or for whoever put it there.
  if (segment.is_from_earlier_boot()) return false;
  // Asked first without keeping anybody from attaching, for the ordinary case: it is still in use.
  if (!is_finished(segment) || !segment.become_last()) return false;
  // Asked again now that nobody else can change the answer: since the first time a required
  // consumer may have come and left with events still to read.
  if (is_finished(segment)) return segment.object().remove_name();
  segment.stop_being_last();
  return false;
}

}  // namespace disruptor_mp
