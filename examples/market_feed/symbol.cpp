// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/symbol.hpp"

#include <algorithm>

namespace disruptor_mp::market_feed {
namespace {

/// The position in this string, plus one, is the digit; 0 stands for "no more characters".
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
constexpr std::uint64_t base = alphabet.size() + 1;
static_assert(base == 40, "40^12 is the largest power of this kind below 2^64");

}  // namespace

std::optional<Symbol> Symbol::from(std::string_view text) noexcept {
  if (text.empty() || text.size() > max_length) return std::nullopt;
  std::uint64_t packed = 0;
  for (std::size_t i = 0; i < max_length; ++i) {
    std::uint64_t digit = 0;
    if (i < text.size()) {
      const auto position = alphabet.find(text[i]);
      if (position == std::string_view::npos) return std::nullopt;
      digit = position + 1;
    }
    packed = packed * base + digit;
  }
  return Symbol{packed};
}

std::string Symbol::text() const {
  std::string reversed;
  for (std::uint64_t rest = packed; rest != 0; rest /= base) {
    const auto digit = rest % base;
    if (digit != 0) reversed.push_back(alphabet[digit - 1]);
  }
  std::ranges::reverse(reversed);
  return reversed;
}

}  // namespace disruptor_mp::market_feed
