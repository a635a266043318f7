// SPDX-License-Identifier: MIT OR Apache-2.0
// Any sequence of commands behaves as a model says that shares no code with the runtime: the model
// keeps the accepted commands as text, its table is a list of allowed (state, command) words, and
// it recomputes time and attempts from the whole history each time.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "disruptor_mp/dst/runtime.hpp"
#include "dst/support/printers.hpp"

namespace disruptor_mp::dst {
namespace {

struct Accepted {
  std::string command;
  std::string role;
  std::string traced_action;
  std::string traced_status;
  std::uint64_t attempt;
};

class Model {
 public:
  bool apply(const std::string& command, Accepted record) {
    static const std::map<std::string, std::string> allowed{
        {"Initialized start", "Running"},      {"Restarting start", "Running"},
        {"Running pause", "Paused"},           {"Paused resume", "Running"},
        {"Running crash", "Crashed"},          {"Paused crash", "Crashed"},
        {"Crashed crash", "Crashed"},          {"Restarting crash", "Crashed"},
        {"Crashed restart", "Restarting"},     {"Running step", "Running"},
        {"Initialized complete", "Completed"}, {"Running complete", "Completed"},
        {"Paused complete", "Completed"},      {"Crashed complete", "Completed"},
        {"Restarting complete", "Completed"},  {"Completed complete", "Completed"}};
    const auto cell = allowed.find(state + " " + command);
    if (cell == allowed.end()) return false;
    state = cell->second;
    history.push_back(std::move(record));
    return true;
  }

  [[nodiscard]] std::uint64_t time_ns() const {
    return 500 * history.size() * (history.size() + 1);
  }

  [[nodiscard]] std::uint64_t attempts() const {
    std::uint64_t sum = 0;
    for (const auto& record : history) sum += record.attempt;
    return std::min<std::uint64_t>(sum, UINT32_MAX);
  }

