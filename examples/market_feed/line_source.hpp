// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "market_feed/unpacked_file.hpp"

namespace disruptor_mp::market_feed {

/// The lines of a text file, plain or gzip-compressed (told apart by content, not by name), in
/// order and without their '\n'. A file that cannot be opened or read, or that is not a regular one
/// (a pipe gives its lines only once), is an Error. So is one that is cut off inside its compressed
/// data, whose checksum is wrong or that has other bytes behind it, with file name and line number:
/// every line before the damage is handed out first, the half line at the damage never is.
class LineSource {
 public:
  /// Feeds have lines of 64 KB (order-book snapshots). A line beyond this is taken for a file of
  /// another kind instead of eating the memory.
  static constexpr std::size_t max_line_length = 16U << 20U;

  explicit LineSource(std::filesystem::path path);

  /// The next line, or nothing at the end of the file. The view holds until the next call.
  [[nodiscard]] std::optional<std::string_view> next();

  /// Number of the line handed out last, from 1.
  [[nodiscard]] std::uint64_t line_number() const noexcept { return line_number_; }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] bool is_compressed() const noexcept { return file_.is_compressed(); }

 private:
  void check_name_against_content();
  void refill();
  [[noreturn]] void fail(std::string found, std::string remedy) const;

  std::filesystem::path path_;
  UnpackedFile file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;    // first byte not handed out
  std::size_t scanned_ = 0;  // no '\n' between begin_ and here
  std::size_t end_ = 0;      // one past the last byte read
  bool at_end_ = false;
  std::uint64_t line_number_ = 0;
};

}  // namespace disruptor_mp::market_feed
