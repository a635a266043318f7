// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/endpoint/full_ring.hpp"
#include "disruptor_mp/membership/housekeeping.hpp"
#include "disruptor_mp/ring/wait_strategy.hpp"
#include "disruptor_mp/segment/format.hpp"
#include "disruptor_mp/segment/memory_report.hpp"

namespace disruptor_mp {

/// How publishers and sleepers see each other; a property of the ring. See ring/fences.hpp.
enum class FenceChoice : std::uint8_t {
  automatic,   ///< asymmetric where the creator may call membarrier(2), else portable
  asymmetric,  ///< publishing pays nothing for sleepers; every participant must be allowed to call
               ///< membarrier(2)
  portable,    ///< every publish pays a full fence (about 10 ns); works everywhere
};

using format::ProducerKind;
using format::WhenAlone;

/// What a ring shall be, and how its producer behaves.
struct ProducerOptions {
  // Properties of a new ring; not looked at when attaching to an existing one.

  /// Slots; a power of two from 1 to 2^30.
  std::uint64_t capacity = 4096;
  /// What publish does while no required or gating consumer is attached. `block` (the default): it
  /// goes on until the ring is full of events nobody has read, then waits for a consumer; nothing
  /// is lost. `run_free`: it never waits; unread events are overwritten.
  WhenAlone when_alone = WhenAlone::block;
  /// `single` (the default): one producer at a time, a successor takes over where it stopped.
  /// `multi`: any number, which come and go while the ring runs; see docs/multi-producer.md. Needs
  /// stamped slots, so for events above 128 bytes a specialisation of `slot_layout_of`.
  ProducerKind producers = ProducerKind::single;
  /// Rows of the participant table: producers and required or gating consumers, of which each needs
  /// one. 1 to 4096.
  std::uint32_t max_participants = 64;
  /// Permission bits and group of the object; they hold in spite of the umask. Consumers need read
  /// and write; observers read. Whoever may read can also delay recovery (docs/architecture.md,
  /// "Trust").
  std::uint32_t mode = 0600;
  /// See `mode`.
  std::optional<std::uint32_t> group = std::nullopt;
  /// The user the object shall belong to; to give it away takes root, or CAP_CHOWN.
  std::optional<std::uint32_t> owner = std::nullopt;
  /// Fewer and larger pages, for large rings. What cannot be had is no error: the next weaker kind
  /// is taken, and `memory()` and `dmp inspect` say why. See docs/memory.md.
  HugePages huge_pages = HugePages::none;
  /// The memory node that the ring's pages shall be on; on a machine of one node, a note in
  /// `memory()`.
  std::optional<std::uint32_t> numa_node = std::nullopt;
  /// How publishers and sleepers see each other.
  FenceChoice fences = FenceChoice::automatic;
  /// The number of the first event, at most 2^63; for tests that start near a power of two.
  std::uint64_t first_sequence = 0;

  /// Whether its participants count what they do, in the ring, where tools see it:
  /// docs/counters.md. It costs 1 KiB for each of `max_participants`.
  bool counters = true;

  /// Of several producers: how long those who wait for a claim that its producer neither publishes
  /// nor gives up, because it is stopped or slow, put up with it; then they revoke it. Consumers
  /// skip it, and its producer's publish returns `Publish::revoked`. Zero (the default): never, it
  /// is waited for. Such a ring pays a locked instruction per event, and its required and gating
  /// consumers map the slots writable. See docs/multi-producer.md.
  Duration revoke_stopped_after = Duration::zero();

  // Properties of this producer.

