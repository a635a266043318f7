// SPDX-License-Identifier: MIT OR Apache-2.0
#include "trace_file.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace disruptor_mp::sim {
namespace {

constexpr std::array<std::string_view, 3> mode_names = {"sc", "tso", "weak"};
constexpr std::array<std::string_view, 7> choice_names = {"run",  "resume",   "read",      "kill",
                                                          "keep", "spurious", "write back"};

template <std::size_t N>
std::size_t index_of(const std::array<std::string_view, N>& names, const std::string& name) {
  const auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) throw std::runtime_error("the trace has an unknown word '" + name + "'");
  return static_cast<std::size_t>(it - names.begin());
}

/// Strictly: a number that does not fit would be another one.
template <class Number>
Number number(const nlohmann::json& json, const std::string& what,
              std::uint64_t most = std::numeric_limits<Number>::max()) {
  if (!json.is_number_unsigned() || json.get<std::uint64_t>() > most) {
    throw std::runtime_error("the trace's " + what + " is " + json.dump() +
                             ", which is no whole number from 0 to " + std::to_string(most));
  }
  return json.get<Number>();
}

}  // namespace

std::string_view to_string(MemoryMode mode) noexcept {
  return mode_names[static_cast<std::size_t>(mode)];
}

std::string to_json(const Trace& trace) {
  nlohmann::ordered_json json;
  json["format"] = "disruptor-mp simulation trace 1";
  json["profile"] = trace.spec.profile->name;
  json["seed"] = trace.spec.seed;
  json["memory"] = to_string(trace.spec.memory);
  json["crashes"] = trace.spec.crashes;
  json["exhaustive"] = trace.spec.is_exhaustive;
  json["verdict"] = to_string(trace.result.verdict);
  json["problem"] = trace.result.problem;
  json["steps"] = trace.result.steps;
  json["hash"] = trace.result.hash;
  auto decisions = nlohmann::ordered_json::array();
  for (const Decision& d : trace.decisions) {
    decisions.push_back(
        {d.process, d.step, choice_names[static_cast<std::size_t>(d.choice)], d.pick});
  }
  json["decisions"] = std::move(decisions);
  return json.dump() + "\n";
}

Trace trace_from_json(const std::string& text) try {
  const auto json = nlohmann::json::parse(text);
  Trace trace;
  const auto profile = json.at("profile").get<std::string>();
  trace.spec.profile = find_profile(profile);
  if (trace.spec.profile == nullptr)
    throw std::runtime_error("the trace is of profile '" + profile + "', which does not exist");
  trace.spec.seed = number<std::uint64_t>(json.at("seed"), "seed");
  trace.spec.memory = static_cast<MemoryMode>(index_of(mode_names, json.at("memory")));
  trace.spec.crashes = number<unsigned>(json.at("crashes"), "number of deaths");
  trace.spec.is_exhaustive = json.at("exhaustive");
  for (const Verdict v : {Verdict::pass, Verdict::safety, Verdict::progress, Verdict::budget}) {
    if (json.at("verdict") == to_string(v)) trace.result.verdict = v;
  }
  trace.result.problem = json.at("problem");
  trace.result.steps = number<std::uint32_t>(json.at("steps"), "number of steps");
  trace.result.hash = number<std::uint64_t>(json.at("hash"), "hash");
  for (const auto& d : json.at("decisions")) {
    trace.decisions.push_back(
        {.process = number<std::uint8_t>(d.at(0), "process of a decision", max_processes - 1),
         .choice = static_cast<Choice>(index_of(choice_names, d.at(2))),
         .pick = number<std::uint16_t>(d.at(3), "pick of a decision"),
         .step = number<std::uint32_t>(d.at(1), "step of a decision")});
  }
  return trace;
} catch (const nlohmann::json::exception& error) {
  throw std::runtime_error(std::string("the trace cannot be read: ") + error.what());
}

}  // namespace disruptor_mp::sim
