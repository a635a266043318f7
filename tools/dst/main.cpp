// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dst: the production code under simulation. docs/verification.md, "The simulator".
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runner.hpp"

namespace {

using namespace disruptor_mp::sim;
using Clock = std::chrono::steady_clock;

constexpr int exit_usage = 2;
constexpr int exit_replay_differs = 14;
/// One run in so many is made twice, and must be the same.
constexpr std::uint64_t repeat_every = 256;

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
};

double seconds_in(const std::string& text) {
  if (text.empty()) return 0;
  std::size_t used = 0;
  const double number = std::stod(text, &used);
  const std::string unit = text.substr(used);
  if (unit == "ms") return number / 1000;
  if (unit == "s" || unit.empty()) return number;
  if (unit == "m") return number * 60;
  if (unit == "h") return number * 3600;
  throw CLI::ValidationError("--time", "'" + text + "' is not a time like 500ms, 10s, 5m or 1h");
}

MemoryMode mode_of(const std::string& text) {
  for (const MemoryMode mode : {MemoryMode::sc, MemoryMode::tso, MemoryMode::weak}) {
    if (text == to_string(mode)) return mode;
  }
  throw CLI::ValidationError("--memory", "'" + text + "' is none of sc, tso, weak");
}

/// A strategy per seed: random and PCT in turn, or one of them alone.
class Strategies {
 public:
  explicit Strategies(const RunOptions& options)
      : name_(options.strategy),
        exhaustive_({.preemptions = options.preemptions, .stale_reads = options.stale_reads}) {
    if (name_ != "random" && name_ != "pct" && name_ != "swarm" && name_ != "dfs") {
      throw CLI::ValidationError("--strategy",
                                 "'" + name_ + "' is none of random, pct, dfs, swarm");
    }
  }
  [[nodiscard]] bool is_exhaustive() const { return name_ == "dfs"; }
  Strategy& of(std::uint64_t seed) {
    if (is_exhaustive()) return exhaustive_;
    last_ = name_ == "random" || (name_ == "swarm" && seed % 2 == 0)
                ? static_cast<RandomBase*>(&random_)
                : &pct_;
    // The seed decides everything, whatever ran before it.
    if (last_ == &random_) {
      random_ = RandomStrategy();
    } else {
      pct_ = PctStrategy(2 + static_cast<unsigned>(seed / 2 % 3));
    }
    last_->reseed(seed ^ 0x5DEECE66DU);
    last_->learn_exactly(estimate_of(seed));
    return *last_;
  }
  [[nodiscard]] const char* name_of(std::uint64_t seed) const {
    if (name_ != "swarm") return name_.c_str();
    return seed % 2 == 0 ? "random" : "pct";
  }
  bool advance() { return exhaustive_.advance(); }

 private:
  /// Kills and priority changes fall anywhere in a run of this length.
  static std::uint32_t estimate_of(std::uint64_t seed) { return 100U << (seed / 6 % 4); }

  std::string name_;
  RandomStrategy random_;
  PctStrategy pct_{2};
  ExhaustiveStrategy exhaustive_;
  RandomBase* last_ = nullptr;
};

struct Totals {
  std::uint64_t runs = 0;
  std::uint64_t steps = 0;
  std::uint64_t pruned = 0;
  std::uint64_t violations = 0;
  std::uint64_t out_of_budget = 0;
  bool exhausted = false;
  std::uint64_t hash = 0;  ///< of all runs: the same on every machine and from every compiler
  Verdict worst = Verdict::pass;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> problems;  ///< count, first seed
};

void keep(const RunOptions& options, const Trace& trace, Totals& totals) {
  ++totals.violations;
  if (totals.worst == Verdict::pass || trace.result.verdict == Verdict::safety)
    totals.worst = trace.result.verdict;
  auto [it, is_new] =
      totals.problems.try_emplace(trace.result.problem, std::pair{0, trace.spec.seed});
  ++it->second.first;
  if (options.out.empty() || !is_new || totals.problems.size() > 50) return;
  std::filesystem::create_directories(options.out);
  const std::string path = fmt::format("{}/{}-{}-{}.json", options.out, trace.spec.profile->name,
                                       to_string(trace.spec.memory), trace.spec.seed);
  std::ofstream(path) << to_json(trace);
}