  std::string state = "Initialized";
  std::vector<Accepted> history;
};

struct Command {
  int kind;
  std::uint32_t role;    // 0 producer, 1 orchestrator, else consumer role - 2
  std::uint32_t amount;  // selects action and its argument
  std::uint32_t attempt;
  std::string reason;
};

rc::Gen<Command> any_command() {
  const auto attempt =
      rc::gen::weightedOneOf<std::uint32_t>({{9, rc::gen::inRange<std::uint32_t>(0, 5)},
                                             {1, rc::gen::arbitrary<std::uint32_t>()},
                                             {1, rc::gen::just(UINT32_MAX)}});
  // Completion is rare: it makes the rest of the sequence dull.
  const auto kind =
      rc::gen::weightedElement<int>({{6, 0}, {3, 1}, {4, 2}, {3, 3}, {4, 4}, {10, 5}, {1, 6}});
  return rc::gen::construct<Command>(kind, rc::gen::inRange<std::uint32_t>(0, 6),
                                     rc::gen::arbitrary<std::uint32_t>(), attempt,
                                     rc::gen::element<std::string>("", "killed", "power cut"));
}

ProcessRole role_of(const Command& command) {
  if (command.role == 0) return ProcessRole::producer();
  if (command.role == 1) return ProcessRole::orchestrator();
  return ProcessRole::consumer(command.role - 2);
}

std::string role_text(const Command& command) {
  if (command.role == 0) return "Producer";
  if (command.role == 1) return "Orchestrator";
  return "Consumer(" + std::to_string(command.role - 2) + ")";
}

SchedulerAction action_of(const Command& command) {
  switch (command.amount % 3) {
    case 0:
      return SchedulerAction::publish_batch(command.amount);
    case 1:
      return SchedulerAction::sleep_ms(command.amount);
    default:
      return SchedulerAction::kill();
  }
}

std::string action_text(const Command& command) {
  const auto amount = std::to_string(command.amount);
  switch (command.amount % 3) {
    case 0:
      return "PublishBatch(" + amount + ")";
    case 1:
      return "SleepMs(" + amount + ")";
    default:
      return "Kill";
  }
}

bool run(DstRuntime& runtime, const Command& command) {
  const auto role = role_of(command);
  switch (command.kind) {
    case 0:
      return runtime.start().has_value();
    case 1:
      return runtime.pause().has_value();
    case 2:
      return runtime.resume().has_value();
    case 3:
      return runtime.crash(role, command.reason).has_value();
    case 4:
      return runtime.restart(role, command.reason).has_value();
    case 5:
      return runtime.step(role, action_of(command), command.attempt).has_value();
    default:
      runtime.complete();
      return true;
  }
}

bool run(Model& model, const Command& command) {
  const std::string role = role_text(command);
  switch (command.kind) {
    case 0:
      return model.apply("start", {"Start", "Orchestrator", "Spawn", "Success", 0});
    case 1:
      return model.apply("pause", {"Pause", "Orchestrator", "Spawn", "Success", 0});
    case 2:
      return model.apply("resume", {"Resume", "Orchestrator", "Spawn", "Success", 0});
    case 3:
      return model.apply("crash", {"Crash(" + command.reason + ")", role, "Spawn",
                                   "Failed(" + command.reason + ")", 0});
    case 4:
      return model.apply("restart",
                         {"Restart(" + command.reason + ")", role, "Spawn", "Success", 0});
    case 5:
      return model.apply("step", {"Step", role, action_text(command), "Success", command.attempt});
    default:
      return model.apply("complete", {"Replay", "Orchestrator", "Spawn", "Success", 0});
  }
}

void expect_same(const DstRuntime& runtime, const Model& model) {
  RC_ASSERT(std::string(to_string(runtime.state())) == model.state);
  RC_ASSERT(runtime.step_count() == model.history.size());
  RC_ASSERT(runtime.virtual_time_ns() == model.time_ns());
  RC_ASSERT(std::uint64_t{runtime.attempts()} == model.attempts());
  RC_ASSERT(runtime.timeline().size() == model.history.size());
  RC_ASSERT(runtime.trace().events.size() == model.history.size());
}

void expect_same_history(const DstRuntime& runtime, const Model& model) {
  for (std::size_t i = 0; i < model.history.size(); ++i) {
    const auto& record = model.history[i];
    const auto& line = runtime.timeline()[i];
    RC_ASSERT(line.index == i);
    RC_ASSERT(to_string(line.command) == record.command);
    RC_ASSERT(to_string(line.role) == record.role);
    RC_ASSERT(line.action.has_value() == (record.command == "Step"));
    RC_ASSERT(line.virtual_time_ns == 500 * (i + 1) * (i + 2));
    const auto& event = runtime.trace().events[i];
    RC_ASSERT(event.step == i);
    RC_ASSERT(to_string(event.role) == record.role);
    RC_ASSERT(to_string(event.action) == record.traced_action);
    RC_ASSERT(to_string(event.status) == record.traced_status);
    RC_ASSERT(event.attempt == 0u);
    RC_ASSERT(event.resource == "idx=" + std::to_string(i));
    RC_ASSERT(event.metadata.empty());
  }
}

RC_GTEST_PROP(RuntimeProperty, Any_sequence_of_commands_behaves_as_the_model, ()) {
  const auto commands = *rc::gen::container<std::vector<Command>>(any_command());
  DstRuntime runtime("run", "model", 1, 1);
  Model model;
  for (const auto& command : commands) {
    RC_ASSERT(run(runtime, command) == run(model, command));
    expect_same(runtime, model);
  }
  expect_same_history(runtime, model);
}

RC_GTEST_PROP(RuntimeProperty, The_same_commands_give_the_same_trace,
              (std::uint64_t seed, std::uint64_t budget)) {
  const auto commands = *rc::gen::container<std::vector<Command>>(any_command());
  const auto trace = [&] {
    DstRuntime runtime("run", "twice", seed, budget);
    for (const auto& command : commands) run(runtime, command);
    return std::move(runtime).into_trace();
  };
  const auto first = trace();
  RC_ASSERT(first == trace());
  RC_ASSERT(first.to_json() == trace().to_json());
}

RC_GTEST_PROP(RuntimeProperty, Virtual_time_is_exact_or_at_its_largest_value, ()) {
  const auto number = rc::gen::oneOf(rc::gen::arbitrary<std::uint64_t>(),
                                     rc::gen::inRange<std::uint64_t>(0, UINT64_MAX));
  const auto now = *number;
  const auto step = *rc::gen::oneOf(number, rc::gen::map(number, [](std::uint64_t n) {
                                      return n / 1000;  // near the edge
                                    }));
  const std::uint64_t records_that_fit = (UINT64_MAX - now) / 1000;
  const bool fits = step < records_that_fit;
  RC_CLASSIFY(fits);
  RC_ASSERT(virtual_time_after(now, step) == (fits ? now + step * 1000 + 1000 : UINT64_MAX));
}

}  // namespace
}  // namespace disruptor_mp::dst
