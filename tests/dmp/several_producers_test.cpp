// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Several `dmp pub` on one ring: whole events of all, in each one's order, and what the other
// commands say of them.
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "dmp/support/json.hpp"
#include "dmp/support/rings.hpp"

namespace disruptor_mp::test {
namespace {

std::uint64_t living_producers(const std::string& ring) {
  const auto segment = look_at(ring);
  return segment ? count_producers(list_participants(*segment)).alive : 0;
}

Json summary_of(const std::string& ring) {
  const Json rings = json_of_stdout(run_dmp({"ls", "--prefix", ring_prefix(), "--json"}))["rings"];
  for (const Json& each : rings) {
    if (each["name"] == ring) return each;
  }
  return {};
}

class SeveralPublishers : public testing::Test {
 protected:
  Command make(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"pub", ring, "--event-size", "4", "--producers", "multi"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Command::dmp(arguments);
  }
  Command join() { return Command::dmp({"pub", ring, "--event-size", "4"}); }
  void wait_for_producers(std::uint64_t count) {
    ASSERT_TRUE(eventually([&] { return living_producers(ring) == count; }));
  }

  std::string ring = unique_ring_name();
};

TEST_F(SeveralPublishers, Events_of_all_come_whole_and_in_each_ones_order) {
  Command one = make({"--capacity", "64"});
  Subscriber sub(ring, "s");
  Command two = join();
  wait_for_producers(2);
  constexpr std::size_t events = 5'000;
  std::string of_one;
  std::string of_two;
  for (std::size_t i = 0; i < events; ++i) {
    of_one += 'a' + std::to_string(100 + i % 900);
    of_two += 'b' + std::to_string(100 + i % 900);
  }
  std::thread feeder([&] {
    one.feed(of_one);
    one.close_input();
  });
  two.feed(of_two);
  feeder.join();
  EXPECT_EQ(two.finish().exit_code, 0);
  EXPECT_EQ(one.finish().exit_code, 0);

  const Outcome read = sub.command.finish();
  EXPECT_EQ(read.exit_code, 0) << read.err;
  ASSERT_EQ(read.out.size(), 2 * events * 4);
  std::string seen_of_one;
  std::string seen_of_two;
  for (std::size_t i = 0; i < read.out.size(); i += 4)
    (read.out[i] == 'a' ? seen_of_one : seen_of_two) += read.out.substr(i, 4);
  EXPECT_TRUE(seen_of_one == of_one);
  EXPECT_TRUE(seen_of_two == of_two);
  EXPECT_FALSE(exists(ring));
}

TEST_F(SeveralPublishers, The_ring_is_open_until_the_last_has_ended) {
  Command one = make();
  Subscriber sub(ring, "s");
  Command two = join();
  wait_for_producers(2);
  one.feed("one.");
  const Outcome first = one.finish();
  EXPECT_EQ(first.exit_code, 0);
  EXPECT_EQ(first.err.find("no consumer"), std::string::npos) << first.err;
  EXPECT_EQ(summary_of(ring)["producers"]["alive"], 1);
  two.feed("two.");
  const Outcome second = two.finish();
  EXPECT_NE(second.err.find(ring + ": joined its other producers"), std::string::npos);
  EXPECT_EQ(sub.command.finish().out, "one.two.");
}

TEST_F(SeveralPublishers, A_short_last_event_does_not_disturb_the_others) {
  Command one = make();
  Subscriber sub(ring, "s");
  Command two = join();
  wait_for_producers(2);
  one.feed("one.1");
  EXPECT_EQ(one.finish().exit_code, 0);
  two.feed("two.");
  EXPECT_EQ(two.finish().exit_code, 0);
  EXPECT_EQ(sub.command.finish().out, "one.1two.");
}

TEST_F(SeveralPublishers, One_that_fails_before_its_first_event_does_not_keep_the_ring_open) {
  Command one = make();
  Subscriber sub(ring, "s");
  wait_for_producers(1);
  EXPECT_EQ(
      run_dmp({"pub", ring, "--event-size", "4", "--wait-for", "9", "--timeout", "10ms"}, "data")
          .exit_code,
      4);
  one.feed("one.");
  EXPECT_EQ(one.finish().exit_code, 0);
  const Outcome read = sub.command.finish();
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_EQ(read.out, "one.");
}

TEST_F(SeveralPublishers, An_id_that_lives_is_refused_and_another_is_not) {
  Command one = make({"--id", "one"});
  Subscriber sub(ring, "s");
  const Outcome twin = run_dmp({"pub", ring, "--event-size", "4", "--id", "one", "--timeout", "0"});
  EXPECT_EQ(twin.exit_code, 6) << twin.err;
  EXPECT_NE(twin.err.find("the id 'one' is in use"), std::string::npos) << twin.err;
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "4", "--id", "two"}, "two.").exit_code, 0);
  EXPECT_EQ(one.finish().exit_code, 0);
  EXPECT_EQ(sub.command.finish().out, "two.");
}

