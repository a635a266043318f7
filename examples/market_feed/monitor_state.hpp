// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>

#include "market_feed/market_event.hpp"

namespace disruptor_mp::market_feed {

/// What the monitor, an observer that may be overtaken, has seen and what it has missed: exactly,
/// also across restarts. Kept in a Checkpoint<MonitorState>.
///
/// Invariant: seen + missed == next_expected - first_sequence.
struct MonitorState {
  std::uint64_t first_sequence =
      0;  ///< of the first event ever seen; those before it are not missed
  std::uint64_t next_expected = 0;
  std::uint64_t seen = 0;
  std::uint64_t missed = 0;

  /// Takes in the event with this sequence. Sequences skipped since the last one are missed.
  /// Returns false, and changes nothing, for one already accounted for: it comes again after a
  /// restart.
  bool observe(std::uint64_t sequence) noexcept;

  /// Accounts for events known to be lost at the end, up to, not including, `sequence`: when the
  /// ring is closed and the observer was overtaken before its last read.
  void miss_up_to(std::uint64_t sequence) noexcept;

  friend bool operator==(const MonitorState&, const MonitorState&) = default;
};

static_assert(std::is_trivially_copyable_v<MonitorState>);
static_assert(std::has_unique_object_representations_v<MonitorState>);

/// A checksum of one event at its place: what the monitor writes down of each event it sees, and
/// the parent compares with the feed.
[[nodiscard]] std::uint64_t event_checksum(std::uint64_t sequence,
                                           const MarketEvent& event) noexcept;

}  // namespace disruptor_mp::market_feed
