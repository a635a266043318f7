// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/analytics_json.hpp"

#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "market_feed/decimal.hpp"
#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

using Json = nlohmann::json;

constexpr int notional_places = 2 * decimal_places;

[[noreturn]] void refuse(const std::string& found, const std::string& expected) {
  throw Error({.object = "analytics JSON", .found = found, .expected = expected});
}

Int128 wide(const Json& json, const char* key, int places) {
  const auto text = json.at(key).get<std::string>();
  const auto parsed = parse_wide_decimal(text, places);
  if (!parsed) refuse("\"" + std::string(key) + "\": " + excerpt(text), "an exact decimal number");
  return parsed.value;
}

std::int64_t decimal(const Json& json, const char* key) {
  const auto text = json.at(key).get<std::string>();
  const auto parsed = parse_decimal(text);
  if (!parsed) refuse("\"" + std::string(key) + "\": " + excerpt(text), "a decimal number");
  return parsed.value;
}

Json optional_decimal(bool present, std::int64_t value) {
  return present ? Json(format_decimal(value)) : Json(nullptr);
}

Json json_of(const InstrumentStats& stats) {
  const auto vwap = stats.vwap();
  return {{"symbol", stats.symbol.text()},
          {"source", stats.source},
          {"instrument", stats.instrument},
          {"quotes", stats.quotes},
          {"trades", stats.trades},
          {"one_sided_quotes", stats.one_sided_quotes},
          {"crossed_quotes", stats.crossed_quotes},
          {"volume", format_decimal(stats.volume)},
          {"notional", format_decimal(stats.notional, notional_places)},
          {"vwap", optional_decimal(vwap.has_value(), vwap.value_or(0))},
          {"last_price", format_decimal(stats.last_price)},
          {"last_bid", format_decimal(stats.last_bid)},
          {"last_ask", format_decimal(stats.last_ask)},
          {"lowest_spread", optional_decimal(stats.has_spread(), stats.lowest_spread)},
          {"highest_spread", optional_decimal(stats.has_spread(), stats.highest_spread)}};
}

InstrumentStats stats_of(const Json& json) {
  InstrumentStats stats;
  const auto text = json.at("symbol").get<std::string>();
  const auto symbol = Symbol::from(text);
  if (!symbol) refuse("symbol " + excerpt(text), "a symbol of at most 12 characters");
  stats.symbol = *symbol;
  json.at("source").get_to(stats.source);
  json.at("instrument").get_to(stats.instrument);
  json.at("quotes").get_to(stats.quotes);
  json.at("trades").get_to(stats.trades);
  json.at("one_sided_quotes").get_to(stats.one_sided_quotes);
  json.at("crossed_quotes").get_to(stats.crossed_quotes);
  stats.volume = wide(json, "volume", decimal_places);
  stats.notional = wide(json, "notional", notional_places);
  stats.last_price = decimal(json, "last_price");
  stats.last_bid = decimal(json, "last_bid");
  stats.last_ask = decimal(json, "last_ask");
  if (stats.has_spread()) {
    stats.lowest_spread = decimal(json, "lowest_spread");
    stats.highest_spread = decimal(json, "highest_spread");
  }
  return stats;
}

}  // namespace

void to_json(Json& json, const Analytics& analytics) {
  json = {{"vwap_rounding", "8 decimals, half to even"}, {"instruments", Json::array()}};
  for (const auto& stats : analytics.instruments()) json["instruments"].push_back(json_of(stats));
}

void from_json(const Json& json, Analytics& analytics) {
  analytics = Analytics{};
  try {
    const Json& instruments = json.at("instruments");
    if (!instruments.is_array() || instruments.size() > Analytics::max_instruments) {
      refuse("\"instruments\" that is no list of at most 64", "the form to_json writes");
    }
    for (const auto& entry : instruments) {
      analytics.stats[analytics.instrument_count++] = stats_of(entry);
    }
  } catch (const Json::exception& error) {
    refuse(error.what(), "the form to_json writes");
  }
}

}  // namespace disruptor_mp::market_feed
