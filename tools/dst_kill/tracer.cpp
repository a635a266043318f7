// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tracer.hpp"

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <stdexcept>
#include <system_error>

namespace disruptor_mp::kill {
namespace {

using namespace std::chrono_literals;

/// Asleep in a call, or its word is not stored any more: then it is killed where it is.
constexpr auto step_patience = 20ms;
/// How PTRACE_O_TRACESYSGOOD marks the stops of system calls.
constexpr int call_stop = SIGTRAP | 0x80;

void check(long result, const char* request) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), request);
}

#if defined(__x86_64__)
void set_debug_register(pid_t pid, std::size_t index, std::uint64_t value) {
  check(ptrace(PTRACE_POKEUSER, pid, offsetof(user, u_debugreg) + index * sizeof value, value),
        "PTRACE_POKEUSER");
}
#endif

/// What a child can do that traces itself and stops.
template <class Try>
bool try_on_child(Try&& attempt) {
  const pid_t child = fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
    raise(SIGSTOP);
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
  }
  if (!WIFSTOPPED(status)) return false;
  bool succeeds = true;
  try {
    attempt(child);
  } catch (const std::system_error&) {
    succeeds = false;
  }
  ::kill(child, SIGKILL);
  while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
  }
  return succeeds;
}

}  // namespace

Tracer::Tracer(pid_t pid) : pid_(pid) {
  check(ptrace(PTRACE_SETOPTIONS, pid, nullptr,
               static_cast<long>(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD)),
        "PTRACE_SETOPTIONS");
}

bool Tracer::is_permitted() {
  return try_on_child([](pid_t) {});
}

bool Tracer::can_watch() {
#if defined(__x86_64__)
  static std::uint64_t word = 0;
  return try_on_child(
      [](pid_t child) { Tracer(child).watch(reinterpret_cast<std::uint64_t>(&word), 8); });
#else
  return false;
#endif
}

bool Tracer::resume(int request) {
  long signal = 0;
  for (;;) {
    check(ptrace(static_cast<__ptrace_request>(request), pid_, nullptr, signal), "ptrace");
    const auto status = await_change(pid_, Clock::now() + step_patience);
    is_stopped_ = status.has_value();
    if (!status) return false;
    if (!WIFSTOPPED(*status)) {
      has_ended_ = true;
      return false;
    }
    const int stop = WSTOPSIG(*status);
    if (stop == SIGTRAP || stop == call_stop) return true;
    signal = stop == SIGSTOP ? 0 : stop;
  }
}

bool Tracer::next_call() { return resume(PTRACE_SYSCALL); }
bool Tracer::step() { return resume(PTRACE_SINGLESTEP); }
bool Tracer::next_hit() { return resume(PTRACE_CONT); }

void Tracer::watch_nothing() {
#if defined(__x86_64__)
  if (!has_ended_ && is_stopped_) set_debug_register(pid_, 7, 0);
#endif
}

void Tracer::watch_instruction([[maybe_unused]] std::uint64_t address) {
#if defined(__x86_64__)
  constexpr std::uint64_t on = 1U;  // with nothing else: when it is about to be executed
  set_debug_register(pid_, 0, address);
  set_debug_register(pid_, 7, on);
#else
  throw std::runtime_error("watchpoints: only on x86-64");
#endif
}

void Tracer::watch([[maybe_unused]] std::uint64_t address, [[maybe_unused]] unsigned size) {
#if defined(__x86_64__)
  // DR7: bit 0 switches DR0 on; bits 16–17 say stores, bits 18–19 how many bytes.
  constexpr std::uint64_t on = 1U;
  constexpr std::uint64_t stores = 1U << 16U;
  const std::uint64_t length = (size == 8 ? std::uint64_t{2} : std::uint64_t{3}) << 18U;
  set_debug_register(pid_, 0, address);
  set_debug_register(pid_, 7, on | stores | length);
#else
  throw std::runtime_error("watchpoints: only on x86-64");
#endif
}

}  // namespace disruptor_mp::kill
