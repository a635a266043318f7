// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/summary.hpp"

#include <algorithm>

namespace disruptor_mp::bench {
namespace {

/// With fewer undisturbed slices than this the disturbed ones count too.
constexpr std::size_t enough_slices = 3;

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 != 0) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

double figure_of(Pattern pattern, const Sample& sample) {
  if (pattern == Pattern::ping_pong) return sample.typical_ns;
  return static_cast<double>(sample.events) * 1000 / static_cast<double>(sample.ns);
}

double cpu_seconds_per_million(const Sample& sample) {
  return static_cast<double>(sample.cpu_ns) / 1000 / static_cast<double>(sample.events);
}

}  // namespace

std::vector<Measure> measures_of(const CaseResult& result) {
  std::vector<Measure> measures;
  for (std::size_t contender = 0; contender < result.work.contenders.size(); ++contender) {
    for (const Placement placement : {Placement::near, Placement::far, Placement::mixed}) {
      std::vector<const Sample*> all;
      std::vector<const Sample*> undisturbed;
      for (const Sample& sample : result.samples) {
        if (sample.contender != contender || sample.placement != placement) continue;
        all.push_back(&sample);
        if (sample.preemptions == 0) undisturbed.push_back(&sample);
      }
      if (all.empty()) continue;
      Measure measure{
          .contender = contender,
          .placement = placement,
          .slices = all.size(),
          .preempted = all.size() - undisturbed.size(),
          .is_disturbed = undisturbed.size() < std::min(enough_slices, all.size()),
          .round_trips = result.round_trips[contender][static_cast<std::size_t>(placement)]};
      std::vector<double> figures;
      std::vector<double> cpu;
      for (const Sample* sample : measure.is_disturbed ? all : undisturbed) {
        figures.push_back(figure_of(result.work.pattern, *sample));
        cpu.push_back(cpu_seconds_per_million(*sample));
      }
      // Where processes wait for a core no group of round trips is without such a wait; single ones
      // are, and take so long there that reading the clock is nothing.
      measure.figure = result.is_oversubscribed && result.work.pattern == Pattern::ping_pong
                           ? static_cast<double>(measure.round_trips.single.quantile(1, 2))
                           : median(figures);
      measure.cpu_seconds_per_million = median(cpu);
      measures.push_back(measure);
    }
  }
  return measures;
}

Comparison compare(const CaseResult& result, const std::vector<Measure>& measures,
                   const Measure& measure) {
  const auto& contenders = result.work.contenders;
  const bool less_is_better = result.work.pattern == Pattern::ping_pong;
  Comparison comparison;
  std::optional<double> best;
  for (const Measure& other : measures) {
    const Contender& limit = contenders[other.contender];
    if (limit.kind != Kind::limit || other.placement != measure.placement) continue;
    if (limit.layout == contenders[measure.contender].layout) comparison.limit = other.figure;
    if (!best || (less_is_better ? other.figure < *best : other.figure > *best))
      best = other.figure;
  }
  if (!comparison.limit) comparison.limit = best;
  if (comparison.limit && *comparison.limit > 0)
    comparison.to_limit = measure.figure / *comparison.limit;
  if (best && *best > 0) comparison.to_best = measure.figure / *best;
  return comparison;
}

}  // namespace disruptor_mp::bench
