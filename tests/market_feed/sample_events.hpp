// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "market_feed/decimal.hpp"
#include "market_feed/market_event.hpp"

namespace disruptor_mp::market_feed {

inline MarketEvent sample_event(EventKind kind, std::string_view symbol, std::uint8_t instrument) {
  MarketEvent event;
  event.receive_time_ns = 1'723'161'254'087'891'268;
  event.kind = kind;
  event.symbol = Symbol::from(symbol).value();
  event.instrument = instrument;
  return event;
}

inline MarketEvent sample_trade(std::string_view price, std::string_view quantity,
                                std::string_view symbol = "BTCUSDT", std::uint8_t instrument = 0) {
  MarketEvent event = sample_event(EventKind::trade, symbol, instrument);
  event.price = parse_decimal(price).value;
  event.quantity = parse_decimal(quantity).value;
  event.aggressor = Aggressor::buyer;
  return event;
}

inline MarketEvent sample_quote(std::string_view bid, std::string_view ask,
                                std::string_view symbol = "BTCUSDT", std::uint8_t instrument = 0) {
  MarketEvent event = sample_event(EventKind::quote, symbol, instrument);
  event.price = parse_decimal(bid).value;
  event.quantity = decimal_scale;
  event.ask_price = parse_decimal(ask).value;
  event.ask_quantity = decimal_scale;
  return event;
}

/// Events that differ from each other, by their id.
inline std::vector<MarketEvent> numbered_events(std::size_t count, std::int64_t first_id = 0) {
  std::vector<MarketEvent> events;
  for (std::size_t i = 0; i < count; ++i) {
    events.push_back(sample_trade("100.5", "2"));
    events.back().id = first_id + static_cast<std::int64_t>(i);
  }
  return events;
}

}  // namespace disruptor_mp::market_feed
