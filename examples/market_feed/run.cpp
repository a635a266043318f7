// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <disruptor_mp/disruptor_mp.hpp>
#include <map>
#include <optional>
#include <utility>

#include "market_feed/child.hpp"
#include "market_feed/columns.hpp"
#include "market_feed/error.hpp"
#include "market_feed/feed_generator.hpp"
#include "market_feed/journal_file.hpp"
#include "market_feed/role_stats.hpp"
#include "market_feed/roles.hpp"
#include "market_feed/several_feeds.hpp"
#include "market_feed/verification.hpp"
#include "market_feed/work_dir.hpp"

namespace disruptor_mp::market_feed {
namespace {

std::string_view kind_of(Role role) {
  switch (role) {
    case Role::gateway:
      return "producer";
    case Role::journal:
      return "required";
    case Role::analytics:
      return "gating";
    case Role::monitor:
      return "observer";
  }
  return "";
}

/// One of the run's, over all its lives.
class Process {
 public:
  Process(Role role, RoleOptions options, std::vector<std::uint64_t> stops)
      : role_(role), options_(std::move(options)) {
    options_.stops = std::move(stops);
    start();
  }

  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] std::uint32_t index() const { return options_.index; }
  [[nodiscard]] std::string name() const { return process_name(role_, options_.index); }
  [[nodiscard]] std::uint32_t restarts() const { return restarts_; }
  [[nodiscard]] bool is_running() const { return child_->is_running(); }

  /// Kills and restarts it if it has come to one of its stops. @return what to tell people.
  std::optional<std::string> tend() {
    switch (child_->poll()) {
      case Child::Change::none:
      case Child::Change::exited:
        return std::nullopt;
      case Child::Change::stopped: {
        const std::uint64_t stop = *std::ranges::min_element(options_.stops);
        const int pid = child_->pid();
        child_->kill();
        options_.stops.erase(
            std::ranges::find(options_.stops, stop));  // one of them: it may be twice
        ++restarts_;
        start();
        return fmt::format("killed {} (pid {}) at event {}, restarted as pid {}", name(), pid,
                           grouped(stop), child_->pid());
      }
      case Child::Change::failed:
      case Child::Change::killed:
        break;
    }
    throw Error({.object = name(),
                 .found = "the process failed (its message is above)",
                 .expected = "an orderly end"});
  }

 private:
  void start() {
    std::vector<std::string> arguments = {"role",       std::string(name_of(role_)),
                                          "--ring",     options_.ring,
                                          "--feed",     options_.feed.string(),
                                          "--work-dir", options_.work_dir.string(),
                                          "--events",   std::to_string(options_.events),
                                          "--voids",    std::to_string(options_.voids),
                                          "--gateways", std::to_string(options_.gateways),
                                          "--index",    std::to_string(options_.index),
                                          "--capacity", std::to_string(options_.capacity),
                                          "--pace",     options_.pace.argument()};
    if (options_.skip_bad_lines) arguments.emplace_back("--skip-bad-lines");
    for (const std::uint64_t stop : options_.stops) {
      arguments.emplace_back("--stop-at");
      arguments.push_back(std::to_string(stop));
    }
    child_.emplace(arguments);
  }

