// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What an input of the attach target is made of: what to do, and the ring to do it with.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "disruptor_mp/segment/event_type.hpp"

namespace disruptor_mp::fuzz {

/// The event that a typed participant expects, and that most of the seeds hold.
struct Tick {
  std::uint64_t number;
  std::uint64_t check;
};

/// What is done with the ring, one after the other. Numbers are part of the stored inputs.
enum class Action : std::uint8_t {
  nothing = 0,
  attach_consumer,  ///< argument: kind, start, id, whom it waits for
  poll,
  poll_until,  ///< a deadline that is past, or one that is near
  iterate,
  leave_consumer,
  attach_producer,
  try_publish,
  publish_until,
  claim,  ///< argument: how many, how many of them are published
  close,
  close_for_all,
  detach,
  look,
  write_word,  ///< somebody else writes `value` into word `place` of the object, behind our backs
  leave_all,
  lease,            ///< place: at most so many; value: how many are released, what is given back
  enable_liveness,  ///< argument: what is done about it
  watch,            ///< the producer looks after its consumers, or somebody else does
};
inline constexpr unsigned action_count = 19;

struct Step {
  Action action = Action::nothing;
  std::uint8_t argument = 0;
  std::uint16_t flags = 0;  ///< of the first step: 1, the event type is known; else any is taken
  std::uint32_t place = 0;
  std::uint64_t value = 0;
};
static_assert(sizeof(Step) == 16);

/// The first bytes of an input; the image follows.
using Script = std::array<Step, 16>;

[[nodiscard]] inline Script script_of(std::span<const std::uint8_t> input) {
  Script script;
  std::memcpy(script.data(), input.data(), std::min(sizeof script, input.size()));
  return script;
}

}  // namespace disruptor_mp::fuzz

template <>
struct disruptor_mp::EventTraits<disruptor_mp::fuzz::Tick> {
  static constexpr std::string_view name = "Tick";
};
