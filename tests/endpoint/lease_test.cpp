// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Events held in place, and progress that is committed per batch, per event or by hand.
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Leasing : public testing::Test {
 protected:
  Consumer<E> attach(ConsumerOptions options = {}) { return Consumer<E>::attach(name, options); }

  /// Where a consumer of this id would go on.
  std::uint64_t resume_position(const std::string& id) {
    return attach({.id = id, .start = Start::resume}).start_sequence().value();
  }
  /// How many events find room; then the ring is full.
  std::size_t room() { return publish_until_full(producer); }

  std::string name = unique_ring_name();
  Producer<E> producer = Producer<E>::create(name, {.capacity = 16});
};
TYPED_TEST_SUITE(Leasing, BothLayouts, LayoutName);

template <class E>
Numbers numbers_of(const Lease<E>& lease) {
  Numbers seen;
  for (const E& tick : lease) {
    EXPECT_TRUE(tick.is_whole());
    seen.push_back(tick.number);
  }
  return seen;
}

TYPED_TEST(Leasing, A_lease_holds_what_is_there_and_commits_it_at_its_end) {
  auto consumer = this->attach();
  EXPECT_EQ(this->room(), 16U);
  {
    const auto lease = consumer.try_lease();
    ASSERT_TRUE(lease);
    EXPECT_EQ(lease.outcome(), Poll::events);
    EXPECT_EQ(lease.size(), 16U);
    EXPECT_EQ(lease.first(), Sequence(0));
    EXPECT_EQ(numbers_of(lease), numbers(0, 16));
    EXPECT_EQ(lease[7].number, 7U);
    EXPECT_EQ(this->room(), 0U) << "held in place";
    EXPECT_EQ(consumer.next_sequence(), Sequence(0));
    EXPECT_EQ(consumer.lag(), 16U);
  }
  EXPECT_EQ(this->room(), 16U);
  EXPECT_EQ(consumer.next_sequence(), Sequence(16));
}

TYPED_TEST(Leasing, A_lease_is_at_most_a_batch_and_at_most_what_was_asked_for) {
  auto consumer = this->attach({.max_batch = 4});
  publish_numbers(this->producer, 10);
  EXPECT_EQ(numbers_of(consumer.try_lease()), numbers(0, 4));
  EXPECT_EQ(numbers_of(consumer.try_lease(3)), numbers(4, 3));
  EXPECT_EQ(consumer.try_lease(0).outcome(), Poll::idle) << "asked for none";
  EXPECT_EQ(numbers_of(consumer.try_lease(100)), numbers(7, 3));
  EXPECT_EQ(consumer.try_lease().outcome(), Poll::idle);
}

TYPED_TEST(Leasing, Events_released_early_are_room_at_once) {
  auto consumer = this->attach();
  EXPECT_EQ(this->room(), 16U);
  auto lease = consumer.try_lease();
  lease.release_first(5);
  EXPECT_EQ(this->room(), 5U);
  EXPECT_EQ(numbers_of(lease), numbers(5, 11));
  EXPECT_EQ(consumer.next_sequence(), Sequence(5));
  lease.release_first(100);
  EXPECT_EQ(lease.size(), 0U);
  EXPECT_EQ(this->room(), 11U);
  EXPECT_EQ(numbers_of(consumer.try_lease()), numbers(16, 16));
}

TYPED_TEST(Leasing, What_is_given_back_comes_again) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 6);
  auto lease = consumer.try_lease();
  lease.release_first(2);
  lease.give_back();
  EXPECT_TRUE(lease.empty());
  EXPECT_EQ(drain(consumer), numbers(2, 4));
}

TYPED_TEST(Leasing, An_exception_gives_the_lease_back) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 6);
  const auto failing = [&] {
    auto lease = consumer.try_lease();
    lease.release_first(1);
    throw std::runtime_error("in the midst of a lease");
  };
  EXPECT_THROW(failing(), std::runtime_error);
  EXPECT_EQ(consumer.next_sequence(), Sequence(1));
  EXPECT_EQ(drain(consumer), numbers(1, 5));
}

