// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace disruptor_mp::bench {

/// Somebody pressed ^C, or a termination signal came.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// While it lives, the ends of children and the requests to stop wait to be asked for.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals() { release(); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  void release() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  /// Sleeps, at most until a child ends.
  /// @throws Interrupted
  void wait(std::chrono::nanoseconds timeout) const;

 private:
  sigset_t held_{};
  sigset_t before_{};
};

/// A forked process, pinned to a core. It dies with this process, and with this object.
class Child {
 public:
  /// It does `part` and ends; if that throws, it says so under this name and ends badly.
  Child(const HeldSignals& signals, int core, std::string name, const std::function<void()>& part);
  ~Child();
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), name_(std::move(other.name_)) {}
  Child& operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(name_, other.name_);
    return *this;
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// @throws std::runtime_error if it ended badly.
  [[nodiscard]] bool has_ended();

  /// Kills it, and returns when the kernel says that it is gone.
  void kill() noexcept;

 private:
  pid_t pid_ = 0;  ///< 0: it has ended, or is another's
  std::string name_;
};

}  // namespace disruptor_mp::bench
