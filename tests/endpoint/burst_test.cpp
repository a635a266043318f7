// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Bursts: claimed at once, visible one by one; what is left is given up.
#include <optional>
#include <stdexcept>
#include <thread>

#include "endpoint/drain.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Bursting : public testing::Test {
 protected:
  Producer<E> producer = Producer<E>::create(unique_ring_name(), {.capacity = 8});
  Consumer<E> consumer = Consumer<E>::attach(producer.segment().name());
};
TYPED_TEST_SUITE(Bursting, BothLayouts, LayoutName);

TYPED_TEST(Bursting, Each_event_is_visible_at_once) {
  auto burst = this->producer.burst(3);
  ASSERT_TRUE(burst);
  EXPECT_EQ(burst.status(), Publish::ok);
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(burst.room(), 3 - i);
    EXPECT_EQ(burst.next_sequence(), Sequence(i));
    EXPECT_EQ(burst.publish(TypeParam::of(i)), Publish::ok);
    EXPECT_EQ(drain(this->consumer), Numbers{i});
  }
  EXPECT_EQ(burst.room(), 0U);
  bool is_filled = false;
  EXPECT_EQ(burst.publish([&](TypeParam&) { is_filled = true; }), Publish::full);
  EXPECT_FALSE(is_filled);
  burst.finish();
  EXPECT_EQ(this->producer.next_sequence(), Sequence(3));
}

TYPED_TEST(Bursting, What_is_left_at_the_end_of_the_scope_is_claimed_again_next) {
  {
    auto burst = this->producer.burst(8);
    EXPECT_EQ(this->producer.next_sequence(), Sequence(0));
    burst.publish(TypeParam::of(0));
    burst.publish(TypeParam::of(1));
  }
  EXPECT_EQ(this->producer.next_sequence(), Sequence(2));
  {
    const auto unused = this->producer.try_burst(6);
    EXPECT_TRUE(unused);
  }
  publish_numbers(this->producer, 3);
  EXPECT_EQ(drain(this->consumer), numbers(0, 5));
}

TYPED_TEST(Bursting, Bursts_of_every_size_fit_round_the_end_of_the_ring) {
  std::uint64_t published = 0;
  for (int lap = 0; lap < 10; ++lap) {
    for (std::size_t size = 1; size <= 8; ++size) {
      for (auto burst = this->producer.try_burst(size); burst.room() != 0;)
        burst.publish(TypeParam::of(burst.next_sequence().value()));
      ASSERT_EQ(drain(this->consumer), numbers(published, size)) << size;
      published += size;
    }
  }
}

TYPED_TEST(Bursting, A_burst_gets_all_it_wants_or_nothing) {
  EXPECT_EQ(this->producer.burst(0).status(), Publish::too_large);
  EXPECT_EQ(this->producer.burst(9).status(), Publish::too_large);
  publish_numbers(this->producer, 5);
  EXPECT_EQ(this->producer.burst_until(std::chrono::steady_clock::now(), 4).status(),
            Publish::timed_out);
  auto failed = this->producer.try_burst(4);
  EXPECT_FALSE(failed);
  EXPECT_EQ(failed.status(), Publish::full);
  EXPECT_EQ(failed.room(), 0U);
  EXPECT_EQ(failed.publish(TypeParam::of(9)), Publish::full);
  failed.finish();
  publish_numbers(this->producer, 3);
  EXPECT_EQ(drain(this->consumer), numbers(0, 8));
}

TYPED_TEST(Bursting, A_waiting_burst_is_granted_when_there_is_room_for_all_of_it) {
  publish_numbers(this->producer, 8);
  std::jthread reader([&] {
    for (int i = 0; i < 6;) i += this->consumer.try_next() ? 1 : 0;
  });
  for (auto burst = this->producer.burst(6); burst.room() != 0;)
    burst.publish(TypeParam::of(burst.next_sequence().value()));
  reader.join();
  EXPECT_EQ(drain(this->consumer), numbers(6, 8));
}

