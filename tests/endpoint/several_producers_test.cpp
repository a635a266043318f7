// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Several producers on one ring: one order for all, nobody in nobody's way, and what is left of
// those who give up or go. (Those who are killed: tests/process.)
#include <atomic>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

using E = StampedTick;

class SeveralProducers : public testing::Test {
 protected:
  Producer<E> make(std::uint64_t capacity = 8) {
    return Producer<E>::create(
        name, {.capacity = capacity, .producers = ProducerKind::multi, .id = "first"});
  }
  Producer<E> join(const std::string& id = {}) { return Producer<E>::attach(name, {.id = id}); }
  Consumer<E> reader(ConsumerOptions options = {}) { return Consumer<E>::attach(name, options); }

  static void publish(Producer<E>& producer, std::uint64_t number) {
    ASSERT_EQ(producer.publish(E::of(number)), Publish::ok);
  }
  static Poll end_of(Consumer<E>& consumer) {
    Poll end = Poll::idle;
    drain(consumer, &end);
    return end;
  }

  std::string name = unique_ring_name();
};

/// Found by the simulator (several-joining 5448): one that joins again holds its row's lock before
/// everybody sees what the row says.
TEST_F(SeveralProducers, Are_not_told_to_have_left_while_somebody_holds_a_row_that_says_so) {
  auto one = make();
  auto consumer = reader();
  const std::uint32_t row = one.participants().front().row;
  one.detach();
  const Segment& ring = consumer.segment();
  ASSERT_EQ(producer_presence(ring), ProducerPresence::left);
  auto joiner =
      Segment::try_attach(os::ObjectName::parse(name), SegmentRole::producer, EventType{});
  ASSERT_TRUE(joiner->object().try_lock(format::lock::row(row), os::LockMode::exclusive));
  EXPECT_EQ(producer_presence(ring), ProducerPresence::alive);
  EXPECT_EQ(consumer.poll([](const E&) {}).outcome, Poll::idle);
  joiner->object().unlock(format::lock::row(row));
  EXPECT_EQ(producer_presence(ring), ProducerPresence::left);
  joiner.reset();
  join().close();
}

TEST_F(SeveralProducers, Events_of_all_come_in_the_order_of_their_claims) {
  auto one = make();
  auto two = join();
  auto consumer = reader();
  publish(one, 1);
  publish(two, 2);
  publish(two, 3);
  publish(one, 4);
  EXPECT_EQ(drain(consumer), (Numbers{1, 2, 3, 4}));
}

TEST_F(SeveralProducers, A_producer_that_published_long_alone_gives_way_to_another) {
  auto one = make(64);
  auto two = join();
  auto consumer = reader();
  Numbers expected;
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    publish(number % 500 == 499 ? two : one, number);
    expected.push_back(number);
    if (number % 50 == 49) {
      ASSERT_EQ(drain(consumer), expected) << number;
      expected.clear();
    }
  }
}

TEST_F(SeveralProducers, Each_takes_only_the_room_that_is_there) {
  auto one = make(4);
  auto two = join();
  auto consumer = reader();
  for (std::uint64_t lap = 0; lap < 50; ++lap) {
    for (std::uint64_t i = 0; i < 4; ++i)
      ASSERT_EQ((i % 2 == 0 ? one : two).try_publish(E::of(i)), Publish::ok);
    EXPECT_EQ(one.try_publish(E::of(9)), Publish::full);
    EXPECT_EQ(two.try_publish(E::of(9)), Publish::full);
    EXPECT_EQ(two.publish_until(os::now() + 1ms, E::of(9)), Publish::timed_out);
    EXPECT_EQ(two.try_claim(1).status(), Publish::full);
    EXPECT_EQ(drain(consumer), numbers(0, 4));
  }
}

TEST_F(SeveralProducers, A_later_claim_waits_for_an_earlier_one) {
  auto one = make();
  auto two = join();
  auto consumer = reader();
  {
    auto claim = one.claim(2);
    publish(two, 3);
    EXPECT_EQ(drain(consumer), Numbers{});
    claim[0] = E::of(1);
    claim[1] = E::of(2);
  }
  EXPECT_EQ(drain(consumer), (Numbers{1, 2, 3}));
}

