// SPDX-License-Identifier: MIT OR Apache-2.0
//
// stop_signal.hpp for commands that run one after the other in one process, which nobody stops: no
// handler is installed, and no pipe is left behind.
#include "stop_signal.hpp"

namespace disruptor_mp::tool {

StopSignal::StopSignal() = default;
int StopSignal::received() const noexcept { return 0; }
int StopSignal::fd() const noexcept { return -1; }  // poll() ignores it

}  // namespace disruptor_mp::tool
