// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <string>

#include "dmp_bench/summary.hpp"

namespace disruptor_mp::bench {
namespace {

/// 0.953; "n/a" where there is nothing to compare with.
std::string ratio(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f}", *value) : "n/a";
}

/// Nanoseconds in at most six characters.
std::string duration(std::uint64_t ns) {
  if (ns < 10'000) return fmt::format("{}", ns);
  if (ns < 10'000'000) return fmt::format("{:.0f}us", static_cast<double>(ns) / 1e3);
  return fmt::format("{:.0f}ms", static_cast<double>(ns) / 1e6);
}

std::string microseconds(const Histogram& histogram) {
  const auto us = [](std::uint64_t ns) { return (ns + 999) / 1000; };
  return fmt::format("{:>7} {:>7} {:>7} {:>7}", us(histogram.quantile(50, 100)),
                     us(histogram.quantile(90, 100)), us(histogram.quantile(99, 100)),
                     us(histogram.max()));
}

/// How far the figure may be trusted.
std::string marks(const CaseResult& result, const Measure& measure) {
  std::string marks;
  if (result.is_oversubscribed) marks += '!';
  if (measure.is_disturbed) marks += '*';
  return marks;
}

std::string percentiles(const Histogram& histogram) {
  return fmt::format("{:>6} {:>6} {:>6} {:>6}", duration(histogram.quantile(90, 100)),
                     duration(histogram.quantile(99, 100)), duration(histogram.quantile(999, 1000)),
                     duration(histogram.max()));
}

}  // namespace

void print_environment(const Environment& environment, const Ticks& ticks, const Load& load) {
  fmt::print(
      "date       {}\n"
      "cpu        {}, cores {}, {}\n"
      "kernel     {}, governor {}\n"
      "pages      {}\n"
      "compiler   {}, {}: {}\n"
      "clock      one read costs {:.0f} ns; only the percentiles contain it\n"
      "load       {:.2f} {:.2f} {:.2f} when it began\n",
      environment.date, environment.cpu, fmt::join(environment.cores, ","), environment.hypervisor,
      environment.kernel, environment.governor, environment.page_size, environment.compiler,
      environment.build_type, environment.flags, ticks.cost_ns(), load.averages[0],
      load.averages[1], load.averages[2]);
}

void print_header(Pattern pattern) {
  if (pattern == Pattern::ping_pong) {
    fmt::print("\n{:<18} {:<15} {:<5} {:>6} {:>5} {:>4}  {:>6} {:>6} {:>6} {:>6}  {}\n",
               "round trip, ns", "", "place", "typ", "ratio", "best", "p90", "p99", "p99.9", "max",
               "slices");
  } else {
    fmt::print("\n{:<18} {:<15} {:<5} {:>8} {:>5} {:>4}  {:>12}  {}\n", "stream, M events/s", "",
               "place", "rate", "ratio", "best", "CPU s/M", "slices");
  }
}

void print_case(const CaseResult& result) {
  const auto measures = measures_of(result);
  std::string name = result.work.name;
  for (const Measure& measure : measures) {
    const Contender& contender = result.work.contenders[measure.contender];
    const Comparison comparison = compare(result, measures, measure);
    const bool is_limit = contender.kind == Kind::limit;
    const std::string to_limit = is_limit ? "" : ratio(comparison.to_limit);
    const std::string to_best = is_limit ? "" : ratio(comparison.to_best);
    const std::string slices = fmt::format("{}{}", measure.slices, marks(result, measure));
    if (result.work.pattern == Pattern::ping_pong) {
      fmt::print("{:<18} {:<15} {:<5} {:>6.1f} {:>5} {:>4}  {}  {}\n", name, contender.label,
                 to_string(measure.placement), measure.figure, to_limit, to_best,
                 percentiles(measure.round_trips.single), slices);
    } else {
      fmt::print("{:<18} {:<15} {:<5} {:>8.1f} {:>5} {:>4}  {:>12.5f}  {}\n", name, contender.label,
                 to_string(measure.placement), measure.figure, to_limit, to_best,
                 measure.cpu_seconds_per_million, slices);
    }
    name.clear();
  }
  std::fflush(stdout);
}

void print_legend() {
  fmt::print(
      "\nratio: to the hand-written loop of the same layout; best: to the better of both layouts.\n"
      "Median of slices in the same placement of the two cores, without those in which a process\n"
      "lost its core (*: too few of those, so all). typ: median of groups of 32 round trips "
      "without a\n"
      "clock inside; percentiles: of single round trips, in all slices.\n"
      "!: more processes than cores, so they yield to each other: the ratio is of the work of all\n"
      "of them, scheduling included, and says nothing of how fast a line travels. typ: median of\n"
      "single round trips.\n");
}

void print_recovery_header() {
  fmt::print("\n{:<25} {:>6} {:>6}  {:<7} {:>7} {:>7} {:>7} {:>7}\n", "recovery, us", "bound",
             "deaths", "", "p50", "p90", "p99", "max");
}

void print_recovery(const Recovery& recovery) {
  fmt::print("{:<25} {:>6} {:>6}  noticed {}\n", recovery.situation.name,
             recovery.situation.bound.count(), recovery.noticed.count(),
             microseconds(recovery.noticed));
  const std::string remark =
      recovery.beyond != 0 ? fmt::format("  ! {} beyond the bound", recovery.beyond) : "";
  fmt::print("{:<39}  waitpid {}\n", "", microseconds(recovery.released));
  fmt::print("{:<39}  no core {}\n", remark, microseconds(recovery.queued));
  std::fflush(stdout);
}

void print_recovery_legend() {
  fmt::print(
      "\nFrom just before the kill(2) until the survivor was told, and until the parent's\n"
      "waitpid(2) was; no core: the part of the former in which the survivor was ready\n"
      "to run and had to wait for a core. The bound begins when the kernel releases the\n"
      "locks of the dead one. Beyond it: later than waitpid + bound + no core + {} us.\n"
      "  full-ring  a producer in publish; its gating consumer is killed\n"
      "  required   the same; its required consumer is killed (watcher: it looks on)\n"
      "  no-event   a consumer in wait_poll (or calling poll); its producer is killed\n"
      "  successor  in Producer::attach with a timeout; the producer is killed\n"
      "  same-id    in Consumer::attach with a timeout; the holder of its id is killed\n",
      slack.count());
}

}  // namespace disruptor_mp::bench
