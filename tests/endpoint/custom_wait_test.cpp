// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A wait strategy of the user's own, in a consumer and in a producer: it says what is done between
// two looks, and nothing else.
#include <atomic>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

using Event = StampedTick;

/// Spins at first, then sleeps; and counts.
struct Counting {
  std::atomic<std::uint64_t> rounds = 0;
  std::atomic<std::uint64_t> sleeps = 0;
  std::uint64_t spins = 10;

  void operator()(WaitRound& round) noexcept {
    rounds.fetch_add(1);
    if (round.number() < spins) return;
    sleeps.fetch_add(1);
    round.sleep();
  }
};

TEST(Custom_wait, Of_a_consumer_is_called_while_there_is_nothing_and_never_else) {
  const std::string name = unique_ring_name();
  Counting counting;
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name, {.wait = WaitStrategy::custom(counting)});
  EXPECT_EQ(consumer.wait_strategy().kind(), WaitStrategy::Kind::custom);
  publish_numbers(producer, 1);
  EXPECT_EQ(consumer.wait_poll([](const Event&) {}).count, 1U);
  EXPECT_EQ(counting.rounds, 0U);
  std::thread publishing([&] {
    while (counting.sleeps == 0) std::this_thread::yield();
    producer.publish(Event::of(1));
  });
  EXPECT_EQ(consumer.wait_poll([](const Event&) {}).count, 1U);
  publishing.join();
  EXPECT_GT(counting.rounds, counting.spins);
}

TEST(Custom_wait, Of_a_producer_is_called_while_the_ring_is_full) {
  const std::string name = unique_ring_name();
  Counting counting;
  auto producer =
      Producer<Event>::create(name, {.capacity = 4, .wait = WaitStrategy::custom(counting)});
  auto consumer = Consumer<Event>::attach(name);
  publish_numbers(producer, 4);
  EXPECT_EQ(counting.rounds, 0U);
  std::thread reading([&] {
    while (counting.sleeps == 0) std::this_thread::yield();
    drain(consumer);
  });
  EXPECT_EQ(producer.publish(Event::of(4)), Publish::ok);
  reading.join();
  EXPECT_GT(counting.rounds, counting.spins);
}

TEST(Custom_wait, That_sleeps_does_so_on_the_bell_that_will_be_rung) {
  const std::string name = unique_ring_name();
  Counting counting{.spins = 0};
  const WaitStrategy wait = WaitStrategy::custom(counting);
  auto producer = Producer<Event>::create(name, {.capacity = 4, .wait = wait});
  auto consumer = Consumer<Event>::attach(name, {.wait = wait});
  const format::Bells& bells = producer.segment().bells();
  for (std::uint64_t i = 0; i < 20; ++i) {
    std::thread reading([&] {
      EXPECT_EQ(consumer.wait_poll([&](const Event& event) { EXPECT_EQ(event.number, i); }).count,
                1U);
    });
    EXPECT_TRUE(has_sleeper(bells.data));
    EXPECT_EQ(producer.publish(Event::of(i)), Publish::ok);
    reading.join();
  }
  ASSERT_EQ(publish_until_full(producer), 4U);
  std::thread publishing([&] { EXPECT_EQ(producer.publish(Event::of(24)), Publish::ok); });
  EXPECT_TRUE(has_sleeper(bells.gates));
  EXPECT_EQ(drain(consumer).front(), 20U);
  publishing.join();
}

void do_nothing(WaitRound&) noexcept {}

TEST(Custom_wait, May_be_a_function_and_do_nothing) {
  const std::string name = unique_ring_name();
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name, {.wait = WaitStrategy::custom(do_nothing)});
  EXPECT_EQ(
      consumer.poll_until(std::chrono::steady_clock::now() + 2ms, [](const Event&) {}).outcome,
      Poll::timed_out);
  std::thread publishing([&] { producer.publish(Event::of(0)); });
  EXPECT_EQ(consumer.wait_poll([](const Event&) {}).count, 1U);
  publishing.join();
}

TEST(Custom_wait, Cannot_hide_a_death) {
  for (const WaitStrategy wait :
       {WaitStrategy::custom(do_nothing),
        WaitStrategy::custom([](WaitRound& round) noexcept { round.sleep(); }),
        WaitStrategy::custom([](WaitRound& round) noexcept {
          std::this_thread::sleep_until(round.until() + 5ms);
        })}) {
    const std::string name = unique_ring_name();
    ASSERT_EQ(in_child([&] {
                auto producer = Producer<Event>::create(name);
                die();
              }),
              died);
    auto consumer = Consumer<Event>::attach(name, {.wait = wait});
    EXPECT_EQ(consumer.wait_poll([](const Event&) {}).outcome, Poll::producer_dead);
    // And a producer gets past a gating consumer that died.
    auto successor = Producer<Event>::attach(name, {.wait = wait});
    ASSERT_EQ(in_child([&] {
                auto gone = Consumer<Event>::attach(name, {.id = "gone"});
                die();
              }),
              died);
    for (std::uint64_t i = 0; i < 2 * successor.capacity(); ++i) {
      ASSERT_EQ(successor.publish(Event::of(i)), Publish::ok);
      drain(consumer);
    }
  }
}

TEST(Custom_wait, Is_told_when_to_be_back) {
  const std::string name = unique_ring_name();
  auto producer = Producer<Event>::create(name);
  struct Checking {
    TimePoint deadline;
    std::uint64_t rounds = 0;
    void operator()(WaitRound& round) noexcept {
      EXPECT_EQ(round.number(), rounds++);
      EXPECT_LE(round.until(), deadline);
      EXPECT_LE(round.until(), std::chrono::steady_clock::now() + 50ms);
      round.sleep();
      round.sleep();  // as often as it likes
    }
  } checking;
  auto consumer = Consumer<Event>::attach(name, {.wait = WaitStrategy::custom(checking)});
  checking.deadline = std::chrono::steady_clock::now() + 10ms;
  EXPECT_EQ(consumer.poll_until(checking.deadline, [](const Event&) {}).outcome, Poll::timed_out);
  EXPECT_GE(std::chrono::steady_clock::now(), checking.deadline);
  EXPECT_GE(checking.rounds, 2U);
}

TEST(Custom_wait, Is_interrupted_like_any_other) {
  const std::string name = unique_ring_name();
  Counting counting{.spins = 0};
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name, {.wait = WaitStrategy::custom(counting)});
  std::thread other([&] {
    while (counting.sleeps == 0) std::this_thread::yield();
    consumer.interrupt();
  });
  EXPECT_EQ(consumer.wait_poll([](const Event&) {}).outcome, Poll::interrupted);
  other.join();
}

}  // namespace
}  // namespace disruptor_mp::test
