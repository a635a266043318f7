// SPDX-License-Identifier: MIT OR Apache-2.0
// What the runtime writes down: time, attempts, timeline, trace; and its budget.
#include "disruptor_mp/dst/runtime.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "disruptor_mp/dst/replay.hpp"
#include "disruptor_mp/dst/schedule.hpp"
#include "dst/support/printers.hpp"

namespace disruptor_mp::dst {
namespace {

constexpr auto max_u64 = UINT64_MAX;
constexpr auto max_u32 = UINT32_MAX;

DstRuntime started(std::uint64_t budget_ns = 10'000) {
  DstRuntime runtime("run", "unit", 0x1700, budget_ns);
  EXPECT_TRUE(runtime.start());
  return runtime;
}

TEST(DstRuntime, A_new_run_is_at_time_zero_and_has_no_history) {
  const DstRuntime runtime("run", "unit", 0x1700, 10'000);
  EXPECT_EQ(runtime.run_id(), "run");
  EXPECT_EQ(runtime.profile_id(), "unit");
  EXPECT_EQ(runtime.seed(), 0x1700u);
  EXPECT_EQ(runtime.state(), DstRuntimeState::Initialized);
  EXPECT_EQ(runtime.step_count(), 0u);
  EXPECT_EQ(runtime.virtual_time_ns(), 0u);
  EXPECT_EQ(runtime.attempts(), 0u);
  EXPECT_TRUE(runtime.timeline().empty());
  EXPECT_EQ(runtime.trace(), (TraceArtifact{"run", "unit", 0x1700, {}}));
}

TEST(VirtualTime, After_n_records_it_is_500_n_times_n_plus_1_ns) {
  DstRuntime runtime = started();
  for (std::uint64_t n = 1; n <= 1000; ++n) {
    ASSERT_EQ(runtime.step_count(), n);
    ASSERT_EQ(runtime.virtual_time_ns(), 500 * n * (n + 1));
    ASSERT_EQ(runtime.timeline().back().virtual_time_ns, runtime.virtual_time_ns());
    ASSERT_TRUE(runtime.step(ProcessRole::producer(), SchedulerAction::start(), 0));
  }
}

TEST(VirtualTime, Depends_on_the_number_of_records_only) {
  DstRuntime runtime = started();
  ASSERT_TRUE(runtime.step(ProcessRole::producer(), SchedulerAction::sleep_ms(1'000'000), 77));
  EXPECT_EQ(runtime.virtual_time_ns(), 500u * 2 * 3);
}

TEST(VirtualTime, Stays_at_the_largest_value_when_the_sum_would_wrap) {
  EXPECT_EQ(virtual_time_after(max_u64 - 1000, 0), max_u64);
  EXPECT_EQ(virtual_time_after(max_u64 - 1001, 0), max_u64 - 1);
  EXPECT_EQ(virtual_time_after(max_u64 - 999, 0), max_u64);
  EXPECT_EQ(virtual_time_after(max_u64, 0), max_u64);
}

TEST(VirtualTime, Stays_at_the_largest_value_when_the_cost_of_a_record_would_wrap) {
  constexpr std::uint64_t last_exact = max_u64 / 1000 - 1;
  EXPECT_EQ(virtual_time_after(0, last_exact), (last_exact + 1) * 1000);
  EXPECT_EQ(virtual_time_after(0, last_exact + 1), max_u64);
  EXPECT_EQ(virtual_time_after(0, max_u64), max_u64);
}

TEST(DstRuntime, Attempts_add_up_and_each_record_shows_the_sum_so_far) {
  DstRuntime runtime = started();
  ASSERT_TRUE(runtime.step(ProcessRole::producer(), SchedulerAction::attach(), 2));
  ASSERT_TRUE(runtime.step(ProcessRole::producer(), SchedulerAction::attach(), 3));
  ASSERT_TRUE(runtime.pause());
  EXPECT_EQ(runtime.attempts(), 5u);
  EXPECT_EQ(runtime.timeline()[0].attempt, 0u);
  EXPECT_EQ(runtime.timeline()[1].attempt, 2u);
  EXPECT_EQ(runtime.timeline()[2].attempt, 5u);
  EXPECT_EQ(runtime.timeline()[3].attempt, 5u);
}

TEST(DstRuntime, Attempts_stay_at_the_largest_value_instead_of_wrapping) {
  DstRuntime runtime = started();
  const auto attempt = [&](std::uint32_t n) {
    ASSERT_TRUE(runtime.step(ProcessRole::producer(), SchedulerAction::attach(), n));
  };
  attempt(max_u32 - 1);
  EXPECT_EQ(runtime.attempts(), max_u32 - 1);
  attempt(1);
  EXPECT_EQ(runtime.attempts(), max_u32);
  attempt(1);
  EXPECT_EQ(runtime.attempts(), max_u32);
  attempt(max_u32);
  EXPECT_EQ(runtime.attempts(), max_u32);
}

TEST(DstRuntime, The_timeline_keeps_the_action_of_a_step_and_only_of_a_step) {
  DstRuntime runtime = started();
  ASSERT_TRUE(runtime.step(ProcessRole::consumer(2), SchedulerAction::consume_batch(8), 1));
  EXPECT_EQ(runtime.timeline()[0].action, std::nullopt);
  EXPECT_EQ(runtime.timeline()[1],
            (RuntimeStepEvent{1, DstRuntimeCommand::step(), ProcessRole::consumer(2),
                              SchedulerAction::consume_batch(8), 3000, 1}));
}

TEST(DstRuntime, A_record_without_an_action_is_traced_as_spawn) {
  DstRuntime runtime = started();
  ASSERT_TRUE(runtime.pause());
  for (const auto& event : runtime.trace().events) {
    EXPECT_EQ(event.action, SchedulerAction::spawn());
    EXPECT_EQ(event.role, ProcessRole::orchestrator());
  }
}

TEST(DstRuntime, A_step_is_traced_with_its_role_and_action) {
  DstRuntime runtime = started();
  ASSERT_TRUE(runtime.step(ProcessRole::consumer(3), SchedulerAction::consume_batch(5), 4));
  EXPECT_EQ(runtime.trace().events[1], (TraceEvent{1,
                                                   ProcessRole::consumer(3),
                                                   SchedulerAction::consume_batch(5),
                                                   TraceStatus::success(),
                                                   0,
                                                   "idx=1",
                                                   {}}));
}

TEST(DstRuntime, The_resource_of_a_traced_event_is_its_index) {
  DstRuntime runtime = started();
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(runtime.step(ProcessRole::producer(), SchedulerAction::start(), 0));
  }
  EXPECT_EQ(runtime.trace().events[0].resource, "idx=0");
  EXPECT_EQ(runtime.trace().events[12].resource, "idx=12");
}

TEST(DstRuntime, A_crash_is_traced_as_failed_with_its_reason_and_all_else_as_success) {
  DstRuntime runtime = started();
  const auto victim = ProcessRole::consumer(1);
  ASSERT_TRUE(runtime.crash(victim, "killed in a batch"));
  ASSERT_TRUE(runtime.restart(victim, "same id"));
  ASSERT_TRUE(runtime.start());
  runtime.complete();
  const auto& events = runtime.trace().events;
  EXPECT_EQ(events[1].status, TraceStatus::failed("killed in a batch"));
  EXPECT_EQ(events[1].role, victim);
  EXPECT_EQ(events[2].role, victim);
  for (const std::size_t i : {0u, 2u, 3u, 4u}) {
    EXPECT_EQ(events[i].status, TraceStatus::success());
  }
}

TEST(DstRuntime, Completing_again_is_recorded_again) {
  DstRuntime runtime = started();
  runtime.complete();
  runtime.complete();
  EXPECT_EQ(runtime.timeline().size(), 3u);
  EXPECT_EQ(runtime.timeline().back().command, DstRuntimeCommand::replay());
}

TEST(Budget, The_budget_itself_is_within_it) {
  const DstRuntime runtime("run", "unit", 1, 500);
  EXPECT_TRUE(runtime.enforce_budget(0));
  EXPECT_TRUE(runtime.enforce_budget(499));
  EXPECT_TRUE(runtime.enforce_budget(500));
}

TEST(Budget, One_nanosecond_more_is_an_error_with_both_numbers) {
  const DstRuntime runtime("run", "unit", 1, 500);
  const auto outcome = runtime.enforce_budget(501);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(), DstRuntimeError(BudgetExceeded{500, 501}));
  EXPECT_NE(to_string(outcome.error()).find("501 ns is beyond the budget of 500 ns"),
            std::string::npos);
}

TEST(Budget, Is_about_the_time_the_caller_names_not_about_the_clock_of_the_run) {
  DstRuntime runtime = started(500);
  EXPECT_GT(runtime.virtual_time_ns(), runtime.max_virtual_time_ns());
  EXPECT_TRUE(runtime.enforce_budget(400));
  EXPECT_TRUE(runtime.step(ProcessRole::producer(), SchedulerAction::start(), 0));
}

TEST(IntoTrace, Notes_run_profile_and_seed_on_the_last_event_only) {
  DstRuntime runtime = started();
  runtime.complete();
  const TraceArtifact before = runtime.trace();
  const TraceArtifact trace = std::move(runtime).into_trace();
  ASSERT_EQ(trace.events.size(), 2u);
  EXPECT_EQ(trace.events[0], before.events[0]);
  EXPECT_EQ(trace.events[1].metadata,
            (TraceMetadata{{"profile_id", "unit"}, {"run_id", "run"}, {"seed", "5888"}}));
  EXPECT_EQ(trace.run_id, "run");
  EXPECT_EQ(trace.profile_id, "unit");
  EXPECT_EQ(trace.seed, 5888u);
}

TEST(IntoTrace, Of_a_run_that_never_started_is_empty) {
  DstRuntime runtime("run", "unit", 3, 10);
  EXPECT_EQ(std::move(runtime).into_trace(), (TraceArtifact{"run", "unit", 3, {}}));
}

TEST(DstRuntime, Accepted_commands_and_traced_events_are_one_to_one) {
  DstRuntime runtime = started();
  EXPECT_FALSE(runtime.resume());
  ASSERT_TRUE(runtime.pause());
  EXPECT_FALSE(runtime.step(ProcessRole::producer(), SchedulerAction::start(), 1));
  runtime.complete();
  ASSERT_EQ(runtime.timeline().size(), runtime.trace().events.size());
  for (std::size_t i = 0; i < runtime.timeline().size(); ++i) {
    EXPECT_EQ(runtime.timeline()[i].index, i);
    EXPECT_EQ(runtime.trace().events[i].step, i);
    EXPECT_EQ(runtime.timeline()[i].role, runtime.trace().events[i].role);
  }
}

TraceArtifact run_schedule(std::uint64_t seed) {
  DstRuntime runtime("scheduled", "startup", seed, 1'000'000'000);
  EXPECT_TRUE(runtime.start());
  for (const auto& step : StartupSchedule::from_seed("plan", seed, 3, 12).steps) {
    EXPECT_TRUE(runtime.step(step.role, step.action, step.attempt));
  }
  runtime.complete();
  return std::move(runtime).into_trace();
}

TEST(DstRuntime, The_same_schedule_gives_the_same_trace) {
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    const auto first = run_schedule(seed);
    EXPECT_GE(first.events.size(), 14u);
    EXPECT_EQ(first, run_schedule(seed));
    EXPECT_EQ(first.to_json(), run_schedule(seed).to_json());
  }
}

TEST(DstRuntime, Schedules_of_different_seeds_give_different_traces) {
  EXPECT_FALSE(replay_trace(run_schedule(7), run_schedule(0x2001)));
}

}  // namespace
}  // namespace disruptor_mp::dst
