// SPDX-License-Identifier: MIT OR Apache-2.0
//
// stop_signal.hpp for commands that run in the fuzzer: signals are the fuzzer's own. Linked instead
// of the program's, which keeps a pipe for the rest of its life.
#include "stop_signal.hpp"

namespace disruptor_mp::tool {

StopSignal::StopSignal() = default;
int StopSignal::received() const noexcept { return 0; }
int StopSignal::fd() const noexcept { return -1; }

}  // namespace disruptor_mp::tool
