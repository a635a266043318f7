// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/vocabulary.hpp"

namespace disruptor_mp::dst {
namespace {

std::string with_argument(std::string_view name, std::string_view argument) {
  std::string text(name);
  text.append("(").append(argument).append(")");
  return text;
}

}  // namespace

std::string_view to_string(ProcessRole::Kind kind) noexcept {
  switch (kind) {
    case ProcessRole::Kind::Producer:
      return "Producer";
    case ProcessRole::Kind::Consumer:
      return "Consumer";
    case ProcessRole::Kind::Orchestrator:
      return "Orchestrator";
  }
  return "?";
}

std::string to_string(const ProcessRole& role) {
  const std::string_view name = to_string(role.kind());
  const auto index = role.consumer_index();
  return index ? with_argument(name, std::to_string(*index)) : std::string(name);
}

std::string_view to_string(SchedulerAction::Kind kind) noexcept {
  switch (kind) {
    case SchedulerAction::Kind::Spawn:
      return "Spawn";
    case SchedulerAction::Kind::SleepMs:
      return "SleepMs";
    case SchedulerAction::Kind::Attach:
      return "Attach";
    case SchedulerAction::Kind::Start:
      return "Start";
    case SchedulerAction::Kind::PublishBatch:
      return "PublishBatch";
    case SchedulerAction::Kind::ConsumeBatch:
      return "ConsumeBatch";
    case SchedulerAction::Kind::Kill:
      return "Kill";
    case SchedulerAction::Kind::Restart:
      return "Restart";
    case SchedulerAction::Kind::Shutdown:
      return "Shutdown";
  }
  return "?";
}

std::string to_string(const SchedulerAction& action) {
  const std::string_view name = to_string(action.kind());
  switch (action.kind()) {
    case SchedulerAction::Kind::SleepMs:
    case SchedulerAction::Kind::PublishBatch:
    case SchedulerAction::Kind::ConsumeBatch:
      return with_argument(name, std::to_string(action.amount()));
    default:
      return std::string(name);
  }
}

std::string_view to_string(TraceStatus::Kind kind) noexcept {
  switch (kind) {
    case TraceStatus::Kind::Planned:
      return "Planned";
    case TraceStatus::Kind::Success:
      return "Success";
    case TraceStatus::Kind::Retry:
      return "Retry";
    case TraceStatus::Kind::Failed:
      return "Failed";
  }
  return "?";
}

std::string to_string(const TraceStatus& status) {
  const std::string_view name = to_string(status.kind());
  return status.kind() == TraceStatus::Kind::Failed ? with_argument(name, status.reason())
                                                    : std::string(name);
}

}  // namespace disruptor_mp::dst
