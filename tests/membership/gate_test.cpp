// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What holds the producer back: the slowest of those who gate, whatever their rows contain.
#include "disruptor_mp/membership/gate.hpp"

#include <optional>

#include "membership/table.hpp"

namespace disruptor_mp::test {
namespace {

class A_gate : public Table {
 protected:
  void put(std::uint32_t row, std::uint64_t cursor) { segment.row(row).cursor = cursor; }
};

TEST_F(A_gate, Is_where_the_slowest_stands) {
  auto a = join_at(RowKind::gating, "a", 0);
  auto b = join_at(RowKind::required, "b", 0);
  Gate gate(segment, 0);
  EXPECT_EQ(gate.size(), 2U);
  EXPECT_EQ(gate.minimum(0), 0U);
  put(0, 5);
  EXPECT_EQ(gate.minimum(10), 0U);
  EXPECT_EQ(gate.slowest_row(), 1U);
  put(1, 7);
  EXPECT_EQ(gate.minimum(10), 5U);
  EXPECT_EQ(gate.slowest_row(), 0U);
  put(0, 10);
  EXPECT_EQ(gate.minimum(10), 7U);
  put(1, 10);
  EXPECT_EQ(gate.minimum(10), 10U);
}

TEST_F(A_gate, Notices_who_comes_and_goes) {
  Gate gate(segment, 0);
  EXPECT_EQ(gate.size(), 0U);
  std::optional<Member> a = join_at(RowKind::gating, "a", 0);
  EXPECT_EQ(gate.minimum(4), 0U);
  EXPECT_EQ(gate.size(), 1U);
  auto b = join_at(RowKind::gating, "b", 3);
  a->membership.leave(a->segment, false);
  EXPECT_EQ(gate.minimum(4), 3U);
  EXPECT_EQ(gate.size(), 1U);
  auto producer = join_at(RowKind::producer, "p", 0);
  EXPECT_EQ(gate.minimum(4), 3U);
}

TEST_F(A_gate, Without_anybody_stays_where_the_last_one_stood) {
  Gate gate(segment, 0);
  EXPECT_EQ(gate.minimum(0), 0U);
  EXPECT_EQ(gate.minimum(9), 0U);  // nobody has read anything
  auto a = join_at(RowKind::gating, "a", 0);
  put(0, 5);
  EXPECT_EQ(gate.minimum(9), 5U);
  put(0, 7);  // reads on after the producer has looked
  a.membership.leave(a.segment, false);
  EXPECT_EQ(gate.minimum(9), 7U);
  EXPECT_EQ(gate.minimum(20), 7U);
}

TEST_F(A_gate, Without_anybody_opens_in_a_ring_that_runs_free) {
  format::Shape shape = segment.shape();
  shape.when_alone = format::WhenAlone::run_free;
  auto free = Segment::create(os::ObjectName::parse(unique_ring_name()), event, shape, {});
  Gate gate(free, 0);
  EXPECT_EQ(gate.minimum(5), 5U);
  EXPECT_EQ(gate.minimum(500), 500U);
}

TEST_F(A_gate, Of_a_successor_is_where_its_predecessors_was) {
  segment.control().horizon = 40;
  Gate gate(segment, 38);
  EXPECT_EQ(gate.minimum(38), 40 - capacity);
}

TEST_F(A_gate, Reads_a_cursor_that_cannot_be_true_as_the_nearest_possible_one) {
  auto a = join_at(RowKind::gating, "a", 0);
  Gate gate(segment, 0);
  put(0, 101);  // ahead of everything that was published
  EXPECT_EQ(gate.minimum(100), 100U);
  put(0, ~std::uint64_t{0});
  EXPECT_EQ(gate.minimum(100), 100U);
  put(0, 3);  // further behind than the ring is long
  EXPECT_EQ(gate.minimum(100), 100 - capacity);
  put(0, 100 - capacity);
  EXPECT_EQ(gate.minimum(100), 100 - capacity);
  put(0, 0);
  EXPECT_EQ(gate.minimum(5), 0U);  // not before the first sequence
}

TEST_F(A_gate, Counts_past_the_powers_of_two) {
  for (const unsigned power : {16U, 32U, 63U}) {
    const std::uint64_t middle = std::uint64_t{1} << power;
    format::Shape shape = segment.shape();
    shape.first_sequence = middle - 20;
    auto far = Segment::create(os::ObjectName::parse(unique_ring_name()), event, shape, {});
    far.row(0).cursor = middle - 1;
    far.row(0).status =
        RowStatus{.state = RowState::active, .kind = RowKind::gating, .incarnation = 1}.pack();
    Gate gate(far, middle - 1);
    for (std::uint64_t ahead = 0; ahead <= capacity; ++ahead)
      EXPECT_EQ(gate.minimum(middle - 1 + ahead), middle - 1) << power;
    far.row(0).cursor = middle + 5;
    EXPECT_EQ(gate.minimum(middle + 6), middle + 5);
  }
}

TEST_F(A_gate, Lets_go_of_the_dead_when_it_is_examined) {
  auto alive = join_at(RowKind::gating, "alive", 9);
  { auto dead = join_at(RowKind::gating, "dead", 3); }
  Gate gate(segment, 10);
  EXPECT_EQ(gate.minimum(10), 3U);
  EXPECT_FALSE(gate.examine_holders(10));
  EXPECT_EQ(gate.minimum(10), 9U);
  EXPECT_EQ(status(1).state, RowState::dead);
}

TEST_F(A_gate, Names_the_required_consumer_that_is_away_and_holds_it) {
  {
    auto dead = join_at(RowKind::required, "dead", 3);
    auto left = join_at(RowKind::required, "left", 5);
    left.membership.leave(left.segment, false);
  }
  Gate gate(segment, 10);
  auto away = gate.examine_holders(10);
  ASSERT_TRUE(away);
  EXPECT_EQ(away->id, "dead");
  EXPECT_EQ(away->presence, Participant::Presence::dead);
  put(0, 9);
  away = gate.examine_holders(10);
  ASSERT_TRUE(away);
  EXPECT_EQ(away->id, "left");
  EXPECT_EQ(away->presence, Participant::Presence::left);
}

TEST_F(A_gate, Names_rather_one_that_nobody_else_looks_after) {
  const std::vector<std::string> ids = {"named", "named.too"};
  {
    auto first = join_at(RowKind::required, "named", 3);
    auto other = join_at(RowKind::required, "other", 3);
    auto last = join_at(RowKind::required, "named.too", 3);
  }
  Gate gate(segment, 10);
  EXPECT_EQ(gate.examine_holders(10, ids)->id, "other");
  put(1, 9);
  EXPECT_TRUE(std::find(ids.begin(), ids.end(), gate.examine_holders(10, ids)->id) != ids.end());
}

TEST_F(A_gate, Blames_nobody_who_is_alive_or_does_not_hold_it) {
  auto slow = join_at(RowKind::required, "slow", 2);
  {
    auto away = join_at(RowKind::required, "away", 5);
    away.membership.leave(away.segment, false);
  }
  Gate gate(segment, 10);
  EXPECT_FALSE(gate.examine_holders(10));  // the one who is away is not the slowest
  EXPECT_EQ(gate.minimum(10), 2U);
}

TEST_F(A_gate, Sees_a_row_whose_holder_died_before_it_told_of_it) {
  Gate gate(segment, 10);
  auto silent = join(RowKind::gating, "silent");
  silent.row().cursor = 4;
  silent.row().status =
      RowStatus{.state = RowState::active, .kind = RowKind::gating, .incarnation = 1}.pack();
  EXPECT_EQ(gate.size(), 0U);  // the epoch says nothing of it
  EXPECT_FALSE(gate.examine_holders(10));
  EXPECT_EQ(gate.size(), 1U);
  EXPECT_EQ(gate.minimum(10), 4U);
}

TEST_F(A_gate, Survives_rows_of_random_bytes) {
  for (std::uint32_t row = 0; row < 4; ++row) {
    segment.row(row).status = 0x9E3779B97F4A7C15U * (row + 1);
    put(row, 0xD1B54A32D192ED03U * (row + 1));
    for (auto& word : segment.row(row).id) word = 0xFFFFFFFFFFFFFFFFU;
  }
  Gate gate(segment, 10);
  EXPECT_LE(gate.minimum(10), 10U);
  (void)gate.examine_holders(10);
  EXPECT_LE(list_participants(segment).size(), 4U);
}

}  // namespace
}  // namespace disruptor_mp::test
