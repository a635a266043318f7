// SPDX-License-Identifier: MIT OR Apache-2.0
#include "profiles.hpp"

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
void draw_observers_handover(Setting& s, Random& random) {
  draw_observers(s, random);
  s.producer_detaches = random.one_in(2);
}
void draw_standby(Setting& s, Random& random) {
  draw_crowd(s, random);
  s.has_standby = true;
  s.producer_detaches = random.one_in(2);
}
void draw_everything(Setting& s, Random& random) {
  draw_membership(s, random);
  s.producer_detaches = random.one_in(4);
  if (random.one_in(3)) {
    s.consumer[s.consumers++] = {.kind = SimKind::observer, .waiting = any_waiting(random)};
  }
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

constexpr std::array<Profile, 16> all = {{
    {"steady", "one producer, one consumer, nobody dies", 0, draw_steady},
    {"crowd", "one producer, one to three consumers, nobody dies", 0, draw_crowd},
    {"sleepers", "tiny rings, everybody blocks: lost wake-ups", 0, draw_sleepers},
    {"membership", "consumers join, leave, resign and return during publishes", 0, draw_membership},
    {"observers", "observers beside gating consumers or a ring that runs free", 0, draw_observers},
    {"handover", "producers leave in order, successors go on", 0, draw_handover},
    {"crash", "up to two deaths anywhere, restarted under the same identity", 2, draw_crowd},
    {"crash-membership", "deaths among joins, leaves and returns", 2, draw_membership},
    {"observers-crash", "observers while producers die and others take over", 2,
     draw_observers_handover},
    {"tiny-packed", "as tiny, with packed slots", 0, draw_tiny_packed},
    {"tiny-claim", "as tiny, capacity 2, four events in claims of two", 0, draw_tiny_claim},
    {"tiny-observer", "one producer that runs free, one observer, capacity 1", 0,
     draw_tiny_observer},
    {"canary", "fails one seed in a hundred, to see that failures are reported", 0, draw_steady,
     true},
    {"standby", "two producers compete for one ring, one waits for the other to go", 1,
     draw_standby},
    {"chaos", "everything at once, up to three deaths", 3, draw_everything},
    {"tiny", "one producer, one consumer, capacity 1, two events: for exhaustive search", 0,
     draw_tiny},
}};

}  // namespace

std::span<const Profile> profiles() noexcept { return all; }

const Profile* find_profile(std::string_view name) noexcept {
  for (const Profile& profile : all) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

}  // namespace disruptor_mp::sim
