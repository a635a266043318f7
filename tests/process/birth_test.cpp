// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Rings that are made, found, closed and removed by several processes at once.
#include <thread>

#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

class Birth : public ProcessTestWithSetting {};

TEST_P(Birth, Create_or_attach_waits_for_a_predecessor_but_never_for_a_ring_to_appear) {
  // A patience far beyond the hang time: waiting for a ring to appear would be a hang.
  constexpr const char* patient = "--timeout-ms=3600000 --kind=producer";
  Peer first = start(spec("producer", "create_or_attach publish:3 await", patient));
  first.expect("attached 0");
  first.expect("published 3");

  PeerSpec successor = spec("producer", "create_or_attach publish:2 close", patient);
  successor.incarnation = 2;
  Peer second = start(successor);
  first.kill();
  second.expect("attached 3");
  second.wait_success();
  expect_no_violation();
}

TEST_P(Birth, Of_many_that_create_at_once_exactly_one_succeeds_and_the_others_find_its_ring) {
  constexpr std::size_t crowd = 8;
  std::vector<Peer> creators;
  std::vector<Peer> consumers;
  for (std::size_t i = 0; i < crowd; ++i) {
    const std::string id = "p" + std::to_string(i);
    creators.push_back(start(spec(id, "await create publish:8 await close", "--kind=producer")));
    consumers.push_back(start(spec("c" + std::to_string(i), "await join drain leave",
                                   "--kind=gating --timeout-ms=20000")));
  }
  // They wait for the same moment; whoever is scheduled first wins.
  for (std::size_t i = 0; i < crowd; ++i) {
    consumers[i].tell();
    creators[i].tell();
  }
  std::size_t winner = crowd;
  for (std::size_t i = 0; i < crowd; ++i) {
    const std::string line = creators[i].next_line();
    if (line == "attached 0") {
      EXPECT_EQ(winner, crowd) << "two have created the ring";
      winner = i;
    } else {
      EXPECT_TRUE(line.starts_with("error already_exists")) << line;
    }
  }
  ASSERT_LT(winner, crowd);
  // Seven rows for eight consumers: one of them is told so.
  std::size_t attached = 0;
  std::vector<Peer*> readers;
  for (Peer& consumer : consumers) {
    const std::string line = consumer.next_line();
    if (line.starts_with("attached")) {
      ++attached;
      readers.push_back(&consumer);
    } else {
      EXPECT_TRUE(line.starts_with("error table_full")) << line;
    }
  }
  EXPECT_EQ(attached, crowd - 1);
  creators[winner].tell();
  creators[winner].wait_success();
  for (Peer* reader : readers) reader->wait_success();
  expect_no_violation();
  expect_nothing_remains();
}

TEST_P(Birth, Of_many_that_create_or_attach_at_once_exactly_one_becomes_the_producer) {
  constexpr std::size_t crowd = 8;
  std::vector<Peer> candidates;
  for (std::size_t i = 0; i < crowd; ++i) {
    candidates.push_back(start(
        spec("p" + std::to_string(i), "await create_or_attach await close", "--kind=producer")));
  }
  for (Peer& candidate : candidates) candidate.tell();
  std::size_t winner = crowd;
  for (std::size_t i = 0; i < crowd; ++i) {
    const std::string line = candidates[i].next_line();
    if (line == "attached 0") {
      EXPECT_EQ(winner, crowd) << "there are two producers";
      winner = i;
    } else {
      EXPECT_TRUE(line.starts_with("error producer_alive")) << line;
    }
  }
  ASSERT_LT(winner, crowd);
  candidates[winner].tell();
  candidates[winner].wait_success();
  expect_nothing_remains();
}

TEST_P(Birth, Attaching_while_the_ring_is_removed_finds_a_whole_ring_or_none) {
  const std::string rounds = std::to_string((is_sanitized() ? 40 : 200) * soak_factor());
  std::vector<Peer> visitors;
  for (const char* id : {"first", "second"})
    visitors.push_back(start(spec(id, "visit", "--kind=gating")));
  visitors.push_back(start(spec("third", "visit", "--kind=observer")));
  Peer producer = start(spec("producer", "cycle:" + rounds, "--timeout-ms=20000"));
  producer.expect("cycled " + rounds);
  producer.wait_success();
  for (Peer& visitor : visitors) visitor.hang_up();
  for (Peer& visitor : visitors) {
    visitor.expect("visited");
    visitor.wait_success();
  }
  expect_nothing_remains();
}

INSTANTIATE_TEST_SUITE_P(, Birth, testing::ValuesIn(both_backends), SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
