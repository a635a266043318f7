// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/decimal.hpp"

#include <algorithm>

namespace disruptor_mp::market_feed {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Appends one digit to the magnitude; false when it would pass `limit`.
template <typename Unsigned>
bool push_digit(Unsigned& magnitude, unsigned digit, Unsigned limit) noexcept {
  if (magnitude > (limit - digit) / 10) return false;
  magnitude = magnitude * 10 + digit;
  return true;
}

/// Works on the magnitude, with a limit one larger for negative numbers, so that the smallest
/// integer of the type is accepted and nothing ever overflows.
template <typename Integer, typename Unsigned>
ParsedDecimal<Integer> parse(std::string_view text, int places) noexcept {
  using Result = ParsedDecimal<Integer>;
  if (text.empty()) return Result{0, DecimalFault::empty};

  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  const Unsigned limit = (~Unsigned{0} >> 1) + (negative ? 1 : 0);

  // Garbage is reported as garbage even where the digits before it are already too many, so the
  // whole shape is checked first: digits, then perhaps a point and digits.
  const auto point = static_cast<std::size_t>(std::ranges::find(text, '.') - text.begin());
  const std::string_view whole = text.substr(0, point);
  const bool has_point = point < text.size();
  const std::string_view fraction = has_point ? text.substr(point + 1) : std::string_view{};
  if (whole.empty() || (has_point && fraction.empty()) || !std::ranges::all_of(whole, is_digit) ||
      !std::ranges::all_of(fraction, is_digit)) {
    return Result{0, DecimalFault::not_a_number};
  }

  const auto kept = std::min(fraction.size(), static_cast<std::size_t>(places));
  if (std::ranges::any_of(fraction.substr(kept), [](char c) { return c != '0'; })) {
    return Result{0, DecimalFault::too_precise};
  }
  Unsigned magnitude = 0;
  bool fits = true;
  for (const char c : whole) fits = fits && push_digit(magnitude, unsigned(c - '0'), limit);
  for (const char c : fraction.substr(0, kept)) {
    fits = fits && push_digit(magnitude, unsigned(c - '0'), limit);
  }
  for (auto i = kept; i < static_cast<std::size_t>(places); ++i) {
    fits = fits && push_digit(magnitude, 0U, limit);
  }
  if (!fits) return Result{0, DecimalFault::too_large};
  return Result{static_cast<Integer>(negative ? Unsigned{0} - magnitude : magnitude),
                DecimalFault::none};
}

/// At least `places` + 1 digits, so that a point can always be put in front of the last `places`.
std::string digits_of(UInt128 magnitude, int places) {
  std::string digits;
  for (; magnitude != 0; magnitude /= 10) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(magnitude % 10)));
  }
  const auto shortest = static_cast<std::size_t>(places) + 1;
  if (digits.size() < shortest) digits.resize(shortest, '0');
  std::ranges::reverse(digits);
  return digits;
}

std::string with_point(Int128 value, int places) {
  const bool negative = value < 0;
  const UInt128 magnitude =
      negative ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
  std::string text = digits_of(magnitude, places);
  if (places > 0) text.insert(text.end() - places, '.');
  if (negative) text.insert(text.begin(), '-');
  return text;
}

}  // namespace

std::string_view describe(DecimalFault fault) noexcept {
  switch (fault) {
    case DecimalFault::none:
      return "a decimal number";
    case DecimalFault::empty:
      return "empty text";
    case DecimalFault::not_a_number:
      return "text that is not a plain decimal number";
    case DecimalFault::too_large:
      return "a number too large for a 64-bit integer in units of 1e-8";
    case DecimalFault::too_precise:
      return "a number with more than 8 decimals";
  }
  return "an unknown fault";
}

ParsedDecimal<std::int64_t> parse_decimal(std::string_view text) noexcept {
  return parse<std::int64_t, std::uint64_t>(text, decimal_places);
}

ParsedDecimal<Int128> parse_wide_decimal(std::string_view text, int places) noexcept {
  return parse<Int128, UInt128>(text, places);
}

std::string format_decimal(Int128 value, int places) {
  std::string text = with_point(value, places);
  if (places > 0) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

std::string format_fixed(std::int64_t value, int decimals) {
  std::string text = with_point(value, decimal_places);
  const int dropped = decimal_places - decimals + (decimals == 0 ? 1 : 0);
  text.erase(text.size() - static_cast<std::size_t>(dropped));
  return text;
}

}  // namespace disruptor_mp::market_feed
