// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <vector>

namespace disruptor_mp::bench {

/// The cores this process may use.
[[nodiscard]] std::vector<int> usable_cores();

/// Runs `part(i)` for i in [0, count) in a forked process each, process i pinned to core
/// i mod (number of cores), and waits for all of them. They die with this process.
/// @throws Interrupted, or std::runtime_error if one fails or they are not done after `timeout`; by
/// then none of them is left.
void run_processes(unsigned count, std::chrono::milliseconds timeout,
                   const std::function<void(unsigned)>& part);

}  // namespace disruptor_mp::bench
