// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/feed_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gzip.hpp"
#include "market_feed/error.hpp"
#include "temp_folder.hpp"

namespace disruptor_mp::market_feed {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string quote_line(int update_id) {
  return R"(1723161254087891268 {"stream":"btcusdt@bookTicker","data":{"u":)" +
         std::to_string(update_id) + R"(,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}})" + "\n";
}
const std::string trade_line =
    R"(1723161254087896568 {"stream":"btcusdt@trade","data":{"E":1723161255343,"s":"BTCUSDT",)"
    R"("t":9,"p":"1.5","q":"2","m":true}})"
    "\n";
const std::string depth_line = R"(5 {"stream":"btcusdt@depth@0ms","data":{}})"
                               "\n";
const std::string snapshot_line = R"(6 {"lastUpdateId":1,"bids":[]})"
                                  "\n";
const std::string other_line = R"(7 {"stream":"btcusdt@kline_1m","data":{}})"
                               "\n";

std::vector<std::int64_t> ids_of(FeedReader& reader) {
  std::vector<std::int64_t> ids;
  while (const auto event = reader.next()) ids.push_back(event->id);
  return ids;
}

TEST(FeedReader, Events_come_in_file_order_and_every_line_is_counted) {
  const TempFolder folder;
  FeedReader reader(write_file(folder / "feed", depth_line + quote_line(1) + snapshot_line +
                                                    trade_line + other_line + quote_line(2)));
  EXPECT_THAT(ids_of(reader), testing::ElementsAre(1, 9, 2));
  EXPECT_EQ(
      reader.counts(),
      (FeedCounts{.lines = 6, .quotes = 2, .trades = 1, .depth = 1, .snapshots = 1, .other = 1}));
  EXPECT_EQ(reader.counts().events(), 3U);
}

TEST(FeedReader, A_malformed_line_is_an_error_with_file_and_line) {
  const TempFolder folder;
  FeedReader reader(write_file(folder / "feed", quote_line(1) + depth_line + "rubbish\n"));
  ASSERT_TRUE(reader.next());
  try {
    (void)reader.next();
    FAIL() << "accepted rubbish";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("feed:3: found \"rubbish\""), HasSubstr("expected"),
                                    HasSubstr("--skip-bad-lines")));
  }
}

TEST(FeedReader, A_malformed_line_of_compressed_data_may_come_from_damage) {
  const TempFolder folder;
  for (const auto& path :
       {write_gzip(folder / "packed.gz", "rubbish\n"), write_file(folder / "plain", "rubbish\n")}) {
    FeedReader reader(path);
    try {
      (void)reader.next();
      FAIL() << "accepted rubbish";
    } catch (const Error& error) {
      EXPECT_EQ(error.parts().remedy.find("damaged") != std::string::npos,
                path.extension() == ".gz");
      EXPECT_THAT(error.parts().remedy, HasSubstr("--skip-bad-lines"));
    }
  }
}

TEST(FeedReader, Malformed_lines_are_counted_and_passed_over_when_asked) {
  const TempFolder folder;
  const auto path =
      write_file(folder / "feed", quote_line(1) + "rubbish\n" + quote_line(2) + "more rubbish\n");
  FeedReader reader(path, {.skip_bad_lines = true});
  EXPECT_THAT(ids_of(reader), testing::ElementsAre(1, 2));
  EXPECT_EQ(reader.counts(), (FeedCounts{.lines = 4, .quotes = 2, .bad = 2}));
  EXPECT_THAT(reader.first_bad_line(), HasSubstr("feed:2: found \"rubbish\""));
}

TEST(FeedReader, Skipping_bad_lines_does_not_skip_damage_of_the_file) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 2000; ++i) text += quote_line(i * 7919);
  const std::string packed = bytes_of(write_gzip(folder / "whole.gz", text));
  const auto path =
      write_file(folder / "cut.gz", std::string_view(packed).substr(0, packed.size() / 2));
  FeedReader reader(path, {.skip_bad_lines = true});
  EXPECT_THROW(ids_of(reader), Error);
  EXPECT_EQ(reader.counts().bad, 0U);
  EXPECT_EQ(reader.counts().lines, reader.counts().quotes);
}

TEST(FeedReader, Batches_and_skips_walk_the_same_events_as_single_steps) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 10; ++i) text += quote_line(i) + depth_line;
  const auto path = write_file(folder / "feed", text);
  FeedReader reader(path);
  std::vector<MarketEvent> batch(4);
  ASSERT_EQ(reader.skip(3), 3U);
  ASSERT_EQ(reader.read(batch), 4U);
  EXPECT_EQ(batch[0].id, 3);
  EXPECT_EQ(batch[3].id, 6);
  EXPECT_EQ(reader.read(batch), 3U);
  EXPECT_EQ(batch[2].id, 9);
  EXPECT_EQ(reader.read(batch), 0U);
  EXPECT_EQ(reader.skip(5), 0U);
}

TEST(FeedReader, The_source_is_in_every_event) {
  const TempFolder folder;
  FeedReader reader(write_file(folder / "feed", quote_line(1)), {.source = 3});
  EXPECT_EQ(reader.next()->source, 3);
}

}  // namespace
}  // namespace disruptor_mp::market_feed
