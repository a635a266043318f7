// SPDX-License-Identifier: MIT OR Apache-2.0
#include "support/peer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "support/deadline.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

[[noreturn]] void fail_call(const std::string& call) {
  throw std::system_error(errno, std::generic_category(), call);
}

/// Asks again and again, with short sleeps, until `done` or until the deadline.
template <class Done>
bool poll_until_done(Done&& done) {
  const TimePoint deadline = hang_deadline();
  for (auto pause = 20us; !done(); pause = std::min(pause * 2, 1000us)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

std::vector<std::string> arguments_of(const Scratch& scratch, const PeerSpec& spec) {
  std::vector<std::string> arguments = {
      DMP_BIN_DIR "/ring_peer",
      scratch.ring(),
      "--logs=" + scratch.logs().string(),
      "--id=" + spec.id,
      "--incarnation=" + std::to_string(spec.incarnation),
      std::string("--form=") + (spec.form == EventForm::small ? "small" : "large"),
      "--capacity=" + std::to_string(spec.capacity),
      "--max-batch=" + std::to_string(spec.max_batch),
      "--rows=" + std::to_string(spec.rows)};
  std::istringstream words(spec.options + " " + spec.script);
  for (std::string word; words >> word;) arguments.push_back(word);
  return arguments;
}

/// Between fork and exec: only async-signal-safe calls.
[[noreturn]] void become_peer(int in, int out, bool is_traced, pid_t parent, char** arguments,
                              char** environment) {
  // If the parent died before this call it is too late for the signal; then we have another parent.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(91);
  if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0) _exit(92);
  if (is_traced && ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(93);
  execve(arguments[0], arguments, environment);
  _exit(94);
}

/// A traced process: LeakSanitizer cannot work in it, and the dynamic linker resolves symbols at
/// the start and not in the midst of what is stepped through.
std::vector<std::string> environment_for(bool is_traced) {
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (is_traced && std::strncmp(*variable, "ASAN_OPTIONS=", 13) == 0) continue;
    environment.emplace_back(*variable);
  }
  if (is_traced) {
    environment.emplace_back("ASAN_OPTIONS=detect_leaks=0");
    environment.emplace_back("LD_BIND_NOW=1");
  }
  return environment;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::string to_string(const Ending& ending) {
  return ending.was_signalled ? std::string("killed by ") + strsignal(ending.code)
                              : "exit code " + std::to_string(ending.code);
}

Peer Peer::start(const Scratch& scratch, const PeerSpec& spec) {
  int to[2];
  int from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) fail_call("pipe2");
  std::vector<std::string> arguments = arguments_of(scratch, spec);
  std::vector<std::string> environment = environment_for(spec.is_traced);
  std::vector<char*> argv = pointers_to(arguments);
  std::vector<char*> envp = pointers_to(environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) fail_call("fork");
  if (pid == 0) become_peer(to[0], from[1], spec.is_traced, parent, argv.data(), envp.data());
  ::close(to[0]);
  ::close(from[1]);
  return {pid, to[1], from[0]};
}

Peer::Peer(Peer&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      to_(std::exchange(other.to_, -1)),
      from_(std::exchange(other.from_, -1)),
      buffer_(std::move(other.buffer_)) {}

Peer& Peer::operator=(Peer&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(to_, other.to_);
  std::swap(from_, other.from_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

Peer::~Peer() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
    }
  }
  close_pipes();
}

void Peer::close_pipes() noexcept {
  if (to_ >= 0) ::close(to_);
  if (from_ >= 0) ::close(from_);
  to_ = from_ = -1;
}

std::string Peer::next_line() {
  const TimePoint deadline = hang_deadline();
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd ready{.fd = from_, .events = POLLIN, .revents = 0};
    const int answers = left.count() > 0 ? poll(&ready, 1, static_cast<int>(left.count())) : 0;
    if (answers < 0 && errno == EINTR) continue;
    if (answers <= 0) {
      throw std::runtime_error("process " + std::to_string(pid_) + " hangs (state " +
                               process_state(pid_) + "): no report within the deadline");
    }
    char bytes[4096];
    const ssize_t count = read(from_, bytes, sizeof bytes);
    if (count < 0) fail_call("read");
    if (count == 0) return {};
    buffer_.append(bytes, static_cast<std::size_t>(count));
  }
}

