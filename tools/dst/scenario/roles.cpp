// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What simulated processes do: ordinary users of the library, who tell the oracle about it.
// Compiled with the sanitizer's instrumentation, because the templates of the production code are
// instantiated here.
#include <chrono>
#include <string>
#include <utility>

#include "disruptor_mp/disruptor_mp.hpp"
#include "engine.hpp"
#include "leasing.hpp"
#include "scenario.hpp"
#include "situations.hpp"

namespace disruptor_mp::sim {

struct StampedEvent {
  std::uint64_t sequence, origin, checksum;
};
struct PackedEvent {
  std::uint64_t sequence, origin, checksum;
};

}  // namespace disruptor_mp::sim

template <>
inline constexpr auto disruptor_mp::slot_layout_of<disruptor_mp::sim::PackedEvent> =
    disruptor_mp::format::SlotLayout::packed;

namespace disruptor_mp::sim {

using namespace std::chrono_literals;

Setting setting;

namespace {

static_assert(sizeof(StampedEvent) == simulated_event_size);
static_assert(Staging<StampedEvent>::count == simulated_staging);

/// Of a producer, with required consumers that are away.
constexpr Duration patience = 20ms;
const char* ring_name() { return setting.power_cut_at != 0 ? "file:/ring" : "shm:ring"; }
std::array<Random, max_processes> role_randoms;

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

void pause() { os::sleep_until(os::now() + 200us); }

unsigned incarnation() { return engine().incarnation(); }
/// Tells the lives of all producers apart.
unsigned origin() { return engine().current(); }

ProducerOptions producer_options() {
  return {.capacity = setting.capacity,
          .when_alone = setting.runs_free ? WhenAlone::run_free : WhenAlone::block,
          .max_participants = simulated_rows,
          .fences = setting.portable_fences ? FenceChoice::portable : FenceChoice::asymmetric,
          .first_sequence = setting.first,
          .counters = setting.counts,
          .wait = strategy_of(setting.producer_waiting),
          .required_patience = patience,
          .timeout = 2s};
}

/// Each field once: compilers differ in what they make of a second store. `is_wrong`: an event that
/// is never published, so whoever sees it sees a wrong one.
template <class E>
void fill(E& event, std::uint64_t sequence, bool is_wrong = false) {
  const std::uint64_t checksum = checksum_of(sequence, origin());
  event.sequence = sequence;
  event.origin = origin();
  event.checksum = is_wrong ? ~checksum : checksum;
}

/// What becomes of a claim, and of how many of its events.
struct ClaimResult {
  Publish status = Publish::full;
  unsigned published = 0;
};
template <class E>
ClaimResult publish_claim(Producer<E>& producer, std::uint64_t next, unsigned count) {
  auto claim = producer.claim(count);
  if (!claim) return {.status = claim.status()};
  unsigned keeps = count;
  if (role_draw(8) == 0) {
    keeps = role_draw(count);
    situations().reach(keeps == 0 ? Situation::claim_abandoned : Situation::claim_cut_short);
  }
  std::uint64_t sequence = next;
  for (E& event : claim) {
    fill(event, sequence, sequence >= next + keeps);
    ++sequence;
  }
  claim.publish(keeps);
  return {.status = Publish::ok, .published = keeps};
}

/// Publishes the next few events, if there is room. @return what became of them.
template <class E>
Publish publish_some(Producer<E>& producer) {
  const std::uint64_t next = producer.next_sequence().value();
  const std::uint64_t left = oracle().end() - next;
  const bool claims = setting.publishing == Publishing::claim;
  const auto count =
      static_cast<unsigned>(claims ? std::min<std::uint64_t>(setting.claim, left) : 1);
  oracle().publishing(next, count, origin());
  situations().publishes(next, count);
  Publish result = Publish::full;
  unsigned published = 1;
  if (claims) {
    const ClaimResult made = publish_claim(producer, next, count);
    result = made.status;
    published = made.published;
  } else {
    const auto filler = [next](E& event) { fill(event, next); };
    switch (setting.publishing) {
      case Publishing::try_one:
        result = producer.try_publish(filler);
        if (result != Publish::ok) pause();
        break;
      case Publishing::until:
        result = producer.publish_until(os::now() + 3ms, filler);
        break;
      default:
        result = producer.publish(filler);
        break;
    }
  }
  situations().enters(Phase::other);
  if (result == Publish::ok && published != 0) {
    oracle().published(next, published, origin());
    return result;
  }
  oracle().not_published();
  if (result == Publish::ok) return result;  // abandoned
  if (result == Publish::timed_out) situations().reach(Situation::timed_out);
  if (result == Publish::consumer_missing) situations().reach(Situation::consumer_missing);
  if (result == Publish::gone && oracle().has_begun_anew()) {
    situations().reach(Situation::producer_told_gone);
    return result;
  }
  if (setting.has_liveness &&
      (result == Publish::consumer_stalled || result == Publish::consumer_missing)) {
    // It dawdles while it attaches, when nobody may pass it over; or it was passed over, and nobody
    // else reads: then there is room when somebody comes back.
    meet_failure(producer);
    pause();
    return result;
  }
  if (result != Publish::full && result != Publish::timed_out &&
      result != Publish::consumer_missing) {
    engine().fail(Verdict::safety, "publish returned " + std::string(to_string(result)));
  }
  return result;
}

/// Goes on without the first consumer when that is stalled or dead. At the start it may be dead,
/// and then the producer goes on as if it had no policy.
template <class E>
void enable_liveness(Producer<E>& producer) {
  try {
    producer.enable_liveness(simulated_policy());
  } catch (const Error& error) {
    if (error.code() != Errc::consumers_missing) throw;
  }
}

template <class E>
Producer<E> become_producer(bool is_standby) {
  // Once a ring was made it must be found again: by then readers rely on it.
  if (oracle().does_ring_exist() || is_standby)
    return Producer<E>::attach(ring_name(), producer_options());
  if (!setting.has_standby) return Producer<E>::create_or_attach(ring_name(), producer_options());
  // Beside a standby the ring may be finished before we look again; create_or_attach would then
  // rightly begin another one.
  try {
    return Producer<E>::create(ring_name(), producer_options());
  } catch (const Error& error) {
    if (error.code() != Errc::already_exists) throw;
  }
  return Producer<E>::attach(ring_name(), producer_options());
}

/// The name of a finished ring is free for another one, which has nothing to do with this run.
template <class E>
void make_ring_again() {
  oracle().begins_anew();
  try {
    const auto producer = Producer<E>::create(ring_name(), producer_options());
    situations().reach(Situation::ring_made_again);
  } catch (const Error& error) {
    if (error.code() != Errc::already_exists) throw;
  }
}

/// Whether an error is one that a file of before a power cut may cause: nothing else is promised.
bool is_of_earlier_boot(const Error& error) {
  if (engine().boots() == 1) return false;
  switch (error.code()) {
    case Errc::earlier_boot:
      situations().reach(Situation::old_ring_refused);
      return true;
    case Errc::not_a_ring: {
      const bool is_empty = error.found() == "an empty object";
      situations().reach(is_empty ? Situation::length_lost : Situation::header_lost);
      return true;
    }
    default:
      return false;
  }
}

/// What an operator does who reads the error: the file cannot be used, and goes.
void remove_old_file() {
  const auto name = os::ObjectName::parse(ring_name());
  try {
    // A ring that can be read needs no force: that it is of an earlier boot is reason enough.
    const CleanResult result = clean_ring(name, {});
    if (!result.is_removed) clean_ring(name, {.force = true});
  } catch (const Error& error) {
    if (error.code() != Errc::not_found) throw;
  }
}

/// Whoever requires readers names them, and publishes nothing before they are there.
template <class E>
void wait_for_all_consumers(Producer<E>& producer) {
  std::vector<std::string> ids;
  for (unsigned i = 0; i < setting.consumers; ++i) ids.push_back("c" + std::to_string(i));
  for (bool are_there = false; !are_there;) {
    try {
      producer.wait_for_consumers(ids, 2ms);
      are_there = true;
    } catch (const Error& error) {
      if (error.code() != Errc::consumers_missing) throw;
      situations().reach(Situation::told_who_is_missing);
    }
  }
}

template <class E>
void watch(const Segment& segment) {
  engine().require_growing(&segment.control().published);
  engine().require_growing(&segment.control().horizon);
}

template <class E>
void produce(bool is_standby) {
  situations().is_producer();
  if (incarnation() == 0) {
    for (unsigned i = 0; i < setting.producer_delay; ++i) os::yield();
  }
  if (oracle().has_begun_anew()) return;  // it died in the ring behind this run
  for (bool done = false; !done;) {
    try {
      situations().enters(Phase::attaching);
      Producer<E> producer = become_producer<E>(is_standby);
      // The first ring may have been finished and removed while we were about to make one: then we
      // have made the next one, which has nothing to do with this run.
      if (setting.has_standby && !producer.took_over() && oracle().does_ring_exist()) {
        situations().reach(Situation::ring_made_again);
        return;
      }
      situations().enters(Phase::other);
      const Oracle::Instance instance = producer.segment().header().birth.instance;
      if (oracle().is_next_ring(instance)) return;
      oracle().ring_exists(instance);
      watch<E>(producer.segment());
      oracle().producer_attached(producer.next_sequence().value());
      if (setting.waits_for_consumers) {
        try {
          producer.wait_for_consumers(1, 2ms);
        } catch (const Error& error) {
          const bool is_gone = error.code() == Errc::object_replaced && oracle().has_begun_anew();
          if (is_gone) return producer.detach();
          if (error.code() != Errc::consumers_missing) throw;
        }
      }
      if (setting.requires_consumers && oracle().acknowledged() == 0)
        wait_for_all_consumers(producer);
      if (setting.has_liveness) enable_liveness(producer);
      bool leaves = false;
      while (producer.next_sequence().value() < oracle().end() && !leaves) {
        if (publish_some(producer) == Publish::gone) {
          producer.detach();
          return;
        }
        leaves = setting.producer_detaches && role_draw(4) == 0;
      }
      if (leaves && producer.next_sequence().value() < oracle().end()) {
        situations().enters(Phase::closing);
        producer.detach();
        if (setting.producer_tarries)
          os::sleep_until(os::now() + std::chrono::milliseconds(role_draw(4)));
        continue;
      }
      if (setting.has_liveness) {
        const LivenessCounters counters = producer.liveness_counters();
        liveness_oracle().counted(counters.stalls, counters.absences);
      }
      oracle().closing();
      situations().enters(Phase::closing);
      producer.close();
      oracle().closed();
      done = true;
    } catch (const Error& error) {
      if (is_of_earlier_boot(error)) {
        if (engine().kernel().find_object("/ring") == Kernel::none)
          engine().fail(Verdict::safety, "who was refused has removed what it must not touch");
        remove_old_file();
        pause();
        continue;
      }
      // A standby waits for the ring to be made, and for its producer to go.
      const bool waits = error.code() == Errc::producer_alive ||
                         (error.code() == Errc::not_found && !oracle().does_ring_exist());
      if ((is_standby || setting.has_standby) && waits) {
        pause();
        continue;
      }
      const bool is_taken = error.code() == Errc::producer_alive || error.code() == Errc::closed ||
                            error.code() == Errc::not_found;
      if (setting.has_janitor && oracle().has_begun_anew() && is_taken) return;
      // A predecessor that died while it closed has left nothing to do.
      const bool is_gone = error.code() == Errc::closed || error.code() == Errc::not_found;
      if (!is_gone || !oracle().is_closing()) throw;
      if (oracle().are_all_done(setting.consumers)) make_ring_again<E>();
      done = true;
    }
  }
}

template <class E>
EventWords words_of(const E& event) {
  return {.sequence = event.sequence, .origin = event.origin, .checksum = event.checksum};
}

/// Not one that died for good before anybody knew it: nobody would ever come.
std::vector<std::string> predecessors_of(unsigned index) {
  std::vector<std::string> ids;
  for (unsigned i = 0; i < setting.consumers; ++i) {
    if ((setting.consumer[index].after >> i & 1U) == 0) continue;
    const bool is_lost = setting.consumer[i].stays_dead && !oracle().was_here(i);
    if (!is_lost) ids.push_back("c" + std::to_string(i));
  }
  return ids;
}
/// One that may die for good is waited for before anybody declares that it waits for it.
bool may_declare(unsigned index) {
  for (unsigned i = 0; i < setting.consumers; ++i) {
    const bool is_wanted = (setting.consumer[index].after >> i & 1U) != 0;
    const Engine::State state = engine().process(1 + i).state;
    const bool may_come = state != Engine::State::Crashed && state != Engine::State::Completed;
    if (is_wanted && setting.consumer[i].stays_dead && !oracle().was_here(i) && may_come)
      return false;
  }
  return true;
}

ConsumerOptions consumer_options(unsigned index) {
  const ConsumerSetting& c = setting.consumer[index];
  const bool returns = incarnation() != 0 || c.returns;
  return {.id = "c" + std::to_string(index),
          .kind = c.kind == SimKind::required || c.kind == SimKind::passable
                      ? ConsumerKind::required
                  : c.kind == SimKind::gating ? ConsumerKind::gating
                                              : ConsumerKind::observer,
          .start = c.starts_latest                          ? Start::latest
                   : returns && c.kind != SimKind::observer ? Start::resume
                                                            : Start::oldest,
          .wait = strategy_of(c.waiting),
          .timeout = 2s,
          .successor_patience = 0ns,
          .may_be_passed_over = is_passable(index, oracle().was_here(index)),
          .max_batch = c.max_batch,
          .commit = c.leases ? Commit::by_hand : Commit::per_batch,
          .after = predecessors_of(index),
          .predecessor_patience = patience};
}

/// What stands in events of the next ring, so that none of the ring before it passes for one.
constexpr std::uint64_t next_ring_mark = std::uint64_t{1} << 40U;
template <class E>
void read_next_ring(Consumer<E>& consumer) {
  situations().reach(Situation::found_next_ring);
  for (PollResult result; result.outcome == Poll::events || result.outcome == Poll::idle;) {
    result = consumer.poll([](const E& event, Sequence) {
      if (event.sequence - next_ring_mark >= setting.capacity)
        engine().fail(Verdict::safety, "an event of the ring that had the name before");
    });
    if (result.outcome == Poll::idle) pause();
  }
}

/// Gives the name of the ring of this run to another one, while that is in use.
template <class E>
void take_name() {
  Kernel& kernel = engine().kernel();
  const std::string path(os::ObjectName::parse(ring_name()).path());
  for (unsigned patience = 8 + role_draw(40);; --patience) {
    pause();
    if (patience == 0 || oracle().is_closing()) return;
    if (!oracle().does_ring_exist() || kernel.is_removing() || role_draw(4) != 0) continue;
    const int ring = kernel.find_object(path);
    if (ring == Kernel::none) return;
    oracle().begins_anew();
    kernel.remove_name(static_cast<unsigned>(ring));
    break;
  }
  auto next = Producer<E>::create(ring_name(), producer_options());
  if (!oracle().is_closing()) situations().reach(Situation::name_taken);
  for (unsigned i = 0; i < setting.capacity; ++i) {
    const Publish result = next.try_publish([i](E& event) { fill(event, next_ring_mark + i); });
    if (result != Publish::ok) break;
  }
  pause();
  next.close();
}

/// One visit of a consumer: attach, read, leave. @return whether the stream is over for it.
template <class E>
bool consume_once(unsigned index) {
  const ConsumerSetting& c = setting.consumer[index];
  const ConsumerOptions options = consumer_options(index);
  situations().is_consumer(c.kind);
  situations().enters(Phase::attaching);
  if (!oracle().does_ring_exist()) situations().reach(Situation::ring_not_there_yet);
  unsigned after = 0;
  for (const std::string& id : options.after) after |= 1U << static_cast<unsigned>(id[1] - '0');
  oracle().declares(index, after);
  auto consumer = Consumer<E>::attach(ring_name(), options);
  if (oracle().is_next_ring(consumer.segment().header().birth.instance)) {
    read_next_ring(consumer);
    oracle().resigned(index);
    return true;
  }
  watch<E>(consumer.segment());
  oracle().consumer_attached(
      index, c.kind, consumer.start_sequence().value(), options.start == Start::resume,
      c.leases ? setting.capacity : std::min<std::uint64_t>(c.max_batch, setting.capacity));
  if (setting.requires_consumers && consumer.start_sequence().value() != setting.first)
    engine().fail(Verdict::safety, "the producer did not wait for a consumer that it requires");
  situations().reads_from(consumer.start_sequence().value());
  if (consumer.resumed() && incarnation() != 0) situations().reach(Situation::resumed_after_death);
  std::uint64_t missed = 0;
  const auto tell_missed = [&] {
    if (consumer.missed() != missed) oracle().missed(index, consumer.missed() - missed);
    missed = consumer.missed();
  };
  if (consumer.resumed() && consumer.passed_over())
    situations().reach(Situation::returned_after_passed_over);
  const auto handler = [&](const E& event, Sequence sequence) {
    tell_missed();
    const EventWords before = words_of(event);
    const bool was_passed_over = consumer.passed_over();
    if (dawdles_in_handler(index)) {
      const EventWords after = words_of(event);
      if (before.sequence != after.sequence || before.checksum != after.checksum)
        engine().fail(Verdict::safety, "an event changed while its handler read it");
      if (!was_passed_over && consumer.passed_over())
        situations().reach(Situation::passed_over_in_handler);
    }
    oracle().handled(index, sequence.value(), words_of(event));
    situations().handled(sequence.value());
  };
  const auto tell_commit = [index] { oracle().committed(index); };
  std::uint64_t handled = 0;
  for (;;) {
    PollResult result;
    oracle().polls(index, c.waiting != Waiting::poll);
    if (c.waiting == Waiting::poll) {
      result = c.leases ? handle_lease(consumer, TimePoint::min(), handler, tell_commit)
                        : consumer.poll(handler);
      if (result.outcome == Poll::idle || result.outcome == Poll::gated) pause();
    } else {
      const TimePoint deadline = role_draw(4) == 0 ? os::now() + 2ms : never;
      result = c.leases ? handle_lease(consumer, deadline, handler, tell_commit)
                        : consumer.poll_until(deadline, handler);
    }
    oracle().polled(index);
    tell_missed();
    if (!c.leases) oracle().committed(index);
    handled += result.count;
    if (result.count == setting.capacity && result.count > 1)
      situations().reach(Situation::whole_ring_in_one_batch);
    switch (result.outcome) {
      case Poll::events:
      case Poll::idle:
      case Poll::timed_out:
        break;
      case Poll::gated:
        situations().reach(Situation::told_gated);
        break;
      case Poll::predecessor_missing:
        oracle().predecessor_absent(index);
        situations().reach(Situation::told_predecessor_missing);
        break;
      case Poll::closed:
        oracle().stream_ended(index);
        situations().enters(Phase::leaving);
        return true;
      case Poll::producer_dead:
        oracle().producer_absent(index, "producer_dead", false);
        situations().reach(Situation::told_dead);
        pause();
        break;
      case Poll::producer_left:
      case Poll::gone:
        oracle().producer_absent(index, std::string(to_string(result.outcome)).c_str(),
                                 !oracle().has_begun_anew() &&
                                     (!setting.producer_detaches || result.outcome == Poll::gone));
        if (result.outcome == Poll::gone) {
          situations().reach(Situation::told_gone);
          oracle().resigned(index);
          return true;
        }
        if (result.outcome == Poll::producer_left) situations().reach(Situation::told_left);
        pause();
        break;
      case Poll::passed_over:
        tell_missed();
        oracle().committed(index);
        situations().reach(Situation::told_passed_over);
        break;
      case Poll::stopped:
      case Poll::interrupted:
      case Poll::lease_open:
      case Poll::used_after_fork:
        engine().fail(Verdict::safety, "a result that nothing here is a reason for");
    }
    if (c.leaves_after != 0 && handled >= c.leaves_after) {
      situations().enters(Phase::leaving);
      if (c.returns) {
        oracle().leaving(index);
        return false;
      }
      oracle().resigning(index);
      consumer.resign();
      oracle().resigned(index);
      return true;
    }
  }
}

template <class E>
void consume(unsigned index) {
  for (unsigned i = 0; i < setting.consumer[index].delay; ++i) os::yield();
  // (Of a producer that died nobody knows what it published.)
  while (oracle().acknowledged() < setting.consumer[index].starts_after && !oracle().is_closing() &&
         engine().kills() == 0) {
    pause();
  }
  while (!may_declare(index)) pause();
  if (oracle().has_finished(index)) return;
  try {
    for (bool tarries = setting.consumer[index].tarries;; tarries = false) {
      const bool was_there = oracle().does_ring_exist();
      try {
        if (consume_once<E>(index)) return;
      } catch (const Error& error) {
        // The producer may be stopped for longer than any timeout; and it is who makes the ring
        // anew.
        if (!is_of_earlier_boot(error) && (error.code() != Errc::not_found || was_there)) throw;
      }
      if (tarries) {
        os::sleep_until(os::now() + 2 * patience);
      } else if (!setting.consumer[index].hurries) {
        pause();
      }
    }
  } catch (const Error& error) {
    // Who comes after everything has been read and closed finds nothing, and needs nothing.
    const bool is_late = error.code() == Errc::not_found && oracle().is_closing();
    const bool is_taken = error.code() == Errc::not_found && oracle().has_begun_anew();
    if (!is_taken && (!is_late || oracle().needs_ring(index))) throw;
    oracle().resigned(index);
  }
}

}  // namespace

Liveness simulated_policy() {
  const auto action =
      setting.reports_failures ? FailureAction::report : FailureAction::continue_without;
  return {.required_consumer_ids = {"c0"},
          .startup_wait_timeout = 50ms,
          .progress_timeout = std::chrono::microseconds(simulated_progress_timeout),
          .progress_check_interval = std::chrono::microseconds(simulated_check_interval),
          .shutdown_grace_period = std::chrono::microseconds(setting.stall_grace),
          .failure_action = action,
          .absence_grace_period = std::chrono::microseconds(simulated_absence_grace),
          .absence_action = action,
          .alert_hook = [](const ConsumerAlert& alert) { liveness_oracle().alerted(alert); }};
}

bool is_passable(unsigned index, bool was_here) {
  return setting.consumer[index].kind == SimKind::passable && (!was_here || role_draw(3) != 0);
}

bool dawdles_in_handler(unsigned index) {
  if (!setting.consumer[index].dawdles || role_draw(4) != 0) return false;
  os::sleep_until(os::now() + 4ms);
  return true;
}

void watcher_body() {
  try {
    Liveness policy = simulated_policy();
    policy.startup_wait_timeout = 20ms;
    policy.failure_action = policy.absence_action = FailureAction::report;
    Watcher watcher = Watcher::attach(ring_name(), std::move(policy));
    // Not to the end, which may not come if somebody dies.
    for (unsigned looks = 8 + role_draw(24); looks != 0 && !watcher.is_over(); --looks) {
      if (watcher.look()) {
        situations().reach(Situation::watcher_finds_failure);
        watcher.acknowledge_failure();
        liveness_oracle().acknowledged();
      }
      pause();
    }
    liveness_oracle().counted(watcher.counters().stalls, watcher.counters().absences);
  } catch (const Error& error) {
    if (error.code() != Errc::not_found && error.code() != Errc::consumers_missing) throw;
  }
}

unsigned role_draw(unsigned n) { return role_randoms[engine().current()].below(n); }

void seed_role_draws(std::uint64_t seed) {
  for (unsigned i = 0; i < max_processes; ++i) role_randoms[i].reseed(seed * max_processes + i);
}

void producer_body() {
  setting.stamped ? produce<StampedEvent>(false) : produce<PackedEvent>(false);
}
void standby_body() { setting.stamped ? produce<StampedEvent>(true) : produce<PackedEvent>(true); }

void janitor_body() { setting.stamped ? take_name<StampedEvent>() : take_name<PackedEvent>(); }

template <unsigned Index>
void consumer_body() {
  setting.stamped ? consume<StampedEvent>(Index) : consume<PackedEvent>(Index);
}
const std::array<void (*)(), Oracle::max_consumers> consumer_bodies = {
    &consumer_body<0>, &consumer_body<1>, &consumer_body<2>, &consumer_body<3>};

}  // namespace disruptor_mp::sim
