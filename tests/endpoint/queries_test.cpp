// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What may be asked of a ring while it runs, and that asking changes nothing.
#include <fstream>
#include <iterator>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

using E = StampedTick;

class Queries : public testing::TestWithParam<ProducerKind> {
 protected:
  ProducerOptions options() const {
    ProducerOptions options;
    options.capacity = 8;
    options.producers = GetParam();
    return options;
  }
  Consumer<E> attach(ConsumerOptions options) { return Consumer<E>::attach(name, options); }

  /// A consumer of another process that is killed.
  void attach_and_die(ConsumerOptions options) {
    ASSERT_EQ(in_child([&] {
                auto* consumer = new auto(attach(options));  // never destroyed
                (void)consumer;
                die();
              }),
              died);
  }

  std::string name = unique_ring_name();
  Producer<E> producer = Producer<E>::create(name, options());
};

INSTANTIATE_TEST_SUITE_P(, Queries, testing::Values(ProducerKind::single, ProducerKind::multi),
                         [](const auto& each) {
                           return each.param == ProducerKind::single ? "one_producer"
                                                                     : "several_producers";
                         });

TEST_P(Queries, The_last_published_event_is_none_before_the_first) {
  auto consumer = attach({.id = "a"});
  EXPECT_EQ(producer.last_published(), std::nullopt);
  EXPECT_EQ(consumer.last_published(), std::nullopt);
  publish_numbers(producer, 3);
  EXPECT_EQ(producer.last_published(), Sequence(2));
  EXPECT_EQ(consumer.last_published(), Sequence(2));
}

// LMAX: shouldCalculateRemainingCapacity.
TEST_P(Queries, The_remaining_capacity_is_what_can_be_published_without_waiting) {
  auto consumer = attach({.id = "a"});
  for (std::uint64_t room = 8; room > 0; --room) {
    EXPECT_EQ(producer.remaining_capacity(), room);
    publish_numbers(producer, 1);
  }
  EXPECT_EQ(producer.remaining_capacity(), 0U);
  EXPECT_EQ(producer.try_publish(E::of(8)), Publish::full);
  drain(consumer);
  EXPECT_EQ(producer.remaining_capacity(), 8U);
  EXPECT_EQ(publish_until_full(producer), 8U);
}

TEST_P(Queries, The_remaining_capacity_is_none_while_a_claim_is_open_and_after_the_end) {
  auto consumer = attach({.id = "a"});
  {
    auto claim = producer.claim(2);
    EXPECT_EQ(producer.remaining_capacity(), 0U);
    for (E& event : claim) event = E::of(0);
  }
  EXPECT_EQ(producer.remaining_capacity(), 6U);
  {
    auto burst = producer.burst(2);
    EXPECT_EQ(producer.remaining_capacity(), 0U);
  }
  producer.close();
  EXPECT_EQ(producer.remaining_capacity(), 0U);
}

TEST_P(Queries, Without_readers_the_remaining_capacity_ends_where_publishing_does) {
  publish_numbers(producer, 3);
  EXPECT_EQ(producer.remaining_capacity(), 5U);
  EXPECT_EQ(publish_until_full(producer), 5U);

  ProducerOptions free = options();
  free.when_alone = WhenAlone::run_free;
  auto running = Producer<E>::create(unique_ring_name(), free);
  publish_numbers(running, 20);
  EXPECT_EQ(running.remaining_capacity(), 8U);
}

TEST_P(Queries, The_slowest_who_gates_is_named_with_its_position) {
  EXPECT_FALSE(producer.slowest_gating().has_value());
  auto fast = attach({.id = "fast"});
  auto slow = attach({.id = "slow", .max_batch = 2});
  auto observer = attach({.id = "observer", .kind = ConsumerKind::observer});
  publish_numbers(producer, 5);
  drain(fast);
  slow.poll([](const E&) {});
  const auto slowest = producer.slowest_gating();
  ASSERT_TRUE(slowest.has_value());
  EXPECT_EQ(slowest->id, "slow");
  EXPECT_EQ(slowest->cursor, Sequence(2));
}

TEST_P(Queries, One_who_died_gates_no_more_unless_it_is_required) {
  attach_and_die({.id = "gating"});
  EXPECT_FALSE(producer.slowest_gating().has_value());
  publish_numbers(producer, 1);
  EXPECT_TRUE(producer.is_consumed(Sequence(0))) << "nobody holds the producer back";

  attach_and_die({.id = "required", .kind = ConsumerKind::required});
  const auto slowest = producer.slowest_gating();
  ASSERT_TRUE(slowest.has_value());
  EXPECT_EQ(slowest->id, "required");
  EXPECT_EQ(slowest->presence, Participant::Presence::dead);
  EXPECT_FALSE(producer.is_consumed(Sequence(0)));
  attach({.id = "required", .kind = ConsumerKind::required}).resign();
}

TEST_P(Queries, The_lag_is_what_is_published_and_not_handled) {
  auto consumer = attach({.id = "a", .max_batch = 2});
  EXPECT_EQ(consumer.lag(), 0U);
  publish_numbers(producer, 5);
  EXPECT_EQ(consumer.lag(), 5U);
  consumer.poll([](const E&) {});
  EXPECT_EQ(consumer.lag(), 3U);
  drain(consumer);
  EXPECT_EQ(consumer.lag(), 0U);
}

