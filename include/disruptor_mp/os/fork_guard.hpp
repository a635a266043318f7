// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

namespace disruptor_mp::os {

/// Calls a function in the child of every fork(2) of this process, while the guard lives. It is how
/// an endpoint learns, without paying for it in its hot path, that it is only a copy.
///
/// The function runs in the child before fork() returns there; it must only store to its object.
/// Processes made by vfork, posix_spawn or a raw clone(2) that soon execs are no concern: every
/// descriptor is closed by exec. A raw clone(2) that never execs bypasses fork handlers; do not
/// make one.
class ForkGuard {
 public:
  using Callback = void (*)(void*) noexcept;

  ForkGuard(Callback on_fork, void* context);
  ~ForkGuard();
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;

  /// The object moved: call back with its new address.
  void set_context(void* context) noexcept;

 private:
  friend struct ForkRegistry;
  Callback on_fork_;
  void* context_;
  ForkGuard* previous_ = nullptr;
  ForkGuard* next_ = nullptr;
};

/// While one exists, no other thread of this process forks: for the moment between a system call
/// and the store that tells a guard what it made. Short; not while a ForkGuard is made or
/// destroyed.
class ForkPause {
 public:
  ForkPause();
  ~ForkPause();
  ForkPause(const ForkPause&) = delete;
  ForkPause& operator=(const ForkPause&) = delete;
};

}  // namespace disruptor_mp::os
