// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/several_feeds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "market_feed/error.hpp"
#include "market_feed/feed_generator.hpp"
#include "market_feed/journal_file.hpp"
#include "temp_folder.hpp"

namespace disruptor_mp::market_feed {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::vector<MarketEvent> events_of(const std::filesystem::path& feed, std::uint8_t source) {
  std::vector<MarketEvent> events;
  FeedReader reader(feed, {.source = source});
  while (const auto event = reader.next()) events.push_back(*event);
  return events;
}

/// Two feeds, and a journal in which their events alternate, with void sequences in between.
class SeveralFeeds : public testing::Test {
 protected:
  SeveralFeeds() : feeds_{folder_ / "one", folder_ / "two"}, journal_(folder_ / "journal") {
    write_generated_feed(feeds_[0], {.seed = 3, .lines = 200});
    write_generated_feed(feeds_[1], {.seed = 4, .lines = 100, .form = FeedForm::spot});
    const auto one = events_of(feeds_[0], 0);
    const auto two = events_of(feeds_[1], 1);
    for (std::size_t i = 0; i < one.size(); ++i) {
      if (i % 50 == 7) order_.emplace_back();
      order_.push_back(one[i]);
      if (i < two.size()) order_.push_back(two[i]);
    }
    write_journal();
  }

  void write_journal() {
    std::filesystem::remove(journal_);
    JournalWriter(journal_).write(0, order_);
  }
  std::string difference() { return split_difference(journal_, feeds_, {}).value_or("equal"); }
  std::size_t find(std::uint8_t source, std::size_t from) const {
    while (order_[from].kind == EventKind::none || order_[from].source != source) ++from;
    return from;
  }

  TempFolder folder_;
  Feeds feeds_;
  std::filesystem::path journal_;
  std::vector<MarketEvent> order_;
};

TEST_F(SeveralFeeds, A_journal_in_any_order_of_the_sources_is_equal) {
  EXPECT_EQ(difference(), "equal");
  std::stable_sort(order_.begin(), order_.end(),
                   [](const auto& one, const auto& other) { return one.source > other.source; });
  write_journal();
  EXPECT_EQ(difference(), "equal");
}

TEST_F(SeveralFeeds, Another_order_within_a_source_is_found) {
  const std::size_t one = find(1, 60);
  std::swap(order_[one], order_[find(1, one + 1)]);
  write_journal();
  EXPECT_THAT(difference(), AllOf(HasSubstr("event " + std::to_string(one) + ", number "),
                                  HasSubstr("of source 1"), HasSubstr("the feed has")));
}

TEST_F(SeveralFeeds, An_event_twice_is_found) {
  const std::size_t one = find(0, 30);
  order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(one), order_[one]);
  write_journal();
  EXPECT_THAT(difference(), HasSubstr("event " + std::to_string(one + 1) + ", number "));
}

TEST_F(SeveralFeeds, A_last_event_that_is_missing_or_too_many_is_found) {
  const MarketEvent last = order_.back();
  order_.pop_back();
  write_journal();
  EXPECT_THAT(difference(), AllOf(HasSubstr("events of source 0, the feed")));
  order_.push_back(last);
  order_.push_back(last);
  write_journal();
  EXPECT_THAT(difference(), HasSubstr("the feed has nothing more"));
}

TEST_F(SeveralFeeds, An_event_that_was_lost_is_found) {
  order_[find(1, 40)] = MarketEvent{};  // a void where there should be none
  write_journal();
  EXPECT_THAT(difference(), HasSubstr("of source 1"));
}

TEST_F(SeveralFeeds, A_source_that_is_no_feed_is_found) {
  order_[20].source = 2;
  write_journal();
  EXPECT_THAT(difference(), AllOf(HasSubstr("event 20"), HasSubstr("there are 2 feeds")));
}

