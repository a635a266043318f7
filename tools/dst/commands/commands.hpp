// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The subcommands of `dst`. Each returns the program's exit code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace disruptor_mp::sim {

/// Exit codes beside those of Verdict.
inline constexpr int exit_usage = 2;
inline constexpr int exit_replay_differs = 14;
inline constexpr int exit_unreached = 15;         ///< a situation that the profile promises
inline constexpr int exit_fault_unreported = 16;  ///< a fault made by design was not found

inline constexpr unsigned max_jobs = 256;

struct RunOptions {
  std::string profile = "steady";
  std::uint64_t seeds = 0;
  std::uint64_t from = 0;
  std::string strategy = "swarm";
  std::string memory = "weak";
  int crashes = -1;
  std::string time;
  std::string out;
  bool json = false;
  bool keep_going = false;
  unsigned preemptions = ~0U;
  unsigned stale_reads = ~0U;
  unsigned jobs = 1;
  bool shows_situations = false;  ///< each with its count
  bool needs_situations = false;  ///< those that the profile promises
  bool is_night = false;          ///< traces are shrunk, one for all that fail in the same words
};
int run(const RunOptions& options);

struct NightOptions {
  std::string out = "build/dst-night";  ///< folder of the findings and of how far it is
  std::vector<std::string> only;        ///< profiles; all if empty
  std::uint64_t seeds = 2000;           ///< of each profile in each memory mode and round
  std::uint64_t rounds = 0;             ///< stop after so many of this call; 0: when told to
  std::string time;
  unsigned jobs = 1;
  bool anew = false;  ///< forget what was found and how far it was
  bool json = false;
};
int night(const NightOptions& options);

struct MutantOptions {
  std::vector<std::string> only;  ///< beginnings of names
  std::uint64_t seeds = 4000;
  unsigned jobs = 1;
  std::string out;      ///< folder for traces of the kills
  std::string record;   ///< folder for shrunk traces of faults that were found here
  bool checks = false;  ///< only that the patches apply
  bool json = false;
};
int mutants(const MutantOptions& options);

int list();
/// `is_fixed`: the trace is of a fault that has been mended since; its schedule must pass now.
int replay(const std::string& path, bool is_fixed);
int shrink_file(const std::string& path, const std::string& out);
int explain(const std::string& path);
/// Plays both, and shows the first step that is not the same.
int diff(const std::string& path_a, const std::string& path_b);

/// Becomes dst-kill, which is beside this program: the library as it is shipped cannot be linked
/// together with the simulated one.
/// @param arguments of the program, from its name on; ends with a null pointer.
int kill_processes(char** arguments);

}  // namespace disruptor_mp::sim
