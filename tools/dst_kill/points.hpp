// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Places in the life of a ring that have a name: between two steps of its protocols. Nothing in the
// library marks them: each is the moment after a store to a word of the ring, or the entry of a
// function of the library as it is shipped.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "board.hpp"
#include "profiles.hpp"

namespace disruptor_mp::kill {

struct Point {
  std::string_view name;
  std::string_view what;  ///< what is done, and what is not
  Phase phase = Phase::none;
  enum class Who : std::uint8_t { producers, consumers, members, all };
  Who who = Who::all;         ///< members: all but observers
  std::optional<Word> after;  ///< a store to it; else …
  std::uint64_t entry = 0;    ///< … at the first instruction of this function
  /// always: whoever is there comes by. several: so they do in rings of several producers; others
  /// cannot. beside_a_death: if a gating consumer dies first (of several producers another may).
  /// at_times: with a full or an empty ring.
  enum class When : std::uint8_t { always, at_times, several, beside_a_death };
  When when = When::always;
};

[[nodiscard]] std::span<const Point> all_points();
/// Whether this part of the profile can come by the point, if it is the one with that word.
[[nodiscard]] bool can_meet(const Profile& profile, const Part& part, const Point& point);

}  // namespace disruptor_mp::kill
