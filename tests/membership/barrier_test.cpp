// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What holds a dependent back: the ids it waits for, whatever becomes of them and of their rows.
#include "disruptor_mp/membership/barrier.hpp"

#include <optional>

#include "membership/table.hpp"

namespace disruptor_mp::test {
namespace {

class A_barrier : public Table {
 protected:
  using Absence = Barrier::Absence;
  static constexpr std::uint64_t open = Barrier::unbounded;
  void put(Member& member, std::uint64_t cursor) { member.row().cursor = cursor; }
  Segment own = attach();
};

TEST_F(A_barrier, Is_where_the_slowest_of_those_named_stands) {
  auto a = join_at(RowKind::gating, "a", 0);
  auto b = join_at(RowKind::required, "b", 0);
  auto c = join_at(RowKind::required, "c", 0);
  Barrier barrier(own, {"a", "b"});
  EXPECT_EQ(barrier.bound(), 0U);
  put(a, 5);
  EXPECT_EQ(barrier.bound(), 0U);
  put(b, 7);
  EXPECT_EQ(barrier.bound(), 5U);
  put(a, 9);
  EXPECT_EQ(barrier.bound(), 7U);
}

TEST_F(A_barrier, Limits_a_look_and_never_beyond_where_it_begins) {
  auto a = join_at(RowKind::gating, "a", 5);
  Barrier barrier(own, {"a"});
  EXPECT_EQ(barrier.limit(3, 10), 5U);
  EXPECT_EQ(barrier.limit(3, 4), 4U);
  EXPECT_EQ(barrier.limit(5, 10), 5U);
  EXPECT_EQ(barrier.limit(8, 10), 8U) << "it stands behind: nothing to read, and nothing below";
}

TEST_F(A_barrier, Waits_for_one_that_was_never_there) {
  Barrier barrier(own, {"a"});
  EXPECT_EQ(barrier.bound(), 0U);
  EXPECT_EQ(barrier.examine(3), Absence::never_there);
  auto a = join_at(RowKind::gating, "a", 2);
  EXPECT_EQ(barrier.bound(), 2U);
  EXPECT_EQ(barrier.examine(2), Absence::none);
}

TEST_F(A_barrier, Does_not_take_a_producer_for_a_consumer_of_its_id) {
  auto producer = join_at(RowKind::producer, "a", 0);
  Barrier barrier(own, {"a"});
  EXPECT_EQ(barrier.examine(0), Absence::never_there);
}

TEST_F(A_barrier, Opens_when_a_gating_one_leaves_and_closes_when_it_returns) {
  std::optional<Member> a = join_at(RowKind::gating, "a", 2);
  Barrier barrier(own, {"a"});
  a->membership.leave(a->segment, false);
  EXPECT_EQ(barrier.bound(), open);
  a.reset();
  auto back = join_at(RowKind::gating, "a", 4);
  EXPECT_EQ(barrier.bound(), 4U);
}

TEST_F(A_barrier, Knows_one_that_left_before_it_looked) {
  {
    auto a = join_at(RowKind::gating, "a", 2);
    a.membership.leave(a.segment, false);
  }
  Barrier barrier(own, {"a"});
  EXPECT_EQ(barrier.bound(), open);
}

TEST_F(A_barrier, Opens_when_a_gating_one_is_proved_dead_and_not_before) {
  { auto a = join_at(RowKind::gating, "a", 2); }
  Barrier barrier(own, {"a"});
  EXPECT_EQ(barrier.bound(), 2U);
  const std::uint64_t before = epoch();
  EXPECT_EQ(barrier.examine(1), Absence::none) << "it does not stand there";
  EXPECT_EQ(barrier.bound(), 2U);
  EXPECT_EQ(barrier.examine(2), Absence::none);
  EXPECT_EQ(barrier.bound(), open);
  EXPECT_GT(epoch(), before) << "producers are told";
}

TEST_F(A_barrier, Leaves_one_that_lives_alone) {
  auto a = join_at(RowKind::gating, "a", 2);
  Barrier barrier(own, {"a"});
  EXPECT_EQ(barrier.examine(2), Absence::none);
  EXPECT_EQ(barrier.bound(), 2U);
}

TEST_F(A_barrier, Is_held_by_a_required_one_that_died_or_left) {
  { auto a = join_at(RowKind::required, "a", 2); }
  Barrier barrier(own, {"a"});
  EXPECT_EQ(barrier.examine(2), Absence::away);
  EXPECT_EQ(barrier.bound(), 2U);
  {
    auto back = join_at(RowKind::required, "a", 2);
    EXPECT_EQ(barrier.examine(2), Absence::none);
    back.membership.leave(back.segment, false);
  }
  EXPECT_EQ(barrier.examine(2), Absence::away);
  EXPECT_EQ(barrier.bound(), 2U);
  auto back = join_at(RowKind::required, "a", 2);
  back.membership.leave(back.segment, true);
  EXPECT_EQ(barrier.bound(), open) << "it has resigned";
}

TEST_F(A_barrier, Opens_when_one_is_passed_over) {
  { auto a = join_at(RowKind::required, "a", 2); }
  Barrier barrier(own, {"a"});
  ASSERT_TRUE(pass_over(segment, 0, segment.row(0).hold));
  EXPECT_EQ(barrier.bound(), open);
  auto back = join_at(RowKind::required, "a", 3);
  EXPECT_EQ(barrier.bound(), 3U);
}

TEST_F(A_barrier, Forgets_a_row_that_was_given_to_somebody_else) {
  { auto a = join_at(RowKind::gating, "a", 2); }
  auto b = join_at(RowKind::gating, "b", 0);
  auto c = join_at(RowKind::gating, "c", 0);
  auto d = join_at(RowKind::gating, "d", 0);
  Barrier barrier(own, {"a"});
  ASSERT_EQ(barrier.bound(), 2U);
  auto e = join_at(RowKind::gating, "e", 1);
  ASSERT_EQ(e.membership.row(), 0U);
  EXPECT_EQ(barrier.bound(), open) << "whoever took the row has proved that its holder was dead";
  d.membership.leave(d.segment, false);
  auto back = join_at(RowKind::gating, "a", 4);
  ASSERT_EQ(back.membership.row(), 3U);
  EXPECT_EQ(barrier.bound(), 4U);
}

TEST_F(A_barrier, Sees_at_the_next_question_what_nobody_counted) {
  Barrier barrier(own, {"a"});
  auto a = join_at(RowKind::gating, "a", 4);
  segment.control().membership_epoch = epoch() - 1;  // it died between the row and the count
  EXPECT_EQ(barrier.bound(), 0U);
  EXPECT_EQ(barrier.examine(4), Absence::none);
  EXPECT_EQ(barrier.bound(), 4U);
}

TEST_F(A_barrier, Starts_where_the_ring_does) {
  format::Shape shape = segment.shape();
  shape.first_sequence = 100;
  auto late = Segment::create(os::ObjectName::parse(unique_ring_name()), event, shape, {});
  Barrier barrier(late, {"a"});
  EXPECT_EQ(barrier.bound(), 100U);
}

}  // namespace
}  // namespace disruptor_mp::test
