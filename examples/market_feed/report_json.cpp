// SPDX-License-Identifier: MIT OR Apache-2.0
#include <nlohmann/json.hpp>

#include "market_feed/analytics_json.hpp"
#include "market_feed/report.hpp"

namespace disruptor_mp::market_feed {
namespace {

using Json = nlohmann::json;

Json json_of(const LatencySummary& latency) {
  return {{"count", latency.count}, {"p50_ns", latency.p50},     {"p90_ns", latency.p90},
          {"p99_ns", latency.p99},  {"p99_9_ns", latency.p99_9}, {"max_ns", latency.max}};
}

Json json_of(const ProcessReport& process) {
  const auto rate = process.rate();
  return {{"role", process.role},
          {"kind", process.kind},
          {"events", process.events},
          {"missed", process.missed},
          {"busy_ns", process.busy_ns},
          {"events_per_second", rate ? Json(*rate) : Json(nullptr)},
          {"restarts", process.restarts},
          {"latency", process.latency ? json_of(*process.latency) : Json(nullptr)}};
}

Json json_of(const CheckReport& check) {
  return {{"what", check.what}, {"passed", check.passed}, {"detail", check.detail}};
}

template <typename Entry>
Json list_of(const std::vector<Entry>& entries) {
  Json list = Json::array();
  for (const auto& entry : entries) list.push_back(json_of(entry));
  return list;
}

}  // namespace

void to_json(Json& json, const RunReport& report) {
  json = {{"feed", report.feed},
          {"backend", report.backend},
          {"pace", report.pace},
          {"lines", report.lines},
          {"events", report.events},
          {"voids", report.voids},
          {"processes", list_of(report.processes)},
          {"analytics", report.analytics},
          {"checks", list_of(report.checks)},
          {"verdict", report.passed() ? "pass" : "fail"}};
}

}  // namespace disruptor_mp::market_feed
