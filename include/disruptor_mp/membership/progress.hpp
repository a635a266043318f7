// SPDX-License-Identifier: MIT OR Apache-2.0
//
// How far a stream and its consumers are. Questions only: nothing here stores a word, takes a lock
// or wakes anybody, so whoever asks is not noticed. Answers may be old when they arrive.
#pragma once

#include <cstdint>
#include <optional>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// The newest event; nothing before the first. Of several producers: the newest claim, which may
/// still be open.
[[nodiscard]] std::optional<Sequence> last_published(const Segment& segment);

/// Of the consumers that hold producers back the one that is furthest behind: a required one, or a
/// gating one that is alive. The minimum gating position is its `cursor`. Nothing: nobody holds
/// them back. `self` is the caller's own row, as in list_participants.
[[nodiscard]] std::optional<Participant> slowest_gating(const Segment& segment,
                                                        std::optional<std::uint32_t> self = {});

/// Whether the event is published, and every consumer that holds producers back just now has
/// committed it: the required ones, also those that are away, and the gating ones that are alive.
/// Nobody at all: whether it is published (of several producers: claimed). A consumer that joins
/// later may make it untrue again.
[[nodiscard]] bool is_consumed(const Segment& segment, Sequence sequence,
                               std::optional<std::uint32_t> self = {});

/// Waits for that, by looking again and again, at last once a millisecond.
/// @return false at the deadline; at once if the stream has ended before the event.
[[nodiscard]] bool wait_until_consumed(const Segment& segment, Sequence sequence,
                                       TimePoint deadline, std::optional<std::uint32_t> self = {});

}  // namespace disruptor_mp
