// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/schedule.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "disruptor_mp/dst/xorshift.hpp"
#include "dst/support/printers.hpp"

namespace disruptor_mp::dst {
namespace {

// The schedule computed a second time from its description, as text, with the draws made up front
// and the generator spelled out bit by bit.
std::vector<std::string> recompute(std::uint64_t seed, std::uint32_t consumers,
                                   std::uint64_t max_steps) {
  std::uint64_t x = seed != 0 ? seed : 0x9E3779B185EBCA87ULL;
  std::vector<std::uint64_t> draws;
  for (std::uint32_t i = 0; i <= consumers; ++i) {
    x = x ^ (x << 7);
    x = x ^ (x >> 9);
    x = x ^ (x << 8);
    draws.push_back(x);
  }
  const bool is_producer_first = (draws[0] & 1) == 0;
  std::vector<std::string> lines;
  if (is_producer_first) lines.emplace_back("Producer Spawn");
  for (std::uint32_t i = 0; i < consumers; ++i) {
    lines.push_back("Consumer(" + std::to_string(i) + ") Spawn");
    const char* pauses[] = {"", "25", "50", "75"};
    const std::string pause = pauses[draws[i + 1] & 3];
    if (!pause.empty()) lines.push_back("Orchestrator SleepMs(" + pause + ")");
  }
  if (!is_producer_first) lines.emplace_back("Producer Spawn");
  while (lines.size() < max_steps) lines.emplace_back("Orchestrator SleepMs(10)");
  const std::string profile = is_producer_first ? "producer_first" : "consumer_first";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i] = std::to_string(i) + " " + lines[i] + " attempt 0 plan " + profile;
  }
  return lines;
}

std::vector<std::string> lines_of(const StartupSchedule& schedule) {
  std::vector<std::string> lines;
  for (const auto& step : schedule.steps) {
    lines.push_back(std::to_string(step.step) + " " + to_string(step.role) + " " +
                    to_string(step.action) + " attempt " + std::to_string(step.attempt) + " " +
                    step.plan_id + " " + step.profile);
  }
  return lines;
}

TEST(StartupSchedule, Equals_an_independent_computation_for_many_seeds) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const std::uint64_t seed = i < 1000 ? i : i * 0x9E3779B97F4A7C15ULL;
    const auto consumers = static_cast<std::uint32_t>(i % 5);
    const auto schedule = StartupSchedule::from_seed("plan", seed, consumers, i % 13);
    ASSERT_EQ(lines_of(schedule), recompute(seed, consumers, i % 13)) << "seed " << seed;
    ASSERT_EQ(schedule.seed, seed);
    ASSERT_EQ(schedule.step_cap, i % 13);
  }
}

TEST(StartupSchedule, The_same_seed_gives_the_same_schedule_and_others_give_others) {
  EXPECT_EQ(StartupSchedule::from_seed("p", 11, 3, 10), StartupSchedule::from_seed("p", 11, 3, 10));
  std::set<std::vector<std::string>> distinct;
  for (std::uint64_t seed = 0; seed < 256; ++seed) {
    distinct.insert(lines_of(StartupSchedule::from_seed("p", seed, 3, 10)));
  }
  EXPECT_GT(distinct.size(), 50u) << "of the 2 x 4 x 4 x 4 possible ones";
}

TEST(StartupSchedule, The_producer_is_spawned_once_first_or_after_all_consumers) {
  bool saw_first = false;
  bool saw_last = false;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    const auto schedule = StartupSchedule::from_seed("p", seed, 2, 0);
    const auto& steps = schedule.steps;
    const bool is_first = steps.front().role == ProcessRole::producer();
    const bool is_last = steps.back().role == ProcessRole::producer();
    EXPECT_NE(is_first, is_last);
    EXPECT_EQ(steps.front().profile, is_first ? "producer_first" : "consumer_first");
    saw_first |= is_first;
    saw_last |= is_last;
  }
  EXPECT_TRUE(saw_first);
  EXPECT_TRUE(saw_last);
}

TEST(StartupSchedule, Is_filled_up_to_its_cap_but_never_cut) {
  EXPECT_EQ(StartupSchedule::from_seed("p", 3, 1, 40).steps.size(), 40u);
  EXPECT_EQ(StartupSchedule::from_seed("p", 3, 1, 40).steps.back().action,
            SchedulerAction::sleep_ms(10));
  EXPECT_GE(StartupSchedule::from_seed("p", 3, 8, 2).steps.size(), 9u);
}

TEST(StartupSchedule, Is_deterministic_unless_it_is_empty) {
  EXPECT_TRUE(StartupSchedule::from_seed("p", 0, 0, 0).is_deterministic());
  EXPECT_FALSE(StartupSchedule{}.is_deterministic());
}

TEST(XorShift64, Replaces_the_seed_zero_which_it_could_not_leave) {
  XorShift64 zero(0);
  XorShift64 replacement(0x9E3779B185EBCA87ULL);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(zero.next(), replacement.next());
}

TEST(XorShift64, A_number_below_zero_is_zero_and_costs_no_draw) {
  XorShift64 generator(5);
  XorShift64 untouched(5);
  EXPECT_EQ(generator.below(0), 0u);
  EXPECT_EQ(generator.next(), untouched.next());
}

}  // namespace
}  // namespace disruptor_mp::dst
