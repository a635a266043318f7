// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/feed_generator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "market_feed/checksum.hpp"
#include "market_feed/error.hpp"
#include "market_feed/feed_reader.hpp"
#include "market_feed/verification.hpp"
#include "temp_folder.hpp"

namespace disruptor_mp::market_feed {
namespace {

using testing::HasSubstr;

std::string text_of(const GeneratorOptions& options) {
  FeedGenerator generator(options);
  std::string text;
  while (const auto line = generator.next()) text.append(*line).append("\n");
  return text;
}

std::uint64_t checksum_of(const std::string& text) {
  return checksum(std::as_bytes(std::span(text)));
}

TEST(FeedGenerator, The_same_seed_gives_the_same_bytes_and_another_gives_others) {
  EXPECT_EQ(text_of({.seed = 5, .lines = 500}), text_of({.seed = 5, .lines = 500}));
  EXPECT_NE(text_of({.seed = 5, .lines = 500}), text_of({.seed = 6, .lines = 500}));
}

TEST(FeedGenerator, The_bytes_of_a_seed_are_fixed_for_good) {
  // A change here makes every recorded run of a seed unrepeatable; it must be meant.
  EXPECT_EQ(checksum_of(text_of({.seed = 1, .lines = 2'000})), 4067234134252970013U);
  EXPECT_EQ(checksum_of(text_of({.seed = 1, .lines = 2'000, .form = FeedForm::spot})),
            12546549054360749536U);
}

TEST(FeedGenerator, A_shorter_feed_is_the_beginning_of_a_longer_one) {
  EXPECT_TRUE(text_of({.lines = 300}).starts_with(text_of({.lines = 100})));
}

class GeneratedFeed : public testing::TestWithParam<FeedForm> {
 protected:
  GeneratedFeed() : path_(folder_ / "feed") {
    write_generated_feed(path_, {.seed = 3, .lines = 20'000, .form = GetParam()});
  }

  TempFolder folder_;
  std::filesystem::path path_;
};

TEST_P(GeneratedFeed, Is_read_without_a_bad_line_and_has_every_kind_in_it) {
  const auto counts = reference_of(path_).counts;
  EXPECT_EQ(counts.lines, 20'000U);
  EXPECT_EQ(counts.quotes + counts.trades + counts.depth + counts.snapshots, counts.lines);
  EXPECT_GT(counts.quotes, 13'000U);
  EXPECT_GT(counts.trades, 4'000U);
  EXPECT_GT(counts.depth, 1'000U);
  EXPECT_EQ(counts.snapshots, 1U);
}

TEST_P(GeneratedFeed, Receive_times_strictly_increase_and_exchange_times_do_not_go_back) {
  FeedReader reader(path_);
  std::int64_t last_receive = 0;
  std::int64_t last_exchange = 0;
  while (const auto event = reader.next()) {
    ASSERT_GT(event->receive_time_ns, last_receive);
    last_receive = event->receive_time_ns;
    const bool is_stated = GetParam() == FeedForm::usd_futures || event->kind == EventKind::trade;
    ASSERT_EQ(event->exchange_time_ms().has_value(), is_stated);
    if (!is_stated) continue;
    ASSERT_GE(*event->exchange_time_ms(), last_exchange);
    last_exchange = *event->exchange_time_ms();
  }
}

TEST_P(GeneratedFeed, Every_instrument_trades_within_an_uncrossed_book_that_moves) {
  const auto analytics = reference_of(path_).analytics;
  ASSERT_EQ(analytics.instrument_count, 3U);
  for (const auto& stats : analytics.instruments()) {
    EXPECT_GT(stats.quotes, 1'000);
    EXPECT_GT(stats.trades, 1'000);
    EXPECT_EQ(stats.crossed_quotes + stats.one_sided_quotes, 0);
    EXPECT_GT(stats.lowest_spread, 0);
    EXPECT_GT(stats.highest_spread, stats.lowest_spread);
    EXPECT_NE(stats.vwap(), stats.last_price);
  }
}

INSTANTIATE_TEST_SUITE_P(BothForms, GeneratedFeed,
                         testing::Values(FeedForm::spot, FeedForm::usd_futures),
                         [](const auto& info) {
                           return info.param == FeedForm::spot ? "spot" : "usd_futures";
                         });

TEST(FeedGenerator, Its_longest_line_is_as_long_as_those_of_the_recordings) {
  std::size_t longest = 0;
  FeedGenerator generator({.lines = 10, .form = FeedForm::spot});
  while (const auto line = generator.next()) longest = std::max(longest, line->size());
  EXPECT_GT(longest, 60'000U);
}

TEST(FeedGenerator, Plain_and_compressed_files_hold_the_same_events) {
  const TempFolder folder;
  write_generated_feed(folder / "feed", {.lines = 1'000});
  write_generated_feed(folder / "feed.gz", {.lines = 1'000});
  EXPECT_EQ(bytes_of(folder / "feed"), text_of({.lines = 1'000}));
  EXPECT_LT(std::filesystem::file_size(folder / "feed.gz"),
            std::filesystem::file_size(folder / "feed"));
  EXPECT_EQ(reference_of(folder / "feed").analytics, reference_of(folder / "feed.gz").analytics);
}

TEST(FeedGenerator, Prices_stay_in_range_at_the_bounds_of_what_is_accepted) {
  const TempFolder folder;
  const std::int64_t highest = 10'000'000'000 * 100'000'000;
  GeneratorOptions options = {.lines = 3'000, .form = FeedForm::spot};
  options.instruments = {
      {.symbol = "HIGH", .price = highest, .tick = highest / 10'000, .lot = 100'000'000'000},
      {.symbol = "LOW", .price = 10'000, .tick = 1, .lot = 1}};
  write_generated_feed(folder / "feed", options);
  EXPECT_EQ(reference_of(folder / "feed").counts.bad, 0U);
}

std::string refusal(const GeneratedInstrument& instrument) {
  try {
    const FeedGenerator generator({.instruments = {instrument}});
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(FeedGenerator, Instruments_it_cannot_walk_are_refused_with_the_reason) {
  const GeneratedInstrument good = default_instruments().front();
  const auto with = [&](auto change) {
    GeneratedInstrument changed = good;
    change(changed);
    return refusal(changed);
  };
  EXPECT_EQ(refusal(good), "accepted");
  EXPECT_THAT(with([](auto& i) { i.symbol = "bitcoin"; }), HasSubstr("bitcoin"));
  EXPECT_THAT(with([](auto& i) { i.tick = 0; }), HasSubstr("a tick above 0"));
  EXPECT_THAT(with([](auto& i) { i.lot = -1; }), HasSubstr("a lot above 0"));
  EXPECT_THAT(with([](auto& i) { i.price += 1; }), HasSubstr("a multiple of the tick"));
  EXPECT_THAT(with([](auto& i) { i.price = 9'999 * i.tick; }), HasSubstr("at least 10000 ticks"));
  EXPECT_THROW(FeedGenerator({.instruments = {}}), Error);
}

TEST(FeedGenerator, A_feed_that_cannot_be_written_is_an_error) {
  const TempFolder folder;
  EXPECT_THROW(write_generated_feed(folder / "no/such/folder", {.lines = 1}), Error);
  if (std::filesystem::exists("/dev/full")) {
    try {
      write_generated_feed("/dev/full", {.lines = 1});
      FAIL() << "wrote to a full disk";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("No space left on device"));
    }
  }
}

}  // namespace
}  // namespace disruptor_mp::market_feed