TYPED_TEST(Leasing, While_one_is_open_nothing_else_is_read) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 3);
  const auto nothing = [](const TypeParam&) { ADD_FAILURE() << "read beside a lease"; };
  {
    const auto lease = consumer.try_lease(1);
    EXPECT_EQ(consumer.poll(nothing).outcome, Poll::lease_open);
    EXPECT_EQ(consumer.wait_poll(nothing).outcome, Poll::lease_open);
    EXPECT_EQ(consumer.try_lease().outcome(), Poll::lease_open);
    EXPECT_EQ(consumer.lease().outcome(), Poll::lease_open);
    EXPECT_EQ(consumer.try_next(), std::nullopt);
    for ([[maybe_unused]] const TypeParam& tick : consumer) ADD_FAILURE() << "read beside a lease";
    EXPECT_EQ(consumer.ended(), Poll::lease_open);
    EXPECT_EQ(consumer.explain(Poll::lease_open).code(), Errc::lease_open);
    EXPECT_EQ(consumer.next_sequence(), Sequence(0));
  }
  EXPECT_EQ(drain(consumer), numbers(1, 2));
}

TYPED_TEST(Leasing, A_lease_and_its_consumer_may_be_moved) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 4);
  std::optional<Lease<TypeParam>> kept;
  {
    auto lease = consumer.try_lease(2);
    kept.emplace(std::move(lease));
  }
  EXPECT_EQ(consumer.next_sequence(), Sequence(0)) << "the moved-from end is no end";
  auto moved = std::move(consumer);
  EXPECT_EQ(moved.poll([](const TypeParam&) {}).outcome, Poll::lease_open);
  EXPECT_EQ(numbers_of(*kept), numbers(0, 2));
  kept.reset();
  EXPECT_EQ(moved.next_sequence(), Sequence(2));
  EXPECT_EQ(drain(moved), numbers(2, 2));
}

TYPED_TEST(Leasing, Who_leaves_or_goes_gives_the_lease_back) {
  std::optional<Consumer<TypeParam>> consumer = this->attach({.id = "risk"});
  publish_numbers(this->producer, 4);
  std::optional<Lease<TypeParam>> lease = consumer->try_lease();
  lease->release_first(1);
  consumer.reset();
  EXPECT_TRUE(lease->empty());
  lease.reset();
  EXPECT_EQ(this->resume_position("risk"), 1U);
}

TYPED_TEST(Leasing, It_waits_for_events_and_ends_with_the_stream) {
  auto consumer = this->attach();
  EXPECT_EQ(consumer.lease_until(std::chrono::steady_clock::now()).outcome(), Poll::timed_out);
  std::jthread publisher([&] {
    for (std::uint64_t i = 0; i < 500; ++i) this->producer.publish(TypeParam::of(i));
    this->producer.close();
  });
  Numbers seen;
  for (;;) {
    const auto lease = consumer.lease();
    if (!lease) {
      EXPECT_EQ(lease.outcome(), Poll::closed);
      break;
    }
    for (const TypeParam& tick : lease) seen.push_back(tick.number);
  }
  EXPECT_EQ(seen, numbers(0, 500));
}

TYPED_TEST(Leasing, An_observer_leases_one_copy_after_the_other) {
  auto observer = this->attach({.kind = ConsumerKind::observer});
  publish_numbers(this->producer, 3);
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto lease = observer.try_lease();
    EXPECT_EQ(numbers_of(lease), numbers(i, 1));
    EXPECT_EQ(lease.first(), Sequence(i));
  }
  EXPECT_EQ(observer.try_lease().outcome(), Poll::idle);
}

TYPED_TEST(Leasing, A_copy_stays_whole_when_its_slot_is_overwritten) {
  auto observer = this->attach({.kind = ConsumerKind::observer});
  auto gate = this->attach();
  publish_numbers(this->producer, 1);
  const auto lease = observer.try_lease();
  for (int lap = 0; lap < 3; ++lap) {
    drain(gate);
    this->room();
  }
  EXPECT_EQ(numbers_of(lease), numbers(0, 1));
}

TYPED_TEST(Leasing, What_is_missed_during_a_lease_counts_once) {
  auto observer = this->attach({.kind = ConsumerKind::observer});
  auto gate = this->attach();
  EXPECT_EQ(this->room(), 16U);
  {
    const auto lease = observer.try_lease();
    drain(gate);
    EXPECT_EQ(this->room(), 16U);
    EXPECT_EQ(observer.try_lease().outcome(), Poll::lease_open);
    EXPECT_EQ(observer.missed(), 0U) << "it is known when the lease ends";
  }
  const Numbers seen = drain(observer);
  EXPECT_EQ(1 + observer.missed() + seen.size(), 32U);

  // What is given back, too.
  auto lease = observer.try_lease();
  EXPECT_FALSE(lease);
  drain(gate);
  EXPECT_EQ(this->room(), 16U);
  auto held = observer.try_lease();
  ASSERT_TRUE(held);
  drain(gate);
  EXPECT_EQ(this->room(), 16U);
  held.give_back();
  const std::uint64_t missed = observer.missed();
  const std::size_t more = drain(observer).size();
  EXPECT_EQ(observer.missed() - missed + more, 32U);
}

