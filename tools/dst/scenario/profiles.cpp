// SPDX-License-Identifier: MIT OR Apache-2.0
#include "profiles.hpp"

#include <algorithm>
#include <array>

namespace disruptor_mp::sim {
namespace {

Waiting any_waiting(Random& random) { return static_cast<Waiting>(random.below(5)); }

/// What all profiles but the tiny ones draw.
void draw_ring(Setting& s, Random& random) {
  static constexpr std::array<std::uint64_t, 8> firsts = {
      0, 0, 0, 1, 65533, 0xFFFFFFFDU, 0x7FFFFFFFFFFFFFFDU, 5};
  s.stamped = random.one_in(2);
  s.capacity = std::uint64_t{1} << random.below(3);
  s.events = 2 + random.below(7);
  s.first = firsts[random.below(firsts.size())];
  s.portable_fences = random.one_in(4);
  s.publishing = static_cast<Publishing>(random.below(4));
  s.claim = 1 + random.below(static_cast<unsigned>(s.capacity));
  s.producer_waiting = random.one_in(2) ? Waiting::block : static_cast<Waiting>(random.below(4));
  s.waits_for_consumers = random.one_in(3);
}
void draw_consumers(Setting& s, Random& random, unsigned most) {
  s.consumers = 1 + random.below(most);
  for (unsigned i = 0; i < s.consumers; ++i) {
    ConsumerSetting& c = s.consumer[i];
    c.kind = random.one_in(2) ? SimKind::required : SimKind::gating;
    c.waiting = random.one_in(2) ? Waiting::block : any_waiting(random);
    c.max_batch = 1 + random.below(4);
    c.delay = random.one_in(2) ? 0 : random.below(60);
    c.stays_dead = i != 0 && c.kind == SimKind::gating && random.one_in(2);
  }
}

void draw_steady(Setting& s, Random& random) {
  draw_ring(s, random);
  draw_consumers(s, random, 1);
}
void draw_crowd(Setting& s, Random& random) {
  draw_ring(s, random);
  draw_consumers(s, random, 3);
}
void draw_counted(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.counts = true;
}
void draw_leases(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.events += 4;
  for (unsigned i = 0; i < s.consumers; ++i) {
    ConsumerSetting& c = s.consumer[i];
    c.leases = true;
    if (random.one_in(4)) {
      c.leaves_after = 1 + random.below(4);
      c.returns = true;
      c.stays_dead = false;
    }
  }
}
void draw_sleepers(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.producer_waiting = Waiting::block;
  s.capacity = std::uint64_t{1} << random.below(2);
  s.claim = 1;
  s.publishing = Publishing::one;
  for (unsigned i = 0; i < s.consumers; ++i) s.consumer[i].waiting = Waiting::block;
}
void draw_membership(Setting& s, Random& random) {
  draw_crowd(s, random);
  for (unsigned i = 0; i < s.consumers; ++i) {
    ConsumerSetting& c = s.consumer[i];
    c.starts_latest = c.kind == SimKind::gating && random.one_in(3);
    if (random.one_in(2)) {
      c.leaves_after = 1 + random.below(4);
      c.returns = random.one_in(2) && !c.starts_latest;
    }
  }
  // One stays to the end: without any, the producer would rightly wait for ever.
  s.consumer[0].starts_latest = false;
  s.consumer[0].returns = s.consumer[0].leaves_after != 0;
}
/// Small rings, held full by who is away or dead. Nobody spins: that would take all the steps.
void draw_away(Setting& s, Random& random) {
  draw_ring(s, random);
  s.capacity = std::uint64_t{1} << random.below(2);
  s.claim = 1 + random.below(static_cast<unsigned>(s.capacity));
  s.producer_waiting = Waiting::block;
  if (s.publishing == Publishing::try_one) s.publishing = Publishing::claim;
  s.consumers = 3;
  for (unsigned i = 0; i < s.consumers; ++i)
    s.consumer[i] = {.kind = SimKind::gating, .stays_dead = i != 0};
  ConsumerSetting& away = s.consumer[0];
  away.kind = SimKind::required;
  away.leaves_after = 1 + random.below(2);
  away.returns = true;
  away.tarries = random.one_in(2);
}
/// One slot or two, and consumers that gate and die for good: producers release their gates, and
/// die too.
void draw_repairs(Setting& s, Random& random) {
  draw_ring(s, random);
  s.capacity = random.one_in(4) ? 2 : 1;
  s.claim = 1;
  s.producer_waiting = Waiting::block;
  s.publishing = Publishing::one;
  s.events = 10;
  s.consumers = 3;
  for (unsigned i = 0; i < s.consumers; ++i)
    s.consumer[i] = {.kind = SimKind::gating, .stays_dead = i != 0};
}
void draw_observers(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.runs_free = random.one_in(2);
  s.events += 4;
  s.consumer[0].kind = SimKind::observer;
  // The others must not all be gone for good.
  for (ConsumerSetting& c : s.consumer) c.stays_dead = false;
  if (s.consumers == 1 && !s.runs_free) {
    s.consumers = 2;
    s.consumer[1].kind = SimKind::gating;
    s.consumer[1].delay = 0;
  }
}
void draw_handover(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.producer_detaches = true;
}
/// A consumer that stalls now and then in the middle of an event and may be passed over, or leaves
/// and is late to return; another mostly keeps up.
void draw_stalling(Setting& s, Random& random) {
  s.has_liveness = true;
  s.has_watcher = random.one_in(3);
  s.consumers = 2;
  s.reports_failures = random.one_in(3);
  s.stall_grace = random.one_in(2) ? 0 : 1'000;
  s.consumer[0] = {.kind = SimKind::passable, .max_batch = 1 + random.below(4), .dawdles = true};
  s.consumer[1] = {
      .kind = SimKind::gating, .max_batch = 1 + random.below(4), .dawdles = random.one_in(3)};
  ConsumerSetting& stalls = s.consumer[0];
  stalls.returns = random.one_in(2);
  if (stalls.returns) stalls.leaves_after = 1 + random.below(3);
  stalls.tarries = stalls.returns && random.one_in(2);
}
void draw_left_behind(Setting& s, Random& random) {
  draw_ring(s, random);
  s.producer_waiting = Waiting::block;
  s.publishing = random.one_in(2) ? Publishing::one : Publishing::claim;
  s.events += 6;
  draw_stalling(s, random);
}
/// Consumers that wait for consumers: a pipeline, a diamond, or what lies between. Some come late,
/// some leave.
void draw_pipelines(Setting& s, Random& random) {
  static constexpr std::array<std::array<unsigned, 3>, 4> shapes = {
      {{0, 1, 2}, {0, 0, 3}, {0, 1, 1}, {0, 1, 3}}};
  draw_ring(s, random);
  s.events += 2;
  s.consumers = 2 + random.below(2);
  const auto& shape = shapes[s.consumers == 2 ? 0 : random.below(shapes.size())];
  for (unsigned i = 0; i < s.consumers; ++i) {
    ConsumerSetting& c = s.consumer[i];
    c.kind = random.one_in(2) ? SimKind::required : SimKind::gating;
    c.waiting = random.one_in(2) ? Waiting::block : any_waiting(random);
    // Three who spin take all the steps there are.
    if (c.waiting == Waiting::spin || c.waiting == Waiting::yield) c.waiting = Waiting::sleep;
    c.max_batch = 1 + random.below(4);
    // Each of them yields to those who wait for it, and their naps may take a thousand steps.
    c.delay = random.one_in(2) ? 0 : random.below(6);
    c.after = shape.at(i);
    c.stays_dead = i + 1 != s.consumers && c.kind == SimKind::gating && random.one_in(4);
    if (i + 1 != s.consumers && random.one_in(3)) {
      c.leaves_after = 1 + random.below(4);
      c.returns = random.one_in(2);
    }
  }
}
/// A diamond, of which one branch and perhaps the end are joined when events are there.
void draw_diamond_late(Setting& s, Random& random) {
  draw_pipelines(s, random);
  s.consumers = 3;
  s.consumer[1].after = 0;
  s.consumer[2].kind = random.one_in(2) ? SimKind::required : SimKind::gating;
  s.consumer[2].after = 3;
  const unsigned late = random.below(2);
  s.consumer[late].starts_after = 1;  // a claim larger than what is left may keep the rest out
  if (random.one_in(2)) s.consumer[2].starts_after = 1;
}
/// A pipeline of two, whose first leaves after each event and returns at once, while a producer is
/// away and has left events to read.
void draw_pipelines_handover(Setting& s, Random& random) {
  draw_pipelines(s, random);
  s.capacity = random.one_in(8) ? 1 : 4;
  s.publishing = Publishing::claim;
  s.claim = 1 + random.below(static_cast<unsigned>(s.capacity));
  s.events = 12;
  s.producer_detaches = true;
  s.producer_tarries = true;
  s.consumers = 2;
  s.consumer[0] = {.kind = SimKind::gating,
                   .max_batch = 1,
                   .leaves_after = 1,
                   .returns = true,
                   .hurries = random.one_in(2)};
  s.consumer[1] = {.kind = SimKind::gating, .waiting = any_waiting(random), .after = 1};
  if (s.consumer[1].waiting == Waiting::spin || s.consumer[1].waiting == Waiting::yield)
    s.consumer[1].waiting = Waiting::block;
}
void draw_observers_handover(Setting& s, Random& random) {
  draw_observers(s, random);
  s.producer_detaches = random.one_in(2);
}
void draw_standby(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.has_standby = true;
  s.producer_detaches = random.one_in(2);
}
// --- The failure classes of the contract (disruptor_mp/dst/failure_class.hpp), as they really
// happen

/// Consumers come when the first event is published: until then the ring keeps it for them.
void draw_producer_before_consumers(Setting& s, Random& random) {
  draw_crowd(s, random);
  for (ConsumerSetting& c : s.consumer) c.starts_after = 1;
}
void draw_late_consumer_attach(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.consumers = 2;
  s.events += 2 * static_cast<unsigned>(s.capacity);
  s.consumer[0].delay = 0;
  s.consumer[1].starts_after = static_cast<unsigned>(s.capacity) + 1;
}
void draw_create_attach_churn(Setting& s, Random& random) {
  draw_membership(s, random);
  s.producer_detaches = true;
}
void draw_producer_crash(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.mortal = Mortal::producers;
}
void draw_consumer_crash(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.mortal = Mortal::consumers;
  for (ConsumerSetting& c : s.consumer) c.stays_dead = false;
}
void draw_discovery_lag(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.producer_delay = random.below(60);
}
void draw_readiness_gate(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.requires_consumers = true;
  for (ConsumerSetting& c : s.consumer) {
    c.kind = SimKind::required;
    c.delay = random.below(8);  // PCT may give it one step in a thousand while the others nap
  }
}

/// One is attached when the name goes; others may come before or after.
void draw_renamed(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.has_janitor = true;
  // Who tries again and again without waiting is only told that the ring is full.
  if (s.publishing == Publishing::try_one) s.publishing = Publishing::until;
  s.events += 2;
  for (unsigned i = 0; i < s.consumers; ++i) {
    s.consumer[i].stays_dead = false;
    s.consumer[i].delay *= 4;
  }
}
/// A ring that is a file. What stands in it after the cut may be of any age; then a new one is
/// made.
void draw_power_cut(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.power_cut_at = random.one_in(4) ? 2 : 1;
  for (ConsumerSetting& c : s.consumer) c.stays_dead = false;
}
void draw_everything(Setting& s, Random& random) {
  draw_membership(s, random);
  s.producer_detaches = random.one_in(4);
  if (random.one_in(3)) {
    s.consumer[s.consumers++] = {.kind = SimKind::observer, .waiting = any_waiting(random)};
  }
}
/// Several producers on one ring.
void draw_several(Setting& s, Random& random) {
  draw_ring(s, random);
  s.stamped = true;
  if (s.first > std::uint64_t{1} << 60U) s.first = 3;
  s.producers = 2 + random.below(2);
  s.events = 1 + random.below(5);
  s.bias_after = random.below(4);
  // Two who spin take all the steps there are, while a third sleeps its nap out.
  if (s.producer_waiting == Waiting::spin || s.producer_waiting == Waiting::yield)
    s.producer_waiting = Waiting::block;
  draw_consumers(s, random, s.producers == 2 ? 2 : 1);
  s.consumer[0].stays_dead = false;
  if (random.one_in(4)) {
    s.consumer[s.consumers++] = {.kind = SimKind::observer, .waiting = any_waiting(random)};
  }
}
/// The end goes to and fro between biases.
void draw_several_biased(Setting& s, Random& random) {
  draw_several(s, random);
  s.producers = 2;
  s.bias_after = 1;
  s.events = 3 + random.below(6);
  s.capacity = 4;
  s.claim = 1 + random.below(3);
}

void draw_several_counted(Setting& s, Random& random) {
  draw_several(s, random);
  s.counts = true;
}

/// Held by leases, committed by hand.
void draw_several_leases(Setting& s, Random& random) {
  draw_several(s, random);
  for (unsigned i = 0; i < s.consumers; ++i) {
    ConsumerSetting& c = s.consumer[i];
    c.leases = c.kind != SimKind::observer;
    if (c.leases && random.one_in(4)) {
      c.leaves_after = 1 + random.below(4);
      c.returns = true;
      c.stays_dead = false;
    }
  }
}

/// They leave in the middle, and join again; in small rings, with somebody who only looks on.
void draw_several_joining(Setting& s, Random& random) {
  draw_several(s, random);
  s.producer_detaches = true;
  s.capacity = std::uint64_t{1} << random.below(2);
  s.claim = 1 + random.below(static_cast<unsigned>(s.capacity));
  s.events += 1;
  s.runs_free = random.one_in(2);
  if (s.runs_free) s.consumers = 1;
  if (s.runs_free || random.one_in(2)) {
    const unsigned last = s.runs_free ? 0 : s.consumers++;
    s.consumer[last] = {.kind = SimKind::observer, .waiting = any_waiting(random)};
  }
}

/// The same on one slot that nobody holds, before three who only look on.
void draw_several_observed(Setting& s, Random& random) {
  draw_several_joining(s, random);
  s.producers = 2;
  s.capacity = 1;
  s.claim = 1;
  s.bias_after = 0;
  s.events = 4;
  s.runs_free = true;
  s.producer_waiting = Waiting::block;
  s.publishing = Publishing::one;
  s.consumers = 3;
  for (unsigned i = 0; i < s.consumers; ++i)
    s.consumer[i] = {.kind = SimKind::observer, .waiting = Waiting::block};
}

/// They dawdle in the middle of events, and the others lose patience.
void draw_several_stopped(Setting& s, Random& random) {
  static constexpr std::array<unsigned, 4> times = {50, 300, 1'000, 6'000};
  draw_several(s, random);
  s.revoke_after = times[random.below(times.size())];
  s.events = 3 + random.below(5);
  for (ConsumerSetting& c : s.consumer) {
    const bool spins = c.waiting == Waiting::spin || c.waiting == Waiting::yield;
    if (s.revoke_after > 300 && spins) c.waiting = Waiting::sleep;  // as with producers above
  }
  // Three who wake from nap after nap on a full ring, and an observer, can keep the one consumer
  // that would make room from its first step.
  if (s.producers == 3) s.consumers = 1;
  // Nobody reads along: producers revoke.
  s.runs_free = random.one_in(5);
  if (s.runs_free) {
    s.consumers = 1;
    s.consumer[0].kind = SimKind::observer;
  }
}

/// As left-behind, with two producers, each with a policy of its own.
void draw_several_left_behind(Setting& s, Random& random) {
  draw_several(s, random);
  s.producers = 2;
  s.producer_waiting = Waiting::block;
  s.publishing = random.one_in(2) ? Publishing::one : Publishing::claim;
  s.events += 4;
  draw_stalling(s, random);
}

/// Every slot is in its next lap at once: what is written late goes over something.
void draw_several_tiny(Setting& s, Random& random) {
  draw_several(s, random);
  s.producers = 2;
  s.capacity = std::uint64_t{1} << random.below(2);
  s.claim = 1 + random.below(static_cast<unsigned>(s.capacity));
  s.events = 2 + random.below(4);
  s.bias_after = random.below(2);
  s.runs_free = random.one_in(2);
  s.consumers = 1;
  s.consumer[0].kind = s.runs_free ? SimKind::observer : SimKind::required;
  s.consumer[0].delay = 0;
}

/// Fixed, for exhaustive search.
void draw_tiny(Setting& s, Random&) {
  s.capacity = 1;
  s.events = 2;
  s.consumers = 1;
  s.consumer[0].waiting = Waiting::poll;
  s.consumer[0].kind = SimKind::required;
}

void draw_tiny_packed(Setting& s, Random& random) {
  draw_tiny(s, random);
  s.stamped = false;
}

/// A claim of two events fills the ring: both are written aside, copied and stamped one by one.
void draw_tiny_claim(Setting& s, Random& random) {
  draw_tiny(s, random);
  s.capacity = 2;
  s.events = 4;
  s.publishing = Publishing::claim;
  s.claim = 2;
}

void draw_tiny_observer(Setting& s, Random& random) {
  draw_tiny(s, random);
  s.runs_free = true;
  s.consumer[0].kind = SimKind::observer;
}

// --- Canaries

void draw_anew(Setting& s, Random& random) {
  static unsigned calls = 0;
  draw_steady(s, random);
  s.events = 2 + calls++ % 6;
}
void draw_too_much(Setting& s, Random& random) {
  draw_steady(s, random);
  s.capacity = 64;
  s.events = 64;
}

// --- What their tests must come by

using S = Situation;
constexpr std::array everywhere = {S::full_ring,
                                   S::join_during_publish,
                                   S::consumer_sleeps,
                                   S::whole_ring_in_one_batch,
                                   S::close_meets_leaver,
                                   S::name_removed_by_consumer,
                                   S::name_removed_by_producer,
                                   S::wake_before_wait,
                                   S::spurious_wake,
                                   S::older_lap_stamp,
                                   S::stale_by_one,
                                   S::stale_by_two,
                                   S::stale_by_three,
                                   S::across_2_16,
                                   S::across_2_32,
                                   S::across_2_63,
                                   S::capacity_one};
constexpr std::array by_claims = {S::claim_abandoned, S::whole_ring_claimed};
constexpr std::array by_joins = {
    S::joiner_lapped, S::gates_changed_behind_horizon, S::held_by_first,    S::held_by_second,
    S::held_by_third, S::joins_before_payload,         S::joins_in_payload, S::joins_before_news};
constexpr std::array by_observers = {S::overtaken_in_copy, S::lapped_before_look};
constexpr std::array by_handover = {S::told_left, S::joiner_lapped};
constexpr std::array by_deaths = {S::torn_event,        S::in_doubt_published, S::in_doubt_lost,
                                  S::death_in_takeover, S::death_in_closing,   S::death_in_join,
                                  S::ringer_died,       S::resumed_after_death};
constexpr std::array by_absence = {S::consumer_missing, S::timed_out, S::dead_gate_released,
                                   S::resumed_after_death};
constexpr std::array by_repairs = {S::dead_gate_released, S::death_in_repair};
constexpr std::array by_leases = {S::resumed_after_death, S::handled_again};
constexpr std::array by_renaming = {S::name_taken, S::found_next_ring, S::producer_told_gone,
                                    S::told_gone};
constexpr std::array by_early_producer = {S::nobody_was_there};
constexpr std::array by_late_attach = {S::joins_wrapped_ring, S::joiner_lapped};
constexpr std::array by_churn = {S::told_left, S::ring_not_there_yet, S::joiner_lapped,
                                 S::leaves_during_publish};
constexpr std::array by_producer_deaths = {S::successor_in_same_ring, S::in_doubt_published,
                                           S::in_doubt_lost, S::torn_event};
constexpr std::array by_consumer_deaths = {S::resumed_after_death, S::death_in_join,
                                           S::dead_gate_released};
constexpr std::array by_lag = {S::ring_not_there_yet, S::gates_changed_behind_horizon,
                               S::joiner_lapped};
constexpr std::array by_readiness = {S::told_who_is_missing};
constexpr std::array by_power_cut = {S::power_cut, S::header_lost,       S::length_lost,
                                     S::file_lost, S::pages_of_all_ages, S::old_ring_refused};
constexpr std::array by_several = {S::tail_biased, S::claim_race_lost, S::void_skipped};
constexpr std::array by_several_deaths = {S::claim_race_lost, S::death_with_open_claim,
                                          S::void_skipped};
constexpr std::array by_joining = {S::told_left, S::claim_race_lost, S::void_skipped};
constexpr std::array by_observed = {S::told_left, S::claim_race_lost};
constexpr std::array by_several_leases = {S::void_skipped, S::claim_race_lost};
constexpr std::array by_graphs_handover = {S::told_gated, S::went_on_without, S::told_left};
constexpr std::array by_stopped = {S::claim_revoked, S::slot_passed_over, S::quarantine_lifted,
                                   S::void_skipped};
constexpr std::array by_graphs = {S::told_gated, S::sleeps_gated, S::went_on_without};
constexpr std::array by_graphs_crash = {S::told_gated, S::sleeps_gated, S::went_on_without,
                                        S::told_predecessor_missing, S::resumed_after_death};
constexpr std::array by_left_behind = {S::told_passed_over, S::passed_over_in_handler,
                                       S::returned_after_passed_over, S::watcher_finds_failure};
constexpr std::array by_standby = {S::takeover_refused, S::ring_made_again};
/// Rare ones: its test runs many seeds.
constexpr std::array by_chaos = {
    S::claim_cut_short,      S::death_behind_horizon,  S::death_between_copy_and_stamp,
    S::death_between_stamps, S::half_claim_taken_over, S::death_in_second_takeover,
    S::handled_again,        S::death_in_leaving,      S::told_dead};

constexpr auto all = std::to_array<Profile>({
    {"steady", "one producer, one consumer, nobody dies", 0, draw_steady, false, by_claims},
    {"crowd", "one producer, one to three consumers, nobody dies", 0, draw_crowd, false, by_joins},
    {"sleepers", "tiny rings, everybody blocks: lost wake-ups", 0, draw_sleepers, false, by_joins},
    {"membership", "consumers join, leave, resign and return during publishes", 0, draw_membership,
     false, by_joins},
    {"observers", "observers beside gating consumers or a ring that runs free", 0, draw_observers,
     false, by_observers},
    {"away", "rings held full by consumers that are away or dead", 2, draw_away, false, by_absence},
    {"repairs", "gating consumers die, and who releases their gates dies too", 8, draw_repairs,
     false, by_repairs},
    {"handover", "producers leave in order, successors go on", 0, draw_handover, false,
     by_handover},
    {"crash", "up to two deaths anywhere, restarted under the same identity", 2, draw_crowd, false,
     by_deaths},
    {"leases", "events held by leases and committed by hand, with up to two deaths", 2, draw_leases,
     false, by_leases},
    {"counted-crash", "as crash, in rings with counters", 2, draw_counted, false, by_deaths},
    {"crash-membership", "deaths among joins, leaves and returns", 2, draw_membership, false,
     by_deaths},
    {"observers-crash", "observers while producers die and others take over", 2,
     draw_observers_handover, false, by_observers},
    {"tiny-packed", "as tiny, with packed slots", 0, draw_tiny_packed},
    {"tiny-claim", "as tiny, capacity 2, four events in claims of two", 0, draw_tiny_claim},
    {"tiny-observer", "one producer that runs free, one observer, capacity 1", 0,
     draw_tiny_observer},
    {"canary", "fails one seed in a hundred, to see that failures are reported", 0, draw_steady,
     true},
    {"canary-schedule",
     "fails wherever an observer is overtaken while it copies",
     0,
     draw_observers,
     true,
     {},
     S::overtaken_in_copy},
    {"canary-nondeterminism",
     "is never the same twice",
     0,
     draw_anew,
     true,
     {},
     {},
     Verdict::nondeterminism},
    {"canary-budget",
     "needs more memory than the simulator has",
     0,
     draw_too_much,
     true,
     {},
     {},
     Verdict::budget},
    {"standby", "two producers compete for one ring, one waits for the other to go", 1,
     draw_standby, false, by_standby},
    {"producer_before_consumers", "nobody is there when the first events are published", 0,
     draw_producer_before_consumers, false, by_early_producer},
    {"late_consumer_attach", "a consumer joins others when the ring has wrapped", 0,
     draw_late_consumer_attach, false, by_late_attach},
    {"create_attach_churn", "all come and go, and attach to what is just being made", 0,
     draw_create_attach_churn, false, by_churn},
    {"producer_crash_and_restart", "up to two producers die, and others go on in the same ring", 2,
     draw_producer_crash, false, by_producer_deaths},
    {"consumer_crash_and_restart", "up to two consumers die, and come back under their ids", 2,
     draw_consumer_crash, false, by_consumer_deaths},
    {"discovery_visibility_lag", "rings and rows that are seen late, with events in between", 0,
     draw_discovery_lag, false, by_lag},
    {"readiness_gate_violation", "a producer that must wait for consumers, and is told for whom", 0,
     draw_readiness_gate, false, by_readiness},
    {"renamed", "the name of a ring in use is removed and given to another, up to one death", 1,
     draw_renamed, false, by_renaming},
    {"power-cut", "a file, up to three deaths, and one of them takes the machine's power", 3,
     draw_power_cut, false, by_power_cut},
    {"chaos", "everything at once, up to three deaths", 3, draw_everything, false, by_chaos},
    {"left-behind", "a producer goes on without a consumer that stalls in an event", 0,
     draw_left_behind, false, by_left_behind},
    {"left-behind-crash", "the same, with up to two deaths", 2, draw_left_behind, false,
     by_left_behind},
    {"pipelines", "consumers that wait for consumers; some come late, some leave", 0,
     draw_pipelines, false, by_graphs},
    {"pipelines-crash", "the same, with up to two deaths", 2, draw_pipelines, false,
     by_graphs_crash},
    {"diamond-late", "a diamond whose branch is joined later, with up to one death", 1,
     draw_diamond_late, false, by_graphs},
    {"pipelines-handover", "producers and the first of a pipeline leave and return", 0,
     draw_pipelines_handover, false, by_graphs_handover},
    {"several", "two or three producers on one ring, nobody dies", 0, draw_several, false,
     by_several},
    {"several-crash", "the same, with up to two deaths", 2, draw_several, false, by_several_deaths},
    {"several-biased", "two producers that take the ring's end from each other", 0,
     draw_several_biased, false, by_several},
    {"several-biased-crash", "the same, with up to two deaths", 2, draw_several_biased, false,
     by_several},
    {"several-tiny-crash", "two producers on one or two slots, with up to two deaths", 2,
     draw_several_tiny, false, by_several},
    {"several-joining", "several that leave in the middle and join again", 0, draw_several_joining,
     false, by_joining},
    {"several-joining-crash", "the same, with up to two deaths", 2, draw_several_joining, false,
     by_joining},
    {"several-observed", "two that come and go on one slot, before three observers", 0,
     draw_several_observed, false, by_observed},
    {"several-leases", "events of several held by leases, with up to two deaths", 2,
     draw_several_leases, false, by_several_leases},
    {"several-counted-crash", "as several-crash, in rings with counters", 2, draw_several_counted,
     false, by_several_leases},
    {"several-left-behind", "two producers go on without a consumer that stalls in an event", 0,
     draw_several_left_behind, false, by_left_behind},
    {"several-left-behind-crash", "the same, with up to two deaths", 2, draw_several_left_behind,
     false, by_left_behind},
    {"several-stopped", "several that dawdle in their claims, which are revoked", 0,
     draw_several_stopped, false, by_stopped},
    {"several-stopped-crash", "the same, with up to two deaths", 2, draw_several_stopped, false,
     by_stopped},
    {"tiny", "one producer, one consumer, capacity 1, two events: for exhaustive search", 0,
     draw_tiny},
});

/// A situation that nobody promises would be forgotten.
constexpr bool is_promised(Situation situation) {
  const auto in = [situation](std::span<const Situation> list) {
    return std::find(list.begin(), list.end(), situation) != list.end();
  };
  return in(everywhere) ||
         std::any_of(all.begin(), all.end(), [&](const Profile& p) { return in(p.promises); });
}
constexpr bool are_all_promised() {
  for (std::size_t i = 0; i < situation_count; ++i) {
    if (!is_promised(static_cast<Situation>(i))) return false;
  }
  return true;
}
static_assert(are_all_promised());

}  // namespace

std::span<const Situation> common_promises() noexcept { return everywhere; }

std::span<const Profile> profiles() noexcept { return all; }

const Profile* find_profile(std::string_view name) noexcept {
  for (const Profile& profile : all) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

}  // namespace disruptor_mp::sim
