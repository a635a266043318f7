// SPDX-License-Identifier: MIT OR Apache-2.0
//
// An observer is never waited for: it gets whole events, or the exact number of those it missed.
#include <array>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/errors.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Observing : public testing::Test {
 protected:
  Producer<E> create(std::uint64_t capacity, std::uint64_t first = 0) {
    return Producer<E>::create(
        name, {.capacity = capacity, .when_alone = WhenAlone::run_free, .first_sequence = first});
  }
  Consumer<E> observe(ConsumerOptions options = {}) {
    options.kind = ConsumerKind::observer;
    return Consumer<E>::attach(name, options);
  }

  std::string name = unique_ring_name();
};
TYPED_TEST_SUITE(Observing, BothLayouts, LayoutName);

TYPED_TEST(Observing, What_it_saw_and_what_it_missed_is_what_was_published) {
  for (const std::uint64_t capacity : {1U, 2U, 4U, 16U, 64U}) {
    auto producer = this->create(capacity, 1000);
    auto observer = this->observe({.max_batch = 3});
    std::uint64_t seen = 0;
    std::uint64_t last = 999;
    for (std::size_t burst = 0; burst < 200; ++burst) {
      publish_numbers(producer, burst % (3 * capacity + 1));
      // Not all there is, so that the next burst laps it somewhere in the middle.
      for (int i = 0; i < 2; ++i) {
        observer.poll([&](const TypeParam& tick, Sequence sequence) {
          EXPECT_TRUE(tick.is_whole());
          EXPECT_EQ(tick.number, sequence.value());
          EXPECT_GT(tick.number, last);
          last = tick.number;
          ++seen;
        });
        EXPECT_EQ(1000 + seen + observer.missed(), observer.next_sequence().value());
      }
    }
    seen += drain(observer).size();
    EXPECT_EQ(1000 + seen + observer.missed(), producer.next_sequence().value());
    EXPECT_GT(observer.missed(), 0U);
    EXPECT_GT(seen, 0U);
  }
}

TYPED_TEST(Observing, Lapped_by_exactly_one_event_it_misses_exactly_one) {
  auto producer = this->create(4);  // the horizon moves one by one
  auto observer = this->observe();
  publish_numbers(producer, 5);
  EXPECT_EQ(drain(observer), numbers(1, 4));
  EXPECT_EQ(observer.missed(), 1U);
}

TYPED_TEST(Observing, Lapped_while_it_handles_a_batch_it_goes_on_where_events_are_whole) {
  auto producer = this->create(8);
  auto observer = this->observe();
  publish_numbers(producer, 8);
  Numbers seen;
  const auto lapping = [&](const TypeParam& tick) {
    EXPECT_TRUE(tick.is_whole());
    seen.push_back(tick.number);
    if (seen.size() == 3) publish_numbers(producer, 20);
  };
  while (observer.poll(lapping).outcome == Poll::events) {
  }
  ASSERT_GE(seen.size(), 4U);
  EXPECT_EQ(Numbers(seen.begin(), seen.begin() + 3), numbers(0, 3));
  EXPECT_GE(seen[3], 20U);
  EXPECT_EQ(seen.back(), 27U);
  EXPECT_EQ(seen.size() + observer.missed(), 28U);
}

TYPED_TEST(Observing, The_copy_in_its_hands_stays_whole_while_the_ring_goes_on) {
  auto producer = this->create(2);
  auto observer = this->observe();
  publish_numbers(producer, 1);
  observer.poll([&](const TypeParam& tick) {
    publish_numbers(producer, 10);
    EXPECT_EQ(tick.number, 0U);
    EXPECT_TRUE(tick.is_whole());
  });
}

TYPED_TEST(Observing, A_loop_over_an_observer_skips_what_was_overwritten) {
  auto producer = this->create(8);
  auto observer = this->observe();
  publish_numbers(producer, 8);
  Numbers seen;
  for (const TypeParam& tick : observer) {
    EXPECT_TRUE(tick.is_whole());
    seen.push_back(tick.number);
    if (seen.size() == 3) publish_numbers(producer, 20);
    if (tick.number == 27) producer.close();
  }
  EXPECT_EQ(observer.ended(), Poll::closed);
  EXPECT_EQ(seen.size() + observer.missed(), 28U);
}

