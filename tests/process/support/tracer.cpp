// SPDX-License-Identifier: MIT OR Apache-2.0
#include "support/tracer.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>

namespace disruptor_mp::process_test {
namespace {

/// How PTRACE_O_TRACESYSGOOD marks the stops of system calls.
constexpr int call_stop = SIGTRAP | 0x80;

void check(long result, const char* request) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), request);
}

/// Waits for the next stop. The child is runnable all the time, or sleeps in a call that returns;
/// if not, the test's watchdog ends both.
int wait_for_stop(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, __WALL) < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
  }
  if (!WIFSTOPPED(status)) {
    throw std::runtime_error("the traced process ended (status " + std::to_string(status) +
                             ") before its mark");
  }
  return WSTOPSIG(status);
}

}  // namespace

Tracer::Tracer(Peer& peer) : peer_(&peer) {
  if (const int signal = wait_for_stop(peer.pid()); signal != SIGTRAP)
    throw std::runtime_error("the traced process did not stop at its exec");
  check(ptrace(PTRACE_SETOPTIONS, peer.pid(), nullptr,
               static_cast<long>(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD)),
        "PTRACE_SETOPTIONS");
}

bool Tracer::is_permitted() {
  const pid_t child = fork();
  if (child == 0) _exit(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : 1);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Tracer::Stop Tracer::resume(int request) {
  long signal = 0;
  for (;;) {
    check(ptrace(static_cast<__ptrace_request>(request), peer_->pid(), nullptr, signal), "ptrace");
    const int stop = wait_for_stop(peer_->pid());
    if (stop == SIGUSR2) return Stop::mark;
    if (stop == call_stop) return Stop::call;
    if (stop == SIGTRAP && request == PTRACE_SINGLESTEP) return Stop::step;
    // An exec stop (a sanitizer may start the program a second time), or a signal of its own.
    signal = stop == SIGTRAP ? 0 : stop;
  }
}

void Tracer::run_to_mark() {
  resume(PTRACE_CONT);
  is_at_entry_ = false;
  steps_ = 0;
}

bool Tracer::next_call_stop() {
  if (resume(PTRACE_SYSCALL) == Stop::mark) return false;
  is_at_entry_ = !is_at_entry_;
  return true;
}

bool Tracer::step() {
  ++steps_;
  return resume(PTRACE_SINGLESTEP) != Stop::mark;
}

std::uint64_t Tracer::call_number() const {
  __ptrace_syscall_info info{};
  check(ptrace(PTRACE_GET_SYSCALL_INFO, peer_->pid(), sizeof info, &info),
        "PTRACE_GET_SYSCALL_INFO");
  return info.op == PTRACE_SYSCALL_INFO_ENTRY ? info.entry.nr : 0;
}

std::string Tracer::place() const {
  if (steps_ != 0) return "after instruction " + std::to_string(steps_);
  __ptrace_syscall_info info{};
  check(ptrace(PTRACE_GET_SYSCALL_INFO, peer_->pid(), sizeof info, &info),
        "PTRACE_GET_SYSCALL_INFO");
  switch (info.op) {
    case PTRACE_SYSCALL_INFO_ENTRY:
      return "entry of system call " + std::to_string(info.entry.nr);
    case PTRACE_SYSCALL_INFO_EXIT:
      return "exit of a system call that returned " + std::to_string(info.exit.rval);
    default:
      return "no system call";
  }
}

void Tracer::kill() { peer_->kill(); }

void Tracer::stop_and_detach() {
  check(ptrace(PTRACE_DETACH, peer_->pid(), nullptr, static_cast<long>(SIGSTOP)), "PTRACE_DETACH");
  peer_->wait_stopped();
}

void Tracer::detach() { check(ptrace(PTRACE_DETACH, peer_->pid(), nullptr, 0L), "PTRACE_DETACH"); }

}  // namespace disruptor_mp::process_test
