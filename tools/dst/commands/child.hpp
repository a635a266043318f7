// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace disruptor_mp::sim {

/// How a program that was started here ended.
struct ChildResult {
  int exit_code = -1;  ///< -1: by a signal, or it took too long
  int signal = 0;
  bool took_too_long = false;
  std::string output;  ///< standard output and error
};

/// Runs a program to its end, or kills it after `seconds`.
/// @throws std::runtime_error if it cannot be started.
[[nodiscard]] ChildResult run_child(const std::vector<std::string>& command,
                                    const std::string& folder, double seconds);

}  // namespace disruptor_mp::sim
