// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Required, gating and observing consumers: who holds the producer back, and when not any more.
#include <array>
#include <optional>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Kinds : public testing::Test {
 protected:
  static constexpr std::size_t capacity = 8;

  Producer<E> create(ProducerOptions options = {}) {
    options.capacity = capacity;
    return Producer<E>::create(name, options);
  }
  Consumer<E> attach(ConsumerOptions options = {}) { return Consumer<E>::attach(name, options); }
  /// A consumer that reads `count` events and dies without leaving.
  void attach_and_die(ConsumerOptions options, int count) {
    ASSERT_EQ(in_child([&] {
                auto consumer = attach(options);
                for (int i = 0; i < count; ++i) consumer.try_next();
                die();
              }),
              died);
  }

  std::string name = unique_ring_name();
};
TYPED_TEST_SUITE(Kinds, BothLayouts, LayoutName);

TYPED_TEST(Kinds, All_kinds_read_the_same_events_of_one_ring) {
  auto producer = this->create();
  auto required = this->attach({.id = "required", .kind = ConsumerKind::required});
  auto gating = this->attach({.kind = ConsumerKind::gating});
  auto observer = this->attach({.kind = ConsumerKind::observer});
  for (std::uint64_t at = 0; at < 40; at += 5) {
    publish_numbers(producer, 5);
    EXPECT_EQ(drain(required), numbers(at, 5));
    EXPECT_EQ(drain(gating), numbers(at, 5));
    EXPECT_EQ(drain(observer), numbers(at, 5));
  }
}

TYPED_TEST(Kinds, The_slowest_consumer_holds_the_producer_back) {
  auto producer = this->create();
  std::array<Consumer<TypeParam>, 3> consumers = {
      this->attach({.id = "a"}), this->attach({.id = "b", .kind = ConsumerKind::required}),
      this->attach({.id = "c"})};
  EXPECT_EQ(publish_until_full(producer), 8U);
  drain(consumers[0]);
  drain(consumers[1]);
  EXPECT_EQ(publish_until_full(producer), 0U);
  ASSERT_TRUE(producer.slowest_consumer());
  EXPECT_EQ(producer.slowest_consumer()->id, "c");
  consumers[2].try_next();
  EXPECT_EQ(publish_until_full(producer), 1U);
  drain(consumers[2]);
  EXPECT_EQ(publish_until_full(producer), 7U);  // now "a" and "b" are, one event behind the rest
  EXPECT_EQ(drain(consumers[0]), numbers(8, 8));
  EXPECT_EQ(drain(consumers[1]), numbers(8, 8));
  EXPECT_EQ(drain(consumers[2]), numbers(9, 7));
}

TYPED_TEST(Kinds, An_observer_holds_nobody_back_and_has_no_row) {
  auto producer = this->create({.when_alone = WhenAlone::run_free});
  auto observer = this->attach({.id = "onlooker", .kind = ConsumerKind::observer});
  publish_numbers(producer, 100);
  ASSERT_EQ(producer.participants().size(), 1U);
  EXPECT_EQ(producer.participants()[0].kind, format::RowKind::producer);
}

TYPED_TEST(Kinds, A_ring_that_blocks_when_alone_fills_up_and_waits) {
  auto producer = this->create({.when_alone = WhenAlone::block});
  EXPECT_EQ(publish_until_full(producer), 8U);
  EXPECT_EQ(producer.try_publish(TypeParam::of(8)), Publish::full);
  EXPECT_EQ(producer.publish_until(std::chrono::steady_clock::now() + 1ms, TypeParam::of(8)),
            Publish::timed_out);
  auto consumer = this->attach();
  EXPECT_EQ(drain(consumer), numbers(0, 8));  // nothing was lost
  EXPECT_EQ(publish_until_full(producer), 8U);
}

TYPED_TEST(Kinds, A_ring_that_runs_free_when_alone_never_waits) {
  auto producer = this->create({.when_alone = WhenAlone::run_free});
  publish_numbers(producer, 1000);
  auto consumer = this->attach();
  EXPECT_LT(publish_until_full(producer), 8U);  // with somebody there it waits
  drain(consumer);
  EXPECT_EQ(publish_until_full(producer), 8U);
  consumer.resign();
  publish_numbers(producer, 1000);
}

