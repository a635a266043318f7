// SPDX-License-Identifier: MIT OR Apache-2.0
// The state machine that a deterministic run goes through.
//
//                  start             pause
//   Initialized ----------> Running --------> Paused
//                           ^  |  ^            |  |
//                     start |  |  +------------+  |
//                           |  |     resume       |
//                  Restarting  | crash            | crash
//                     ^   |    v                  |
//             restart |   +-> Crashed <-----------+
//                     +------ (crash again stays Crashed)
//
//   step: Running to Running.   complete: any state to Completed, which only complete leaves again.
//
// Whatever is not drawn is refused and changes nothing: state, clock, timeline and trace stay.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "disruptor_mp/dst/result.hpp"
#include "disruptor_mp/dst/trace.hpp"
#include "disruptor_mp/dst/vocabulary.hpp"

namespace disruptor_mp::dst {

enum class DstRuntimeState : std::uint8_t {
  Initialized,  ///< made, not started
  Running,      ///< steps are taken
  Paused,       ///< the orchestrator holds the run
  Crashed,      ///< a fault ended a process
  Restarting,   ///< it is being brought back; start() makes the run go on
  Completed,    ///< over
};

[[nodiscard]] std::string_view to_string(DstRuntimeState state) noexcept;

/// A call to the state machine, as it is kept in the timeline and in errors.
class DstRuntimeCommand {
 public:
  enum class Kind : std::uint8_t {
    Start,
    Pause,
    Resume,
    Crash,
    Restart,
    Step,
    Replay,  ///< recorded by complete(): from here on the trace can be replayed
  };

  static DstRuntimeCommand start() { return {Kind::Start, {}}; }
  static DstRuntimeCommand pause() { return {Kind::Pause, {}}; }
  static DstRuntimeCommand resume() { return {Kind::Resume, {}}; }
  static DstRuntimeCommand crash(std::string reason) { return {Kind::Crash, std::move(reason)}; }
  static DstRuntimeCommand restart(std::string reason) {
    return {Kind::Restart, std::move(reason)};
  }
  static DstRuntimeCommand step() { return {Kind::Step, {}}; }
  static DstRuntimeCommand replay() { return {Kind::Replay, {}}; }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  /// Why, for Crash and Restart; empty for the others.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

  friend bool operator==(const DstRuntimeCommand&, const DstRuntimeCommand&) = default;

 private:
  DstRuntimeCommand(Kind kind, std::string reason) : kind_(kind), reason_(std::move(reason)) {}

  Kind kind_;
  std::string reason_;
};

/// "Start", "Crash(power cut)".
[[nodiscard]] std::string to_string(const DstRuntimeCommand& command);
[[nodiscard]] std::string_view to_string(DstRuntimeCommand::Kind kind) noexcept;

/// The whole transition table: the state a command leads to, or nothing if it is not allowed.
/// Free of any run, so that a harness can keep one state per process with the same rules.
[[nodiscard]] constexpr std::optional<DstRuntimeState> next_state(
    DstRuntimeState from, DstRuntimeCommand::Kind command) noexcept {
  using State = DstRuntimeState;
  using Kind = DstRuntimeCommand::Kind;
  const auto when = [](bool is_allowed, State to) {
    return is_allowed ? std::optional(to) : std::nullopt;
  };
  switch (command) {
    case Kind::Start:
      return when(from == State::Initialized || from == State::Restarting, State::Running);
    case Kind::Pause:
      return when(from == State::Running, State::Paused);
    case Kind::Resume:
      return when(from == State::Paused, State::Running);
    case Kind::Crash:
      return when(from != State::Initialized && from != State::Completed, State::Crashed);
    case Kind::Restart:
      return when(from == State::Crashed, State::Restarting);
    case Kind::Step:
      return when(from == State::Running, State::Running);
    case Kind::Replay:
      return State::Completed;
  }
  return std::nullopt;
}

/// The clock after record number `step` (from 0), which costs (step + 1) microseconds. So n
/// records take 500·n·(n+1) ns: later records are dearer, and no two moments are alike. Stays at
/// the largest value instead of wrapping.
[[nodiscard]] constexpr std::uint64_t virtual_time_after(std::uint64_t now_ns,
                                                         std::uint64_t step) noexcept {
  constexpr std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  constexpr std::uint64_t unit_ns = 1000;
  if (step >= max / unit_ns) return max;
  const std::uint64_t cost_ns = (step + 1) * unit_ns;
  return now_ns > max - cost_ns ? max : now_ns + cost_ns;
}

/// The command is not allowed in this state.
struct InvalidTransition {
  DstRuntimeState current;
  DstRuntimeCommand command;
  friend bool operator==(const InvalidTransition&, const InvalidTransition&) = default;
};

/// A time was observed that is beyond the run's budget.
struct BudgetExceeded {
  std::uint64_t limit_ns;
  std::uint64_t observed_ns;
  friend bool operator==(const BudgetExceeded&, const BudgetExceeded&) = default;
};

using DstRuntimeError = std::variant<InvalidTransition, BudgetExceeded>;

/// One sentence; for a transition it names the states in which the command would be allowed.
[[nodiscard]] std::string to_string(const DstRuntimeError& error);

/// One accepted command.
struct RuntimeStepEvent {
  std::uint64_t index;  ///< number of commands accepted before it
  DstRuntimeCommand command;
  ProcessRole role;
  std::optional<SchedulerAction> action;  ///< of step() only
  std::uint64_t virtual_time_ns;          ///< after the command
  std::uint32_t attempt;                  ///< attempts of the run so far
  friend bool operator==(const RuntimeStepEvent&, const RuntimeStepEvent&) = default;
};

/// A run: accepts commands, keeps time, and writes down what happened. Not thread-safe; one run
/// belongs to one thread.
class DstRuntime {
 public:
  using Outcome = Result<void, DstRuntimeError>;

