// SPDX-License-Identifier: MIT OR Apache-2.0
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <stdexcept>

#include "fabric.hpp"

namespace disruptor_mp::inference_fabric {
namespace {

/// A child that does one thing and dies with us. Forked before any ring is attached here.
pid_t start(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process to be had");
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  int code = 0;
  try {
    body();
  } catch (const std::exception& error) {
    fmt::print(stderr, "inference_fabric: {}\n", error.what());
    code = 1;
  }
  std::fflush(nullptr);
  _exit(code);
}

void remove_rings(const Plan& plan) {
  std::vector<std::string> names{plan.request_ring()};
  for (std::uint64_t rank = 0; rank < plan.workers; ++rank)
    names.push_back(plan.response_ring(rank));
  for (const std::string& name : names) {
    try {
      clean_ring(os::ObjectName::parse(name), {.force = true});
    } catch (const Error& error) {
      if (error.code() != Errc::not_found) fmt::print(stderr, "{}\n", error.what());
    }
  }
}

class Supervisor {
 public:
  explicit Supervisor(const Plan& plan) : plan_(plan) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, kills_) != 0) throw std::runtime_error("no socket");
  }
  ~Supervisor() {
    for (const auto& [pid, rank] : workers_) end(pid);
    if (driver_ > 0) end(driver_);
    close(kills_[0]);
    close(kills_[1]);
    remove_rings(plan_);
  }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  int run() {
    driver_ = start([this] { fmt::print("{}\n", run_driver(plan_, kills_[1])); });
    for (std::uint64_t rank = 0; rank < plan_.workers; ++rank) start_worker(rank);
    while (driver_ > 0 || !workers_.empty()) {
      pollfd news{.fd = kills_[0], .events = POLLIN, .revents = 0};
      if (poll(&news, 1, 5) > 0) kill_one();
      if (!reap() || has_failed_) return 1;
    }
    if (restarts_ != plan_.kills.size()) {
      fmt::print(stderr, "inference_fabric: {} of {} kills met a worker\n", restarts_,
                 plan_.kills.size());
      return 1;
    }
    fmt::print("{} killed and restarted\n", restarts_);
    return 0;
  }

 private:
  static void end(pid_t pid) {
    ::kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }

  void start_worker(std::uint64_t rank) {
    workers_[start([this, rank] { run_worker(plan_, rank); })] = rank;
  }

  void kill_one() {
    unsigned char asked = 0;
    if (read(kills_[0], &asked, 1) != 1) return;
    const auto worker = std::find_if(workers_.begin(), workers_.end(),
                                     [&](const auto& entry) { return entry.second == asked; });
    if (worker != workers_.end()) {
      // Reaped at once: who is killed next may be its successor.
      const pid_t pid = worker->first;
      int status = 0;
      ::kill(pid, SIGKILL);
      if (waitpid(pid, &status, 0) == pid && !settle(pid, status)) has_failed_ = true;
    }
    // If it fails the driver is gone, and that is seen when it is reaped.
    static_cast<void>(send(kills_[0], &asked, 1, MSG_NOSIGNAL));
  }

  /// @return false if something has failed.
  bool reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (!settle(pid, status)) return false;
    }
    return true;
  }
  /// What follows from an end. @return false if something has failed.
  bool settle(pid_t pid, int status) {
    const bool is_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (pid == driver_) {
      driver_ = 0;
      return is_well;
    }
    const std::uint64_t rank = workers_.at(pid);
    workers_.erase(pid);
    if (is_well) return true;
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) return false;
    ++restarts_;
    start_worker(rank);
    fmt::print("{} (pid {}) was killed; restarted\n", Plan::worker_id(rank), pid);
    return true;
  }

  const Plan& plan_;
  int kills_[2] = {};
  pid_t driver_ = 0;
  std::map<pid_t, std::uint64_t> workers_;
  std::uint64_t restarts_ = 0;
  bool has_failed_ = false;
};

}  // namespace

int supervise(const Plan& plan) { return Supervisor(plan).run(); }

}  // namespace disruptor_mp::inference_fabric
