// SPDX-License-Identifier: MIT OR Apache-2.0
#include "liveness_oracle.hpp"

#include <string>

#include "disruptor_mp/membership/liveness.hpp"
#include "engine.hpp"
#include "scenario.hpp"

namespace disruptor_mp::sim {
namespace {

void violated(const std::string& what) { engine().fail(Verdict::safety, what); }

/// What the running process takes for the present.
std::uint64_t clock() { return engine().self().clock; }

constexpr std::uint64_t ns_of(unsigned microseconds) { return std::uint64_t{1000} * microseconds; }

}  // namespace

LivenessOracle& liveness_oracle() noexcept {
  static LivenessOracle instance;
  return instance;
}

void LivenessOracle::reset() noexcept { lookers_.fill(Looker()); }

LivenessOracle::Looker& LivenessOracle::self() noexcept { return lookers_[engine().current()]; }

void LivenessOracle::read_cursor(std::uint64_t value) noexcept {
  Looker& looker = self();
  if (looker.cursor == value) return;
  looker.cursor = value;
  looker.since = clock();
  looker.is_stall_told = false;
  looker.absent_at = 0;
}

void LivenessOracle::meet_life(std::uint32_t& known, std::uint32_t value) noexcept {
  if (known == value) return;
  known = value;
  self().since = clock();
  self().is_stall_told = false;
}

void LivenessOracle::read_incarnation(std::uint32_t value) noexcept {
  meet_life(self().incarnation, value);
}

void LivenessOracle::read_taking(std::uint32_t value) noexcept { meet_life(self().taking, value); }

void LivenessOracle::alerted(const ConsumerAlert& alert) {
  Looker& looker = self();
  const std::uint64_t now = clock();
  switch (alert.trouble) {
    case ConsumerTrouble::stalled:
      ++looker.stalls;
      if (now - looker.since < ns_of(simulated_progress_timeout))
        violated("a consumer is told to stall before its time is over");
      if (setting.producers == 1 && !oracle().may_be_owed(alert.next_sequence.value()))
        violated("a consumer is told to stall though nothing is published that it has not read");
      if (looker.is_stall_told) violated("a consumer is told to stall a second time");
      looker.is_stall_told = true;
      return;
    // The two that are facts.
    case ConsumerTrouble::dead:
      if (engine().kills() == 0) violated("a consumer is told to be dead, but nobody has died");
      break;
    case ConsumerTrouble::left:
      if (setting.consumer[0].leaves_after == 0)
        violated("a consumer is told to have left, but it never does");
      break;
  }
  ++looker.absences;
  // Who comes back, and does not get so far that it shows its row, stalls once more.
  looker.is_stall_told = false;
  looker.since = now;
  if (looker.absent_at == 0) looker.absent_at = now;
}

void LivenessOracle::failed(const ConsumerAlert& failure) {
  const Looker& looker = self();
  const std::uint64_t now = clock();
  if (failure.trouble == ConsumerTrouble::stalled) {
    if (!looker.is_stall_told) violated("a consumer has failed, and no alert was told before");
    if (now - looker.since < ns_of(simulated_progress_timeout + setting.stall_grace))
      violated("a stalled consumer has failed before its grace is over");
    return;
  }
  if (looker.absent_at == 0) violated("a consumer has failed, and no alert was told before");
  // That it left once more may be told a look later than that it moved.
  if (now - looker.absent_at < ns_of(simulated_absence_grace - simulated_check_interval))
    violated("a consumer that is away has failed before its grace is over");
}

void LivenessOracle::acknowledged() noexcept {
  Looker& looker = self();
  looker.is_stall_told = false;
  looker.absent_at = 0;
  looker.since = clock();
}

void LivenessOracle::counted(std::uint64_t stalls, std::uint64_t absences) {
  const Looker& looker = self();
  if (looker.stalls != stalls || looker.absences != absences)
    violated("a policy has counted other alerts than it has told");
}

}  // namespace disruptor_mp::sim
