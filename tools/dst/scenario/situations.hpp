// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The rare situations that the simulation is there for. A set of runs that never came by one of
// them has not tested it, however many runs it was: `dst run` counts them, and ctest fails if one
// that a profile promises (profiles.cpp) was not reached.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>

#include "memory_model.hpp"
#include "oracle.hpp"
#include "places.hpp"
#include "witness.hpp"

namespace disruptor_mp::sim {

enum class Situation : std::uint8_t {
  // Producers
  full_ring,
  held_by_first,
  held_by_second,
  held_by_third,
  timed_out,
  consumer_missing,
  claim_abandoned,
  claim_cut_short,
  whole_ring_claimed,
  gates_changed_behind_horizon,
  death_behind_horizon,
  death_between_copy_and_stamp,
  death_between_stamps,
  torn_event,
  in_doubt_published,
  in_doubt_lost,
  half_claim_taken_over,
  takeover_refused,
  ring_made_again,
  death_in_takeover,
  death_in_second_takeover,
  death_in_closing,
  successor_in_same_ring,
  told_who_is_missing,
  nobody_was_there,
  joins_wrapped_ring,
  ring_not_there_yet,
  name_taken,
  found_next_ring,
  producer_told_gone,
  told_gone,
  power_cut,
  header_lost,
  length_lost,
  file_lost,
  pages_of_all_ages,
  old_ring_refused,
  tail_biased,
  claim_race_lost,
  death_with_open_claim,
  claim_revoked,
  slot_passed_over,
  quarantine_lifted,
  // Consumers
  join_during_publish,
  joins_before_payload,
  joins_in_payload,
  joins_before_news,
  leaves_during_publish,
  joiner_lapped,
  death_in_join,
  resumed_after_death,
  handled_again,
  whole_ring_in_one_batch,
  death_in_leaving,
  dead_gate_released,
  death_in_repair,
  told_dead,
  told_left,
  void_skipped,
  told_passed_over,
  passed_over_in_handler,
  returned_after_passed_over,
  told_gated,
  sleeps_gated,
  went_on_without,
  told_predecessor_missing,
  watcher_finds_failure,
  close_meets_leaver,
  name_removed_by_consumer,
  name_removed_by_producer,
  // Observers
  overtaken_in_copy,
  lapped_before_look,
  // Sleeping
  consumer_sleeps,
  wake_before_wait,
  spurious_wake,
  ringer_died,
  // Memory and numbers
  older_lap_stamp,
  stale_by_one,
  stale_by_two,
  stale_by_three,
  across_2_16,
  across_2_32,
  across_2_63,
  capacity_one,
};
inline constexpr std::size_t situation_count =
    static_cast<std::size_t>(Situation::capacity_one) + 1;
using SituationSet = std::bitset<situation_count>;
[[nodiscard]] std::string_view to_string(Situation situation) noexcept;

/// What a role is in the middle of.
enum class Phase : std::uint8_t { other, attaching, publishing, closing, leaving };

/// Looks for the situations of one run: told by the engine of accesses, by roles and oracle of what
/// they mean.
class Situations final : public Witness {
 public:
  void reset() noexcept;
  void reach(Situation situation) noexcept { reached_.set(static_cast<std::size_t>(situation)); }
  [[nodiscard]] const SituationSet& reached() const noexcept { return reached_; }

  // --- Told by roles
  void enters(Phase phase) noexcept;
  void publishes(std::uint64_t sequence, unsigned count) noexcept;
  void is_producer() noexcept;
  void is_consumer(SimKind kind) noexcept;
  void reads_from(std::uint64_t sequence) noexcept;
  void handled(std::uint64_t sequence) noexcept;

  // --- Told by the engine
  Tag tag_of(unsigned object, std::uint64_t offset) override;
  void loaded(Tag tag, std::uint64_t value, unsigned age) override;
  void stored(Tag tag, std::uint64_t value) override;
  void exchange_refused(Tag tag) override;
  void wrote_plainly(Tag tag) override;
  void falls_asleep(Tag tag) override;
  void woke(Tag bell, SleepEnd end) override;
  void died(unsigned kept, unsigned lost) override;
  void lost_power(const Kernel::Survivor* found) override;
  void removed_name() override;
  void lock_refused(std::uint64_t byte) override;

 private:
  /// A process, as far as it matters here.
  struct Actor {
    Phase phase = Phase::other;
    bool is_producer = false;
    SimKind kind = SimKind::gating;
    std::uint64_t next = 0;  ///< consumer: what it reads next; producer: what it publishes
    unsigned count = 0;      ///< of the claim that is being published
    unsigned stamps = 0;     ///< of it
    unsigned words = 0;      ///< of its events that are written
    bool has_claim = false;  ///< of several producers: nothing of it is stamped yet
    Place last_store;
    bool is_behind_horizon = false;  ///< has stored it and not looked at the gates since
    std::uint64_t epoch = 0;         ///< as it was read last
    std::uint8_t unrung = 0;         ///< bells whose news is stored, and which it has not looked at
    std::uint8_t sleeps_on = 0;
    bool is_forgotten = false;   ///< who should have woken it has died
    unsigned cursor_stores = 0;  ///< since it began to attach
    bool has_released = false;   ///< somebody's gate, and has not said so yet
    bool has_copied = false;     ///< observer: since it looked at the horizon last
  };
  Actor& self() noexcept;
  void looked_at_horizon(Actor& actor, std::uint64_t horizon) noexcept;
  [[nodiscard]] bool is_anybody(Phase phase, bool producer) const noexcept;

  /// A consumer has shown its row: how far have those come who publish an event just now?
  void joined() noexcept;
  void changed_stamp(std::uint64_t& stamp, std::uint64_t value) noexcept;

  SituationSet reached_;
  std::array<std::uint64_t, 4> stamps_{};  ///< of several producers, by slot
  unsigned deaths_in_takeover_ = 0;
  static constexpr unsigned nobody = ~0U;
  unsigned row_of_first_ = nobody;  ///< where policies look after it
  std::array<Actor, max_processes> actors_{};
};

Situations& situations() noexcept;

}  // namespace disruptor_mp::sim
