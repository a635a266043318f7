// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/assertions.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "dst/support/printers.hpp"

namespace disruptor_mp::dst {
namespace {

std::vector<std::string> texts(const std::vector<AssertionViolation>& violations) {
  std::vector<std::string> all;
  for (const auto& violation : violations) all.push_back(to_string(violation));
  return all;
}

TEST(AssertionLog, Always_records_failures_only_and_each_of_them) {
  AssertionLog log;
  log.assert_always(true, "no gap", "unused");
  EXPECT_EQ(log, AssertionLog{});
  log.assert_always(false, "no gap", "first");
  log.assert_always(false, "no gap", "second");
  EXPECT_EQ(log.always_violations,
            (std::vector<AssertionViolation>{{AssertionKind::Always, "no gap", "first"},
                                             {AssertionKind::Always, "no gap", "second"}}));
}

TEST(AssertionLog, Sometimes_stays_true_once_it_was) {
  AssertionLog log;
  EXPECT_FALSE(log.sometimes_satisfied("ring wraps"));
  log.assert_sometimes(false, "ring wraps");
  EXPECT_FALSE(log.sometimes_satisfied("ring wraps"));
  log.assert_sometimes(true, "ring wraps");
  log.assert_sometimes(false, "ring wraps");
  EXPECT_TRUE(log.sometimes_satisfied("ring wraps"));
}

TEST(AssertionLog, Unreachable_is_violated_by_being_reached) {
  AssertionLog log;
  log.assert_unreachable("torn event", "sequence 9");
  EXPECT_EQ(texts(log.failures({})),
            std::vector<std::string>{"Unreachable 'torn event' violated: sequence 9"});
}

TEST(AssertionLog, A_log_without_violations_passes) {
  AssertionLog log;
  log.assert_always(true, "a", "");
  log.assert_sometimes(true, "b");
  log.assert_reachable("c");
  const AssertionPoint catalogue[] = {{AssertionKind::Always, "a"},
                                      {AssertionKind::Sometimes, "b"},
                                      {AssertionKind::Reachable, "c"},
                                      {AssertionKind::Unreachable, "d"}};
  EXPECT_TRUE(log.failures(catalogue).empty());
}

TEST(AssertionLog, A_sometimes_that_never_held_fails_even_without_a_catalogue) {
  AssertionLog log;
  log.assert_sometimes(false, "ring wraps");
  EXPECT_EQ(texts(log.failures({})),
            std::vector<std::string>{"Sometimes 'ring wraps' violated: looked at, but never true"});
}

TEST(AssertionLog, Points_of_the_catalogue_that_no_run_came_by_fail) {
  const AssertionPoint catalogue[] = {{AssertionKind::Always, "a"},
                                      {AssertionKind::Sometimes, "b"},
                                      {AssertionKind::Reachable, "c"},
                                      {AssertionKind::Unreachable, "d"}};
  EXPECT_EQ(texts(AssertionLog{}.failures(catalogue)),
            (std::vector<std::string>{"Sometimes 'b' violated: no run came by",
                                      "Reachable 'c' violated: no run came by"}));
}

TEST(AssertionLog, Merging_runs_keeps_every_violation_and_every_sighting) {
  AssertionLog one;
  one.assert_always(false, "a", "run 1");
  one.assert_sometimes(true, "s");
  one.assert_sometimes(false, "t");
  one.assert_reachable("r1");
  AssertionLog two;
  two.assert_always(false, "a", "run 2");
  two.assert_unreachable("u", "run 2");
  two.assert_sometimes(false, "s");
  two.assert_sometimes(false, "t");
  two.assert_reachable("r2");

  one.merge(two);
  EXPECT_EQ(one.always_violations.size(), 2u);
  EXPECT_EQ(one.unreachable_violations.size(), 1u);
  EXPECT_TRUE(one.sometimes_satisfied("s"));
  EXPECT_FALSE(one.sometimes_satisfied("t"));
  EXPECT_EQ(one.reachable.size(), 2u);

  const auto before = one;
  one.merge(one);
  EXPECT_EQ(one, before) << "a log merged into itself has seen nothing new";
}

// The global log is shared by the whole process: tests of it start and end with a reset.
class GlobalAssertions : public ::testing::Test {
 protected:
  void SetUp() override { reset_global_assertions(); }
  void TearDown() override { reset_global_assertions(); }
};

TEST_F(GlobalAssertions, Record_what_a_log_records) {
  assert_always(true, "a", "");
  assert_always(false, "a", "x");
  assert_sometimes(true, "s");
  assert_reachable("r");
  assert_unreachable("u", "y");
  AssertionLog expected;
  expected.assert_always(false, "a", "x");
  expected.assert_sometimes(true, "s");
  expected.assert_reachable("r");
  expected.assert_unreachable("u", "y");
  EXPECT_EQ(snapshot_global_assertions(), expected);
}

TEST_F(GlobalAssertions, Are_forgotten_by_a_reset_while_snapshots_stay) {
  assert_reachable("r");
  const auto snapshot = snapshot_global_assertions();
  reset_global_assertions();
  EXPECT_EQ(snapshot_global_assertions(), AssertionLog{});
  EXPECT_EQ(snapshot.reachable.size(), 1u);
}

TEST_F(GlobalAssertions, Lose_nothing_when_threads_write_at_once) {
  constexpr int writers = 4;
  constexpr int per_writer = 4096;
  std::latch start(writers);
  const auto write = [&](const std::string& name) {
    start.arrive_and_wait();
    for (int i = 0; i < per_writer; ++i) {
      assert_always(false, "shared", name);
      assert_reachable(name + std::to_string(i));
      assert_sometimes(i == per_writer - 1, name);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < writers; ++i) threads.emplace_back(write, "writer " + std::to_string(i));
  for (auto& thread : threads) thread.join();

  const auto log = snapshot_global_assertions();
  EXPECT_EQ(log.always_violations.size(), std::size_t{writers * per_writer});
  EXPECT_EQ(log.reachable.size(), std::size_t{writers * per_writer});
  for (int i = 0; i < writers; ++i) {
    EXPECT_TRUE(log.sometimes_satisfied("writer " + std::to_string(i)));
  }
}

}  // namespace
}  // namespace disruptor_mp::dst