TYPED_TEST(Leasing, Who_was_passed_over_leases_copies) {
  Producer<TypeParam> watched = Producer<TypeParam>::create(unique_ring_name(), {.capacity = 4});
  auto consumer = Consumer<TypeParam>::attach(
      watched.segment().name(), {.may_be_passed_over = true, .commit = Commit::per_event});
  publish_numbers(watched, 3);
  EXPECT_EQ(numbers_of(consumer.try_lease()), numbers(0, 1));
  EXPECT_EQ(watched.remaining_capacity(), 2U);
  std::vector<std::uint64_t> room;
  consumer.poll([&](const TypeParam&) { room.push_back(watched.remaining_capacity()); });
  EXPECT_EQ(room, (std::vector<std::uint64_t>{2, 3})) << "per event, also of copies";
}

TYPED_TEST(Leasing, In_the_child_of_a_fork_a_lease_ends_without_a_trace) {
  auto consumer = this->attach({.id = "risk"});
  publish_numbers(this->producer, 4);
  auto lease = consumer.try_lease();
  const pid_t child = fork();
  if (child == 0) {
    const bool has_ended = lease.empty();
    lease.release();
    const auto nothing = [](const TypeParam&) {};
    const bool refused = consumer.poll(nothing).outcome == Poll::used_after_fork &&
                         consumer.try_lease().outcome() == Poll::used_after_fork &&
                         !consumer.has_available();
    _exit(has_ended && refused ? 7 : 8);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(this->producer.remaining_capacity(), 12U) << "nothing was committed";
  EXPECT_EQ(numbers_of(lease), numbers(0, 4));
}

TYPED_TEST(Leasing, Has_available_looks_and_takes_nothing) {
  auto consumer = this->attach();
  auto observer = this->attach({.kind = ConsumerKind::observer});
  EXPECT_FALSE(consumer.has_available());
  EXPECT_FALSE(observer.has_available());
  publish_numbers(this->producer, 2);
  EXPECT_TRUE(consumer.has_available());
  EXPECT_TRUE(consumer.has_available());
  EXPECT_EQ(drain(consumer), numbers(0, 2));
  EXPECT_FALSE(consumer.has_available());
  // An observer that was overtaken has something to read too: what is not overwritten.
  for (int lap = 0; lap < 2; ++lap) {
    this->room();
    drain(consumer);
  }
  EXPECT_TRUE(observer.has_available());
  // Behind an open lease there may be more.
  auto late = this->attach({.start = Start::latest});
  publish_numbers(this->producer, 1);
  const auto lease = late.try_lease();
  EXPECT_FALSE(late.has_available());
  publish_numbers(this->producer, 1);
  EXPECT_TRUE(late.has_available());
}

TYPED_TEST(Leasing, In_a_ring_of_one_slot_nothing_is_available_while_it_is_written) {
  auto one = Producer<TypeParam>::create(unique_ring_name(),
                                         {.capacity = 1, .when_alone = WhenAlone::run_free});
  auto observer =
      Consumer<TypeParam>::attach(one.segment().name(), {.kind = ConsumerKind::observer});
  publish_numbers(one, 1);
  auto claim = one.try_claim(1);
  ASSERT_TRUE(claim);
  EXPECT_FALSE(observer.has_available()) << "0 may be overwritten, and 1 is not published";
  claim.abandon();
}

// --- When progress is committed

TYPED_TEST(Leasing, Progress_per_event_is_room_after_each_event) {
  auto consumer = this->attach({.commit = Commit::per_event});
  EXPECT_EQ(this->room(), 16U);
  std::size_t handled = 0;
  std::vector<bool> ends;
  consumer.poll([&](const TypeParam&, Sequence, bool end_of_batch) {
    EXPECT_EQ(this->room(), handled++ == 0 ? 0U : 1U);
    ends.push_back(end_of_batch);
  });
  EXPECT_EQ(handled, 16U) << "batches are as ever";
  EXPECT_EQ(std::count(ends.begin(), ends.end(), true), 1);

  handled = 0;
  for ([[maybe_unused]] const TypeParam& tick : consumer) {
    EXPECT_EQ(this->room(), 1U) << "that of the event before";
    if (++handled == 5) break;
  }
}

TYPED_TEST(Leasing, Progress_by_hand_is_what_was_committed_and_nothing_else) {
  {
    auto consumer = this->attach({.id = "risk", .commit = Commit::by_hand});
    publish_numbers(this->producer, 10);
    EXPECT_EQ(drain(consumer), numbers(0, 10));
    EXPECT_EQ(this->producer.remaining_capacity(), 6U);
    consumer.commit_to(Sequence(3));
    EXPECT_EQ(this->producer.remaining_capacity(), 9U);
    consumer.commit_to(Sequence(1));
    EXPECT_EQ(this->producer.remaining_capacity(), 9U) << "never taken back";
    EXPECT_EQ(drain(consumer), Numbers{}) << "handled once all the same";
  }
  EXPECT_EQ(this->resume_position("risk"), 3U) << "leaving commits nothing";
}

TYPED_TEST(Leasing, What_a_loop_has_committed_does_not_come_again) {
  auto consumer = this->attach({.commit = Commit::by_hand});
  publish_numbers(this->producer, 4);
  const auto failing = [&](bool commits) {
    for ([[maybe_unused]] const TypeParam& tick : consumer) {
      if (commits) consumer.commit();
      throw std::runtime_error("in the body");
    }
  };
  EXPECT_THROW(failing(false), std::runtime_error);
  EXPECT_EQ(consumer.next_sequence(), Sequence(0));
  EXPECT_THROW(failing(true), std::runtime_error);
  EXPECT_EQ(consumer.next_sequence(), Sequence(1)) << "a producer may overwrite it";
  EXPECT_EQ(this->producer.remaining_capacity(), 13U);
}

TYPED_TEST(Leasing, A_lease_in_a_loop_counts_the_event_in_hand_as_handled) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 4);
  const auto failing = [&] {
    for ([[maybe_unused]] const TypeParam& tick : consumer) {
      const auto lease = consumer.try_lease(2);
      EXPECT_EQ(numbers_of(lease), numbers(1, 2));
      throw std::runtime_error("in the body");
    }
  };
  EXPECT_THROW(failing(), std::runtime_error);
  EXPECT_EQ(consumer.next_sequence(), Sequence(1));
  EXPECT_EQ(this->producer.remaining_capacity(), 13U);
  EXPECT_EQ(drain(consumer), numbers(1, 3));
}

