// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What the suites of other disruptors pin, and what the reference crate does wrong, where no other
// test comes by it. The list of all, with the tests that show them: docs/behaviours.md.
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <ctime>
#include <functional>
#include <thread>

#include "disruptor_mp/endpoint/event_processor.hpp"
#include "endpoint/drain.hpp"
#include "support/child.hpp"
#include "support/sanitizers.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Behaviours : public testing::Test {
 protected:
  Consumer<E> attach(ConsumerOptions options = {}) { return Consumer<E>::attach(name, options); }
  Consumer<E> attach_after(const std::string& id, std::vector<std::string> after) {
    return attach({.id = id, .after = std::move(after)});
  }

  std::string name = unique_ring_name();
  Producer<E> producer = Producer<E>::create(name, {.capacity = 8, .max_participants = 16});
};
TYPED_TEST_SUITE(Behaviours, BothLayouts, LayoutName);

// Disruptor-net: spans that are split at the wrap.
TYPED_TEST(Behaviours, Leases_of_every_size_fit_round_the_end_of_the_ring) {
  auto consumer = this->attach();
  std::uint64_t seen = 0;
  for (int lap = 0; lap < 10; ++lap) {
    for (std::size_t size = 1; size <= 8; ++size) {
      publish_numbers(this->producer, size);
      const auto lease = consumer.try_lease();
      ASSERT_EQ(lease.size(), size);
      EXPECT_EQ(lease.first(), Sequence(seen));
      Numbers iterated;
      for (const TypeParam& tick : lease) iterated.push_back(tick.number);
      EXPECT_EQ(iterated, numbers(seen, size));
      for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(lease[i].number, seen + i);
      seen += size;
    }
  }
}

// The reference, mapped: a callback sees addresses of the ring.
TYPED_TEST(Behaviours, A_handler_sees_the_slot_itself_and_no_copy) {
  auto consumer = this->attach();
  const Segment& ring = consumer.segment();
  const auto slot_of = [&](Sequence sequence) {
    return ring.slots() + sequence.value() % 8 * ring.shape().slot_stride;
  };
  const auto at = [](const TypeParam& tick) { return reinterpret_cast<const std::byte*>(&tick); };
  for (int lap = 0; lap < 3; ++lap) {
    publish_numbers(this->producer, 5);
    EXPECT_EQ(consumer
                  .poll([&](const TypeParam& tick, Sequence sequence) {
                    EXPECT_EQ(at(tick), slot_of(sequence));
                  })
                  .count,
              5U);
    publish_numbers(this->producer, 2);
    const auto lease = consumer.try_lease();
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(at(lease[i]), slot_of(lease.first() + i));
  }
}

// disruptor-rs: a branch joined after several stages, triple branch fan-out and join.
TYPED_TEST(Behaviours, Branches_of_different_length_are_joined_behind_the_longest) {
  auto head = this->attach({.id = "head"});
  auto first = this->attach_after("first", {"head"});
  auto second = this->attach_after("second", {"first"});
  auto middle = this->attach_after("middle", {"head"});
  auto lone = this->attach({.id = "lone"});
  auto end = this->attach_after("end", {"second", "middle", "lone"});
  for (std::uint64_t at = 0; at < 30; at += 3) {
    publish_numbers(this->producer, 3);
    const Numbers all = numbers(at, 3);
    EXPECT_EQ(drain(middle), Numbers{}) << "head has not";
    EXPECT_EQ(drain(lone), all);
    EXPECT_EQ(drain(head), all);
    EXPECT_EQ(drain(middle), all);
    EXPECT_EQ(drain(second), Numbers{}) << "first has not";
    EXPECT_EQ(drain(end), Numbers{}) << "second has not";
    EXPECT_EQ(drain(first), all);
    EXPECT_EQ(drain(end), Numbers{}) << "second still has not";
    second.try_next();
    EXPECT_EQ(drain(end), numbers(at, 1));
    EXPECT_EQ(drain(second), numbers(at + 1, 2));
    EXPECT_EQ(drain(end), numbers(at + 1, 2));
  }
}

