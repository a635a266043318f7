// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "market_feed/columns.hpp"
#include "sample_events.hpp"

namespace disruptor_mp::market_feed {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

RunReport good_report() {
  RunReport report = {
      .feed = "feed.gz",
      .backend = "shm",
      .pace = "max",
      .lines = 93'954,
      .events = 87'402,
      .processes = {{.role = "gateway", .kind = "producer", .events = 87'402, .busy_ns = 8'740'200},
                    {.role = "journal",
                     .kind = "required",
                     .events = 87'402,
                     .busy_ns = 87'402'000,
                     .restarts = 2,
                     .latency = LatencySummary{.count = 87'402,
                                               .p50 = 830,
                                               .p90 = 12'345,
                                               .p99 = 4'560'000,
                                               .p99_9 = 99'960'000,
                                               .max = 1'200'000'000}}},
      .checks = {{.what = "the journal equals the feed byte for byte", .passed = true}}};
  report.analytics.fold(sample_trade("61837.63", "0.02"));
  report.analytics.fold(sample_quote("61837.63", "61837.64"));
  return report;
}

void expect_lines_within_80_columns(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 80U) << line;
    EXPECT_FALSE(line.ends_with(' ')) << '"' << line << '"';
  }
}

TEST(Report, A_good_run_as_people_see_it) {
  EXPECT_EQ(text_of(good_report()),
            R"(market_feed  feed.gz  93,954 lines  87,402 events  ring on shm  pace max

process       kind               events         rate    restarts        missed
gateway       producer           87,402     10.0 M/s           0             0
journal       required           87,402     1.00 M/s           2             0

latency               p50          p90          p99        p99.9          max
journal            830 ns      12.3 us      4.56 ms       100 ms       1.20 s

BTCUSDT       quotes 1  trades 1  volume 0.02  vwap 61837.63  last 61837.63
              bid 61837.63  ask 61837.64  spread 0.01 to 0.01

ok    the journal equals the feed byte for byte
verdict: PASS, 1 of 1 checks hold
)");
}

TEST(Report, Voids_are_told_where_there_are_any) {
  auto report = good_report();
  EXPECT_EQ(text_of(report).find("voids"), std::string::npos);
  EXPECT_EQ(nlohmann::json(report).at("voids"), 0);
  report.voids = 3;
  EXPECT_THAT(text_of(report), HasSubstr("87,402 events  3 voids"));
  EXPECT_EQ(nlohmann::json(report).at("voids"), 3);
}

TEST(Report, The_last_line_is_the_verdict) {
  auto report = good_report();
  EXPECT_TRUE(report.passed());
  report.checks.push_back(
      {.what = "analytics equal the plain computation", .detail = "5, expected 6"});
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(text_of(report),
              HasSubstr("FAIL  analytics equal the plain computation: 5, expected 6\n"));
  EXPECT_THAT(text_of(report), EndsWith("verdict: FAIL, 1 of 2 checks hold\n"));
}

TEST(Report, A_run_in_which_nothing_was_checked_is_no_good_run) {
  auto report = good_report();
  report.checks.clear();
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(text_of(report), EndsWith("verdict: FAIL, nothing was checked\n"));
}

TEST(Report, Nothing_makes_a_line_wider_than_80_columns) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  RunReport report = {
      .feed = "/a/very/long/path" + std::string(200, 'x') + ".gz",
      .backend = "file:/another/long/path" + std::string(90, 'y'),
      .pace = "0.00000001 x recorded speed",
      .lines = most,
      .events = most,
      .processes = {{.role = std::string(40, 'r'),
                     .kind = std::string(40, 'k'),
                     .events = most,
                     .missed = most,
                     .busy_ns = 1,
                     .restarts = std::numeric_limits<std::uint32_t>::max(),
                     .latency = LatencySummary{most, most, most, most, most, most}}},
      .checks = {{.what = "a check",
                  .detail = std::string(300, 'z') + " and words " + std::string(75, 'w')}}};
  auto trade = sample_trade("92233720368.54775807", "92233720368.54775807", "ABCDEFGHIJKL");
  trade.source = 255;
  report.analytics.fold(trade);
  auto quote = sample_quote("0.00000001", "92233720368.54775807", "ABCDEFGHIJKL");
  quote.source = 255;
  report.analytics.fold(quote);
  expect_lines_within_80_columns(text_of(report));
  expect_lines_within_80_columns(text_of(good_report()));
}

TEST(Report, Json_holds_the_same_figures) {
  const nlohmann::json json = good_report();
  EXPECT_EQ(json.at("verdict"), "pass");
  EXPECT_EQ(json.at("events"), 87'402);
  EXPECT_EQ(json.at("processes").at(0).at("events_per_second"), 1e7);
  EXPECT_TRUE(json.at("processes").at(0).at("latency").is_null());
  EXPECT_EQ(json.at("processes").at(1).at("latency").at("p99_ns"), 4'560'000);
  EXPECT_EQ(json.at("processes").at(1).at("restarts"), 2);
  EXPECT_EQ(json.at("analytics").at("instruments").at(0).at("vwap"), "61837.63");
  EXPECT_EQ(json.at("checks").at(0).at("passed"), true);
  auto failed = good_report();
  failed.checks[0].passed = false;
  EXPECT_EQ(nlohmann::json(failed).at("verdict"), "fail");
}

TEST(Columns, Numbers_are_grouped_by_thousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(grouped(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(Columns, Durations_and_rates_have_three_digits_and_a_unit) {
  EXPECT_EQ(duration_text(0), "0 ns");
  EXPECT_EQ(duration_text(999), "999 ns");
  EXPECT_EQ(duration_text(1'000), "1.00 us");
  EXPECT_EQ(duration_text(12'345), "12.3 us");
  EXPECT_EQ(duration_text(9'996), "10.0 us");
  EXPECT_EQ(duration_text(4'560'000), "4.56 ms");
  EXPECT_EQ(duration_text(61'000'000'000), "61.0 s");
  EXPECT_EQ(rate_text(0), "0.00 /s");
  EXPECT_EQ(rate_text(12'300'000), "12.3 M/s");
  EXPECT_EQ(rate_text(850'000), "850 k/s");
}

TEST(Columns, Of_a_text_too_long_the_end_is_kept) {
  EXPECT_EQ(fitted("short", 10), "short");
  EXPECT_EQ(fitted("exactly ten", 11), "exactly ten");
  EXPECT_EQ(fitted("/data/2024/feed.gz", 10), "...feed.gz");
}

}  // namespace
}  // namespace disruptor_mp::market_feed
