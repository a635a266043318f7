// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Small things that several commands say about rings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "disruptor_mp/membership/housekeeping.hpp"
#include "disruptor_mp/membership/roster.hpp"
#include "terminal.hpp"

namespace disruptor_mp::tool {

/// Seconds since a moment of the wall clock; 0 if it lies ahead.
[[nodiscard]] double age_seconds(std::uint64_t wall_clock_ns);
/// "12 s", "5 min", "3 h", "2 d"
[[nodiscard]] std::string age(std::uint64_t wall_clock_ns);

[[nodiscard]] Tone tone_of(StreamState state);

/// "single" or "multi".
[[nodiscard]] const char* name_of(format::ProducerKind kind);
/// Who publishes, in a few words: the state of the only producer; of several how many are in which:
/// "2 alive, 1 dead".
[[nodiscard]] std::string producers_text(format::ProducerKind kind, StreamState state,
                                         const ProducerCount& count);
/// A participant's state: its presence, or that it has closed.
[[nodiscard]] std::string state_text(const Participant& participant);
[[nodiscard]] Tone tone_of(Participant::Presence presence);

}  // namespace disruptor_mp::tool
