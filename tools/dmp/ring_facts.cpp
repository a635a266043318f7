// SPDX-License-Identifier: MIT OR Apache-2.0
#include "ring_facts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "disruptor_mp/os/thread.hpp"

namespace disruptor_mp::tool {

double age_seconds(std::uint64_t wall_clock_ns) {
  const std::uint64_t now = os::wall_clock_ns();
  return now > wall_clock_ns ? static_cast<double>(now - wall_clock_ns) / 1e9 : 0;
}

std::string age(std::uint64_t wall_clock_ns) {
  const double seconds = age_seconds(wall_clock_ns);
  if (seconds < 100) return fmt::format("{:.0f} s", seconds);
  if (seconds < 100 * 60) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 100 * 3600) return fmt::format("{:.0f} h", seconds / 3600);
  return fmt::format("{:.0f} d", seconds / 86400);
}

const char* name_of(format::ProducerKind kind) {
  return kind == format::ProducerKind::single ? "single" : "multi";
}

std::string producers_text(format::ProducerKind kind, StreamState state,
                           const ProducerCount& count) {
  std::string text;
  const auto add = [&text](std::uint32_t number, const char* word) {
    if (number == 0) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", number, word);
  };
  add(count.alive, "alive");
  add(count.stopped, "stopped");
  add(count.dead, "dead");
  add(count.left, "left");
  const bool tells_one =
      kind == format::ProducerKind::single || state == StreamState::closed || text.empty();
  return tells_one ? std::string(to_string(state)) : text;
}

std::string state_text(const Participant& participant) {
  if (participant.has_closed) return "closed";
  return std::string(to_string(participant.presence)) +
         (participant.is_passed_over ? ", passed over" : "");
}

Tone tone_of(StreamState state) {
  switch (state) {
    case StreamState::alive:
      return Tone::good;
    case StreamState::stopped:
    case StreamState::left:
      return Tone::warning;
    case StreamState::dead:
      return Tone::bad;
    default:
      return Tone::plain;
  }
}

Tone tone_of(Participant::Presence presence) {
  switch (presence) {
    case Participant::Presence::alive:
      return Tone::good;
    case Participant::Presence::stopped:
      return Tone::warning;
    case Participant::Presence::dead:
      return Tone::bad;
    default:
      return Tone::plain;
  }
}

}  // namespace disruptor_mp::tool
