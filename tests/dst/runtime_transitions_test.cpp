// SPDX-License-Identifier: MIT OR Apache-2.0
// Every cell of the transition table, and that a refused command leaves no mark.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <tuple>

#include "dst/support/printers.hpp"

namespace disruptor_mp::dst {
namespace {

using State = DstRuntimeState;

struct Call {
  const char* name;
  DstRuntimeCommand command;
  std::function<DstRuntime::Outcome(DstRuntime&)> run;
};

const std::vector<Call>& calls() {
  static const std::vector<Call> all{
      {"start", DstRuntimeCommand::start(), [](DstRuntime& r) { return r.start(); }},
      {"pause", DstRuntimeCommand::pause(), [](DstRuntime& r) { return r.pause(); }},
      {"resume", DstRuntimeCommand::resume(), [](DstRuntime& r) { return r.resume(); }},
      {"crash", DstRuntimeCommand::crash("why"),
       [](DstRuntime& r) { return r.crash(ProcessRole::producer(), "why"); }},
      {"restart", DstRuntimeCommand::restart("why"),
       [](DstRuntime& r) { return r.restart(ProcessRole::producer(), "why"); }},
      {"step", DstRuntimeCommand::step(),
       [](DstRuntime& r) {
         return r.step(ProcessRole::consumer(1), SchedulerAction::consume_batch(3), 9);
       }},
      {"complete", DstRuntimeCommand::replay(),
       [](DstRuntime& r) {
         r.complete();
         return DstRuntime::Outcome();
       }},
  };
  return all;
}

constexpr std::optional<State> error = std::nullopt;

// Rows: from; columns: as in calls().
constexpr State states[] = {State::Initialized, State::Running,    State::Paused,
                            State::Crashed,     State::Restarting, State::Completed};
constexpr std::optional<State> table[6][7] = {
    {State::Running, error, error, error, error, error, State::Completed},
    {error, State::Paused, error, State::Crashed, error, State::Running, State::Completed},
    {error, error, State::Running, State::Crashed, error, error, State::Completed},
    {error, error, error, State::Crashed, State::Restarting, error, State::Completed},
    {State::Running, error, error, State::Crashed, error, error, State::Completed},
    {error, error, error, error, error, error, State::Completed},
};

DstRuntime runtime_in(State state) {
  DstRuntime runtime("run", "profile", 7, 10'000);
  const auto role = ProcessRole::producer();
  if (state == State::Initialized) return runtime;
  EXPECT_TRUE(runtime.start());
  EXPECT_TRUE(runtime.step(role, SchedulerAction::publish_batch(2), 4));
  if (state == State::Paused) {
    EXPECT_TRUE(runtime.pause());
  }
  if (state == State::Crashed || state == State::Restarting) {
    EXPECT_TRUE(runtime.crash(role, "killed"));
  }
  if (state == State::Restarting) {
    EXPECT_TRUE(runtime.restart(role, "again"));
  }
  if (state == State::Completed) runtime.complete();
  EXPECT_EQ(runtime.state(), state);
  return runtime;
}

/// Everything that can be observed of a runtime.
auto marks(const DstRuntime& runtime) {
  return std::tuple(runtime.run_id(), runtime.profile_id(), runtime.seed(), runtime.state(),
                    runtime.step_count(), runtime.max_virtual_time_ns(), runtime.virtual_time_ns(),
                    runtime.attempts(), runtime.timeline(), runtime.trace());
}

class TransitionTable : public ::testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(TransitionTable, Cell) {
  const auto [row, column] = GetParam();
  const Call& call = calls()[static_cast<std::size_t>(column)];
  DstRuntime runtime = runtime_in(states[row]);
  const auto before = marks(runtime);
  const auto timeline_before = runtime.timeline().size();
  const auto time_before = runtime.virtual_time_ns();

  const auto outcome = call.run(runtime);

  EXPECT_EQ(next_state(states[row], call.command.kind()), table[row][column]);
  if (const auto expected = table[row][column]) {
    ASSERT_TRUE(outcome);
    EXPECT_EQ(runtime.state(), *expected);
    ASSERT_EQ(runtime.timeline().size(), timeline_before + 1);
    EXPECT_EQ(runtime.trace().events.size(), timeline_before + 1);
    EXPECT_EQ(runtime.timeline().back().command, call.command);
    EXPECT_GT(runtime.virtual_time_ns(), time_before);
  } else {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error(), DstRuntimeError(InvalidTransition{states[row], call.command}));
    EXPECT_EQ(marks(runtime), before) << "a refused command must change nothing";
  }
}

std::string cell_name(const ::testing::TestParamInfo<std::tuple<int, int>>& cell) {
  const auto [row, column] = cell.param;
  return std::string(to_string(states[row])) + "_" + calls()[static_cast<std::size_t>(column)].name;
}

INSTANTIATE_TEST_SUITE_P(Every, TransitionTable,
                         ::testing::Combine(::testing::Range(0, 6), ::testing::Range(0, 7)),
                         cell_name);

// The rows of the seed's own tests.

TEST(DstRuntime, A_pause_before_the_start_is_refused) {
  DstRuntime runtime("run", "unit", 1, 10'000);
  const auto outcome = runtime.pause();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(),
            DstRuntimeError(InvalidTransition{State::Initialized, DstRuntimeCommand::pause()}));
}

TEST(DstRuntime, A_resume_without_a_pause_is_refused) {
  DstRuntime runtime = runtime_in(State::Running);
  const auto outcome = runtime.resume();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(),
            DstRuntimeError(InvalidTransition{State::Running, DstRuntimeCommand::resume()}));
}

TEST(DstRuntime, A_crash_before_the_start_is_refused_with_its_reason) {
  DstRuntime runtime("run", "unit", 1, 10'000);
  const auto outcome = runtime.crash(ProcessRole::producer(), "too early");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(), DstRuntimeError(InvalidTransition{
                                 State::Initialized, DstRuntimeCommand::crash("too early")}));
}

TEST(DstRuntime, A_restart_without_a_crash_is_refused_with_its_reason) {
  DstRuntime runtime = runtime_in(State::Running);
  const auto outcome = runtime.restart(ProcessRole::consumer(0), "still here");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(), DstRuntimeError(InvalidTransition{
                                 State::Running, DstRuntimeCommand::restart("still here")}));
}

