// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/feed_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Lines of the two recordings, as they are.
constexpr const char* spot_quote =
    R"(1723161254087891268 {"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT",)"
    R"("b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}})";
constexpr const char* spot_trade =
    R"(1723161254087896568 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,)"
    R"("s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,)"
    R"("m":true,"M":true}})";
constexpr const char* futures_quote =
    R"(1723161255088169167 {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker",)"
    R"("u":5123107839020,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510",)"
    R"("T":1723161256313,"E":1723161256314}})";
constexpr const char* futures_trade =
    R"(1723161255088176367 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256323,)"
    R"("T":1723161256322,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET",)"
    R"("m":false}})";

MarketEvent event_of(std::string_view line) {
  const auto parsed = FeedParser().parse(line);
  EXPECT_TRUE(parsed.has_event());
  return parsed.event;
}

std::string error_of(std::string_view line) {
  FeedParser parser;
  try {
    (void)parser.parse(line);
  } catch (const BadLine& error) {
    EXPECT_TRUE(parser.instruments().symbols().empty()) << "a bad line left an instrument";
    return error.what();
  }
  return "no error";
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Feed, A_spot_quote_becomes_an_exact_event_without_exchange_time) {
  const auto event = event_of(spot_quote);
  EXPECT_EQ(event.kind, EventKind::quote);
  EXPECT_EQ(event.receive_time_ns, 1'723'161'254'087'891'268);
  EXPECT_EQ(event.id, 50'093'239'212);
  EXPECT_EQ(event.price, 6'183'763'000'000);
  EXPECT_EQ(event.quantity, 378'826'000);
  EXPECT_EQ(event.ask_price, 6'183'764'000'000);
  EXPECT_EQ(event.ask_quantity, 154'698'000);
  EXPECT_EQ(event.symbol.text(), "BTCUSDT");
  EXPECT_EQ(event.exchange_time_ms(), std::nullopt);
  EXPECT_EQ(event.aggressor, Aggressor::none);
}

TEST(Feed, A_trade_line_becomes_an_exact_scaled_event) {
  const auto event = event_of(spot_trade);
  EXPECT_EQ(event.kind, EventKind::trade);
  EXPECT_EQ(event.id, 3'735'683'259);
  EXPECT_EQ(event.price, 6'183'763'000'000);
  EXPECT_EQ(event.quantity, 2'000'000);
  EXPECT_EQ(event.ask_price, 0);
  EXPECT_EQ(event.ask_quantity, 0);
  EXPECT_EQ(event.exchange_time_ms(), 1'723'161'255'342);
}

TEST(Feed, The_aggressor_is_the_side_that_is_not_the_maker) {
  EXPECT_EQ(event_of(spot_trade).aggressor, Aggressor::seller);  // "m":true, the buyer is the maker
  EXPECT_EQ(event_of(futures_trade).aggressor, Aggressor::buyer);  // "m":false
}

TEST(Feed, Lines_of_the_futures_form_carry_the_transaction_time) {
  EXPECT_EQ(event_of(futures_quote).exchange_time_ms(), 1'723'161'256'313);
  EXPECT_EQ(event_of(futures_trade).exchange_time_ms(), 1'723'161'256'322);
  EXPECT_EQ(event_of(futures_quote).ask_price, 6'180'030'000'000);
}

TEST(Feed, The_event_time_stands_in_for_a_missing_transaction_time) {
  const auto line = replaced(spot_trade, R"("T":1723161255342,)", "");
  EXPECT_EQ(event_of(line).exchange_time_ms(), 1'723'161'255'343);
}

TEST(Feed, Source_and_instrument_are_numbered) {
  FeedParser parser(7);
  const auto first = parser.parse(spot_quote).event;
  const auto second = parser.parse(replaced(spot_quote, "BTCUSDT", "ETHUSDT")).event;
  EXPECT_EQ(first.source, 7);
  EXPECT_EQ(first.instrument, 0);
  EXPECT_EQ(second.instrument, 1);
  EXPECT_EQ(parser.instruments().symbols().size(), 2U);
}

TEST(Feed, Depth_snapshot_and_other_streams_make_no_event) {
  FeedParser parser;
  EXPECT_EQ(parser.parse(R"(1 {"stream":"btcusdt@depth@100ms","data":{}})").kind, LineKind::depth);
  EXPECT_EQ(parser.parse(R"(1 {"stream":"btcusdt@depth20","data":{}})").kind, LineKind::depth);
  EXPECT_EQ(parser.parse(R"(1 {"lastUpdateId":5,"bids":[],"asks":[]})").kind, LineKind::snapshot);
  EXPECT_EQ(parser.parse(R"(1 {"stream":"btcusdt@kline_1m","data":{}})").kind, LineKind::other);
  EXPECT_EQ(parser.parse(R"(1 {"stream":"btcusdt@aggTrade","data":{}})").kind, LineKind::other);
}

TEST(Feed, Blanks_and_another_order_of_fields_change_nothing) {
  const auto event =
      event_of(R"(1723161254087891268 { "data" : { "A":"1.54698000", "a":"61837.64000000",)"
               R"( "B":"3.78826000", "b":"61837.63000000", "s":"BTCUSDT", "u":50093239212 },)"
               R"( "stream" : "btcusdt@bookTicker" })");
  EXPECT_EQ(event, event_of(spot_quote));
  FeedParser parser;
  EXPECT_EQ(parser.parse(R"(1 {"data":{"b":[["1","2"]]},"stream":"x@depth"})").kind,
            LineKind::depth);
  EXPECT_EQ(parser.parse(R"(1 {"bids":[["1","2"]],"lastUpdateId":5})").kind, LineKind::snapshot);
}

TEST(Feed, Unknown_fields_of_any_type_are_passed_over) {
  const auto line =
      replaced(spot_trade, R"("M":true)",
               R"("M":null,"x":{"p":"7","t":[1,{"q":"8"}]},"y":1.5,"z":-3,"pq":"no")");
  EXPECT_EQ(event_of(line), event_of(spot_trade));
}

TEST(Feed, A_carriage_return_at_the_end_is_no_part_of_the_line) {
  EXPECT_EQ(event_of(std::string(spot_quote) + "\r"), event_of(spot_quote));
}

TEST(Feed, A_line_without_receive_time_is_refused) {
  for (const char* line :
       {"", "{}", "abc {}", " 1 {}", "-5 {}", "17231612540878912689999 {}", "17"}) {
    EXPECT_THAT(error_of(line), HasSubstr("<receive time, ns since 1970> <JSON>")) << line;
  }
}

TEST(Feed, A_line_cut_anywhere_is_refused) {
  for (const std::string whole :
       {spot_quote, futures_trade, R"(1 {"stream":"btcusdt@depth@0ms","data":{"b":[["1","2"]]}})",
        R"(1 {"lastUpdateId":5,"bids":[["1","2"]]})"}) {
    for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
      // One cut leaves the closing brace of the inner object; only a parsed line can tell.
      if (size == whole.size() - 1 || whole[size - (size > 0 ? 1 : 0)] == '}') continue;
      EXPECT_NE(error_of(whole.substr(0, size)), "no error") << whole.substr(0, size);
    }
  }
  const std::string quote = spot_quote;
  EXPECT_THAT(error_of(quote.substr(0, quote.size() - 1)), HasSubstr("no JSON"));
}

TEST(Feed, Every_missing_field_is_named) {
  const std::string quote = spot_quote;
  EXPECT_THAT(error_of(replaced(quote, R"("u":50093239212,)", "")), HasSubstr(R"(no field "u")"));
  EXPECT_THAT(error_of(replaced(quote, R"("b":)", R"("x":)")), HasSubstr(R"(no field "b")"));
  EXPECT_THAT(error_of(replaced(quote, R"("B":)", R"("x":)")), HasSubstr(R"(no field "B")"));
  EXPECT_THAT(error_of(replaced(quote, R"("a":)", R"("x":)")), HasSubstr(R"(no field "a")"));
  EXPECT_THAT(error_of(replaced(quote, R"("A":)", R"("x":)")), HasSubstr(R"(no field "A")"));
  EXPECT_THAT(error_of(replaced(quote, R"("s":)", R"("x":)")), HasSubstr("the symbol \"\""));
  const std::string trade = spot_trade;
  EXPECT_THAT(error_of(replaced(trade, R"("t":)", R"("x":)")), HasSubstr(R"(no field "t")"));
  EXPECT_THAT(error_of(replaced(trade, R"("p":)", R"("x":)")), HasSubstr(R"(no field "p")"));
  EXPECT_THAT(error_of(replaced(trade, R"("q":)", R"("x":)")), HasSubstr(R"(no field "q")"));
  EXPECT_THAT(error_of(replaced(trade, R"("m":)", R"("x":)")), HasSubstr(R"(no field "m")"));
  EXPECT_THAT(error_of(replaced(trade, R"("m":)", R"("x":)")), HasSubstr("a trade message"));
}

TEST(Feed, A_field_of_the_wrong_type_or_value_is_named_with_what_it_holds) {
  const std::string trade = spot_trade;
  const auto with_price = [&](const char* json) {
    return replaced(trade, R"("61837.63000000")", json);
  };
  EXPECT_THAT(error_of(with_price("61837.63")), AllOf(HasSubstr(R"("p")"), HasSubstr("61837.63")));
  EXPECT_THAT(error_of(with_price(R"("61837,63")")), HasSubstr(R"("61837,63", text that is not)"));
  EXPECT_THAT(error_of(with_price(R"("1.000000001")")), HasSubstr("more than 8 decimals"));
  EXPECT_THAT(error_of(with_price(R"("99999999999999")")), HasSubstr("too large"));
  EXPECT_THAT(error_of(with_price(R"("-1")")), HasSubstr("a decimal number >= 0"));
  EXPECT_THAT(error_of(with_price(R"("")")), HasSubstr("empty text"));
  EXPECT_THAT(error_of(with_price("null")), HasSubstr("in field \"p\" null"));
  EXPECT_THAT(error_of(with_price("{}")), HasSubstr("an object"));
  EXPECT_THAT(error_of(with_price("[]")), HasSubstr("an array"));
  EXPECT_THAT(error_of(replaced(trade, ":3735683259", ":-1")), HasSubstr("-1"));
  EXPECT_THAT(error_of(replaced(trade, ":3735683259", ":1.5")), HasSubstr("1.5"));
  EXPECT_THAT(error_of(replaced(trade, ":3735683259", ":18446744073709551615")), HasSubstr("2^63"));
  EXPECT_THAT(error_of(replaced(trade, ":3735683259", R"(:"3735683259")")),
              HasSubstr("the string"));
  EXPECT_THAT(error_of(replaced(trade, R"("m":true)", R"("m":"true")")),
              HasSubstr("true or false"));
  EXPECT_THAT(error_of(replaced(trade, R"("BTCUSDT")", "5")), HasSubstr(R"(in field "s")"));
  EXPECT_THAT(error_of(replaced(trade, "BTCUSDT", "BTCUSDT_240927")), HasSubstr("BTCUSDT_240927"));
  EXPECT_THAT(error_of(replaced(trade, R"("btcusdt@trade")", "5")),
              HasSubstr(R"(in field "stream")"));
}

TEST(Feed, An_exchange_time_far_from_the_receive_time_is_refused) {
  EXPECT_THAT(error_of(replaced(spot_trade, R"("T":1723161255342)", R"("T":1)")),
              HasSubstr("within 24 days"));
}

TEST(Feed, Text_that_is_no_message_is_refused) {
  EXPECT_THAT(error_of("1 []}"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(error_of("1 5}"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(error_of("1 {}"), HasSubstr("neither \"stream\" nor \"lastUpdateId\""));
  EXPECT_THAT(error_of("1 }"), HasSubstr("no JSON at byte"));
  EXPECT_THAT(error_of(std::string(spot_quote) + "}"), HasSubstr("no JSON at byte"));
}

RC_GTEST_PROP(Feed, A_line_with_any_byte_changed_is_read_or_refused_but_never_more, ()) {
  std::string line = *rc::gen::elementOf(std::vector<std::string>{spot_quote, futures_trade});
  const auto at = *rc::gen::inRange<std::size_t>(0, line.size());
  line[at] = *rc::gen::arbitrary<char>();
  FeedParser parser;
  try {
    const auto parsed = parser.parse(line);
    if (parsed.has_event()) {
      RC_ASSERT(parsed.event.price >= 0);
      RC_ASSERT(parsed.event.quantity >= 0);
    }
  } catch (const BadLine& error) {
    RC_ASSERT(std::string(error.what()).find("expected") != std::string::npos);
  }
}

}  // namespace
}  // namespace disruptor_mp::market_feed