TYPED_TEST(Leasing, An_observer_has_nothing_to_commit) {
  auto observer = this->attach({.kind = ConsumerKind::observer, .commit = Commit::by_hand});
  publish_numbers(this->producer, 2);
  EXPECT_EQ(drain(observer), numbers(0, 2));
  observer.commit();
  EXPECT_EQ(drain(observer), Numbers{});
}

TYPED_TEST(Leasing, Who_resigns_gives_the_lease_back) {
  auto consumer = this->attach({.id = "risk"});
  publish_numbers(this->producer, 4);
  auto lease = consumer.try_lease();
  lease.release_first(3);
  consumer.resign();
  EXPECT_TRUE(lease.empty());
  lease.release();
  EXPECT_EQ(this->resume_position("risk"), 3U);
}

TYPED_TEST(Leasing, What_is_not_handled_is_not_committed) {
  auto consumer = this->attach({.id = "risk", .commit = Commit::by_hand});
  publish_numbers(this->producer, 10);
  consumer.poll([&](const TypeParam& tick) {
    if (tick.number == 4) {
      consumer.commit_to(Sequence(9));
      EXPECT_EQ(this->producer.remaining_capacity(), 10U) << "the four before this one";
    }
  });
  const auto lease = consumer.try_lease();
  consumer.commit();
  EXPECT_EQ(this->producer.remaining_capacity(), 16U);
}

