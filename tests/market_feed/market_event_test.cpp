// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/market_event.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "market_feed/error.hpp"
#include "market_feed/event_text.hpp"
#include "market_feed/instrument_table.hpp"
#include "sample_events.hpp"

namespace disruptor_mp::market_feed {
namespace {

TEST(MarketEvent, Equal_events_have_equal_bytes) {
  alignas(MarketEvent) unsigned char memory_one[sizeof(MarketEvent)];
  alignas(MarketEvent) unsigned char memory_two[sizeof(MarketEvent)];
  std::memset(memory_one, 0x00, sizeof memory_one);
  std::memset(memory_two, 0xff, sizeof memory_two);
  const auto* one = new (memory_one) MarketEvent(sample_trade("1.5", "2"));
  const auto* two = new (memory_two) MarketEvent(sample_trade("1.5", "2"));
  EXPECT_EQ(*one, *two);
  EXPECT_EQ(std::memcmp(memory_one, memory_two, sizeof(MarketEvent)), 0);
}

TEST(MarketEvent, Exchange_time_is_exact_on_both_sides_of_the_receive_time) {
  MarketEvent event;
  event.receive_time_ns = 1'723'161'254'087'896'568;
  EXPECT_EQ(event.exchange_time_ms(), std::nullopt);
  ASSERT_TRUE(event.set_exchange_time_ms(1'723'161'255'342));
  EXPECT_EQ(event.exchange_time_ms(), 1'723'161'255'342);
  ASSERT_TRUE(event.set_exchange_time_ms(1'723'161'254'000));
  EXPECT_EQ(event.exchange_time_ms(), 1'723'161'254'000);
}

TEST(MarketEvent, An_exchange_time_a_month_away_is_refused_and_changes_nothing) {
  MarketEvent event;
  event.receive_time_ns = 1'723'161'254'087'896'568;
  EXPECT_FALSE(event.set_exchange_time_ms(0));
  EXPECT_FALSE(event.set_exchange_time_ms(-1));
  EXPECT_FALSE(event.set_exchange_time_ms(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(event.exchange_time_ms(), std::nullopt);
}

TEST(MarketEvent, Text_names_instrument_price_and_side) {
  EXPECT_EQ(text_of(sample_trade("61837.63", "0.02")),
            "BTCUSDT trade 0 61837.63 x 0.02, buyer aggressor, received 1723161254087891268 ns, "
            "exchange -, source 0, instrument 0");
}

TEST(Symbol, A_name_survives_packing) {
  for (const char* text : {"BTCUSDT", "1000SHIBUSDT", "A", "Z_9-.", "____________"}) {
    ASSERT_TRUE(Symbol::from(text)) << text;
    EXPECT_EQ(Symbol::from(text)->text(), text);
  }
}

TEST(Symbol, What_does_not_fit_is_refused_not_cut) {
  for (const char* text : {"", "BTCUSDT_240927", "btcusdt", "BTC USDT", "BTC/USDT", "\xc3\x84"}) {
    EXPECT_FALSE(Symbol::from(text)) << text;
  }
}

RC_GTEST_PROP(Symbol, Different_names_pack_differently_and_sort_alike, ()) {
  const auto letters = rc::gen::elementOf(std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
  const auto name = rc::gen::suchThat(
      rc::gen::container<std::string>(letters),
      [](const std::string& s) { return !s.empty() && s.size() <= Symbol::max_length; });
  const std::string one = *name;
  const std::string two = *name;
  RC_ASSERT((*Symbol::from(one) == *Symbol::from(two)) == (one == two));
  RC_ASSERT((*Symbol::from(one) < *Symbol::from(two)) == (one < two));
  RC_ASSERT(Symbol::from(one)->text() == one);
}

TEST(InstrumentTable, Ids_are_dense_in_order_of_appearance_and_stay) {
  InstrumentTable table;
  const auto btc = Symbol::from("BTCUSDT").value();
  const auto eth = Symbol::from("ETHUSDT").value();
  EXPECT_EQ(table.id_of(btc), 0);
  EXPECT_EQ(table.id_of(eth), 1);
  EXPECT_EQ(table.id_of(btc), 0);
  EXPECT_EQ(table.symbol_of(1), eth);
  EXPECT_EQ(table.symbols().size(), 2U);
}

TEST(InstrumentTable, An_id_never_given_is_an_error) {
  const InstrumentTable table;
  EXPECT_THROW((void)table.symbol_of(0), Error);
}

TEST(InstrumentTable, The_instrument_after_the_last_id_is_an_error_that_names_it) {
  InstrumentTable table;
  for (std::size_t i = 0; i < InstrumentTable::max_instruments; ++i) {
    ASSERT_EQ(table.id_of(Symbol::from("S" + std::to_string(i)).value()), i);
  }
  try {
    table.id_of(Symbol::from("ONEMORE").value());
    FAIL() << "accepted instrument 257";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("ONEMORE"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace disruptor_mp::market_feed
