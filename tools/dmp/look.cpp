// SPDX-License-Identifier: MIT OR Apache-2.0
#include "look.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/tally.hpp"
#include "ring_facts.hpp"
#include "table.hpp"

namespace disruptor_mp::tool {
namespace {

using Presence = Participant::Presence;
using Weight = Finding::Weight;

std::string who(const Member& member) {
  return fmt::format("{} ({}, {}, pid {})", printable(member.who.id),
                     disruptor_mp::to_string(member.who.kind), state_text(member.who),
                     member.who.process.pid);
}

const Member* find_row(const Look& look, std::optional<std::uint32_t> row) {
  for (const Member& member : look.members) {
    if (row == member.who.row) return &member;
  }
  return nullptr;
}

std::string events(std::uint64_t n) { return n == 1 ? "1 event" : fmt::format("{} events", n); }

/// A producer that waits for room just now.
void add_blocked(const Look& look, const Member& producer, std::vector<Finding>& findings) {
  if (!producer.is_there() || !producer.counters || !producer.counters->blockage) return;
  const Blockage& blockage = *producer.counters->blockage;
  const std::uint64_t now = to_ns(look.time);
  const double seconds =
      now > blockage.since_ns ? static_cast<double>(now - blockage.since_ns) / 1e9 : 0;
  std::string text = fmt::format("{} has waited {:.1f} s for room", who(producer), seconds);
  const Member* const slowest = find_row(look, blockage.row);
  if (slowest == nullptr || !slowest->who.gates) {
    text += "; nobody who would make any is attached";
  } else {
    const auto behind = lag(slowest->who, look.position.published);
    text +=
        fmt::format(", for {}, which has not read {}", who(*slowest), events(behind.value_or(0)));
  }
  findings.push_back({.weight = Weight::bad, .participant = producer.who.id, .text = text});
}

void add_consumer(const Look& look, const Member& consumer, std::vector<Finding>& findings) {
  const std::uint64_t behind = lag(consumer.who, look.position.published).value_or(0);
  const auto add = [&](Weight weight, std::string text) {
    findings.push_back({.weight = weight,
                        .participant = consumer.who.id,
                        .text = who(consumer) + std::move(text)});
  };
  if (!consumer.is_there()) {
    if (consumer.who.kind == format::RowKind::required && consumer.who.gates) {
      add(Weight::bad,
          fmt::format(" is away, and {} kept for it; start it again, or let it resign",
                      behind == 1 ? "1 event is" : fmt::format("{} events are", behind)));
    } else if (consumer.who.presence == Presence::dead && consumer.who.gates) {
      add(Weight::warning, " has died; producers go on as soon as one needs the room");
    }
    return;
  }
  if (consumer.who.presence == Presence::stopped) {
    add(behind == 0 ? Weight::warning : Weight::bad,
        fmt::format(" is stopped by a signal or a debugger, {} behind", events(behind)));
  } else if (behind > look.capacity / 2) {
    add(Weight::warning,
        fmt::format(" is slow: {} behind, of {} slots", events(behind), look.capacity));
  }
}

}  // namespace

std::uint64_t Member::events() const noexcept {
  if (!counters) return 0;
  return (*counters)[is_producer() ? CounterId::events_published : CounterId::events_consumed];
}

Look look_at(const Segment& segment) {
  Look look{.name = segment.name(),
            .capacity = segment.shape().capacity,
            .time = os::now(),
            .position = stream_position(segment),
            .members = {}};
  const auto participants = list_participants(segment);
  look.state = stream_state(segment, participants);
  for (const Participant& participant : participants)
    look.members.push_back({.who = participant, .counters = read_counters(segment, participant)});
  // The consumers' cursors were read later: none is to seem ahead of the stream.
  look.position = stream_position(segment);
  return look;
}

std::optional<double> rate_of(const Member& now, const Look& then, TimePoint time) {
  const Member* const before = find_row(then, now.who.row);
  const double seconds = std::chrono::duration<double>(time - then.time).count();
  if (before == nullptr || !now.counters || !before->counters || before->who.id != now.who.id ||
      seconds <= 0 || now.events() < before->events()) {
    return std::nullopt;
  }
  return static_cast<double>(now.events() - before->events()) / seconds;
}

const char* name_of(Finding::Weight weight) {
  switch (weight) {
    case Weight::note:
      return "note";
    case Weight::warning:
      return "warning";
    case Weight::bad:
      return "bad";
  }
  return "unknown";
}

std::vector<Finding> findings_of(const Look& look) {
  std::vector<Finding> findings;
  if (look.state == StreamState::dead) {
    findings.push_back({.weight = Weight::bad,
                        .participant = {},
                        .text = "its producer has died; consumers wait for a successor"});
  }
  for (const Member& member : look.members) {
    if (member.is_producer()) {
      if (member.who.presence == Presence::stopped) {
        findings.push_back({.weight = Weight::warning,
                            .participant = member.who.id,
                            .text = who(member) + " is stopped by a signal or a debugger"});
      }
      add_blocked(look, member, findings);
    } else {
      add_consumer(look, member, findings);
    }
  }
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.weight > b.weight; });
  return findings;
}

}  // namespace disruptor_mp::tool