  /// Takes all page faults of the ring when it is created or attached, not when it is used. Changes
  /// no byte of a ring that others use.
  bool prefault = false;
  /// Keeps the ring in memory (mlock). An error that names RLIMIT_MEMLOCK if that is too low.
  bool lock_memory = false;
  /// How publish waits while the ring is full. Not set: as the environment says
  /// (DISRUPTOR_MP_PRODUCER_WAIT, DISRUPTOR_MP_WAIT; docs/waiting.md), else it blocks.
  std::optional<WaitStrategy> wait = std::nullopt;
  /// What publish, claim and burst do while the ring is full, in place of waiting without limit.
  WhenFull when_full = WhenFull::block();
  /// The core to which the thread that creates or attaches is pinned, for good. Not set: as the
  /// environment says (DISRUPTOR_MP_PRODUCER_CORE, DISRUPTOR_MP_PROCESS_CORE), else it is not
  /// pinned.
  std::optional<unsigned> core = std::nullopt;
  /// How long publish waits for a required consumer that is away (dead or left) and holds the ring
  /// full, before it returns `Publish::consumer_missing`. A slow or stopped consumer is not away:
  /// it is waited for as long as it takes. Not for those whom a liveness policy names.
  Duration required_patience = std::chrono::seconds(1);
  /// How long `attach` waits for the ring to appear, and for a predecessor to leave or die.
  Duration timeout = Duration::zero();
  /// Of several producers: after so many claims that nobody came between, this one takes the ring's
  /// end for itself, and then claims without a locked instruction; the next other producer that
  /// claims takes it back with one system call. Twice as many after each time that it did not
  /// last. 0: never.
  std::uint32_t bias_after = 64;
  /// The name under which tools show this producer; unique among the living. Empty: "producer", or
  /// a made-up one where there may be several. Of several producers, one that gave itself an id and
  /// dies is expected back under it: until then the ring does not end.
  std::string id = {};
};

/// What the producer owes a consumer.
enum class ConsumerKind : std::uint8_t {
  /// Holds the producer back, also while it is away (dead, or left without `resign`): it loses
  /// nothing, ever.
  required,
  /// Holds the producer back while it is attached and alive. Once it has left or is proven dead it
  /// does not.
  gating,
  /// Never holds anybody back; if it is too slow it is told exactly how many events it missed.
  /// Leaves no trace in
  /// the ring, attaches read-only, and is not counted by `wait_for_consumers`.
  observer,
};

/// Where a consumer begins.
enum class Start : std::uint8_t {
  oldest,  ///< the oldest event still in the ring
  latest,  ///< what is published from now on
  resume,  ///< after the last event this id committed; `oldest` if this ring does not know the id
};

/// When what a consumer has handled counts as done, so that producers may overwrite it, and a
/// successor of its id does not get it again. (Of a lease: when it is released, or a part of it.)
enum class Commit : std::uint8_t {
  per_batch,  ///< at the end of each batch, or run of iterated events that were there at once
  per_event,  ///< after each event: at most one is handled again after a crash; a store an event
  by_hand,    ///< when `Consumer::commit` or `commit_to` is called, and never otherwise, also not
              ///< on leaving: what a program has not stored safely comes again. Until then
              ///< producers, and their liveness policies, take it for unread
};

/// What a consumer is, where it begins, and how it behaves.
struct ConsumerOptions {
  /// 1 to 63 characters of A–Z a–z 0–9 . _ -; unique among the living. Empty: one is made up. A
  /// required consumer, and whoever wants to resume, must name itself.
  std::string id = {};
  /// What the producer owes it.
  ConsumerKind kind = ConsumerKind::gating;
  /// Where it begins.
  Start start = Start::oldest;
  /// How to wait for events. Not set: as the environment says (DISRUPTOR_MP_CONSUMER_WAIT,
  /// DISRUPTOR_MP_WAIT; docs/waiting.md), else it blocks.
  std::optional<WaitStrategy> wait = std::nullopt;
  /// The core to which the thread that attaches is pinned, for good. Not set: as the environment
  /// says (DISRUPTOR_MP_CONSUMER_CORE, DISRUPTOR_MP_PROCESS_CORE), else it is not pinned.
  std::optional<unsigned> core = std::nullopt;
  /// How long `attach` waits for the ring to appear, and for a dying holder of the same id to be
  /// gone.
  Duration timeout = Duration::zero();
  /// Takes all page faults of the ring when it is attached, not when it is read.
  bool prefault = false;
  /// Keeps the ring in memory (mlock). An error that names RLIMIT_MEMLOCK if that is too low.
  bool lock_memory = false;
  /// How long one waiting call puts up with the absence of a producer (dead or left) before it
  /// returns that as its result. Zero: it returns at once, and the caller decides whether to wait
  /// for a successor.
  Duration successor_patience = Duration::zero();
  /// A producer whose liveness policy says so may go on without this consumer while it lives, if it
  /// stalls. So that it never sees a torn event, the handler gets copies, each checked after it was
  /// made. (One that is proven dead may be passed over anyway.)
  bool may_be_passed_over = false;
  /// Called when a consumer that has nothing to read finds that its producers' state has changed:
  /// stopped, dead, left, closed, and alive again when one goes on or a successor has come. On the
  /// thread that polls or waits, after all that was published is read. It must not use the
  /// consumer; what it throws is forgotten.
  std::function<void(StreamState)> producer_hook = {};
  /// At most so many events are handled before progress is committed: the producer gets room, and
  /// at most so many are handled again after a crash. At least 1.
  std::uint64_t max_batch = 256;
  /// When its progress is committed; of no meaning for an observer.
  Commit commit = Commit::per_batch;

