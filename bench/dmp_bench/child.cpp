// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/child.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <system_error>

namespace disruptor_mp::bench {
namespace {

void pin_to(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(core), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0)
    throw std::system_error(errno, std::generic_category(),
                            fmt::format("cannot pin to core {}", core));
}

[[noreturn]] void be_child(const HeldSignals& signals, pid_t parent, int core,
                           const std::string& name, const std::function<void()>& part) {
  int code = 1;
  try {
    signals.release();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);  // it died before the line above
    pin_to(core);
    part();
    code = 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "dmp-bench: {}: {}\n", name, error.what());
    std::fflush(stderr);
  }
  _exit(code);  // without the parent's buffers and destructors
}

}  // namespace

HeldSignals::HeldSignals() {
  sigemptyset(&held_);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) sigaddset(&held_, signal);
  sigprocmask(SIG_BLOCK, &held_, &before_);
}

void HeldSignals::wait(std::chrono::nanoseconds timeout) const {
  const timespec limit{.tv_sec = timeout.count() / 1'000'000'000,
                       .tv_nsec = timeout.count() % 1'000'000'000};
  int signal = 0;
  do {
    signal = sigtimedwait(&held_, nullptr, &limit);
  } while (signal < 0 && errno == EINTR);
  if (signal == SIGINT || signal == SIGTERM) throw Interrupted("interrupted");
}

Child::Child(const HeldSignals& signals, int core, std::string name,
             const std::function<void()>& part)
    : name_(std::move(name)) {
  const pid_t parent = getpid();
  std::fflush(stdout);  // a sanitizer's child prints what it inherited, whatever way it ends
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "cannot fork");
  if (pid_ == 0) be_child(signals, parent, core, name_, part);
}

Child::~Child() { kill(); }

bool Child::has_ended() {
  if (pid_ == 0) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  pid_ = 0;
  if (WIFSIGNALED(status))
    throw std::runtime_error(fmt::format("{} died of signal {}", name_, WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0)
    throw std::runtime_error(fmt::format("{} failed (see above)", name_));
  return true;
}

void Child::kill() noexcept {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

}  // namespace disruptor_mp::bench
