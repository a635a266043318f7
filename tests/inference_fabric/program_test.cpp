// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The whole program: real workers, killed and restarted in the middle, and the exact result.
#include <gtest/gtest.h>

#include <string>

#include "support/program.hpp"

namespace disruptor_mp::test {
namespace {

ProgramRun fabric(const std::string& arguments) {
  return run_program("inference_fabric", arguments);
}

TEST(Inference_fabric, Answers_every_request_exactly) {
  const ProgramRun run = fabric("--workers 3 --requests 20000");
  EXPECT_EQ(run.code, 0) << run.output;
  EXPECT_NE(run.output.find("60000 answers as expected, 0 repeated"), std::string::npos)
      << run.output;
}

TEST(Inference_fabric, Goes_on_exactly_after_a_worker_was_killed) {
  const ProgramRun run = fabric("--workers 4 --requests 100000 --kill worker.2@50%");
  EXPECT_EQ(run.code, 0) << run.output;
  EXPECT_NE(run.output.find("400000 answers as expected"), std::string::npos) << run.output;
  EXPECT_NE(run.output.find("1 killed and restarted"), std::string::npos) << run.output;
}

TEST(Inference_fabric, Survives_several_kills_of_several_workers) {
  const ProgramRun run = fabric(
      "--workers 2 --requests 100000 --kill worker.0@10% --kill worker.1@10% --kill worker.0@60%");
  EXPECT_EQ(run.code, 0) << run.output;
  EXPECT_NE(run.output.find("3 killed and restarted"), std::string::npos) << run.output;
}

TEST(Inference_fabric, Survives_two_kills_of_one_worker_at_nearly_one_point) {
  const ProgramRun run = fabric("--workers 2 --kill worker.0@50% --kill worker.0@50%");
  EXPECT_EQ(run.code, 0) << run.output;
  EXPECT_NE(run.output.find("2 killed and restarted"), std::string::npos) << run.output;
}

TEST(Inference_fabric, Refuses_kills_that_cannot_be) {
  for (const char* const kill : {"worker.4@50%", "worker.1@100%", "driver@5%", "worker.1", "x"}) {
    const ProgramRun run = fabric(std::string("--kill ") + kill);
    EXPECT_EQ(run.code, 2) << kill;
    EXPECT_NE(run.output.find("expected worker.N@P%"), std::string::npos) << run.output;
  }
}

}  // namespace
}  // namespace disruptor_mp::test