  /// The ids of the consumers that this one waits for: it gets an event only when each of them has
  /// committed it. A required one is waited for also while it is away, a gating one while it is
  /// alive, and one that this ring has never known until it comes. Not for observers. See
  /// docs/graphs.md.
  std::vector<std::string> after = {};
  /// Whether all of `after` must be there: `attach` waits for them until `timeout`, and fails
  /// without them. Otherwise this one attaches, and waits when it reads.
  bool predecessors_must_be_there = false;
  /// How long one waiting call puts up with standing at one of `after` that is away (a required one
  /// that died or left; or one that never came, and the producers are gone too) before it returns
  /// `Poll::predecessor_missing`.
  Duration predecessor_patience = std::chrono::seconds(1);
};

/// What became of a publish.
enum class Publish : std::uint8_t {
  ok,                ///< the events are visible to consumers
  full,              ///< try_…, or `WhenFull::refuse`: no room just now
  timed_out,         ///< …_until: no room before the deadline
  dropped,           ///< no room, and `WhenFull::drop_newest`: the event is counted and gone
  consumer_missing,  ///< a required consumer is away, longer than `required_patience`, and holds
                     ///< the ring full
  consumer_stalled,  ///< a required consumer lives and does not move, for longer than the liveness
                     ///< policy allows
  stopped,           ///< the stream was ended for all, by a liveness policy: `explain` says why
  gone,             ///< only a consumer that attaches could make room, and the name leads elsewhere
                    ///< now: none can come
  too_large,        ///< more events at once than the ring has slots, or none: never possible
  closed,           ///< this producer has closed, or another one has closed the ring for all
  used_after_fork,  ///< the producer belongs to the parent process
  claim_open,       ///< a claim or burst of this producer is still open: one at a time
  revoked,          ///< this producer was stopped or slow, for longer than `revoke_stopped_after`,
                    ///< and others have revoked its claim: nobody sees the event
};

/// What became of a poll.
enum class Poll : std::uint8_t {
  events,     ///< at least one event was handled
  idle,       ///< nothing to read just now
  gated,      ///< there is something, but a consumer that this one waits for has not committed it:
              ///< `gated_by` says who
  timed_out,  ///< nothing to read before the deadline
  closed,     ///< end of stream: all events are read, none will follow
  stopped,    ///< the same, and it was ended for all by a liveness policy: `explain` says why
  predecessor_missing,  ///< as gated, and that one is away, for longer than `predecessor_patience`
  passed_over,  ///< a producer has gone on without this consumer (told once); from now on it holds
                ///< nobody back, and `missed` counts what it misses
  producer_left,  ///< all events are read; the producer left without closing; a successor may come
  producer_dead,  ///< all events are read; the producer died; a successor may come
  gone,  ///< as producer_dead or _left, and the name leads elsewhere now: no successor can come
  interrupted,      ///< nothing to read, and `Consumer::interrupt` was called
  lease_open,       ///< a lease of this consumer is still open: one at a time
  used_after_fork,  ///< the consumer belongs to the parent process
};

[[nodiscard]] constexpr std::string_view to_string(Publish result) noexcept {
  switch (result) {
    case Publish::ok:
      return "ok";
    case Publish::full:
      return "full";
    case Publish::timed_out:
      return "timed_out";
    case Publish::dropped:
      return "dropped";
    case Publish::consumer_missing:
      return "consumer_missing";
    case Publish::consumer_stalled:
      return "consumer_stalled";
    case Publish::stopped:
      return "stopped";
    case Publish::gone:
      return "gone";
    case Publish::too_large:
      return "too_large";
    case Publish::closed:
      return "closed";
    case Publish::used_after_fork:
      return "used_after_fork";
    case Publish::claim_open:
      return "claim_open";
    case Publish::revoked:
      return "revoked";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(Poll result) noexcept {
  switch (result) {
    case Poll::events:
      return "events";
    case Poll::idle:
      return "idle";
    case Poll::gated:
      return "gated";
    case Poll::timed_out:
      return "timed_out";
    case Poll::closed:
      return "closed";
    case Poll::stopped:
      return "stopped";
    case Poll::predecessor_missing:
      return "predecessor_missing";
    case Poll::passed_over:
      return "passed_over";
    case Poll::producer_left:
      return "producer_left";
    case Poll::producer_dead:
      return "producer_dead";
    case Poll::gone:
      return "gone";
    case Poll::interrupted:
      return "interrupted";
    case Poll::lease_open:
      return "lease_open";
    case Poll::used_after_fork:
      return "used_after_fork";
  }
  return "unknown";
}

}  // namespace disruptor_mp
