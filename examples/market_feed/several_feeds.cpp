// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/several_feeds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "market_feed/error.hpp"
#include "market_feed/event_text.hpp"
#include "market_feed/journal_file.hpp"

namespace disruptor_mp::market_feed {
namespace {

FeedReaderOptions with_source(FeedReaderOptions options, std::size_t feed) {
  options.source = static_cast<std::uint8_t>(feed);
  return options;
}

/// Where the feed goes on, for a message.
std::string text_of(const std::optional<MarketEvent>& event) {
  return event ? market_feed::text_of(*event) : "nothing more";
}

}  // namespace

std::vector<Reference> references_of(const Feeds& feeds, FeedReaderOptions options) {
  std::vector<Reference> references;
  for (std::size_t i = 0; i < feeds.size(); ++i)
    references.push_back(reference_of(feeds[i], with_source(options, i)));
  return references;
}

Reference sum_of(const std::vector<Reference>& references) {
  Reference sum;
  for (const auto& [counts, analytics] : references) {
    sum.counts.lines += counts.lines;
    sum.counts.quotes += counts.quotes;
    sum.counts.trades += counts.trades;
    sum.counts.depth += counts.depth;
    sum.counts.snapshots += counts.snapshots;
    sum.counts.other += counts.other;
    sum.counts.bad += counts.bad;
    for (const InstrumentStats& stats : analytics.instruments()) {
      if (sum.analytics.instrument_count == Analytics::max_instruments) {
        throw Error(
            {.object = "the feeds together",
             .found = "more than " + std::to_string(Analytics::max_instruments) + " instruments",
             .expected = "no more than the analytics have room for",
             .remedy = "choose feeds with fewer"});
      }
      sum.analytics.stats[sum.analytics.instrument_count++] = stats;
    }
  }
  return sum;
}

Analytics in_order(const Analytics& analytics) {
  Analytics ordered = analytics;
  std::sort(ordered.stats.begin(),
            ordered.stats.begin() + static_cast<std::ptrdiff_t>(ordered.instrument_count),
            [](const InstrumentStats& one, const InstrumentStats& other) {
              return std::tie(one.source, one.instrument) <
                     std::tie(other.source, other.instrument);
            });
  return ordered;
}

std::uint64_t events_in(const Analytics& analytics) noexcept {
  std::int64_t events = 0;
  for (const InstrumentStats& stats : analytics.instruments())
    events += stats.quotes + stats.trades;
  return static_cast<std::uint64_t>(events);
}

std::optional<std::string> split_difference(const std::filesystem::path& journal,
                                            const Feeds& feeds, FeedReaderOptions options) {
  struct Part {
    FeedReader feed;
    std::uint64_t events = 0;
  };
  std::vector<Part> parts;
  for (std::size_t i = 0; i < feeds.size(); ++i)
    parts.push_back({.feed = FeedReader(feeds[i], with_source(options, i))});

  const JournalReader found(journal);
  std::optional<std::string> difference;
  found.for_each(0, found.complete_events(), [&](std::uint64_t sequence, const MarketEvent& event) {
    if (difference || event.kind == EventKind::none) return;
    if (event.source >= parts.size()) {
      difference = fmt::format("event {}: the journal has {}; there are {} feeds", sequence,
                               market_feed::text_of(event), parts.size());
      return;
    }
    Part& part = parts[event.source];
    const auto expected = part.feed.next();
    if (!expected || std::memcmp(&*expected, &event, sizeof event) != 0) {
      difference = fmt::format(
          "event {}, number {} of source {}: the journal has {}; the feed has {}", sequence,
          part.events, event.source, market_feed::text_of(event), text_of(expected));
    }
    ++part.events;
  });
  for (std::size_t i = 0; i < parts.size() && !difference; ++i) {
    const std::uint64_t rest = parts[i].feed.skip(~std::uint64_t{0});
    if (rest == 0) continue;
    difference = fmt::format("the journal has {} events of source {}, the feed {}", parts[i].events,
                             i, parts[i].events + rest);
  }
  return difference;
}

std::optional<std::string> monitor_difference_of_several(const MonitorState& state,
                                                         const WordPerEvent& sightings,
                                                         std::uint64_t most_unsaved,
                                                         const std::filesystem::path& journal) {
  const JournalReader expected(journal);
  const std::uint64_t total = expected.complete_events();
  std::uint64_t seen = 0;
  std::optional<std::string> difference;
  expected.for_each(0, total, [&](std::uint64_t sequence, const MarketEvent& event) {
    const std::uint64_t sighting = sightings.get(sequence);
    if (difference || sighting == 0) return;
    ++seen;
    if (event.kind == EventKind::none) {
      difference = fmt::format("event {}: it saw one where there is none", sequence);
    } else if (sighting != event_checksum(sequence, event)) {
      difference = fmt::format("event {}: it saw something else than {}", sequence,
                               market_feed::text_of(event));
    }
  });
  if (difference) return difference;
  if (state.first_sequence + state.seen + state.missed != total) {
    return fmt::format("began at {}, saw {} and missed {}, which is not {} in all, voids included",
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
