// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The whole program, in every way to wait.
#include <gtest/gtest.h>

#include <string>

#include "support/program.hpp"

namespace disruptor_mp::test {
namespace {

ProgramRun ping_pong(const std::string& arguments, const std::string& environment = "") {
  return run_program("ping_pong", arguments, environment);
}

void expect_pass(const ProgramRun& run, const std::string& trips) {
  EXPECT_EQ(run.code, 0) << run.output;
  EXPECT_NE(run.output.find("PASS " + trips + " round trips"), std::string::npos) << run.output;
}

TEST(Ping_pong, Brings_every_ball_back_however_it_waits) {
  expect_pass(ping_pong(""), "20000");
  for (const char* const wait : {"block", "sleep", "yield"})
    expect_pass(ping_pong("--trips 200 --wait " + std::string(wait)), "200");
}

TEST(Ping_pong, Waits_as_the_environment_says_and_complains_if_it_says_nonsense) {
  expect_pass(ping_pong("--trips 100", "DISRUPTOR_MP_WAIT=sleep:20us"), "100");
  const ProgramRun run = ping_pong("--trips 100", "DISRUPTOR_MP_WAIT=quick");
  EXPECT_EQ(run.code, 1);
  EXPECT_NE(run.output.find("ping_pong: DISRUPTOR_MP_WAIT: "), std::string::npos) << run.output;
  // What the program says itself wins.
  expect_pass(ping_pong("--trips 100 --wait block", "DISRUPTOR_MP_WAIT=quick"), "100");
}

TEST(Ping_pong, Names_the_cores_that_can_be_had_if_it_cannot_have_one) {
  const ProgramRun run = ping_pong("--trips 100 --cores 8000 0");
  EXPECT_EQ(run.code, 1);
  EXPECT_NE(run.output.find("allowed to this process: "), std::string::npos) << run.output;
}

TEST(Ping_pong, Refuses_what_it_does_not_know) {
  EXPECT_EQ(ping_pong("--wait quickly").code, 2);
  EXPECT_EQ(ping_pong("--cores 1").code, 2);
  EXPECT_EQ(ping_pong("--trips 0").code, 2);
}

}  // namespace
}  // namespace disruptor_mp::test
