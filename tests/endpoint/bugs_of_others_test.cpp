// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Faults that other rings had, told in terms of ours, where no other test comes by them. The list
// of all, with the tests that show them: docs/bugs-of-others.md.
#include <fstream>
#include <sstream>
#include <thread>

#include "disruptor_mp/membership/roster.hpp"
#include "endpoint/drain.hpp"

namespace disruptor_mp::test {
namespace {

using E = StampedTick;

template <class T>
class Bugs_of_others : public testing::Test {};
TYPED_TEST_SUITE(Bugs_of_others, BothLayouts, LayoutName);

std::string bytes_of(const std::string& ring) {
  std::ifstream file(shm_path(ring), std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

/// Asks everything that can be asked. @return whether the ring is as it was.
template <class T>
bool is_unchanged_by_questions(Producer<T>& producer, Consumer<T>& consumer) {
  const std::string name = producer.segment().name();
  const std::string before = bytes_of(name);
  EXPECT_FALSE(before.empty());
  std::ostringstream answers;  // so that no question is left out
  answers << producer.next_sequence().value() << producer.capacity() << producer.took_over()
          << static_cast<int>(producer.predecessor()) << producer.participants().size()
          << producer.slowest_consumer().has_value() << producer.explain(Publish::full).what()
          << consumer.next_sequence().value() << consumer.start_sequence().value()
          << consumer.capacity() << consumer.missed() << consumer.voids()
          << stream_position(producer.segment()).published.value()
          << static_cast<int>(producer_presence(producer.segment()))
          << is_finished(producer.segment()) << list_participants(producer.segment()).size();
  EXPECT_EQ(producer.claim(producer.capacity() + 1).status(), Publish::too_large);
  return bytes_of(name) == before;
}

TYPED_TEST(Bugs_of_others, A_question_moves_nothing) {
  auto producer = Producer<TypeParam>::create(unique_ring_name(), {.capacity = 4});
  auto consumer = Consumer<TypeParam>::attach(producer.segment().name());
  EXPECT_TRUE(is_unchanged_by_questions(producer, consumer)) << "empty";
  for (std::size_t published = 1; published <= 4; ++published) {
    publish_numbers(producer, 1);
    EXPECT_TRUE(is_unchanged_by_questions(producer, consumer)) << published << " of 4";
  }
  EXPECT_TRUE(consumer.try_next());
  EXPECT_TRUE(is_unchanged_by_questions(producer, consumer)) << "one read";
}

TYPED_TEST(Bugs_of_others, Two_rings_of_one_process_know_nothing_of_each_other) {
  auto small = Producer<TypeParam>::create(unique_ring_name(), {.capacity = 2});
  auto large = Producer<TypeParam>::create(unique_ring_name(), {.capacity = 8});
  auto of_small = Consumer<TypeParam>::attach(small.segment().name());
  auto of_large = Consumer<TypeParam>::attach(large.segment().name());
  EXPECT_EQ(publish_until_full(small), 2U);
  for (std::uint64_t lap = 0; lap < 20; ++lap) {
    EXPECT_EQ(publish_until_full(large), 8U);
    EXPECT_EQ(small.try_publish(TypeParam::of(9)), Publish::full);
    EXPECT_EQ(drain(of_large), numbers(8 * lap, 8));
  }
  EXPECT_EQ(drain(of_small), numbers(0, 2));
  EXPECT_EQ(publish_until_full(small), 2U);
}

TYPED_TEST(Bugs_of_others, As_many_events_as_slots_and_one_more_or_less) {
  for (const std::uint64_t capacity : {1U, 2U, 256U, 65'536U}) {
    for (const std::uint64_t count : {capacity - 1, capacity, capacity + 1, std::uint64_t{65'535},
                                      std::uint64_t{65'536}, std::uint64_t{65'537}}) {
      auto producer = Producer<TypeParam>::create(unique_ring_name(), {.capacity = capacity});
      auto consumer = Consumer<TypeParam>::attach(producer.segment().name());
      std::uint64_t seen = 0;
      while (seen < count) {
        const std::uint64_t some = std::min(count - seen, capacity);
        publish_numbers(producer, some);
        ASSERT_EQ(drain(consumer), numbers(seen, some)) << count << " events, " << capacity;
        seen += some;
      }
      producer.close();
      Poll end = Poll::idle;
      EXPECT_EQ(drain(consumer, &end), Numbers{});
      EXPECT_EQ(end, Poll::closed) << count << " events, " << capacity;
    }
  }
}

// --- Several producers

TEST(Bugs_of_others_with_several, A_question_moves_nothing) {
  auto one = Producer<E>::create(
      unique_ring_name(), {.capacity = 8, .producers = ProducerKind::multi, .bias_after = 2});
  const std::string name = one.segment().name();
  auto two = Producer<E>::attach(name);
  auto consumer = Consumer<E>::attach(name);
  for (std::uint64_t number = 0; number < 4; ++number) {
    EXPECT_TRUE(is_unchanged_by_questions(one, consumer)) << number;
    EXPECT_TRUE(is_unchanged_by_questions(two, consumer)) << number;
    ASSERT_EQ(one.publish(E::of(number)), Publish::ok);
  }
  // The tail belongs to one: whoever asks does not take it away.
  EXPECT_FALSE(
      TailWord::unpack(one.segment().control().tail.load(std::memory_order_acquire)).is_sequence());
  EXPECT_TRUE(is_unchanged_by_questions(two, consumer));
}

TEST(Bugs_of_others_with_several, No_event_or_more_than_the_ring_holds_is_too_large) {
  auto one =
      Producer<E>::create(unique_ring_name(), {.capacity = 8, .producers = ProducerKind::multi});
  auto two = Producer<E>::attach(one.segment().name());
  auto consumer = Consumer<E>::attach(one.segment().name());
  for (const std::size_t size : {std::size_t{0}, std::size_t{9}, ~std::size_t{0}}) {
    for (auto* producer : {&one, &two}) {
      EXPECT_EQ(producer->claim(size).status(), Publish::too_large) << size;
      EXPECT_EQ(producer->try_claim(size).status(), Publish::too_large) << size;
      EXPECT_EQ(producer->claim_until(never, size).status(), Publish::too_large) << size;
    }
  }
  one.claim(8).abandon();
  EXPECT_EQ(drain(consumer), Numbers{});
  EXPECT_EQ(consumer.voids(), 8U);
}

TEST(Bugs_of_others_with_several, Three_producers_and_thirty_consumers_of_a_tiny_ring_end) {
  constexpr std::uint64_t each = 60;
  for (const std::uint64_t capacity : {1U, 2U, 4U}) {
    std::vector<Producer<E>> producers;
    producers.push_back(Producer<E>::create(
        unique_ring_name(), {.capacity = capacity, .producers = ProducerKind::multi}));
    const std::string name = producers[0].segment().name();
    for (int more = 0; more < 2; ++more) producers.push_back(Producer<E>::attach(name));
    std::vector<Consumer<E>> consumers;
    for (int i = 0; i < 30; ++i) consumers.push_back(Consumer<E>::attach(name));
    std::atomic<int> ended = 0;
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < consumers.size(); ++i) {
      threads.emplace_back([&, i] {
        // Every second one waits for a time, and again.
        std::uint64_t seen = 0;
        for (;;) {
          const auto deadline = i % 2 == 0 ? never : os::now() + 1ms;
          const PollResult result = consumers[i].poll_until(deadline, [](const E&) {});
          seen += result.count;
          if (result.outcome != Poll::events && result.outcome != Poll::timed_out) {
            ended += result.outcome == Poll::closed && seen == 3 * each ? 1 : 0;
            return;
          }
        }
      });
    }
    for (auto& producer : producers) {
      threads.emplace_back([&producer] {
        for (std::uint64_t number = 0; number < each; ++number) {
          if (producer.publish(E::of(number)) != Publish::ok) return;
        }
        producer.close();
      });
    }
    threads.clear();
    EXPECT_EQ(ended, 30) << "capacity " << capacity;
  }
}

}  // namespace
}  // namespace disruptor_mp::test
