// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What consumers declare of each other: how it stands in the rows, and that no circle comes of it.
#include "disruptor_mp/membership/graph.hpp"

#include <cstring>

#include "membership/table.hpp"

namespace disruptor_mp::test {
namespace {

using Ids = std::vector<std::string>;

class A_graph : public Table {
 protected:
  Member declare(RowKind kind, const std::string& id, const Ids& after,
                 std::uint64_t cursor = 0) const {
    auto member = join(kind, id);
    member.membership.declare_after(member.segment, after, os::now());
    member.membership.activate(member.segment, Sequence(cursor));
    return member;
  }
  [[nodiscard]] Ids after(std::uint32_t row) const { return read_after(segment.row(row)); }
  void expect_refused(RowKind kind, const std::string& id, const Ids& after, const Says& says) {
    auto member = join(kind, id);
    expect_error(Errc::dependency_cycle, says,
                 [&] { member.membership.declare_after(member.segment, after, os::now()); });
  }
};

TEST_F(A_graph, Stands_in_the_row_as_text) {
  auto risk = declare(RowKind::gating, "risk", {"journal", "replica"});
  EXPECT_EQ(after(0), (Ids{"journal", "replica"}));
  char text[16];
  std::memcpy(text, reinterpret_cast<const char*>(&segment.row(0)) + 296, sizeof text);
  EXPECT_EQ(std::string_view(text, sizeof text), std::string_view("journal,replica\0", 16));
}

TEST_F(A_graph, Takes_as_many_characters_as_there_are) {
  const Ids longest = {std::string(63, 'a'), std::string(63, 'b'), std::string(63, 'c'),
                       std::string(23, 'd')};
  ASSERT_EQ(after_length(longest), format::max_after_length);
  auto a = declare(RowKind::gating, "a", longest);
  EXPECT_EQ(after(0), longest);
}

TEST_F(A_graph, Is_shown_with_the_row_and_not_before) {
  auto a = join(RowKind::gating, "a");
  a.membership.declare_after(a.segment, {"b"}, os::now());
  EXPECT_TRUE(list_participants(segment).empty());
  a.membership.activate(a.segment, Sequence(0));
  ASSERT_EQ(list_participants(segment).size(), 1U);
  EXPECT_EQ(list_participants(segment)[0].after, Ids{"b"});
}

TEST_F(A_graph, Forgets_what_an_earlier_life_or_holder_declared) {
  { auto a = declare(RowKind::gating, "a", {"b"}); }
  { auto back = declare(RowKind::gating, "a", {}); }
  EXPECT_EQ(after(0), Ids{});
  { auto again = declare(RowKind::gating, "a", {"b"}); }
  auto c = join_at(RowKind::producer, "c", 0);
  auto d = join_at(RowKind::producer, "d", 0);
  auto e = join_at(RowKind::producer, "e", 0);
  auto f = join(RowKind::gating, "f");
  ASSERT_EQ(f.membership.row(), 0U);
  f.membership.declare_after(f.segment, {}, os::now());
  EXPECT_EQ(after(0), Ids{});
}

TEST_F(A_graph, A_shorter_declaration_leaves_nothing_of_a_longer_one) {
  { auto a = declare(RowKind::gating, "a", {"journal", "replica"}); }
  { auto a = declare(RowKind::gating, "a", {"b"}); }
  EXPECT_EQ(after(0), Ids{"b"});
}

TEST_F(A_graph, Has_no_circle_of_two) {
  auto a = declare(RowKind::gating, "a", {"b"});
  expect_refused(RowKind::gating, "b", {"a"},
                 {.object = name,
                  .problem = "b waits for a waits for b",
                  .found = "a (gating",
                  .remedy = "Leave one"});
  auto b = declare(RowKind::gating, "b", {});
}

TEST_F(A_graph, Has_no_circle_of_many) {
  auto a = declare(RowKind::gating, "a", {"x", "b"});
  auto b = declare(RowKind::required, "b", {"c"});
  expect_refused(RowKind::gating, "c", {"y", "a"},
                 {.problem = "c waits for a waits for b waits for c", .found = "b (required"});
}

TEST_F(A_graph, May_be_a_diamond) {
  auto a = declare(RowKind::gating, "a", {});
  auto b = declare(RowKind::gating, "b", {"a"});
  auto c = declare(RowKind::gating, "c", {"a"});
  auto d = declare(RowKind::gating, "d", {"b", "c", "a"});
  EXPECT_EQ(after(3), (Ids{"b", "c", "a"}));
}

TEST_F(A_graph, Does_not_count_what_the_dead_declared_unless_a_place_is_held_for_them) {
  { auto a = declare(RowKind::gating, "a", {"b"}); }
  { auto b = declare(RowKind::gating, "b", {"a"}); }
  {
    auto c = declare(RowKind::required, "c", {"d"});
    c.membership.leave(c.segment, false);
  }
  expect_refused(RowKind::gating, "d", {"c"},
                 {.problem = "d waits for c waits for d", .found = "c (required"});
  {
    auto c = declare(RowKind::required, "c", {"d"});
    c.membership.leave(c.segment, true);
  }
  auto d = declare(RowKind::gating, "d", {"c"});
}

TEST_F(A_graph, One_that_declares_keeps_others_waiting_until_it_is_shown) {
  auto a = join(RowKind::gating, "a");
  a.membership.declare_after(a.segment, {"b"}, os::now());
  auto b = join(RowKind::gating, "b");
  expect_error(Errc::graph_busy, {.object = name, .found = "held", .remedy = "stopped"},
               [&] { b.membership.declare_after(b.segment, {"a"}, os::now()); });
  auto c = join(RowKind::gating, "c");
  c.membership.declare_after(c.segment, {}, os::now());  // waits for nobody, and so for no lock
  a.membership.activate(a.segment, Sequence(0));
  expect_error(Errc::dependency_cycle, {.problem = "b waits for a waits for b"},
               [&] { b.membership.declare_after(b.segment, {"a"}, os::now()); });
  b.membership.declare_after(b.segment, {"c"}, os::now());  // nothing is held after a refusal
  b.membership.activate(b.segment, Sequence(0));
}

TEST_F(A_graph, One_that_dies_declaring_holds_nobody_up_and_declares_nothing) {
  {
    auto a = join(RowKind::gating, "a");
    a.membership.declare_after(a.segment, {"b"}, os::now());
  }
  auto b = declare(RowKind::gating, "b", {"a"});
  EXPECT_EQ(list_participants(segment).size(), 1U);
}

TEST_F(A_graph, Names_the_one_at_fault) {
  auto a = declare(RowKind::gating, "a", {}, 3);
  auto b = declare(RowKind::gating, "b", {"a"}, 3);
  auto c = declare(RowKind::gating, "c", {"b"}, 3);
  const auto all = list_participants(segment);
  const auto chain = blockers_of(all, all[2]);
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(chain[0].id, "b");
  EXPECT_EQ(chain[1].id, "a");
  EXPECT_TRUE(contains(describe(chain[1]), "a (gating")) << describe(chain[1]);
  EXPECT_TRUE(contains(describe(chain[1]), " at 3")) << describe(chain[1]);
  EXPECT_TRUE(blockers_of(all, all[0]).empty());
  a.row().cursor = 4;
  const auto later = list_participants(segment);
  EXPECT_EQ(blockers_of(later, later[2]).back().id, "b");
  EXPECT_TRUE(blockers_of(later, later[1]).empty());
}

TEST_F(A_graph, Names_one_that_was_never_there) {
  auto a = declare(RowKind::gating, "a", {"ghost"}, 3);
  const auto all = list_participants(segment);
  const auto chain = blockers_of(all, all[0]);
  ASSERT_EQ(chain.size(), 1U);
  EXPECT_EQ(describe(chain[0]), "ghost, which has never been there");
}

TEST_F(A_graph, Ends_somewhere_even_if_somebody_wrote_a_circle) {
  auto a = declare(RowKind::gating, "a", {"b"});
  auto b = declare(RowKind::gating, "b", {});
  write_after(segment.row(1), {"a"});
  const auto all = list_participants(segment);
  EXPECT_EQ(blockers_of(all, all[0]).size(), 2U);
  EXPECT_TRUE(find_cycle(all, "c", {"a", "b"}).empty()) << "c is not in it";
}

TEST_F(A_graph, Text_that_is_none_is_read_harmlessly) {
  auto a = declare(RowKind::gating, "a", {});
  for (auto& word : segment.row(0).after) word = ~std::uint64_t{0};
  const Ids read = after(0);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0], std::string(format::max_after_length, '?'));
}

}  // namespace
}  // namespace disruptor_mp::test
