// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Publishing one by one: what arrives, in which order, and what is said when there is no room.
#include <stdexcept>
#include <thread>

#include "endpoint/drain.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Publishing : public testing::Test {
 protected:
  std::string name = unique_ring_name();
};
TYPED_TEST_SUITE(Publishing, BothLayouts, LayoutName);

TYPED_TEST(Publishing, An_event_arrives_as_it_was_published) {
  auto producer = Producer<TypeParam>::create(this->name);
  auto consumer = Consumer<TypeParam>::attach(this->name);
  EXPECT_EQ(producer.publish(TypeParam::of(7)), Publish::ok);
  EXPECT_EQ(drain(consumer), Numbers{7});
}

TYPED_TEST(Publishing, An_event_can_be_written_in_place) {
  auto producer = Producer<TypeParam>::create(this->name);
  auto consumer = Consumer<TypeParam>::attach(this->name);
  EXPECT_EQ(producer.publish([](TypeParam& slot) { slot = TypeParam::of(1); }), Publish::ok);
  EXPECT_EQ(producer.try_publish([](TypeParam& slot) { slot = TypeParam::of(2); }), Publish::ok);
  EXPECT_EQ(producer.publish_until(never, [](TypeParam& slot) { slot = TypeParam::of(3); }),
            Publish::ok);
  EXPECT_EQ(drain(consumer), (Numbers{1, 2, 3}));
}

TYPED_TEST(Publishing, Events_keep_their_order_over_many_laps) {
  auto producer = Producer<TypeParam>::create(this->name, {.capacity = 8});
  auto consumer = Consumer<TypeParam>::attach(this->name, {.max_batch = 3});
  Numbers seen;
  for (std::size_t round = 0; round < 100; ++round) {
    publish_numbers(producer, round % 9);  // 0 … capacity at once
    for (const std::uint64_t number : drain(consumer)) seen.push_back(number);
  }
  EXPECT_EQ(seen, numbers(0, producer.next_sequence().value()));
  EXPECT_GT(seen.size(), 300U);
}

TYPED_TEST(Publishing, Every_capacity_holds_exactly_so_many_unread_events) {
  for (std::uint64_t capacity = 1; capacity <= 1024; capacity *= 2) {
    auto producer = Producer<TypeParam>::create(this->name, {.capacity = capacity});
    auto consumer = Consumer<TypeParam>::attach(this->name);
    EXPECT_EQ(producer.capacity(), capacity);
    EXPECT_EQ(consumer.capacity(), capacity);
    for (std::uint64_t lap = 0; lap < 3; ++lap) {
      EXPECT_EQ(publish_until_full(producer), capacity);
      EXPECT_EQ(drain(consumer), numbers(lap * capacity, capacity));
    }
  }
}

TYPED_TEST(Publishing, One_event_read_makes_room_for_one) {
  auto producer = Producer<TypeParam>::create(this->name, {.capacity = 4});
  auto consumer = Consumer<TypeParam>::attach(this->name);
  EXPECT_EQ(publish_until_full(producer), 4U);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(consumer.try_next());
    ASSERT_EQ(publish_until_full(producer), 1U);
  }
}

TYPED_TEST(Publishing, A_full_ring_is_timed_out_at_the_deadline) {
  auto producer = Producer<TypeParam>::create(this->name, {.capacity = 2});
  auto consumer = Consumer<TypeParam>::attach(this->name);
  const auto past = std::chrono::steady_clock::now() - 1s;
  EXPECT_EQ(producer.publish_until(past, TypeParam::of(0)), Publish::ok);
  EXPECT_EQ(producer.publish_until(past, TypeParam::of(1)), Publish::ok);
  EXPECT_EQ(producer.publish_until(past, TypeParam::of(2)), Publish::timed_out);
  const auto soon = std::chrono::steady_clock::now() + 3ms;
  EXPECT_EQ(producer.publish_until(soon, TypeParam::of(2)), Publish::timed_out);
  EXPECT_GE(std::chrono::steady_clock::now(), soon);
  EXPECT_EQ(drain(consumer), (Numbers{0, 1}));
  EXPECT_EQ(producer.publish_until(past, TypeParam::of(2)), Publish::ok);
}

