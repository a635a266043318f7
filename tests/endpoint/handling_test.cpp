// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a handler is told, when progress is committed, and what an exception in it does.
#include <stdexcept>

#include "endpoint/drain.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Handling : public testing::Test {
 protected:
  Consumer<E> attach(ConsumerOptions options = {}) {
    return Consumer<E>::attach(producer.segment().name(), options);
  }
  Producer<E> producer = Producer<E>::create(unique_ring_name(), {.capacity = 16});
};
TYPED_TEST_SUITE(Handling, BothLayouts, LayoutName);

TYPED_TEST(Handling, A_handler_gets_event_sequence_and_end_of_batch) {
  auto consumer = this->attach({.max_batch = 4});
  publish_numbers(this->producer, 6);
  std::vector<bool> ends;
  Numbers sequences;
  const auto handler = [&](const TypeParam& tick, Sequence sequence, bool end_of_batch) {
    EXPECT_EQ(tick.number, sequence.value());
    sequences.push_back(sequence.value());
    ends.push_back(end_of_batch);
  };
  PollResult result = consumer.poll(handler);
  EXPECT_EQ(result.count, 4U);
  EXPECT_EQ(result.outcome, Poll::events);
  result = consumer.poll(handler);
  EXPECT_EQ(result.count, 2U);
  result = consumer.poll(handler);
  EXPECT_EQ(result.count, 0U);
  EXPECT_EQ(result.outcome, Poll::idle);
  EXPECT_FALSE(result);
  EXPECT_EQ(sequences, numbers(0, 6));
  EXPECT_EQ(ends, (std::vector<bool>{false, false, false, true, false, true}));
}

TYPED_TEST(Handling, An_observer_is_told_the_same) {
  auto observer = this->attach({.kind = ConsumerKind::observer, .max_batch = 4});
  publish_numbers(this->producer, 6);
  std::vector<bool> ends;
  Numbers sequences;
  while (observer.poll([&](const TypeParam&, Sequence sequence, bool end_of_batch) {
    sequences.push_back(sequence.value());
    ends.push_back(end_of_batch);
  })) {
  }
  EXPECT_EQ(sequences, numbers(0, 6));
  EXPECT_EQ(ends, (std::vector<bool>{false, false, false, true, false, true}));
}

TYPED_TEST(Handling, A_handler_may_take_the_event_alone_or_with_its_sequence) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 1);
  std::uint64_t seen = 99;
  consumer.poll([&](const TypeParam& tick) { seen = tick.number; });
  EXPECT_EQ(seen, 0U);
  publish_numbers(this->producer, 1);
  consumer.poll([&](const TypeParam&, Sequence sequence) { seen = sequence.value(); });
  EXPECT_EQ(seen, 1U);
}

TYPED_TEST(Handling, The_producer_gets_room_after_each_batch_and_not_before) {
  auto consumer = this->attach({.max_batch = 4});
  EXPECT_EQ(publish_until_full(this->producer), 16U);
  consumer.poll([&](const TypeParam&) {
    EXPECT_EQ(this->producer.try_publish(TypeParam::of(0)), Publish::full);
  });
  EXPECT_EQ(publish_until_full(this->producer), 4U);
}

TYPED_TEST(Handling, A_batch_is_never_larger_than_the_ring) {
  auto consumer = this->attach({.max_batch = 1'000'000});
  publish_until_full(this->producer);
  EXPECT_EQ(consumer.poll([](const TypeParam&) {}).count, 16U);
}

TYPED_TEST(Handling, A_batch_of_one_commits_every_event) {
  auto consumer = this->attach({.max_batch = 1});
  publish_until_full(this->producer);
  for (int i = 0; i < 16; ++i) {
    consumer.poll([](const TypeParam&, Sequence, bool end_of_batch) { EXPECT_TRUE(end_of_batch); });
    EXPECT_EQ(publish_until_full(this->producer), 1U);
  }
}

TYPED_TEST(Handling, Events_published_by_the_handler_come_in_the_next_batch) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 2);
  int calls = 0;
  const auto echo = [&](const TypeParam&) {
    if (calls++ == 0) publish_numbers(this->producer, 1);
  };
  EXPECT_EQ(consumer.poll(echo).count, 2U);
  EXPECT_EQ(consumer.poll(echo).count, 1U);
}

TYPED_TEST(Handling, The_event_a_handler_threw_on_comes_first_next_time) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 5);
  Numbers seen;
  const auto failing = [&](const TypeParam& tick) {
    if (tick.number == 3) throw std::runtime_error("three");
    seen.push_back(tick.number);
  };
  EXPECT_THROW(consumer.poll(failing), std::runtime_error);
  EXPECT_EQ(seen, numbers(0, 3));
  EXPECT_EQ(consumer.next_sequence(), Sequence(3));
  // The events before it are committed: 16 slots, 5 published, 3 given back.
  EXPECT_EQ(publish_until_full(this->producer), 14U);
  EXPECT_THROW(consumer.poll(failing), std::runtime_error);
  EXPECT_EQ(drain(consumer), numbers(3, 16));
}

TYPED_TEST(Handling, The_event_an_observers_handler_threw_on_comes_first_next_time) {
  auto observer = this->attach({.kind = ConsumerKind::observer});
  publish_numbers(this->producer, 5);
  EXPECT_THROW(observer.poll([](const TypeParam& tick) {
    if (tick.number == 3) throw std::runtime_error("three");
  }),
               std::runtime_error);
  EXPECT_EQ(drain(observer), numbers(3, 2));
}

TYPED_TEST(Handling, Try_next_takes_one_event_and_leaves_the_rest) {
  auto consumer = this->attach();
  auto observer = this->attach({.kind = ConsumerKind::observer});
  publish_numbers(this->producer, 3);
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto taken = consumer.try_next();
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->number, i);
    EXPECT_EQ(consumer.next_sequence(), Sequence(i + 1));
    ASSERT_TRUE(observer.try_next());
  }
  EXPECT_FALSE(consumer.try_next());
  EXPECT_FALSE(observer.try_next());
  publish_numbers(this->producer, 2);
  EXPECT_EQ(drain(consumer), numbers(3, 2));  // batches are as large as before
}

TYPED_TEST(Handling, A_timed_poll_ends_at_its_deadline) {
  auto consumer = this->attach();
  const auto nothing = [](const TypeParam&) {};
  EXPECT_EQ(consumer.poll_until(std::chrono::steady_clock::now() - 1s, nothing).outcome,
            Poll::timed_out);
  const auto soon = std::chrono::steady_clock::now() + 3ms;
  EXPECT_EQ(consumer.poll_until(soon, nothing).outcome, Poll::timed_out);
  EXPECT_GE(std::chrono::steady_clock::now(), soon);
  publish_numbers(this->producer, 1);
  EXPECT_EQ(consumer.poll_until(std::chrono::steady_clock::now() - 1s, nothing).count, 1U);
}

}  // namespace
}  // namespace disruptor_mp::test
