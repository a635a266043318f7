// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "totals.hpp"

namespace disruptor_mp::sim {

/// How far a `dst night` is and what it has found so far: the file `night.json` in its folder.
struct NightLog {
  /// Of a profile in a memory mode: the seeds before `next` were run.
  struct Field {
    std::uint64_t next = 0;
    std::uint64_t runs = 0;
    std::uint64_t violations = 0;
    std::uint64_t out_of_budget = 0;
  };
  /// Of a tiny profile: the searches within the bounds before `level` were exhausted.
  struct Search {
    unsigned level = 0;
    std::uint64_t runs = 0;  ///< of the last one that was
    double limit = 20;       ///< seconds; doubled if they did not do
  };
  struct Finding {
    std::uint64_t count = 0;
    std::uint64_t seed = 0;
    int verdict = 0;
    std::string profile, strategy, memory, problem;
  };
  std::uint64_t rounds = 0;  ///< complete ones
  std::uint64_t slices = 0;  ///< of the present round
  double seconds = 0;
  std::map<std::string, Field> fields;
  std::map<std::string, Search> searches;
  std::map<std::string, Finding> findings;  ///< by the trace's path, whether or not it exists
  std::array<std::uint64_t, situation_count> reached{};

  [[nodiscard]] std::uint64_t runs() const;
};

/// An empty one if there is no file.
/// @throws std::runtime_error if there is one that cannot be read.
[[nodiscard]] NightLog read_night(const std::filesystem::path& file);
/// Whoever dies in the middle leaves the old one.
void write_night(const NightLog& log, const std::filesystem::path& file);

}  // namespace disruptor_mp::sim
