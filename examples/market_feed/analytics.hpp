// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include "market_feed/int128.hpp"
#include "market_feed/market_event.hpp"
#include "market_feed/symbol.hpp"

namespace disruptor_mp::market_feed {

/// What happened to one instrument. Prices and quantities are in units of 1e-8; sums are exact.
///
/// A quote with a zero price on a side says that this side of the book is empty: it counts, and
/// sets the last bid and ask, but has no spread. A crossed quote (ask below bid) is the feed's
/// error or a moment of an auction: the same holds, and it is counted on its own. A locked quote
/// (ask = bid) has spread 0.
struct InstrumentStats {
  Int128 notional = 0;  ///< sum of price x quantity over the trades, in units of 1e-16
  Int128 volume = 0;    ///< sum of the trades' quantities
  Symbol symbol = {};
  std::int64_t quotes = 0;
  std::int64_t trades = 0;
  std::int64_t one_sided_quotes = 0;
  std::int64_t crossed_quotes = 0;
  std::int64_t last_price = 0;  ///< of a trade
  std::int64_t last_bid = 0;
  std::int64_t last_ask = 0;
  std::int64_t lowest_spread = 0;   ///< ask - bid; means something only if has_spread()
  std::int64_t highest_spread = 0;  ///< the same
  std::uint8_t source = 0;
  std::uint8_t instrument = 0;
  std::array<std::uint8_t, 14> reserved =
      {};  // no undefined bytes: the state is compared and checksummed

  [[nodiscard]] bool has_spread() const noexcept {
    return quotes > one_sided_quotes + crossed_quotes;
  }

  /// Volume-weighted average price, units of 1e-8: notional / volume, rounded half to even. The
  /// exact value is that fraction; only this one division ever rounds. Nothing without volume.
  [[nodiscard]] std::optional<std::int64_t> vwap() const noexcept;

  friend bool operator==(const InstrumentStats&, const InstrumentStats&) = default;
};

/// The state of the analytics consumer: a fold over the events. Fixed size and trivially copyable,
/// so that it can be checkpointed as it is; two folds over the same events are equal byte for byte.
struct Analytics {
  static constexpr std::size_t max_instruments = 64;

  std::uint64_t instrument_count = 0;
  std::uint64_t reserved = 0;
  std::array<InstrumentStats, max_instruments> stats = {};  ///< in the order of first appearance

  /// Takes one event in. Throws Error, with the state unchanged, for what no feed reader makes: an
  /// event of no kind, a second name for one id, more instruments than there is room, a sum beyond
  /// 128 bits.
  void fold(const MarketEvent& event);

  [[nodiscard]] std::span<const InstrumentStats> instruments() const noexcept {
    return std::span(stats).first(instrument_count);
  }

  friend bool operator==(const Analytics&, const Analytics&) = default;

 private:
  InstrumentStats& stats_of(const MarketEvent& event);
};

/// What the analytics process saves: its state, and which event comes next. An event before that is
/// one it has already taken in, and is handed to it again after a restart.
struct AnalyticsCheckpoint {
  std::uint64_t next_sequence = 0;
  std::uint64_t reserved = 0;
  Analytics analytics = {};

  friend bool operator==(const AnalyticsCheckpoint&, const AnalyticsCheckpoint&) = default;
};

static_assert(std::is_trivially_copyable_v<AnalyticsCheckpoint>);
static_assert(std::has_unique_object_representations_v<AnalyticsCheckpoint>, "no padding");

}  // namespace disruptor_mp::market_feed
