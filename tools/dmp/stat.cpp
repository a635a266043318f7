// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dmp stat: what the participants of one ring have counted, how fast they are, and who holds whom
// up.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/tally.hpp"
#include "disruptor_mp/segment/segment.hpp"
#include "json_output.hpp"
#include "look.hpp"
#include "option_values.hpp"
#include "report.hpp"
#include "ring_facts.hpp"
#include "stop_signal.hpp"
#include "table.hpp"
#include "terminal.hpp"

namespace disruptor_mp::tool {
namespace {

using namespace std::chrono_literals;

struct StatOptions {
  std::string ring;
  std::optional<Duration> interval;
  bool watches = false;
  bool shows_all = false;
  bool json = false;
};

// --- What is printed

std::string short_number(double value) {
  constexpr const char* units[] = {"", " k", " M", " G", " T", " P"};
  std::size_t unit = 0;
  for (; value >= 9999.5 && unit + 1 < std::size(units); ++unit) value /= 1000;
  if (unit == 0) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}{}", value, value < 100 ? 1 : 0, units[unit]);
}

std::string short_time(std::uint64_t ns) {
  const auto value = static_cast<double>(ns);
  if (value < 1e3) return fmt::format("{} ns", ns);
  if (value < 1e6) return fmt::format("{:.1f} us", value / 1e3);
  if (value < 1e9) return fmt::format("{:.1f} ms", value / 1e6);
  return fmt::format("{:.1f} s", value / 1e9);
}

std::string rate_text(std::optional<double> rate) { return rate ? short_number(*rate) : "-"; }

std::string counter_text(const Member& member, CounterId id, bool is_time = false) {
  if (!member.counters) return "-";
  const std::uint64_t value = (*member.counters)[id];
  return is_time ? short_time(value) : short_number(static_cast<double>(value));
}

Tone state_tone(const Participant& who) {
  return who.has_closed ? Tone::plain : tool::tone_of(who.presence);
}

void print_producers(const Look& now, const Look& then, const Style& style) {
  using Align = Table::Align;
  Table table({{"PRODUCER"},
               {"STATE"},
               {"EVENTS", Align::right},
               {"RATE/s", Align::right},
               {"FULL", Align::right},
               {"BLOCKED", Align::right},
               {"WAKES", Align::right}});
  for (const Member& member : now.members) {
    if (!member.is_producer()) continue;
    table.add({{printable(member.who.id)},
               {state_text(member.who), state_tone(member.who)},
               {counter_text(member, CounterId::events_published)},
               {rate_text(rate_of(member, then, now.time))},
               {counter_text(member, CounterId::producer_full_events)},
               {counter_text(member, CounterId::producer_blocked_ns, true)},
               {counter_text(member, CounterId::producer_wake_ups_sent)}});
  }
  fmt::print("{}", table.text(style));
}

void print_consumers(const Look& now, const Look& then, const Style& style) {
  using Align = Table::Align;
  Table table({{"CONSUMER"},
               {"KIND"},
               {"STATE"},
               {"EVENTS", Align::right},
               {"RATE/s", Align::right},
               {"LAG", Align::right},
               {"MAX", Align::right},
               {"HELD UP", Align::right}});
  for (const Member& member : now.members) {
    if (member.is_producer()) continue;
    table.add({{printable(member.who.id)},
               {std::string(disruptor_mp::to_string(member.who.kind))},
               {state_text(member.who), state_tone(member.who)},
               {counter_text(member, CounterId::events_consumed)},
               {rate_text(rate_of(member, then, now.time))},
               {std::to_string(lag(member.who, now.position.published).value_or(0))},
               {counter_text(member, CounterId::consumer_lag_max)},
               {counter_text(member, CounterId::consumer_held_up_ns, true)}});
  }
  fmt::print("\n{}", table.text(style));
}

void print_counters(const Look& now, const Style& style) {
  for (const Member& member : now.members) {
    if (!member.counters) continue;
    fmt::print("\n{}\n", style.paint(Tone::strong, printable(member.who.id)));
    Table table({{"counter"}, {"", Table::Align::right}}, 2);
    for (const CounterValue& value : member.counters->values)
      table.add({{printable(value.name)}, {std::to_string(value.value)}});
    fmt::print("{}", table.text(style));
  }
}

Tone weight_tone(Finding::Weight weight) {
  return weight == Finding::Weight::bad ? Tone::bad : Tone::warning;
}

void print_findings(const Look& now, const Style& style) {
  const auto findings = findings_of(now);
  fmt::print("\n");
  if (findings.empty()) fmt::print("{}\n", style.paint(Tone::good, "nobody is held up"));
  for (const Finding& finding : findings) {
    std::string text = wrap(finding.text, 2);
    text.replace(0, 1, style.paint(weight_tone(finding.weight), "!"));
    fmt::print("{}", text);
  }
}

void print_look(const Look& now, const Look& then, const StatOptions& options) {
  const Style style(STDOUT_FILENO);
  const std::uint64_t unread = now.position.published - now.position.oldest;
  fmt::print("{}  {}, {} published, {} of {} slots hold events\n\n",
             style.paint(Tone::strong, printable(now.name)), disruptor_mp::to_string(now.state),
             now.position.published.value(), std::min(unread, now.capacity), now.capacity);
  print_producers(now, then, style);
  print_consumers(now, then, style);
  const bool counts = std::any_of(now.members.begin(), now.members.end(),
                                  [](const Member& member) { return member.counters.has_value(); });
  if (!counts && !now.members.empty()) fmt::print("\nthis ring was made without counters\n");
  if (options.shows_all) print_counters(now, style);
  print_findings(now, style);
}

// --- The same for machines

Json member_json(const Member& member, const Look& now, const Look& then) {
  Json json = to_json(member.who, now.position.published);
  const auto rate = rate_of(member, then, now.time);
  json["rate_per_second"] = rate ? Json(*rate) : Json();
  if (!member.counters) {
    json["counters"] = nullptr;
    return json;
  }
  Json counters = Json::object();
  Json own = Json::array();
  for (const CounterValue& value : member.counters->values) {
    if (value.kind == CounterKind::any) {
      own.push_back({{"id", value.id}, {"label", value.name}, {"value", value.value}});
    } else {
      counters[value.name] = value.value;
    }
  }
  json["counters"] = counters;
  json["user_counters"] = own;
  if (!member.is_producer()) json["batches"] = member.counters->batches;
  const std::uint64_t time = to_ns(now.time);
  const auto since = [time](std::uint64_t ns) {
    return time > ns ? static_cast<double>(time - ns) / 1e9 : 0;
  };
  json["seconds_since_progress"] =
      member.counters->last_progress_ns ? Json(since(*member.counters->last_progress_ns)) : Json();
  if (member.is_producer()) {
    Json blocked;
    if (const auto& blockage = member.counters->blockage; blockage && member.is_there()) {
      blocked = {{"seconds", since(blockage->since_ns)}, {"by", nullptr}};
      for (const Member& other : now.members) {
        if (blockage->row == other.who.row) blocked["by"] = printable(other.who.id);
      }
    }
    json["blocked"] = blocked;
  }
  return json;
}

Json look_json(const Look& now, const Look& then) {
  Json members = Json::array();
  for (const Member& member : now.members) members.push_back(member_json(member, now, then));
  Json findings = Json::array();
  for (const Finding& finding : findings_of(now)) {
    findings.push_back({{"weight", name_of(finding.weight)},
                        {"participant", printable(finding.participant)},
                        {"text", finding.text}});
  }
  return {{"name", now.name},
          {"seconds", std::chrono::duration<double>(now.time - then.time).count()},
          {"producer", disruptor_mp::to_string(now.state)},
          {"capacity", now.capacity},
          {"published", now.position.published.value()},
          {"oldest", now.position.oldest.value()},
          {"closed", now.position.is_closed},
          {"participants", members},
          {"findings", findings}};
}

// --- Looking

/// Waits, unless somebody interrupts. @return whether the time is over.
bool pause(Duration time, const StopSignal& stop) {
  const TimePoint until = os::now() + time;
  while (stop.received() == 0) {
    const TimePoint now = os::now();
    if (now >= until) return true;
    os::sleep_until(std::min(until, now + 50ms));
  }
  return false;
}

void show(const Look& now, const Look& then, const StatOptions& options) {
  if (options.json) {
    print_json(stdout, look_json(now, then));
  } else {
    if (options.watches && is_terminal(STDOUT_FILENO)) fmt::print("\x1b[H\x1b[2J");
    print_look(now, then, options);
    if (options.watches && !is_terminal(STDOUT_FILENO)) fmt::print("\n");
  }
  std::fflush(stdout);
}

ExitCode run_stat(const StatOptions& options) {
  const StopSignal stop;
  const Segment segment = Segment::attach(os::ObjectName::parse(options.ring),
                                          SegmentRole::inspector, EventType{}, os::now());
  const Duration interval = options.interval.value_or(options.watches ? 1s : 250ms);
  Look then = look_at(segment);
  if (interval == Duration::zero()) {
    show(then, then, options);
    return ExitCode::ok;
  }
  while (pause(interval, stop)) {
    Look now = look_at(segment);
    show(now, then, options);
    if (!options.watches) return ExitCode::ok;
    if (!segment.object().is_named()) {
      warn(options.ring + ": the ring has been removed; this was the last look", options.json);
      return ExitCode::ok;
    }
    if (std::ferror(stdout) != 0) return ExitCode::ok;  // the reader has gone; told by the caller
    then = std::move(now);
  }
  return exit_code_of_signal(stop.received());
}

constexpr const char* stat_notes =
    "Examples:\n"
    "  dmp stat quotes\n"
    "  dmp stat quotes --watch\n"
    "  dmp stat file:/var/tmp/ring --all\n"
    "  dmp stat quotes --json --interval 2s\n"
    "\n"
    "Looks twice, TIME apart (0.25 s; with --watch 1 s), and says how fast everybody\n"
    "was in between; then who is held up, and by whom. Looking changes nothing and\n"
    "holds nobody up.\n"
    "FULL: publishes that found no room; BLOCKED: the time they waited; WAKES: others\n"
    "woken. LAG: published and not read; MAX: the largest ever at the beginning of a\n"
    "batch; HELD UP: how long producers waited because of this consumer. Counters\n"
    "outlive their process. Observers leave no trace in a ring and are not shown.\n"
    "\n";

}  // namespace

void add_stat(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<StatOptions>();
  CLI::App& command =
      *app.add_subcommand("stat", "rates and counters of one ring, and who is slow");
  command.add_option("NAME", options->ring, "ring: NAME, shm:NAME or file:PATH")->required();
  command.add_flag("--watch", options->watches, "again and again, until the ring is removed");
  command.add_flag("--all", options->shows_all, "every counter of every participant");
  add_duration(command, "--interval", options->interval,
               "between two looks; 0: one look, no rates");
  command.add_flag("--json", options->json, "one JSON object a line");
  command.footer(std::string(stat_notes) + exit_code_help);
  command.callback([options, &invocation] {
    invocation.json = options->json;
    invocation.run = [options] { return run_stat(*options); };
  });
}

}  // namespace disruptor_mp::tool
