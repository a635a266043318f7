// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace disruptor_mp::test {

/// What a command left behind.
struct Outcome {
  int exit_code = 0;  ///< minus the number of the signal that killed it
  std::string out;
  std::string err;
};

/// A running program: its stdin is fed by the test, its stdout and stderr are collected by threads,
/// so neither side ever waits for the other. Killed, and waited for, if the test forgets it.
class Command {
 public:
  /// `dmp` with these arguments.
  static Command dmp(std::vector<std::string> arguments);
  /// A shell script in which `dmp` is the one under test.
  static Command shell(const std::string& script, const std::string& folder = ".");

  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  ~Command();

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Writes to its stdin; waits until it has taken all of it.
  void feed(std::string_view bytes);
  /// The same for a command that may end before. @return whether it has taken all.
  bool try_feed(std::string_view bytes);
  void close_input();
  /// Waits until it has printed at least so many bytes.
  void wait_for_output(std::size_t bytes);

  void kill() { signal(SIGKILL); }
  void signal(int number) const;
  /// Sends SIGSTOP and waits until it has stopped.
  void stop();

  /// Closes its stdin and waits for its end.
  Outcome finish();

 private:
  Command(const std::string& program, std::vector<std::string> arguments);
  void collect(int fd, std::string& into);

  pid_t pid_ = -1;
  int stdin_ = -1;
  std::mutex mutex_;
  std::condition_variable has_grown_;
  std::string out_;
  std::string err_;
  std::thread out_thread_;
  std::thread err_thread_;
};

/// Runs `dmp` to its end with this text on its stdin.
Outcome run_dmp(std::vector<std::string> arguments, std::string_view input = {});

/// Where dmp and the other programs are.
std::string bin_dir();

}  // namespace disruptor_mp::test
