// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "terminal.hpp"

namespace disruptor_mp::tool {

inline constexpr std::size_t line_width = 80;

/// Columns as wide as their content. If the first one, which holds names, would push the others
/// beyond the line, a long name gets a line of its own: nothing is ever cut off.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::left;
  };
  struct Cell {
    std::string text;
    Tone tone = Tone::plain;
  };

  Table(std::vector<Column> columns, std::size_t indent = 0)
      : columns_(std::move(columns)), indent_(indent) {}
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text(const Style& style) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths() const;

  std::vector<Column> columns_;
  std::size_t indent_;
  std::vector<std::vector<Cell>> rows_;
};

/// The text in lines of at most `line_width`, broken at spaces, each after so many spaces; ends
/// with a line feed.
[[nodiscard]] std::string wrap(std::string_view text, std::size_t indent);

/// Names come from outside: what would drive a terminal is shown as '?'.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace disruptor_mp::tool
