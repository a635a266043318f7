// SPDX-License-Identifier: MIT OR Apache-2.0
#include "night_log.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>

namespace disruptor_mp::sim {
namespace {

constexpr const char* format = "disruptor-mp night 1";

}  // namespace

std::uint64_t NightLog::runs() const {
  return std::accumulate(
      fields.begin(), fields.end(), std::uint64_t{0},
      [](std::uint64_t sum, const auto& field) { return sum + field.second.runs; });
}

NightLog read_night(const std::filesystem::path& file) try {
  NightLog log;
  std::ifstream text(file);
  if (!text) return log;
  const auto json = nlohmann::json::parse(text);
  if (json.at("format") != format)
    throw std::runtime_error(file.string() + " is of another format than '" + format + "'");
  log.rounds = json.at("rounds");
  log.slices = json.at("slices");
  log.seconds = json.at("seconds");
  for (const auto& [name, f] : json.at("fields").items()) {
    log.fields[name] = {.next = f.at("next"),
                        .runs = f.at("runs"),
                        .violations = f.at("violations"),
                        .out_of_budget = f.at("out_of_budget")};
  }
  for (const auto& [name, s] : json.at("searches").items())
    log.searches[name] = {.level = s.at("level"), .runs = s.at("runs"), .limit = s.at("limit")};
  for (const auto& [path, f] : json.at("findings").items()) {
    log.findings[path] = {.count = f.at("count"),
                          .seed = f.at("seed"),
                          .verdict = f.at("verdict"),
                          .profile = f.at("profile"),
                          .strategy = f.at("strategy"),
                          .memory = f.at("memory"),
                          .problem = f.at("problem")};
  }
  // By name: the next release may know others.
  for (std::size_t i = 0; i < situation_count; ++i) {
    const std::string name(to_string(static_cast<Situation>(i)));
    log.reached[i] = json.at("situations").value(name, std::uint64_t{0});
  }
  return log;
} catch (const nlohmann::json::exception& error) {
  throw std::runtime_error(file.string() +
                           " cannot be read (begin anew with --anew): " + error.what());
}

void write_night(const NightLog& log, const std::filesystem::path& file) {
  nlohmann::ordered_json json = {{"format", format},
                                 {"rounds", log.rounds},
                                 {"slices", log.slices},
                                 {"seconds", log.seconds},
                                 {"fields", nlohmann::ordered_json::object()},
                                 {"searches", nlohmann::ordered_json::object()},
                                 {"findings", nlohmann::ordered_json::object()}};
  for (const auto& [name, f] : log.fields) {
    json["fields"][name] = {{"next", f.next},
                            {"runs", f.runs},
                            {"violations", f.violations},
                            {"out_of_budget", f.out_of_budget}};
  }
  for (const auto& [name, s] : log.searches)
    json["searches"][name] = {{"level", s.level}, {"runs", s.runs}, {"limit", s.limit}};
  for (const auto& [path, f] : log.findings) {
    json["findings"][path] = {{"count", f.count},       {"seed", f.seed},
                              {"verdict", f.verdict},   {"profile", f.profile},
                              {"strategy", f.strategy}, {"memory", f.memory},
                              {"problem", f.problem}};
  }
  for (std::size_t i = 0; i < situation_count; ++i)
    json["situations"][std::string(to_string(static_cast<Situation>(i)))] = log.reached[i];
  const std::filesystem::path fresh = file.string() + ".fresh";
  {
    std::ofstream text(fresh);
    text << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    if (!text.flush()) throw std::runtime_error("cannot write " + fresh.string());
  }
  std::filesystem::rename(fresh, file);
}

}  // namespace disruptor_mp::sim
