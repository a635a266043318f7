// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "engine.hpp"
#include "strategies.hpp"

namespace disruptor_mp::sim {

/// A bench for small programs on shared words: every process sees the same words, each at an
/// address of its own; all are zero at the start. The words lie 128 bytes apart.
std::uint64_t* lab_word(unsigned index);

struct Exploration {
  std::set<std::string> outcomes;
  std::uint64_t executions = 0;
  std::string problem;  ///< of the first run that failed, or ""
};

/// Runs the program in every way that is possible, and collects what `outcome` says after each.
/// `outcome` also resets whatever the bodies wrote to private memory.
Exploration explore(const RunConfig& config, const std::vector<void (*)()>& bodies,
                    const std::function<std::string()>& outcome,
                    ExhaustiveStrategy::Bounds bounds = {});

}  // namespace disruptor_mp::sim
