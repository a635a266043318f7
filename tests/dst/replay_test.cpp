// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/replay.hpp"

#include <gtest/gtest.h>

#include "dst/support/printers.hpp"

namespace disruptor_mp::dst {
namespace {

TraceArtifact three_events() {
  TraceArtifact trace{"run", "profile", 9, {}};
  trace.push(ProcessRole::producer(), SchedulerAction::attach(), TraceStatus::success(), "a");
  trace.push(ProcessRole::consumer(0), SchedulerAction::attach(), TraceStatus::success(), "b");
  trace.push(ProcessRole::producer(), SchedulerAction::publish_batch(4), TraceStatus::retry(), "c");
  return trace;
}

TEST(ReplayTrace, Equal_traces_replay) {
  EXPECT_TRUE(replay_trace(three_events(), three_events()));
  EXPECT_TRUE(replay_trace(TraceArtifact{}, TraceArtifact{}));
}

TEST(ReplayTrace, Compares_what_happened_and_not_who_ran_it) {
  TraceArtifact other = three_events();
  other.run_id = "other";
  other.profile_id = "other";
  other.seed = 10;
  EXPECT_TRUE(replay_trace(three_events(), other));
}

TEST(ReplayTrace, The_length_is_reported_first_even_if_events_differ_too) {
  TraceArtifact shorter = three_events();
  shorter.events.pop_back();
  shorter.events[0].resource = "changed";
  const auto outcome = replay_trace(three_events(), shorter);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(), "trace length differs: expected 3 events, actual 2 events");
}

TEST(ReplayTrace, The_first_differing_event_is_reported_with_both_sides) {
  TraceArtifact other = three_events();
  other.events[1].role = ProcessRole::consumer(5);
  other.events[2].resource = "changed too";
  const auto outcome = replay_trace(three_events(), other);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(),
            "event 1 differs: expected "
            R"({"step":1,"role":{"Consumer":{"index":0}},"action":"Attach","status":"Success",)"
            R"("attempt":0,"resource":"b","metadata":{}}, actual )"
            R"({"step":1,"role":{"Consumer":{"index":5}},"action":"Attach","status":"Success",)"
            R"("attempt":0,"resource":"b","metadata":{}})");
}

TEST(ReplayTrace, Every_field_of_an_event_counts) {
  const auto differs = [](auto change) {
    TraceArtifact other = three_events();
    change(other.events[2]);
    return !replay_trace(three_events(), other);
  };
  EXPECT_TRUE(differs([](TraceEvent& e) { e.step = 3; }));
  EXPECT_TRUE(differs([](TraceEvent& e) { e.role = ProcessRole::orchestrator(); }));
  EXPECT_TRUE(differs([](TraceEvent& e) { e.action = SchedulerAction::publish_batch(5); }));
  EXPECT_TRUE(differs([](TraceEvent& e) { e.action = SchedulerAction::consume_batch(4); }));
  EXPECT_TRUE(differs([](TraceEvent& e) { e.status = TraceStatus::failed(""); }));
  EXPECT_TRUE(differs([](TraceEvent& e) { e.attempt = 1; }));
  EXPECT_TRUE(differs([](TraceEvent& e) { e.resource += " "; }));
  EXPECT_TRUE(differs([](TraceEvent& e) { e.metadata["k"]; }));
}

TEST(ReplayValidator, Equal_traces_are_valid_whatever_their_profile_is_called) {
  TraceArtifact other = three_events();
  other.profile_id = "renamed";
  EXPECT_TRUE(ReplayValidator::validate(three_events(), other));
}

TEST(ReplayValidator, Another_run_id_or_seed_is_reported_before_anything_else) {
  TraceArtifact other_seed = three_events();
  other_seed.seed = 10;
  other_seed.events.clear();
  const auto outcome = ReplayValidator::validate(three_events(), other_seed);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(), ReplayMismatch(RunIdentityMismatch{{"run", 9}, {"run", 10}}));

  TraceArtifact other_run = three_events();
  other_run.run_id = "second";
  const auto by_name = ReplayValidator::validate(three_events(), other_run);
  ASSERT_FALSE(by_name);
  EXPECT_EQ(to_string(by_name.error()),
            "traces of different runs: expected 'run' seed 9, actual 'second' seed 9");
}

TEST(ReplayValidator, Another_number_of_events_is_reported_before_their_content) {
  TraceArtifact longer = three_events();
  longer.events[0].attempt = 1;
  longer.push(ProcessRole::producer(), SchedulerAction::shutdown(), TraceStatus::success(), "d");
  const auto outcome = ReplayValidator::validate(three_events(), longer);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(), ReplayMismatch(EventCountMismatch{3, 4}));
}

TEST(ReplayValidator, A_differing_event_is_reported_by_its_index_with_both_sides) {
  TraceArtifact expected = three_events();
  TraceArtifact actual = three_events();
  expected.events[1].step = 77;  // the index counts, not what the event calls itself
  const auto outcome = ReplayValidator::validate(expected, actual);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error(),
            ReplayMismatch(EventContentMismatch{1, expected.events[1], actual.events[1]}));
}

}  // namespace
}  // namespace disruptor_mp::dst