TEST(DstRuntime, A_step_before_the_start_is_refused) {
  DstRuntime runtime("run", "unit", 1, 10'000);
  const auto outcome = runtime.step(ProcessRole::producer(), SchedulerAction::spawn(), 1);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(),
            DstRuntimeError(InvalidTransition{State::Initialized, DstRuntimeCommand::step()}));
}

TEST(DstRuntime, The_legal_path_from_initialized_to_completed_visits_every_state) {
  DstRuntime runtime("run", "unit", 1, 10'000);
  EXPECT_EQ(runtime.state(), State::Initialized);
  ASSERT_TRUE(runtime.start());
  EXPECT_EQ(runtime.state(), State::Running);
  ASSERT_TRUE(runtime.pause());
  EXPECT_EQ(runtime.state(), State::Paused);
  ASSERT_TRUE(runtime.resume());
  EXPECT_EQ(runtime.state(), State::Running);
  ASSERT_TRUE(runtime.crash(ProcessRole::producer(), "killed"));
  EXPECT_EQ(runtime.state(), State::Crashed);
  ASSERT_TRUE(runtime.restart(ProcessRole::producer(), "again"));
  EXPECT_EQ(runtime.state(), State::Restarting);
  ASSERT_TRUE(runtime.start());
  EXPECT_EQ(runtime.state(), State::Running);
  runtime.complete();
  EXPECT_EQ(runtime.state(), State::Completed);
}

TEST(DstRuntime, A_refusal_says_what_was_tried_where_and_when_it_would_be_allowed) {
  DstRuntime runtime("run", "unit", 1, 10'000);
  EXPECT_EQ(to_string(runtime.crash(ProcessRole::producer(), "power cut").error()),
            "Crash(power cut) is not allowed in state Initialized; it needs Running or Paused or "
            "Crashed or Restarting");
  EXPECT_EQ(to_string(runtime.step(ProcessRole::producer(), SchedulerAction::kill(), 0).error()),
            "Step is not allowed in state Initialized; it needs Running");
}

}  // namespace
}  // namespace disruptor_mp::dst
