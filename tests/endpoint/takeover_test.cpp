// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A successor goes on right after the last published event, whatever became of its predecessor.
#include <optional>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Takeover : public testing::Test {
 protected:
  Producer<E> create(ProducerOptions options = {}) {
    options.capacity = 8;
    return Producer<E>::create(name, options);
  }
  Producer<E> attach(ProducerOptions options = {}) { return Producer<E>::attach(name, options); }
  Consumer<E> reader(ConsumerOptions options = {}) { return Consumer<E>::attach(name, options); }

  std::string name = unique_ring_name();
};
TYPED_TEST_SUITE(Takeover, BothLayouts, LayoutName);

TYPED_TEST(Takeover, The_first_producer_took_nothing_over) {
  auto producer = this->create();
  EXPECT_FALSE(producer.took_over());
  EXPECT_EQ(producer.predecessor(), ProducerPresence::never);
}

TYPED_TEST(Takeover, A_successor_goes_on_after_the_last_event_of_one_that_left) {
  for (std::size_t published = 0; published <= 17; ++published) {
    auto producer = this->create();
    auto consumer = this->reader();
    Numbers seen;
    for (std::size_t i = 0; i < published; ++i) {
      publish_numbers(producer, 1);
      for (const auto number : drain(consumer)) seen.push_back(number);
    }
    producer.detach();
    auto successor = this->attach();
    EXPECT_TRUE(successor.took_over());
    EXPECT_EQ(successor.predecessor(), ProducerPresence::left);
    EXPECT_EQ(successor.next_sequence(), Sequence(published));
    EXPECT_EQ(successor.capacity(), 8U);
    EXPECT_EQ(publish_until_full(successor), 8U);
    for (const auto number : drain(consumer)) seen.push_back(number);
    EXPECT_EQ(seen, numbers(0, published + 8));
  }
}

TYPED_TEST(Takeover, A_successor_goes_on_after_the_last_event_of_one_that_died) {
  for (const std::size_t published : {0U, 1U, 5U, 8U}) {
    ASSERT_EQ(in_child([&] {
                auto producer = this->create();
                publish_numbers(producer, published);
                die();
              }),
              died);
    auto successor = this->attach();
    EXPECT_EQ(successor.predecessor(), ProducerPresence::dead);
    EXPECT_EQ(successor.next_sequence(), Sequence(published));
    EXPECT_EQ(publish_until_full(successor), 8 - published);
    auto consumer = this->reader();
    EXPECT_EQ(drain(consumer), numbers(0, 8));
  }
}

TYPED_TEST(Takeover, What_a_dead_producer_had_written_but_not_published_is_never_seen) {
  ASSERT_EQ(in_child([&] {
              auto producer = this->create();
              publish_numbers(producer, 2);
              auto claim = producer.claim(4);
              for (TypeParam& slot : claim) slot = TypeParam::of(666);
              die();
            }),
            died);
  auto consumer = this->reader();
  EXPECT_EQ(drain(consumer), numbers(0, 2));
  auto successor = this->attach();
  EXPECT_EQ(successor.next_sequence(), Sequence(2));
  EXPECT_EQ(drain(consumer), Numbers{});
  EXPECT_EQ(publish_until_full(successor), 8U);
  EXPECT_EQ(drain(consumer), numbers(2, 8));
}

TYPED_TEST(Takeover, What_was_published_of_a_claim_before_the_death_is_kept) {
  ASSERT_EQ(in_child([&] {
              auto producer = this->create();
              auto claim = producer.claim(6);
              for (std::size_t i = 0; i < 6; ++i) claim[i] = TypeParam::of(i);
              claim.publish(4);
              die();
            }),
            died);
  auto successor = this->attach();
  EXPECT_EQ(successor.next_sequence(), Sequence(4));
}

TYPED_TEST(Takeover, A_successor_respects_who_gated_its_predecessor) {
  auto producer = this->create();
  auto consumer = this->reader({.id = "a"});
  { auto absent = this->reader({.id = "b", .kind = ConsumerKind::required}); }
  publish_numbers(producer, 5);
  drain(consumer);
  producer.detach();
  auto successor = this->attach({.required_patience = 0ns});
  EXPECT_EQ(publish_until_full(successor), 3U);
  EXPECT_EQ(successor.publish(TypeParam::of(8)), Publish::consumer_missing);
  auto back = this->reader({.id = "b", .kind = ConsumerKind::required, .start = Start::resume});
  EXPECT_EQ(drain(back), numbers(0, 8));
}

TYPED_TEST(Takeover, A_successor_may_have_another_name) {
  auto producer = this->create({.id = "first"});
  producer.detach();
  auto successor = this->attach({.id = "second"});
  bool is_listed = false;
  for (const Participant& one : successor.participants()) {
    is_listed |= one.id == "second" && one.presence == Participant::Presence::alive;
  }
  EXPECT_TRUE(is_listed);
}

TYPED_TEST(Takeover, Many_successors_need_no_more_rows_than_one) {
  std::optional<Producer<TypeParam>> producer = this->create({.max_participants = 2});
  auto consumer = this->reader();
  Numbers seen;
  for (int i = 0; i < 100; ++i) {
    publish_numbers(*producer, 3);
    for (const auto number : drain(consumer)) seen.push_back(number);
    producer->detach();
    producer.reset();
    producer.emplace(this->attach());
  }
  EXPECT_EQ(seen, numbers(0, 300));
}

TYPED_TEST(Takeover, A_second_producer_waits_for_the_first_to_leave) {
  std::optional<Producer<TypeParam>> producer = this->create();
  std::jthread leaver([&] {
    publish_numbers(*producer, 2);
    producer->detach();
  });
  auto successor = this->attach({.timeout = 1h});
  EXPECT_TRUE(successor.took_over());
  EXPECT_EQ(successor.next_sequence(), Sequence(2));
}

TYPED_TEST(Takeover, A_sleeping_consumer_notices_neither_more_nor_less_than_the_events) {
  std::optional<Producer<TypeParam>> producer = this->create();
  auto consumer = this->reader({.wait = WaitStrategy::block(0), .successor_patience = 1h});
  std::jthread relay([&] {
    for (int i = 0; i < 50; ++i) {
      for (int k = 0; k < 3; ++k) producer->publish(TypeParam::of(i * 3 + k));
      producer->detach();
      producer.reset();
      producer.emplace(this->attach());
    }
    producer->close();
  });
  Numbers seen;
  EXPECT_EQ(consumer.run([&](const TypeParam& tick) { seen.push_back(tick.number); }),
            Poll::closed);
  EXPECT_EQ(seen, numbers(0, 150));
}

}  // namespace
}  // namespace disruptor_mp::test
