// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "market_feed/analytics.hpp"
#include "market_feed/feed_reader.hpp"
#include "market_feed/monitor_state.hpp"
#include "market_feed/verification.hpp"
#include "market_feed/word_per_event.hpp"

namespace disruptor_mp::market_feed {

/// The feeds of a run, one for each gateway. The events of feed number i have source i, so that
/// what came of each can be told apart, whatever order the ring has put them in.
using Feeds = std::vector<std::filesystem::path>;

/// What each feed must come to on its own.
[[nodiscard]] std::vector<Reference> references_of(const Feeds& feeds, FeedReaderOptions options);

/// All feeds together. No figure mixes sources, so none depends on the order the ring has given
/// them; the instruments are in the order of in_order().
[[nodiscard]] Reference sum_of(const std::vector<Reference>& references);

/// The same instruments by source, and by id within a source: which one the ring saw first is
/// chance.
[[nodiscard]] Analytics in_order(const Analytics& analytics);

/// Quotes and trades that were taken in.
[[nodiscard]] std::uint64_t events_in(const Analytics& analytics) noexcept;

/// Splits the journal by source and compares each part with its feed, byte for byte and in order.
/// Nothing when all are equal; else a sentence with the first difference.
[[nodiscard]] std::optional<std::string> split_difference(const std::filesystem::path& journal,
                                                          const Feeds& feeds,
                                                          FeedReaderOptions options);

/// As monitor_difference, with a journal (known to be right) in the place of the feed, because it
/// alone knows which event is at which sequence. The monitor accounts for every sequence; of those
/// it did not see some are void.
[[nodiscard]] std::optional<std::string> monitor_difference_of_several(
    const MonitorState& state, const WordPerEvent& sightings, std::uint64_t most_unsaved,
    const std::filesystem::path& journal);

}  // namespace disruptor_mp::market_feed
