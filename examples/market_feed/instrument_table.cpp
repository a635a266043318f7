// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/instrument_table.hpp"

#include <algorithm>
#include <string>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {

std::uint8_t InstrumentTable::id_of(Symbol symbol) {
  const auto known = std::ranges::find(symbols_, symbol);
  const auto id = static_cast<std::size_t>(known - symbols_.begin());
  if (known == symbols_.end()) {
    if (symbols_.size() == max_instruments) {
      throw Error({.object = "instrument table",
                   .found = "instrument number " + std::to_string(max_instruments + 1) + ", " +
                            symbol.text(),
                   .expected = "at most " + std::to_string(max_instruments) + " in one feed",
                   .remedy = "split the feed"});
    }
    symbols_.push_back(symbol);
  }
  return static_cast<std::uint8_t>(id);
}

Symbol InstrumentTable::symbol_of(std::uint8_t id) const {
  if (id >= symbols_.size()) {
    throw Error({.object = "instrument table",
                 .found = "id " + std::to_string(id),
                 .expected = "an id below " + std::to_string(symbols_.size())});
  }
  return symbols_[id];
}

}  // namespace disruptor_mp::market_feed