TYPED_TEST(Leasing, By_hand_a_released_lease_is_handled_and_not_committed) {
  auto consumer = this->attach({.commit = Commit::by_hand});
  publish_numbers(this->producer, 8);
  {
    auto lease = consumer.try_lease();
    lease.release_first(3);
    EXPECT_EQ(this->producer.remaining_capacity(), 8U);
    consumer.commit();
    EXPECT_EQ(this->producer.remaining_capacity(), 11U) << "and not what the lease still holds";
  }
  EXPECT_EQ(this->producer.remaining_capacity(), 11U);
  consumer.commit();
  EXPECT_EQ(this->producer.remaining_capacity(), 16U);
}

TEST(LeasingOfSeveral, Voids_behind_what_is_committed_by_hand_hold_nobody_back) {
  using E = StampedTick;
  auto producer =
      Producer<E>::create(unique_ring_name(), {.capacity = 4, .producers = ProducerKind::multi});
  auto consumer = Consumer<E>::attach(producer.segment().name(), {.commit = Commit::by_hand});
  publish_numbers(producer, 1);
  EXPECT_EQ(drain(consumer), numbers(0, 1));
  producer.claim(2).abandon();  // tombstones at 1 and 2
  EXPECT_EQ(producer.try_publish(E::of(3)), Publish::ok);
  EXPECT_EQ(drain(consumer), numbers(3, 1));
  EXPECT_EQ(consumer.voids(), 2U);
  EXPECT_EQ(producer.remaining_capacity(), 0U) << "0 is not committed";
  consumer.commit();
  EXPECT_EQ(producer.remaining_capacity(), 4U);

  producer.claim(4).abandon();
  EXPECT_EQ(drain(consumer), Numbers{});
  EXPECT_EQ(producer.remaining_capacity(), 4U) << "nothing was left to be committed";
}

TEST(LeasingOfSeveral, Voids_are_committed_with_the_event_before_them) {
  using E = StampedTick;
  auto producer =
      Producer<E>::create(unique_ring_name(), {.capacity = 4, .producers = ProducerKind::multi});
  auto consumer = Consumer<E>::attach(producer.segment().name(), {.commit = Commit::by_hand});
  publish_numbers(producer, 1);
  producer.claim(3).abandon();
  EXPECT_EQ(drain(consumer), numbers(0, 1));
  EXPECT_EQ(producer.try_publish(E::of(4)), Publish::full) << "0 is not committed";
  consumer.commit_to(Sequence(1));
  ASSERT_EQ(producer.try_publish(E::of(4)), Publish::ok) << "nobody has to handle 1, 2 and 3";

  // And not with one before an event that is not committed.
  EXPECT_EQ(drain(consumer), numbers(4, 1));
  producer.claim(1).abandon();  // 5
  EXPECT_EQ(producer.try_publish(E::of(6)), Publish::ok);
  EXPECT_EQ(drain(consumer), numbers(6, 1));
  EXPECT_EQ(producer.remaining_capacity(), 1U);
  consumer.commit_to(Sequence(4));
  EXPECT_EQ(producer.remaining_capacity(), 1U);
  consumer.commit_to(Sequence(5));
  EXPECT_EQ(producer.remaining_capacity(), 3U) << "4, and the void behind it";
}

TEST(LeasingOfSeveral, What_stands_behind_a_void_is_available) {
  using E = StampedTick;
  auto producer =
      Producer<E>::create(unique_ring_name(), {.capacity = 4, .producers = ProducerKind::multi});
  auto consumer = Consumer<E>::attach(producer.segment().name());
  publish_numbers(producer, 1);
  EXPECT_EQ(drain(consumer), numbers(0, 1));
  producer.claim(2).abandon();
  EXPECT_FALSE(consumer.has_available());
  EXPECT_EQ(producer.try_publish(E::of(3)), Publish::ok);
  EXPECT_TRUE(consumer.has_available());
  EXPECT_EQ(consumer.voids(), 0U) << "nothing was skipped";
  EXPECT_EQ(drain(consumer), numbers(3, 1));
  producer.claim(4).abandon();
  EXPECT_FALSE(consumer.has_available()) << "a lap of them";
}

// --- Death

TYPED_TEST(Leasing, Who_dies_with_a_lease_has_handled_what_it_released) {
  publish_numbers(this->producer, 8);
  EXPECT_EQ(in_child([&] {
              auto consumer = this->attach({.id = "risk", .kind = ConsumerKind::required});
              auto lease = consumer.try_lease();
              lease.release_first(3);
              die();
            }),
            died);
  EXPECT_EQ(this->room(), 11U) << "what it held is held back";
  auto consumer =
      this->attach({.id = "risk", .kind = ConsumerKind::required, .start = Start::resume});
  EXPECT_EQ(drain(consumer), numbers(3, 16));
}