TYPED_TEST(Kinds, A_gating_consumer_that_left_holds_nobody_back) {
  auto producer = this->create({.when_alone = WhenAlone::run_free});
  {
    auto consumer = this->attach({.id = "gone"});
    EXPECT_EQ(publish_until_full(producer), 8U);
  }
  publish_numbers(producer, 100);
}

TYPED_TEST(Kinds, When_the_last_reader_has_left_the_ring_fills_from_where_it_stood) {
  auto producer = this->create({.when_alone = WhenAlone::block});
  {
    auto consumer = this->attach();
    EXPECT_EQ(publish_until_full(producer), 8U);
    for (int i = 0; i < 5; ++i) consumer.try_next();
  }
  EXPECT_EQ(publish_until_full(producer), 5U);
  auto consumer = this->attach();
  EXPECT_EQ(drain(consumer), numbers(5, 8));
}

TYPED_TEST(Kinds, A_required_consumer_that_left_loses_nothing) {
  auto producer = this->create({.required_patience = 0ns});
  {
    auto consumer = this->attach({.id = "journal", .kind = ConsumerKind::required});
    publish_numbers(producer, 4);
    consumer.try_next();
  }
  EXPECT_EQ(publish_until_full(producer), 5U);
  EXPECT_EQ(producer.publish(TypeParam::of(9)), Publish::consumer_missing);
  EXPECT_EQ(producer.publish_until(never, TypeParam::of(9)), Publish::consumer_missing);
  EXPECT_EQ(producer.claim(1).status(), Publish::consumer_missing);
  EXPECT_EQ(producer.try_publish(TypeParam::of(9)), Publish::full);

  auto consumer =
      this->attach({.id = "journal", .kind = ConsumerKind::required, .start = Start::resume});
  EXPECT_EQ(drain(consumer), numbers(1, 8));
  EXPECT_EQ(producer.publish(TypeParam::of(9)), Publish::ok);
  EXPECT_EQ(drain(consumer), Numbers{9});
}

TYPED_TEST(Kinds, A_required_consumer_is_given_time_to_come_back) {
  auto producer = this->create({.required_patience = 1h});
  { auto consumer = this->attach({.id = "journal", .kind = ConsumerKind::required}); }
  EXPECT_EQ(publish_until_full(producer), 8U);
  const auto soon = std::chrono::steady_clock::now() + 3ms;
  EXPECT_EQ(producer.publish_until(soon, TypeParam::of(8)), Publish::timed_out);
  this->attach({.id = "journal"}).resign();
}

TYPED_TEST(Kinds, A_required_consumer_that_resigned_holds_nobody_back) {
  auto producer = this->create({.when_alone = WhenAlone::run_free});
  auto consumer = this->attach({.id = "journal", .kind = ConsumerKind::required});
  EXPECT_EQ(publish_until_full(producer), 8U);
  consumer.resign();
  publish_numbers(producer, 100);
}

TYPED_TEST(Kinds, A_required_consumer_may_come_back_as_a_gating_one) {
  auto producer = this->create({.when_alone = WhenAlone::run_free, .required_patience = 0ns});
  { auto consumer = this->attach({.id = "journal", .kind = ConsumerKind::required}); }
  EXPECT_EQ(publish_until_full(producer), 8U);
  EXPECT_EQ(producer.publish(TypeParam::of(8)), Publish::consumer_missing);
  {
    auto consumer = this->attach({.id = "journal", .kind = ConsumerKind::gating});
    EXPECT_EQ(producer.try_publish(TypeParam::of(8)), Publish::full);
  }
  publish_numbers(producer, 100);
}

TYPED_TEST(Kinds, Publishing_gets_past_a_dead_gating_consumer) {
  auto producer = this->create({.when_alone = WhenAlone::run_free});
  this->attach_and_die({.id = "dead"}, 0);
  publish_numbers(producer, 8);
  EXPECT_EQ(producer.try_publish(TypeParam::of(8)), Publish::ok);  // proves the death by itself
  publish_numbers(producer, 50);

  this->attach_and_die({.id = "also-dead"}, 0);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(producer.publish(TypeParam::of(0)), Publish::ok);
  this->attach_and_die({.id = "dead-too"}, 0);
  EXPECT_TRUE(producer.claim(8));
  EXPECT_TRUE(producer.try_claim(8));
}