TEST_P(Queries, An_event_is_consumed_when_all_who_gate_have_committed_it) {
  auto a = attach({.id = "a"});
  auto b = attach({.id = "b", .kind = ConsumerKind::required});
  auto observer = attach({.kind = ConsumerKind::observer});
  EXPECT_FALSE(producer.is_consumed(Sequence(0))) << "it is not published";
  publish_numbers(producer, 2);
  EXPECT_FALSE(producer.is_consumed(Sequence(0)));
  drain(a);
  EXPECT_FALSE(producer.is_consumed(Sequence(0))) << "b has not read it";
  EXPECT_FALSE(b.is_consumed(Sequence(0))) << "b itself has not";
  b.poll([&](const E&, Sequence sequence) {
    EXPECT_FALSE(b.is_consumed(sequence)) << "it is being handled";
  });
  EXPECT_TRUE(producer.is_consumed(Sequence(0)));
  EXPECT_TRUE(producer.is_consumed(Sequence(1)));
  EXPECT_TRUE(a.is_consumed(Sequence(1)));
  EXPECT_TRUE(observer.is_consumed(Sequence(1)));
  EXPECT_FALSE(producer.is_consumed(Sequence(2)));
  b.resign();
}

TEST_P(Queries, A_required_consumer_that_is_away_has_not_consumed) {
  { auto away = attach({.id = "r", .kind = ConsumerKind::required}); }
  publish_numbers(producer, 1);
  EXPECT_FALSE(producer.is_consumed(Sequence(0)));
  attach({.id = "r", .kind = ConsumerKind::required}).resign();
  EXPECT_TRUE(producer.is_consumed(Sequence(0)));
}

TEST_P(Queries, Waiting_ends_when_another_process_has_read_the_event) {
  std::thread other([&] {
    EXPECT_EQ(in_child([&] {
                auto there = attach({.id = "there"});
                std::this_thread::sleep_for(20ms);  // the producer is to wait
                there.run([](const E&) {});
              }),
              "");
  });
  producer.wait_for_consumers({"there"}, 10s);
  publish_numbers(producer, 3);
  EXPECT_TRUE(producer.wait_until_consumed(Sequence(2), os::now() + 10s));
  EXPECT_EQ(producer.slowest_gating()->cursor, Sequence(3));
  producer.close();
  other.join();
}

TEST_P(Queries, Waiting_ends_at_the_deadline) {
  auto consumer = attach({.id = "a"});
  publish_numbers(producer, 1);
  const TimePoint deadline = os::now() + 20ms;
  EXPECT_FALSE(producer.wait_until_consumed(Sequence(0), deadline));
  EXPECT_GE(os::now(), deadline);
  EXPECT_FALSE(consumer.wait_until_consumed(Sequence(1), os::now() + 1ms)) << "not published";
}

TEST_P(Queries, Nobody_waits_for_an_event_behind_the_end) {
  auto consumer = attach({.id = "a"});
  publish_numbers(producer, 1);
  producer.close();
  EXPECT_FALSE(consumer.wait_until_consumed(Sequence(1), never));
  drain(consumer);
  EXPECT_TRUE(consumer.wait_until_consumed(Sequence(0), never));
}

TEST_P(Queries, The_child_of_a_fork_does_not_wait_for_what_it_cannot_see) {
  auto consumer = attach({.id = "a"});
  publish_numbers(producer, 1);
  EXPECT_EQ(in_child([&] {
              return std::string(producer.wait_until_consumed(Sequence(0), never) ? "yes" : "no");
            }),
            "no");
}

TEST_P(Queries, Asking_changes_no_byte_of_the_ring) {
  auto a = attach({.id = "a"});
  auto b = attach({.id = "b", .kind = ConsumerKind::required});
  attach_and_die({.id = "dead"});
  publish_numbers(producer, 5);
  drain(a);
  const auto bytes = [&] {
    std::ifstream file(shm_path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string before = bytes();
  ASSERT_GT(before.size(), 4096U);
  EXPECT_EQ(producer.last_published(), Sequence(4));
  EXPECT_EQ(producer.remaining_capacity(), 3U);
  EXPECT_EQ(producer.slowest_gating()->id, "b");
  EXPECT_FALSE(producer.is_consumed(Sequence(0)));
  EXPECT_FALSE(producer.wait_until_consumed(Sequence(0), os::now() + 2ms));
  EXPECT_EQ(a.last_published(), Sequence(4));
  EXPECT_EQ(a.lag(), 0U);
  EXPECT_FALSE(a.is_consumed(Sequence(0)));
  EXPECT_FALSE(b.wait_until_consumed(Sequence(0), os::now() + 2ms));
  EXPECT_EQ(inspect_ring(name).participants.size(), 4U);
  EXPECT_TRUE(bytes() == before);
  b.resign();
}

TEST(Queries_of_several_producers, The_last_published_event_is_that_of_any_of_them) {
  const std::string name = unique_ring_name();
  auto a = Producer<E>::create(name, {.capacity = 8, .producers = ProducerKind::multi});
  auto b = Producer<E>::attach(name);
  auto consumer = Consumer<E>::attach(name, {.id = "c"});
  ASSERT_EQ(a.try_publish(E::of(0)), Publish::ok);
  ASSERT_EQ(b.try_publish(E::of(1)), Publish::ok);
  EXPECT_EQ(a.last_published(), Sequence(1));
  EXPECT_EQ(a.remaining_capacity(), 6U);
  EXPECT_EQ(b.remaining_capacity(), 6U);
}

}  // namespace
}  // namespace disruptor_mp::test
