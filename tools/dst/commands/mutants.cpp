// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Does the simulator notice? Every fault of tools/dst/mutants must make some profile fail.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "child.hpp"
#include "commands.hpp"
#include "mutant_build.hpp"

namespace disruptor_mp::sim {
namespace {

namespace fs = std::filesystem;

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

/// In the order in which they are tried: what finds most comes first.
constexpr std::array swarm_profiles = {"steady",
                                       "crowd",
                                       "sleepers",
                                       "crash",
                                       "leases",
                                       "membership",
                                       "observers",
                                       "left-behind",
                                       "left-behind-crash",
                                       "crash-membership",
                                       "handover",
                                       "standby",
                                       "away",
                                       "chaos",
                                       "observers-crash",
                                       "pipelines",
                                       "pipelines-crash",
                                       "pipelines-handover",
                                       "diamond-late",
                                       "power-cut",
                                       "renamed"};
/// Where several producers meet, a fault may show once in ten thousand runs: these are tried again,
/// for longer.
constexpr std::array several_profiles = {"several",
                                         "several-crash",
                                         "several-biased",
                                         "several-biased-crash",
                                         "several-tiny-crash",
                                         "several-joining",
                                         "several-joining-crash",
                                         "several-observed",
                                         "several-leases",
                                         "several-left-behind",
                                         "several-left-behind-crash",
                                         "several-stopped",
                                         "several-stopped-crash"};
/// First by PCT, then to the end or the end of patience.
constexpr std::array tiny_profiles = {"tiny", "tiny-claim", "tiny-observer"};
constexpr double profile_seconds = 120;
/// Where a patch says that it needs more seeds than the others.
constexpr double rare_seconds = 1200;

enum class Fate : std::uint8_t { killed, survived, equivalent, broken };
constexpr std::array<const char*, 4> fate_names = {"killed", "SURVIVED", "equivalent (argued)",
                                                   "BROKEN"};

struct Outcome {
  Fate fate = Fate::survived;
  std::string profile, strategy, memory, problem;
  std::uint64_t seed = 0;
  std::uint64_t run = 0;
  double seconds = 0;
};

/// One attempt to kill. @return whether it did.
bool kills(const Recipe& recipe, std::vector<std::string> options, double seconds,
           Outcome& outcome) {
  options.insert(options.begin(), {(recipe.work / "dst").string(), "run"});
  options.emplace_back("--json");
  const ChildResult result = run_child(options, recipe.work.string(), seconds);
  if (result.exit_code == 0 || result.took_too_long) return false;
  outcome.fate = Fate::killed;
  if (result.exit_code < 0) {
    outcome.problem = fmt::format("the process died of signal {}", result.signal);
    return true;
  }
  const Json json = Json::parse(result.output, nullptr, false);
  if (json.is_discarded() || !json.contains("problems") || json["problems"].empty()) {
    outcome.fate = Fate::broken;
    outcome.problem = result.output.substr(0, 200);
    return true;
  }
  const Json& first =
      *std::min_element(json["problems"].begin(), json["problems"].end(),
                        [](const Json& a, const Json& b) { return a["run"] < b["run"]; });
  outcome.memory = json["memory"];
  outcome.strategy = first["strategy"];
  outcome.problem = first["problem"];
  outcome.seed = first["seed"];
  outcome.run = first["run"];
  return true;
}

/// Shrinks the trace of a kill, with the mutant's own program, into `folder`.
void record(const Recipe& recipe, const Mutant& mutant, const fs::path& traces,
            const std::string& folder) {
  fs::create_directories(folder);
  const std::string to = fs::absolute(folder) / (mutant.name + ".json");
  for (const auto& trace : fs::directory_iterator(traces)) {
    const ChildResult result =
        run_child({(recipe.work / "dst").string(), "shrink", trace.path().string(), "--out", to},
                  recipe.work.string(), profile_seconds);
    fmt::print(stderr, "{}: {}", mutant.name, result.output);
    break;
  }
}

Outcome try_to_kill(const Recipe& recipe, const MutantOptions& options, const Mutant& mutant) {
  Outcome outcome;
  if (std::string problem = build(recipe, mutant, options.jobs); !problem.empty()) {
    outcome.fate = Fate::broken;
    outcome.problem = std::move(problem);
    return outcome;
  }
  const auto start = Clock::now();
  const bool records = !options.record.empty() && !mutant.found.empty();
  fs::path traces = options.out.empty() ? fs::path() : fs::absolute(options.out);
  if (records && traces.empty()) traces = recipe.work / "traces";
  if (!traces.empty()) fs::remove_all(traces / mutant.name);
  const auto attempt = [&](const char* profile, std::vector<std::string> more,
                           double seconds = profile_seconds) {
    more.insert(more.begin(), {"--profile", profile});
    if (!traces.empty()) more.insert(more.end(), {"--out", (traces / mutant.name).string()});
    const bool is_dead = kills(recipe, more, seconds, outcome);
    if (!is_dead) return false;
    outcome.profile = profile;
    if (records) record(recipe, mutant, traces / mutant.name, options.record);
    return true;
  };
  const auto seeds = [&](unsigned times) { return std::to_string(times * options.seeds); };
  const std::string jobs = std::to_string(options.jobs);
  const auto swarm = [&](const auto& profiles, unsigned times) {
    return std::any_of(profiles.begin(), profiles.end(), [&](const char* profile) {
      return attempt(profile, {"--seeds", seeds(times), "--jobs", jobs});
    });
  };
  const bool is_dead =
      (!mutant.rare_profile.empty() &&
       attempt(mutant.rare_profile.c_str(), {"--seeds", mutant.rare_seeds, "--jobs", jobs},
               rare_seconds)) ||
      swarm(swarm_profiles, 1) || swarm(several_profiles, 1) || swarm(several_profiles, 10) ||
      std::any_of(tiny_profiles.begin(), tiny_profiles.end(),
                  [&](const char* profile) {
                    return attempt(profile, {"--strategy", "pct", "--crashes", "1", "--seeds",
                                             seeds(4), "--jobs", jobs});
                  }) ||
      std::any_of(tiny_profiles.begin(), tiny_profiles.end(), [&](const char* profile) {
        return attempt(profile, {"--strategy", "dfs", "--crashes", "1", "--preemptions", "2",
                                 "--stale-reads", "1", "--time", "30s"});
      });
  if (!is_dead && !mutant.equivalent.empty()) outcome.fate = Fate::equivalent;
  if (is_dead && !mutant.equivalent.empty()) {
    outcome.fate = Fate::broken;
    outcome.problem = "argued to be equivalent, but: " + outcome.problem;
  }
  outcome.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return outcome;
}

void print_row(const Mutant& mutant, const Outcome& o) {
  fmt::print("{:32} {:20}", mutant.name, fate_names[static_cast<std::size_t>(o.fate)]);
  if (o.fate == Fate::killed) {
    fmt::print(" {:16} seed {:<5} run {:<7} {:6} {:4} {:5.1f} s  {}\n", o.profile, o.seed, o.run,
               o.strategy, o.memory, o.seconds, o.problem.substr(0, 60));
  } else {
    fmt::print(" {}\n", o.fate == Fate::broken       ? o.problem
                        : o.fate == Fate::equivalent ? mutant.equivalent
                                                     : mutant.breaks);
  }
  static_cast<void>(std::fflush(stdout));
}

Json row_of(const Mutant& mutant, const Outcome& o) {
  constexpr std::array<const char*, fate_names.size()> words = {"killed", "survived", "equivalent",
                                                                "broken"};
  const bool is_killed = o.fate == Fate::killed;
  Json row = {{"id", mutant.name},
              {"verdict", words[static_cast<std::size_t>(o.fate)]},
              {"first_kill", is_killed ? Json(o.run) : Json()},
              {"strategy", is_killed ? Json(o.strategy) : Json()},
              {"breaks", mutant.breaks},
              {"seconds", o.seconds}};
  if (!mutant.equivalent.empty()) row["equivalent"] = mutant.equivalent;
  if (is_killed) {
    row["profile"] = o.profile;
    row["seed"] = o.seed;
    row["memory"] = o.memory;
  }
  if (!o.problem.empty()) row["problem"] = o.problem;
  return row;
}

int check_patches(const Recipe& recipe, const std::vector<Mutant>& all) {
  int code = 0;
  for (const Mutant& mutant : all) {
    if (const std::string problem = apply(recipe, mutant); !problem.empty()) {
      fmt::print("{}: {}\n", mutant.name, problem);
      code = exit_usage;
    }
  }
  fmt::print("{} mutants {}\n", all.size(), code == 0 ? "apply" : "looked at");
  return code;
}

}  // namespace

int mutants(const MutantOptions& options) {
  Recipe recipe = read_recipe();
  const auto all = find_mutants(recipe.source / "tools/dst/mutants", options.only);
  if (all.empty()) throw std::runtime_error("no mutant of that name");
  if (options.checks) {
    // Beside a run that is going on.
    recipe.work /= "check";
    return check_patches(recipe, all);
  }
  const bool shows_progress = !options.json && isatty(2) != 0;
  std::array<unsigned, fate_names.size()> counts{};
  std::vector<std::uint64_t> first_kills;
  first_kills.reserve(all.size());
  Json rows = Json::array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (shows_progress)
      fmt::print(stderr, "\r{} of {}: {}\033[K\r", i + 1, all.size(), all[i].name);
    const Outcome outcome = try_to_kill(recipe, options, all[i]);
    ++counts[static_cast<std::size_t>(outcome.fate)];
    if (outcome.fate == Fate::killed) first_kills.push_back(outcome.run);
    if (options.json) {
      rows.push_back(row_of(all[i], outcome));
    } else {
      print_row(all[i], outcome);
    }
  }
  std::sort(first_kills.begin(), first_kills.end());
  const std::uint64_t median = first_kills.empty() ? 0 : first_kills[first_kills.size() / 2];
  if (options.json) {
    std::cout << Json{{"mutants", std::move(rows)}, {"killed", counts[0]},
                      {"survived", counts[1]},      {"equivalent", counts[2]},
                      {"broken", counts[3]},        {"median_first_kill", median}}
                     .dump(2, ' ', false, Json::error_handler_t::replace)
              << "\n";
  } else {
    fmt::print("{} mutants: {} killed (median in run {}), {} survived, {} equivalent (argued)",
               all.size(), counts[0], median, counts[1], counts[2]);
    fmt::print("{}\n", counts[3] != 0 ? fmt::format(", {} broken", counts[3]) : "");
  }
  if (counts[static_cast<std::size_t>(Fate::broken)] != 0) return exit_usage;
  return counts[static_cast<std::size_t>(Fate::survived)] != 0 ? exit_fault_unreported : 0;
}

}  // namespace disruptor_mp::sim
