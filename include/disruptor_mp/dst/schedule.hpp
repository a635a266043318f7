// SPDX-License-Identifier: MIT OR Apache-2.0
// In which order the processes of a run start, drawn from a seed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/dst/json_error.hpp"
#include "disruptor_mp/dst/result.hpp"
#include "disruptor_mp/dst/vocabulary.hpp"

namespace disruptor_mp::dst {

/// One planned action of one process.
struct ScheduledStep {
  std::uint64_t step = 0;  ///< index in its schedule
  SchedulerAction action = SchedulerAction::spawn();
  ProcessRole role = ProcessRole::orchestrator();
  std::uint32_t attempt = 0;
  std::string plan_id;
  std::string profile;  ///< "producer_first" or "consumer_first"

  friend bool operator==(const ScheduledStep&, const ScheduledStep&) = default;
};

/// The start-up of a run with one producer.
struct StartupSchedule {
  std::string plan_id;
  std::uint64_t seed = 0;
  std::uint64_t step_cap = 0;
  std::vector<ScheduledStep> steps;

  /// Draws a schedule; the same arguments always give the same one, here and in the reference.
  ///
  /// The producer is spawned before all consumers or after them. Each consumer's spawn may be
  /// followed by a pause of 25, 50 or 75 ms. Pauses of 10 ms fill up to `max_steps`; a schedule
  /// that needs more steps than that is not cut.
  [[nodiscard]] static StartupSchedule from_seed(std::string plan_id, std::uint64_t seed,
                                                 std::uint32_t consumers, std::uint64_t max_steps);

  /// Whether there is anything to run. (A drawn schedule never is empty: it spawns a producer.)
  [[nodiscard]] bool is_deterministic() const noexcept { return !steps.empty(); }

  /// JSON in the form described at TraceArtifact.
  [[nodiscard]] std::string to_json() const;
  [[nodiscard]] static Result<StartupSchedule, JsonError> from_json(std::string_view text);

  friend bool operator==(const StartupSchedule&, const StartupSchedule&) = default;
};

}  // namespace disruptor_mp::dst
