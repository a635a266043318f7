// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/housekeeping.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace disruptor_mp {
namespace {

using format::RowKind;
using Presence = Participant::Presence;

bool is_present(const Participant& participant) {
  return participant.presence == Presence::alive || participant.presence == Presence::stopped;
}

bool is_consumer(const Participant& participant) { return participant.kind != RowKind::producer; }

template <class Names>
RingList read_all(const Names& names) {
  RingList list;
  for (const os::ObjectName& name : names) {
    try {
      if (const auto segment = Segment::try_attach(name, SegmentRole::inspector, EventType{}))
        list.rings.push_back(summarize(*segment));
    } catch (const Error& error) {
      list.unreadable.push_back({.name = name.text(), .error = error});
    }
  }
  return list;
}

/// Whether a ring may be removed once nobody is attached, and why (not).
struct Verdict {
  bool may_be_removed = false;
  bool can_be_forced = true;
  std::string reason;
};

/// A required consumer that has not read all there is; of those that died, only if `also_dead`.
std::optional<Participant> find_unserved(const std::vector<Participant>& participants, Sequence end,
                                         bool also_dead) {
  const auto found =
      std::find_if(participants.begin(), participants.end(), [&](const Participant& participant) {
        return participant.kind == RowKind::required && participant.gates &&
               participant.cursor < end && (also_dead || participant.presence == Presence::left);
      });
  return found == participants.end() ? std::nullopt : std::optional(*found);
}

std::string unread_by(const Participant& participant, Sequence end) {
  const std::uint64_t count = end - participant.cursor;
  return describe(participant) + " has " + std::to_string(count) +
         (count == 1 ? " event to read" : " events to read");
}

/// The one whose absence keeps the ring open; of several the first.
std::string name_producer(const std::vector<Participant>& participants, Presence presence) {
  for (const Participant& participant : participants) {
    if (!is_consumer(participant) && participant.presence == presence && !participant.has_closed)
      return describe(participant);
  }
  return "its producer";
}

/// Who uses the ring; asked after the kernel has said that somebody does.
std::string name_users(const Segment& segment) {
  std::string users;
  for (const Participant& participant : list_participants(segment)) {
    if (is_present(participant)) users += (users.empty() ? "" : ", ") + describe(participant);
  }
  return "in use by " + (users.empty() ? "an observer, or somebody who is just joining" : users);
}

Verdict in_use(const Segment& segment) {
  return {.may_be_removed = false, .can_be_forced = false, .reason = name_users(segment)};
}

/// The rules of the table in the header, for a ring that nobody is attached to.
Verdict judge_abandoned(const Segment& segment) {
  if (segment.is_from_earlier_boot())
    return {.may_be_removed = true, .reason = "made before the machine's last start"};

  const auto participants = list_participants(segment);
  const StreamPosition position = stream_position(segment);
  const StreamState state = stream_state(segment, participants);
  if (state == StreamState::closed) {
    if (const auto unserved = find_unserved(participants, position.published, true))
      return {.reason = "closed, but " + unread_by(*unserved, position.published)};
    return {.may_be_removed = true, .reason = "closed, and nobody is attached"};
  }
  const std::string producer =
      name_producer(participants, state == StreamState::left ? Presence::left : Presence::dead);
  if (state == StreamState::left) return {.reason = producer + " left it open for a successor"};
  if (const auto unserved = find_unserved(participants, position.published, false))
    return {.reason = producer + " died, but " + unread_by(*unserved, position.published)};
  return {.may_be_removed = true, .reason = producer + " died, and nobody is attached"};
}

/// First a look, then the lock, then the look again: a ring that is to be kept is never locked, so
/// whoever attaches just now is not turned away; and what is seen under the lock stays true.
CleanResult clean_readable(const Segment& segment, os::MemoryObject& object,
                           const CleanOptions& options) {
  const auto may_remove = [&](const Verdict& verdict) {
    return verdict.may_be_removed || (options.force && verdict.can_be_forced);
  };
  CleanResult result{.name = segment.name(), .is_removed = false, .reason = {}};
  Verdict verdict = segment.object().is_locked_elsewhere(format::lock::attached)
                        ? in_use(segment)
                        : judge_abandoned(segment);
  if (may_remove(verdict) && !options.dry_run) {
    // Held until `object` goes; if we die, the kernel drops it and the ring is as it was.
    const bool is_ours = object.try_lock(format::lock::attached, os::LockMode::exclusive);
    verdict = is_ours ? judge_abandoned(segment) : in_use(segment);
    result.is_removed = is_ours && may_remove(verdict) && object.remove_name();
  } else {
    result.is_removed = may_remove(verdict);
  }
  result.reason = verdict.reason;
  return result;
}

/// An object whose header cannot be trusted: nothing of it is looked at, but its lock is asked.
CleanResult clean_unreadable(os::MemoryObject& object, const Error& error,
                             const CleanOptions& options) {
  CleanResult result{.name = object.name().text(), .is_removed = false, .reason = error.problem()};
  if (!options.force) return result;
  if (object.is_locked_elsewhere(format::lock::attached)) {
    result.reason += "; in use by somebody";
  } else {
    result.is_removed =
        options.dry_run ||
        (object.try_lock(format::lock::attached, os::LockMode::exclusive) && object.remove_name());
  }
  return result;
}

[[noreturn]] void fail_not_found(const os::ObjectName& name) {
  throw Error(Errc::not_found, {.object = name.text(),
                                .problem = "there is no ring of this name",
                                .found = "nothing at " + name.path(),
                                .expected = "a ring",
                                .remedy = "Check the name with `dmp ls`."});
}

}  // namespace

