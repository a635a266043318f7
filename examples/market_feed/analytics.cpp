// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/analytics.hpp"

#include <algorithm>
#include <string>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

std::string name_of(const MarketEvent& event) {
  return "event " + event.symbol.text() + " (source " + std::to_string(event.source) +
         ", instrument " + std::to_string(event.instrument) + ")";
}

void fold_quote(InstrumentStats& stats, const MarketEvent& event) {
  const bool is_one_sided = event.price <= 0 || event.ask_price <= 0;
  const bool is_crossed = !is_one_sided && event.ask_price < event.price;
  if (!is_one_sided && !is_crossed) {
    const std::int64_t spread = event.ask_price - event.price;
    const bool is_first = !stats.has_spread();
    stats.lowest_spread = is_first ? spread : std::min(stats.lowest_spread, spread);
    stats.highest_spread = is_first ? spread : std::max(stats.highest_spread, spread);
  }
  stats.last_bid = event.price;
  stats.last_ask = event.ask_price;
  stats.one_sided_quotes += is_one_sided ? 1 : 0;
  stats.crossed_quotes += is_crossed ? 1 : 0;
  ++stats.quotes;
}

void fold_trade(InstrumentStats& stats, const MarketEvent& event) {
  const Int128 value = static_cast<Int128>(event.price) * event.quantity;
  Int128 notional = 0;
  Int128 volume = 0;
  if (__builtin_add_overflow(stats.notional, value, &notional) ||
      __builtin_add_overflow(stats.volume, static_cast<Int128>(event.quantity), &volume)) {
    throw Error({.object = name_of(event),
                 .found = "a trade that takes the sum of price x quantity beyond 128 bits",
                 .expected = "prices and quantities of a market"});
  }
  stats.notional = notional;
  stats.volume = volume;
  stats.last_price = event.price;
  ++stats.trades;
}

}  // namespace

std::optional<std::int64_t> InstrumentStats::vwap() const noexcept {
  if (volume <= 0) return std::nullopt;
  Int128 quotient = notional / volume;
  const Int128 remainder = notional % volume;  // >= 0: prices are never negative
  const Int128 other_part = volume - remainder;
  const bool is_above_half = remainder > other_part;
  const bool is_half = remainder == other_part;
  if (is_above_half || (is_half && quotient % 2 != 0)) ++quotient;
  return static_cast<std::int64_t>(quotient);  // between the lowest and the highest price
}

void Analytics::fold(const MarketEvent& event) {
  switch (event.kind) {
    case EventKind::quote:
      fold_quote(stats_of(event), event);
      return;
    case EventKind::trade:
      fold_trade(stats_of(event), event);
      return;
    case EventKind::none:
      break;
  }
  throw Error({.object = name_of(event),
               .found = "kind " + std::to_string(static_cast<int>(event.kind)),
               .expected = "1 (quote) or 2 (trade)",
               .remedy = "check which program wrote the ring"});
}

InstrumentStats& Analytics::stats_of(const MarketEvent& event) {
  // A scan and not a hash: a feed has a handful of instruments.
  for (std::size_t i = 0; i < instrument_count; ++i) {
    InstrumentStats& known = stats[i];
    if (known.instrument != event.instrument || known.source != event.source) continue;
    if (known.symbol == event.symbol) return known;
    throw Error({.object = name_of(event),
                 .found = "an id that so far named " + known.symbol.text(),
                 .expected = "one name for one id",
                 .remedy = "give each gateway its own source number"});
  }
  if (instrument_count == max_instruments) {
    throw Error({.object = name_of(event),
                 .found = "one instrument too many",
                 .expected = "at most " + std::to_string(max_instruments)});
  }
  InstrumentStats& fresh = stats[instrument_count++];
  fresh.symbol = event.symbol;
  fresh.source = event.source;
  fresh.instrument = event.instrument;
  return fresh;
}

}  // namespace disruptor_mp::market_feed
