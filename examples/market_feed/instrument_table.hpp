// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "market_feed/symbol.hpp"

namespace disruptor_mp::market_feed {

/// Gives each instrument of one source a small id, dense from 0 in the order of first appearance. A
/// gateway that is restarted and reads its feed again from the start therefore gives the same ids
/// again.
class InstrumentTable {
 public:
  static constexpr std::size_t max_instruments = 256;  ///< the id is one byte of the event

  /// The id of the symbol, new if it was not known. Throws Error when the table is full.
  std::uint8_t id_of(Symbol symbol);

  /// Throws Error for an id never given out.
  [[nodiscard]] Symbol symbol_of(std::uint8_t id) const;

  [[nodiscard]] std::span<const Symbol> symbols() const noexcept { return symbols_; }

 private:
  std::vector<Symbol> symbols_;
};

}  // namespace disruptor_mp::market_feed