TYPED_TEST(Bursting, An_event_whose_fill_throws_is_not_published_and_its_slot_is_next) {
  auto burst = this->producer.burst(2);
  EXPECT_THROW(burst.publish([](TypeParam& slot) {
    slot = TypeParam::of(666);
    throw std::runtime_error("half filled");
  }),
               std::runtime_error);
  EXPECT_EQ(burst.room(), 2U);
  EXPECT_EQ(drain(this->consumer), Numbers{});
  burst.publish(TypeParam::of(7));
  EXPECT_EQ(drain(this->consumer), Numbers{7});
}

TYPED_TEST(Bursting, Nothing_else_is_published_while_one_is_open) {
  auto burst = this->producer.burst(2);
  burst.publish(TypeParam::of(0));
  EXPECT_EQ(this->producer.publish(TypeParam::of(666)), Publish::claim_open);
  EXPECT_EQ(this->producer.try_publish(TypeParam::of(666)), Publish::claim_open);
  EXPECT_EQ(this->producer.claim(1).status(), Publish::claim_open);
  EXPECT_EQ(this->producer.try_burst(1).status(), Publish::claim_open);
  EXPECT_EQ(burst.publish(TypeParam::of(1)), Publish::ok);
  EXPECT_EQ(burst.publish(TypeParam::of(666)), Publish::full);
  burst.finish();
  EXPECT_EQ(this->producer.publish(TypeParam::of(2)), Publish::ok);
  EXPECT_EQ(drain(this->consumer), numbers(0, 3));
}

TYPED_TEST(Bursting, A_producer_that_is_moved_gives_up_the_rest) {
  auto burst = this->producer.burst(3);
  burst.publish(TypeParam::of(0));
  auto moved = std::move(this->producer);
  EXPECT_EQ(burst.room(), 0U);
  EXPECT_EQ(burst.publish(TypeParam::of(666)), Publish::closed);
  EXPECT_EQ(moved.publish(TypeParam::of(1)), Publish::ok);
  burst.finish();
  EXPECT_EQ(moved.next_sequence(), Sequence(2));
  EXPECT_EQ(moved.publish(TypeParam::of(2)), Publish::ok);
  EXPECT_EQ(drain(this->consumer), numbers(0, 3));
}

TYPED_TEST(Bursting, An_exception_on_its_way_leaves_what_was_published) {
  EXPECT_THROW(
      {
        auto burst = this->producer.burst(4);
        burst.publish(TypeParam::of(0));
        throw std::runtime_error("on its way");
      },
      std::runtime_error);
  EXPECT_EQ(this->producer.next_sequence(), Sequence(1));
  publish_numbers(this->producer, 1);
  EXPECT_EQ(drain(this->consumer), numbers(0, 2));
}

TYPED_TEST(Bursting, A_moved_burst_goes_on) {
  std::optional<Burst<TypeParam>> kept;
  {
    auto burst = this->producer.burst(3);
    burst.publish(TypeParam::of(0));
    kept.emplace(std::move(burst));
    EXPECT_EQ(burst.room(), 0U);  // NOLINT(bugprone-use-after-move): that is what is looked at
  }
  kept->publish(TypeParam::of(1));
  kept.reset();
  EXPECT_EQ(this->producer.next_sequence(), Sequence(2));
  EXPECT_EQ(drain(this->consumer), numbers(0, 2));
}

TYPED_TEST(Bursting, A_burst_open_at_the_close_ends_with_what_it_has_published) {
  auto burst = this->producer.burst(5);
  burst.publish(TypeParam::of(0));
  burst.publish(TypeParam::of(1));
  this->producer.close();
  EXPECT_EQ(burst.room(), 0U);
  EXPECT_EQ(burst.publish(TypeParam::of(666)), Publish::closed);
  burst.finish();
  Poll end = Poll::idle;
  EXPECT_EQ(drain(this->consumer), numbers(0, 2));
  EXPECT_EQ(drain(this->consumer, &end), Numbers{});
  EXPECT_EQ(end, Poll::closed);
  EXPECT_EQ(this->producer.next_sequence(), Sequence(2));
}