TEST_F(SeveralFeeds, Figures_do_not_depend_on_the_order_of_the_sources) {
  const auto references = references_of(feeds_, {});
  const Reference sum = sum_of(references);
  Analytics folded;
  for (auto event = order_.rbegin(); event != order_.rend(); ++event) {
    if (event->kind != EventKind::none && event->source == 1) folded.fold(*event);
    if (folded.instrument_count == 1) break;  // source 1, and its last instrument, come first
  }
  folded.stats[0] = {
      .symbol = folded.stats[0].symbol, .source = 1, .instrument = folded.stats[0].instrument};
  for (const MarketEvent& event : order_) {
    if (event.kind != EventKind::none) folded.fold(event);
  }
  EXPECT_NE(folded, sum.analytics);
  EXPECT_EQ(in_order(folded), sum.analytics);
  EXPECT_EQ(sum.counts.events(), references[0].counts.events() + references[1].counts.events());
  EXPECT_EQ(sum.counts.lines, 300U);
  EXPECT_EQ(events_in(folded), sum.counts.events());
}

TEST_F(SeveralFeeds, The_journal_counts_events_by_source_and_without_voids) {
  const JournalReader journal(journal_);
  const auto references = references_of(feeds_, {});
  const std::uint64_t all = journal.complete_events();
  EXPECT_EQ(journal.count_events(all, 0), references[0].counts.events());
  EXPECT_EQ(journal.count_events(all, 1), references[1].counts.events());
  EXPECT_EQ(journal.count_events(all), sum_of(references).counts.events());
  EXPECT_LT(journal.count_events(all), all);
  EXPECT_EQ(journal.count_events(2), 2U);
  EXPECT_EQ(journal.count_events(2, 1), 1U);
}

TEST_F(SeveralFeeds, Skipping_writes_events_of_no_kind_and_never_over_events) {
  std::filesystem::remove(journal_);
  JournalWriter writer(journal_);
  writer.write(0, std::vector{order_[0], order_[1]});
  writer.skip_to(4);
  writer.write(4, std::vector{order_[2]});
  writer.skip_to(3);  // again, after a restart
  EXPECT_EQ(writer.complete_events(), 5U);
  std::vector<MarketEvent> found(6);
  EXPECT_EQ(JournalReader(journal_).read(0, found), 5U);
  EXPECT_EQ(found[1], order_[1]);
  EXPECT_EQ(found[2].kind, EventKind::none);
  EXPECT_EQ(found[3].kind, EventKind::none);
  EXPECT_EQ(found[4], order_[2]);
}

/// A monitor that missed the sequences [10, 15), in the state and with the sightings of a right
/// one.
class MonitorOfSeveral : public SeveralFeeds {
 protected:
  MonitorOfSeveral() : sightings_(folder_ / "sightings", order_.size()) {
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if ((i >= 10 && i < 15) || order_[i].kind == EventKind::none) continue;
      state_.observe(i);
      sightings_.set(i, event_checksum(i, order_[i]));
    }
  }
  std::string difference(std::uint64_t most_unsaved = 0) {
    return monitor_difference_of_several(state_, sightings_, most_unsaved, journal_)
        .value_or("none");
  }

  MonitorState state_;
  WordPerEvent sightings_;
};

TEST_F(MonitorOfSeveral, Seen_missed_and_void_sequences_that_make_up_the_journal_pass) {
  EXPECT_GT(state_.missed, 5U);  // voids too
  EXPECT_EQ(difference(), "none");
}

TEST_F(MonitorOfSeveral, An_event_where_there_is_none_is_found) {
  std::size_t gap = 0;
  while (order_[gap].kind != EventKind::none) ++gap;
  sightings_.set(gap, 1);
  EXPECT_EQ(difference(), "event " + std::to_string(gap) + ": it saw one where there is none");
}

TEST_F(MonitorOfSeveral, Another_event_at_a_place_is_found) {
  sightings_.set(20, event_checksum(20, order_[21]));
  EXPECT_THAT(difference(), HasSubstr("event 20: it saw something else"));
}

TEST_F(MonitorOfSeveral, Wrong_counts_are_found) {
  sightings_.set(12, event_checksum(12, order_[12]));
  EXPECT_THAT(difference(), HasSubstr("and has written down"));
  EXPECT_EQ(difference(1), "none");
  ++state_.missed;
  EXPECT_THAT(difference(1), HasSubstr("voids included"));
}

}  // namespace
}  // namespace disruptor_mp::market_feed
