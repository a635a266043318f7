// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

#include "market_feed/symbol.hpp"

namespace disruptor_mp::market_feed {

enum class EventKind : std::uint8_t {
  none = 0,   ///< an all-zero event is recognisably not an event
  quote = 1,  ///< best bid and best offer changed
  trade = 2,
};

/// Who took liquidity in a trade.
enum class Aggressor : std::uint8_t { none = 0, buyer = 1, seller = 2 };

/// One market event: one cache line, every byte defined, so that two events are equal exactly when
/// their bytes are and a journal can be compared byte for byte.
///
///   offset  size  field                quote                      trade
///        0     8  receive_time_ns      when the line was received, ns since 1970
///        8     8  id                   order-book update id       trade id
///       16     8  price                best bid                   price           units of 1e-8
///       24     8  quantity             quantity at the bid        quantity        units of 1e-8
///       32     8  ask_price            best ask                   0               units of 1e-8
///       40     8  ask_quantity         quantity at the ask        0               units of 1e-8
///       48     8  symbol               packed name of the instrument
///       56     4  exchange_offset_ms   exchange time - receive time, ms; no_exchange_time if
///       unstated 60     1  kind 61     1  aggressor            none                       buyer or
///       seller 62     1  source               which gateway or feed it came from 63     1
///       instrument           small id, dense from 0 within a source: an array index
///
/// The exchange stamps milliseconds; as an offset to the receive time four bytes hold +-24 days
/// exactly. It can have either sign: the recording machine's clock is not the exchange's.
struct alignas(64) MarketEvent {
  static constexpr std::int32_t no_exchange_time = std::numeric_limits<std::int32_t>::min();

  std::int64_t receive_time_ns = 0;
  std::int64_t id = 0;
  std::int64_t price = 0;
  std::int64_t quantity = 0;
  std::int64_t ask_price = 0;
  std::int64_t ask_quantity = 0;
  Symbol symbol = {};
  std::int32_t exchange_offset_ms = no_exchange_time;
  EventKind kind = EventKind::none;
  Aggressor aggressor = Aggressor::none;
  std::uint8_t source = 0;
  std::uint8_t instrument = 0;

  /// Milliseconds since 1970 as the exchange sent them; nothing when the feed did not say (spot
  /// quotes).
  [[nodiscard]] constexpr std::optional<std::int64_t> exchange_time_ms() const noexcept {
    if (exchange_offset_ms == no_exchange_time) return std::nullopt;
    return receive_time_ns / 1'000'000 + exchange_offset_ms;
  }

  /// False, and nothing changed, when the time is further from the receive time than four bytes can
  /// say.
  [[nodiscard]] constexpr bool set_exchange_time_ms(std::int64_t time_ms) noexcept {
    const std::int64_t receive_ms = receive_time_ns / 1'000'000;
    if (time_ms < 0 || receive_ms < 0) return false;  // so that the difference cannot overflow
    const std::int64_t offset = time_ms - receive_ms;
    constexpr std::int64_t largest = std::numeric_limits<std::int32_t>::max();
    if (offset < -largest || offset > largest) return false;
    exchange_offset_ms = static_cast<std::int32_t>(offset);
    return true;
  }

  friend bool operator==(const MarketEvent&, const MarketEvent&) = default;
};

static_assert(sizeof(MarketEvent) == 64 && alignof(MarketEvent) == 64);
static_assert(std::is_trivially_copyable_v<MarketEvent> && std::is_standard_layout_v<MarketEvent>);
static_assert(std::has_unique_object_representations_v<MarketEvent>,
              "no padding, no undefined byte");
static_assert(offsetof(MarketEvent, receive_time_ns) == 0);
static_assert(offsetof(MarketEvent, id) == 8);
static_assert(offsetof(MarketEvent, price) == 16);
static_assert(offsetof(MarketEvent, quantity) == 24);
static_assert(offsetof(MarketEvent, ask_price) == 32);
static_assert(offsetof(MarketEvent, ask_quantity) == 40);
static_assert(offsetof(MarketEvent, symbol) == 48);
static_assert(offsetof(MarketEvent, exchange_offset_ms) == 56);
static_assert(offsetof(MarketEvent, kind) == 60);
static_assert(offsetof(MarketEvent, aggressor) == 61);
static_assert(offsetof(MarketEvent, source) == 62);
static_assert(offsetof(MarketEvent, instrument) == 63);

}  // namespace disruptor_mp::market_feed