TEST_F(SeveralProducers, A_claim_that_is_given_up_is_skipped_and_counted) {
  auto one = make();
  auto two = join();
  auto consumer = reader();
  auto observer = reader({.kind = ConsumerKind::observer});
  {
    auto claim = one.claim(3);
    publish(two, 7);
    for (E& event : claim) event = E::of(1);
    claim.publish(1);
  }
  EXPECT_THROW(one.publish([](E& event) {
    event = E::of(8);
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  one.claim(2).abandon();
  publish(two, 9);
  EXPECT_EQ(drain(consumer), (Numbers{1, 7, 9}));
  EXPECT_EQ(consumer.voids(), 5U);
  EXPECT_EQ(drain(observer), (Numbers{1, 7, 9}));
  EXPECT_EQ(observer.voids(), 5U);
  EXPECT_EQ(observer.missed(), 0U);
}

TEST_F(SeveralProducers, A_second_claim_is_refused_while_one_is_open) {
  auto one = make();
  auto consumer = reader();
  auto claim = one.claim(2);
  EXPECT_EQ(one.claim(2).status(), Publish::claim_open);
  EXPECT_EQ(one.publish(E::of(666)), Publish::claim_open);
  claim[0] = E::of(1);
  claim[1] = E::of(2);
  EXPECT_EQ(claim.publish(), Publish::ok);
  publish(one, 3);
  EXPECT_EQ(drain(consumer), (Numbers{1, 2, 3}));
}

TEST_F(SeveralProducers, A_claim_of_a_producer_that_is_moved_is_given_up) {
  auto one = make();
  auto two = join();
  auto consumer = reader();
  auto claim = one.claim(2);
  auto moved = std::move(one);
  EXPECT_EQ(claim.publish(), Publish::closed);
  publish(two, 1);
  publish(moved, 2);
  EXPECT_EQ(drain(consumer), (Numbers{1, 2}));
  EXPECT_EQ(consumer.voids(), 2U);
}

TEST_F(SeveralProducers, Voids_do_not_fill_the_ring) {
  auto one = make(4);
  auto consumer = reader();
  for (int lap = 0; lap < 20; ++lap) {
    one.claim(4).abandon();
    EXPECT_EQ(one.try_publish(E::of(1)), Publish::full);
    EXPECT_EQ(drain(consumer), Numbers{});
  }
  EXPECT_EQ(consumer.voids(), 80U);
}

TEST_F(SeveralProducers, A_claim_open_at_the_close_is_given_up) {
  auto one = make();
  auto two = join();
  auto consumer = reader();
  auto claim = one.claim(2);
  one.close();
  claim[0] = E::of(1);
  claim.publish();
  publish(two, 2);
  EXPECT_EQ(drain(consumer), Numbers{2});
  EXPECT_EQ(consumer.voids(), 2U);
}

TEST_F(SeveralProducers, The_ring_ends_when_the_last_one_closes) {
  auto one = make();
  auto two = join();
  auto consumer = reader();
  publish(one, 1);
  one.close();
  EXPECT_EQ(one.publish(E::of(9)), Publish::closed);
  publish(two, 2);
  EXPECT_EQ(drain(consumer), (Numbers{1, 2}));
  EXPECT_EQ(end_of(consumer), Poll::idle);
  two.close();
  EXPECT_EQ(end_of(consumer), Poll::closed);
  EXPECT_EQ(error_of([&] { join(); }).code(), Errc::closed);
}

TEST_F(SeveralProducers, One_can_end_the_ring_for_all) {
  auto one = make();
  auto two = join();
  auto consumer = reader();
  publish(two, 1);
  auto claim = two.claim(1);
  one.close_for_all();
  claim[0] = E::of(2);
  claim.publish();  // claimed before the end
  EXPECT_EQ(two.publish(E::of(9)), Publish::closed);
  EXPECT_EQ(two.try_publish(E::of(9)), Publish::closed);
  EXPECT_EQ(two.claim(1).status(), Publish::closed);
  EXPECT_EQ(drain(consumer), (Numbers{1, 2}));
  EXPECT_EQ(end_of(consumer), Poll::closed);
}

TEST_F(SeveralProducers, One_that_leaves_without_closing_keeps_the_ring_open) {
  auto one = make();
  auto consumer = reader();
  {
    auto two = join();
    publish(two, 1);
    two.detach();
  }
  one.close();
  EXPECT_EQ(drain(consumer), Numbers{1});
  EXPECT_EQ(end_of(consumer), Poll::producer_left);
  auto three = join("three");
  publish(three, 2);
  EXPECT_EQ(drain(consumer), Numbers{2});
}

TEST_F(SeveralProducers, An_id_belongs_to_one_living_producer) {
  auto one = make();
  EXPECT_EQ(error_of([&] { join("first"); }).code(), Errc::consumer_alive);
  auto two = join();
  auto three = join();
  EXPECT_EQ(one.participants().size(), 3U);
}

TEST_F(SeveralProducers, A_ring_that_runs_free_waits_for_an_open_claim_all_the_same) {
  auto one = Producer<E>::create(
      name, {.capacity = 4, .when_alone = WhenAlone::run_free, .producers = ProducerKind::multi});
  auto two = join();
  auto claim = one.claim(1);
  for (std::uint64_t i = 0; i < 3; ++i) ASSERT_EQ(two.try_publish(E::of(i)), Publish::ok);
  EXPECT_EQ(two.try_publish(E::of(3)), Publish::full);  // the slot of the open claim
  claim[0] = E::of(9);
  claim.publish();
  for (std::uint64_t i = 3; i < 20; ++i) ASSERT_EQ(two.try_publish(E::of(i)), Publish::ok);
}

TEST_F(SeveralProducers, One_that_died_is_waited_for_only_under_an_id_of_its_own) {
  for (const std::string& id : {std::string(), std::string("gateway")}) {
    auto one = make();
    auto consumer = reader();
    EXPECT_EQ(in_child([&] {
                auto two = join(id);
                (void)two.publish(E::of(1));
                die();
              }),
              died);
    one.close();
    EXPECT_EQ(drain(consumer), Numbers{1});
    EXPECT_EQ(end_of(consumer), id.empty() ? Poll::closed : Poll::producer_dead);
    if (!id.empty()) join(id).close();
    EXPECT_EQ(end_of(consumer), Poll::closed);
  }
}

TEST_F(SeveralProducers, The_tail_is_biased_after_as_many_claims_as_were_chosen) {
  for (const std::uint32_t bias_after : {0U, 1U, 5U}) {
    auto one =
        Producer<E>::create(name, {.producers = ProducerKind::multi, .bias_after = bias_after});
    std::uint32_t claims = 0;
    const auto is_biased = [&] {
      return TailWord::unpack(one.segment().control().tail.load()).mode == TailWord::Mode::biased;
    };
    while (!is_biased() && claims < 1'000) {
      publish(one, claims);
      ++claims;
    }
    EXPECT_EQ(is_biased(), bias_after != 0);
    if (bias_after != 0) {
      EXPECT_GE(claims, bias_after);
      EXPECT_LE(claims, bias_after + 2);  // the first claim of all begins the row
    }
  }
}

TEST_F(SeveralProducers, A_first_sequence_without_room_for_the_tail_is_refused) {
  const std::uint64_t most = format::max_first_sequence_of_multi;
  expect_error(Errc::invalid_option, {.found = std::to_string(most + 1)}, [&] {
    Producer<E>::create(name, {.producers = ProducerKind::multi, .first_sequence = most + 1});
  });
  auto one = Producer<E>::create(name, {.producers = ProducerKind::multi, .first_sequence = most});
  auto consumer = reader();
  publish(one, 1);
  EXPECT_EQ(drain(consumer), Numbers{1});
}

TEST_F(SeveralProducers, Packed_slots_are_refused) {
  expect_error(Errc::invalid_option, {.found = "packed slots", .expected = "stamped slots"},
               [&] { Producer<PackedTick>::create(name, {.producers = ProducerKind::multi}); });
}

TEST_F(SeveralProducers, A_child_of_a_fork_cannot_publish) {
  auto one = make();
  auto consumer = reader();
  publish(one, 1);
  const std::string said = in_child([&] {
    return std::string(to_string(one.publish(E::of(666)))) + " " +
           std::string(to_string(one.try_claim(1).status()));
  });
  EXPECT_EQ(said, "used_after_fork used_after_fork");
  publish(one, 2);
  EXPECT_EQ(drain(consumer), (Numbers{1, 2}));
}

/// Producers in threads, singly, in batches, and with pauses in which another can take the tail for
/// itself: nothing is lost, nothing comes twice, and each one's events keep their order.
TEST_F(SeveralProducers, Nothing_is_lost_between_threads) {
  constexpr std::uint64_t per_producer = 40'000;
  constexpr unsigned count = 3;
  auto keeper = make(256);
  auto consumer = reader();
  auto second = reader();
  std::vector<std::thread> threads;
  for (unsigned who = 0; who < count; ++who) {
    threads.emplace_back([who, producer = join()]() mutable {
      for (std::uint64_t i = 0; i < per_producer;) {
        if (i % 1'000 == 999) std::this_thread::yield();
        if (who == 2 && i + 7 <= per_producer) {
          auto claim = producer.claim(7);
          ASSERT_EQ(claim.status(), Publish::ok);
          for (E& event : claim) event = E::of(i++ * count + who);
        } else {
          ASSERT_EQ(producer.publish(E::of(i * count + who)), Publish::ok);
          ++i;
        }
      }
    });
  }
  keeper.close();
  const auto read_all = [](Consumer<E>& from) {
    Numbers seen;
    std::vector<std::uint64_t> next(count, 0);
    const Poll end = from.run([&](const E& event) {
      ASSERT_TRUE(event.is_whole());
      ASSERT_EQ(event.number / count, next[event.number % count]++);
      seen.push_back(event.number);
    });
    EXPECT_EQ(end, Poll::closed);
    EXPECT_EQ(seen.size(), count * per_producer);
    return seen;
  };
  Numbers seen_by_second;
  std::thread other([&] { seen_by_second = read_all(second); });
  const Numbers seen = read_all(consumer);
  for (std::thread& thread : threads) thread.join();
  other.join();
  EXPECT_EQ(seen, seen_by_second);
}

TEST_F(SeveralProducers, A_full_ring_whose_name_was_removed_waits_for_nobody) {
  auto one = make(4);
  auto two = join();
  publish_until_full(one);
  std::filesystem::remove(shm_path(name));
  EXPECT_EQ(one.publish(E::of(4)), Publish::gone);
  EXPECT_EQ(two.claim(2).status(), Publish::gone);
}

TEST_F(SeveralProducers, An_open_claim_is_waited_for_also_when_the_name_was_removed) {
  auto one = make(4);
  auto two = join();
  {
    auto claim = two.claim(1);
    std::filesystem::remove(shm_path(name));
    ASSERT_TRUE(claim);
    publish_until_full(one);
    claim.publish();
  }
  EXPECT_EQ(one.publish(E::of(4)), Publish::gone);
}

TEST_F(SeveralProducers, A_full_ring_that_was_closed_for_all_says_so_to_the_last_who_claimed) {
  auto one =
      Producer<E>::create(name, {.capacity = 4, .producers = ProducerKind::multi, .bias_after = 0});
  auto two = join();
  publish(one, 0);
  while (two.try_publish(E::of(1)) == Publish::ok) {
  }
  one.close_for_all();
  EXPECT_EQ(two.try_publish(E::of(2)), Publish::closed);
  EXPECT_EQ(two.publish(E::of(2)), Publish::closed);
}

}  // namespace
}  // namespace disruptor_mp::test
