// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "commands.hpp"
#include "runner.hpp"

namespace disruptor_mp::sim {

/// What many runs came to. Those of several processes can be added up.
struct Totals {
  struct Problem {
    std::uint64_t count = 0;
    std::uint64_t seed = 0;  ///< the first
    std::uint64_t run = 0;   ///< how many runs its process had made before
    int verdict = 0;
  };
  std::uint64_t runs = 0;
  std::uint64_t steps = 0;
  std::uint64_t pruned = 0;
  std::uint64_t violations = 0;
  std::uint64_t out_of_budget = 0;
  unsigned exhausted = 0;  ///< jobs that came to the end of their share of the search
  /// Of all runs, in whatever order: the same on every machine, from every compiler and number of
  /// jobs.
  std::uint64_t hash = 0;
  std::map<std::string, Problem> problems;
  std::array<std::uint64_t, situation_count> reached{};  ///< in how many runs

  void add(std::uint64_t seed, const RunResult& result);
  void add(const Totals& other);
  /// As an exit code: 0, or the first problem's, safety before all others; or that of the budget,
  /// if so many runs outgrew the simulator that the others do not stand for them.
  [[nodiscard]] int worst() const;
  [[nodiscard]] const std::pair<const std::string, Problem>* first_problem() const;
};
[[nodiscard]] std::string to_json(const Totals& totals);
/// @throws if the text is not what to_json wrote.
[[nodiscard]] Totals totals_from_json(const std::string& text);

/// What the profile promises and no run came by.
[[nodiscard]] std::vector<Situation> unreached(const Profile& profile, const Totals& totals);

/// Prints what a `dst run` found, for a person or as JSON.
void print_report(const RunOptions& options, const RunSpec& spec, const Totals& totals,
                  double seconds);

}  // namespace disruptor_mp::sim
