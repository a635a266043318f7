// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `for (const E& event : consumer)`: which event counts as handled when the loop is left.
#include <stdexcept>
#include <thread>

#include "endpoint/drain.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Iterating : public testing::Test {
 protected:
  Consumer<E> attach(ConsumerOptions options = {}) { return Consumer<E>::attach(name, options); }

  /// Where a consumer of this id would go on.
  std::uint64_t resume_position(const std::string& id) {
    return attach({.id = id, .start = Start::resume}).start_sequence().value();
  }

  std::string name = unique_ring_name();
  Producer<E> producer = Producer<E>::create(name, {.capacity = 16});
};
TYPED_TEST_SUITE(Iterating, BothLayouts, LayoutName);

TYPED_TEST(Iterating, A_loop_sees_every_event_and_ends_with_the_stream) {
  auto consumer = this->attach({.max_batch = 2});
  publish_numbers(this->producer, 5);
  this->producer.close();
  Numbers seen;
  for (const TypeParam& tick : consumer) seen.push_back(tick.number);
  EXPECT_EQ(seen, numbers(0, 5));
  EXPECT_EQ(consumer.ended(), Poll::closed);
  for ([[maybe_unused]] const TypeParam& tick : consumer) ADD_FAILURE() << "after the end";
}

TYPED_TEST(Iterating, An_observer_can_be_looped_over) {
  auto observer = this->attach({.kind = ConsumerKind::observer, .max_batch = 2});
  publish_numbers(this->producer, 5);
  this->producer.close();
  Numbers seen;
  for (const TypeParam& tick : observer) {
    EXPECT_TRUE(tick.is_whole());
    seen.push_back(tick.number);
  }
  EXPECT_EQ(seen, numbers(0, 5));
  EXPECT_EQ(observer.ended(), Poll::closed);
}

TYPED_TEST(Iterating, A_loop_waits_for_events) {
  auto consumer = this->attach();
  constexpr std::uint64_t count = 500;
  std::jthread publisher([&] {
    for (std::uint64_t i = 0; i < count; ++i) this->producer.publish(TypeParam::of(i));
    this->producer.close();
  });
  Numbers seen;
  for (const TypeParam& tick : consumer) seen.push_back(tick.number);
  EXPECT_EQ(seen, numbers(0, count));
}

TYPED_TEST(Iterating, A_loop_ends_when_the_producer_has_left) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 2);
  this->producer.detach();
  std::size_t seen = 0;
  for ([[maybe_unused]] const TypeParam& tick : consumer) ++seen;
  EXPECT_EQ(seen, 2U);
  EXPECT_EQ(consumer.ended(), Poll::producer_left);
  auto successor = Producer<TypeParam>::attach(this->name);
  publish_numbers(successor, 1);
  successor.close();
  for ([[maybe_unused]] const TypeParam& tick : consumer) ++seen;  // goes on where it was
  EXPECT_EQ(seen, 3U);
  EXPECT_EQ(consumer.ended(), Poll::closed);
}

TYPED_TEST(Iterating, Continue_counts_the_event_as_handled) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 4);
  this->producer.close();
  Numbers odd;
  for (const TypeParam& tick : consumer) {
    if (tick.number % 2 == 0) continue;
    odd.push_back(tick.number);
  }
  EXPECT_EQ(odd, (Numbers{1, 3}));
}

TYPED_TEST(Iterating, Break_counts_the_event_as_handled) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 5);
  for (const TypeParam& tick : consumer) {
    if (tick.number == 2) break;
  }
  EXPECT_EQ(consumer.next_sequence(), Sequence(3));
  EXPECT_EQ(drain(consumer), numbers(3, 2));
}

TYPED_TEST(Iterating, A_broken_off_loop_is_committed_when_the_consumer_leaves) {
  {
    auto consumer = this->attach({.id = "reader"});
    publish_numbers(this->producer, 5);
    for (const TypeParam& tick : consumer) {
      if (tick.number == 2) break;
    }
  }
  EXPECT_EQ(this->resume_position("reader"), 3U);
}

TYPED_TEST(Iterating, A_broken_off_loop_is_committed_when_nothing_more_is_there) {
  const auto nothing = [](const TypeParam&) { FAIL() << "all are handled"; };
  for (const Commit commit : {Commit::per_batch, Commit::per_event}) {
    auto consumer = this->attach({.start = Start::latest, .commit = commit});
    const auto loop_over_a_full_ring = [&] {
      ASSERT_EQ(publish_until_full(this->producer), 16U);
      const std::uint64_t last = this->producer.next_sequence().value() - 1;
      for (const TypeParam& tick : consumer) {
        if (tick.number == last) break;
      }
    };
    // Else the producer would wait for room, and its only consumer for an event.
    loop_over_a_full_ring();
    EXPECT_EQ(consumer.poll(nothing).outcome, Poll::idle);
    loop_over_a_full_ring();
    EXPECT_EQ(consumer.poll_until(os::now(), nothing).outcome, Poll::timed_out);
    loop_over_a_full_ring();
    EXPECT_EQ(consumer.try_lease().outcome(), Poll::idle);
  }
}

TYPED_TEST(Iterating, A_second_loop_goes_on_after_a_break) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 5);
  this->producer.close();
  for (const TypeParam& tick : consumer) {
    if (tick.number == 2) break;
  }
  Numbers seen;
  for (const TypeParam& tick : consumer) seen.push_back(tick.number);
  EXPECT_EQ(seen, numbers(3, 2));
}

TYPED_TEST(Iterating,
           The_event_an_exception_was_thrown_on_is_not_handled_if_the_consumer_goes_too) {
  EXPECT_THROW(
      {
        auto consumer = this->attach({.id = "reader"});
        publish_numbers(this->producer, 5);
        for (const TypeParam& tick : consumer) {
          if (tick.number == 2) throw std::runtime_error("two");
        }
      },
      std::runtime_error);
  EXPECT_EQ(this->resume_position("reader"), 2U);
}

TYPED_TEST(Iterating, The_event_an_exception_was_thrown_on_comes_again_if_the_consumer_stays) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 5);
  try {
    for (const TypeParam& tick : consumer) {
      if (tick.number == 2) throw std::runtime_error("two");
    }
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(drain(consumer), numbers(2, 3));
}

TYPED_TEST(Iterating, A_loop_inside_a_destructor_during_an_exception_commits_as_usual) {
  struct LoopsAtTheEnd {
    std::string ring;
    ~LoopsAtTheEnd() {
      auto consumer = Consumer<TypeParam>::attach(ring, {.id = "reader"});
      for (const TypeParam& tick : consumer) {
        if (tick.number == 2) break;
      }
    }
  };
  publish_numbers(this->producer, 5);
  EXPECT_THROW(
      {
        const LoopsAtTheEnd guard{this->name};
        throw std::runtime_error("on its way");
      },
      std::runtime_error);
  EXPECT_EQ(this->resume_position("reader"), 3U);
}

TYPED_TEST(Iterating, The_producer_gets_room_once_per_batch) {
  auto consumer = this->attach({.max_batch = 4});
  EXPECT_EQ(publish_until_full(this->producer), 16U);
  std::size_t handled = 0;
  for ([[maybe_unused]] const TypeParam& tick : consumer) {
    const std::size_t room = publish_until_full(this->producer);
    // The batch before is committed when the first event of the next is asked for.
    EXPECT_EQ(room, handled != 0 && handled % 4 == 0 ? 4U : 0U) << handled;
    if (++handled == 12) break;
  }
}

}  // namespace
}  // namespace disruptor_mp::test
