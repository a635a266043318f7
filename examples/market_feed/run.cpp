// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <disruptor_mp/disruptor_mp.hpp>
#include <map>
#include <optional>

#include "market_feed/child.hpp"
#include "market_feed/columns.hpp"
#include "market_feed/error.hpp"
#include "market_feed/feed_generator.hpp"
#include "market_feed/journal_file.hpp"
#include "market_feed/role_stats.hpp"
#include "market_feed/roles.hpp"
#include "market_feed/verification.hpp"
#include "market_feed/work_dir.hpp"

namespace disruptor_mp::market_feed {
namespace {

constexpr std::array all_roles = {Role::gateway, Role::journal, Role::analytics, Role::monitor};

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

/// One of the four, over all its lives.
class Process {
 public:
  Process(Role role, RoleOptions options, std::vector<std::uint64_t> stops)
      : role_(role), options_(std::move(options)) {
    options_.stops = std::move(stops);
    start();
  }

  [[nodiscard]] Role role() const { return role_; }
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
        return fmt::format("killed {} (pid {}) at event {}, restarted as pid {}", name_of(role_),
                           pid, grouped(stop), child_->pid());
      }
      case Child::Change::failed:
      case Child::Change::killed:
        break;
    }
    throw Error({.object = std::string(name_of(role_)),
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

CheckReport check(std::string what, const std::optional<std::string>& difference) {
  return {.what = std::move(what), .passed = !difference, .detail = difference.value_or("")};
}

}  // namespace

RunReport run(const RunOptions& options) {
  hold_signals();
  const WorkDir work(options.work_dir);
  RoleOptions role_options;
  role_options.feed = options.feed;
  if (role_options.feed.empty()) {
    role_options.feed = work.path() / "generated.jsonl";
    options.progress(fmt::format("generating a feed of {} lines from seed {}",
                                 grouped(options.lines), options.seed));
    write_generated_feed(role_options.feed, {.seed = options.seed,
                                             .lines = options.lines,
                                             .between_lines = BetweenLines(end_if_asked)});
  }
  const FeedReaderOptions reader{.skip_bad_lines = options.skip_bad_lines,
                                 .between_lines = BetweenLines(end_if_asked)};
  options.progress("computing what must come out, in one process and without a ring");
  const Reference reference = reference_of(role_options.feed, reader);
  if (reference.counts.events() == 0) {
    throw Error({.object = role_options.feed.string(),
                 .found = "no quotes and no trades",
                 .expected = "at least one",
                 .remedy = "choose a feed with bookTicker or trade lines"});
  }

  role_options.ring = options.is_file_backed ? "file:" + (work.path() / "ring").string()
                                             : fmt::format("shm:market_feed-{}", getpid());
  role_options.work_dir = work.path();
  role_options.events = reference.counts.events();
  role_options.capacity = options.capacity;
  role_options.skip_bad_lines = options.skip_bad_lines;
  role_options.pace = options.pace;

  std::map<Role, std::vector<std::uint64_t>> stops;
  for (const KillOrder& kill : options.kills) {
    stops[kill.role].push_back(std::min(kill.due_at(role_options.events), role_options.events - 1));
  }

  RunReport report{.feed = options.feed.empty()
                               ? fmt::format("generated from seed {}", options.seed)
                               : options.feed.string(),
                   .backend = options.is_file_backed ? "file" : "shm",
                   .pace = options.pace.text(),
                   .lines = reference.counts.lines,
                   .events = role_options.events};
  std::vector<Process> processes;
  try {
    options.progress(
        fmt::format("starting gateway, journal, analytics and monitor on {}", role_options.ring));
    for (const Role role : {Role::monitor, Role::journal, Role::analytics, Role::gateway}) {
      processes.emplace_back(role, role_options, stops[role]);
    }
    tend_until_done(processes, role_options, options);
  } catch (...) {
    processes.clear();
    remove_ring(role_options.ring);
    throw;
  }

  options.progress("checking every byte");
  for (const Role role : all_roles) {
    const RoleStats stats(figures_file(role_options, role));
    const RoleFigures& figures = stats.figures();
    const auto process = std::ranges::find(processes, role, &Process::role);
    report.processes.push_back({.role = std::string(name_of(role)),
                                .kind = std::string(kind_of(role)),
                                .events = figures.events,
                                .busy_ns = figures.last_ns - figures.first_ns,
                                .restarts = process->restarts()});
    if (figures.latency.count() > 0) report.processes.back().latency = summary_of(figures.latency);
  }
  const auto analytics = Checkpoint<AnalyticsCheckpoint>(analytics_file(role_options), "analytic")
                             .load()
                             .value_or(AnalyticsCheckpoint{});
  const auto monitor = Checkpoint<MonitorState>(monitor_file(role_options), "monitor")
                           .load()
                           .value_or(MonitorState{});
  report.analytics = analytics.analytics;
  // How far each one came is known exactly; what a killed process had not yet written down of its
  // figures is not.
  const auto complete =
      JournalReader(journal_file(role_options), TornTail::ignore).complete_events();
  for (ProcessReport& process : report.processes) {
    if (process.role == name_of(Role::gateway)) process.events = role_options.events;
    if (process.role == name_of(Role::journal)) process.events = complete;
    if (process.role == name_of(Role::analytics)) process.events = analytics.next_sequence;
    if (process.role != name_of(Role::monitor)) continue;
    process.events = monitor.seen;
    process.missed = monitor.first_sequence + monitor.missed;
  }

  report.checks.push_back(check("the journal equals the feed's events byte for byte",
                                journal_difference(journal_file(role_options), role_options.feed,
                                                   role_options.events, reader)));
  report.checks.push_back(check("the analytics equal a plain computation",
                                analytics_difference(analytics.analytics, reference.analytics)));
  const bool monitor_was_killed =
      std::ranges::count(options.kills, Role::monitor, &KillOrder::role) > 0;
  report.checks.push_back(check(
      "the monitor saw the feed's events, and counted exactly what it missed",
      monitor_difference(monitor, WordPerEvent(sightings_file(role_options), role_options.events),
                         monitor_was_killed, role_options.feed, role_options.events, reader)));
  for (const Process& process : processes) {
    const std::size_t wanted = std::ranges::count(options.kills, process.role(), &KillOrder::role);
    if (wanted == 0) continue;
    report.checks.push_back(
        {.what = fmt::format("{} was killed and restarted as ordered", name_of(process.role())),
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
