// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "market_feed/analytics_json.hpp"
#include "market_feed/event_text.hpp"
#include "market_feed/journal_file.hpp"

namespace disruptor_mp::market_feed {
namespace {

bool same_bytes(const MarketEvent& one, const MarketEvent& other) {
  return std::memcmp(&one, &other, sizeof one) == 0;
}

/// The first difference between two batches of the same length, as a sentence.
std::optional<std::string> first_difference(std::uint64_t sequence,
                                            std::span<const MarketEvent> found,
                                            std::span<const MarketEvent> expected) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (same_bytes(found[i], expected[i])) continue;
    return fmt::format("event {}: the journal has {}; the feed has {}", sequence + i,
                       text_of(found[i]), text_of(expected[i]));
  }
  return std::nullopt;
}

/// A check that reads the feed again compares nothing if it finds nothing there.
std::optional<std::string> change_of_feed(std::uint64_t found, std::uint64_t events) {
  if (found == events) return std::nullopt;
  return fmt::format("the feed has {} events now, and had {} when the run began", found, events);
}

std::string text_of(const InstrumentStats& stats) {
  Analytics one;
  one.stats[0] = stats;
  one.instrument_count = 1;
  return nlohmann::json(one)["instruments"][0].dump();
}

}  // namespace

Reference reference_of(const std::filesystem::path& feed, FeedReaderOptions options) {
  Reference reference;
  FeedReader reader(feed, std::move(options));
  while (const auto event = reader.next()) reference.analytics.fold(*event);
  reference.counts = reader.counts();
  return reference;
}

std::optional<std::string> journal_difference(const std::filesystem::path& journal,
                                              const std::filesystem::path& feed,
                                              std::uint64_t events, FeedReaderOptions options) {
  constexpr std::size_t batch = 1024;
  const JournalReader found(journal);
  FeedReader expected(feed, std::move(options));
  std::vector<MarketEvent> found_events(batch);
  std::vector<MarketEvent> expected_events(batch);
  std::uint64_t sequence = 0;
  for (;;) {
    const auto expected_count = expected.read(expected_events);
    const auto found_count = found.read(sequence, found_events);
    const auto both = std::min(expected_count, found_count);
    if (auto difference =
            first_difference(sequence, std::span(found_events).first(both), expected_events)) {
      return difference;
    }
    if (expected_count != found_count) {
      const auto total = sequence + expected_count + expected.skip(~std::uint64_t{0});
      if (auto change = change_of_feed(total, events)) return change;
      return fmt::format("the journal has {} events, the feed {}", found.complete_events(), total);
    }
    if (expected_count == 0) return change_of_feed(sequence, events);
    sequence += both;
  }
}

std::optional<std::string> analytics_difference(const Analytics& found, const Analytics& expected) {
  if (found == expected) return std::nullopt;
  if (found.instrument_count != expected.instrument_count) {
    return fmt::format("{} instruments, expected {}", found.instrument_count,
                       expected.instrument_count);
  }
  for (std::size_t i = 0; i < expected.instrument_count; ++i) {
    if (found.stats[i] == expected.stats[i]) continue;
    return fmt::format("found {}; expected {}", text_of(found.stats[i]),
                       text_of(expected.stats[i]));
  }
  return "the states differ beyond their instruments";
}

std::optional<std::string> monitor_difference(const MonitorState& state,
                                              const WordPerEvent& sightings,
                                              std::uint64_t most_unsaved,
                                              const std::filesystem::path& feed,
                                              std::uint64_t events, FeedReaderOptions options) {
  FeedReader reader(feed, std::move(options));
  std::uint64_t total = 0;
  std::uint64_t seen = 0;
  for (; const auto event = reader.next(); ++total) {
    if (total >= events) continue;  // sightings has no word for it
    const std::uint64_t sighting = sightings.get(total);
    if (sighting == 0) continue;
    ++seen;
    if (sighting != event_checksum(total, *event))
      return fmt::format("event {}: it saw something else than {}", total, text_of(*event));
  }
  if (auto change = change_of_feed(total, events)) return change;
  if (state.first_sequence + state.seen + state.missed != total) {
    return fmt::format("began at {}, saw {} and missed {}, which is not {} in all",
                       state.first_sequence, state.seen, state.missed, total);
  }
  if (seen < state.seen || seen - state.seen > most_unsaved) {
    return fmt::format("says it saw {} events, and has written down {}{}", state.seen, seen,
                       most_unsaved == 0
                           ? ""
                           : fmt::format(", {} of which it may not have counted", most_unsaved));
  }
  return std::nullopt;
}

}  // namespace disruptor_mp::market_feed
