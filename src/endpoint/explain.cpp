// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/endpoint/detail/explain.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "disruptor_mp/membership/claims.hpp"
#include "disruptor_mp/membership/graph.hpp"
#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/ring/slots.hpp"

namespace disruptor_mp::detail {
namespace {

/// What keeps a producer from having room, and what can be done about it.
struct Hold {
  std::string found;
  std::string remedy;
};

bool is_shared(const Segment& segment) {
  return segment.shape().producer_kind == format::ProducerKind::multi;
}

/// "the open claim of gateway (producer, pid 4711, stopped)"; empty if nobody has one there.
std::string open_claim_text(const ProducerCore& producer, std::uint64_t sequence) {
  std::string owners;
  for (const Participant& participant : producer.participants()) {
    if (participant.kind == format::RowKind::producer &&
        has_open_claim(producer.segment(), participant.row, sequence))
      owners += (owners.empty() ? "" : ", ") + describe(participant);
  }
  return owners.empty() ? owners : "the open claim of " + owners;
}

std::uint64_t quarantined_slots(const Segment& segment, std::uint64_t next) {
  const Slots<Bytes, const std::byte> slots(segment.slots(), segment.shape());
  std::uint64_t count = 0;
  for (std::uint64_t i = 0; i < slots.capacity(); ++i)
    count += std::uint64_t{slots.quarantined(next + i).has_value()};
  return count;
}

Hold hold_of(const ProducerCore& producer, std::uint64_t count) {
  static const std::string larger_ring =
      "Wait longer, look at `dmp inspect`, or create the ring with a larger capacity.";
  static const std::string end_claim =
      "Let that producer go on, so that it publishes or gives the claim up, or end it; `dmp "
      "inspect` shows its state.";
  const Segment& segment = producer.segment();
  const std::uint64_t next = stream_position(segment).published.value();
  const std::uint64_t capacity = segment.shape().capacity;
  const auto holder = producer.slowest_consumer();
  const bool is_read = holder && holder->cursor.value() + capacity >= next + count;
  // A consumer that is in nobody's way, or none: then of several producers one holds the others up.
  if (is_shared(segment) && (is_read || !holder)) {
    if (const std::uint64_t slots = quarantined_slots(segment, next); slots != 0) {
      return {
          .found = std::to_string(slots) + " of " + std::to_string(capacity) +
                   " slots held back: their claims were revoked, and who made them has not "
                   "learnt it yet",
          .remedy = "Let the stopped producer go on, or end it; `dmp inspect` shows its state."};
    }
    const std::uint64_t held = first_unsettled(segment, producer.row(), next);
    if (const auto claim = open_claim_text(producer, held); !claim.empty()) {
      return {.found = "a ring held full by " + claim + " at " + std::to_string(held),
              .remedy = end_claim};
    }
  }
  if (!holder) return {.found = "a full ring and no consumer attached", .remedy = larger_ring};
  const std::uint64_t at = holder->cursor.value();
  Hold hold{.found = "a ring held full by " + describe(*holder) + " at " + std::to_string(at),
            .remedy = larger_ring};
  // It may not be slow at all.
  if (const auto chain = blockers_of(producer.participants(), *holder); !chain.empty()) {
    hold.found += ", which waits for " + describe(chain.back());
    hold.remedy = "See what that one is doing (`dmp inspect --graph`), start it, or wait longer.";
    return hold;
  }
  if (!is_shared(segment)) return hold;
  if (const auto claim = open_claim_text(producer, at); !claim.empty()) {
    hold.found += ", which waits for " + claim;
    hold.remedy = end_claim;
  }
  return hold;
}

std::string failure_text(const std::optional<ConsumerAlert>& failure) {
  if (!failure) return "acknowledged since";
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(failure->stalled_for);
  return failure->consumer_id + " at " + std::to_string(failure->next_sequence.value()) + ", " +
         std::string(to_string(failure->trouble)) + " for " + std::to_string(ms.count()) + " ms";
}

/// A failure that a liveness policy has found, whoever looked. `found`: what stands in the way.
Error explain_failure(const std::string& object, const std::optional<ConsumerAlert>& failure,
                      bool is_stall, std::string found) {
  const std::string text = failure_text(failure);
  if (is_stall) {
    return {Errc::consumer_stalled,
            {.object = object,
             .problem = "a required consumer does not move: " + text,
             .found = std::move(found),
             .expected = "progress within progress_timeout and shutdown_grace_period",
             .remedy = "See what it is doing (`dmp inspect`), restart it under the same id, then "
                       "call acknowledge_failure."}};
  }
  return {Errc::consumers_missing,
          {.object = object,
           .problem = "a required consumer is away: " + text,
           .found = std::move(found),
           .expected = "it to come back within absence_grace_period",
           .remedy = "Restart it under the same id, then call acknowledge_failure."}};
}

ErrorText forked(const std::string& object) {
  return {.object = object,
          .problem = "this endpoint belongs to the parent process",
          .found = "a call in the child of a fork",
          .expected = "calls in the process that attached",
          .remedy = "Attach anew in the child."};
}

ErrorText stopped(const Segment& segment, std::string found) {
  const auto reason = stop_reason(segment);
  return {.object = segment.name(),
          .problem = "the stream was stopped for all, because of " +
                     (reason ? reason->consumer_id + ", " + std::string(to_string(reason->trouble))
                             : std::string("a required consumer")),
          .found = std::move(found),
          .expected = "an open ring",
          .remedy =
              "Find out what that consumer did (`dmp inspect`), and start all anew with a new "
              "ring."};
}

/// "journal (…) at 12, which waits for feed, which has never been there"
std::string blockers_text(const std::vector<Blocker>& chain) {
  std::string text;
  for (const Blocker& blocker : chain)
    text += (text.empty() ? "" : ", which waits for ") + describe(blocker);
  return text.empty() ? "nobody by now" : text;
}

std::string producer_text(const Segment& segment) {
  for (const Participant& participant : list_participants(segment)) {
    if (participant.kind == format::RowKind::producer) return describe(participant);
  }
  return "no producer";
}

}  // namespace

Error explain(const ProducerCore& producer, Publish result, std::uint64_t count) {
  const std::string& object = producer.segment().name();
  const std::uint64_t capacity = producer.segment().shape().capacity;
  switch (result) {
    case Publish::too_large:
      return {Errc::batch_too_large,
              {.object = object,
               .problem = "a claim of this size can never be met",
               .found = std::to_string(count) + " events",
               .expected = "1 to " + std::to_string(capacity) + ", the capacity",
               .remedy = "Publish in smaller batches, or create the ring with a larger capacity."}};
    case Publish::consumer_missing:
      if (producer.failure())
        return explain_failure(object, producer.failure(), false, hold_of(producer, count).found);
      return {Errc::consumers_missing,
              {.object = object,
               .problem = "a required consumer is away and the ring is full",
               .found = hold_of(producer, count).found,
               .expected = "it to come back within required_patience",
               .remedy = "Restart it under the same id, or let it resign."}};
    case Publish::consumer_stalled:
      return explain_failure(object, producer.failure(), true, hold_of(producer, count).found);
    case Publish::gone:
      return {Errc::object_replaced,
              {.object = object,
               .problem = "nobody can find this ring any more, and it is full",
               .found = hold_of(producer, count).found +
                        "; its name leads to nothing, or to another ring",
               .expected = "the name to lead to this ring, so that a consumer can come",
               .remedy = "Create the ring anew and start its consumers again; find out who removed "
                         "or replaced it."}};
    case Publish::stopped:
      return {Errc::stopped, stopped(producer.segment(), "a publish after the stop")};
    case Publish::closed:
      return {Errc::closed,
              {.object = object,
               .problem = "this producer has closed the ring",
               .found = "a publish after close",
               .expected = "an open ring",
               .remedy = "Create a new ring."}};
    case Publish::used_after_fork:
      return {Errc::used_after_fork, forked(object)};
    case Publish::claim_open:
      return {Errc::claim_open,
              {.object = object,
               .problem = "this producer is busy with a claim",
               .found = "a claim or burst that is neither published nor given up",
               .expected = "one claim at a time",
               .remedy = "Publish or abandon the claim first, or give each thread a producer of "
                         "its own."}};
    case Publish::revoked:
      return {
          Errc::claim_revoked,
          {.object = object,
           .problem = "this claim was revoked: others had waited for it too long",
           .found = "a claim open for longer than " +
                    std::to_string(producer.segment().shape().revoke_stopped_after) + " ns",
           .expected = "it to be published or given up before",
           .remedy = "Publish the events again if they are still of use; fill events faster, or "
                     "create the ring with a longer revoke_stopped_after."}};
    case Publish::ok:
    case Publish::full:
    case Publish::timed_out:
    case Publish::dropped:
      break;
  }
  Hold hold = hold_of(producer, count);
  return {
      Errc::ring_full,
      {.object = object,
       .problem = result == Publish::full      ? "there is no room just now"
                  : result == Publish::dropped ? "there was no room, and the events were dropped"
                                               : "there was no room before the deadline",
       .found = std::move(hold.found),
       .expected = std::to_string(count) + " free slots of " + std::to_string(capacity),
       .remedy = std::move(hold.remedy)}};
}

Error explain(const ConsumerCore& consumer, Poll result, Sequence next) {
  const std::string& object = consumer.segment().name();
  const std::string position = "position " + std::to_string(next.value());
  switch (result) {
    case Poll::closed:
      return {Errc::closed,
              {.object = object,
               .problem = "the stream has ended",
               .found = position + ", the end of the stream",
               .expected = "events to follow",
               .remedy = "Attach to the producer's next ring."}};
    case Poll::stopped:
      return {Errc::stopped, stopped(consumer.segment(), position + ", the end of the stream")};
    case Poll::passed_over:
      return {Errc::passed_over,
              {.object = object,
               .problem = "a producer has gone on without this consumer, which had stalled",
               .found = position + ", which may be overwritten",
               .expected = "progress within the producer's progress_timeout",
               .remedy = "Go on (missed() counts what is lost), or attach anew to gate again."}};
    case Poll::gone:
      return {Errc::object_replaced,
              {.object = object,
               .problem = "the ring's name was removed or leads to another object now",
               .found = position + " of a ring without a living producer",
               .expected = "the name to lead to this ring",
               .remedy = "Attach again to follow the new ring."}};
    case Poll::used_after_fork:
      return {Errc::used_after_fork, forked(object)};
    case Poll::interrupted:
      return {Errc::interrupted,
              {.object = object,
               .problem = "a wait for events was interrupted",
               .found = position + ", nothing newer",
               .expected = "an event",
               .remedy = "Wait again, or end: `interrupt` was called by this program."}};
    case Poll::lease_open:
      return {Errc::lease_open,
              {.object = object,
               .problem = "a lease of this consumer is still open",
               .found = "a second reading at " + position,
               .expected = "one at a time",
               .remedy = "Release the lease, give it back, or let its scope end first."}};
    case Poll::producer_left:
    case Poll::producer_dead:
      return {Errc::producer_gone,
              {.object = object,
               .problem = result == Poll::producer_dead ? "the producer died"
                                                        : "the producer left without closing",
               .found = producer_text(consumer.segment()) + ", " + position,
               .expected = "a living producer",
               .remedy = "Start a successor (attach or create_or_attach); this consumer then goes "
                         "on by itself."}};
    case Poll::predecessor_missing:
      return {Errc::predecessor_missing,
              {.object = object,
               .problem = "a consumer that this one waits for is away",
               .found = blockers_text(consumer.blockers(next.value())) + "; " + position,
               .expected = "it to come back within predecessor_patience",
               .remedy = "Restart it under the same id, or let it resign; this consumer then goes "
                         "on by itself."}};
    case Poll::events:
    case Poll::gated:
    case Poll::idle:
    case Poll::timed_out:
      break;
  }
  if (const auto chain = consumer.blockers(next.value()); result == Poll::gated || !chain.empty()) {
    return {Errc::gated,
            {.object = object,
             .problem = "a consumer that this one waits for has not committed what is there",
             .found = blockers_text(chain) + "; " + position,
             .expected = "it to be past that position",
             .remedy = "See what it is doing (`dmp inspect --graph`), start it, or wait longer."}};
  }
  return {Errc::not_found,
          {.object = object,
           .problem = "there was nothing to read",
           .found = position + ", nothing newer",
           .expected = "an event",
           .remedy = "Wait longer."}};
}

Error explain(const Segment& segment, const ConsumerAlert& failure) {
  const auto participants = list_participants(segment);
  std::string found = "nobody of this id";
  for (const Participant& participant : participants) {
    if (participant.id == failure.consumer_id && participant.kind != format::RowKind::producer)
      found = describe(participant);
  }
  return explain_failure(segment.name(), failure, failure.trouble == ConsumerTrouble::stalled,
                         std::move(found));
}

}  // namespace disruptor_mp::detail
