// SPDX-License-Identifier: MIT OR Apache-2.0
//
// epoll_server: starts feeds and clients, serves them in one thread, and checks what the clients
// got.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "epoll_server.hpp"

namespace disruptor_mp::epoll_server {
namespace {

template <class Body>
pid_t start(const std::string& what, Body body) {
  const pid_t process = fork();
  if (process < 0) throw std::runtime_error("no process for " + what);
  if (process != 0) return process;
  try {
    body();
  } catch (const std::exception& error) {
    fmt::print(stderr, "epoll_server: {}: {}\n", what, error.what());
    std::fflush(stderr);
    _exit(1);
  }
  _exit(0);
}

/// @return whether it ended well, or was killed as planned
bool ended_well(pid_t process, bool may_be_killed) {
  int status = 0;
  waitpid(process, &status, 0);
  return status == 0 || (may_be_killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int supervise(const Plan& plan) {
  const Listener listener;
  std::vector<pid_t> clients;
  std::vector<pid_t> feeds;
  const auto start_feed = [&](std::uint64_t feed, bool dies) {
    feeds.push_back(start("feed." + std::to_string(feed), [&] {
      run_feed(plan, feed, dies ? std::optional(plan.quotes / 2) : std::nullopt);
    }));
  };
  for (std::uint64_t i = 0; i != plan.clients; ++i) {
    clients.push_back(
        start("client." + std::to_string(i), [&] { run_client(plan, listener.port()); }));
  }
  for (std::uint64_t feed = 0; feed != plan.feeds; ++feed) start_feed(feed, plan.kill == feed);
  Report report;
  std::string problem;
  try {
    report = serve(plan, listener, [&](std::uint64_t feed) { start_feed(feed, false); });
  } catch (const std::exception& error) {
    problem = error.what();
    for (const pid_t process : clients) kill(process, SIGKILL);
    for (const pid_t process : feeds) kill(process, SIGKILL);
  }
  bool is_well = true;
  for (const pid_t process : feeds) is_well = ended_well(process, plan.kill.has_value()) && is_well;
  for (const pid_t process : clients) is_well = ended_well(process, false) && is_well;
  if (!problem.empty()) {
    for (std::uint64_t feed = 0; feed != plan.feeds; ++feed) {
      try {
        clean_ring(os::ObjectName::parse(plan.ring(feed)), {.force = true});
      } catch (const Error&) {
        continue;  // never made
      }
    }
    throw std::runtime_error(problem);
  }
  if (!is_well) return 1;  // whoever it was has said why
  fmt::print(
      "epoll_server: PASS {} quotes of {} feeds to {} clients in one thread, {} killed and "
      "restarted\n",
      report.sent, plan.feeds, plan.clients, report.revived);
  return 0;
}

int run(int count, char** arguments) {
  Plan plan;
  plan.name = "epoll-server-" + std::to_string(getpid());
  CLI::App app("Rings and sockets in one epoll loop", "epoll_server");
  app.add_option("--feeds", plan.feeds, "how many rings (3)")->check(CLI::Range(1UL, 100UL));
  app.add_option("--clients", plan.clients, "how many sockets (2)")->check(CLI::Range(1UL, 100UL));
  app.add_option("--quotes", plan.quotes, "how many of each feed (20000)")
      ->check(CLI::Range(1UL, 1'000'000'000UL));
  app.add_option("--kill", plan.kill, "kill -9 this feed when half of its quotes are published");
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (plan.kill && *plan.kill >= plan.feeds) {
    fmt::print(stderr, "epoll_server: --kill {}: expected a feed from 0 to {}\n", *plan.kill,
               plan.feeds - 1);
    return 2;
  }
  return supervise(plan);
}

}  // namespace
}  // namespace disruptor_mp::epoll_server

int main(int count, char** arguments) try {
  return disruptor_mp::epoll_server::run(count, arguments);
} catch (const std::exception& error) {
  fmt::print(stderr, "epoll_server: {}\n", error.what());
  return 1;
}
