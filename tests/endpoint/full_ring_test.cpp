// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What publish, claim and burst do while the ring is full, by ProducerOptions::when_full; in a ring
// of one producer and of several.
#include <optional>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

using Event = StampedTick;

class FullRing : public testing::TestWithParam<ProducerKind> {
 protected:
  static constexpr std::uint64_t capacity = 4;

  Producer<Event> full_ring(WhenFull when_full) {
    auto producer = Producer<Event>::create(
        name, {.capacity = capacity, .producers = GetParam(), .when_full = when_full});
    reader.emplace(Consumer<Event>::attach(name, {.id = "reader"}));
    for (std::uint64_t i = 0; i < capacity; ++i)
      EXPECT_EQ(producer.publish(Event::of(i)), Publish::ok);
    return producer;
  }

  std::string name = unique_ring_name();
  std::optional<Consumer<Event>> reader;
};
INSTANTIATE_TEST_SUITE_P(, FullRing, testing::Values(ProducerKind::single, ProducerKind::multi),
                         [](const auto& kind) {
                           return kind.param == ProducerKind::single ? "Single" : "Multi";
                         });

TEST_P(FullRing, Refuses_at_once_if_it_is_to_refuse) {
  auto producer = full_ring(WhenFull::refuse());
  EXPECT_EQ(producer.publish(Event::of(4)), Publish::full);
  EXPECT_EQ(producer.publish([](Event& slot) { slot = Event::of(4); }), Publish::full);
  EXPECT_EQ(producer.claim(2).status(), Publish::full);
  EXPECT_EQ(producer.burst(2).status(), Publish::full);
  EXPECT_EQ(producer.dropped(), 0U);
  EXPECT_EQ(drain(*reader), numbers(0, capacity));
  EXPECT_EQ(producer.publish(Event::of(4)), Publish::ok);
  EXPECT_EQ(drain(*reader), Numbers{4});
}

TEST_P(FullRing, Waits_so_long_if_it_is_to_wait_so_long_and_each_call_anew) {
  auto producer = full_ring(WhenFull::wait_for(5ms));
  for (int i = 0; i < 2; ++i) {
    const TimePoint start = std::chrono::steady_clock::now();
    EXPECT_EQ(producer.publish(Event::of(4)), Publish::timed_out);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 5ms);
  }
  EXPECT_EQ(producer.claim(1).status(), Publish::timed_out);
  EXPECT_EQ(producer.burst(1).status(), Publish::timed_out);
  EXPECT_EQ(producer.dropped(), 0U);
}

TEST_P(FullRing, Gets_room_that_comes_in_time) {
  auto producer = full_ring(WhenFull::wait_for(1h));
  std::thread reading([&] { drain(*reader); });
  EXPECT_EQ(producer.publish(Event::of(4)), Publish::ok);
  reading.join();
}

TEST_P(FullRing, Drops_and_counts_what_finds_no_room) {
  auto producer = full_ring(WhenFull::drop_newest());
  EXPECT_EQ(producer.dropped(), 0U);
  EXPECT_EQ(producer.publish(Event::of(666)), Publish::dropped);
  EXPECT_EQ(producer.publish([](Event&) { FAIL() << "filled what is dropped"; }), Publish::dropped);
  EXPECT_EQ(producer.dropped(), 2U);
  {
    auto claim = producer.claim(3);  // all or none
    EXPECT_EQ(claim.status(), Publish::dropped);
    EXPECT_EQ(claim.size(), 0U);
  }
  EXPECT_EQ(producer.burst(4).status(), Publish::dropped);
  EXPECT_EQ(producer.dropped(), 9U);
  // What was there before is there still, and what comes later follows it without a gap.
  EXPECT_EQ(drain(*reader), numbers(0, capacity));
  EXPECT_EQ(producer.publish(Event::of(4)), Publish::ok);
  EXPECT_EQ(drain(*reader), Numbers{4});
  EXPECT_EQ(reader->voids(), 0U);
  EXPECT_EQ(producer.dropped(), 9U);
}

TEST_P(FullRing, Counts_nothing_that_could_never_be_published) {
  auto producer = full_ring(WhenFull::drop_newest());
  EXPECT_EQ(producer.claim(capacity + 1).status(), Publish::too_large);
  EXPECT_EQ(producer.claim(0).status(), Publish::too_large);
  producer.close();
  EXPECT_EQ(producer.publish(Event::of(4)), Publish::closed);
  EXPECT_EQ(producer.dropped(), 0U);
}

TEST_P(FullRing, Changes_nothing_for_calls_that_say_themselves_how_long) {
  auto producer = full_ring(WhenFull::drop_newest());
  EXPECT_EQ(producer.try_publish(Event::of(4)), Publish::full);
  EXPECT_EQ(producer.publish_until(std::chrono::steady_clock::now(), Event::of(4)),
            Publish::timed_out);
  EXPECT_EQ(producer.try_claim(1).status(), Publish::full);
  EXPECT_EQ(producer.claim_until(std::chrono::steady_clock::now(), 1).status(), Publish::timed_out);
  EXPECT_EQ(producer.try_burst(1).status(), Publish::full);
  EXPECT_EQ(producer.dropped(), 0U);
}

TEST_P(FullRing, Gets_past_a_dead_gating_consumer_without_waiting) {
  for (const WhenFull when_full : {WhenFull::refuse(), WhenFull::drop_newest()}) {
    const std::string ring = unique_ring_name();
    auto producer = Producer<Event>::create(
        ring, {.capacity = capacity, .producers = GetParam(), .when_full = when_full});
    auto other = Consumer<Event>::attach(ring, {.id = "other"});
    ASSERT_EQ(in_child([&] {
                auto gone = Consumer<Event>::attach(ring, {.id = "gone"});
                die();
              }),
              died);
    for (std::uint64_t i = 0; i < 2 * capacity; ++i) {
      EXPECT_EQ(producer.publish(Event::of(i)), Publish::ok) << i;
      drain(other);
    }
  }
}

TEST_P(FullRing, Tells_in_a_sentence_what_was_dropped) {
  auto producer = full_ring(WhenFull::drop_newest());
  const Publish result = producer.publish(Event::of(4));
  expect_error(Errc::ring_full,
               {.object = name,
                .problem = "dropped",
                .found = "held full by reader",
                .expected = "1 free slots of 4",
                .remedy = "larger capacity"},
               [&] { throw producer.explain(result); });
}

TEST(Full_ring, Refuses_a_negative_patience) {
  const std::string name = unique_ring_name();
  expect_error(Errc::invalid_option,
               {.object = name, .problem = "wait_for is negative", .found = "-1 ns"}, [&] {
                 static_cast<void>(Producer<Event>::create(
                     name, {.when_full = WhenFull::wait_for(Duration(-1))}));
               });
}

}  // namespace
}  // namespace disruptor_mp::test
