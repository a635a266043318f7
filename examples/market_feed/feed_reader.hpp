// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "market_feed/between_lines.hpp"
#include "market_feed/feed_parser.hpp"
#include "market_feed/line_source.hpp"
#include "market_feed/market_event.hpp"

namespace disruptor_mp::market_feed {

struct FeedReaderOptions {
  bool skip_bad_lines = false;  ///< count malformed lines instead of stopping at the first
  std::uint8_t source = 0;      ///< put into every event
  BetweenLines between_lines = {};
};

/// What the lines read so far were. `lines` is the sum of all others.
struct FeedCounts {
  std::uint64_t lines = 0;
  std::uint64_t quotes = 0;
  std::uint64_t trades = 0;
  std::uint64_t depth = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t other = 0;
  std::uint64_t bad = 0;

  [[nodiscard]] std::uint64_t events() const noexcept { return quotes + trades; }

  friend bool operator==(const FeedCounts&, const FeedCounts&) = default;
};

/// The events of a recorded feed, plain or .gz, in file order. Reading the same file again gives
/// the same events byte for byte, so the n-th event of a run is always the n-th event of the file:
/// a restarted gateway skips to where it stopped, and anyone can check what was published.
class FeedReader {
 public:
  explicit FeedReader(std::filesystem::path path, FeedReaderOptions options = {});

  /// The next event; nothing at the end. Throws Error ("file:line: found …; expected …") for a
  /// malformed line unless those are skipped, and always for a file that cannot be read on.
  [[nodiscard]] std::optional<MarketEvent> next();

  /// Fills as much of `events` as the feed still has; the number filled, 0 only at the end.
  [[nodiscard]] std::size_t read(std::span<MarketEvent> events);

  /// Passes over that many events; fewer only if the feed has fewer. Returns how many.
  std::uint64_t skip(std::uint64_t events);

  [[nodiscard]] const FeedCounts& counts() const noexcept { return counts_; }
  [[nodiscard]] const InstrumentTable& instruments() const noexcept {
    return parser_.instruments();
  }

  /// The message of the first line skipped; empty when there was none.
  [[nodiscard]] const std::string& first_bad_line() const noexcept { return first_bad_line_; }

 private:
  std::optional<ParsedLine> parse_or_skip(std::string_view line);

  LineSource lines_;
  FeedParser parser_;
  bool skip_bad_lines_;
  BetweenLines between_lines_;
  FeedCounts counts_;
  std::string first_bad_line_;
};

}  // namespace disruptor_mp::market_feed
