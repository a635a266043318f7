// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace disruptor_mp::market_feed {

/// A child process running this same program with other arguments. It dies with its parent.
class Child {
 public:
  /// What waiting for a child may bring.
  enum class Change { none, stopped, exited, failed, killed };

  explicit Child(const std::vector<std::string>& arguments);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();  ///< kills it, if it still runs

  [[nodiscard]] int pid() const noexcept { return pid_; }
  [[nodiscard]] bool is_running() const noexcept { return pid_ > 0; }
  /// Looks whether something has happened to it; never waits.
  Change poll();
  /// SIGKILL, and waits until the kernel has taken it away.
  void kill();

 private:
  int pid_ = -1;
};

/// From here on SIGCHLD, SIGINT and SIGTERM are waited for instead of acting by themselves.
void hold_signals();
/// Sleeps until some child of this process has changed, or for the given time.
/// @return false if the user wants the program to end (SIGINT, SIGTERM).
[[nodiscard]] bool wait_for_any_child(int milliseconds);
/// Does the user want the program to end? Never waits, and leaves news of children alone.
[[nodiscard]] bool is_asked_to_end();

}  // namespace disruptor_mp::market_feed
