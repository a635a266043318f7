// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>

#include "disruptor_mp/base/types.hpp"

namespace disruptor_mp::tool {

/// Waits in the library are cut into slices of this length, to look for signals in between. Each
/// slice begins with short naps: a shorter one would cost an idle command more, a longer one would
/// be felt after Ctrl-C.
inline constexpr Duration wait_slice = std::chrono::milliseconds(250);

/// SIGINT and SIGTERM as a request to end in order. The first one is only noted; whoever is asked a
/// second time dies at once, as by default, so a command that hangs in a write can still be ended.
/// One per process.
class StopSignal {
 public:
  StopSignal();

  /// The number of the signal, or 0.
  [[nodiscard]] int received() const noexcept;
  /// Becomes readable when a signal arrives; for poll(2).
  [[nodiscard]] int fd() const noexcept;
};

}  // namespace disruptor_mp::tool
