// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/json.hpp"

#include <unistd.h>

#include <chrono>
#include <string_view>

#include "dmp_bench/summary.hpp"

namespace disruptor_mp::bench {
namespace {

using Json = nlohmann::ordered_json;

std::string_view name_of(Pattern pattern) {
  return pattern == Pattern::ping_pong ? "ping-pong" : "stream";
}
std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::limit:
      return "limit";
    case Kind::library:
      return "library";
    case Kind::boost_lockfree:
    case Kind::boost_message_queue:
      break;
  }
  return "peer";
}
std::string_view name_of(Storage storage) { return storage == Storage::shm ? "shm" : "file"; }
std::string_view name_of(format::SlotLayout layout) {
  return layout == format::SlotLayout::packed ? "packed" : "stamped";
}
std::string_view name_of(WaitStrategy::Kind kind) {
  switch (kind) {
    case WaitStrategy::Kind::busy_spin:
      return "busy_spin";
    case WaitStrategy::Kind::spin_with_hint:
      return "spin_with_hint";
    case WaitStrategy::Kind::spin_then_yield:
      return "spin_then_yield";
    case WaitStrategy::Kind::sleep:
      return "sleep";
    case WaitStrategy::Kind::custom:
      return "custom";
    case WaitStrategy::Kind::block:
      break;
  }
  return "block";
}

Json to_json(const Settings& settings) {
  return {{"rounds", settings.rounds},
          {"seconds_per_contender", settings.seconds},
          {"slice_ms", settings.slice_ms},
          {"near_below_ns", settings.thresholds.near_below},
          {"far_above_ns", settings.thresholds.far_above},
          {"file_directory", settings.file_directory}};
}

Json to_json(const Load& load) {
  return {{"load_average", load.averages}, {"steal_seconds_since_boot", load.steal_seconds}};
}

Json to_json(const Environment& environment) {
  return {{"date", environment.date},
          {"cpu", environment.cpu},
          {"cores", environment.cores},
          {"hypervisor", environment.hypervisor},
          {"kernel", environment.kernel},
          {"governor", environment.governor},
          {"page_size", environment.page_size},
          {"compiler", environment.compiler},
          {"build_type", environment.build_type},
          {"flags", environment.flags}};
}

Json optional_number(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json percentiles(const Histogram& histogram) {
  return {{"count", histogram.count()},
          {"p50", histogram.quantile(50, 100)},
          {"p90", histogram.quantile(90, 100)},
          {"p99", histogram.quantile(99, 100)},
          {"p99_9", histogram.quantile(999, 1000)},
          {"p99_99", histogram.quantile(9999, 10'000)},
          {"max", histogram.max()}};
}

Json to_json(const Sample& sample) {
  Json json = {{"round", sample.round},
               {"placement", to_string(sample.placement)},
               {"calibration_ns", {sample.before_ns, sample.after_ns}},
               {"events", sample.events},
               {"ns", sample.ns},
               {"cpu_ns", sample.cpu_ns},
               {"preemptions", sample.preemptions}};
  if (sample.typical_ns != 0) json["typical_round_trip_ns"] = sample.typical_ns;
  return json;
}

Json to_json(const CaseResult& result, const std::vector<Measure>& measures,
             const Measure& measure) {
  const bool is_ping_pong = result.work.pattern == Pattern::ping_pong;
  const Comparison comparison = compare(result, measures, measure);
  Json json = {
      {"placement", to_string(measure.placement)},
      {"slices", measure.slices},
      {"preempted_slices", measure.preempted},
      {"disturbed", measure.is_disturbed},
      {is_ping_pong ? "typical_round_trip_ns" : "million_events_per_second", measure.figure},
      {"cpu_seconds_per_million_events", measure.cpu_seconds_per_million}};
  if (result.work.contenders[measure.contender].kind == Kind::library) {
    json["ratio_to_limit"] = optional_number(comparison.to_limit);
    json["ratio_to_best_limit"] = optional_number(comparison.to_best);
  }
  if (is_ping_pong) json["round_trip_ns"] = percentiles(measure.round_trips.single);
  return json;
}

Json to_json(const CaseResult& result) {
  const Case& work = result.work;
  Json contenders = Json::array();
  const auto measures = measures_of(result);
  for (std::size_t i = 0; i < work.contenders.size(); ++i) {
    const Contender& contender = work.contenders[i];
    Json summaries = Json::array();
    for (const Measure& measure : measures) {
      if (measure.contender == i) summaries.push_back(to_json(result, measures, measure));
    }
    Json samples = Json::array();
    for (const Sample& sample : result.samples) {
      if (sample.contender == i) samples.push_back(to_json(sample));
    }
    contenders.push_back({{"label", contender.label},
                          {"kind", name_of(contender.kind)},
                          {"layout", name_of(contender.layout)},
                          {"storage", name_of(contender.storage)},
                          {"wait", name_of(contender.wait.kind())},
                          {"counters", contender.counters},
                          {"summaries", std::move(summaries)},
                          {"samples", std::move(samples)}});
  }
  return {{"name", work.name},
          {"pattern", name_of(work.pattern)},
          {"event_size", work.event_size},
          {"batch", work.batch},
          {"producers", work.producers},
          {"consumers", work.consumers},
          {"capacity", work.capacity},
          {"oversubscribed", result.is_oversubscribed},
          {"contenders", std::move(contenders)}};
}

Json to_json(const Recovery& recovery) {
  return {{"name", recovery.situation.name},
          {"wait", name_of(recovery.situation.wait.kind())},
          {"bound_ns", std::chrono::nanoseconds(recovery.situation.bound).count()},
          {"noticed_ns", percentiles(recovery.noticed)},
          {"waitpid_ns", percentiles(recovery.released)},
          {"without_core_ns", percentiles(recovery.queued)},
          {"beyond_bound", recovery.beyond}};
}

}  // namespace

nlohmann::ordered_json to_json(const Run& run) {
  Json cases = Json::array();
  for (const CaseResult& result : run.results) cases.push_back(to_json(result));
  Json recoveries = Json::array();
  for (const Recovery& recovery : run.recoveries) recoveries.push_back(to_json(recovery));
  return {{"process", getpid()},
          {"environment", to_json(run.environment)},
          {"settings", to_json(run.settings)},
          {"clock_read_ns", run.clock_read_ns},
          {"before", to_json(run.load_before)},
          {"after", to_json(run.load_after)},
          {"seconds", run.seconds},
          {"cases", std::move(cases)},
          {"recovery", std::move(recoveries)}};
}

}  // namespace disruptor_mp::bench
