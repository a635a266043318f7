// SPDX-License-Identifier: MIT OR Apache-2.0
#include "crew.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>
#include <thread>
#include <utility>

#include "evidence/proof_event.hpp"
#include "roles.hpp"
#include "session.hpp"

namespace disruptor_mp::kill {

using namespace std::chrono_literals;

Crew::Crew(const Profile& profile, Board& board, std::string ring, std::filesystem::path logs,
           std::uint64_t seed, std::chrono::milliseconds patience)
    : profile_(profile),
      board_(board),
      ring_(std::move(ring)),
      logs_(std::move(logs)),
      seed_(seed),
      patience_(patience),
      pids_(profile.parts.size(), -1),
      current_lives_(profile.parts.size(), 0) {
  for (std::size_t i = 0; i < size(); ++i) start(i);
}

Crew::~Crew() {
  for (const pid_t pid : pids_) {
    if (pid <= 0) continue;
    ::kill(pid, SIGKILL);
    // A traced one also reports that it has stopped.
    int status = 0;
    while (waitpid(pid, &status, __WALL) == pid ? WIFSTOPPED(status) : errno == EINTR) {
    }
  }
}

void Crew::start(std::size_t index, Phase wish) {
  const std::uint64_t number = ++lives_;
  current_lives_[index] = number;
  Seat& own = seat(index);
  own.wish.store(wish, std::memory_order_relaxed);
  own.phase.store(Phase::none, std::memory_order_relaxed);
  own.failure.front() = '\0';
  const auto part_of_it = [this, index, number, &own] {
    const Life life{
        .number = number, .seed = evidence::mix(seed_ + number), .ring = ring_, .logs = logs_};
    play(profile_, part(index), life, board_, own);
  };
  const auto fail = [&own](const char* what) {
    std::snprintf(own.failure.data(), own.failure.size(), "%s", what);
  };
  pids_[index] = start_process(part_of_it, fail);
}

Clock::time_point Crew::kill(std::size_t index) {
  if (pids_[index] <= 0) return Clock::now();
  ::kill(pids_[index], SIGKILL);
  for (;;) {
    const auto status = await_change(pids_[index], Clock::now() + patience_);
    if (!status) hang(part(index).id + " to die of SIGKILL");
    if (WIFSTOPPED(*status)) continue;
    const auto now = Clock::now();
    pids_[index] = -1;
    if (!WIFSIGNALED(*status) || WTERMSIG(*status) != SIGKILL) fail(index, *status);
    return now;
  }
}

void Crew::stop(std::size_t index) {
  ::kill(pids_[index], SIGSTOP);
  const auto status = await_change(pids_[index], Clock::now() + patience_);
  if (!status) hang(part(index).id + " to stop");
  if (!WIFSTOPPED(*status)) fail(index, *status);
}

void Crew::go_on(std::size_t index) { ::kill(pids_[index], SIGCONT); }

bool Crew::await_wish(std::size_t index) {
  const auto status = await_change(pids_[index], Clock::now() + std::min(patience_, 2000ms));
  if (!status) return false;
  if (!WIFSTOPPED(*status)) fail(index, *status);
  return true;
}

bool Crew::is_attached(std::size_t index) {
  return seat(index).attached_life.load(std::memory_order_acquire) == current_lives_[index];
}

void Crew::fail(std::size_t index, int status) {
  pids_[index] = -1;
  const std::string end = WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                                              : fmt::format("exit code {}", WEXITSTATUS(status));
  throw Violation(exit_safety, fmt::format("{}, life {}: ended by itself, {}, {}", part(index).id,
                                           current_lives_[index], end, seat(index).failure.data()));
}

void Crew::hang(const std::string& expected) {
  std::string text =
      fmt::format("no progress within {} ms: expected {}; found", patience_.count(), expected);
  for (std::size_t i = 0; i < size(); ++i) {
    text += fmt::format(" {} {} in {} at {}", part(i).id,
                        pids_[i] <= 0    ? "gone"
                        : is_attached(i) ? "attached"
                                         : "joining",
                        to_string(seat(i).phase.load()), seat(i).next.load());
    text += i + 1 < size() ? "," : "";
  }
  throw Violation(exit_progress, text);
}

void Crew::require_alive() {
  for (std::size_t i = 0; i < size(); ++i) {
    int status = 0;
    if (pids_[i] > 0 && waitpid(pids_[i], &status, WNOHANG) == pids_[i]) fail(i, status);
  }
}

template <class Done>
void Crew::await(const std::string& expected, Done&& done) {
  const auto deadline = Clock::now() + patience_;
  while (!done()) {
    require_alive();
    if (Clock::now() > deadline) hang(expected);
    std::this_thread::sleep_for(20us);
  }
}

void Crew::await_attached() {
  await("all to be attached", [this] {
    for (std::size_t i = 0; i < size(); ++i) {
      if (!is_attached(i)) return false;
    }
    return true;
  });
}

void Crew::set_goal() {
  std::uint64_t goal = 0;
  for (std::size_t i = 0; i < size(); ++i)
    goal = std::max(goal, seat(i).next.load(std::memory_order_relaxed));
  board_.goal.store(goal, std::memory_order_relaxed);
  board_.goal_number.fetch_add(1, std::memory_order_release);
}

Clock::time_point Crew::await_goal() {
  const std::uint64_t number = board_.goal_number.load(std::memory_order_relaxed);
  std::uint64_t last_ns = 0;
  await(fmt::format("all beyond {}", board_.goal.load()), [&] {
    last_ns = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      if (seat(i).reached.load(std::memory_order_acquire) != number) return false;
      last_ns = std::max(last_ns, seat(i).reached_ns.load(std::memory_order_relaxed));
    }
    return true;
  });
  return Clock::time_point(std::chrono::nanoseconds(last_ns));
}

void Crew::end() {
  await_attached();
  board_.is_ending.store(true, std::memory_order_release);
  for (std::size_t i = 0; i < size(); ++i) {
    const auto status = await_change(pids_[i], Clock::now() + patience_);
    if (!status) hang(part(i).id + " to leave at the end of the stream");
    if (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0) fail(i, *status);
    pids_[i] = -1;
  }
}

}  // namespace disruptor_mp::kill
