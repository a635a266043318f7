// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/runtime.hpp"

#include <array>

namespace disruptor_mp::dst {
namespace {

constexpr std::array all_states{DstRuntimeState::Initialized, DstRuntimeState::Running,
                                DstRuntimeState::Paused,      DstRuntimeState::Crashed,
                                DstRuntimeState::Restarting,  DstRuntimeState::Completed};

std::string states_that_allow(DstRuntimeCommand::Kind command) {
  std::string names;
  for (const auto state : all_states) {
    if (!next_state(state, command)) continue;
    if (!names.empty()) names += " or ";
    names += to_string(state);
  }
  return names;
}

struct Describe {
  std::string operator()(const InvalidTransition& error) const {
    return to_string(error.command) + " is not allowed in state " +
           std::string(to_string(error.current)) + "; it needs " +
           states_that_allow(error.command.kind());
  }
  std::string operator()(const BudgetExceeded& error) const {
    return "virtual time " + std::to_string(error.observed_ns) + " ns is beyond the budget of " +
           std::to_string(error.limit_ns) +
           " ns; the run makes no progress, or its budget is too small for its work";
  }
};

std::uint32_t add_saturating(std::uint32_t a, std::uint32_t b) noexcept {
  const auto max = std::numeric_limits<std::uint32_t>::max();
  return b > max - a ? max : a + b;
}

TraceStatus status_of(const DstRuntimeCommand& command) {
  return command.kind() == DstRuntimeCommand::Kind::Crash ? TraceStatus::failed(command.reason())
                                                          : TraceStatus::success();
}

}  // namespace

std::string_view to_string(DstRuntimeState state) noexcept {
  switch (state) {
    case DstRuntimeState::Initialized:
      return "Initialized";
    case DstRuntimeState::Running:
      return "Running";
    case DstRuntimeState::Paused:
      return "Paused";
    case DstRuntimeState::Crashed:
      return "Crashed";
    case DstRuntimeState::Restarting:
      return "Restarting";
    case DstRuntimeState::Completed:
      return "Completed";
  }
  return "?";
}

std::string_view to_string(DstRuntimeCommand::Kind kind) noexcept {
  switch (kind) {
    case DstRuntimeCommand::Kind::Start:
      return "Start";
    case DstRuntimeCommand::Kind::Pause:
      return "Pause";
    case DstRuntimeCommand::Kind::Resume:
      return "Resume";
    case DstRuntimeCommand::Kind::Crash:
      return "Crash";
    case DstRuntimeCommand::Kind::Restart:
      return "Restart";
    case DstRuntimeCommand::Kind::Step:
      return "Step";
    case DstRuntimeCommand::Kind::Replay:
      return "Replay";
  }
  return "?";
}

std::string to_string(const DstRuntimeCommand& command) {
  std::string text(to_string(command.kind()));
  const bool has_reason = command.kind() == DstRuntimeCommand::Kind::Crash ||
                          command.kind() == DstRuntimeCommand::Kind::Restart;
  if (has_reason) text += "(" + command.reason() + ")";
  return text;
}

std::string to_string(const DstRuntimeError& error) { return std::visit(Describe{}, error); }

DstRuntime::DstRuntime(std::string run_id, std::string profile_id, std::uint64_t seed,
                       std::uint64_t max_virtual_time_ns)
    : run_id_(std::move(run_id)),
      profile_id_(std::move(profile_id)),
      seed_(seed),
      max_virtual_time_ns_(max_virtual_time_ns),
      trace_{run_id_, profile_id_, seed, {}} {}

DstRuntime::Outcome DstRuntime::start() {
  return apply(DstRuntimeCommand::start(), ProcessRole::orchestrator(), std::nullopt, 0);
}

DstRuntime::Outcome DstRuntime::pause() {
  return apply(DstRuntimeCommand::pause(), ProcessRole::orchestrator(), std::nullopt, 0);
}

DstRuntime::Outcome DstRuntime::resume() {
  return apply(DstRuntimeCommand::resume(), ProcessRole::orchestrator(), std::nullopt, 0);
}

DstRuntime::Outcome DstRuntime::crash(ProcessRole role, std::string reason) {
  return apply(DstRuntimeCommand::crash(std::move(reason)), role, std::nullopt, 0);
}

DstRuntime::Outcome DstRuntime::restart(ProcessRole role, std::string reason) {
  return apply(DstRuntimeCommand::restart(std::move(reason)), role, std::nullopt, 0);
}

DstRuntime::Outcome DstRuntime::step(ProcessRole role, SchedulerAction action,
                                     std::uint32_t attempt) {
  return apply(DstRuntimeCommand::step(), role, action, attempt);
}

void DstRuntime::complete() {
  // The table allows Replay in every state, so there is no error to look at.
  static_cast<void>(
      apply(DstRuntimeCommand::replay(), ProcessRole::orchestrator(), std::nullopt, 0));
}

DstRuntime::Outcome DstRuntime::apply(DstRuntimeCommand command, ProcessRole role,
                                      std::optional<SchedulerAction> action,
                                      std::uint32_t attempt) {
  const auto next = next_state(state_, command.kind());
  if (!next) return Failure{InvalidTransition{state_, std::move(command)}};

  const std::uint64_t index = step_count();
  state_ = *next;
  attempts_ = add_saturating(attempts_, attempt);
  virtual_time_ns_ = virtual_time_after(virtual_time_ns_, index);
  trace_.push(role, action.value_or(SchedulerAction::spawn()), status_of(command),
              "idx=" + std::to_string(index));
  timeline_.push_back({index, std::move(command), role, action, virtual_time_ns_, attempts_});
  return {};
}

DstRuntime::Outcome DstRuntime::enforce_budget(std::uint64_t observed_ns) const {
  if (observed_ns > max_virtual_time_ns_) {
    return Failure{BudgetExceeded{max_virtual_time_ns_, observed_ns}};
  }
  return {};
}

TraceArtifact DstRuntime::into_trace() && {
  trace_.set_metadata("run_id", std::move(run_id_));
  trace_.set_metadata("profile_id", std::move(profile_id_));
  trace_.set_metadata("seed", std::to_string(seed_));
  return std::move(trace_);
}

}  // namespace disruptor_mp::dst
