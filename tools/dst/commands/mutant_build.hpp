// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace disruptor_mp::sim {

/// A deliberate fault: tools/dst/mutants/<name>.patch. Lines before the patch itself say
/// `Breaks: …`; `Equivalent: …` with the argument, if no run can tell it from the original;
/// `Found: …` with the seed, if it was in our code until the simulation found it; `Rare: profile
/// seeds` if that takes more seeds than are tried of every profile.
struct Mutant {
  std::string name;
  std::filesystem::path patch;
  std::string breaks;
  std::string equivalent;  ///< "": it must be killed
  std::string found;
  std::string rare_profile;  ///< "": none
  std::string rare_seeds;
};
/// Those whose names begin with one of `only`; all if that is empty.
[[nodiscard]] std::vector<Mutant> find_mutants(const std::filesystem::path& folder,
                                               const std::vector<std::string>& only);

/// How this build compiles and links the simulator; CMake writes it (tools/dst/CMakeLists.txt).
struct Recipe {
  std::filesystem::path source;  ///< the repository
  std::filesystem::path work;    ///< a folder of our own
  std::vector<std::string> compile;
  std::vector<std::string> units;  ///< what is compiled anew, relative to the repository
  std::string linker;
  std::vector<std::string> link;  ///< what goes behind the objects
};
[[nodiscard]] Recipe read_recipe();

/// Copies the sources and applies the patch. @return "" or what is wrong.
[[nodiscard]] std::string apply(const Recipe& recipe, const Mutant& mutant);
/// Applies it and builds work/dst. @return "" or what is wrong.
[[nodiscard]] std::string build(const Recipe& recipe, const Mutant& mutant, unsigned jobs);

}  // namespace disruptor_mp::sim
