// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/event_text.hpp"

#include <fmt/format.h>

#include "market_feed/decimal.hpp"

namespace disruptor_mp::market_feed {
namespace {

const char* name_of(Aggressor aggressor) {
  switch (aggressor) {
    case Aggressor::buyer:
      return "buyer";
    case Aggressor::seller:
      return "seller";
    case Aggressor::none:
      break;
  }
  return "no";
}

std::string what_of(const MarketEvent& event) {
  const std::string price = format_decimal(event.price);
  const std::string quantity = format_decimal(event.quantity);
  switch (event.kind) {
    case EventKind::quote:
      return fmt::format("quote {} bid {} x {} ask {} x {}", event.id, price, quantity,
                         format_decimal(event.ask_price), format_decimal(event.ask_quantity));
    case EventKind::trade:
      return fmt::format("trade {} {} x {}, {} aggressor", event.id, price, quantity,
                         name_of(event.aggressor));
    case EventKind::none:
      break;
  }
  return fmt::format("no event (kind {})", static_cast<int>(event.kind));
}

}  // namespace

std::string text_of(const MarketEvent& event) {
  const auto exchange_time = event.exchange_time_ms();
  return fmt::format("{} {}, received {} ns, exchange {}, source {}, instrument {}",
                     event.symbol.text(), what_of(event), event.receive_time_ns,
                     exchange_time ? fmt::format("{} ms", *exchange_time) : "-", event.source,
                     event.instrument);
}

}  // namespace disruptor_mp::market_feed
