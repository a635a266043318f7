// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "market_feed/analytics.hpp"
#include "market_feed/feed_reader.hpp"
#include "market_feed/monitor_state.hpp"
#include "market_feed/word_per_event.hpp"

namespace disruptor_mp::market_feed {

/// What a run over a feed must come to, computed plainly in one process and one loop, without a
/// ring.
struct Reference {
  FeedCounts counts;
  Analytics analytics = {};
};

[[nodiscard]] Reference reference_of(const std::filesystem::path& feed,
                                     FeedReaderOptions options = {});

/// Compares a journal with the events of the feed, byte for byte. Nothing when they are equal and
/// as many as the reference counted; else a sentence with the first difference. Throws Error when
/// one of them cannot be read.
[[nodiscard]] std::optional<std::string> journal_difference(const std::filesystem::path& journal,
                                                            const std::filesystem::path& feed,
                                                            std::uint64_t events,
                                                            FeedReaderOptions options = {});

/// Nothing when both are equal; else a sentence with the first instrument that differs.
[[nodiscard]] std::optional<std::string> analytics_difference(const Analytics& found,
                                                              const Analytics& expected);

/// Nothing when the monitor accounts for every event of the feed, as many as the reference counted,
/// and saw nothing but its events, each at its place; else a sentence. `sightings` holds the
/// event_checksum of each event it saw, 0 of those it missed. A monitor that is killed between the
/// two has seen more than its state says, but at most `most_unsaved`: a batch for each kill.
[[nodiscard]] std::optional<std::string> monitor_difference(
    const MonitorState& state, const WordPerEvent& sightings, std::uint64_t most_unsaved,
    const std::filesystem::path& feed, std::uint64_t events, FeedReaderOptions options = {});

}  // namespace disruptor_mp::market_feed
