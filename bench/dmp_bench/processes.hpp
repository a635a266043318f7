// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <vector>

namespace disruptor_mp::bench {

/// The cores this process may use.
[[nodiscard]] std::vector<int> usable_cores();

/// Somebody pressed ^C, or a termination signal came.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs `part(i)` for i in [0, count) in a forked process each, process i pinned to core
/// i mod (number of cores), and waits for all of them. They die with this process.
/// @throws std::runtime_error if one fails, or if they are not done after `timeout`; by then none
/// of them is left.
void run_processes(unsigned count, std::chrono::milliseconds timeout,
                   const std::function<void(unsigned)>& part);

}  // namespace disruptor_mp::bench
