// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/verification.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "market_feed/error.hpp"
#include "market_feed/feed_generator.hpp"
#include "market_feed/journal_file.hpp"
#include "market_feed/monitor_state.hpp"
#include "sample_events.hpp"
#include "temp_folder.hpp"

namespace disruptor_mp::market_feed {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Verification : public testing::Test {
 protected:
  Verification() : feed_(folder_ / "feed"), journal_(folder_ / "journal") {
    write_generated_feed(feed_, {.seed = 9, .lines = 300});
    FeedReader reader(feed_);
    while (const auto event = reader.next()) events_.push_back(*event);
    JournalWriter(journal_).write(0, events_);
  }

  std::string difference() {
    return journal_difference(journal_, feed_, events_.size()).value_or("equal");
  }

  TempFolder folder_;
  std::filesystem::path feed_;
  std::filesystem::path journal_;
  std::vector<MarketEvent> events_;
};

TEST_F(Verification, A_whole_journal_is_equal) { EXPECT_EQ(difference(), "equal"); }

TEST_F(Verification, Every_single_byte_counts) {
  const std::string whole = bytes_of(journal_);
  const std::size_t event = events_.size() / 2;
  for (std::size_t byte = event * 64; byte < (event + 1) * 64; ++byte) {
    std::string changed = whole;
    changed[byte] ^= 0x40;
    write_file(journal_, changed);
    ASSERT_THAT(difference(), AllOf(HasSubstr("event " + std::to_string(event)),
                                    HasSubstr("the journal has"), HasSubstr("the feed has")));
  }
}

TEST_F(Verification, A_missing_and_an_extra_event_are_told_by_number) {
  const auto count = events_.size();
  std::filesystem::resize_file(journal_, (count - 1) * 64);
  EXPECT_EQ(difference(), "the journal has " + std::to_string(count - 1) + " events, the feed " +
                              std::to_string(count));
  JournalWriter(journal_).write(count - 1, std::vector{events_.back(), events_.back()});
  EXPECT_EQ(difference(), "the journal has " + std::to_string(count + 1) + " events, the feed " +
                              std::to_string(count));
  std::filesystem::resize_file(journal_, 0);
  EXPECT_THAT(difference(), HasSubstr("the journal has 0 events"));
}

TEST_F(Verification, Two_events_exchanged_are_found) {
  std::swap(events_[100], events_[101]);
  JournalWriter(journal_).write(0, events_);
  EXPECT_THAT(difference(), HasSubstr("event 100: the journal has"));
}

TEST_F(Verification, A_feed_that_is_empty_at_its_second_reading_proves_nothing) {
  write_file(feed_, "");
  std::filesystem::resize_file(journal_, 0);
  EXPECT_EQ(difference(), "the feed has 0 events now, and had " + std::to_string(events_.size()) +
                              " when the run began");
}

TEST_F(Verification, A_feed_that_has_become_shorter_proves_nothing) {
  write_generated_feed(feed_, {.seed = 9, .lines = 200});
  const auto count = reference_of(feed_).counts.events();
  EXPECT_THAT(difference(), HasSubstr("the feed has " + std::to_string(count) + " events now"));
  std::filesystem::resize_file(journal_, count * 64);
  EXPECT_THAT(difference(), HasSubstr("the feed has " + std::to_string(count) + " events now"));
}

TEST_F(Verification, Whoever_reads_a_whole_feed_can_be_ended_on_the_way) {
  write_generated_feed(feed_, {.seed = 9, .lines = 2 * BetweenLines::period});
  struct Ended {};
  const FeedReaderOptions reader{.between_lines = BetweenLines([] { throw Ended(); })};
  EXPECT_THROW((void)reference_of(feed_, reader), Ended);
  events_.clear();
  FeedReader again(feed_);
  while (const auto event = again.next()) events_.push_back(*event);
  JournalWriter(journal_).write(0, events_);
  EXPECT_EQ(difference(), "equal");
  EXPECT_THROW((void)journal_difference(journal_, feed_, events_.size(), reader), Ended);
  const WordPerEvent nothing_seen(folder_ / "nothing", events_.size());
  EXPECT_THROW((void)monitor_difference({}, nothing_seen, 0, feed_, events_.size(), reader), Ended);
  EXPECT_THROW(write_generated_feed(feed_, {.lines = 2 * BetweenLines::period,
                                            .between_lines = BetweenLines([] { throw Ended(); })}),
               Ended);
}

TEST_F(Verification, Half_an_event_is_an_error) {
  std::filesystem::resize_file(journal_, events_.size() * 64 - 1);
  EXPECT_THROW((void)difference(), Error);
}

TEST_F(Verification, The_reference_is_what_a_plain_loop_gives) {
  Analytics analytics;
  for (const MarketEvent& event : events_) analytics.fold(event);
  const auto reference = reference_of(feed_);
  EXPECT_EQ(reference.analytics, analytics);
  EXPECT_EQ(reference.counts.events(), events_.size());
  EXPECT_EQ(analytics_difference(analytics, reference.analytics), std::nullopt);
}

TEST_F(Verification, Analytics_that_differ_are_told_by_instrument) {
  const auto expected = reference_of(feed_).analytics;
  auto found = expected;
  ++found.stats[1].trades;
  EXPECT_THAT(analytics_difference(found, expected).value(),
              HasSubstr(expected.stats[1].symbol.text()));
  found = expected;
  --found.instrument_count;
  EXPECT_EQ(analytics_difference(found, expected), "2 instruments, expected 3");
}

/// A monitor that missed the events [10, 15), in the state and with the sightings of a right one.
class MonitorVerification : public Verification {
 protected:
  MonitorVerification() : sightings_(folder_ / "sightings", events_.size()) {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (i >= 10 && i < 15) continue;
      state_.observe(i);
      sightings_.set(i, event_checksum(i, events_[i]));
    }
  }