TEST_F(SeveralPublishers, One_producer_stays_the_rule) {
  Command one = Command::dmp({"pub", ring, "--event-size", "4", "--producers", "single"});
  Subscriber sub(ring, "s");
  EXPECT_EQ(summary_of(ring)["producer_kind"], "single");
  const Outcome other =
      run_dmp({"pub", ring, "--event-size", "4", "--producers", "multi", "--timeout", "0"}, "data");
  EXPECT_EQ(other.exit_code, 6) << other.err;
  EXPECT_EQ(one.finish().exit_code, 0);
  EXPECT_EQ(sub.command.finish().exit_code, 0);
}

TEST_F(SeveralPublishers, Inspect_and_ls_show_all_of_them_and_clean_names_the_dead_one) {
  Command one = make({"--id", "one"});
  Subscriber sub(ring, "s");
  Command two = Command::dmp({"pub", ring, "--event-size", "4", "--id", "two"});
  Command three = Command::dmp({"pub", ring, "--event-size", "4", "--id", "three"});
  wait_for_producers(3);
  three.feed("3333");
  EXPECT_EQ(three.finish().exit_code, 0);
  two.kill();
  two.finish();

  const Json line = summary_of(ring);
  EXPECT_EQ(line["producer"], "alive");
  EXPECT_EQ(line["producer_kind"], "multi");
  EXPECT_EQ(line["producers"], Json::parse(R"({"alive": 1, "stopped": 0, "dead": 1, "left": 0})"));
  const Outcome list = run_dmp({"ls", "--prefix", ring_prefix()});
  EXPECT_NE(list.out.find("1 alive, 1 dead\n"), std::string::npos) << list.out;

  const Json view = json_of_stdout(run_dmp({"inspect", ring, "--json"}));
  EXPECT_EQ(view["header"]["producer_kind"], "multi");
  EXPECT_EQ(view["stream"]["producers"], line["producers"]);
  EXPECT_EQ(view["stream"]["published"], 1);
  std::map<std::string, std::string> producers;
  for (const Json& each : view["participants"]) {
    if (each["kind"] == "producer")
      producers[each["id"]] = each["has_closed"] ? "closed" : each["presence"];
  }
  EXPECT_EQ(producers, (std::map<std::string, std::string>{
                           {"one", "alive"}, {"two", "dead"}, {"three", "closed"}}));
  const Outcome text = run_dmp({"inspect", ring});
  for (const char* part : {"\n  rules       multi producer", "\n  producers   1 alive, 1 dead\n",
                           "\n  claimed     1 sequences, of which 1 can still be read\n"})
    EXPECT_NE(text.out.find(part), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("  producer  closed "), std::string::npos) << text.out;

  EXPECT_EQ(one.finish().exit_code, 0);
  const Outcome read = sub.command.finish();
  EXPECT_EQ(read.exit_code, 5) << "the dead one keeps it open";
  EXPECT_EQ(read.out, "3333");
  EXPECT_EQ(summary_of(ring)["producer"], "dead");
  const Outcome clean = run_dmp({"clean", ring});
  EXPECT_EQ(clean.exit_code, 0) << clean.out;
  EXPECT_NE(clean.out.find("two (producer, pid "), std::string::npos) << clean.out;
}

TEST_F(SeveralPublishers, One_that_is_killed_and_comes_back_ends_the_ring_with_the_others) {
  Command one = make();
  Subscriber sub(ring, "s", {"--follow"});
  Command two = Command::dmp({"pub", ring, "--event-size", "4", "--id", "two"});
  wait_for_producers(2);
  two.feed("two.");
  sub.command.wait_for_output(4);
  two.kill();
  two.finish();
  one.feed("one.");
  EXPECT_EQ(one.finish().exit_code, 0);
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "4", "--id", "two"}, "back").exit_code, 0);
  const Outcome read = sub.command.finish();
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_EQ(read.out, "two.one.back");
}

}  // namespace
}  // namespace disruptor_mp::test