  /// A run in state Initialized at time 0 with an empty trace.
  DstRuntime(std::string run_id, std::string profile_id, std::uint64_t seed,
             std::uint64_t max_virtual_time_ns);

  Outcome start();
  Outcome pause();
  Outcome resume();
  /// A fault hits `role`. Traced as Failed with the reason; everything else is traced as Success.
  Outcome crash(ProcessRole role, std::string reason);
  Outcome restart(ProcessRole role, std::string reason);
  /// `role` does something; `attempt` is added to the attempts of the run, which do not wrap.
  Outcome step(ProcessRole role, SchedulerAction action, std::uint32_t attempt);
  /// Ends the run; allowed in every state, also when it is over.
  void complete();

  /// Refuses a time greater than the budget; the budget itself is within it. The run does not look
  /// at its own clock: the caller says which clock counts.
  [[nodiscard]] Outcome enforce_budget(std::uint64_t observed_ns) const;

  /// Gives the trace away, with run id, profile id and seed noted on its last event.
  [[nodiscard]] TraceArtifact into_trace() &&;

  [[nodiscard]] const std::string& run_id() const noexcept { return run_id_; }
  [[nodiscard]] const std::string& profile_id() const noexcept { return profile_id_; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  [[nodiscard]] DstRuntimeState state() const noexcept { return state_; }
  /// How many commands were accepted so far. (The reference calls it `step`.)
  [[nodiscard]] std::uint64_t step_count() const noexcept { return timeline_.size(); }
  [[nodiscard]] std::uint64_t max_virtual_time_ns() const noexcept { return max_virtual_time_ns_; }
  [[nodiscard]] std::uint64_t virtual_time_ns() const noexcept { return virtual_time_ns_; }
  [[nodiscard]] std::uint32_t attempts() const noexcept { return attempts_; }
  /// One entry per accepted command.
  [[nodiscard]] const std::vector<RuntimeStepEvent>& timeline() const noexcept { return timeline_; }
  /// One event per accepted command, the same length as the timeline.
  [[nodiscard]] const TraceArtifact& trace() const noexcept { return trace_; }

 private:
  // Either goes to the next state and writes it down, or returns the error and does nothing.
  Outcome apply(DstRuntimeCommand command, ProcessRole role, std::optional<SchedulerAction> action,
                std::uint32_t attempt);

  std::string run_id_;
  std::string profile_id_;
  std::uint64_t seed_;
  DstRuntimeState state_ = DstRuntimeState::Initialized;
  std::uint64_t max_virtual_time_ns_;
  std::uint64_t virtual_time_ns_ = 0;
  std::uint32_t attempts_ = 0;
  std::vector<RuntimeStepEvent> timeline_;
  TraceArtifact trace_;
};

}  // namespace disruptor_mp::dst
