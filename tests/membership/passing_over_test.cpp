// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A consumer that a producer goes on without, and those who take its row afterwards: whoever was
// stopped at any of these steps, nobody believes a place to be safe that may be overwritten.
#include "disruptor_mp/membership/gate.hpp"
#include "membership/table.hpp"

namespace disruptor_mp::test {
namespace {

class PassingOver : public Table {
 protected:
  std::uint64_t hold() const { return segment.row(0).hold; }
  bool pass(std::uint64_t seen) { return pass_over(segment, 0, seen); }
  /// A producer has overwritten everything below 16.
  void overwrite() {
    segment.control().published.store(32);
    segment.control().horizon.store(32);
  }
  bool gates() { return Gate(segment, 32).size() == 1; }
};

TEST_F(PassingOver, Takes_a_dead_one_out_of_the_gate_and_keeps_its_place) {
  { auto journal = join_at(RowKind::required, "journal", 3); }
  ASSERT_TRUE(gates());
  const std::uint64_t before = epoch();
  EXPECT_TRUE(pass(hold()));
  EXPECT_GT(epoch(), before);
  EXPECT_FALSE(gates());
  EXPECT_EQ(segment.row(0).cursor, 3U);
  EXPECT_FALSE(pass(hold())) << "once is enough";
}

TEST_F(PassingOver, Who_returns_begins_where_nothing_is_overwritten_and_gates) {
  { auto journal = join_at(RowKind::required, "journal", 3); }
  ASSERT_TRUE(pass(hold()));
  overwrite();
  auto back = join(RowKind::required, "journal");
  EXPECT_TRUE(back.membership.was_passed_over());
  EXPECT_EQ(back.membership.previous_cursor(), Sequence(3));
  EXPECT_FALSE(gates());  // not before it stands at a safe place
  EXPECT_EQ(back.membership.activate(back.segment, Sequence(3)), Sequence(16));
  EXPECT_TRUE(gates());
  EXPECT_FALSE(is_passed_over(segment.row(0)));
}

TEST_F(PassingOver, The_mark_outlives_those_who_die_before_they_are_shown) {
  { auto journal = join_at(RowKind::required, "journal", 3); }
  ASSERT_TRUE(pass(hold()));
  overwrite();
  for (int i = 0; i < 3; ++i) {
    auto back = join(RowKind::required, "journal");
    EXPECT_TRUE(back.membership.was_passed_over());
  }
  EXPECT_FALSE(gates());
  auto back = join(RowKind::required, "journal");
  EXPECT_EQ(back.membership.activate(back.segment, Sequence(3)), Sequence(16));
}

TEST_F(PassingOver, A_passer_that_was_stopped_does_not_meet_whoever_came_meanwhile) {
  { auto journal = join_at(RowKind::required, "journal", 3); }
  const std::uint64_t seen = hold();  // and finds the lock free; and is stopped
  auto back = join(RowKind::required, "journal");
  EXPECT_FALSE(pass(seen));
  back.membership.activate(back.segment, Sequence(3));
  EXPECT_FALSE(pass(seen));
  EXPECT_TRUE(gates());
}

TEST_F(PassingOver, Two_who_died_while_they_joined_are_told_apart) {
  { auto journal = join_at(RowKind::required, "journal", 3); }
  { auto died = join(RowKind::required, "journal"); }
  const std::uint64_t seen = hold();  // of the one that died; and is stopped
  auto back = join(RowKind::required, "journal");
  EXPECT_FALSE(pass(seen));
  // It has decided that its place was safe, and nobody may take that back.
  overwrite();
  EXPECT_EQ(back.membership.activate(back.segment, Sequence(3)), Sequence(3));
  EXPECT_TRUE(gates());
}

TEST_F(PassingOver, One_that_died_while_it_joined_can_be_passed_over) {
  { auto journal = join_at(RowKind::required, "journal", 3); }
  { auto died = join(RowKind::required, "journal"); }
  EXPECT_TRUE(pass(hold()));
  EXPECT_FALSE(gates());
}

TEST_F(PassingOver, One_that_leaves_after_it_was_passed_over_does_not_gate_again) {
  auto journal = join_at(RowKind::required, "journal", 3);
  ASSERT_TRUE(pass(hold()));
  journal.membership.leave(journal.segment, false);
  EXPECT_TRUE(status(0).gates());  // by what it says itself
  EXPECT_FALSE(gates());
}

TEST_F(PassingOver, Another_id_in_the_row_of_one_that_was_passed_over_gates) {
  { auto old = join_at(RowKind::gating, "old", 3); }
  ASSERT_TRUE(pass(hold()));
  auto a = join_at(RowKind::producer, "a", 0);
  auto b = join_at(RowKind::producer, "b", 0);
  auto c = join_at(RowKind::producer, "c", 0);
  auto other = join_at(RowKind::gating, "other", 5);
  ASSERT_EQ(other.membership.row(), 0U);
  EXPECT_FALSE(other.membership.was_passed_over());
  EXPECT_TRUE(gates());
}

}  // namespace
}  // namespace disruptor_mp::test