namespace {

std::string after(std::string_view prefix, const std::string& line) {
  const auto rest = line.find_first_not_of(' ', prefix.size());
  return rest == std::string::npos ? std::string() : line.substr(rest);
}

}  // namespace

void Peer::fail_report(const std::string& line, std::string_view expected) {
  const std::string process = "process " + std::to_string(pid_);
  const std::string found = line.empty() ? "its end (" + to_string(wait()) + ")" : "'" + line + "'";
  throw std::runtime_error(process + " reported " + found + " where '" + std::string(expected) +
                           "' was expected");
}

std::string Peer::expect(std::string_view prefix) {
  const std::string line = next_line();
  if (!line.starts_with(prefix)) fail_report(line, prefix);
  return after(prefix, line);
}

std::string Peer::skip_to(std::string_view prefix) {
  for (;;) {
    const std::string line = next_line();
    if (line.starts_with(prefix)) return after(prefix, line);
    if (line.empty() || line.starts_with("error") || line.starts_with("refused"))
      fail_report(line, prefix);
  }
}

void Peer::tell() {
  if (write(to_, "\n", 1) != 1) fail_call("write to process");
}

void Peer::hang_up() {
  if (to_ >= 0) ::close(to_);
  to_ = -1;
}

void Peer::kill() {
  ::kill(pid_, SIGKILL);
  wait();
}

void Peer::stop() {
  if (::kill(pid_, SIGSTOP) != 0) fail_call("kill(SIGSTOP)");
  wait_stopped();
}

void Peer::wait_stopped() {
  int status = 0;
  pid_t changed = 0;
  if (!poll_until_done(
          [&] { return (changed = waitpid(pid_, &status, WUNTRACED | WNOHANG)) != 0; }))
    throw std::runtime_error("process " + std::to_string(pid_) + " does not stop");
  if (changed == pid_ && WIFSTOPPED(status)) return;
  pid_ = -1;
  throw std::runtime_error("a process ended where it should have stopped, status " +
                           std::to_string(status));
}

void Peer::resume() {
  if (::kill(pid_, SIGCONT) != 0) fail_call("kill(SIGCONT)");
}

void Peer::wait_asleep() const {
  if (!poll_until_done([&] { return process_state(pid_) == 'S'; })) {
    throw std::runtime_error("process " + std::to_string(pid_) +
                             " does not sleep, it is in state " + process_state(pid_));
  }
}

Ending Peer::wait() {
  int status = 0;
  // A traced child also reports that it has stopped; that is no end.
  if (!poll_until_done(
          [&] { return waitpid(pid_, &status, WNOHANG) != 0 && !WIFSTOPPED(status); })) {
    throw std::runtime_error("process " + std::to_string(pid_) + " does not end (state " +
                             process_state(pid_) + ")");
  }
  pid_ = -1;
  if (WIFSIGNALED(status)) return {.was_signalled = true, .code = WTERMSIG(status)};
  return {.was_signalled = false, .code = WEXITSTATUS(status)};
}

void Peer::wait_success() {
  if (const Ending ending = wait(); ending != Ending{})
    throw std::runtime_error("a process ended with " + to_string(ending) + " instead of success");
}

void Peer::wait_killed() {
  if (const Ending ending = wait(); ending != Ending{.was_signalled = true, .code = SIGKILL})
    throw std::runtime_error("a process ended with " + to_string(ending) + " instead of a kill");
}

std::uint64_t Peer::cpu_time_ns() const {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &used) != 0)
    fail_call("clock_getcpuclockid");
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(used.tv_nsec);
}

std::uint64_t Peer::sleeps() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(file, line);) {
    const std::string field = "voluntary_ctxt_switches:";
    if (line.starts_with(field)) return std::stoull(line.substr(field.size()));
  }
  fail_call("reading /proc/…/status");
}

char process_state(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto after_command = line.rfind(')');
  return after_command == std::string::npos || after_command + 2 >= line.size()
             ? '?'
             : line[after_command + 2];
}

}  // namespace disruptor_mp::process_test