int run(const RunOptions& options) {
  const Profile* profile = find_profile(options.profile);
  if (profile == nullptr) {
    fmt::print(stderr, "dst: there is no profile '{}'; see `dst list`\n", options.profile);
    return exit_usage;
  }
  Strategies strategies(options);
  RunSpec spec{
      .profile = profile,
      .seed = options.from,
      .memory = mode_of(options.memory),
      .crashes = options.crashes >= 0 ? static_cast<unsigned>(options.crashes) : profile->crashes,
      .is_exhaustive = strategies.is_exhaustive()};
  const double limit = seconds_in(options.time);
  const std::uint64_t seeds = options.seeds != 0 ? options.seeds : limit > 0 ? ~0ULL : 1000;
  const auto start = Clock::now();
  const auto elapsed = [start] {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  const bool shows_progress = !options.json && isatty(2) != 0;
  double next_report = 1;
  Totals totals;
  engine().record_decisions(true);
  for (;; ++totals.runs) {
    if (!spec.is_exhaustive && totals.runs == seeds) break;
    if (limit > 0 && totals.runs % 64 == 0 && elapsed() >= limit) break;
    spec.seed = spec.is_exhaustive ? options.from : options.from + totals.runs;
    RunResult result = run_once(spec, strategies.of(spec.seed));
    totals.steps += result.steps;
    totals.hash = (totals.hash ^ result.hash) * 0x9E3779B97F4A7C15U;
    if (!spec.is_exhaustive && totals.runs % repeat_every == 0) {
      const RunResult again = run_once(spec, strategies.of(spec.seed));
      if (again.hash != result.hash || again.verdict != result.verdict) {
        result.verdict = Verdict::nondeterminism;
        result.problem = "the same seed led elsewhere when it was run again";
      }
    }
    if (result.verdict == Verdict::pruned) {
      ++totals.pruned;
    } else if (result.verdict == Verdict::budget) {
      ++totals.out_of_budget;
    } else if (result.verdict != Verdict::pass) {
      keep(options, {.spec = spec, .result = result, .decisions = engine().decisions()}, totals);
      if (!options.keep_going) {
        ++totals.runs;
        break;
      }
    }
    if (spec.is_exhaustive && !strategies.advance()) {
      totals.exhausted = true;
      ++totals.runs;
      break;
    }
    if (shows_progress && totals.runs % 64 == 0 && elapsed() > next_report) {
      fmt::print(stderr, "\r{:.0f} s, {} runs, {:.0f} runs/s, {} violations   ", elapsed(),
                 totals.runs, static_cast<double>(totals.runs) / elapsed(), totals.violations);
      next_report = elapsed() + 1;
    }
  }
  const double seconds = std::max(elapsed(), 1e-9);
  if (shows_progress) fmt::print(stderr, "\n");
  const double runs_per_second = static_cast<double>(totals.runs) / seconds;
  const double steps_per_second = static_cast<double>(totals.steps) / seconds;
  if (options.json) {
    nlohmann::ordered_json json;
    json["profile"] = profile->name;
    json["strategy"] = options.strategy;
    json["memory"] = options.memory;
    json["crashes"] = spec.crashes;
    json["from"] = options.from;
    json["runs"] = totals.runs;
    json["steps"] = totals.steps;
    json["seconds"] = seconds;
    json["runs_per_second"] = runs_per_second;
    json["steps_per_second"] = steps_per_second;
    json["hash"] = fmt::format("{:016x}", totals.hash);
    json["violations"] = totals.violations;
    json["out_of_budget"] = totals.out_of_budget;
    if (spec.is_exhaustive) {
      json["exhausted"] = totals.exhausted;
      json["pruned"] = totals.pruned;
    }
    auto problems = nlohmann::ordered_json::array();
    for (const auto& [problem, count] : totals.problems)
      problems.push_back({{"problem", problem}, {"count", count.first}, {"seed", count.second}});
    json["problems"] = std::move(problems);
    std::cout << json.dump(2) << "\n";
  } else {
    fmt::print(
        "{} {} {} crashes<={}: {} runs, {} steps in {:.1f} s ({:.0f} runs/s, {:.2f} M "
        "steps/s){}, {} violations\n",
        profile->name, options.strategy, options.memory, spec.crashes, totals.runs, totals.steps,
        seconds, runs_per_second, steps_per_second / 1e6,
        !spec.is_exhaustive ? ""
        : totals.exhausted  ? fmt::format(", {} cut short, exhausted", totals.pruned)
                            : ", not exhausted",
        totals.violations);
    if (totals.out_of_budget != 0)
      fmt::print("  {} runs outgrew the simulator and say nothing\n", totals.out_of_budget);
    for (const auto& [problem, count] : totals.problems)
      fmt::print("  {}x, first seed {}: {}\n", count.first, count.second, problem);
  }
  return static_cast<int>(totals.worst);
}

Trace read_trace(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read the trace " + path);
  std::stringstream text;
  text << file.rdbuf();
  return trace_from_json(text.str());
}

int replay(const std::string& path) {
  const Trace trace = read_trace(path);
  ReplayStrategy strategy(trace.decisions);
  engine().record_decisions(true);
  const RunResult result = run_once(trace.spec, strategy);
  const auto& done = engine().decisions();
  if (done != trace.decisions) {
    const auto [a, b] =
        std::mismatch(done.begin(), done.end(), trace.decisions.begin(), trace.decisions.end());
    const Decision& d = b != trace.decisions.end() ? *b : *a;
    fmt::print("replay differs at decision {}: process {}, step {}\n", a - done.begin(), d.process,
               d.step);
    return exit_replay_differs;
  }
  if (result.hash != trace.result.hash || result.verdict != trace.result.verdict) {
    fmt::print("replay differs: verdict {} hash {:x}, the trace has {} {:x}\n",
               to_string(result.verdict), result.hash, to_string(trace.result.verdict),
               trace.result.hash);
    return exit_replay_differs;
  }
  fmt::print("replay agrees: {} after {} steps, {} decisions, hash {:x}\n{}\n",
             to_string(result.verdict), result.steps, done.size(), result.hash, result.problem);
  return 0;
}

int shrink_file(const std::string& path, const std::string& out) {
  const Trace trace = read_trace(path);
  const Trace smaller = shrink(trace);
  std::ofstream(out.empty() ? path : out) << to_json(smaller);
  fmt::print("{} decisions -> {}, {} steps -> {}\n{}\n", trace.decisions.size(),
             smaller.decisions.size(), trace.result.steps, smaller.result.steps,
             smaller.result.problem);
  return 0;
}

int explain(const std::string& path) {
  Trace trace = read_trace(path);
  trace.spec.keeps_log = true;
  ReplayStrategy strategy(trace.decisions);
  const RunResult result = run_once(trace.spec, strategy);
  fmt::print("{} slots, {} events from {}, {}, {} fences\n", setting.capacity, setting.events,
             setting.first, setting.stamped ? "stamped" : "packed",
             setting.portable_fences ? "portable" : "asymmetric");
  unsigned last = Engine::nobody;
  for (const LogLine& line : engine().log()) {
    if (line.process != last) fmt::print("{}\n", engine().name_of(line.process));
    last = line.process;
    fmt::print("{:{}}{}\n", "", 4 + 28 * (line.process % 4), line.text);
  }
  fmt::print("{}: {}\n", to_string(result.verdict), result.problem);
  return 0;
}

int list() {
  for (const Profile& profile : profiles())
    fmt::print("{:18} {} (deaths: {})\n", profile.name, profile.about, profile.crashes);
  return 0;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): without memory for a command line there is no going on
int main(int argc, char** argv) {
  CLI::App app{"The production code of disruptor-mp under deterministic simulation"};
  app.require_subcommand(1);
  RunOptions options;
  std::string path;
  std::string out;

  auto* list_command = app.add_subcommand("list", "the profiles");
  auto* run_command = app.add_subcommand("run", "run a profile for many seeds");
  run_command->add_option("--profile", options.profile, "see `dst list`");
  run_command->add_option("--seeds", options.seeds, "how many (1000, or as many as --time allows)");
  run_command->add_option("--from", options.from, "the first seed");
  run_command->add_option("--strategy", options.strategy,
                          "random, pct, dfs, swarm (random and pct)");
  run_command->add_option("--memory", options.memory, "sc, tso, weak");
  run_command->add_option("--crashes", options.crashes, "deaths per run at most");
  run_command->add_option("--time", options.time, "stop after this time, e.g. 10s");
  run_command->add_option("--out", options.out, "write traces of failures into this folder");
  run_command->add_option("--preemptions", options.preemptions, "dfs: at most so many");
  run_command->add_option("--stale-reads", options.stale_reads, "dfs: at most so many");
  run_command->add_flag("--keep-going", options.keep_going, "do not stop at the first violation");
  run_command->add_flag("--json", options.json, "print the result as JSON");
  unsigned jobs = 1;
  run_command->add_option("--jobs", jobs, "processes to use; 1 is the only one so far")
      ->check(CLI::Range(1, 1));
  auto* replay_command = app.add_subcommand("replay", "play a trace and compare it");
  auto* shrink_command = app.add_subcommand("shrink", "the same failure in fewer decisions");
  auto* explain_command = app.add_subcommand("explain", "play a trace and print every step");
  for (auto* command : {replay_command, shrink_command, explain_command})
    command->add_option("trace", path, "file that `dst run --out` wrote")->required();
  shrink_command->add_option("--out", out, "where to write the result (over the trace)");

  try {
    app.parse(argc, argv);
    if (*list_command) return list();
    if (*run_command) return run(options);
    if (*replay_command) return replay(path);
    if (*shrink_command) return shrink_file(path, out);
    if (*explain_command) return explain(path);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "dst: {}\n", error.what());
    return exit_usage;
  }
  return exit_usage;
}
