// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <string>
#include <string_view>

#include "disruptor_mp/segment/format.hpp"

namespace disruptor_mp {

/// The id of a row. Kept in words, so that reading it while somebody takes the row over is a wrong
/// text at worst.
[[nodiscard]] inline std::string read_row_id(const format::Row& row) {
  std::array<std::uint64_t, format::id_words> words{};
  for (std::size_t i = 0; i < words.size(); ++i)
    words[i] = row.id[i].load(std::memory_order_relaxed);
  std::array<char, sizeof words> text{};
  std::memcpy(text.data(), words.data(), sizeof words);
  text.back() = '\0';
  std::string id = text.data();
  for (char& c : id) {
    if (c < ' ' || c > '~') c = '?';
  }
  return id;
}

/// Whether it is that one. Without allocating: who publishes or polls must not throw.
[[nodiscard]] inline bool has_row_id(const format::Row& row, std::string_view id) noexcept {
  std::array<std::uint64_t, format::id_words> words{};
  std::memcpy(words.data(), id.data(), std::min(id.size(), format::max_id_length));
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (row.id[i].load(std::memory_order_relaxed) != words[i]) return false;
  }
  return true;
}

/// Only for the holder of the row's lock; `id` has at most max_id_length characters.
inline void write_row_id(format::Row& row, std::string_view id) {
  std::array<std::uint64_t, format::id_words> words{};
  std::memcpy(words.data(), id.data(), std::min(id.size(), format::max_id_length));
  // Release: whoever reads a word of the new id finds that the row is not its old holder's any more
  // (`find_consumer_row`).
  for (std::size_t i = 0; i < words.size(); ++i)
    row.id[i].store(words[i], std::memory_order_release);
}

}  // namespace disruptor_mp
