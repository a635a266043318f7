// SPDX-License-Identifier: MIT OR Apache-2.0
#include "situations.hpp"

#include <utility>

#include "disruptor_mp/membership/roster.hpp"
#include "engine.hpp"
#include "liveness_oracle.hpp"
#include "scenario.hpp"

namespace disruptor_mp::sim {
namespace {

using Kind = Place::Kind;

constexpr std::array<std::string_view, situation_count> names = {
    "the producer sleeps on a full ring",
    "the first consumer holds a full ring",
    "the second consumer holds a full ring",
    "the third consumer holds a full ring",
    "a publish times out though its consumers live",
    "a required consumer that is away holds the gate until patience ends",
    "a claim is abandoned",
    "only the first events of a claim are published",
    "a claim of the whole ring",
    "a row changes between the horizon and the second look at the gates",
    "a producer dies between the horizon and its look at the gates",
    "a producer dies between the copy of a staged event and its stamp",
    "a producer dies between two stamps of a claim",
    "a death keeps some words of an event and loses others",
    "an event whose producer died publishing it is there",
    "an event whose producer died publishing it is not there",
    "a successor takes over behind a claim that is half stamped",
    "a successor finds the producer lock held",
    "a finished ring is made again",
    "a successor dies taking over",
    "the successor of a dead successor dies taking over",
    "a producer dies closing",
    "a successor goes on in the ring of a dead producer, in front of its readers",
    "a producer that requires consumers is told who is missing",
    "events are published before anybody is there, and read",
    "a consumer joins others in a ring that has wrapped",
    "a consumer looks for a ring that is not there yet",
    "a name leads to another ring while the one before it is in use",
    "a consumer finds the ring that got the name of another",
    "a producer is told that its ring has lost its name",
    "a consumer is told that its ring has lost its name",
    "all die at once, and the power with them",
    "a file whose header was lost in a power cut is refused",
    "a file whose length was lost in a power cut is refused",
    "of a file nothing is left after a power cut",
    "a file has old and new pages after a power cut",
    "a ring of before the power cut is refused",
    "one of several producers has the tail to itself",
    "one of several producers loses the race for a claim",
    "one of several producers dies with a claim and nothing of it published",
    "a producer learns that its claim was revoked",
    "a slot in quarantine is passed over",
    "a quarantine ends",
    "a consumer joins in the middle of a publish",
    "a consumer joins when a publish has written nothing of the event yet",
    "a consumer joins when a part of an event is written",
    "a consumer joins when an event is written and not published",
    "the row of a gating consumer leaves during a publish",
    "a joiner is lapped between its looks at the horizon",
    "a consumer dies joining",
    "a consumer resumes after its death",
    "events handled before a death are handled again",
    "a batch of the whole ring",
    "a consumer dies leaving",
    "the gate of a dead consumer is released",
    "who releases the gate of a dead consumer dies before saying so",
    "a consumer is told that the producer is dead",
    "a consumer is told that the producer has left",
    "a consumer skips what a producer gave up or died on",
    "a consumer is told that it was passed over",
    "a consumer is passed over while it reads an event",
    "a consumer returns after it was passed over, and gates",
    "a consumer is told that one it waits for has not come so far",
    "a consumer sleeps until another one commits",
    "a consumer goes on without one it waits for, which has died or left",
    "a consumer is told that one it waits for is away",
    "a watcher finds that a consumer has failed",
    "a producer closes while a consumer leaves",
    "a consumer is the last one out and removes the name",
    "a producer is the last one out and removes the name",
    "an observer is overtaken while it copies",
    "an observer is lapped before it looks",
    "a consumer sleeps",
    "the wake-up comes before the sleep",
    "a sleep ends for no reason",
    "a sleeper's nap ends because its ringer died before the bell",
    "a stamp of an older lap is looked at",
    "a load returns the store before the newest",
    "a load returns a store two before the newest",
    "a load returns a store three or more before the newest",
    "events on both sides of 2^16 are handled",
    "events on both sides of 2^32 are handled",
    "events on both sides of 2^63 are handled",
    "a ring of one slot",
};

// A place in sixteen bits.
constexpr Witness::Tag pack(const Place& place) noexcept {
  return static_cast<Witness::Tag>(static_cast<unsigned>(place.kind) << 8U | place.index);
}
constexpr Place unpack(Witness::Tag tag) noexcept {
  return {.kind = static_cast<Kind>(tag >> 8U), .index = static_cast<std::uint8_t>(tag & 0xFFU)};
}

constexpr std::uint8_t data_bell = 1;
constexpr std::uint8_t gates_bell = 2;
constexpr std::uint8_t bell_of(Kind kind) noexcept {
  return kind == Kind::data_bell ? data_bell : kind == Kind::gates_bell ? gates_bell : 0;
}

}  // namespace

std::string_view to_string(Situation situation) noexcept {
  return names[static_cast<std::size_t>(situation)];
}

Situations& situations() noexcept {
  static Situations instance;
  return instance;
}

void Situations::reset() noexcept {
  reached_.reset();
  deaths_in_takeover_ = 0;
  row_of_first_ = nobody;
  actors_.fill(Actor());
  stamps_.fill(0);
  if (setting.capacity == 1) reach(Situation::capacity_one);
}

Situations::Actor& Situations::self() noexcept { return actors_[engine().current()]; }

bool Situations::is_anybody(Phase phase, bool producer) const noexcept {
  for (unsigned i = 0; i < max_processes; ++i) {
    const Engine::State state = engine().process(i).state;
    if (actors_[i].phase == phase && actors_[i].is_producer == producer &&
        i != engine().current() &&
        (state == Engine::State::Running || state == Engine::State::Paused)) {
      return true;
    }
  }
  return false;
}

// --- Told by roles

void Situations::is_producer() noexcept { self().is_producer = true; }
void Situations::is_consumer(SimKind kind) noexcept { self().kind = kind; }

void Situations::enters(Phase phase) noexcept {
  Actor& actor = self();
  actor.phase = phase;
  if (phase == Phase::attaching) actor.cursor_stores = 0;
  const bool meets = (phase == Phase::closing && is_anybody(Phase::leaving, false)) ||
                     (phase == Phase::leaving && is_anybody(Phase::closing, true));
  if (meets) reach(Situation::close_meets_leaver);
}

void Situations::publishes(std::uint64_t sequence, unsigned count) noexcept {
  Actor& actor = self();
  enters(Phase::publishing);
  actor.next = sequence;
  actor.count = count;
  actor.stamps = actor.words = 0;
  actor.is_behind_horizon = false;
  if (count == setting.capacity && count > 1) reach(Situation::whole_ring_claimed);
}

void Situations::reads_from(std::uint64_t sequence) noexcept {
  enters(Phase::other);
  self().next = sequence;
  if (is_anybody(Phase::publishing, true)) reach(Situation::join_during_publish);
}

void Situations::handled(std::uint64_t sequence) noexcept {
  self().next = sequence + 1;
  if (sequence == std::uint64_t{1} << 16U) reach(Situation::across_2_16);
  if (sequence == std::uint64_t{1} << 32U) reach(Situation::across_2_32);
  if (sequence == std::uint64_t{1} << 63U) reach(Situation::across_2_63);
}

// --- Told by the engine

// Of whatever object: who dies making a ring leaves one without a name.
Witness::Tag Situations::tag_of(unsigned /*object*/, std::uint64_t offset) {
  return pack(ring_place(offset));
}

void Situations::looked_at_horizon(Actor& actor, std::uint64_t horizon) noexcept {
  const bool is_lapped = horizon - actor.next > setting.capacity && horizon > actor.next;
  if (actor.kind == SimKind::observer && is_lapped) {
    reach(actor.has_copied ? Situation::overtaken_in_copy : Situation::lapped_before_look);
    actor.next = horizon - setting.capacity;
  }
  actor.has_copied = false;
}

void Situations::loaded(Tag tag, std::uint64_t value, unsigned age) {
  const Place place = unpack(tag);
  if (place.kind == Kind::other) return;
  Actor& actor = self();
  if (age == 1) reach(Situation::stale_by_one);
  if (age == 2) reach(Situation::stale_by_two);
  if (age > 2) reach(Situation::stale_by_three);
  actor.unrung = static_cast<std::uint8_t>(actor.unrung & ~bell_of(place.kind));
  switch (place.kind) {
    case Kind::epoch:
      if (actor.phase == Phase::publishing && actor.is_behind_horizon && value != actor.epoch)
        reach(Situation::gates_changed_behind_horizon);
      actor.epoch = value;
      actor.is_behind_horizon = false;
      break;
    case Kind::horizon:
      looked_at_horizon(actor, value);
      break;
    case Kind::row_cursor:
      if (place.index == row_of_first_) liveness_oracle().read_cursor(value);
      break;
    case Kind::row_status:
      if (place.index == row_of_first_)
        liveness_oracle().read_incarnation(RowStatus::unpack(value).incarnation);
      break;
    case Kind::row_hold:
      if (place.index == row_of_first_)
        liveness_oracle().read_taking(HoldWord::unpack(value).number);
      break;
    case Kind::slot_word:
      actor.has_copied = true;
      break;
    case Kind::stamp:
      if (!actor.is_producer && actor.phase == Phase::other && value != 0 && value <= actor.next)
        reach(Situation::older_lap_stamp);
      break;
    default:
      break;
  }
}

void Situations::stored(Tag tag, std::uint64_t value) {
  const Place place = unpack(tag);
  Actor& actor = self();
  actor.last_store = place;
  switch (place.kind) {
    case Kind::tail:
      actor.has_claim = actor.is_producer;
      break;
    case Kind::stamp:
      ++actor.stamps;
      actor.has_claim = false;
      changed_stamp(stamps_.at(place.index % stamps_.size()), value);
      actor.unrung |= data_bell;
      break;
    case Kind::published:
    case Kind::end:
      actor.unrung |= data_bell;
      break;
    case Kind::horizon:
      actor.is_behind_horizon = true;
      break;
    case Kind::row_cursor:
      actor.unrung |= gates_bell;
      if (actor.phase == Phase::attaching && ++actor.cursor_stores == 2)
        reach(Situation::joiner_lapped);
      break;
    case Kind::row_status:
      // Only the first consumer is of this kind, and its row is given to nobody else.
      if (actor.kind == SimKind::passable) row_of_first_ = place.index;
      actor.unrung |= gates_bell;
      if (RowStatus::unpack(value).state == format::RowState::dead) {
        actor.has_released = true;
        reach(Situation::dead_gate_released);
      }
      if (!actor.is_producer && actor.phase == Phase::attaching &&
          RowStatus::unpack(value).state == format::RowState::active) {
        joined();
      }
      if (!actor.is_producer && RowStatus::unpack(value).state == format::RowState::left &&
          is_anybody(Phase::publishing, true)) {
        reach(Situation::leaves_during_publish);
      }
      break;
    case Kind::epoch:
      actor.has_released = false;
      break;
    default:
      break;
  }
  actor.unrung = static_cast<std::uint8_t>(actor.unrung & ~bell_of(place.kind));
}

void Situations::exchange_refused(Tag tag) {
  if (unpack(tag).kind == Kind::tail && self().is_producer) reach(Situation::claim_race_lost);
}

void Situations::joined() noexcept {
  constexpr unsigned words_of_event = simulated_event_size / 8;
  for (unsigned i = 0; i < max_processes; ++i) {
    const Actor& producer = actors_[i];
    const Engine::State state = engine().process(i).state;
    if (state != Engine::State::Running && state != Engine::State::Paused) continue;
    if (producer.phase != Phase::publishing || producer.count != 1) continue;
    if (producer.words == 0) reach(Situation::joins_before_payload);
    if (producer.words != 0 && producer.words < words_of_event) reach(Situation::joins_in_payload);
    if (producer.words == words_of_event && producer.stamps == 0)
      reach(Situation::joins_before_news);
  }
}

void Situations::changed_stamp(std::uint64_t& stamp, std::uint64_t value) noexcept {
  constexpr std::uint64_t tombstone = std::uint64_t{1} << 63U;
  constexpr std::uint64_t quarantine = std::uint64_t{1} << 62U;
  const std::uint64_t before = std::exchange(stamp, value);
  if (setting.revoke_after == 0 || (before & quarantine) == 0) return;
  reach((value & quarantine) != 0 ? Situation::slot_passed_over : Situation::quarantine_lifted);
  // One that was stopped in the middle of revoking a claim, and whose owner has died since, may do
  // it when the slot is in its next lap; that does not matter.
  if (value <= (before & ~(tombstone | quarantine)))
    engine().fail(Verdict::safety, "an event is published that was revoked");
}

void Situations::wrote_plainly(Tag tag) {
  Actor& actor = self();
  actor.last_store = unpack(tag);
  if (actor.last_store.kind == Kind::slot_word) ++actor.words;
}

void Situations::falls_asleep(Tag tag) {
  Actor& actor = self();
  actor.sleeps_on = bell_of(unpack(tag).kind);
  actor.is_forgotten = false;
  if (!actor.is_producer) reach(Situation::consumer_sleeps);
  if (!actor.is_producer && actor.sleeps_on == gates_bell) reach(Situation::sleeps_gated);
  if (!actor.is_producer || actor.phase != Phase::publishing) return;
  reach(Situation::full_ring);
  constexpr std::array held_by = {Situation::held_by_first, Situation::held_by_second,
                                  Situation::held_by_third};
  if (const auto holder = oracle().slowest_reader(); holder < held_by.size())
    reach(held_by.at(holder));
}

void Situations::woke(Tag /*tag*/, SleepEnd end) {
  Actor& actor = self();
  if (end == SleepEnd::refused) reach(Situation::wake_before_wait);
  if (end == SleepEnd::spurious) reach(Situation::spurious_wake);
  if (end == SleepEnd::nap && actor.is_forgotten) reach(Situation::ringer_died);
  actor.sleeps_on = 0;
}

void Situations::died(unsigned kept, unsigned lost) {
  const Actor& actor = self();
  const bool publishes = actor.phase == Phase::publishing;
  const std::uint64_t slot = (actor.next + actor.stamps) & (setting.capacity - 1);
  const bool has_written = actor.last_store.kind == Kind::slot_word;
  if (publishes && has_written && kept != 0 && lost != 0) reach(Situation::torn_event);
  // The events behind the staged ones are written in place, before any stamp.
  if (publishes && setting.stamped && setting.publishing == Publishing::claim && has_written &&
      actor.last_store.index == slot && actor.stamps < simulated_staging) {
    reach(Situation::death_between_copy_and_stamp);
  }
  if (publishes && actor.stamps != 0 && actor.stamps < actor.count)
    reach(Situation::death_between_stamps);
  if (publishes && actor.is_behind_horizon) reach(Situation::death_behind_horizon);
  if (actor.has_released) reach(Situation::death_in_repair);
  if (actor.has_claim) reach(Situation::death_with_open_claim);
  if (actor.phase == Phase::closing) reach(Situation::death_in_closing);
  if (actor.phase == Phase::leaving) reach(Situation::death_in_leaving);
  if (actor.phase == Phase::attaching && !actor.is_producer) reach(Situation::death_in_join);
  if (actor.phase == Phase::attaching && actor.is_producer && oracle().does_ring_exist()) {
    reach(++deaths_in_takeover_ > 1 ? Situation::death_in_second_takeover
                                    : Situation::death_in_takeover);
  }
  for (Actor& other : actors_)
    other.is_forgotten = other.is_forgotten || (other.sleeps_on & actor.unrung) != 0;
}

void Situations::lost_power(const Kernel::Survivor* found) {
  reach(Situation::power_cut);
  if (found == nullptr) reach(Situation::file_lost);
  if (found != nullptr && !found->is_empty && found->old_pages != 0 && found->new_pages != 0)
    reach(Situation::pages_of_all_ages);
  actors_.fill(Actor());
  // The next stream has nothing to do with the one before: an event of that is an invented one.
  oracle().reset(setting.first, setting.events, setting.capacity, setting.runs_free);
}

void Situations::removed_name() {
  reach(self().is_producer ? Situation::name_removed_by_producer
                           : Situation::name_removed_by_consumer);
}

void Situations::lock_refused(std::uint64_t byte) {
  if (byte == format::lock::producer && self().phase == Phase::attaching)
    reach(Situation::takeover_refused);
}

}  // namespace disruptor_mp::sim
