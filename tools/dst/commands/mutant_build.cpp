// SPDX-License-Identifier: MIT OR Apache-2.0
#include "mutant_build.hpp"

#include <algorithm>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "child.hpp"

namespace disruptor_mp::sim {
namespace {

namespace fs = std::filesystem;

constexpr double compile_seconds = 300;

std::string failure_of(const ChildResult& result, const std::string& what) {
  if (result.exit_code == 0) return {};
  return what + ": " + (result.took_too_long ? "took too long" : result.output.substr(0, 400));
}

void read_head(Mutant& mutant) {
  std::ifstream file(mutant.patch);
  for (std::string line; std::getline(file, line) && !line.starts_with("--- ");) {
    const auto after = [&line](std::string_view word) { return line.substr(word.size()); };
    if (line.starts_with("Breaks: ")) mutant.breaks = after("Breaks: ");
    if (line.starts_with("Equivalent: ")) mutant.equivalent = after("Equivalent: ");
    if (line.starts_with("Found: ")) mutant.found = after("Found: ");
    if (line.starts_with("Rare: "))
      std::istringstream(after("Rare: ")) >> mutant.rare_profile >> mutant.rare_seeds;
  }
  if (mutant.breaks.empty())
    throw std::runtime_error(mutant.patch.string() + " does not say what it breaks");
}

}  // namespace

std::vector<Mutant> find_mutants(const fs::path& folder, const std::vector<std::string>& only) {
  std::vector<Mutant> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".patch") continue;
    Mutant mutant;
    mutant.patch = entry.path();
    mutant.name = mutant.patch.stem().string();
    const bool is_wanted =
        only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& beginning) {
          return mutant.name.starts_with(beginning);
        });
    if (!is_wanted) continue;
    read_head(mutant);
    found.push_back(std::move(mutant));
  }
  std::sort(found.begin(), found.end(),
            [](const Mutant& a, const Mutant& b) { return a.name < b.name; });
  return found;
}

Recipe read_recipe() {
  std::ifstream file(DMP_DST_RECIPE);
  if (!file) throw std::runtime_error(DMP_DST_RECIPE " is missing: mutants need the build folder");
  const auto json = nlohmann::json::parse(file);
  const auto words = [&json](const char* key) {
    std::vector<std::string> list;
    for (const auto& word : json.at(key)) {
      if (!word.get<std::string>().empty()) list.push_back(word);
    }
    return list;
  };
  return {.source = json.at("source").get<std::string>(),
          .work = json.at("work").get<std::string>(),
          .compile = words("compile"),
          .units = words("units"),
          .linker = json.at("linker").get<std::string>(),
          .link = words("link")};
}

std::string apply(const Recipe& recipe, const Mutant& mutant) {
  // The same folder for every mutant, so that a compiler cache knows what did not change.
  const fs::path tree = recipe.work / "tree";
  fs::remove_all(tree);
  fs::create_directories(tree / "tools/dst");
  for (const char* part : {"include", "src", "tools/dst/sim", "tools/dst/scenario"})
    fs::copy(recipe.source / part, tree / part, fs::copy_options::recursive);
  return failure_of(run_child({"patch", "--silent", "--no-backup-if-mismatch", "-p1", "-i",
                               mutant.patch.string()},
                              tree.string(), 10),
                    "the patch does not apply");
}

std::string build(const Recipe& recipe, const Mutant& mutant, unsigned jobs) {
  if (std::string problem = apply(recipe, mutant); !problem.empty()) return problem;
  fs::remove(recipe.work / "dst");
  const std::string tree = (recipe.work / "tree").string();
  std::vector<std::string> objects;
  objects.reserve(recipe.units.size());
  for (std::size_t i = 0; i < recipe.units.size(); ++i)
    objects.push_back((recipe.work / ("unit" + std::to_string(i) + ".o")).string());

  const auto compile = [&](std::size_t i) {
    std::vector<std::string> command = recipe.compile;
    command.insert(command.end(), {"-c", recipe.units[i], "-o", objects[i]});
    return failure_of(run_child(command, tree, compile_seconds), recipe.units[i]);
  };
  for (std::size_t from = 0; from < objects.size(); from += jobs) {
    std::vector<std::future<std::string>> running;
    running.reserve(jobs);
    for (std::size_t i = from; i < std::min<std::size_t>(from + jobs, objects.size()); ++i)
      running.push_back(std::async(std::launch::async, compile, i));
    std::string problem;
    for (auto& one : running) {
      if (std::string text = one.get(); problem.empty()) problem = std::move(text);
    }
    if (!problem.empty()) return problem;
  }
  std::vector<std::string> link = {recipe.linker, "-o", (recipe.work / "dst").string()};
  link.insert(link.end(), objects.begin(), objects.end());
  link.insert(link.end(), recipe.link.begin(), recipe.link.end());
  return failure_of(run_child(link, tree, compile_seconds), "it does not link");
}

}  // namespace disruptor_mp::sim
