// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "market_feed/int128.hpp"

namespace disruptor_mp::market_feed {

/// Prices and quantities are integers in units of 1e-8: the finest step the exchange quotes. No
/// value ever passes through a floating-point number, so what is printed is what was sent.
inline constexpr int decimal_places = 8;
inline constexpr std::int64_t decimal_scale = 100'000'000;

enum class DecimalFault : std::uint8_t {
  none,
  empty,         ///< no characters at all
  not_a_number,  ///< anything but [-]digits[.digits]; exponents and '+' are not accepted
  too_large,     ///< outside the integer type at this scale
  too_precise,   ///< a non-zero digit after the last decimal place that can be held
};

/// One sentence for an error message.
[[nodiscard]] std::string_view describe(DecimalFault fault) noexcept;

/// `value` is meaningful only when there is no fault.
template <typename Integer>
struct ParsedDecimal {
  Integer value = 0;
  DecimalFault fault = DecimalFault::none;

  [[nodiscard]] explicit operator bool() const noexcept { return fault == DecimalFault::none; }
};

/// "61837.63000000" -> 6'183'763'000'000. Exact or refused, never rounded. Does not throw: it
/// stands on the reader's fast path.
[[nodiscard]] ParsedDecimal<std::int64_t> parse_decimal(std::string_view text) noexcept;

/// The same for sums: any number of places up to 18, 128 bits.
[[nodiscard]] ParsedDecimal<Int128> parse_wide_decimal(std::string_view text, int places) noexcept;

/// The shortest exact text: no trailing zeros, no exponent, a leading 0 before the point.
/// parse_wide_decimal(format_decimal(v, p), p) gives v again for every v.
[[nodiscard]] std::string format_decimal(Int128 value, int places = decimal_places);

/// Exact text with the given number of decimals kept (trailing zeros included), as the exchange
/// writes it. Digits beyond `decimals` must be zero; they are dropped.
[[nodiscard]] std::string format_fixed(std::int64_t value, int decimals);

}  // namespace disruptor_mp::market_feed
