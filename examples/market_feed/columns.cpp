// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace disruptor_mp::market_feed {
namespace {

struct Unit {
  double size;
  std::string_view name;
};

/// Three significant digits in the largest unit that gives at least 1.
template <std::size_t Count>
std::string scaled_text(double value, const std::array<Unit, Count>& units) {
  const auto unit = std::ranges::find_if(units, [&](const Unit& u) { return value >= u.size; });
  const Unit& chosen = unit == units.end() ? units.back() : *unit;
  const double number = value / chosen.size;
  const int decimals = number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", number, decimals, chosen.name);
}

}  // namespace

std::string grouped(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t from_right = 3; from_right < text.size(); from_right += 4) {
    text.insert(text.size() - from_right, 1, ',');
  }
  return text;
}

std::string duration_text(std::uint64_t ns) {
  if (ns < 1'000) return fmt::format("{} ns", ns);
  static constexpr std::array units = {Unit{1e9, "s"}, Unit{1e6, "ms"}, Unit{1e3, "us"}};
  return scaled_text(static_cast<double>(ns), units);
}

std::string rate_text(double events_per_second) {
  static constexpr std::array units = {Unit{1e9, "G/s"}, Unit{1e6, "M/s"}, Unit{1e3, "k/s"},
                                       Unit{1, "/s"}};
  return scaled_text(events_per_second, units);
}

std::string fitted(std::string_view text, std::size_t width) {
  constexpr std::string_view dots = "...";
  if (text.size() <= width) return std::string(text);
  return std::string(dots).append(text.substr(text.size() - (width - dots.size())));
}

std::string flowed(std::string_view head, const std::vector<std::string>& pieces,
                   std::string_view between) {
  const std::string indent(head.size(), ' ');
  const std::size_t room = report_width - head.size();
  std::string text;
  std::string line(head);
  const auto end_line = [&] {
    text.append(line, 0, line.find_last_not_of(' ') + 1).append("\n");
    line = indent;
  };
  for (std::string_view rest : pieces) {
    const bool is_first = line.size() == head.size();
    const std::size_t gap = is_first ? 0 : between.size();
    if (!is_first && line.size() + gap + rest.size() > report_width) {
      end_line();
    } else if (!is_first) {
      line += between;
    }
    while (rest.size() > room) {
      line += rest.substr(0, room);
      rest.remove_prefix(room);
      end_line();
    }
    line += rest;
  }
  end_line();
  return text;
}

std::string flowed_words(std::string_view head, std::string_view sentence) {
  std::vector<std::string> words;
  while (!sentence.empty()) {
    const auto end = std::min(sentence.find(' '), sentence.size());
    if (end > 0) words.emplace_back(sentence.substr(0, end));
    sentence.remove_prefix(std::min(end + 1, sentence.size()));
  }
  return flowed(head, words, " ");
}

}  // namespace disruptor_mp::market_feed