TYPED_TEST(Leasing, Who_dies_has_committed_what_its_mode_says) {
  publish_numbers(this->producer, 8);
  const auto dies_in_the_sixth = [&](Commit commit) {
    const std::string id = "c" + std::to_string(static_cast<int>(commit));
    EXPECT_EQ(in_child([&] {
                auto consumer = this->attach({.id = id, .max_batch = 4, .commit = commit});
                const auto handler = [&](const TypeParam& tick) {
                  if (tick.number == 2) consumer.commit();
                  if (tick.number == 5) die();
                };
                for (;;) consumer.poll(handler);
              }),
              died);
    return this->resume_position(id);
  };
  EXPECT_EQ(dies_in_the_sixth(Commit::per_batch), 4U);
  EXPECT_EQ(dies_in_the_sixth(Commit::per_event), 5U);
  EXPECT_EQ(dies_in_the_sixth(Commit::by_hand), 2U);
}

// --- Interrupting

TYPED_TEST(Leasing, An_interrupt_wakes_one_that_waits_for_another_consumer) {
  auto first = this->attach({.id = "first"});
  auto second = this->attach({.id = "second", .after = {"first"}});
  publish_numbers(this->producer, 1);
  std::jthread other([&] { second.interrupt(); });
  EXPECT_EQ(second.wait_poll([](const TypeParam&) {}).outcome, Poll::interrupted);
  other.join();
  // It sleeps on the bell that commits ring, and there it must be woken.
  const Bell bell(this->producer.segment().bells().gates);
  (void)bell.announce_sleep();
  second.interrupt();
  EXPECT_EQ(bell.word() & 1U, 0U);
}

TYPED_TEST(Leasing, An_interrupted_wait_says_so_once) {
  auto consumer = this->attach();
  const auto nothing = [](const TypeParam&) {};
  std::jthread other([&] {
    std::this_thread::sleep_for(5ms);
    consumer.interrupt();
  });
  EXPECT_EQ(consumer.wait_poll(nothing).outcome, Poll::interrupted);
  EXPECT_EQ(consumer.explain(Poll::interrupted).code(), Errc::interrupted);
  EXPECT_EQ(consumer.poll_until(std::chrono::steady_clock::now() + 1ms, nothing).outcome,
            Poll::timed_out);
  consumer.interrupt();
  publish_numbers(this->producer, 1);
  EXPECT_EQ(consumer.wait_poll(nothing).outcome, Poll::events) << "events come first";
  EXPECT_EQ(consumer.wait_poll(nothing).outcome, Poll::interrupted) << "it waits for the next wait";
}

TYPED_TEST(Leasing, Every_way_to_wait_can_be_interrupted) {
  for (const WaitStrategy wait :
       {WaitStrategy::busy_spin(), WaitStrategy::spin_with_hint(), WaitStrategy::spin_then_yield(),
        WaitStrategy::sleep(1ms), WaitStrategy::block()}) {
    for (const ConsumerKind kind : {ConsumerKind::gating, ConsumerKind::observer}) {
      auto consumer = this->attach({.kind = kind, .wait = wait});
      std::jthread other([&] { consumer.interrupt(); });
      EXPECT_EQ(consumer.lease().outcome(), Poll::interrupted);
    }
  }
}

TYPED_TEST(Leasing, An_interrupt_tells_what_was_done_before_it) {
  auto consumer = this->attach();
  std::uint64_t told = 0;  // a plain variable: the thread sanitizer sees whether that is enough
  for (std::uint64_t round = 1; round <= 200; ++round) {
    std::jthread other([&] {
      told = round;
      consumer.interrupt();
    });
    ASSERT_EQ(consumer.lease().outcome(), Poll::interrupted);
    ASSERT_EQ(told, round);
  }
}

TYPED_TEST(Leasing, Iteration_ends_when_it_is_interrupted) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 2);
  consumer.interrupt();
  Numbers seen;
  for (const TypeParam& tick : consumer) seen.push_back(tick.number);
  EXPECT_EQ(seen, numbers(0, 2));
  EXPECT_EQ(consumer.ended(), Poll::interrupted);
}

}  // namespace
}  // namespace disruptor_mp::test
