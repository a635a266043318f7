// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Brings a process that asked to be traced to an exact place. If the orchestrator dies the kernel
// kills it.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "processes.hpp"

namespace disruptor_mp::kill {

class Tracer {
 public:
  /// `pid` has stopped itself.
  explicit Tracer(pid_t pid);

  /// May children be traced here?
  [[nodiscard]] static bool is_permitted();
  /// Has this machine watchpoints that we can set?
  [[nodiscard]] static bool can_watch();

  /// To the next entry or exit of a system call. @return false if it ended or does not come there.
  [[nodiscard]] bool next_call();
  /// One instruction.
  [[nodiscard]] bool step();
  /// Watches the stores to `size` bytes (4 or 8) at an address of the process.
  void watch(std::uint64_t address, unsigned size);
  /// Watches for an instruction of it.
  void watch_instruction(std::uint64_t address);
  void watch_nothing();
  /// To the moment after the next watched store, or before the watched instruction.
  [[nodiscard]] bool next_hit();

  /// It has ended by itself, and was waited for.
  [[nodiscard]] bool has_ended() const { return has_ended_; }

 private:
  [[nodiscard]] bool resume(int request);

  pid_t pid_;
  bool has_ended_ = false;
  bool is_stopped_ = true;
};

}  // namespace disruptor_mp::kill
