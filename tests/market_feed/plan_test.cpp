// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string kill_error(const char* text) {
  try {
    (void)parse_kill(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

std::string pace_error(const char* text) {
  try {
    (void)Pace::parse(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(KillOrder, Every_role_is_known) {
  EXPECT_EQ(parse_kill("gateway@50%"), (KillOrder{Role::gateway, 0, 5'000}));
  EXPECT_EQ(parse_kill("journal@0%"), (KillOrder{Role::journal, 0, 0}));
  EXPECT_EQ(parse_kill("analytics@100%"), (KillOrder{Role::analytics, 0, 10'000}));
  EXPECT_EQ(parse_kill("monitor@12.5%"), (KillOrder{Role::monitor, 0, 1'250}));
}

TEST(KillOrder, One_of_several_processes_is_named_by_index) {
  EXPECT_EQ(parse_kill("gateway.1@50%"), (KillOrder{Role::gateway, 1, 5'000}));
  EXPECT_EQ(parse_kill("gateway.0@50%"), parse_kill("gateway@50%"));
}

std::string inconsistency(std::size_t gateways, std::size_t feeds, const char* kill = nullptr) {
  try {
    require_consistent(gateways, feeds,
                       kill == nullptr ? std::vector<KillOrder>{} : std::vector{parse_kill(kill)});
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(KillOrder, Of_several_gateways_one_is_named_and_of_one_none) {
  EXPECT_EQ(inconsistency(1, 0, "gateway@50%"), "accepted");
  EXPECT_EQ(inconsistency(2, 0, "gateway.1@50%"), "accepted");
  EXPECT_EQ(inconsistency(2, 0, "gateway.2@50%"), "accepted");
  EXPECT_EQ(inconsistency(2, 0, "journal@50%"), "accepted");
  EXPECT_THAT(inconsistency(2, 0, "gateway@50%"),
              AllOf(HasSubstr("--kill gateway@50%"), HasSubstr("gateway.1 to gateway.2")));
  EXPECT_THAT(inconsistency(2, 0, "gateway.3@50%"), HasSubstr("found gateway.3"));
  EXPECT_THAT(inconsistency(1, 0, "gateway.1@50%"),
              AllOf(HasSubstr("there is one gateway"), HasSubstr("write --kill gateway@50%")));
  EXPECT_THAT(inconsistency(2, 0, "journal.1@50%"), HasSubstr("there is one journal"));
}

TEST(Feeds, There_is_one_for_each_gateway_or_none) {
  EXPECT_EQ(inconsistency(1, 1), "accepted");
  EXPECT_EQ(inconsistency(2, 2), "accepted");
  EXPECT_EQ(inconsistency(2, 0), "accepted");
  EXPECT_THAT(inconsistency(1, 2),
              AllOf(HasSubstr("2 feeds for --gateways 1"), HasSubstr("pass --gateways 2")));
  EXPECT_THAT(inconsistency(2, 1),
              AllOf(HasSubstr("1 feed for --gateways 2"), HasSubstr("give --feed 2 times")));
}

TEST(KillOrder, It_falls_due_at_its_share_of_the_events) {
  EXPECT_EQ(parse_kill("journal@50%").due_at(87'402), 43'701U);
  EXPECT_EQ(parse_kill("journal@33.33%").due_at(10), 3U);
  EXPECT_EQ(parse_kill("journal@0%").due_at(100), 0U);
  EXPECT_EQ(parse_kill("journal@100%").due_at(~std::uint64_t{0}), ~std::uint64_t{0});
}

TEST(KillOrder, Anything_else_is_refused_with_the_reason_and_an_example) {
  EXPECT_THAT(kill_error("analytics"), HasSubstr("no '@'"));
  EXPECT_THAT(kill_error(""), HasSubstr("no '@'"));
  EXPECT_THAT(kill_error("analytics@50"), HasSubstr("no '%' at the end"));
  EXPECT_THAT(kill_error("@50%"), HasSubstr("the role \"\""));
  EXPECT_THAT(kill_error("Analytics@50%"), HasSubstr("the role \"Analytics\""));
  EXPECT_THAT(kill_error("trader@50%"), AllOf(HasSubstr("--kill \"trader@50%\""),
                                              HasSubstr("gateway, journal, analytics or monitor"),
                                              HasSubstr("--kill analytics@50%")));
  EXPECT_THAT(kill_error("gateway.@50%"), HasSubstr("the index \"\""));
  EXPECT_THAT(kill_error("gateway.x@50%"), HasSubstr("the index \"x\""));
  EXPECT_THAT(kill_error("gateway.-1@50%"), HasSubstr("the index \"-1\""));
  EXPECT_THAT(kill_error("gateway.99999999999@50%"), HasSubstr("the index"));
  for (const char* text :
       {"journal@%", "journal@101%", "journal@-1%", "journal@-0%", "journal@100.01%",
        "journal@1.234%", "journal@50%%", "journal@5 0%", "journal@x%",
        "journal@99999999999999999999999999999999999999999%", "journal@@50%"}) {
    EXPECT_THAT(kill_error(text), HasSubstr("the percentage")) << text;
  }
}

RC_GTEST_PROP(KillOrder, Its_text_is_the_same_order_again, ()) {
  const KillOrder order = {
      .role = *rc::gen::element(Role::gateway, Role::journal, Role::analytics, Role::monitor),
      .index = *rc::gen::inRange<std::uint32_t>(0, 5),
      .share = *rc::gen::inRange<std::uint32_t>(0, 10'001)};
  RC_ASSERT(parse_kill(text_of(order)) == order);
}

std::string number_error(std::uint64_t (*parse)(std::string_view), const char* text) {
  try {
    (void)parse(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Numbers, In_decimal_digits_and_in_their_range_are_taken) {
  EXPECT_EQ(parse_lines("1"), 1U);
  EXPECT_EQ(parse_lines("1000000000"), 1'000'000'000U);
  EXPECT_EQ(parse_seed("0"), 0U);
  EXPECT_EQ(parse_seed("18446744073709551615"), ~std::uint64_t{0});
  EXPECT_EQ(parse_capacity("1"), 1U);
  EXPECT_EQ(parse_capacity("1073741824"), std::uint64_t{1} << 30U);
}

TEST(Numbers, Of_any_other_kind_are_refused_with_what_they_may_be) {
  for (const char* text :
       {"-1", "+1", "", " 1", "1 ", "1e3", "0x1", "1.5", "18446744073709551616"}) {
    EXPECT_THAT(number_error(&parse_lines, text),
                AllOf(HasSubstr(std::string("--lines: found \"") + text + "\""),
                      HasSubstr("from 1 to 1000000000"), HasSubstr("remedy")));
    EXPECT_THAT(number_error(&parse_seed, text),
                AllOf(HasSubstr("--seed: found"), HasSubstr("2^64 - 1"), HasSubstr("remedy")));
    EXPECT_THAT(number_error(&parse_capacity, text),
                AllOf(HasSubstr("--capacity: found"), HasSubstr("a power of two from 1 to 2^30"),
                      HasSubstr("remedy")));
  }
  EXPECT_NE(number_error(&parse_lines, "0"), "accepted");
  EXPECT_NE(number_error(&parse_lines, "1000000001"), "accepted");
  for (const char* text : {"0", "3", "2147483648"})
    EXPECT_NE(number_error(&parse_capacity, text), "accepted") << text;
}

TEST(Pace, Full_speed_is_the_default_and_has_a_name) {
  EXPECT_TRUE(Pace().is_full_speed());
  EXPECT_TRUE(Pace::parse("max").is_full_speed());
  EXPECT_EQ(Pace().due_after_ns(1'000'000), 0);
  EXPECT_EQ(Pace().text(), "max");
}

TEST(Pace, A_factor_divides_the_recorded_time_exactly) {
  EXPECT_EQ(Pace::parse("1").due_after_ns(1'000'000'007), 1'000'000'007);
  EXPECT_EQ(Pace::parse("10").due_after_ns(1'000'000'007), 100'000'000);
  EXPECT_EQ(Pace::parse("0.5").due_after_ns(3), 6);
  EXPECT_EQ(Pace::parse("0.00000001").due_after_ns(std::numeric_limits<std::int64_t>::max()),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Pace::parse("2.5").text(), "2.5 x recorded speed");
}

TEST(Pace, Anything_but_a_number_above_zero_is_refused_with_the_reason) {
  EXPECT_THAT(pace_error("0"), HasSubstr("not above 0"));
  EXPECT_THAT(pace_error("-1"), HasSubstr("not above 0"));
  EXPECT_THAT(pace_error("fast"), AllOf(HasSubstr("--pace \"fast\""), HasSubstr("--pace 1")));
  EXPECT_THAT(pace_error(""), HasSubstr("empty text"));
  EXPECT_THAT(pace_error("1x"), HasSubstr("not a plain decimal"));
  EXPECT_THAT(pace_error("0.000000001"), HasSubstr("more than 8 decimals"));
}

}  // namespace
}  // namespace disruptor_mp::market_feed