  Role role_;
  RoleOptions options_;
  std::optional<Child> child_;
  std::uint32_t restarts_ = 0;
};

/// Removes the ring if a failed run has left it.
void remove_ring(const std::string& name) {
  const auto object = os::ObjectName::parse(name);
  if (auto ring = Segment::try_attach(object, SegmentRole::producer, EventType{}))
    ring->remove_if_unused();
}

bool ring_exists(const std::string& name) {
  return Segment::try_attach(os::ObjectName::parse(name), SegmentRole::inspector, EventType{})
      .has_value();
}

/// How many events are published, seen from outside and without disturbing anybody.
std::optional<std::uint64_t> published(const std::string& name) {
  const auto ring =
      Segment::try_attach(os::ObjectName::parse(name), SegmentRole::inspector, EventType{});
  if (!ring) return std::nullopt;
  return stream_position(*ring).published.value();
}

[[noreturn]] void end_as_asked() {
  throw Error({.object = "the run",
               .found = "a request to end",
               .expected = "the end of the feed",
               .remedy = "start it again; it goes through the whole feed each time"});
}

/// For the parts of a run that do not wait for children.
void end_if_asked() {
  if (is_asked_to_end()) end_as_asked();
}

void tend_until_done(std::vector<Process>& processes, const RoleOptions& options,
                     const RunOptions& run) {
  constexpr std::uint64_t progress_period_ns = 1'000'000'000;
  std::uint64_t next_progress = clock_ns() + progress_period_ns;
  while (std::ranges::any_of(processes, &Process::is_running)) {
    if (!wait_for_any_child(100)) end_as_asked();
    for (Process& process : processes) {
      if (const auto news = process.tend()) run.progress(*news);
    }
    if (clock_ns() < next_progress) continue;
    next_progress += progress_period_ns;
    if (const auto count = published(options.ring)) {
      run.progress(
          fmt::format("{} of {} events published", grouped(*count), grouped(options.events)));
    }
  }
}

/// The feeds of the run; generated where none are given: the first of futures, the next of spot.
Feeds feeds_of(const RunOptions& options, const std::filesystem::path& work_dir) {
  if (!options.feeds.empty()) return options.feeds;
  Feeds feeds;
  for (std::uint32_t i = 0; i < options.gateways; ++i) {
    const std::uint64_t seed = options.seed + i;
    feeds.push_back(work_dir /
                    (i == 0 ? "generated.jsonl" : fmt::format("generated-{}.jsonl", i + 1)));
    options.progress(
        fmt::format("generating a feed of {} lines from seed {}", grouped(options.lines), seed));
    write_generated_feed(feeds.back(), {.seed = seed,
                                        .lines = options.lines,
                                        .form = i % 2 == 0 ? FeedForm::usd_futures : FeedForm::spot,
                                        .between_lines = BetweenLines(end_if_asked)});
  }
  return feeds;
}

/// What the report calls them.
std::string name_of(const RunOptions& options) {
  if (options.feeds.empty()) {
    return options.gateways == 1 ? fmt::format("generated from seed {}", options.seed)
                                 : fmt::format("generated from seeds {} to {}", options.seed,
                                               options.seed + options.gateways - 1);
  }
  if (options.feeds.size() == 1) return options.feeds[0].string();
  std::string names;
  for (const auto& feed : options.feeds)
    names += (names.empty() ? "" : " + ") + feed.filename().string();
  return names;
}

CheckReport check(std::string what, const std::optional<std::string>& difference) {
  return {.what = std::move(what), .passed = !difference, .detail = difference.value_or("")};
}

}  // namespace