TYPED_TEST(Bursting,
           A_burst_open_at_the_close_keeps_what_it_published_whatever_the_first_sequence) {
  for (const std::uint64_t first :
       {(std::uint64_t{1} << 62U) - 2, std::uint64_t{1} << 62U, format::max_first_sequence}) {
    const std::string name = unique_ring_name();
    auto owner = Producer<TypeParam>::create(name, {.capacity = 8, .first_sequence = first});
    auto reader = Consumer<TypeParam>::attach(name);
    auto burst = owner.burst(8);
    for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(burst.publish(TypeParam::of(i)), Publish::ok);
    owner.close();
    Poll end = Poll::idle;
    EXPECT_EQ(drain(reader, &end), numbers(0, 5)) << first;
    EXPECT_EQ(end, Poll::closed);
  }
}

TYPED_TEST(Bursting, A_burst_open_at_the_detaching_ends_with_what_it_has_published) {
  const std::string name = this->producer.segment().name();
  auto burst = this->producer.burst(5);
  burst.publish(TypeParam::of(0));
  this->producer.detach();
  EXPECT_EQ(burst.room(), 0U);
  EXPECT_EQ(burst.publish(TypeParam::of(666)), Publish::closed);
  EXPECT_EQ(Producer<TypeParam>::attach(name).next_sequence(), Sequence(1));
  EXPECT_EQ(drain(this->consumer), numbers(0, 1));
}

TYPED_TEST(Bursting, A_sleeping_consumer_is_woken_by_each_event) {
  auto sleeper = Consumer<TypeParam>::attach(this->producer.segment().name(),
                                             {.wait = WaitStrategy::block(0)});
  auto burst = this->producer.burst(4);
  for (std::uint64_t i = 0; i < 4; ++i) {
    std::jthread reader(
        [&] { EXPECT_EQ(sleeper.wait_poll([](const TypeParam&) {}).outcome, Poll::events); });
    burst.publish(TypeParam::of(i));
  }
}

TEST(BurstingBytes, Events_of_a_size_known_late_are_published_too) {
  const std::string name = unique_ring_name();
  auto producer = Producer<Bytes>::create(name, {.size = 8, .align = 8}, {.capacity = 4});
  auto consumer = Consumer<Bytes>::attach(name);
  for (auto burst = producer.burst(3); burst.room() != 0;)
    burst.publish([](std::span<std::byte> bytes) { std::ranges::fill(bytes, std::byte{7}); });
  std::size_t seen = 0;
  consumer.poll([&](std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) EXPECT_EQ(byte, std::byte{7});
    ++seen;
  });
  EXPECT_EQ(seen, 3U);
}

// --- Of several producers

class BurstingOfSeveral : public testing::Test {
 protected:
  using E = StampedTick;
  Producer<E> one =
      Producer<E>::create(unique_ring_name(), {.capacity = 8, .producers = ProducerKind::multi});
  Producer<E> two = Producer<E>::attach(one.segment().name());
  Consumer<E> consumer = Consumer<E>::attach(one.segment().name());
};

TEST_F(BurstingOfSeveral, Others_wait_behind_it_and_what_is_left_is_void) {
  {
    auto burst = one.burst(4);
    ASSERT_EQ(burst.status(), Publish::ok);
    burst.publish(E::of(1));
    EXPECT_EQ(two.publish(E::of(3)), Publish::ok);
    EXPECT_EQ(drain(consumer), Numbers{1});
    burst.publish(E::of(2));
    EXPECT_EQ(drain(consumer), Numbers{2});
    EXPECT_EQ(consumer.voids(), 0U);
  }
  EXPECT_EQ(drain(consumer), Numbers{3});
  EXPECT_EQ(consumer.voids(), 2U);
  EXPECT_EQ(one.next_sequence(), Sequence(2));
}

TEST_F(BurstingOfSeveral, An_exception_in_a_fill_gives_up_nothing_before_the_end) {
  {
    auto burst = one.burst(2);
    EXPECT_THROW(burst.publish([](E&) { throw std::runtime_error("no"); }), std::runtime_error);
    EXPECT_EQ(burst.publish(E::of(1)), Publish::ok);
  }
  EXPECT_EQ(drain(consumer), Numbers{1});
  EXPECT_EQ(consumer.voids(), 1U);
}

