// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "disruptor_mp/disruptor_mp.hpp"
#include "dmp/support/json.hpp"
#include "dmp/support/rings.hpp"

namespace disruptor_mp::test {

struct Fill {
  std::uint64_t order;
  std::int32_t price;
  char venue[4];
};

}  // namespace disruptor_mp::test

template <>
struct disruptor_mp::EventTraits<disruptor_mp::test::Fill> {
  using E = test::Fill;
  static constexpr std::string_view name = "Fill";
  static constexpr std::tuple fields{field("order", &E::order), field("price", &E::price),
                                     field("venue", &E::venue)};
};

namespace disruptor_mp::test {
namespace {

Producer<Fill> fills(const std::string& ring) {
  return Producer<Fill>::create(ring, {.capacity = 16, .when_alone = WhenAlone::run_free});
}
void publish_fills(Producer<Fill>& producer, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t order = first; order != first + count; ++order) {
    ASSERT_EQ(producer.publish({.order = order, .price = -1, .venue = {'X'}}), Publish::ok);
  }
}
std::string tail(const std::string& ring, std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"tail", ring});
  const Outcome outcome = run_dmp(options);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  return outcome.out;
}

TEST(Tail, Shows_the_newest_events_as_the_ring_describes_them) {
  const std::string ring = unique_ring_name();
  auto producer = fills(ring);
  EXPECT_EQ(tail(ring), "");
  publish_fills(producer, 0, 12);
  EXPECT_EQ(lines_of(tail(ring)).size(), 10U);
  EXPECT_EQ(lines_of(tail(ring)).front(), "2 order=2 price=-1 venue=\"X\"");
  EXPECT_EQ(tail(ring, {"--last", "1"}), "11 order=11 price=-1 venue=\"X\"\n");
  EXPECT_EQ(tail(ring, {"-n", "1", "--json"}),
            "{\"sequence\":11,\"event\":{\"order\":11,\"price\":-1,\"venue\":\"X\"}}\n");
  EXPECT_EQ(tail(ring, {"-n", "1", "--format", "hex"}), "11 0b00000000000000ffffffff58000000\n");
  EXPECT_EQ(tail(ring, {"-n", "0"}), "");
}

TEST(Tail, Shows_no_more_than_the_ring_still_holds) {
  const std::string ring = unique_ring_name();
  auto producer = fills(ring);
  publish_fills(producer, 0, 100);
  const auto lines = lines_of(tail(ring, {"--last", "1000"}));
  ASSERT_GE(lines.size(), 8U) << "the newest but for what the producer may overwrite next";
  EXPECT_LE(lines.size(), 16U);
  EXPECT_EQ(lines.back(), "99 order=99 price=-1 venue=\"X\"");
}

TEST(Tail, Shows_the_bytes_of_dmp_pub_without_their_frame) {
  Pair pair(unique_ring_name());
  EXPECT_EQ(tail(pair.ring, {"-n", "2"}), "1 6576656e7420322e\n2 6576656e7420332e\n");
  EXPECT_EQ(tail(pair.ring, {"-n", "1", "--json"}),
            "{\"sequence\":2,\"hex\":\"6576656e7420332e\"}\n");
  pair.close();
}

TEST(Tail, Works_whoever_is_stopped_or_dead_and_leaves_no_trace) {
  Pair pair(unique_ring_name());
  pair.sub.command.stop();
  EXPECT_EQ(lines_of(tail(pair.ring)).size(), 3U);
  pair.sub.command.signal(SIGCONT);
  pair.kill_both();
  EXPECT_EQ(lines_of(tail(pair.ring)).size(), 3U);
  const auto report = inspect_ring(pair.ring);
  EXPECT_EQ(report.participants.size(), 2U) << "the two that are dead";
  EXPECT_EQ(run_dmp({"clean", pair.ring}).exit_code, 0);
}

TEST(Tail, Follows_until_the_ring_is_closed_also_over_the_death_of_its_producer) {
  const std::string ring = unique_ring_name();
  make_open_ring(ring);
  auto follow = Command::dmp({"tail", ring, "--follow"});
  follow.wait_for_output(1);
  Command successor = Command::dmp({"pub", ring, "--event-size", "8", "--wait-for", "0"});
  successor.feed("abcdefgh");
  follow.wait_for_output(30);
  successor.kill();
  successor.finish();
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "8", "--wait-for", "0"}, "ABCDEFGH").exit_code,
            0);
  const Outcome outcome = follow.finish();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "0 3132333435363738\n1 6162636465666768\n2 4142434445464748\n");
}

TEST(Tail, That_follows_ends_when_the_ring_is_removed) {
  const std::string ring = unique_ring_name();
  make_dead_ring(ring);
  auto follow = Command::dmp({"tail", ring, "--follow"});
  follow.wait_for_output(50);
  EXPECT_EQ(run_dmp({"clean", ring, "--force"}).exit_code, 6) << "it is being read";
  std::filesystem::remove(path_of(ring));
  EXPECT_EQ(follow.finish().exit_code, 0);
}

TEST(Tail, Says_how_many_events_it_missed) {
  const std::string ring = unique_ring_name();
  auto producer = fills(ring);
  publish_fills(producer, 0, 1);
  auto follow = Command::dmp({"tail", ring, "--follow"});
  follow.wait_for_output(5);
  follow.stop();
  publish_fills(producer, 1, 1000);
  follow.signal(SIGCONT);
  producer.close();
  const Outcome outcome = follow.finish();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.err.find(" events were overwritten before they were read\n"), std::string::npos)
      << outcome.err;
}

TEST(Tail, Is_interrupted_by_a_signal) {
  const std::string ring = unique_ring_name();
  auto producer = fills(ring);
  publish_fills(producer, 0, 1);
  auto follow = Command::dmp({"tail", ring, "-f"});
  follow.wait_for_output(5);
  follow.signal(SIGINT);
  EXPECT_EQ(follow.finish().exit_code, 130);
}

TEST(Tail, Of_what_is_no_ring_or_not_described_is_an_error) {
  const std::string ring = unique_ring_name();
  EXPECT_EQ(run_dmp({"tail", ring}).exit_code, 3);
  const auto producer = Producer<Bytes>::create(ring, {.size = 8, .align = 8, .name = "Odd"});
  const Outcome outcome = run_dmp({"tail", ring, "--format", "fields"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.err.find("--format hex"), std::string::npos) << outcome.err;
  const std::string foreign = unique_ring_name();
  make_foreign_object(foreign);
  const Outcome refused = run_dmp({"tail", foreign, "--json"});
  EXPECT_EQ(refused.exit_code, 1);
  expect_error_fields(jsons_of_stderr(refused)[0], "not_a_ring", 1);
  std::filesystem::remove(path_of(foreign));
}

}  // namespace
}  // namespace disruptor_mp::test