  std::string difference(std::uint64_t most_unsaved = 0) {
    return monitor_difference(state_, sightings_, most_unsaved, feed_, events_.size())
        .value_or("none");
  }

  MonitorState state_;
  WordPerEvent sightings_;
};

TEST_F(MonitorVerification, Seen_and_missed_events_that_make_up_the_feed_pass) {
  EXPECT_EQ(state_.missed, 5U);
  EXPECT_EQ(difference(), "none");
}

TEST_F(MonitorVerification, Another_event_at_a_place_is_found_though_others_were_missed) {
  sightings_.set(20, event_checksum(20, events_[21]));
  EXPECT_THAT(difference(), HasSubstr("event 20: it saw something else"));
}

TEST_F(MonitorVerification, An_event_that_was_seen_and_called_missed_is_found) {
  sightings_.set(12, event_checksum(12, events_[12]));
  EXPECT_THAT(difference(), HasSubstr("and has written down"));
}

TEST_F(MonitorVerification, An_event_that_was_missed_and_called_seen_is_found) {
  sightings_.set(20, 0);
  EXPECT_THAT(difference(), HasSubstr("and has written down"));
  EXPECT_THAT(difference(1), HasSubstr("and has written down"));
}

TEST_F(MonitorVerification, A_killed_monitor_may_have_seen_a_batch_more_than_it_could_save) {
  sightings_.set(12, event_checksum(12, events_[12]));
  EXPECT_EQ(difference(1), "none");
  sightings_.set(13, event_checksum(13, events_[13]));
  EXPECT_THAT(difference(1), HasSubstr("and has written down"));
  EXPECT_EQ(difference(2), "none");
}

TEST_F(MonitorVerification, A_feed_that_is_empty_at_its_second_reading_proves_nothing) {
  write_file(feed_, "");
  state_ = {};
  for (std::size_t i = 0; i < events_.size(); ++i) sightings_.set(i, 0);
  const std::string change = "the feed has 0 events now, and had " +
                             std::to_string(events_.size()) + " when the run began";
  EXPECT_EQ(difference(), change);
  EXPECT_EQ(difference(1), change);
}

TEST_F(MonitorVerification, A_feed_that_has_grown_is_found_without_looking_beyond_the_sightings) {
  write_generated_feed(feed_, {.seed = 9, .lines = 2'000});
  EXPECT_THAT(difference(), HasSubstr("when the run began"));
}

TEST_F(MonitorVerification, A_count_that_does_not_make_up_the_feed_is_found) {
  --state_.missed;
  EXPECT_THAT(difference(), HasSubstr("which is not " + std::to_string(events_.size())));
}

}  // namespace
}  // namespace disruptor_mp::market_feed