TYPED_TEST(Kinds, A_dead_gating_consumer_frees_the_place_of_the_living) {
  auto producer = this->create();
  auto alive = this->attach({.id = "alive"});
  this->attach_and_die({.id = "dead"}, 0);
  EXPECT_EQ(publish_until_full(producer), 8U);
  EXPECT_EQ(drain(alive), numbers(0, 8));
  EXPECT_EQ(publish_until_full(producer), 8U);
  EXPECT_EQ(drain(alive), numbers(8, 8));
}

TYPED_TEST(Kinds, A_dead_required_consumer_gets_again_what_it_had_not_committed) {
  auto producer = this->create({.required_patience = 0ns});
  this->attach_and_die({.id = "journal", .kind = ConsumerKind::required}, 0);
  EXPECT_EQ(publish_until_full(producer), 8U);
  ASSERT_EQ(in_child([&] {
              auto consumer = this->attach({.id = "journal",
                                            .kind = ConsumerKind::required,
                                            .start = Start::resume,
                                            .max_batch = 3});
              consumer.poll([](const TypeParam&) {});  // committed
              consumer.poll([](const TypeParam& tick) {
                if (tick.number == 5) die();  // inside a batch
              });
            }),
            died);
  EXPECT_EQ(publish_until_full(producer), 3U);
  EXPECT_EQ(producer.publish(TypeParam::of(11)), Publish::consumer_missing);
  auto consumer =
      this->attach({.id = "journal", .kind = ConsumerKind::required, .start = Start::resume});
  EXPECT_TRUE(consumer.resumed());
  EXPECT_EQ(drain(consumer), numbers(3, 8));
}

TYPED_TEST(Kinds, Rows_are_used_again_however_often_consumers_come_and_go) {
  auto producer = this->create({.max_participants = 4});
  auto steady = this->attach({.id = "steady", .kind = ConsumerKind::required});
  for (int i = 0; i < 1000; ++i) {
    auto one = this->attach({.id = "visitor-" + std::to_string(i), .start = Start::latest});
    auto nameless = this->attach({.start = Start::latest});
    publish_numbers(producer, 3);
    ASSERT_EQ(drain(one).size(), 3U);
    ASSERT_EQ(drain(nameless).size(), 3U);
    ASSERT_EQ(drain(steady).size(), 3U);
    ASSERT_LE(producer.participants().size(), 4U);
  }
  EXPECT_EQ(steady.next_sequence(), Sequence(3000));
}

TYPED_TEST(Kinds, Rows_of_the_dead_are_used_again) {
  auto producer = this->create({.max_participants = 3});
  for (int i = 0; i < 20; ++i) {
    this->attach_and_die({.id = "a" + std::to_string(i)}, 0);
    this->attach_and_die({.id = "b" + std::to_string(i)}, 0);
  }
  auto consumer = this->attach({.id = "alive"});
  EXPECT_EQ(publish_until_full(producer), 8U);
  EXPECT_EQ(drain(consumer), numbers(0, 8));
}

TYPED_TEST(Kinds, The_row_of_an_absent_required_consumer_is_never_given_away) {
  auto producer = this->create({.max_participants = 3, .required_patience = 0ns});
  { auto consumer = this->attach({.id = "journal", .kind = ConsumerKind::required}); }
  for (int i = 0; i < 5; ++i) auto visitor = this->attach({.id = "visitor" + std::to_string(i)});
  auto visitor = this->attach({.id = "visitor"});
  expect_error(Errc::table_full, {.object = this->name, .found = "journal (required"},
               [&] { this->attach({.id = "one-too-many"}); });
  EXPECT_EQ(publish_until_full(producer), 8U);
  auto back =
      this->attach({.id = "journal", .kind = ConsumerKind::required, .start = Start::resume});
  EXPECT_EQ(drain(back), numbers(0, 8));
}

}  // namespace
}  // namespace disruptor_mp::test
