// SPDX-License-Identifier: MIT OR Apache-2.0
#include "totals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>

#include "seed_strategies.hpp"

namespace disruptor_mp::sim {
namespace {

std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

bool has_several_producers(const Profile& profile) {
  Setting drawn;
  Random random(0);
  profile.draw(drawn, random);
  return drawn.producers > 1;
}

/// How the first seed of a problem can be run again.
nlohmann::ordered_json to_json(const std::string& problem, const Totals::Problem& p,
                               const SeedStrategies& strategies, std::uint64_t from) {
  return {{"problem", problem},
          {"count", p.count},
          {"seed", p.seed},
          {"run", (strategies.is_exhaustive() ? p.run : p.seed - from) + 1},
          {"strategy", strategies.name_of(p.seed)},
          {"verdict", to_string(static_cast<Verdict>(p.verdict))}};
}

void print_situations(const RunOptions& options, const Totals& totals) {
  std::string missing;
  std::size_t count = 0;
  for (std::size_t i = 0; i < situation_count; ++i) {
    const std::string_view name = to_string(static_cast<Situation>(i));
    if (options.shows_situations) fmt::print("  {:>10}  {}\n", totals.reached[i], name);
    if (totals.reached[i] != 0) {
      ++count;
    } else {
      missing += fmt::format("{}{}", missing.empty() ? "; not: " : "; ", name);
    }
  }
  fmt::print("  {} of {} situations reached{}\n", count, situation_count, missing);
}

}  // namespace

std::vector<Situation> unreached(const Profile& profile, const Totals& totals) {
  std::vector<Situation> missing;
  if (profile.promises.empty()) return missing;
  const auto add_unreached = [&](std::span<const Situation> promises) {
    std::copy_if(promises.begin(), promises.end(), std::back_inserter(missing),
                 [&](Situation s) { return totals.reached[static_cast<std::size_t>(s)] == 0; });
  };
  add_unreached(profile.promises);
  if (!has_several_producers(profile)) add_unreached(common_promises());
  return missing;
}

void Totals::add(std::uint64_t seed, const RunResult& result) {
  steps += result.steps;
  hash += mixed(result.hash + seed);
  for (std::size_t i = 0; i < situation_count; ++i) reached[i] += result.reached[i] ? 1 : 0;
  if (result.verdict == Verdict::pruned) {
    ++pruned;
  } else if (result.verdict == Verdict::budget) {
    ++out_of_budget;
  } else if (result.verdict != Verdict::pass) {
    ++violations;
    const Problem fresh{.seed = seed, .run = runs, .verdict = static_cast<int>(result.verdict)};
    ++problems.try_emplace(result.problem, fresh).first->second.count;
  }
  ++runs;
}

void Totals::add(const Totals& other) {
  runs += other.runs;
  steps += other.steps;
  pruned += other.pruned;
  violations += other.violations;
  out_of_budget += other.out_of_budget;
  exhausted += other.exhausted;
  hash += other.hash;
  for (std::size_t i = 0; i < situation_count; ++i) reached[i] += other.reached[i];
  for (const auto& [text, problem] : other.problems) {
    const auto [it, is_new] = problems.try_emplace(text, problem);
    if (is_new) continue;
    const std::uint64_t count = it->second.count + problem.count;
    if (problem.seed < it->second.seed) it->second = problem;
    it->second.count = count;
  }
}

const std::pair<const std::string, Totals::Problem>* Totals::first_problem() const {
  const auto it =
      std::min_element(problems.begin(), problems.end(),
                       [](const auto& a, const auto& b) { return a.second.seed < b.second.seed; });
  return it != problems.end() ? &*it : nullptr;
}

int Totals::worst() const {
  for (const auto& entry : problems) {
    if (entry.second.verdict == static_cast<int>(Verdict::safety)) return entry.second.verdict;
  }
  if (const auto* first = first_problem()) return first->second.verdict;
  const bool say_little = out_of_budget != 0 && out_of_budget * 100 >= runs;
  return static_cast<int>(say_little ? Verdict::budget : Verdict::pass);
}

std::string to_json(const Totals& totals) {
  nlohmann::json json = {{"runs", totals.runs},
                         {"steps", totals.steps},
                         {"violations", totals.violations},
                         {"out_of_budget", totals.out_of_budget},
                         {"pruned", totals.pruned},
                         {"exhausted", totals.exhausted},
                         {"hash", totals.hash},
                         {"reached", totals.reached},
                         {"problems", nlohmann::json::array()}};
  for (const auto& [text, p] : totals.problems)
    json["problems"].push_back({text, p.count, p.seed, p.run, p.verdict});
  // What a failing run says need not be text.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Totals totals_from_json(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  Totals totals;
  totals.runs = json.at("runs");
  totals.steps = json.at("steps");
  totals.violations = json.at("violations");
  totals.out_of_budget = json.at("out_of_budget");
  totals.pruned = json.at("pruned");
  totals.exhausted = json.at("exhausted");
  totals.hash = json.at("hash");
  totals.reached = json.at("reached");
  for (const auto& p : json.at("problems")) {
    totals.problems[p.at(0)] = {
        .count = p.at(1), .seed = p.at(2), .run = p.at(3), .verdict = p.at(4)};
  }
  return totals;
}

void print_report(const RunOptions& options, const RunSpec& spec, const Totals& totals,
                  double seconds) {
  const double runs_per_second = static_cast<double>(totals.runs) / seconds;
  const double steps_per_second = static_cast<double>(totals.steps) / seconds;
  if (options.json) {
    const SeedStrategies strategies(options.strategy, {});
    nlohmann::ordered_json json;
    json["profile"] = spec.profile->name;
    json["strategy"] = options.strategy;
    json["memory"] = options.memory;
    json["crashes"] = spec.crashes;
    json["from"] = options.from;
    json["jobs"] = options.jobs;
    json["runs"] = totals.runs;
    json["steps"] = totals.steps;
    json["seconds"] = seconds;
    json["runs_per_second"] = runs_per_second;
    json["steps_per_second"] = steps_per_second;
    json["hash"] = fmt::format("{:016x}", totals.hash);
    json["violations"] = totals.violations;
    json["out_of_budget"] = totals.out_of_budget;
    if (spec.is_exhaustive) {
      json["exhausted"] = totals.exhausted == options.jobs;
      json["pruned"] = totals.pruned;
    }
    auto problems = nlohmann::ordered_json::array();
    for (const auto& [text, problem] : totals.problems)
      problems.push_back(to_json(text, problem, strategies, options.from));
    json["problems"] = std::move(problems);
    for (std::size_t i = 0; i < situation_count; ++i)
      json["situations"][std::string(to_string(static_cast<Situation>(i)))] = totals.reached[i];
    std::cout << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    return;
  }
  fmt::print(
      "{} {} {} crashes<={}: {} runs, {} steps in {:.1f} s ({:.0f} runs/s, {:.2f} M steps/s){}, {} "
      "violations\n",
      spec.profile->name, options.strategy, options.memory, spec.crashes, totals.runs, totals.steps,
      seconds, runs_per_second, steps_per_second / 1e6,
      !spec.is_exhaustive                ? ""
      : totals.exhausted == options.jobs ? fmt::format(", {} cut short, exhausted", totals.pruned)
                                         : ", not exhausted",
      totals.violations);
  if (totals.out_of_budget != 0)
    fmt::print("  {} runs outgrew the simulator and say nothing\n", totals.out_of_budget);
  print_situations(options, totals);
  for (const auto& [text, problem] : totals.problems)
    fmt::print("  {}x, first seed {}: {}\n", problem.count, problem.seed, text);
}

}  // namespace disruptor_mp::sim