TYPED_TEST(Publishing, A_blocked_publish_goes_on_when_the_consumer_does) {
  constexpr std::uint64_t count = 2000;
  auto producer = Producer<TypeParam>::create(this->name, {.capacity = 4});
  auto consumer = Consumer<TypeParam>::attach(this->name);
  std::jthread publisher([&] {
    for (std::uint64_t i = 0; i < count; ++i) {
      if (producer.publish(TypeParam::of(i)) != Publish::ok) return;
    }
    producer.close();
  });
  Numbers seen;
  EXPECT_EQ(consumer.run([&](const TypeParam& tick) { seen.push_back(tick.number); }),
            Poll::closed);
  EXPECT_EQ(seen, numbers(0, count));
}

TYPED_TEST(Publishing, Nothing_is_published_if_filling_throws) {
  auto producer = Producer<TypeParam>::create(this->name);
  auto consumer = Consumer<TypeParam>::attach(this->name);
  const auto failing = [](TypeParam& slot) {
    slot = TypeParam::of(666);
    throw std::runtime_error("half written");
  };
  EXPECT_THROW(producer.publish(failing), std::runtime_error);
  EXPECT_THROW((void)producer.try_publish(failing), std::runtime_error);
  EXPECT_THROW((void)producer.publish_until(never, failing), std::runtime_error);
  EXPECT_EQ(producer.next_sequence(), Sequence(0));
  EXPECT_EQ(drain(consumer), Numbers{});
  EXPECT_EQ(producer.publish(TypeParam::of(1)), Publish::ok);
  EXPECT_EQ(drain(consumer), Numbers{1});
}

TYPED_TEST(Publishing, A_closed_ring_takes_nothing_more) {
  auto producer = Producer<TypeParam>::create(this->name);
  auto consumer = Consumer<TypeParam>::attach(this->name);
  publish_numbers(producer, 3);
  producer.close();
  producer.close();  // once more changes nothing
  EXPECT_EQ(producer.publish(TypeParam::of(3)), Publish::closed);
  EXPECT_EQ(producer.try_publish(TypeParam::of(3)), Publish::closed);
  EXPECT_EQ(producer.publish_until(never, TypeParam::of(3)), Publish::closed);
  EXPECT_EQ(producer.claim(1).status(), Publish::closed);
  EXPECT_EQ(producer.try_claim(1).status(), Publish::closed);
  EXPECT_EQ(producer.claim_until(never, 1).status(), Publish::closed);
  Poll end = Poll::idle;
  EXPECT_EQ(drain(consumer, &end), numbers(0, 3));
  EXPECT_EQ(end, Poll::closed);
}

TYPED_TEST(Publishing, A_moved_producer_goes_on) {
  auto first = Producer<TypeParam>::create(this->name, {.capacity = 8});
  auto consumer = Consumer<TypeParam>::attach(this->name);
  publish_numbers(first, 3);
  auto second = std::move(first);
  publish_numbers(second, 3);
  EXPECT_EQ(drain(consumer), numbers(0, 6));
  auto moved_consumer = std::move(consumer);
  publish_numbers(second, 8);
  EXPECT_EQ(drain(moved_consumer), numbers(6, 8));
}

/// Where the numbers of sequences pass a power of two that a narrower type or a sign could not
/// hold.
template <class E>
class Far_sequences : public Publishing<E> {};
TYPED_TEST_SUITE(Far_sequences, BothLayouts, LayoutName);

TYPED_TEST(Far_sequences, Events_pass_every_power_of_two) {
  for (const unsigned power : {16U, 31U, 32U, 63U}) {
    for (const std::uint64_t capacity : {1U, 8U}) {
      const std::uint64_t first = (std::uint64_t{1} << power) - 21;
      auto producer =
          Producer<TypeParam>::create(this->name, {.capacity = capacity, .first_sequence = first});
      auto consumer = Consumer<TypeParam>::attach(this->name);
      auto observer = Consumer<TypeParam>::attach(this->name, {.kind = ConsumerKind::observer});
      EXPECT_EQ(producer.next_sequence(), Sequence(first));
      EXPECT_EQ(consumer.start_sequence(), Sequence(first));
      EXPECT_EQ(observer.start_sequence(), Sequence(first));
      for (std::uint64_t at = first; at < first + 48; at += capacity) {
        ASSERT_EQ(publish_until_full(producer), capacity) << power;
        ASSERT_EQ(drain(observer), numbers(at, capacity)) << power;
        ASSERT_EQ(drain(consumer), numbers(at, capacity)) << power;
      }
      EXPECT_EQ(observer.missed(), 0U);
    }
  }
}

}  // namespace
}  // namespace disruptor_mp::test
