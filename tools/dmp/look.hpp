// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A ring as it is at one moment, with all its counters; and what follows from two of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/membership/counting.hpp"
#include "disruptor_mp/membership/housekeeping.hpp"
#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp::tool {

/// One participant, and what it has counted (nothing in a ring without counters).
struct Member {
  Participant who;
  std::optional<ParticipantCounters> counters;

  [[nodiscard]] bool is_producer() const noexcept { return who.kind == format::RowKind::producer; }
  [[nodiscard]] bool is_there() const noexcept {
    return who.presence == Participant::Presence::alive ||
           who.presence == Participant::Presence::stopped;
  }
  /// Events published or consumed.
  [[nodiscard]] std::uint64_t events() const noexcept;
};

/// What was seen of a ring.
struct Look {
  std::string name;
  std::uint64_t capacity = 0;
  TimePoint time;
  StreamPosition position;
  StreamState state = StreamState::never;
  std::vector<Member> members;
};

/// Reads only.
[[nodiscard]] Look look_at(const Segment& segment);

/// How many events a member published or consumed each second between two looks; nothing if it was
/// not there before, or begins anew.
[[nodiscard]] std::optional<double> rate_of(const Member& now, const Look& then, TimePoint time);

/// What somebody who runs the ring should know: who holds whom up, and why.
struct Finding {
  enum class Weight : std::uint8_t { note, warning, bad };
  Weight weight = Weight::note;
  std::string participant;  ///< its id
  std::string text;
};
[[nodiscard]] const char* name_of(Finding::Weight weight);

/// The heaviest first; empty: nobody is held up.
[[nodiscard]] std::vector<Finding> findings_of(const Look& look);

}  // namespace disruptor_mp::tool
