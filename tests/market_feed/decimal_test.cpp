// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/decimal.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <string>

namespace disruptor_mp::market_feed {
namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();

TEST(Decimal, Prices_of_both_feeds_become_exact_integers) {
  EXPECT_EQ(parse_decimal("61837.63000000").value, 6'183'763'000'000);
  EXPECT_EQ(parse_decimal("61800.20").value, 6'180'020'000'000);
  EXPECT_EQ(parse_decimal("0.00000001").value, 1);
  EXPECT_EQ(parse_decimal("6").value, 600'000'000);
  EXPECT_EQ(parse_decimal("000.5").value, 50'000'000);
}

TEST(Decimal, Zero_has_no_sign) {
  EXPECT_EQ(parse_decimal("-0.0").value, 0);
  EXPECT_EQ(format_decimal(0), "0");
}

TEST(Decimal, The_largest_and_the_smallest_integer_are_accepted_and_one_more_is_not) {
  EXPECT_EQ(parse_decimal("92233720368.54775807").value, largest);
  EXPECT_EQ(parse_decimal("-92233720368.54775808").value, smallest);
  EXPECT_EQ(parse_decimal("92233720368.54775808").fault, DecimalFault::too_large);
  EXPECT_EQ(parse_decimal("-92233720368.54775809").fault, DecimalFault::too_large);
  EXPECT_EQ(parse_decimal("92233720369").fault, DecimalFault::too_large);
  EXPECT_EQ(parse_decimal(std::string(400, '9')).fault, DecimalFault::too_large);
}

TEST(Decimal, More_than_eight_decimals_are_refused_unless_they_are_zeros) {
  EXPECT_EQ(parse_decimal("1.1234567800").value, 112'345'678);
  EXPECT_EQ(parse_decimal("1.123456781").fault, DecimalFault::too_precise);
  EXPECT_EQ(parse_decimal("0.000000000000000001").fault, DecimalFault::too_precise);
}

TEST(Decimal, Garbage_is_refused) {
  EXPECT_EQ(parse_decimal("").fault, DecimalFault::empty);
  for (const char* text : {"-", ".", "-.", "1.", ".5", "+1", "1e5", " 1", "1 ", "1.2.3", "--1",
                           "0x10", "1,5", "nan", "inf", "1-", "\xd9\xa1"}) {
    EXPECT_EQ(parse_decimal(text).fault, DecimalFault::not_a_number) << text;
  }
  EXPECT_EQ(parse_decimal(std::string(50, '9') + "x").fault, DecimalFault::not_a_number);
  EXPECT_EQ(parse_decimal(std::string_view("1\0", 2)).fault, DecimalFault::not_a_number);
}

TEST(Decimal, Text_is_the_shortest_exact_one) {
  EXPECT_EQ(format_decimal(6'183'763'000'000), "61837.63");
  EXPECT_EQ(format_decimal(1), "0.00000001");
  EXPECT_EQ(format_decimal(-150'000'000), "-1.5");
  EXPECT_EQ(format_decimal(smallest), "-92233720368.54775808");
  EXPECT_EQ(format_decimal(1200, 0), "1200");
}

TEST(Decimal, Fixed_text_keeps_the_decimals_of_the_instrument) {
  EXPECT_EQ(format_fixed(6'180'020'000'000, 2), "61800.20");
  EXPECT_EQ(format_fixed(6'180'020'000'000, 8), "61800.20000000");
  EXPECT_EQ(format_fixed(1'700'000'000, 0), "17");
}

TEST(Decimal, Sums_of_128_bits_keep_every_digit) {
  const Int128 notional = static_cast<Int128>(largest) * largest;
  const std::string text = "8507059173023461584739690778.4232501249";
  EXPECT_EQ(format_decimal(notional, 10), text);
  EXPECT_TRUE(parse_wide_decimal(text, 10).value == notional);
}

RC_GTEST_PROP(Decimal, Any_integer_survives_text_and_back, (std::int64_t value)) {
  const auto parsed = parse_decimal(format_decimal(value));
  RC_ASSERT(parsed.fault == DecimalFault::none);
  RC_ASSERT(parsed.value == value);
}

RC_GTEST_PROP(Decimal, Any_wide_integer_survives_text_and_back,
              (std::int64_t high, std::uint64_t low)) {
  const int places = *rc::gen::inRange(0, 19);
  const auto value = static_cast<Int128>((static_cast<UInt128>(high) << 64U) | low);
  const auto parsed = parse_wide_decimal(format_decimal(value, places), places);
  RC_ASSERT(parsed.fault == DecimalFault::none);
  RC_ASSERT(parsed.value == value);
}

/// The definition, digit by digit: whole part times 10^8 plus the fraction filled up to eight
/// digits.
RC_GTEST_PROP(Decimal, Text_means_what_its_digits_say, (std::uint32_t whole, bool negative)) {
  const auto places = *rc::gen::inRange<std::size_t>(1, 9);
  const auto digits =
      *rc::gen::container<std::string>(places, rc::gen::inRange('0', static_cast<char>('9' + 1)));
  const auto fraction = std::stoll(digits + std::string(8 - places, '0'));
  const std::int64_t magnitude = static_cast<std::int64_t>(whole) * decimal_scale + fraction;
  const auto parsed = parse_decimal((negative ? "-" : "") + std::to_string(whole) + "." + digits);
  RC_ASSERT(parsed.fault == DecimalFault::none);
  RC_ASSERT(parsed.value == (negative ? -magnitude : magnitude));
}

RC_GTEST_PROP(Decimal, Any_text_is_read_exactly_or_refused, ()) {
  const auto text =
      *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789.-+e x")));
  const auto parsed = parse_decimal(text);
  if (!parsed) return;
  RC_ASSERT(text.find_first_not_of("0123456789.-") == std::string::npos);
  RC_ASSERT(parse_decimal(format_decimal(parsed.value)).value == parsed.value);
}

}  // namespace
}  // namespace disruptor_mp::market_feed
