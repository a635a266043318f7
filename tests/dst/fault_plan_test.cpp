// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/fault_plan.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "dst/support/printers.hpp"

namespace disruptor_mp::dst {
namespace {

// The plan computed a second time from its description, as text: faults are put in place by step as
// they are drawn, instead of being sorted afterwards.
std::vector<std::string> recompute(std::uint64_t seed, std::uint64_t consumers,
                                   std::uint64_t max_steps) {
  std::uint64_t x = seed ^ 0xA5A55A5A77AA11EEULL;
  if (x == 0) x = 0x9E3779B185EBCA87ULL;
  const auto draw = [&x](std::uint64_t bound) -> std::uint64_t {
    if (bound == 0) return 0;
    x ^= x << 7;
    x ^= x >> 9;
    x ^= x << 8;
    return x % bound;
  };
  std::multimap<std::uint64_t, std::string> by_step;  // equal keys stay in insertion order
  for (auto left = draw(3); left > 0; --left) {
    const auto step = draw(max_steps & 0xFFFFFFFF);
    std::string line = "Producer";
    if (consumers != 0 && draw(2) == 1) {
      line = "Consumer(" + std::to_string(draw(consumers)) + ")";
    }
    const auto kind = draw(4);
    if (kind == 0) line += " DelayAttachMs(" + std::to_string((draw(4) + 1) * 25) + ")";
    if (kind == 1) line += " KillProcess";
    if (kind == 2) line += " RestartProcess";
    if (kind == 3) line += " Noop";
    by_step.emplace(step, std::to_string(step) + " " + line);
  }
  std::vector<std::string> lines;
  for (const auto& [step, line] : by_step) lines.push_back(line);
  return lines;
}

std::vector<std::string> lines_of(const std::vector<FailureStep>& faults) {
  std::vector<std::string> lines;
  for (const auto& fault : faults) {
    lines.push_back(std::to_string(fault.step) + " " + to_string(fault.role) + " " +
                    to_string(fault.kind));
  }
  return lines;
}

TEST(FaultPlan, Equals_an_independent_computation_for_many_seeds) {
  const std::uint64_t caps[] = {0, 1, 5, 64, UINT32_MAX, 1ULL << 32, (1ULL << 32) + 5, UINT64_MAX};
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const std::uint64_t seed = i < 2000 ? i : i * 0x9E3779B97F4A7C15ULL;
    const auto consumers = static_cast<std::uint32_t>(i % 5);
    const auto cap = caps[i / 5 % std::size(caps)];
    const auto plan = DeterministicFaultInjector::from_seed(seed, consumers, cap);
    ASSERT_EQ(lines_of(plan.inject_at), recompute(seed, consumers, cap)) << "seed " << seed;
    ASSERT_EQ(plan.seed, seed);
    ASSERT_EQ(plan.max_steps, cap);
  }
}

TEST(FaultPlan, The_one_seed_that_cancels_the_salt_is_not_special) {
  constexpr std::uint64_t salt = 0xA5A55A5A77AA11EEULL;
  EXPECT_EQ(lines_of(DeterministicFaultInjector::from_seed(salt, 2, 8).inject_at),
            recompute(salt, 2, 8));
}

TEST(FaultPlan, Has_at_most_two_faults_of_existing_roles_within_the_cap) {
  std::map<std::size_t, int> sizes;
  std::map<std::string_view, int> kinds;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const auto plan = DeterministicFaultInjector::from_seed(seed, 3, 10);
    ++sizes[plan.inject_at.size()];
    for (const auto& fault : plan.inject_at) {
      EXPECT_LT(fault.step, 10u);
      EXPECT_LT(fault.role.consumer_index().value_or(0), 3u);
      EXPECT_NE(fault.role, ProcessRole::orchestrator());
      ++kinds[to_string(fault.kind.kind())];
    }
  }
  EXPECT_EQ(sizes.size(), 3u) << "none, one and two faults all occur, and nothing else";
  EXPECT_EQ(kinds.size(), 4u);
  EXPECT_EQ(kinds.count("DropConsumerAttach"), 0u);
}

TEST(FaultPlan, Without_consumers_only_the_producer_is_hit) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    for (const auto& fault : DeterministicFaultInjector::from_seed(seed, 0, 10).inject_at) {
      EXPECT_EQ(fault.role, ProcessRole::producer());
    }
  }
}

TEST(FaultPlan, Gives_the_faults_of_a_step_in_order_and_nothing_for_other_steps) {
  DeterministicFaultInjector plan;
  plan.inject_at = {{2, ProcessRole::producer(), FailureKind::noop()},
                    {4, ProcessRole::consumer(1), FailureKind::kill_process()},
                    {4, ProcessRole::consumer(1), FailureKind::restart_process()}};
  EXPECT_EQ(plan.at_step(4), (std::vector<FailureStep>{plan.inject_at[1], plan.inject_at[2]}));
  EXPECT_EQ(plan.at_step(2).size(), 1u);
  EXPECT_TRUE(plan.at_step(3).empty());
}

}  // namespace
}  // namespace disruptor_mp::dst
