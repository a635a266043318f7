// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/child.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

sigset_t held_signals() {
  sigset_t held;
  sigemptyset(&held);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) sigaddset(&held, signal);
  return held;
}

}  // namespace

Child::Child(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  std::string program = "/proc/self/exe";
  argv.push_back(program.data());
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);

  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) {
    throw Error({.object = "fork", .found = std::strerror(errno), .expected = "a child process"});
  }
  if (pid_ == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);  // the parent died before the line above
    execv(program.c_str(), argv.data());
    _exit(127);
  }
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    kill();
    pid_ = std::exchange(other.pid_, -1);
  }
  return *this;
}

Child::~Child() { kill(); }

Child::Change Child::poll() {
  if (pid_ <= 0) return Change::none;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG | WUNTRACED) != pid_) return Change::none;
  if (WIFSTOPPED(status)) return Change::stopped;
  pid_ = -1;
  if (WIFSIGNALED(status)) return Change::killed;
  return WEXITSTATUS(status) == 0 ? Change::exited : Change::failed;
}

void Child::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void hold_signals() {
  const sigset_t held = held_signals();
  sigprocmask(SIG_BLOCK, &held, nullptr);
}

bool wait_for_any_child(int milliseconds) {
  const sigset_t held = held_signals();
  const timespec timeout{.tv_sec = milliseconds / 1000,
                         .tv_nsec = milliseconds % 1000 * 1'000'000L};
  const int signal = sigtimedwait(&held, nullptr, &timeout);
  return signal != SIGINT && signal != SIGTERM;
}

bool is_asked_to_end() {
  sigset_t requests;
  sigemptyset(&requests);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&requests, signal);
  const timespec at_once{};
  return sigtimedwait(&requests, nullptr, &at_once) > 0;
}

}  // namespace disruptor_mp::market_feed
