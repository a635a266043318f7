// SPDX-License-Identifier: MIT OR Apache-2.0
#include "report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace disruptor_mp::kill {
namespace {

double milliseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

std::string outcome(int code) {
  switch (code) {
    case exit_pass:
      return "pass";
    case exit_progress:
      return "progress";
    case exit_unreached:
      return "unreached";
    default:
      return "safety";
  }
}

Tally sum_of(const Totals& totals) {
  Tally sum;
  for (const auto& [key, tally] : totals.tallies) {
    sum.kills += tally.kills;
    sum.in_place += tally.in_place;
    sum.violations += tally.violations;
    sum.recovery.merge(tally.recovery);
  }
  return sum;
}

nlohmann::ordered_json to_json(const Tally& tally) {
  return {{"kills", tally.kills},
          {"in_place", tally.in_place},
          {"violations", tally.violations},
          {"recovery_ns",
           {{"count", tally.recovery.count()},
            {"p50", tally.recovery.quantile(1, 2)},
            {"p99", tally.recovery.quantile(99, 100)},
            {"p999", tally.recovery.quantile(999, 1000)},
            {"max", tally.recovery.max()}}}};
}

void print_json(const Options& options, const Totals& totals) {
  nlohmann::ordered_json report = {
      {"profile", options.profile}, {"at", to_string(options.at)},
      {"seed", options.seed},       {"outcome", outcome(totals.code)},
      {"kills", totals.kills},      {"rounds", totals.rounds},
      {"seconds", totals.seconds},  {"violations", totals.evidence.violations}};
  report["events"] = {{"acknowledged", totals.evidence.acknowledged},
                      {"handled", totals.evidence.handled},
                      {"handled_again", totals.evidence.handled_again},
                      {"in_doubt", totals.evidence.in_doubt},
                      {"in_doubt_seen", totals.evidence.in_doubt_seen},
                      {"missed", totals.evidence.missed},
                      {"voids", totals.evidence.voids}};
  if (options.at == At::point) report["unmet"] = totals.unmet;
  report["all"] = to_json(sum_of(totals));
  report["places"] = nlohmann::ordered_json::array();
  for (const auto& [key, tally] : totals.tallies) {
    nlohmann::ordered_json row = {{"role", key.first}, {"place", key.second}};
    row.update(to_json(tally));
    report["places"].push_back(std::move(row));
  }
  fmt::print("{}\n", report.dump(2));
}

void print_row(const std::string& role, const std::string& place, const Tally& tally) {
  const Histogram& times = tally.recovery;
  if (times.count() == 0) {  // others died before everybody had recovered
    fmt::print("{:<10} {:<16} {:>8} {:>9} {:>11} {:>9} {:>8} {:>8}\n", role, place, tally.kills,
               tally.in_place, tally.violations, "-", "-", "-");
    return;
  }
  fmt::print("{:<10} {:<16} {:>8} {:>9} {:>11} {:>9.2f} {:>8.2f} {:>8.2f}\n", role, place,
             tally.kills, tally.in_place, tally.violations, milliseconds(times.quantile(1, 2)),
             milliseconds(times.quantile(99, 100)), milliseconds(times.max()));
}

}  // namespace

std::string to_string(At at) {
  switch (at) {
    case At::time:
      return "time";
    case At::stall:
      return "stall";
    case At::store:
      return "store";
    case At::instruction:
      return "instruction";
    case At::point:
      return "point";
  }
  return "unknown";
}

void print_report(const Options& options, const Totals& totals) {
  if (options.json) return print_json(options, totals);
  const evidence::Verdict& evidence = totals.evidence;
  const std::string what = options.at == At::stall ? "stops" : "kills";
  fmt::print("{:<10} {:<16} {:>8} {:>9} {:>11}   recovery (ms)\n", "role", "place", what,
             "in place", "violations");
  fmt::print("{:<58} {:>9} {:>8} {:>8}\n", "", "p50", "p99", "max");
  for (const auto& [key, tally] : totals.tallies) print_row(key.first, key.second, tally);
  print_row("all", "", sum_of(totals));
  fmt::print(
      "\n{}, at {}, seed {}: {} {} in {:.1f} s ({:.0f}/s), {} rounds\n"
      "events: {} acknowledged, {} handled, {} handled again, {} in doubt ({} seen), {} missed, {} "
      "voids\n",
      options.profile, to_string(options.at), options.seed, totals.kills, what, totals.seconds,
      static_cast<double>(totals.kills) / totals.seconds, totals.rounds, evidence.acknowledged,
      evidence.handled, evidence.handled_again, evidence.in_doubt, evidence.in_doubt_seen,
      evidence.missed, evidence.voids);
  for (const std::string& point : totals.unmet) fmt::print("never met: {}\n", point);
  for (const std::string& violation : evidence.violations) fmt::print("violation: {}\n", violation);
  fmt::print("{}\n", totals.code == exit_pass ? "PASS" : "FAIL " + outcome(totals.code));
}

}  // namespace disruptor_mp::kill
