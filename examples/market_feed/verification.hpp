// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "market_feed/analytics.hpp"
#include "market_feed/feed_reader.hpp"

namespace disruptor_mp::market_feed {

/// What a run over a feed must come to, computed plainly in one process and one loop, without a
/// ring.
struct Reference {
  FeedCounts counts;
  Analytics analytics = {};
  std::uint64_t checksum =
      0;  ///< sum of event_checksum over all events: what a monitor that missed none has
};

[[nodiscard]] Reference reference_of(const std::filesystem::path& feed,
                                     FeedReaderOptions options = {});

/// Compares a journal with the events of the feed, byte for byte. Nothing when they are equal; else
/// a sentence with the first difference. Throws Error when one of them cannot be read.
[[nodiscard]] std::optional<std::string> journal_difference(const std::filesystem::path& journal,
                                                            const std::filesystem::path& feed,
                                                            FeedReaderOptions options = {});

/// Nothing when both are equal; else a sentence with the first instrument that differs.
[[nodiscard]] std::optional<std::string> analytics_difference(const Analytics& found,
                                                              const Analytics& expected);

}  // namespace disruptor_mp::market_feed