// disruptor-rs: back pressure through a poller on a branch that nobody waits for.
TYPED_TEST(Behaviours, A_branch_beside_a_pipeline_holds_the_producer_back) {
  auto head = this->attach({.id = "head"});
  auto tail = this->attach_after("tail", {"head"});
  auto side = this->attach_after("side", {"head"});
  EXPECT_EQ(publish_until_full(this->producer), 8U);
  drain(head);
  drain(tail);
  EXPECT_EQ(publish_until_full(this->producer), 0U);
  EXPECT_EQ(this->producer.slowest_consumer()->id, "side");
  for (std::uint64_t i = 0; i < 8; ++i) {
    EXPECT_EQ(side.try_next()->number, i);
    EXPECT_EQ(publish_until_full(this->producer), 1U);
  }
}

// disruptor-rs: mixed pollers and processors.
TYPED_TEST(Behaviours, Pollers_processors_and_loops_of_one_ring_see_the_same) {
  constexpr std::uint64_t count = 2000;
  Numbers processed;
  Numbers polled;
  Numbers looped;
  EventProcessor processor(this->attach(),
                           [&](const TypeParam& tick) { processed.push_back(tick.number); });
  auto poller = this->attach();
  auto looper = this->attach();
  processor.start();
  std::jthread looping([&] {
    for (const TypeParam& tick : looper) looped.push_back(tick.number);
  });
  std::jthread publishing([&] {
    for (std::uint64_t i = 0; i < count; ++i)
      EXPECT_EQ(this->producer.publish(TypeParam::of(i)), Publish::ok);
    this->producer.close();
  });
  for (Poll outcome = Poll::idle; outcome == Poll::idle || outcome == Poll::events;) {
    outcome = poller.poll([&](const TypeParam& tick) { polled.push_back(tick.number); }).outcome;
    std::this_thread::yield();
  }
  looping.join();
  EXPECT_EQ(processor.join(), Poll::closed);
  for (const Numbers* seen : {&processed, &polled, &looped}) EXPECT_EQ(*seen, numbers(0, count));
}

/// Whoever sleeps is rung by each way of publishing: the bell is even again. (LMAX, Disruptor-net:
/// notify on publish and on batch publish.)
template <class E>
void expect_each_way_rings(Producer<E>& producer, Consumer<E>& consumer) {
  const E event = E::of(0);
  const auto fill = [&](E& slot) { slot = event; };
  const std::function<void()> ways[] = {
      [&] { EXPECT_EQ(producer.publish(event), Publish::ok); },
      [&] { EXPECT_EQ(producer.publish(fill), Publish::ok); },
      [&] { EXPECT_EQ(producer.try_publish(event), Publish::ok); },
      [&] { EXPECT_EQ(producer.try_publish(fill), Publish::ok); },
      [&] { EXPECT_EQ(producer.publish_until(never, event), Publish::ok); },
      [&] {
        auto claim = producer.claim(3);
        for (E& slot : claim) slot = event;
      },
      [&] {
        auto claim = producer.try_claim(3);
        for (E& slot : claim) slot = event;
        EXPECT_EQ(claim.publish(1), Publish::ok);
      },
      [&] {
        auto burst = producer.burst(2);
        EXPECT_EQ(burst.publish(event), Publish::ok);
      },
      [&] { producer.close(); }};
  const Bell bell(producer.segment().bells().data);
  std::size_t way = 0;
  for (const auto& publish : ways) {
    drain(consumer);
    (void)bell.announce_sleep();
    ASSERT_EQ(bell.word() & 1U, 1U);
    publish();
    EXPECT_EQ(bell.word() & 1U, 0U) << "way " << way;
    ++way;
  }
}

TYPED_TEST(Behaviours, Each_way_of_publishing_rings_whoever_sleeps) {
  auto consumer = this->attach();
  expect_each_way_rings(this->producer, consumer);
}

