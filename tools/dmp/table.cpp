// SPDX-License-Identifier: MIT OR Apache-2.0
#include "table.hpp"

#include <algorithm>
#include <numeric>

namespace disruptor_mp::tool {
namespace {

constexpr std::size_t gap = 2;

std::string padding(std::size_t width, std::size_t used) {
  return std::string(width > used ? width - used : 0, ' ');
}

void end_line(std::string& out) {
  while (!out.empty() && out.back() == ' ') out.pop_back();
  out += '\n';
}

}  // namespace

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    std::size_t width = columns_[column].title.size();
    for (const auto& row : rows_) width = std::max(width, row[column].text.size());
    widths.push_back(width);
  }
  const std::size_t others =
      std::accumulate(widths.begin() + 1, widths.end(), indent_,
                      [](std::size_t sum, std::size_t w) { return sum + gap + w; });
  const std::size_t room = others < line_width ? line_width - others : 0;
  widths[0] = std::min(widths[0], std::max(room, columns_[0].title.size()));
  return widths;
}

std::string Table::text(const Style& style) const {
  const auto width = widths();
  std::string out;
  const auto add_row = [&](const std::vector<Cell>& row) {
    out += std::string(indent_, ' ');
    for (std::size_t column = 0; column < row.size(); ++column) {
      const std::string& text = row[column].text;
      const std::string pad = padding(width[column], text.size());
      const bool is_right = columns_[column].align == Align::right;
      if (column != 0) out += std::string(gap, ' ');
      if (is_right) out += pad;
      out += style.paint(row[column].tone, text);
      if (!is_right) out += pad;
      if (column == 0 && text.size() > width[0]) {
        end_line(out);
        out += std::string(indent_ + width[0], ' ');
      }
    }
    end_line(out);
  };

  std::vector<Cell> titles;
  for (const Column& column : columns_)
    titles.push_back({.text = column.title, .tone = Tone::strong});
  add_row(titles);
  for (const auto& row : rows_) add_row(row);
  return out;
}

std::string wrap(std::string_view text, std::size_t indent) {
  const std::size_t room = line_width - indent;
  std::string out;
  do {
    std::size_t end = std::min(text.size(), room);
    if (end < text.size()) {
      const auto space = text.rfind(' ', room);
      end = space == std::string_view::npos || space == 0 ? std::min(text.find(' '), text.size())
                                                          : space;
    }
    out += std::string(indent, ' ') + std::string(text.substr(0, end)) + '\n';
    text.remove_prefix(std::min(text.size(), end + 1));
  } while (!text.empty());
  return out;
}

std::string printable(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return out;
}

}  // namespace disruptor_mp::tool
