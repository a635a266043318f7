// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/monitor_state.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "sample_events.hpp"

namespace disruptor_mp::market_feed {
namespace {

TEST(MonitorState, Events_one_after_the_other_are_all_seen) {
  MonitorState state;
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_TRUE(state.observe(i));
  EXPECT_EQ(state.seen, 5U);
  EXPECT_EQ(state.missed, 0U);
  EXPECT_EQ(state.next_expected, 5U);
}

TEST(MonitorState, Events_before_the_first_one_seen_are_not_missed) {
  MonitorState state;
  state.observe(100);
  EXPECT_EQ(state.first_sequence, 100U);
  EXPECT_EQ(state.missed, 0U);
}

TEST(MonitorState, A_gap_is_missed_exactly) {
  MonitorState state;
  state.observe(3);
  state.observe(10);
  EXPECT_EQ(state.seen, 2U);
  EXPECT_EQ(state.missed, 6U);
}

TEST(MonitorState, An_event_that_comes_again_after_a_restart_is_not_counted_again) {
  MonitorState state;
  state.observe(3);
  state.observe(4);
  const auto before = state;
  EXPECT_FALSE(state.observe(3));
  EXPECT_FALSE(state.observe(4));
  EXPECT_EQ(state, before);
}

TEST(MonitorState, Events_lost_at_the_end_are_missed) {
  MonitorState state;
  state.observe(0);
  state.miss_up_to(8);
  EXPECT_EQ(state.missed, 7U);
  state.miss_up_to(5);
  EXPECT_EQ(state.missed, 7U);
  EXPECT_EQ(state.next_expected, 8U);
}

TEST(MonitorState, A_monitor_overtaken_before_its_first_read_can_count_from_the_beginning) {
  MonitorState state;
  state.miss_up_to(4);
  state.observe(4);
  EXPECT_EQ(state.first_sequence, 0U);
  EXPECT_EQ(state.missed, 4U);
  EXPECT_EQ(state.seen, 1U);
}

TEST(MonitorState, The_checksum_tells_events_and_places_apart) {
  const auto events = numbered_events(2);
  EXPECT_NE(event_checksum(0, events[0]), event_checksum(1, events[0]));
  EXPECT_NE(event_checksum(0, events[0]), event_checksum(0, events[1]));
  EXPECT_EQ(event_checksum(0, events[0]), event_checksum(0, numbered_events(1)[0]));
}

RC_GTEST_PROP(MonitorState, Seen_and_missed_always_make_up_the_whole,
              (std::vector<std::uint8_t> sequences)) {
  MonitorState state;
  std::set<std::uint64_t> accepted;
  for (const std::uint64_t sequence : sequences) {
    if (state.observe(sequence)) RC_ASSERT(accepted.insert(sequence).second);
    RC_ASSERT(state.seen + state.missed == state.next_expected - state.first_sequence);
  }
  RC_ASSERT(state.seen == accepted.size());
}

}  // namespace
}  // namespace disruptor_mp::market_feed