TEST(Behaviours_of_several, Each_way_of_publishing_rings_whoever_sleeps) {
  using E = StampedTick;
  for (const std::uint32_t bias_after : {0U, 1U}) {
    auto producer = Producer<E>::create(
        unique_ring_name(),
        {.capacity = 8, .producers = ProducerKind::multi, .bias_after = bias_after});
    auto consumer = Consumer<E>::attach(producer.segment().name());
    expect_each_way_rings(producer, consumer);
  }
}

// LMAX: shouldNotPassZeroSizeToBatchStartAware. Here a batch could be made of voids alone.
TEST(Behaviours_of_several, No_batch_begins_with_nothing_in_it) {
  using E = StampedTick;
  struct Sizes {
    std::vector<std::size_t> told = {};
    std::size_t handled = 0;
    void on_batch_start(std::size_t size) { told.push_back(size); }
    void on_event(const E&) { ++handled; }
  };
  auto producer =
      Producer<E>::create(unique_ring_name(), {.capacity = 8, .producers = ProducerKind::multi});
  EventProcessor processor(Consumer<E>::attach(producer.segment().name()), Sizes{});
  producer.claim(3).abandon();
  EXPECT_EQ(producer.try_publish(E::of(0)), Publish::ok);
  producer.claim(2).abandon();
  EXPECT_EQ(producer.try_publish(E::of(1)), Publish::ok);
  producer.claim(1).abandon();
  producer.close();
  EXPECT_EQ(processor.run(), Poll::closed);
  EXPECT_EQ(processor.handler().handled, 2U);
  std::size_t sum = 0;
  for (const std::size_t size : processor.handler().told) {
    EXPECT_GT(size, 0U);
    sum += size;
  }
  EXPECT_EQ(sum, 2U);
  EXPECT_EQ(processor.consumer().voids(), 6U);
}

// --- Weaknesses of the reference

