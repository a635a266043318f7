// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What can be told of a ring from outside: who is here, where the stream stands, whether it is
// over.
#include "disruptor_mp/membership/roster.hpp"

#include <csignal>
#include <cstring>
#include <optional>

#include "membership/table.hpp"

namespace disruptor_mp::test {
namespace {

using Presence = Participant::Presence;

class Roster : public Table {};

TEST_F(Roster, Lists_the_living_the_dead_and_those_who_left_in_order_of_rows) {
  auto producer = join_at(RowKind::producer, "gateway", 0);
  { auto dead = join_at(RowKind::gating, "risk", 3); }
  auto left = join_at(RowKind::required, "journal", 4);
  left.membership.leave(left.segment, false);
  auto joining = join(RowKind::gating, "not-yet-here");
  const auto all = list_participants(segment);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].id, "gateway");
  EXPECT_EQ(all[0].presence, Presence::alive);
  EXPECT_FALSE(all[0].gates);
  EXPECT_EQ(all[1].id, "risk");
  EXPECT_EQ(all[1].presence, Presence::dead);
  EXPECT_TRUE(all[1].gates);  // until somebody has proved it
  EXPECT_EQ(all[1].cursor, Sequence(3));
  EXPECT_EQ(all[2].id, "journal");
  EXPECT_EQ(all[2].presence, Presence::left);
  EXPECT_TRUE(all[2].gates);
  EXPECT_EQ(all[2].row, 2U);
}

TEST_F(Roster, Knows_the_one_who_asks) {
  auto self = join_at(RowKind::gating, "self", 0);
  // The kernel does not report one's own lock.
  EXPECT_EQ(list_participants(self.segment)[0].presence, Presence::dead);
  EXPECT_EQ(list_participants(self.segment, self.membership.row())[0].presence, Presence::alive);
}

TEST_F(Roster, Tells_a_stopped_process_from_a_dead_one) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto member = join_at(RowKind::gating, "sleeper", 0);
    if (write(ends[1], "!", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  EXPECT_EQ(list_participants(segment).at(0).presence, Presence::alive);
  kill(child, SIGSTOP);
  int status = 0;
  waitpid(child, &status, WUNTRACED);
  EXPECT_EQ(list_participants(segment).at(0).presence, Presence::stopped);
  EXPECT_FALSE(release_gate_of_dead(segment, 0));
  kill(child, SIGCONT);
  waitpid(child, &status, WCONTINUED);
  EXPECT_EQ(list_participants(segment).at(0).presence, Presence::alive);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  EXPECT_EQ(list_participants(segment).at(0).presence, Presence::dead);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(Roster, Describes_a_participant_in_a_few_words) {
  auto consumer = join_at(RowKind::gating, "risk", 0);
  EXPECT_EQ(describe(list_participants(segment)[0]),
            "risk (gating, pid " + std::to_string(getpid()) + ", alive)");
  EXPECT_EQ(to_string(RowKind::none), "none");
  EXPECT_EQ(to_string(RowKind::producer), "producer");
  EXPECT_EQ(to_string(RowKind::required), "required");
  EXPECT_EQ(to_string(Presence::stopped), "stopped");
  EXPECT_EQ(to_string(Presence::left), "left");
}

TEST_F(Roster, Knows_the_phases_of_a_producer) {
  format::Control& control = segment.control();
  EXPECT_EQ(producer_presence(segment), ProducerPresence::never);
  {
    auto holder = attach(SegmentRole::producer);
    ASSERT_TRUE(holder.object().try_lock(format::lock::producer, os::LockMode::exclusive));
    EXPECT_EQ(producer_presence(segment), ProducerPresence::alive);
    control.producer = static_cast<std::uint64_t>(format::ProducerPhase::active);
    EXPECT_EQ(producer_presence(segment), ProducerPresence::alive);
  }
  EXPECT_EQ(producer_presence(segment), ProducerPresence::dead);
  control.producer = static_cast<std::uint64_t>(format::ProducerPhase::left);
  EXPECT_EQ(producer_presence(segment), ProducerPresence::left);
}

TEST_F(Roster, Tells_where_the_stream_stands) {
  format::Control& control = segment.control();
  control.published = 30;
  control.horizon = 34;
  StreamPosition position = stream_position(segment);
  EXPECT_EQ(position.oldest, Sequence(34 - capacity));
  EXPECT_EQ(position.published, Sequence(30));
  EXPECT_FALSE(position.is_closed);
  control.end = 30;
  EXPECT_TRUE(stream_position(segment).is_closed);
}

TEST_F(Roster, Finds_the_end_of_a_stamped_stream_from_a_hint) {
  format::Shape shape = segment.shape();
  shape.slot_layout = format::SlotLayout::stamped;
  auto stamped = Segment::create(os::ObjectName::parse(unique_ring_name()), event, shape, {});
  stamped.control().published = 20;  // a lower bound
  stamped.control().horizon = 28;
  for (std::uint64_t sequence = 12; sequence < 27; ++sequence) {
    const std::uint64_t stamp = sequence + 1;
    std::memcpy(stamped.slots() + sequence % capacity * stamped.shape().slot_stride + 8, &stamp,
                sizeof stamp);
  }
  EXPECT_EQ(stream_position(stamped).published, Sequence(27));
  EXPECT_EQ(stream_position(stamped).oldest, Sequence(28 - capacity));
}

TEST_F(Roster, Is_finished_when_it_is_closed_and_all_required_consumers_have_read_all) {
  EXPECT_FALSE(is_finished(segment));
  auto journal = join_at(RowKind::required, "journal", 7);
  auto risk = join_at(RowKind::gating, "risk", 0);  // may miss what it likes
  segment.control().end = 10;
  EXPECT_FALSE(is_finished(segment));
  journal.row().cursor = 10;
  EXPECT_TRUE(is_finished(segment));
  journal.row().cursor = 9;
  journal.membership.leave(journal.segment, true);
  EXPECT_TRUE(is_finished(segment));
}

TEST_F(Roster, Removes_the_name_when_all_is_over_and_nobody_else_is_there) {
  segment.control().end = 0;
  auto other = std::make_optional(attach());
  auto last = attach();
  EXPECT_FALSE(remove_if_finished(last));
  other.reset();
  EXPECT_FALSE(remove_if_finished(last));  // the fixture's own attachment
  EXPECT_TRUE(remove_if_finished(segment));
  EXPECT_FALSE(segment.object().is_named());
}

}  // namespace
}  // namespace disruptor_mp::test
