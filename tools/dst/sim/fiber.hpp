// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace disruptor_mp::sim {

/// A stack that can be left and entered again. Switching saves what the calling convention says a
/// function must keep, and nothing else: about ten instructions, no system call (swapcontext(3)
/// makes two). A fiber that is never entered again simply ceases to exist: no destructor runs,
/// which is exactly what a killed process leaves behind.
class Fiber {
 public:
  using Entry = void (*)(void*);

  /// Prepares `entry(argument)` to start on that stack. `entry` must not return.
  void prepare(std::byte* stack, std::size_t size, Entry entry, void* argument) noexcept;

  /// Leaves `from` and goes on in `to`. Also exchanges the C++ runtime's record of exceptions in
  /// flight, so that a fiber may be left in the middle of a handler.
  static void switch_to(Fiber& from, Fiber& to) noexcept;

 private:
  void* stack_pointer_ = nullptr;
  void* caught_exceptions_ = nullptr;
  unsigned uncaught_exceptions_ = 0;
};

}  // namespace disruptor_mp::sim
