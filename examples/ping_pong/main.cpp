// SPDX-License-Identifier: MIT OR Apache-2.0
//
// ping_pong: two processes, one ring each way, one event on its way at a time; and how long a round
// trip takes, by wait strategy and by core.
//
//     ping ── <name>-there ──▶ pong
//          ◀── <name>-back ───
//
// How both wait is said by --wait, or by DISRUPTOR_MP_WAIT; where they run by --cores.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "disruptor_mp/disruptor_mp.hpp"
#include "disruptor_mp/metrics/histogram.hpp"

namespace dmp = disruptor_mp;
using namespace std::chrono_literals;

namespace {

/// How long they wait for each other before it is an error.
constexpr auto patience = 5s;

struct Ball {
  std::uint64_t number = 0;
};

struct Game {
  std::string name;
  std::uint64_t trips = 20'000;
  std::optional<dmp::WaitStrategy> wait = {};
  std::vector<unsigned> cores = {};  ///< of ping and of pong; empty: wherever

  [[nodiscard]] std::string there() const { return name + "-there"; }
  [[nodiscard]] std::string back() const { return name + "-back"; }
  [[nodiscard]] std::optional<unsigned> core(std::size_t player) const {
    return cores.empty() ? std::nullopt : std::optional(cores.at(player));
  }
};

/// Sends everything back until the other has closed. @return the exit code.
int play_pong(const Game& game) try {
  auto balls = dmp::Consumer<Ball>::attach(
      game.there(), {.id = "pong", .wait = game.wait, .core = game.core(1), .timeout = patience});
  auto back = dmp::Producer<Ball>::create(game.back(), {.capacity = 64, .wait = game.wait});
  for (const Ball& ball : balls) {
    if (const auto result = back.publish(ball); result != dmp::Publish::ok)
      throw back.explain(result);
  }
  if (balls.ended() != dmp::Poll::closed) throw balls.explain(balls.ended());
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "ping_pong: pong: {}\n", error.what());
  return 1;
}

/// @throws dmp::Error if the other is gone
dmp::Histogram play_ping(const Game& game) {
  auto there = dmp::Producer<Ball>::create(
      game.there(), {.capacity = 64, .wait = game.wait, .core = game.core(0)});
  there.wait_for_consumers({"pong"}, patience);
  auto balls = dmp::Consumer<Ball>::attach(game.back(),
                                           {.id = "ping", .wait = game.wait, .timeout = patience});
  dmp::Histogram times;
  for (std::uint64_t number = 0; number != game.trips; ++number) {
    const auto start = std::chrono::steady_clock::now();
    if (const auto result = there.publish({number}); result != dmp::Publish::ok)
      throw there.explain(result);
    std::uint64_t answer = ~number;
    const auto got = balls.wait_poll([&](const Ball& ball) { answer = ball.number; });
    if (got.outcome != dmp::Poll::events) throw balls.explain(got.outcome);
    if (answer != number || got.count != 1)
      throw std::runtime_error(fmt::format("sent {}, got {} back", number, answer));
    times.record(static_cast<std::uint64_t>(
        dmp::Duration(std::chrono::steady_clock::now() - start).count()));
  }
  return times;
}

int play(const Game& game) {
  const pid_t pong = fork();
  if (pong < 0) throw std::runtime_error("no process for pong");
  if (pong == 0) _exit(play_pong(game));
  std::string problem;
  dmp::Histogram times;
  try {
    times = play_ping(game);
  } catch (const std::exception& error) {
    problem = error.what();
    kill(pong, SIGKILL);
  }
  int status = 0;
  waitpid(pong, &status, 0);
  if (problem.empty() && status != 0) problem = "pong ended badly";
  if (!problem.empty()) {
    for (const std::string& ring : {game.there(), game.back()}) {
      try {
        dmp::clean_ring(dmp::os::ObjectName::parse(ring), {.force = true});
      } catch (const dmp::Error&) {
        continue;  // never made, or removed by the last who left
      }
    }
    throw std::runtime_error(problem);
  }
  fmt::print(
      "ping_pong: PASS {} round trips; half took {} ns or less, 99 % {} ns, the longest {} ns\n",
      times.count(), times.quantile(1, 2), times.quantile(99, 100), times.max());
  return 0;
}

int run(int count, char** arguments) {
  Game game{.name = "ping-pong-" + std::to_string(getpid())};
  const std::map<std::string, dmp::WaitStrategy> strategies{
      {"block", dmp::WaitStrategy::block()},
      {"sleep", dmp::WaitStrategy::sleep()},
      {"yield", dmp::WaitStrategy::spin_then_yield()},
      {"spin", dmp::WaitStrategy::spin_with_hint()},
      {"busy", dmp::WaitStrategy::busy_spin()}};
  std::string wait;
  CLI::App app("How long a round trip between two processes takes", "ping_pong");
  app.add_option("--trips", game.trips, "how many (20000)")
      ->check(CLI::Range(1UL, 1'000'000'000UL));
  app.add_option("--wait", wait, "block, sleep, yield, spin or busy; else as the environment says")
      ->check(CLI::IsMember(strategies));
  app.add_option("--cores", game.cores, "of ping and of pong, for example 0 1")->expected(2);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!wait.empty()) game.wait = strategies.at(wait);
  return play(game);
}

}  // namespace

int main(int count, char** arguments) try {
  return run(count, arguments);
} catch (const std::exception& error) {
  fmt::print(stderr, "ping_pong: {}\n", error.what());
  return 1;
}
