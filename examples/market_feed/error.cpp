// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/error.hpp"

#include <utility>

namespace disruptor_mp::market_feed {
namespace {

std::string message_of(const Error::Parts& parts) {
  std::string message = parts.object + ": found " + parts.found;
  if (!parts.expected.empty()) message += "; expected " + parts.expected;
  if (!parts.remedy.empty()) message += "; remedy: " + parts.remedy;
  return message;
}

}  // namespace

Error::Error(Parts parts) : std::runtime_error(message_of(parts)), parts_(std::move(parts)) {}

std::string excerpt(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string result = "\"";
  for (const char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    result.push_back(byte < 0x20 || byte == 0x7f ? '?' : c);
  }
  return result + (text.size() > longest ? "...\"" : "\"");
}

}  // namespace disruptor_mp::market_feed
