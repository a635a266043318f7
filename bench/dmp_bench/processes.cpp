// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/processes.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>

namespace disruptor_mp::bench {
namespace {

/// While it lives, these signals wait to be asked for.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) sigaddset(&held_, signal);
    sigprocmask(SIG_BLOCK, &held_, &before_);
  }
  ~HeldSignals() { release(); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  void release() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  /// @return the signal that came; 0 if none did in time.
  [[nodiscard]] int wait(std::chrono::milliseconds timeout) const {
    const timespec limit{.tv_sec = timeout.count() / 1000,
                         .tv_nsec = timeout.count() % 1000 * 1'000'000};
    for (;;) {
      const int signal = sigtimedwait(&held_, nullptr, &limit);
      if (signal > 0) return signal;
      if (errno != EINTR) return 0;
    }
  }

 private:
  sigset_t held_{};
  sigset_t before_{};
};

class Children {
 public:
  explicit Children(std::vector<pid_t>& pids) : pids_(pids) {}
  ~Children() {
    for (const pid_t pid : pids_) kill(pid, SIGKILL);
    for (const pid_t pid : pids_) waitpid(pid, nullptr, 0);
  }
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  /// Forgets those who have ended; throws if one ended badly.
  void reap() {
    for (auto pid = pids_.begin(); pid != pids_.end();) {
      int status = 0;
      if (waitpid(*pid, &status, WNOHANG) != *pid) {
        ++pid;
        continue;
      }
      pid = pids_.erase(pid);
      if (WIFSIGNALED(status))
        throw std::runtime_error(fmt::format("a process died of signal {}", WTERMSIG(status)));
      if (WEXITSTATUS(status) != 0) throw std::runtime_error("a process failed (see above)");
    }
  }

 private:
  std::vector<pid_t>& pids_;
};

void pin_to(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(core), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0)
    throw std::system_error(errno, std::generic_category(),
                            fmt::format("cannot pin to core {}", core));
}

[[noreturn]] void be_child(unsigned index, int core, const HeldSignals& signals, pid_t parent,
                           const std::function<void(unsigned)>& part) {
  int code = 1;
  try {
    signals.release();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);  // it died before the line above
    pin_to(core);
    part(index);
    code = 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "dmp-bench: process {}: {}\n", index, error.what());
    std::fflush(stderr);
  }
  _exit(code);  // without the parent's buffers and destructors
}

}  // namespace

std::vector<int> usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (CPU_ISSET(static_cast<std::size_t>(core), &set)) cores.push_back(core);
    }
  }
  if (cores.empty()) throw std::runtime_error("cannot find out which cores may be used");
  return cores;
}

void run_processes(unsigned count, std::chrono::milliseconds timeout,
                   const std::function<void(unsigned)>& part) {
  const std::vector<int> cores = usable_cores();
  const HeldSignals signals;
  const pid_t parent = getpid();
  std::vector<pid_t> pids;
  Children children(pids);
  for (unsigned i = 0; i < count; ++i) {
    const pid_t pid = fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), "cannot fork");
    if (pid == 0) be_child(i, cores[i % cores.size()], signals, parent, part);
    pids.push_back(pid);
  }
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (children.reap(); !pids.empty(); children.reap()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) throw std::runtime_error("the processes did not finish in time");
    const int signal = signals.wait(left);
    if (signal == SIGINT || signal == SIGTERM) throw Interrupted("interrupted");
  }
}

}  // namespace disruptor_mp::bench
