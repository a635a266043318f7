// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/portable_name.hpp"

#include <algorithm>
#include <cstdint>

#include "disruptor_mp/os/process.hpp"

namespace disruptor_mp::os {
namespace {

constexpr std::size_t prefix_length = 6;
constexpr std::size_t random_length = portable_name_max - prefix_length;
constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";

// Not of <cctype>: these depend on the locale.
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || is_upper(c) || (c >= '0' && c <= '9');
}

}  // namespace

bool is_portable_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= portable_name_max &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; });
}

std::string portable_name(std::string_view prefix) {
  std::string name;
  for (const char c : prefix) {
    if (name.size() == prefix_length) break;
    if (is_letter_or_digit(c)) name += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (name.empty()) name.push_back('d');
  // From the kernel each time: the child of a fork makes others than its parent.
  std::uint64_t random = random_id()[0];
  for (std::size_t i = 0; i < random_length; ++i) {
    name += digits[random % digits.size()];
    random /= digits.size();
  }
  return name;
}

}  // namespace disruptor_mp::os
