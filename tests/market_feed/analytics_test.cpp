// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/analytics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "market_feed/analytics_json.hpp"
#include "market_feed/error.hpp"
#include "sample_events.hpp"

namespace disruptor_mp::market_feed {
namespace {

using testing::HasSubstr;

Analytics folded(const std::vector<MarketEvent>& events) {
  Analytics analytics;
  for (const auto& event : events) analytics.fold(event);
  return analytics;
}

InstrumentStats stats_after(const std::vector<MarketEvent>& events) {
  const Analytics analytics = folded(events);
  EXPECT_EQ(analytics.instrument_count, 1U);
  return analytics.stats[0];
}

TEST(Analytics, Nothing_seen_is_no_instrument) { EXPECT_TRUE(Analytics().instruments().empty()); }

TEST(Analytics, Trades_give_count_volume_last_price_and_vwap) {
  const auto stats =
      stats_after({sample_trade("100", "1"), sample_trade("200", "3"), sample_trade("150", "0.5")});
  EXPECT_EQ(stats.trades, 3);
  EXPECT_EQ(stats.quotes, 0);
  EXPECT_EQ(stats.last_price, parse_decimal("150").value);
  EXPECT_EQ(format_decimal(stats.volume), "4.5");
  EXPECT_EQ(format_decimal(stats.notional, 16), "775");
  EXPECT_EQ(format_decimal(stats.vwap().value()), "172.22222222");
}

TEST(Analytics, Vwap_of_no_volume_does_not_exist) {
  EXPECT_EQ(stats_after({sample_quote("1", "2")}).vwap(), std::nullopt);
  EXPECT_EQ(stats_after({sample_trade("5", "0")}).vwap(), std::nullopt);
}

TEST(Analytics, Vwap_is_rounded_half_to_even) {
  const auto vwap = [](const char* one, const char* other) {
    return stats_after({sample_trade(one, "1"), sample_trade(other, "1")}).vwap();
  };
  EXPECT_EQ(vwap("0.00000001", "0.00000002"), 2);  // 1.5 -> 2
  EXPECT_EQ(vwap("0.00000002", "0.00000003"), 2);  // 2.5 -> 2
  EXPECT_EQ(vwap("0.00000003", "0.00000004"), 4);  // 3.5 -> 4
  EXPECT_EQ(stats_after({sample_trade("0.00000001", "2"), sample_trade("0.00000002", "1")}).vwap(),
            1);
  EXPECT_EQ(stats_after({sample_trade("0.00000001", "1"), sample_trade("0.00000002", "2")}).vwap(),
            2);
}

TEST(Analytics, Spread_is_the_lowest_and_the_highest_of_the_quotes) {
  const auto stats =
      stats_after({sample_quote("10", "11"), sample_quote("10", "10.5"), sample_quote("9", "12")});
  EXPECT_TRUE(stats.has_spread());
  EXPECT_EQ(format_decimal(stats.lowest_spread), "0.5");
  EXPECT_EQ(format_decimal(stats.highest_spread), "3");
  EXPECT_EQ(format_decimal(stats.last_bid), "9");
  EXPECT_EQ(format_decimal(stats.last_ask), "12");
}

TEST(Analytics, A_locked_quote_has_spread_zero) {
  const auto stats = stats_after({sample_quote("10", "11"), sample_quote("10", "10")});
  EXPECT_EQ(stats.lowest_spread, 0);
  EXPECT_EQ(stats.crossed_quotes, 0);
}

TEST(Analytics, A_crossed_quote_is_counted_and_has_no_spread) {
  const auto stats = stats_after({sample_quote("10", "11"), sample_quote("11", "10")});
  EXPECT_EQ(stats.quotes, 2);
  EXPECT_EQ(stats.crossed_quotes, 1);
  EXPECT_EQ(format_decimal(stats.lowest_spread), "1");
  EXPECT_EQ(format_decimal(stats.last_bid), "11");
}

TEST(Analytics, A_quote_with_an_empty_side_is_counted_and_has_no_spread) {
  const auto stats =
      stats_after({sample_quote("0", "11"), sample_quote("10", "0"), sample_quote("0", "0")});
  EXPECT_EQ(stats.one_sided_quotes, 3);
  EXPECT_EQ(stats.crossed_quotes, 0);
  EXPECT_FALSE(stats.has_spread());
  EXPECT_EQ(stats.last_ask, 0);
}

TEST(Analytics, The_first_spread_counts_even_after_quotes_without_one) {
  const auto stats = stats_after({sample_quote("0", "11"), sample_quote("10", "12")});
  EXPECT_EQ(format_decimal(stats.lowest_spread), "2");
  EXPECT_EQ(format_decimal(stats.highest_spread), "2");
}

TEST(Analytics, Instruments_are_told_apart_by_source_and_id) {
  auto other_source = sample_trade("7", "1", "BTCUSDT", 0);
  other_source.source = 1;
  const auto analytics =
      folded({sample_trade("1", "1", "BTCUSDT", 0), sample_trade("2", "1", "ETHUSDT", 1),
              other_source, sample_trade("3", "1", "ETHUSDT", 1)});
  ASSERT_EQ(analytics.instrument_count, 3U);
  EXPECT_EQ(analytics.stats[0].trades, 1);
  EXPECT_EQ(analytics.stats[1].trades, 2);
  EXPECT_EQ(analytics.stats[1].symbol.text(), "ETHUSDT");
  EXPECT_EQ(analytics.stats[2].source, 1);
}

std::string refusal(const Analytics& before, const MarketEvent& event) {
  Analytics after = before;
  try {
    after.fold(event);
  } catch (const Error& error) {
    EXPECT_EQ(after, before) << "a refused event changed the state";
    return error.what();
  }
  return "accepted";
}

TEST(Analytics, An_event_of_no_kind_is_refused) {
  EXPECT_THAT(refusal({}, MarketEvent{}),
              HasSubstr("found kind 0; expected 1 (quote) or 2 (trade)"));
  auto odd = sample_trade("1", "1");
  odd.kind = static_cast<EventKind>(77);
  EXPECT_THAT(refusal({}, odd), HasSubstr("found kind 77"));
}

TEST(Analytics, A_second_name_for_one_id_is_refused_with_both_names) {
  const auto message =
      refusal(folded({sample_trade("1", "1", "BTCUSDT", 0)}), sample_trade("1", "1", "ETHUSDT", 0));
  EXPECT_THAT(message, testing::AllOf(HasSubstr("BTCUSDT"), HasSubstr("ETHUSDT")));
}

TEST(Analytics, One_instrument_too_many_is_refused) {
  Analytics analytics;
  for (std::size_t i = 0; i < Analytics::max_instruments; ++i) {
    analytics.fold(sample_trade("1", "1", "S" + std::to_string(i), static_cast<std::uint8_t>(i)));
  }
  EXPECT_THAT(refusal(analytics, sample_trade("1", "1", "ONEMORE", 64)), HasSubstr("at most 64"));
}

TEST(Analytics, A_sum_beyond_128_bits_is_refused) {
  auto huge = sample_trade("1", "1");
  huge.price = huge.quantity = std::numeric_limits<std::int64_t>::max();
  const auto analytics = folded({huge, huge});  // twice (2^63 - 1)^2 is just below 2^127
  EXPECT_EQ(analytics.stats[0].vwap(), huge.price);
  EXPECT_THAT(refusal(analytics, huge), HasSubstr("beyond 128 bits"));
}

std::vector<MarketEvent> arbitrary_events() {
  const auto price = rc::gen::inRange<std::int64_t>(0, 1'000);
  std::vector<MarketEvent> events;
  const auto count = *rc::gen::inRange(0, 60);
  for (int i = 0; i < count; ++i) {
    const auto instrument = *rc::gen::inRange(0, 3);
    auto event = *rc::gen::arbitrary<bool>()
                     ? sample_trade("0", "0", "S" + std::to_string(instrument),
                                    static_cast<std::uint8_t>(instrument))
                     : sample_quote("0", "0", "S" + std::to_string(instrument),
                                    static_cast<std::uint8_t>(instrument));
    event.price = *price;
    event.quantity = *price;
    if (event.kind == EventKind::quote) event.ask_price = *price;
    events.push_back(event);
  }
  return events;
}

RC_GTEST_PROP(Analytics, Json_gives_back_an_equal_state, ()) {
  const auto analytics = folded(arbitrary_events());
  const auto text = nlohmann::json(analytics).dump();
  RC_ASSERT(nlohmann::json::parse(text).get<Analytics>() == analytics);
}

RC_GTEST_PROP(Analytics, A_fold_interrupted_anywhere_and_taken_up_from_its_bytes_is_the_same_fold,
              ()) {
  const auto events = arbitrary_events();
  const auto cut = *rc::gen::inRange<std::size_t>(0, events.size() + 1);
  Analytics before = folded({events.begin(), events.begin() + static_cast<std::ptrdiff_t>(cut)});
  Analytics after;
  std::memcpy(&after, &before, sizeof after);
  for (std::size_t i = cut; i < events.size(); ++i) after.fold(events[i]);
  const Analytics whole = folded(events);
  RC_ASSERT(std::memcmp(&after, &whole, sizeof whole) == 0);
}

RC_GTEST_PROP(Analytics, Vwap_is_the_nearest_to_the_exact_fraction, ()) {
  Analytics analytics;
  const auto count = *rc::gen::inRange(1, 8);
  for (int i = 0; i < count; ++i) {
    auto trade = sample_trade("0", "0");
    trade.price = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
    trade.quantity = *rc::gen::inRange<std::int64_t>(1, 1'000'000'000'000);
    analytics.fold(trade);
  }
  const auto& stats = analytics.stats[0];
  // |vwap - notional / volume| <= 1/2, without a division.
  const Int128 twice_error = 2 * (stats.vwap().value() * stats.volume - stats.notional);
  RC_ASSERT(twice_error <= stats.volume);
  RC_ASSERT(-twice_error <= stats.volume);
}

TEST(AnalyticsJson, Numbers_are_exact_text_and_what_does_not_exist_is_null) {
  const nlohmann::json json = folded({sample_trade("61837.63", "0.02")});
  const auto& entry = json.at("instruments").at(0);
  EXPECT_EQ(entry.at("symbol"), "BTCUSDT");
  EXPECT_EQ(entry.at("volume"), "0.02");
  EXPECT_EQ(entry.at("notional"), "1236.7526");
  EXPECT_EQ(entry.at("vwap"), "61837.63");
  EXPECT_TRUE(entry.at("lowest_spread").is_null());
  EXPECT_EQ(json.at("vwap_rounding"), "8 decimals, half to even");
}

TEST(AnalyticsJson, A_document_of_another_form_is_refused) {
  nlohmann::json good = folded({sample_trade("1", "1"), sample_quote("1", "2")});
  const auto refused = [&](const char* key, const nlohmann::json& value) {
    auto changed = good;
    changed["instruments"][0][key] = value;
    EXPECT_THROW((void)changed.get<Analytics>(), Error) << key << " = " << value;
  };
  refused("volume", "1e3");
  refused("volume", 1.5);
  refused("notional", "x");
  refused("last_bid", "0.000000001");
  refused("lowest_spread", nullptr);
  refused("symbol", "lower");
  refused("quotes", "1");
  EXPECT_THROW((void)nlohmann::json::object().get<Analytics>(), Error);
  const nlohmann::json no_list = {{"instruments", 5}};
  EXPECT_THROW((void)no_list.get<Analytics>(), Error);
  good["instruments"] = std::vector(65, good["instruments"][0]);
  EXPECT_THROW((void)good.get<Analytics>(), Error);
}

}  // namespace
}  // namespace disruptor_mp::market_feed