TEST_F(BurstingOfSeveral, Many_in_a_row_with_the_tail_for_itself_and_without) {
  Numbers expected;
  for (std::uint64_t number = 0; number < 3'000;) {
    auto& producer = number % 1'000 > 900 ? two : one;
    const std::size_t size = 1 + number % 5;
    auto burst = producer.burst(size);
    const bool is_cut_short = number % 7 == 0;
    while (burst.room() > (is_cut_short ? 1 : 0)) {
      burst.publish(E::of(number));
      expected.push_back(number++);
    }
    if (size == 1) ++number;
    burst.finish();
    ASSERT_EQ(drain(consumer), std::exchange(expected, {}));
  }
}

TEST_F(BurstingOfSeveral, Closing_buries_the_rest_and_not_what_another_published_a_lap_later) {
  auto burst = one.burst(4);
  burst.publish(E::of(1));
  burst.publish(E::of(2));
  EXPECT_EQ(drain(consumer), (Numbers{1, 2}));
  for (std::uint64_t i = 3; i < 9; ++i) ASSERT_EQ(two.try_publish(E::of(i)), Publish::ok);
  EXPECT_EQ(two.try_publish(E::of(9)), Publish::full);  // the last two stand in our first two slots
  one.close();
  EXPECT_EQ(burst.publish(E::of(666)), Publish::closed);
  burst.finish();
  EXPECT_EQ(drain(consumer), numbers(3, 6));
  EXPECT_EQ(consumer.voids(), 2U);
}

TEST_F(BurstingOfSeveral, Nothing_else_is_claimed_while_one_is_open) {
  {
    auto burst = one.burst(2);
    EXPECT_EQ(one.publish(E::of(666)), Publish::claim_open);
    EXPECT_EQ(one.try_claim(1).status(), Publish::claim_open);
    EXPECT_EQ(one.burst(1).status(), Publish::claim_open);
    burst.publish(E::of(1));
  }
  EXPECT_EQ(one.publish(E::of(2)), Publish::ok);
  EXPECT_EQ(drain(consumer), (Numbers{1, 2}));
  EXPECT_EQ(consumer.voids(), 1U);
}

TEST_F(BurstingOfSeveral, A_producer_that_is_moved_leaves_nobody_waiting) {
  auto burst = one.burst(3);
  burst.publish(E::of(1));
  auto moved = std::move(one);
  EXPECT_EQ(two.publish(E::of(2)), Publish::ok);
  EXPECT_EQ(drain(consumer), (Numbers{1, 2}));
  EXPECT_EQ(consumer.voids(), 2U);
  EXPECT_EQ(burst.publish(E::of(666)), Publish::closed);
  burst.finish();
  EXPECT_EQ(moved.publish(E::of(3)), Publish::ok);
  EXPECT_EQ(drain(consumer), Numbers{3});
}

TEST_F(BurstingOfSeveral, One_that_is_closed_by_another_goes_on_to_its_end) {
  auto burst = two.burst(2);
  one.close_for_all();
  EXPECT_EQ(burst.publish(E::of(1)), Publish::ok);  // claimed before the end
  EXPECT_EQ(burst.publish(E::of(2)), Publish::ok);
  burst.finish();
  EXPECT_EQ(two.burst(1).status(), Publish::closed);
  Poll end = Poll::idle;
  EXPECT_EQ(drain(consumer, &end), (Numbers{1, 2}));
  EXPECT_EQ(end, Poll::closed);
}

TEST_F(BurstingOfSeveral, A_ring_that_runs_free_waits_for_an_open_one) {
  auto ring = Producer<E>::create(
      unique_ring_name(),
      {.capacity = 4, .when_alone = WhenAlone::run_free, .producers = ProducerKind::multi});
  auto other = Producer<E>::attach(ring.segment().name());
  auto burst = ring.burst(2);
  burst.publish(E::of(0));
  for (std::uint64_t i = 0; i < 3; ++i) ASSERT_EQ(other.try_publish(E::of(i)), Publish::ok);
  EXPECT_EQ(other.try_publish(E::of(3)), Publish::full);  // its second slot is open
  burst.finish();
  for (std::uint64_t i = 0; i < 20; ++i) ASSERT_EQ(other.try_publish(E::of(i)), Publish::ok);
}

}  // namespace
}  // namespace disruptor_mp::test
