// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profiles.hpp"
#include "situations.hpp"

namespace disruptor_mp::sim {

/// Everything that a run depends on, beside the decisions of its strategy.
struct RunSpec {
  const Profile* profile = nullptr;
  std::uint64_t seed = 0;
  MemoryMode memory = MemoryMode::weak;
  unsigned crashes = 0;
  bool is_exhaustive = false;  ///< no spurious wakes, and steps take no time
  bool keeps_log = false;
};

struct RunResult {
  Verdict verdict = Verdict::pass;
  std::string problem;
  std::uint64_t hash = 0;
  std::uint32_t steps = 0;
  SituationSet reached;
};

[[nodiscard]] std::string_view to_string(MemoryMode mode) noexcept;

/// A failure that can be played again.
struct Trace {
  RunSpec spec;
  RunResult result;
  std::vector<Decision> decisions;
};
[[nodiscard]] std::string to_json(const Trace& trace);
/// @throws std::runtime_error that says what is wrong with the text.
[[nodiscard]] Trace trace_from_json(const std::string& text);

}  // namespace disruptor_mp::sim
