// SPDX-License-Identifier: MIT OR Apache-2.0
// The two recorded feeds, where they lie beside the checkout; the figures were computed apart from
// this program, with Python's json and fractions modules.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "market_feed/decimal.hpp"
#include "market_feed/feed_reader.hpp"
#include "market_feed/journal_file.hpp"
#include "market_feed/verification.hpp"
#include "temp_folder.hpp"

namespace disruptor_mp::market_feed {
namespace {

std::filesystem::path recording(const char* name) {
  return std::filesystem::path(DMP_SOURCE_DIR) / ".." / "shared" / "data" / name;
}
const std::filesystem::path spot_feed = recording("binance-spot-btcusdt-20240808.jsonl.gz");
const std::filesystem::path futures_feed = recording("binance-usdm-btcusdt-20240808.jsonl.gz");

#define SKIP_WITHOUT(feed) \
  if (!std::filesystem::exists(feed)) GTEST_SKIP() << feed << " is not here"

TEST(RecordedFeed, The_spot_recording_has_every_line_accounted_for) {
  SKIP_WITHOUT(spot_feed);
  EXPECT_EQ(
      reference_of(spot_feed).counts,
      (FeedCounts{
          .lines = 41'249, .quotes = 28'040, .trades = 9'757, .depth = 3'451, .snapshots = 1}));
}

TEST(RecordedFeed, The_futures_recording_has_every_line_accounted_for) {
  SKIP_WITHOUT(futures_feed);
  EXPECT_EQ(
      reference_of(futures_feed).counts,
      (FeedCounts{
          .lines = 93'954, .quotes = 66'089, .trades = 21'313, .depth = 6'551, .snapshots = 1}));
}

void expect_stats(const std::filesystem::path& feed, const char* volume, const char* notional,
                  const char* vwap, const char* last, const char* bid, const char* ask,
                  const char* lowest_spread, const char* highest_spread) {
  const auto analytics = reference_of(feed).analytics;
  ASSERT_EQ(analytics.instrument_count, 1U);
  const auto& stats = analytics.instruments()[0];
  EXPECT_EQ(stats.symbol.text(), "BTCUSDT");
  EXPECT_EQ(format_decimal(stats.volume), volume);
  EXPECT_EQ(format_decimal(stats.notional, 16), notional);
  EXPECT_EQ(format_decimal(stats.vwap().value_or(0)), vwap);
  EXPECT_EQ(format_decimal(stats.last_price), last);
  EXPECT_EQ(format_decimal(stats.last_bid), bid);
  EXPECT_EQ(format_decimal(stats.last_ask), ask);
  EXPECT_EQ(format_decimal(stats.lowest_spread), lowest_spread);
  EXPECT_EQ(format_decimal(stats.highest_spread), highest_spread);
  EXPECT_EQ(stats.one_sided_quotes, 0);
  EXPECT_EQ(stats.crossed_quotes, 0);
}

TEST(RecordedFeed, Spot_analytics_are_those_of_exact_arithmetic_elsewhere) {
  SKIP_WITHOUT(spot_feed);
  expect_stats(spot_feed, "212.03315", "13084074.1123886", "61707.68161671", "61685.99", "61685.99",
               "61686", "0.01", "61.84");
}

TEST(RecordedFeed, Futures_analytics_are_those_of_exact_arithmetic_elsewhere) {
  SKIP_WITHOUT(futures_feed);
  expect_stats(futures_feed, "2429.366", "149845680.8898", "61680.98215329", "61659.8", "61659.7",
               "61659.8", "0.1", "24.3");
}

TEST(RecordedFeed, Each_quote_of_spot_lacks_an_exchange_time_and_each_of_futures_has_one) {
  SKIP_WITHOUT(spot_feed);
  SKIP_WITHOUT(futures_feed);
  FeedReader spot(spot_feed);
  while (const auto event = spot.next()) {
    ASSERT_EQ(event->exchange_time_ms().has_value(), event->kind == EventKind::trade);
  }
  FeedReader futures(futures_feed);
  while (const auto event = futures.next()) ASSERT_TRUE(event->exchange_time_ms());
}

TEST(RecordedFeed, A_journal_of_a_recording_equals_it_byte_for_byte) {
  SKIP_WITHOUT(spot_feed);
  const TempFolder folder;
  JournalWriter journal(folder / "journal");
  FeedReader reader(spot_feed);
  std::vector<MarketEvent> batch(500);
  for (std::uint64_t sequence = 0; const auto count = reader.read(batch); sequence += count) {
    journal.write(sequence, std::span(batch).first(count));
  }
  EXPECT_EQ(std::filesystem::file_size(folder / "journal"), 64U * (28'040 + 9'757));
  EXPECT_EQ(journal_difference(folder / "journal", spot_feed, 28'040 + 9'757), std::nullopt);
}

}  // namespace
}  // namespace disruptor_mp::market_feed
