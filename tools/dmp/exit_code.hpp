// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "disruptor_mp/base/error.hpp"

namespace disruptor_mp::tool {

/// What a command tells its caller. Part of the interface: scripts decide by it (docs/cli.md).
enum class ExitCode : int {
  ok = 0,
  failure = 1,        ///< anything that has no code of its own
  usage = 2,          ///< the command line is wrong
  not_found = 3,      ///< there is no such ring, or directory
  timed_out = 4,      ///< --timeout passed
  producer_gone = 5,  ///< the stream ended without a close: the producer died, or left it open
  in_use = 6,         ///< somebody alive is in the way
  interrupted = 128,  ///< plus the number of the signal
};

[[nodiscard]] ExitCode exit_code_of(Errc code) noexcept;
[[nodiscard]] constexpr ExitCode exit_code_of_signal(int signal) noexcept {
  return static_cast<ExitCode>(static_cast<int>(ExitCode::interrupted) + signal);
}

/// Appended to the help of every command.
inline constexpr const char* exit_code_help =
    "Exit codes: 0 done, 1 failure, 2 usage, 3 not found, 4 timeout,\n"
    "  5 producer died or left without closing, 6 in use by somebody alive,\n"
    "  130 and 143 stopped by SIGINT and SIGTERM";

}  // namespace disruptor_mp::tool
