// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace disruptor_mp::market_feed {

/// The name of an instrument, up to twelve characters of A-Z, 0-9, '_', '-' and '.', in eight
/// bytes.
///
/// Why packed: an event must name its instrument by itself, because a consumer may start late, be
/// restarted, or read a journal, and then has no table to look an id up in. Eight bytes are all a
/// 64-byte event has left, and eight plain characters would cut real names (1000SHIBUSDT). Forty
/// possible characters (one of them "end") give 40^12 < 2^64. Longer names are refused, never cut:
/// two instruments that differ only at the end must not become one.
struct Symbol {
  static constexpr std::size_t max_length = 12;

  std::uint64_t packed = 0;  ///< base 40, first character most significant; 0 is the empty name

  /// Nothing when the text is empty, too long or has a character outside the alphabet.
  [[nodiscard]] static std::optional<Symbol> from(std::string_view text) noexcept;

  [[nodiscard]] std::string text() const;

  friend auto operator<=>(const Symbol&, const Symbol&) = default;
};

}  // namespace disruptor_mp::market_feed
