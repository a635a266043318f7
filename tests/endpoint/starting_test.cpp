// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Where a consumer begins: latest, oldest, or where its id stopped.
#include <optional>

#include "endpoint/drain.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Starting : public testing::Test {
 protected:
  Producer<E> create(WhenAlone when_alone = WhenAlone::run_free) {
    return Producer<E>::create(name, {.capacity = 16, .when_alone = when_alone});
  }
  Consumer<E> attach(ConsumerOptions options) { return Consumer<E>::attach(name, options); }

  std::string name = unique_ring_name();
};
TYPED_TEST_SUITE(Starting, BothLayouts, LayoutName);

TYPED_TEST(Starting, Oldest_is_the_first_event_while_nothing_was_overwritten) {
  auto producer = this->create();
  publish_numbers(producer, 10);
  for (const auto kind : {ConsumerKind::gating, ConsumerKind::observer}) {
    auto consumer = this->attach({.kind = kind, .start = Start::oldest});
    EXPECT_EQ(consumer.start_sequence(), Sequence(0));
    EXPECT_FALSE(consumer.resumed());
    EXPECT_EQ(drain(consumer), numbers(0, 10));
  }
}

TYPED_TEST(Starting, Latest_is_what_is_published_from_now_on) {
  auto producer = this->create();
  publish_numbers(producer, 10);
  for (const auto kind : {ConsumerKind::gating, ConsumerKind::observer}) {
    const std::uint64_t next = producer.next_sequence().value();
    auto consumer = this->attach({.kind = kind, .start = Start::latest});
    EXPECT_EQ(consumer.start_sequence(), Sequence(next));
    EXPECT_EQ(drain(consumer), Numbers{});
    publish_numbers(producer, 3);
    EXPECT_EQ(drain(consumer), numbers(next, 3));
  }
}

TYPED_TEST(Starting, Latest_in_an_empty_ring_is_its_beginning) {
  auto producer = this->create();
  auto consumer = this->attach({.start = Start::latest});
  EXPECT_EQ(consumer.start_sequence(), Sequence(0));
}

TYPED_TEST(Starting, Who_joins_a_wrapped_ring_gets_the_newest_events_without_a_gap) {
  auto producer = this->create();
  for (std::size_t lapped = 16; lapped < 80; ++lapped) {
    publish_numbers(producer, 1);
    const std::uint64_t next = producer.next_sequence().value();
    for (const auto kind : {ConsumerKind::gating, ConsumerKind::observer}) {
      auto consumer = this->attach({.kind = kind, .start = Start::oldest});
      const std::uint64_t start = consumer.start_sequence().value();
      // The producer announces up to a quarter of the ring ahead; so much may be unavailable.
      EXPECT_GE(start + 16, next);
      EXPECT_LE(start + 12, std::max<std::uint64_t>(next, 12));
      EXPECT_EQ(drain(consumer), numbers(start, next - start));
      EXPECT_EQ(consumer.missed(), 0U);
    }
  }
}

TYPED_TEST(Starting, A_late_joiner_holds_the_producer_back_from_its_start_on) {
  auto producer = this->create();
  publish_numbers(producer, 100);
  auto consumer = this->attach({.start = Start::oldest});
  const std::uint64_t start = consumer.start_sequence().value();
  const std::size_t more = publish_until_full(producer);
  EXPECT_EQ(start + 16, 100 + more);
  EXPECT_EQ(drain(consumer), numbers(start, 16));
}

TYPED_TEST(Starting, A_ring_without_a_living_producer_can_be_joined) {
  auto producer = this->create(WhenAlone::block);
  publish_numbers(producer, 10);
  producer.detach();
  auto consumer = this->attach({.start = Start::oldest});
  Poll end = Poll::idle;
  EXPECT_EQ(drain(consumer, &end), numbers(0, 10));
  EXPECT_EQ(end, Poll::producer_left);
  auto late = this->attach({.start = Start::latest});
  EXPECT_EQ(late.start_sequence(), Sequence(10));
  auto successor = Producer<TypeParam>::attach(this->name);  // closes the ring in the end
}

TYPED_TEST(Starting, Resume_goes_on_after_the_last_event_this_id_handled) {
  auto producer = this->create();
  for (const auto kind : {ConsumerKind::gating, ConsumerKind::required}) {
    const std::string id = kind == ConsumerKind::gating ? "a" : "b";
    const std::uint64_t base = producer.next_sequence().value();
    {
      auto consumer = this->attach({.id = id, .kind = kind, .start = Start::latest});
      publish_numbers(producer, 5);
      consumer.try_next();
      consumer.try_next();
    }
    publish_numbers(producer, 2);
    auto consumer = this->attach({.id = id, .kind = kind, .start = Start::resume});
    EXPECT_TRUE(consumer.resumed());
    EXPECT_EQ(consumer.start_sequence(), Sequence(base + 2));
    EXPECT_EQ(drain(consumer), numbers(base + 2, 5));
    consumer.resign();
  }
}

TYPED_TEST(Starting, Resume_with_an_unknown_id_begins_at_the_oldest_event) {
  auto producer = this->create();
  publish_numbers(producer, 3);
  { auto other = this->attach({.id = "other"}); }
  auto consumer = this->attach({.id = "new", .start = Start::resume});
  EXPECT_FALSE(consumer.resumed());
  EXPECT_EQ(drain(consumer), numbers(0, 3));
}

TYPED_TEST(Starting, Resume_after_being_overwritten_begins_at_the_oldest_event) {
  auto producer = this->create();
  {
    auto consumer = this->attach({.id = "reader"});
    publish_numbers(producer, 4);
    consumer.try_next();
  }
  publish_numbers(producer, 100);  // nobody holds it back now
  auto consumer = this->attach({.id = "reader", .start = Start::resume});
  EXPECT_TRUE(consumer.resumed());
  const std::uint64_t start = consumer.start_sequence().value();
  EXPECT_GE(start, 104U - 16);
  EXPECT_EQ(drain(consumer), numbers(start, 104 - start));
}

TYPED_TEST(Starting, The_same_id_may_begin_anew_instead_of_resuming) {
  auto producer = this->create();
  publish_numbers(producer, 4);
  for (int i = 0; i < 3; ++i) {
    auto consumer = this->attach({.id = "reader", .start = Start::oldest});
    EXPECT_FALSE(consumer.resumed());
    EXPECT_EQ(drain(consumer), numbers(0, 4));
  }
  auto consumer = this->attach({.id = "reader", .start = Start::latest});
  EXPECT_EQ(consumer.start_sequence(), Sequence(4));
}

TYPED_TEST(Starting, A_new_ring_of_an_old_name_knows_no_ids) {
  {
    auto producer = this->create();
    auto consumer = this->attach({.id = "reader"});
    publish_numbers(producer, 10);
    EXPECT_EQ(drain(consumer), numbers(0, 10));
    producer.close();
  }
  auto producer = this->create();
  publish_numbers(producer, 3);
  auto consumer = this->attach({.id = "reader", .start = Start::resume});
  EXPECT_FALSE(consumer.resumed());
  EXPECT_EQ(drain(consumer), numbers(0, 3));
}

}  // namespace
}  // namespace disruptor_mp::test