TYPED_TEST(Observing, A_horizon_of_nonsense_keeps_it_from_nothing_and_in_no_circle) {
  constexpr std::uint64_t first = 1000;
  auto producer = this->create(8, first);
  const auto writable =
      Segment::attach(os::ObjectName::parse(this->name), SegmentRole::producer, {}, never);
  for (const std::uint64_t nonsense :
       {first + 1, first - 1, std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 63U}) {
    auto observer = this->observe({.start = Start::latest});
    publish_numbers(producer, 5);
    writable.control().horizon.store(nonsense, std::memory_order_relaxed);
    EXPECT_EQ(observer.poll([](const TypeParam&) {}).count, 5U) << nonsense;
    EXPECT_EQ(observer.poll([](const TypeParam&) {}).outcome, Poll::idle) << nonsense;
  }
}

TYPED_TEST(Observing, A_position_of_nonsense_is_refused) {
  auto producer = this->create(8, 1000);
  const auto writable =
      Segment::attach(os::ObjectName::parse(this->name), SegmentRole::producer, {}, never);
  for (const std::uint64_t nonsense : {std::uint64_t{999}, ~std::uint64_t{0}}) {
    writable.control().published.store(nonsense, std::memory_order_relaxed);
    EXPECT_EQ(error_of([&] { this->observe({.start = Start::latest}); }).code(), Errc::corrupt);
    EXPECT_EQ(error_of([&] {
                Consumer<TypeParam>::attach(this->name, {.id = "x", .start = Start::latest});
              }).code(),
              Errc::corrupt);
  }
}

TYPED_TEST(Observing, Lapped_and_closed_it_is_told_the_end_after_the_last_events) {
  auto producer = this->create(4);
  auto observer = this->observe();
  publish_numbers(producer, 50);
  producer.close();
  Poll end = Poll::idle;
  const Numbers seen = drain(observer, &end);
  EXPECT_EQ(end, Poll::closed);
  EXPECT_EQ(seen, numbers(46, 4));
  EXPECT_EQ(observer.missed(), 46U);
}

TYPED_TEST(Observing, With_nothing_left_to_read_it_is_told_the_end) {
  auto producer = this->create(1);
  auto observer = this->observe();
  publish_numbers(producer, 1);
  producer.claim(1).abandon();  // the only slot may have been touched: event 0 is gone
  producer.close();
  EXPECT_EQ(drain(observer), Numbers{});
  EXPECT_EQ(observer.missed(), 1U);
  EXPECT_EQ(observer.run([](const TypeParam&) {}), Poll::closed);
}

TYPED_TEST(Observing, The_end_reaches_an_observer_that_was_lapped_while_it_slept) {
  for (int round = 0; round < 50; ++round) {
    auto producer = this->create(1);
    auto observer = this->observe({.wait = WaitStrategy::block(0)});
    Poll end = Poll::idle;
    std::uint64_t seen = 0;
    std::jthread sleeper([&] { end = observer.run([&](const TypeParam&) { ++seen; }); });
    while ((observer.segment().bells().data.word.load() & 1U) == 0) std::this_thread::yield();
    publish_numbers(producer, 1);
    producer.claim(1).abandon();
    producer.close();
    sleeper.join();
    EXPECT_EQ(end, Poll::closed);
    EXPECT_EQ(seen + observer.missed(), 1U);
  }
}

/// A producer as fast as it can, and an observer that is lapped all the time: no torn event, no
/// wrong count. Large events, so that copying takes as long as overwriting.
template <class E, std::uint64_t Capacity>
void race(std::uint64_t count) {
  auto producer = Producer<E>::create(unique_ring_name(),
                                      {.capacity = Capacity, .when_alone = WhenAlone::run_free});
  auto observer = Consumer<E>::attach(producer.segment().name(), {.kind = ConsumerKind::observer});
  std::jthread publisher([&] {
    for (std::uint64_t i = 0; i < count; ++i) {
      producer.publish([&](E& event) { write_pattern(event.bytes, i); });
      if (i % 1024 == 0) std::this_thread::yield();
    }
    producer.close();
  });
  std::uint64_t seen = 0;
  std::uint64_t torn = 0;
  const Poll end = observer.run([&](const E& event, Sequence sequence) {
    torn += has_pattern(event.bytes, sequence.value()) ? 0 : 1;
    ++seen;
  });
  publisher.join();
  EXPECT_EQ(end, Poll::closed);
  EXPECT_EQ(torn, 0U);
  EXPECT_EQ(seen + observer.missed(), count);
}

TEST(Observing_a_race, Shows_no_torn_event_in_packed_slots) {
  race<Payload<512, format::SlotLayout::packed>, 4>(20'000);
  race<Payload<24, format::SlotLayout::packed, 8>, 16>(50'000);
}

TEST(Observing_a_race, Shows_no_torn_event_in_stamped_slots) {
  race<Payload<512, format::SlotLayout::stamped>, 4>(20'000);
  race<Payload<24, format::SlotLayout::stamped, 8>, 16>(50'000);
}

}  // namespace
}  // namespace disruptor_mp::test