std::string_view to_string(StreamState state) noexcept {
  switch (state) {
    case StreamState::alive:
      return "alive";
    case StreamState::stopped:
      return "stopped";
    case StreamState::dead:
      return "dead";
    case StreamState::left:
      return "left";
    case StreamState::closed:
      return "closed";
    case StreamState::never:
      break;
  }
  return "never";
}

StreamState stream_state(const Segment& segment, const std::vector<Participant>& participants) {
  if (stream_position(segment).is_closed) return StreamState::closed;
  switch (producer_presence(segment)) {
    case ProducerPresence::alive: {
      const bool is_stopped =
          std::any_of(participants.begin(), participants.end(), [](const Participant& participant) {
            return !is_consumer(participant) && participant.presence == Presence::stopped;
          });
      return is_stopped ? StreamState::stopped : StreamState::alive;
    }
    case ProducerPresence::dead:
      return StreamState::dead;
    case ProducerPresence::left:
      return StreamState::left;
    case ProducerPresence::never:
      break;
  }
  return StreamState::never;
}

ProducerCount count_producers(const std::vector<Participant>& participants) {
  ProducerCount count;
  for (const Participant& participant : participants) {
    if (is_consumer(participant) || participant.has_closed) continue;
    switch (participant.presence) {
      case Presence::alive:
        ++count.alive;
        break;
      case Presence::stopped:
        ++count.stopped;
        break;
      case Presence::dead:
        ++count.dead;
        break;
      case Presence::left:
        ++count.left;
        break;
    }
  }
  return count;
}

RingSummary summarize(const Segment& segment) {
  const auto participants = list_participants(segment);
  RingSummary summary{.name = segment.name(),
                      .type_name = segment.type_name(),
                      .event_size = segment.shape().event_size,
                      .capacity = segment.shape().capacity,
                      .total_size = segment.header().sections.total_size,
                      .created_ns = segment.header().birth.created_ns,
                      .position = stream_position(segment),
                      .state = stream_state(segment, participants),
                      .producer_kind = segment.shape().producer_kind,
                      .producers = count_producers(participants)};
  for (const Participant& participant : participants) {
    if (!is_consumer(participant)) continue;
    if (is_present(participant)) {
      ++summary.consumers_present;
    } else if (participant.kind == RowKind::required && participant.gates) {
      ++summary.consumers_away;
    }
  }
  return summary;
}

RingDetails inspect_ring(std::string_view name, std::string_view id_prefix) {
  const auto object = os::ObjectName::parse(name);
  const auto segment = Segment::try_attach(object, SegmentRole::inspector, EventType{});
  if (!segment) fail_not_found(object);
  RingDetails details{.ring = summarize(*segment), .participants = list_participants(*segment)};
  std::erase_if(details.participants, [&](const Participant& participant) {
    return !participant.id.starts_with(id_prefix);
  });
  return details;
}

RingList list_rings(std::string_view prefix) { return read_all(os::list_shm_objects(prefix)); }

RingList list_ring_files(const std::string& directory, std::string_view prefix) {
  return read_all(os::list_file_objects(directory, prefix));
}

CleanResult clean_ring(const os::ObjectName& name, const CleanOptions& options) {
  if (!name.is_lasting())
    return {.name = name.text(), .reason = "has no name: it goes with its last descriptor"};
  std::optional<os::MemoryObject> object;
  try {
    object = os::MemoryObject::open(
        name, options.dry_run ? os::Access::read_only : os::Access::read_write);
    if (!object) fail_not_found(name);
    const auto segment = Segment::try_attach(name, SegmentRole::inspector, EventType{});
    if (!segment) fail_not_found(name);  // removed a moment ago
    // If the name has come to mean another object in between, removing it by the first one fails.
    return clean_readable(*segment, *object, options);
  } catch (const Error& error) {
    if (error.code() == Errc::not_found) throw;
    if (object) return clean_unreadable(*object, error, options);
    return {.name = name.text(), .is_removed = false, .reason = error.problem()};
  }
}

std::vector<CleanResult> clean_temporaries(const std::string& directory,
                                           const CleanOptions& options) {
  const std::string place =
      directory.empty() ? os::ObjectName::parse("shm:any").directory() : directory;
  std::vector<CleanResult> results;
  for (std::string& path : os::remove_abandoned_temporaries(place, options.dry_run)) {
    results.push_back({.name = "file:" + std::move(path),
                       .is_removed = true,
                       .reason = "half made; its creator died"});
  }
  return results;
}

}  // namespace disruptor_mp
