// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Whose counters are whose: how a row's counters begin, go on in its next life, and are read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/metrics/counters.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// By the holder of the row's lock: the row is given to another id, and counts from zero.
void clear_counters(Segment& segment, std::uint32_t row) noexcept;

/// From here on the position is no measure of what this one has done: its successor is about to
/// publish, or its next life to begin elsewhere. By the holder of its row's lock, or of the
/// producer lock for the latest producer, while nobody can move the position.
void pause_counting(Segment& segment, std::uint32_t row, std::uint64_t position) noexcept;

/// Of an earlier life of the same id.
struct PreviousLife {
  std::optional<std::uint64_t> cursor;  ///< where it had come to
  std::uint64_t missed = 0;             ///< of what came since, what was overwritten
};

/// By the holder of the row's lock, once it is shown and before it moves its position: a producer,
/// or a consumer that begins at `start`.
void begin_counting(Segment& segment, std::uint32_t row, std::uint64_t start,
                    const PreviousLife& previous = {}) noexcept;

/// What a producer is waiting for just now.
struct Blockage {
  std::uint64_t since_ns = 0;        ///< of the monotonic clock
  std::optional<std::uint32_t> row;  ///< of the consumer that was slowest when it looked last
};

/// What one participant has counted. Of a dead one: until it died.
struct ParticipantCounters {
  std::vector<CounterValue> values;  ///< by id; the library's, then the application's
  /// Consumers: batches of 1, 2–3, 4–7, … events.
  std::array<std::uint64_t, format::batch_classes> batches{};
  std::optional<Blockage> blockage;               ///< producers
  std::optional<std::uint64_t> last_progress_ns;  ///< monotonic clock; when it was last seen to
                                                  ///< have done all there was
  /// The value of one of them; 0 if it is none of this participant's.
  [[nodiscard]] std::uint64_t operator[](CounterId id) const noexcept;
};

/// Reads only. Nothing in a ring without counters. Words that change meanwhile may be of different
/// moments, so that a number may be behind for a moment when a life begins.
[[nodiscard]] std::optional<ParticipantCounters> read_counters(const Segment& segment,
                                                               const Participant& participant);

}  // namespace disruptor_mp
