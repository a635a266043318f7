// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The life of a row, step by step, including the deaths between the steps.
#include "disruptor_mp/membership/membership.hpp"

#include <atomic>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "disruptor_mp/membership/row_id.hpp"
#include "disruptor_mp/ring/bell.hpp"
#include "membership/table.hpp"

namespace disruptor_mp::test {
namespace {

TEST(Row_status, Is_packed_into_a_word_and_back) {
  for (const auto state :
       {RowState::free, RowState::joining, RowState::active, RowState::left, RowState::dead}) {
    for (const auto kind : {RowKind::none, RowKind::producer, RowKind::required, RowKind::gating}) {
      for (const std::uint32_t incarnation : {0U, 1U, 0xFFFFFFFFU}) {
        const RowStatus status{.state = state, .kind = kind, .incarnation = incarnation};
        const RowStatus back = RowStatus::unpack(status.pack());
        EXPECT_EQ(back.state, state);
        EXPECT_EQ(back.kind, kind);
        EXPECT_EQ(back.incarnation, incarnation);
        // Who is waited for: the living, and a required consumer also while it is away.
        const bool gates =
            (kind == RowKind::gating && state == RowState::active) ||
            (kind == RowKind::required && (state == RowState::active || state == RowState::left));
        EXPECT_EQ(status.gates(), gates);
      }
    }
  }
}

TEST(Row_id, Is_kept_word_by_word) {
  format::Row row{};
  EXPECT_EQ(read_row_id(row), "");
  for (const std::string& id : {std::string("a"), std::string("12345678"), std::string("risk-2.b"),
                                std::string(63, 'x'), std::string("short again")}) {
    write_row_id(row, id);
    EXPECT_EQ(read_row_id(row), id);
  }
}

TEST(Row_id, Of_hostile_bytes_is_printable_and_ends) {
  format::Row row{};
  for (auto& word : row.id) word = 0x1B07FFFFFF0A0101U;
  const std::string id = read_row_id(row);
  EXPECT_EQ(id, std::string(63, '?'));
}

class Joining : public Table {};

TEST_F(Joining, Takes_a_free_row_that_does_not_gate_yet) {
  auto member = join(RowKind::gating, "risk");
  EXPECT_EQ(member.membership.row(), 0U);
  EXPECT_EQ(member.membership.id(), "risk");
  EXPECT_EQ(member.membership.incarnation(), 1U);
  EXPECT_FALSE(member.membership.previous_cursor());
  EXPECT_EQ(member.status().state, RowState::joining);
  EXPECT_FALSE(member.status().gates());
  EXPECT_EQ(read_row_id(member.row()), "risk");
  EXPECT_TRUE(segment.object().is_locked_elsewhere(format::lock::row(0)));
}

TEST_F(Joining, Shows_the_row_with_all_that_belongs_to_it) {
  auto member = join(RowKind::required, "journal");
  const std::uint64_t epoch_before = epoch();
  EXPECT_EQ(member.membership.activate(member.segment, Sequence(7)), Sequence(7));
  EXPECT_EQ(epoch(), epoch_before + 1);
  EXPECT_EQ(member.status().state, RowState::active);
  EXPECT_EQ(member.status().kind, RowKind::required);
  EXPECT_EQ(member.status().incarnation, 1U);
  EXPECT_EQ(member.row().cursor, 7U);
  EXPECT_EQ(member.row().pid_and_uid & 0xFFFFFFFFU, static_cast<std::uint64_t>(getpid()));
}

TEST_F(Joining, Starts_no_earlier_than_what_can_still_be_read) {
  segment.control().horizon = 40;
  auto consumer = join(RowKind::gating, "risk");
  EXPECT_EQ(consumer.membership.activate(consumer.segment, Sequence(3)), Sequence(40 - capacity));
  EXPECT_EQ(consumer.row().cursor, 40 - capacity);
}

TEST_F(Joining, Gives_different_ids_different_rows) {
  std::vector<Member> members;
  std::set<std::uint32_t> rows;
  for (const char* id : {"a", "b", "c", "d"}) {
    members.push_back(join_at(RowKind::gating, id, 0));
    rows.insert(members.back().membership.row());
  }
  EXPECT_EQ(rows.size(), 4U);
  expect_error(Errc::table_full, {.object = name, .found = "4 participants: a (gating"},
               [&] { join(RowKind::gating, "e"); });
}

TEST_F(Joining, Refuses_an_id_that_is_alive_in_whatever_stage) {
  auto joining = join(RowKind::gating, "risk");
  expect_error(Errc::consumer_alive, {.object = name, .found = "a living participant"},
               [&] { join(RowKind::gating, "risk"); });
  joining.membership.activate(joining.segment, Sequence(0));
  expect_error(Errc::consumer_alive, {.object = name, .found = "risk (gating"},
               [&] { join(RowKind::required, "risk"); });
}

TEST_F(Joining, Gives_an_id_its_row_again_and_counts_its_lives) {
  auto other = join_at(RowKind::gating, "other", 0);
  std::uint32_t row = 0;
  {
    auto first = join_at(RowKind::gating, "risk", 5);
    row = first.membership.row();
    first.membership.leave(first.segment, false);
  }
  for (std::uint32_t life = 2; life <= 5; ++life) {
    auto again = join(RowKind::gating, "risk");
    EXPECT_EQ(again.membership.row(), row);
    EXPECT_EQ(again.membership.incarnation(), life);
    ASSERT_TRUE(again.membership.previous_cursor());
    EXPECT_EQ(*again.membership.previous_cursor(), Sequence(3 + life));
    again.membership.activate(again.segment, Sequence(4 + life));
  }  // dies each time
}

TEST_F(Joining, Does_not_count_a_producers_place_as_a_cursor_to_resume_from) {
  { auto producer = join_at(RowKind::producer, "gateway", 9); }
  auto consumer = join(RowKind::gating, "gateway");
  EXPECT_FALSE(consumer.membership.previous_cursor());
}

TEST_F(Joining, Keeps_the_place_of_a_row_that_gates_although_the_horizon_was_announced_beyond_it) {
  { auto journal = join_at(RowKind::required, "journal", 3); }
  EXPECT_TRUE(status(0).is_settled);
  // A producer that had not seen the row announces more than it may write, sees it, and waits.
  segment.control().horizon = 5 + capacity;
  auto journal = join(RowKind::required, "journal");
  EXPECT_EQ(journal.membership.activate(journal.segment, Sequence(3)), Sequence(3));
  EXPECT_EQ(journal.row().cursor, 3U);
}

TEST_F(Joining, Does_not_trust_the_place_of_a_row_whose_holder_died_before_it_was_settled) {
  { auto journal = join_at(RowKind::required, "journal", 3); }
  RowStatus unsettled = status(0);
  unsettled.is_settled = false;
  segment.row(0).status = unsettled.pack();
  segment.control().horizon = 5 + capacity;
  auto journal = join(RowKind::required, "journal");
  EXPECT_EQ(journal.membership.activate(journal.segment, Sequence(3)), Sequence(5));
}

TEST_F(Joining, Never_gives_a_producer_the_row_of_a_consumer_of_the_same_id) {
  {
    auto journal = join_at(RowKind::required, "engine", 3);
    auto producer = join_at(RowKind::producer, "engine", 9);  // two participants, both alive
    EXPECT_NE(producer.membership.row(), journal.membership.row());
  }
  auto successor = join_at(RowKind::producer, "engine", 9);
  EXPECT_EQ(successor.membership.row(), 1U);
  EXPECT_TRUE(status(0).gates());
  auto journal = join(RowKind::required, "engine");
  EXPECT_EQ(journal.membership.previous_cursor(), Sequence(3));
}

TEST_F(Joining, Leaves_the_row_of_an_absent_required_consumer_gating_until_it_is_shown_again) {
  {
    auto first = join_at(RowKind::required, "journal", 5);
    first.membership.leave(first.segment, false);
  }
  EXPECT_TRUE(status(0).gates());
  {
    auto back = join(RowKind::required, "journal");
    EXPECT_TRUE(status(0).gates());
  }  // dies before it is shown: as if it had not come
  EXPECT_TRUE(status(0).gates());
  EXPECT_EQ(segment.row(0).cursor, 5U);
}

TEST_F(Joining, Reuses_a_row_whose_holder_died_while_joining) {
  { auto dead = join(RowKind::gating, "dead"); }
  EXPECT_EQ(status(0).state, RowState::joining);
  auto next = join(RowKind::gating, "next");
  EXPECT_EQ(next.membership.row(), 0U);
  EXPECT_EQ(next.membership.incarnation(), 2U);
  EXPECT_FALSE(next.membership.previous_cursor());
  EXPECT_EQ(read_row_id(next.row()), "next");
}

TEST_F(Joining, Does_not_let_an_id_resume_that_died_while_joining) {
  { auto dead = join(RowKind::gating, "risk"); }
  auto again = join(RowKind::gating, "risk");
  EXPECT_FALSE(again.membership.previous_cursor());
}

TEST_F(Joining, Takes_free_rows_first_then_those_of_the_absent_but_never_of_a_required_one) {
  {
    auto journal = join_at(RowKind::required, "journal", 0);  // row 0
    auto left = join_at(RowKind::gating, "left", 3);          // row 1
    auto dead = join_at(RowKind::gating, "dead", 3);          // row 2
    journal.membership.leave(journal.segment, false);
    left.membership.leave(left.segment, false);
  }
  auto a = join(RowKind::gating, "a");
  EXPECT_EQ(a.membership.row(), 3U);
  auto b = join(RowKind::gating, "b");
  EXPECT_EQ(b.membership.row(), 1U);
  EXPECT_FALSE(b.membership.previous_cursor());
  const std::uint64_t epoch_before = epoch();
  auto c = join(RowKind::gating, "c");
  EXPECT_EQ(c.membership.row(), 2U);
  EXPECT_GT(epoch(), epoch_before);  // the dead one gated until now: the producer must hear of it
  expect_error(Errc::table_full, {.found = "journal (required"},
               [&] { join(RowKind::gating, "d"); });
}

TEST_F(Joining, Waits_for_the_holder_of_the_id_to_go) {
  std::optional<Member> holder = join_at(RowKind::gating, "risk", 4);
  std::jthread leaver([&] { holder.reset(); });
  auto own = attach();
  const auto membership = Membership::join(own, RowKind::gating, "risk", never);
  EXPECT_EQ(membership.previous_cursor(), Sequence(4));
}

TEST_F(Joining, Waits_while_somebody_repairs_its_row) {
  { auto dead = join_at(RowKind::gating, "risk", 4); }
  auto repairer = attach();
  ASSERT_TRUE(repairer.object().try_lock(format::lock::row(0), os::LockMode::exclusive));
  std::jthread done([&] { repairer.object().unlock(format::lock::row(0)); });
  auto back = join(RowKind::gating, "risk");  // although it has no patience itself
  EXPECT_EQ(back.membership.row(), 0U);
  EXPECT_EQ(back.membership.previous_cursor(), Sequence(4));
}

class Leaving : public Table {};

TEST_F(Leaving, Keeps_id_and_cursor_and_drops_the_locks) {
  auto member = join_at(RowKind::gating, "risk", 5);
  member.row().cursor = 8;
  const std::uint64_t epoch_before = epoch();
  member.membership.leave(member.segment, false);
  EXPECT_EQ(epoch(), epoch_before + 1);
  EXPECT_EQ(status(0).state, RowState::left);
  EXPECT_EQ(status(0).kind, RowKind::gating);
  EXPECT_FALSE(status(0).gates());
  EXPECT_FALSE(segment.object().is_locked_elsewhere(format::lock::row(0)));
  EXPECT_EQ(read_row_id(segment.row(0)), "risk");
  EXPECT_EQ(segment.row(0).cursor, 8U);
  auto back = join(RowKind::gating, "risk");  // the id is free, too
  EXPECT_EQ(back.membership.previous_cursor(), Sequence(8));
}

TEST_F(Leaving, Keeps_a_required_consumer_in_the_gate_unless_it_resigns) {
  auto stays = join_at(RowKind::required, "stays", 0);
  auto resigns = join_at(RowKind::required, "resigns", 0);
  stays.membership.leave(stays.segment, false);
  resigns.membership.leave(resigns.segment, true);
  EXPECT_TRUE(status(0).gates());
  EXPECT_FALSE(status(1).gates());
}

TEST_F(Leaving, Rings_who_waits_for_room) {
  auto member = join_at(RowKind::gating, "risk", 5);
  const Bell bell(segment.bells().gates);
  (void)bell.announce_sleep();
  member.membership.leave(member.segment, false);
  EXPECT_EQ(bell.word() & 1U, 0U);
}

class Releasing : public Table {};

TEST_F(Releasing, Does_nothing_to_the_living) {
  auto member = join_at(RowKind::gating, "risk", 5);
  EXPECT_FALSE(release_gate_of_dead(segment, 0));
  EXPECT_EQ(status(0).state, RowState::active);
  EXPECT_TRUE(status(0).gates());
}

TEST_F(Releasing, Takes_a_dead_gating_consumer_out_of_the_gate_and_keeps_its_place) {
  { auto member = join_at(RowKind::gating, "risk", 5); }
  EXPECT_TRUE(status(0).gates());
  const std::uint64_t epoch_before = epoch();
  EXPECT_TRUE(release_gate_of_dead(segment, 0));
  EXPECT_EQ(status(0).state, RowState::dead);
  EXPECT_EQ(epoch(), epoch_before + 1);
  EXPECT_FALSE(segment.object().is_locked_elsewhere(format::lock::row(0)));
  EXPECT_TRUE(release_gate_of_dead(segment, 0));  // once more changes nothing
  EXPECT_EQ(epoch(), epoch_before + 1);
  auto back = join(RowKind::gating, "risk");
  EXPECT_EQ(back.membership.previous_cursor(), Sequence(5));
}

TEST_F(Releasing, Leaves_a_dead_required_consumer_in_the_gate) {
  { auto member = join_at(RowKind::required, "journal", 5); }
  EXPECT_FALSE(release_gate_of_dead(segment, 0));
  EXPECT_EQ(status(0).state, RowState::active);
  EXPECT_TRUE(status(0).gates());
}

TEST_F(Releasing, Does_not_make_a_dead_required_consumer_look_alive_for_a_moment) {
  { auto member = join_at(RowKind::required, "journal", 5); }
  std::atomic<bool> is_over = false;
  std::jthread asking([&] {
    while (!is_over) EXPECT_FALSE(release_gate_of_dead(segment, 0));
  });
  auto watching = attach(SegmentRole::inspector);
  unsigned seen_alive = 0;
  for (int look = 0; look != 20'000; ++look) {
    seen_alive +=
        watching.object().is_locked_elsewhere(format::lock::row(0), os::LockMode::shared) ? 1 : 0;
  }
  is_over = true;
  EXPECT_EQ(seen_alive, 0U);
}

TEST_F(Releasing, Finds_nothing_to_do_in_rows_that_do_not_gate) {
  { auto producer = join_at(RowKind::producer, "gateway", 5); }
  { auto joining = join(RowKind::gating, "joining"); }
  EXPECT_TRUE(release_gate_of_dead(segment, 0));
  EXPECT_TRUE(release_gate_of_dead(segment, 1));
  EXPECT_TRUE(release_gate_of_dead(segment, 3));
  EXPECT_EQ(status(0).state, RowState::active);
  EXPECT_EQ(status(1).state, RowState::joining);
}

}  // namespace
}  // namespace disruptor_mp::test