class Weaknesses : public testing::Test {
 protected:
  using E = StampedTick;
  /// Processor time that `call` takes of this thread.
  template <class Call>
  static Duration cpu_time_of(Call&& call) {
    const auto used = [] {
      timespec time{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
      return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    };
    const auto before = used();
    call();
    return used() - before;
  }

  std::string name = unique_ring_name();
};

// W-19: a restart counts twice, an exit is never subtracted.
TEST_F(Weaknesses, Who_comes_again_and_again_counts_once) {
  auto producer = Producer<E>::create(name);
  for (int life = 0; life < 3; ++life) auto left = Consumer<E>::attach(name, {.id = "restarted"});
  for (int life = 0; life < 3; ++life) {
    ASSERT_EQ(in_child([&] {
                auto dead = Consumer<E>::attach(name, {.id = "restarted"});
                die();
              }),
              died);
  }
  auto consumer = Consumer<E>::attach(name, {.id = "restarted"});
  EXPECT_NO_THROW(producer.wait_for_consumers(1, 0s));
  expect_error(Errc::consumers_missing, {.found = "restarted (gating", .expected = "2 living"},
               [&] { producer.wait_for_consumers(2, 0s); });
}

// W-23: shutdown is looked at only when nothing is left to read. Here there always is: the handler
// publishes one event for each that it gets.
TEST_F(Weaknesses, A_processor_is_stopped_though_there_is_always_an_event) {
  auto producer = Producer<E>::create(name, {.capacity = 8});
  std::atomic<std::uint64_t> handled = 0;
  const auto wait_for_more = [&] {
    for (const std::uint64_t until = handled + 100; handled < until;) std::this_thread::yield();
  };
  {
    EventProcessor processor(Consumer<E>::attach(name), [&](const E&) {
      ++handled;
      EXPECT_EQ(producer.try_publish(E::of(0)), Publish::ok);
    });
    ASSERT_EQ(producer.try_publish(E::of(0)), Publish::ok);
    processor.start();
    wait_for_more();
    processor.stop();
    EXPECT_EQ(processor.join(), Poll::interrupted);
    EXPECT_EQ(processor.consumer().lag(), 1U);
    processor.start();
    wait_for_more();
  }  // and its end stops it too
  EXPECT_EQ(handled + 1, producer.next_sequence().value());
}

// W-26: a library that prints.
TEST_F(Weaknesses, Nothing_is_ever_printed) {
  std::fflush(nullptr);  // what the child would else print for us
  const std::string said = in_child([&] {
    const int sink = memfd_create("said", 0);
    if (dup2(sink, STDOUT_FILENO) < 0 || dup2(sink, STDERR_FILENO) < 0) return std::string("no");
    {
      auto producer = Producer<E>::create(name, {.capacity = 4, .required_patience = 0ns});
      auto gone = Consumer<E>::attach(name, {.id = "gone", .kind = ConsumerKind::required});
      producer.enable_liveness({.required_consumer_ids = {"gone"},
                                .progress_timeout = 1ms,
                                .progress_check_interval = 1ms,
                                .shutdown_grace_period = 0s});
      publish_until_full(producer);
      if (producer.publish(E::of(4)) != Publish::consumer_stalled) return std::string("no stall");
      producer.acknowledge_failure();
      try {
        producer.wait_for_consumers({"nobody"}, 1ms);
      } catch (const Error&) {
      }
      try {
        Consumer<E>::attach(name, {.id = "gone"});
      } catch (const Error&) {
      }
      gone.resign();
      producer.close();
    }
    std::fflush(nullptr);
    return std::to_string(lseek(sink, 0, SEEK_END)) + " bytes";
  });
  EXPECT_EQ(said, "0 bytes");
}

// W-30: the producer's line is read for each event. Here a batch knows from its start how far it
// goes: what is written there meanwhile changes nothing.
TEST_F(Weaknesses, A_batch_asks_once_how_far_the_stream_goes) {
  auto producer = Producer<PackedTick>::create(name, {.capacity = 16});
  auto consumer = Consumer<PackedTick>::attach(name);
  std::atomic<std::uint64_t>& published = producer.segment().control().published;
  publish_numbers(producer, 8);
  Numbers seen;
  const auto see = [&](const PackedTick& tick) {
    published = 0;
    seen.push_back(tick.number);
  };
  EXPECT_EQ(consumer.poll(see).count, 8U);
  EXPECT_EQ(seen, numbers(0, 8));
  published = 8;
  publish_numbers(producer, 8);
  for (const PackedTick& tick : consumer) {
    see(tick);
    if (seen.size() == 16) break;
  }
  EXPECT_EQ(seen, numbers(0, 16));
  published = 16;
}

// W-34: who waits for others at the start spins.
TEST_F(Weaknesses, Waiting_for_who_is_not_there_takes_hardly_any_processor_time) {
  constexpr Duration wait = 200ms;
  constexpr Duration most = under_asan || under_tsan ? wait * 9 / 10 : wait / 2;
  auto producer = Producer<E>::create(name, {.max_participants = 4});
  auto consumer = Consumer<E>::attach(name, {.id = "there"});
  const std::function<void()> waits[] = {
      [&] { producer.wait_for_consumers(2, wait); },
      [&] {
        producer.wait_for_consumers({"there", "missing"}, wait);
      },
      [&] { (void)producer.discover_consumers("missing", 1, wait); },
      [&] {
        producer.enable_liveness(
            {.required_consumer_ids = {"missing"}, .startup_wait_timeout = wait});
      },
      [&] { (void)Consumer<E>::attach(name + "-missing", {.timeout = wait}); },
      [&] { (void)Consumer<E>::attach(name, {.id = "there", .timeout = wait}); },
      [&] { (void)Producer<E>::attach(name, {.timeout = wait}); }};
  std::size_t which = 0;
  for (const auto& each : waits) {
    const TimePoint before = os::now();
    EXPECT_LT(cpu_time_of([&] { EXPECT_THROW(each(), Error); }), most) << which;
    EXPECT_GE(os::now() - before, wait) << which;
    ++which;
  }
}

}  // namespace
}  // namespace disruptor_mp::test
