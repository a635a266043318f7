// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "market_feed/feed_message.hpp"
#include "market_feed/instrument_table.hpp"
#include "market_feed/market_event.hpp"

namespace disruptor_mp::market_feed {

/// What one line of a recorded feed is.
enum class LineKind : std::uint8_t {
  quote,     ///< <symbol>@bookTicker: becomes an event
  trade,     ///< <symbol>@trade: becomes an event
  depth,     ///< <symbol>@depth…: a change of the order book, no event
  snapshot,  ///< an order book without a stream name, no event
  other,     ///< any other stream, no event
};

struct ParsedLine {
  LineKind kind = LineKind::other;
  MarketEvent event = {};  ///< only for quotes and trades

  [[nodiscard]] bool has_event() const noexcept {
    return kind == LineKind::quote || kind == LineKind::trade;
  }
};

/// Turns lines "<receive time, ns since 1970> <JSON text of the exchange>" into events. Both forms
/// of Binance are understood: spot quotes carry neither event type nor time, those of futures do.
///
/// Depth, snapshot and other lines are recognised by their first bytes and their JSON is not read
/// (they are two fifths of a feed's bytes); only that it closes with '}' is checked, so that a line
/// cut in the middle is not passed over in silence. The JSON of quotes and trades is checked
/// completely.
class FeedParser {
 public:
  explicit FeedParser(std::uint8_t source = 0) : source_(source) {}

  /// Throws BadLine; then no instrument was added, so that a skipped bad line leaves no trace.
  [[nodiscard]] ParsedLine parse(std::string_view line);

  [[nodiscard]] const InstrumentTable& instruments() const noexcept { return instruments_; }

 private:
  std::uint8_t source_;
  InstrumentTable instruments_;
};

}  // namespace disruptor_mp::market_feed
