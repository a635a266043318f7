// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A ring of several producers that does not wait for ever for one that has claimed and does not go
// on: its claim is revoked, it learns that, and nobody uses its slots before. (With processes that
// are stopped: tests/process.)
#include <optional>
#include <stdexcept>

#include "disruptor_mp/membership/revoking.hpp"
#include "endpoint/drain.hpp"

namespace disruptor_mp::test {
namespace {

using E = StampedTick;

class Revoking : public testing::Test {
 protected:
  static constexpr Duration patience = 20ms;

  Producer<E> make(std::uint64_t capacity = 8, WhenAlone when_alone = WhenAlone::block) {
    return Producer<E>::create(name, {.capacity = capacity,
                                      .when_alone = when_alone,
                                      .producers = ProducerKind::multi,
                                      .revoke_stopped_after = patience});
  }
  Producer<E> join() { return Producer<E>::attach(name); }
  Consumer<E> reader(ConsumerOptions options = {}) { return Consumer<E>::attach(name, options); }

  static void publish(Producer<E>& producer, std::uint64_t number) {
    ASSERT_EQ(producer.publish(E::of(number)), Publish::ok);
  }
  /// What comes, waiting for as long as it takes others to lose patience.
  static Numbers wait_for_events(Consumer<E>& consumer) {
    Numbers seen;
    EXPECT_EQ(consumer
                  .poll_until(os::now() + 10s,
                              [&](const E& event) {
                                EXPECT_TRUE(event.is_whole());
                                seen.push_back(event.number);
                              })
                  .outcome,
              Poll::events);
    return seen;
  }

