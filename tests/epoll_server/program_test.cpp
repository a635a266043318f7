// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The whole program: rings and sockets in one loop, feeds that are killed.
#include <gtest/gtest.h>

#include <string>

#include "support/program.hpp"

namespace disruptor_mp::test {
namespace {

ProgramRun epoll_server(const std::string& arguments) {
  return run_program("epoll_server", arguments);
}

void expect_pass(const ProgramRun& run, const std::string& what) {
  EXPECT_EQ(run.code, 0) << run.output;
  EXPECT_NE(run.output.find("PASS " + what), std::string::npos) << run.output;
}

TEST(Epoll_server, Serves_every_quote_of_every_feed_to_every_client) {
  expect_pass(epoll_server(""), "120000 quotes of 3 feeds to 2 clients in one thread, 0 killed");
  expect_pass(epoll_server("--feeds 1 --clients 1 --quotes 1"),
              "1 quotes of 1 feeds to 1 clients in one thread, 0 killed");
  expect_pass(epoll_server("--feeds 20 --clients 3 --quotes 500"),
              "30000 quotes of 20 feeds to 3 clients in one thread, 0 killed");
}

TEST(Epoll_server, Notices_in_its_loop_that_a_feed_was_killed_and_loses_nothing) {
  expect_pass(epoll_server("--kill 2"),
              "120000 quotes of 3 feeds to 2 clients in one thread, 1 killed and restarted");
}

TEST(Epoll_server, Refuses_to_kill_a_feed_that_is_not_there) {
  const ProgramRun run = epoll_server("--kill 3");
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.output.find("a feed from 0 to 2"), std::string::npos) << run.output;
}

}  // namespace
}  // namespace disruptor_mp::test