RunReport run(const RunOptions& options) {
  hold_signals();
  const WorkDir work(options.work_dir);
  RoleOptions role_options;
  const Feeds feeds = feeds_of(options, work.path());
  const bool has_several = feeds.size() > 1;
  const FeedReaderOptions reader{.skip_bad_lines = options.skip_bad_lines,
                                 .between_lines = BetweenLines(end_if_asked)};
  options.progress("computing what must come out, in one process and without a ring");
  const std::vector<Reference> references = references_of(feeds, reader);
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    if (references[i].counts.events() != 0) continue;
    throw Error({.object = feeds[i].string(),
                 .found = "no quotes and no trades",
                 .expected = "at least one",
                 .remedy = "choose a feed with bookTicker or trade lines"});
  }
  const Reference reference = sum_of(references);

  role_options.ring = options.is_file_backed ? "file:" + (work.path() / "ring").string()
                                             : fmt::format("shm:market_feed-{}", getpid());
  role_options.work_dir = work.path();
  role_options.events = reference.counts.events();
  role_options.capacity = options.capacity;
  role_options.feed = feeds[0];
  role_options.gateways = options.gateways;
  // Each life of one of several gateways leaves a mark, and at most one claim open.
  const std::size_t kills_of_gateways =
      std::ranges::count(options.kills, Role::gateway, &KillOrder::role);
  if (has_several) role_options.voids = 2 * (feeds.size() + kills_of_gateways);
  role_options.skip_bad_lines = options.skip_bad_lines;
  role_options.pace = options.pace;

  std::map<std::pair<Role, std::uint32_t>, std::vector<std::uint64_t>> stops;
  for (const KillOrder& kill : options.kills) {
    const std::uint64_t events =
        kill.index == 0 ? role_options.events : references[kill.index - 1].counts.events();
    stops[{kill.role, kill.index}].push_back(std::min(kill.due_at(events), events - 1));
  }

  RunReport report{.feed = name_of(options),
                   .backend = options.is_file_backed ? "file" : "shm",
                   .pace = options.pace.text(),
                   .lines = reference.counts.lines,
                   .events = role_options.events};
  std::vector<Process> processes;
  try {
    options.progress(fmt::format("starting {}, journal, analytics and monitor on {}",
                                 has_several ? fmt::format("{} gateways", feeds.size()) : "gateway",
                                 role_options.ring));
    for (const Role role : {Role::monitor, Role::journal, Role::analytics}) {
      processes.emplace_back(role, role_options, stops[{role, 0}]);
    }
    for (std::uint32_t i = 0; i < feeds.size(); ++i) {
      role_options.feed = feeds[i];
      role_options.index = has_several ? i + 1 : 0;
      processes.emplace_back(Role::gateway, role_options,
                             stops[{Role::gateway, role_options.index}]);
    }
    tend_until_done(processes, role_options, options);
  } catch (...) {
    processes.clear();
    remove_ring(role_options.ring);
    throw;
  }

  options.progress("checking every byte");
  std::ranges::stable_sort(processes, {}, &Process::role);
  const auto analytics = Checkpoint<AnalyticsCheckpoint>(analytics_file(role_options), "analytic")
                             .load()
                             .value_or(AnalyticsCheckpoint{});
  const auto monitor = Checkpoint<MonitorState>(monitor_file(role_options), "monitor")
                           .load()
                           .value_or(MonitorState{});
  report.analytics = in_order(analytics.analytics);
  const JournalReader journal(journal_file(role_options), TornTail::ignore);
  const std::uint64_t journalled = journal.count_events(journal.complete_events());
  report.voids = journal.complete_events() - journalled;
  for (const Process& process : processes) {
    const RoleStats stats(figures_file(role_options, process.role(), process.index()));
    const RoleFigures& figures = stats.figures();
    ProcessReport& one =
        report.processes.emplace_back(ProcessReport{.role = process.name(),
                                                    .kind = std::string(kind_of(process.role())),
                                                    .busy_ns = figures.last_ns - figures.first_ns,
                                                    .restarts = process.restarts()});
    if (figures.latency.count() > 0) one.latency = summary_of(figures.latency);
    // How far each one came is known exactly; what a killed process had not yet written down of its
    // figures is not.
    switch (process.role()) {
      case Role::gateway:
        one.events = references[has_several ? process.index() - 1 : 0].counts.events();
        break;
      case Role::journal:
        one.events = journalled;
        break;
      case Role::analytics:
        one.events = events_in(analytics.analytics);
        break;
      case Role::monitor:
        one.events = monitor.seen;
        one.missed = monitor.first_sequence + monitor.missed - report.voids;
        break;
    }
  }

  report.checks.push_back(
      has_several ? check("the journal, split by gateway, equals each feed's events byte for byte",
                          split_difference(journal_file(role_options), feeds, reader))
                  : check("the journal equals the feed's events byte for byte",
                          journal_difference(journal_file(role_options), feeds[0],
                                             references[0].counts.events(), reader)));
  report.checks.push_back(check("the analytics equal a plain computation",
                                analytics_difference(report.analytics, reference.analytics)));
  const std::uint64_t most_unsaved =
      std::ranges::count(options.kills, Role::monitor, &KillOrder::role) *
      std::min(ConsumerOptions{}.max_batch, options.capacity);
  const WordPerEvent sightings(sightings_file(role_options), most_sequences(role_options));
  report.checks.push_back(
      has_several
          ? check("the monitor saw events of the journal, and counted exactly what it missed",
                  monitor_difference_of_several(monitor, sightings, most_unsaved,
                                                journal_file(role_options)))
          : check("the monitor saw the feed's events, and counted exactly what it missed",
                  monitor_difference(monitor, sightings, most_unsaved, feeds[0],
                                     references[0].counts.events(), reader)));
  for (const Process& process : processes) {
    const std::size_t wanted = std::ranges::count_if(options.kills, [&](const KillOrder& kill) {
      return kill.role == process.role() && kill.index == process.index();
    });
    if (wanted == 0) continue;
    report.checks.push_back(
        {.what = fmt::format("{} was killed and restarted as ordered", process.name()),
         .passed = process.restarts() == wanted,
         .detail = process.restarts() == wanted
                       ? ""
                       : fmt::format("{} times instead of {}", process.restarts(), wanted)});
  }
  const bool is_left = ring_exists(role_options.ring);
  report.checks.push_back({.what = "nothing is left of the ring",
                           .passed = !is_left,
                           .detail = is_left ? role_options.ring + " still exists" : ""});
  if (is_left) remove_ring(role_options.ring);
  return report;
}

}  // namespace disruptor_mp::market_feed