  std::string name = unique_ring_name();
};

TEST_F(Revoking, A_claim_that_is_open_for_too_long_is_skipped_and_its_producer_learns_it) {
  auto one = make();
  auto two = join();
  auto consumer = reader();
  auto observer = reader({.kind = ConsumerKind::observer});
  auto claim = one.claim(3);
  publish(two, 7);
  const TimePoint begin = os::now();
  EXPECT_EQ(wait_for_events(consumer), Numbers{7});
  EXPECT_GE(os::now() - begin, patience);
  EXPECT_EQ(consumer.voids(), 3U);
  for (E& event : claim) event = E::of(1);
  EXPECT_EQ(claim.publish(), Publish::revoked);
  EXPECT_EQ(claim.status(), Publish::revoked);
  EXPECT_EQ(claim.published(), 0U);
  EXPECT_EQ(drain(observer), Numbers{7});
  EXPECT_EQ(observer.voids(), 3U);
  // Its slots are in use again, and so is it.
  for (std::uint64_t number = 0; number < 20; ++number) {
    publish(number % 2 == 0 ? one : two, number);
    EXPECT_EQ(drain(consumer), Numbers{number});
  }
  EXPECT_EQ(consumer.voids(), 3U);
  EXPECT_EQ(two.segment().control().revoked.load(), 3U);
}

TEST_F(Revoking, Nobody_writes_into_the_slot_before_its_producer_has_learnt_it) {
  auto one = make(4);
  auto two = join();
  auto consumer = reader();
  auto claim = one.claim(1);
  publish(two, 100);
  EXPECT_EQ(wait_for_events(consumer), Numbers{100});
  claim[0] = E::of(666);  // aside or in place: a claim of one slot is its owner's
  constexpr std::uint64_t laps = 10;
  for (std::uint64_t number = 0; number < 3 * laps; ++number) {
    publish(two, number);
    EXPECT_EQ(drain(consumer), Numbers{number});
  }
  EXPECT_EQ(consumer.voids(), 1 + laps);  // the slot is passed over once a lap
  EXPECT_EQ(claim.publish(), Publish::revoked);
  const std::uint64_t voids = consumer.voids();
  for (std::uint64_t number = 0; number < 4 * laps; ++number) {
    publish(two, number);
    EXPECT_EQ(drain(consumer), Numbers{number});
  }
  EXPECT_EQ(consumer.voids(), voids);
}

TEST_F(Revoking, Events_before_the_one_that_was_revoked_stay_published) {
  auto one = make();
  auto consumer = reader();
  auto claim = one.claim(4);
  for (std::uint64_t i = 0; i < 4; ++i) claim[i] = E::of(i);
  // As if its producer had been stopped after the second one.
  ASSERT_TRUE(revoke_claim(const_cast<Segment&>(one.segment()), 2));
  EXPECT_EQ(claim.publish(3), Publish::revoked);
  EXPECT_EQ(claim.published(), 2U);
  EXPECT_EQ(drain(consumer), (Numbers{0, 1}));
  publish(one, 5);
  EXPECT_EQ(drain(consumer), Numbers{5});
  EXPECT_EQ(consumer.voids(), 2U);
}

TEST_F(Revoking, What_is_given_up_too_late_is_in_use_again_too) {
  auto one = make(2);
  auto consumer = reader();
  const auto revoke = [&](std::uint64_t sequence) {
    ASSERT_TRUE(revoke_claim(const_cast<Segment&>(one.segment()), sequence));
  };
  auto claim = one.claim(1);
  revoke(0);
  claim.abandon();
  EXPECT_THROW(one.publish([&](E& event) {
    event = E::of(8);
    revoke(1);
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(drain(consumer), Numbers{});
  auto cut = one.claim(2);
  revoke(2);
  cut.publish(1);
  EXPECT_EQ(drain(consumer), Numbers{});
  EXPECT_EQ(consumer.voids(), 4U);
  publish(one, 1);
  publish(one, 2);
  EXPECT_EQ(drain(consumer), (Numbers{1, 2}));
  EXPECT_EQ(consumer.voids(), 4U);
}

TEST_F(Revoking, A_publish_in_place_learns_it) {
  auto one = make();
  auto consumer = reader();
  const Publish result = one.publish([&](E& event) {
    EXPECT_EQ(consumer.poll_until(os::now() + 10 * patience, [](const E&) {}).outcome,
              Poll::timed_out);
    event = E::of(1);
  });
  EXPECT_EQ(result, Publish::revoked);
  EXPECT_EQ(consumer.voids(), 1U);
  expect_error(Errc::claim_revoked, {.object = name, .found = "20000000 ns", .remedy = "longer"},
               [&] { throw Error(one.explain(result)); });
  publish(one, 2);
  EXPECT_EQ(drain(consumer), Numbers{2});
}

TEST_F(Revoking, One_in_time_is_waited_for) {
  auto one = Producer<E>::create(
      name, {.producers = ProducerKind::multi, .revoke_stopped_after = std::chrono::hours(1)});
  auto consumer = reader();
  auto claim = one.claim(1);
  EXPECT_EQ(consumer.poll_until(os::now() + 30ms, [](const E&) {}).outcome, Poll::timed_out);
  claim[0] = E::of(1);
  EXPECT_EQ(claim.publish(), Publish::ok);
  EXPECT_EQ(claim.published(), 1U);
  EXPECT_EQ(drain(consumer), Numbers{1});
  EXPECT_EQ(consumer.voids(), 0U);
}

TEST_F(Revoking, A_consumer_that_only_polls_revokes_too) {
  auto one = make();
  auto two = join();
  auto consumer = reader();
  auto claim = one.claim(1);
  publish(two, 7);
  Numbers seen;
  for (const TimePoint end = os::now() + 10s; seen.empty() && os::now() < end;)
    consumer.poll([&](const E& event) { seen.push_back(event.number); });
  EXPECT_EQ(seen, Numbers{7});
  EXPECT_EQ(claim.publish(), Publish::revoked);
}

TEST_F(Revoking, A_ring_of_which_every_slot_is_held_back_is_full) {
  auto one = make(4);
  auto two = join();
  auto consumer = reader();
  auto claim = one.claim(4);
  EXPECT_EQ(consumer.poll_until(os::now() + 10 * patience, [](const E&) {}).outcome,
            Poll::timed_out);
  EXPECT_EQ(consumer.voids(), 4U);
  EXPECT_EQ(two.try_publish(E::of(1)), Publish::full);
  EXPECT_EQ(two.publish_until(os::now() + 30ms, E::of(1)), Publish::timed_out);
  EXPECT_EQ(two.next_sequence().value(), 0U);
  EXPECT_EQ(claim.publish(), Publish::revoked);
  for (std::uint64_t number = 0; number < 4; ++number) publish(two, number);
  EXPECT_EQ(drain(consumer), numbers(0, 4));
  EXPECT_EQ(consumer.voids(), 4U);
}

TEST_F(Revoking, A_batch_finds_its_place_beside_a_slot_that_is_held_back) {
  auto one = make();
  auto two = join();
  auto consumer = reader();
  for (std::uint64_t number = 0; number < 3; ++number) publish(two, number);
  auto claim = one.claim(1);  // 3 of 8
  publish(two, 4);
  drain(consumer);
  EXPECT_EQ(wait_for_events(consumer), Numbers{4});
  for (std::uint64_t number = 5; number < 8; ++number) publish(two, number);
  EXPECT_EQ(drain(consumer), numbers(5, 3));
  EXPECT_EQ(two.claim_until(os::now() + 5ms, 8).status(), Publish::timed_out);  // 7 at most
  {
    auto batch = two.claim_until(os::now() + 10s, 4);
    ASSERT_EQ(batch.status(), Publish::ok);
    EXPECT_EQ(batch.first().value(), 12U);  // from 8 on it would end at 11, which is held back
    for (std::uint64_t i = 0; i < 4; ++i) batch[i] = E::of(i);
  }
  EXPECT_EQ(drain(consumer), numbers(0, 4));
  EXPECT_EQ(consumer.voids(), 1U + 4U);
  EXPECT_EQ(claim.publish(), Publish::revoked);
}

TEST_F(Revoking, Where_nobody_reads_along_producers_revoke) {
  auto one = make(4, WhenAlone::run_free);
  auto two = join();
  auto claim = one.claim(1);
  for (std::uint64_t number = 0; number < 3; ++number) publish(two, number);
  EXPECT_EQ(two.try_publish(E::of(3)), Publish::full);
  publish(two, 3);
  Publish tried = Publish::full;
  EXPECT_EQ(claim.publish(), Publish::revoked);
  auto second = one.claim(1);
  for (std::uint64_t number = 0; number < 3; ++number) publish(two, number);
  for (const TimePoint end = os::now() + 10s; tried == Publish::full && os::now() < end;)
    tried = two.try_publish(E::of(3));
  EXPECT_EQ(tried, Publish::ok);
  EXPECT_EQ(second.publish(), Publish::revoked);
}

TEST_F(Revoking, Options_that_make_no_sense_are_refused) {
  expect_error(
      Errc::invalid_option, {.object = name, .problem = "negative", .found = "-1 ns"}, [&] {
        Producer<E>::create(name, {.producers = ProducerKind::multi, .revoke_stopped_after = -1ns});
      });
  expect_error(Errc::invalid_option, {.object = name, .problem = "several producers"},
               [&] { Producer<E>::create(name, {.revoke_stopped_after = 1ms}); });
}

TEST_F(Revoking, The_ring_s_choice_counts_whatever_one_who_joins_would_choose) {
  auto one = make();
  auto two = Producer<E>::attach(name, {.revoke_stopped_after = 10s});
  EXPECT_EQ(two.segment().shape().revoke_stopped_after,
            static_cast<std::uint64_t>(patience.count()));
}

TEST_F(Revoking, A_burst_that_is_open_for_too_long_keeps_what_it_published) {
  auto one = make();
  auto two = join();
  auto consumer = reader();
  auto burst = one.burst(4);
  EXPECT_EQ(burst.publish(E::of(1)), Publish::ok);
  EXPECT_EQ(burst.publish(E::of(2)), Publish::ok);
  publish(two, 7);
  Numbers seen = drain(consumer);
  EXPECT_EQ(seen, (Numbers{1, 2}));
  EXPECT_EQ(wait_for_events(consumer), Numbers{7});
  EXPECT_EQ(consumer.voids(), 2U);
  EXPECT_EQ(burst.publish(E::of(3)), Publish::revoked);
  EXPECT_EQ(burst.status(), Publish::revoked);
  EXPECT_EQ(burst.room(), 0U);
  EXPECT_EQ(burst.publish(E::of(3)), Publish::revoked);
  EXPECT_EQ(one.next_sequence(), Sequence(2));
  burst.finish();
  for (std::uint64_t number = 0; number < 20; ++number) {
    publish(number % 2 == 0 ? one : two, number);
    EXPECT_EQ(drain(consumer), Numbers{number});
  }
  EXPECT_EQ(consumer.voids(), 2U);
}

TEST_F(Revoking, A_burst_that_ends_in_time_leaves_its_rest_to_nobody) {
  auto one = make();
  auto two = join();
  auto consumer = reader();
  for (std::uint64_t lap = 0; lap < 10; ++lap) {
    {
      auto burst = one.burst(3);
      EXPECT_EQ(burst.publish(E::of(lap)), Publish::ok);
      if (lap % 2 == 0) continue;
      EXPECT_EQ(burst.publish(E::of(100)), Publish::ok);
      EXPECT_EQ(burst.publish(E::of(101)), Publish::ok);
    }
    publish(two, 200);
    EXPECT_EQ(drain(consumer).back(), 200U);
  }
  EXPECT_EQ(consumer.voids(), 10U);
}

TEST_F(Revoking, A_burst_that_was_revoked_while_its_producer_closed_gives_its_slots_back) {
  std::optional<Producer<E>> one = make();
  auto two = join();
  auto consumer = reader();
  {
    auto burst = one->burst(2);
    publish(two, 7);
    EXPECT_EQ(wait_for_events(consumer), Numbers{7});
    one->close();
    EXPECT_EQ(burst.publish(E::of(1)), Publish::closed);
  }
  for (std::uint64_t number = 0; number < 20; ++number) {
    publish(two, number);
    EXPECT_EQ(drain(consumer), Numbers{number});
  }
  EXPECT_EQ(consumer.voids(), 2U);
}

TEST_F(Revoking, Another_claim_is_not_revoked_if_that_makes_no_room) {
  auto one = make(4);
  auto two = join();
  for (std::uint64_t number = 0; number < 3; ++number) publish(two, number);
  auto claim = one.claim(1);
  // What is missing is a consumer.
  EXPECT_EQ(two.publish_until(os::now() + 5 * patience, E::of(3)), Publish::timed_out);
  claim[0] = E::of(3);
  EXPECT_EQ(claim.publish(), Publish::ok);
}

TEST_F(Revoking, A_burst_that_is_used_up_covers_nothing_any_more) {
  auto one = make(4);
  auto consumer = reader();
  auto burst = one.burst(2);
  EXPECT_EQ(burst.publish(E::of(0)), Publish::ok);
  EXPECT_EQ(burst.publish(E::of(1)), Publish::ok);
  for (std::uint32_t index = 0; index < one.segment().shape().rows; ++index) {
    const format::Row& row = one.segment().row(index);
    EXPECT_GE(row.claim_first.load(), row.claim_end.load()) << index;
  }
}

TEST_F(Revoking, Who_passes_a_slot_over_wakes_those_who_wait_before_it) {
  auto one = make(4);
  auto two = join();
  auto consumer = reader();
  auto claim = one.claim(1);
  publish(two, 7);
  EXPECT_EQ(wait_for_events(consumer), Numbers{7});
  publish(two, 8);
  EXPECT_EQ(drain(consumer), Numbers{8});
  auto segment = Segment::try_attach(os::ObjectName::parse(name), SegmentRole::producer, {});
  ASSERT_TRUE(segment);
  const Bell bell(segment->bells().data);
  static_cast<void>(bell.announce_sleep());
  EXPECT_EQ(bell.word().load() % 2, 1U);
  EXPECT_TRUE(two.try_claim(2));  // sequences 3 and 4, and 4 is the slot in quarantine: 5 and 6
  EXPECT_EQ(bell.word().load() % 2, 0U);
}

}  // namespace
}  // namespace disruptor_mp::test
