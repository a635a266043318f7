// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp/support/command.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

extern char** environ;

namespace disruptor_mp::test {
namespace {

constexpr auto longest_wait = std::chrono::seconds(120);

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::system_error(error, std::generic_category(), what);
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2", errno);
  return ends;
}

void require(int error, const char* what) {
  if (error != 0) fail(what, error);
}

/// A test that feeds a command that has ended sees EPIPE, not a signal.
const auto ignore_broken_pipes = std::signal(SIGPIPE, SIG_IGN);

}  // namespace

std::string bin_dir() { return DMP_BIN_DIR; }

Command Command::dmp(std::vector<std::string> arguments) {
  return {bin_dir() + "/dmp", std::move(arguments)};
}

Command Command::shell(const std::string& script, const std::string& folder) {
  return {"/bin/bash", {"-c", "PATH='" + bin_dir() + "':$PATH; cd '" + folder + "'; " + script}};
}

Command::Command(const std::string& program, std::vector<std::string> arguments) {
  const auto in = make_pipe();
  const auto out = make_pipe();
  const auto err = make_pipe();

  posix_spawn_file_actions_t actions;
  require(posix_spawn_file_actions_init(&actions), "posix_spawn_file_actions_init");
  require(posix_spawn_file_actions_adddup2(&actions, in[0], 0), "adddup2");
  require(posix_spawn_file_actions_adddup2(&actions, out[1], 1), "adddup2");
  require(posix_spawn_file_actions_adddup2(&actions, err[1], 2), "adddup2");
  posix_spawnattr_t attributes;
  require(posix_spawnattr_init(&attributes), "posix_spawnattr_init");
  sigset_t defaults;
  sigemptyset(&defaults);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&defaults, number);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int error =
      posix_spawn(&pid_, program.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  close(err[1]);
  require(error, program.c_str());

  stdin_ = in[1];
  out_thread_ = std::thread([this, fd = out[0]] { collect(fd, out_); });
  err_thread_ = std::thread([this, fd = err[0]] { collect(fd, err_); });
}

void Command::collect(int fd, std::string& into) {
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    const std::lock_guard lock(mutex_);
    into.append(buffer.data(), static_cast<std::size_t>(n));
    has_grown_.notify_all();
  }
  close(fd);
}

bool Command::try_feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(stdin_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void Command::feed(std::string_view bytes) {
  EXPECT_TRUE(try_feed(bytes)) << "it has ended, or has closed its stdin";
}

void Command::close_input() {
  if (stdin_ >= 0) close(stdin_);
  stdin_ = -1;
}

void Command::wait_for_output(std::size_t bytes) {
  std::unique_lock lock(mutex_);
  if (!has_grown_.wait_for(lock, longest_wait, [&] { return out_.size() >= bytes; }))
    ADD_FAILURE() << "only " << out_.size() << " of " << bytes << " bytes came; stderr: " << err_;
}

void Command::signal(int number) const {
  // kill(-1) would end every process of this user.
  if (pid_ <= 0) throw std::logic_error("a signal to a command that has ended");
  ::kill(pid_, number);
}

void Command::stop() {
  signal(SIGSTOP);
  int status = 0;
  while (waitpid(pid_, &status, WUNTRACED) < 0 && errno == EINTR) {
  }
  EXPECT_TRUE(WIFSTOPPED(status));
}

Outcome Command::finish() {
  close_input();
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  out_thread_.join();
  err_thread_.join();
  return {.exit_code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status),
          .out = std::move(out_),
          .err = std::move(err_)};
}

Command::~Command() {
  if (pid_ < 0) return;
  kill();
  finish();
}

Outcome run_dmp(std::vector<std::string> arguments, std::string_view input) {
  Command command = Command::dmp(std::move(arguments));
  command.try_feed(input);
  return command.finish();
}

}  // namespace disruptor_mp::test
