// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "liveness_oracle.hpp"
#include "oracle.hpp"
#include "shared_oracle.hpp"
#include "strategies.hpp"

namespace disruptor_mp {
struct Liveness;
}

namespace disruptor_mp::sim {

/// Of every simulated ring.
inline constexpr std::uint64_t simulated_event_size = 24;
inline constexpr std::uint32_t simulated_rows = 4;
inline constexpr unsigned simulated_staging = 2;  ///< events of a claim that are written aside

/// How a role waits.
enum class Waiting : std::uint8_t { block, spin, yield, sleep, poll };
/// How a producer publishes.
enum class Publishing : std::uint8_t { one, claim, try_one, until };

/// Who may be killed.
enum class Mortal : std::uint8_t { all, producers, consumers };

struct ConsumerSetting {
  SimKind kind = SimKind::gating;
  bool starts_latest = false;
  Waiting waiting = Waiting::block;
  std::uint64_t max_batch = 4;
  unsigned delay = 0;         ///< steps before it attaches
  unsigned starts_after = 0;  ///< so many events are published
  unsigned leaves_after =
      0;                    ///< events after which it leaves, and (`returns`) comes back; 0: never
  bool returns = false;     ///< after leaving; else it resigns
  bool hurries = false;     ///< returns at once
  bool tarries = false;     ///< its first absence is longer than the producer's patience
  bool stays_dead = false;  ///< a gating consumer that is not started again after its death
  bool dawdles = false;     ///< stops in the middle of some events
  bool leases = false;      ///< reads by leases, and commits by hand
  unsigned after = 0;       ///< whom it waits for, a bit for each
};

/// All that is drawn for one seed of a profile. The roles read it; it does not change in a run.
struct Setting {
  bool stamped = true;
  std::uint64_t capacity = 2;
  std::uint64_t events = 6;  ///< of several producers: of each
  std::uint64_t first = 0;
  bool portable_fences = false;
  bool runs_free = false;
  bool counts = false;  ///< the ring has counters: more steps, in which nothing is decided
  Publishing publishing = Publishing::one;
  Waiting producer_waiting = Waiting::block;
  unsigned claim = 1;
  bool waits_for_consumers = false;
  bool requires_consumers = false;  ///< publishes nothing before all are there
  unsigned producer_delay = 0;      ///< steps before it makes the ring
  Mortal mortal = Mortal::all;
  bool producer_detaches = false;  ///< leaves in the middle, and a successor goes on
  bool producer_tarries = false;   ///< … some milliseconds later
  bool has_standby = false;        ///< a second producer waits for its turn
  bool has_janitor = false;        ///< takes the name away under everybody, for a ring of its own
  unsigned producers = 1;          ///< more than one: they share the ring (shared_roles.cpp)
  std::uint32_t bias_after = 1;    ///< of several producers
  /// Of several producers, microseconds: claims may be revoked, and they dawdle in the middle of
  /// some for up to three times as long; 0: not.
  unsigned revoke_after = 0;
  unsigned power_cut_at =
      0;  ///< the ring is a file, and this death takes all and the power; 0: not
  bool has_liveness = false;      ///< producers go on without the first consumer when that stalls
  bool has_watcher = false;       ///< somebody else looks after it, too
  bool reports_failures = false;  ///< instead of going on without it
  unsigned stall_grace = 0;       ///< microseconds
  unsigned consumers = 1;
  std::array<ConsumerSetting, Oracle::max_consumers> consumer;
};

extern Setting setting;
/// A small random number for the role's own behaviour: the same in a replay.
unsigned role_draw(unsigned n);
void seed_role_draws(std::uint64_t seed);

void producer_body();
/// A second producer, which takes over when the first goes.
void standby_body();
/// Somebody who removes by hand the name of a ring in use, and makes another ring of it.
void janitor_body();
/// Somebody who only looks after the first consumer, from outside.
void watcher_body();
/// A liveness policy for the first consumer.
[[nodiscard]] Liveness simulated_policy();
/// What a producer does that is told of a failure: it begins anew with that consumer. (Without a
/// policy there is none to be told of.)
template <class P>
void meet_failure(P& producer) {
  if (setting.reports_failures && producer.failure()) liveness_oracle().failed(*producer.failure());
  producer.acknowledge_failure();
  liveness_oracle().acknowledged();
}
/// Whether the first consumer may be passed over in the life that begins.
[[nodiscard]] bool is_passable(unsigned index, bool was_here);
/// The middle of an event, for a consumer that now and then stops there for longer than a policy
/// allows. @return whether it did.
bool dawdles_in_handler(unsigned index);
template <unsigned Index>
void consumer_body();
/// Consumer bodies by index.
extern const std::array<void (*)(), Oracle::max_consumers> consumer_bodies;
/// The same on a ring of several producers.
extern const std::array<void (*)(), SharedOracle::max_producers> shared_producer_bodies;
extern const std::array<void (*)(), Oracle::max_consumers> shared_consumer_bodies;

}  // namespace disruptor_mp::sim
