// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What simulated processes do on a ring of several producers. Compiled with the instrumentation,
// like roles.cpp.
#include <chrono>
#include <string>
#include <utility>

#include "disruptor_mp/disruptor_mp.hpp"
#include "engine.hpp"
#include "leasing.hpp"
#include "scenario.hpp"
#include "shared_oracle.hpp"
#include "situations.hpp"

namespace disruptor_mp::sim {

using namespace std::chrono_literals;

struct SharedEvent {
  std::uint64_t number, origin, checksum;
};

namespace {

static_assert(sizeof(SharedEvent) == simulated_event_size);
constexpr const char* ring_name = "shm:ring";

void pause() { os::sleep_until(os::now() + 200us); }
unsigned origin() { return engine().current(); }

WaitStrategy strategy_of(Waiting waiting) {
  switch (waiting) {
    case Waiting::spin:
      return WaitStrategy::spin_with_hint();
    case Waiting::yield:
      return WaitStrategy::spin_then_yield(1);
    case Waiting::sleep:
      return WaitStrategy::sleep(100us);
    case Waiting::block:
    case Waiting::poll:
      break;
  }
  return WaitStrategy::block(role_draw(2));
}

ProducerOptions producer_options(unsigned index) {
  return {.capacity = setting.capacity,
          .when_alone = setting.runs_free ? WhenAlone::run_free : WhenAlone::block,
          .producers = ProducerKind::multi,
          .max_participants = simulated_rows,
          .fences = setting.portable_fences ? FenceChoice::portable : FenceChoice::asymmetric,
          .first_sequence = setting.first,
          .counters = setting.counts,
          .revoke_stopped_after = std::chrono::microseconds(setting.revoke_after),
          .wait = strategy_of(setting.producer_waiting),
          .required_patience = 20ms,
          .timeout = 2s,
          .bias_after = setting.bias_after,
          .id = "p" + std::to_string(index)};
}

void fill(SharedEvent& event, unsigned number, bool is_wrong = false) {
  const std::uint64_t checksum = checksum_of(number, origin());
  event.number = number;
  event.origin = origin();
  event.checksum = is_wrong ? ~checksum : checksum;
}

/// As one that is stopped in the middle of an event.
void dawdle() {
  if (role_draw(4) == 0)
    os::sleep_until(os::now() + std::chrono::microseconds(role_draw(3 * setting.revoke_after)));
}

/// Each event is acknowledged as soon as it is published; sometimes the rest is given up, after an
/// event that could not be made.
unsigned publish_burst(Producer<SharedEvent>& producer, unsigned number, unsigned count,
                       Publish& result) {
  auto burst = producer.burst(count);
  result = burst.status();
  if (!burst) return 0;
  const unsigned keeps = role_draw(6) == 0 ? role_draw(count) : count;
  for (unsigned n = 0; n != keeps; ++n) {
    const Publish one = burst.publish([&](SharedEvent& event) {
      if (setting.revoke_after != 0) dawdle();
      fill(event, number + n);
    });
    if (one == Publish::revoked && setting.revoke_after != 0) {
      shared_oracle().revoked(origin(), number + n, count - n);
      situations().reach(Situation::claim_revoked);
      return n;
    }
    if (one != Publish::ok)
      engine().fail(Verdict::safety, "a burst returned " + std::string(to_string(one)));
    shared_oracle().published(origin(), number + n, 1);
    if (role_draw(8) == 0) pause();
  }
  if (keeps == count) return keeps;
  try {
    burst.publish([&](SharedEvent& event) {
      fill(event, number + keeps, true);
      throw Error(Errc::not_found, {});
    });
  } catch (const Error&) {
  }
  return keeps;
}

/// @return how many of the next `count` events are published now.
unsigned publish_some(Producer<SharedEvent>& producer, unsigned number, unsigned count) {
  Publish result = Publish::full;
  unsigned keeps = count;
  const auto filler = [number](SharedEvent& event) {
    if (setting.revoke_after != 0) {
      event.number = ~std::uint64_t{0};  // half of it
      dawdle();
    }
    fill(event, number);
  };
  switch (setting.publishing) {
    case Publishing::claim: {
      if (role_draw(2) == 0) {
        keeps = publish_burst(producer, number, count, result);
        break;
      }
      auto claim = producer.claim(count);
      result = claim.status();
      if (!claim) break;
      if (role_draw(6) == 0) keeps = role_draw(count);
      unsigned n = 0;
      for (SharedEvent& event : claim) {
        if (setting.revoke_after != 0) dawdle();
        fill(event, number + n, n >= keeps);
        ++n;
      }
      result = claim.publish(keeps);
      if (result == Publish::revoked) {
        const auto made = static_cast<unsigned>(claim.published());
        shared_oracle().revoked(origin(), number + made, count - made);
        situations().reach(Situation::claim_revoked);
        return made;
      }
      break;
    }
    case Publishing::try_one:
      result = producer.try_publish(filler);
      if (result != Publish::ok) pause();
      break;
    case Publishing::until:
      result = producer.publish_until(os::now() + 3ms, filler);
      break;
    case Publishing::one:
      result = producer.publish(filler);
      break;
  }
  if (result == Publish::ok) return keeps;
  if (result == Publish::revoked && setting.revoke_after != 0) {
    shared_oracle().revoked(origin(), number, count);
    situations().reach(Situation::claim_revoked);
    return 0;
  }
  if (setting.has_liveness &&
      (result == Publish::consumer_stalled || result == Publish::consumer_missing)) {
    // As in roles.cpp.
    meet_failure(producer);
    pause();
    return 0;
  }
  if (result != Publish::full && result != Publish::timed_out &&
      result != Publish::consumer_missing) {
    engine().fail(Verdict::safety, "publish returned " + std::string(to_string(result)));
  }
  return 0;
}

Producer<SharedEvent> become_producer(unsigned index) {
  if (shared_oracle().does_ring_exist())
    return Producer<SharedEvent>::attach(ring_name, producer_options(index));
  return Producer<SharedEvent>::create_or_attach(ring_name, producer_options(index));
}

/// As in roles.cpp.
void enable_liveness(Producer<SharedEvent>& producer) {
  try {
    producer.enable_liveness(simulated_policy());
  } catch (const Error& error) {
    if (error.code() != Errc::consumers_missing) throw;
  }
}

/// One visit of a producer: attach, publish, close; or leave in the middle.
/// @param number of its next event, in this life. @return whether the stream is over for it.
bool produce_once(unsigned index, unsigned& number) {
  Producer<SharedEvent> producer = become_producer(index);
  shared_oracle().ring_exists();
  shared_oracle().joined(index);
  engine().require_growing(&producer.segment().control().horizon);
  if (setting.has_liveness) enable_liveness(producer);
  while (shared_oracle().done(index) < setting.events) {
    const unsigned left = static_cast<unsigned>(setting.events) - shared_oracle().done(index);
    const unsigned count =
        setting.publishing == Publishing::claim ? std::min(setting.claim, left) : 1;
    shared_oracle().publishing(origin(), number, count);
    const unsigned made = publish_some(producer, number, count);
    shared_oracle().published(origin(), number, made);
    shared_oracle().add_done(index, made);
    number += count;
    if (TailWord::unpack(producer.segment().control().tail.load(std::memory_order_relaxed)).mode ==
        TailWord::Mode::biased)
      situations().reach(Situation::tail_biased);
    // Who joins for the first time succeeds one that has left, so that the ring would not wait for
    // that one. (Whoever has closed has not left: the others wait for nobody.)
    const bool leaves = setting.producer_detaches && shared_oracle().done(index) < setting.events &&
                        shared_oracle().have_joined(setting.producers) && role_draw(4) == 0;
    if (leaves) {
      shared_oracle().leaving(index);
      producer.detach();
      return false;
    }
    if (role_draw(8) == 0) pause();
  }
  while (!shared_oracle().have_joined(setting.producers)) pause();
  shared_oracle().closing(index);
  if (setting.publishing == Publishing::claim && role_draw(3) == 0) {
    const auto open = producer.try_claim(1);
    producer.close();  // gives it up
  } else {
    producer.close();
  }
  return true;
}

void produce(unsigned index) {
  situations().is_producer();
  unsigned number = 0;
  try {
    while (!produce_once(index, number)) pause();
  } catch (const Error& error) {
    // A life before this one died while it closed, as the last one.
    const bool is_over = error.code() == Errc::closed || error.code() == Errc::not_found;
    if (!is_over || !shared_oracle().have_closed(setting.producers)) throw;
  }
}

bool consume_once(unsigned index) {
  const ConsumerSetting& c = setting.consumer[index];
  const bool resumes = (engine().incarnation() != 0 || c.returns) && c.kind != SimKind::observer;
  situations().is_consumer(c.kind);
  auto consumer = Consumer<SharedEvent>::attach(
      ring_name,
      {.id = "c" + std::to_string(index),
       .kind = c.kind == SimKind::required || c.kind == SimKind::passable ? ConsumerKind::required
               : c.kind == SimKind::gating                                ? ConsumerKind::gating
                                                                          : ConsumerKind::observer,
       .start = resumes ? Start::resume : Start::oldest,
       .wait = strategy_of(c.waiting),
       .timeout = 2s,
       .may_be_passed_over = is_passable(index, shared_oracle().was_here(index)),
       .max_batch = c.max_batch,
       .commit = c.leases ? Commit::by_hand : Commit::per_batch});
  SharedOracle& told = shared_oracle();
  told.attached(index, c.kind, consumer.start_sequence().value(), resumes);
  if (consumer.resumed() && consumer.passed_over())
    situations().reach(Situation::returned_after_passed_over);
  std::uint64_t missed = 0;
  std::uint64_t voids = 0;
  const auto tell_gaps = [&] {
    const std::uint64_t newly_missed = consumer.missed() - std::exchange(missed, consumer.missed());
    const std::uint64_t newly_void = consumer.voids() - std::exchange(voids, consumer.voids());
    if (newly_void != 0) situations().reach(Situation::void_skipped);
    if (newly_missed != 0) {
      told.missed(index, newly_missed + newly_void);  // which came first, nobody knows
    } else {
      told.skipped(index, newly_void);
    }
  };
  const auto handler = [&](const SharedEvent& event, Sequence sequence) {
    tell_gaps();
    const std::uint64_t checksum = event.checksum;
    const bool was_passed_over = consumer.passed_over();
    if (dawdles_in_handler(index)) {
      if (event.checksum != checksum)
        engine().fail(Verdict::safety, "an event changed while its handler read it");
      if (!was_passed_over && consumer.passed_over())
        situations().reach(Situation::passed_over_in_handler);
    }
    told.handled(index, sequence.value(),
                 {.sequence = event.number, .origin = event.origin, .checksum = event.checksum});
  };
  const auto tell_commit = [&] {
    tell_gaps();
    told.committed(index);
  };
  for (std::uint64_t handled = 0;;) {
    PollResult result;
    told.polls(index);
    if (c.waiting == Waiting::poll) {
      result = c.leases ? handle_lease(consumer, TimePoint::min(), handler, tell_commit)
                        : consumer.poll(handler);
      if (result.outcome == Poll::idle) pause();
    } else {
      const TimePoint deadline = role_draw(4) == 0 ? os::now() + 2ms : never;
      result = c.leases ? handle_lease(consumer, deadline, handler, tell_commit)
                        : consumer.poll_until(deadline, handler);
    }
    tell_gaps();
    if (!c.leases) told.committed(index);
    handled += result.count;
    switch (result.outcome) {
      case Poll::events:
      case Poll::idle:
      case Poll::timed_out:
        break;
      case Poll::closed:
        told.stream_ended(index, setting.producers);
        return true;
      case Poll::producer_dead:
        told.told_dead(index);
        pause();
        break;
      case Poll::producer_left:
        told.told_left(index);
        situations().reach(Situation::told_left);
        pause();
        break;
      case Poll::passed_over:
        situations().reach(Situation::told_passed_over);
        break;
      default:
        engine().fail(Verdict::safety, "poll returned " + std::string(to_string(result.outcome)));
    }
    if (c.leaves_after != 0 && handled >= c.leaves_after) return false;
  }
}

void consume(unsigned index) {
  for (unsigned i = 0; i < setting.consumer[index].delay; ++i) os::yield();
  if (shared_oracle().has_finished(index)) return;
  for (bool tarries = setting.consumer[index].tarries;; tarries = false) {
    try {
      if (consume_once(index)) return;
      if (tarries) os::sleep_until(os::now() + 40ms);
    } catch (const Error& error) {
      const bool may_be_late = error.code() == Errc::not_found || error.code() == Errc::closed;
      // The ring waits for a required consumer that was here, and for nobody else.
      if (!may_be_late || shared_oracle().needs_ring(index)) throw;
      if (shared_oracle().have_closed(setting.producers)) return shared_oracle().is_late(index);
    }
    pause();
  }
}

}  // namespace

template <unsigned Index>
void shared_producer_body() {
  produce(Index);
}
template <unsigned Index>
void shared_consumer_body() {
  consume(Index);
}
const std::array<void (*)(), SharedOracle::max_producers> shared_producer_bodies = {
    &shared_producer_body<0>, &shared_producer_body<1>, &shared_producer_body<2>};
const std::array<void (*)(), Oracle::max_consumers> shared_consumer_bodies = {
    &shared_consumer_body<0>, &shared_consumer_body<1>, &shared_consumer_body<2>,
    &shared_consumer_body<3>};

}  // namespace disruptor_mp::sim
