// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/feed_reader.hpp"

#include <utility>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {

FeedReader::FeedReader(std::filesystem::path path, FeedReaderOptions options)
    : lines_(std::move(path)),
      parser_(options.source),
      skip_bad_lines_(options.skip_bad_lines),
      between_lines_(std::move(options.between_lines)) {}

std::optional<MarketEvent> FeedReader::next() {
  while (const auto line = lines_.next()) {
    const auto parsed = parse_or_skip(*line);
    between_lines_(++counts_.lines);
    if (!parsed) {
      ++counts_.bad;
      continue;
    }
    switch (parsed->kind) {
      case LineKind::quote:
        ++counts_.quotes;
        return parsed->event;
      case LineKind::trade:
        ++counts_.trades;
        return parsed->event;
      case LineKind::depth:
        ++counts_.depth;
        break;
      case LineKind::snapshot:
        ++counts_.snapshots;
        break;
      case LineKind::other:
        ++counts_.other;
        break;
    }
  }
  return std::nullopt;
}

std::optional<ParsedLine> FeedReader::parse_or_skip(std::string_view line) {
  try {
    return parser_.parse(line);
  } catch (const BadLine& bad) {
    Error error(
        {.object = lines_.path().string() + ":" + std::to_string(lines_.line_number()),
         .found = bad.found(),
         .expected = bad.expected(),
         .remedy = lines_.is_compressed()
                       ? "fetch the file again, for it may be damaged (gzip -t tells); else "
                         "repair the line, or pass --skip-bad-lines"
                       : "repair the line, or pass --skip-bad-lines"});
    if (!skip_bad_lines_) throw error;
    if (first_bad_line_.empty()) first_bad_line_ = error.what();
    return std::nullopt;
  }
}

std::size_t FeedReader::read(std::span<MarketEvent> events) {
  std::size_t filled = 0;
  while (filled < events.size()) {
    const auto event = next();
    if (!event) break;
    events[filled++] = *event;
  }
  return filled;
}

std::uint64_t FeedReader::skip(std::uint64_t events) {
  std::uint64_t skipped = 0;
  while (skipped < events && next()) ++skipped;
  return skipped;
}

}  // namespace disruptor_mp::market_feed
