// SPDX-License-Identifier: MIT OR Apache-2.0
//
// How a stream ends or pauses: closed, its producer left, its producer died, its name given to
// another ring. Each is a result of its own, and each comes after the last event.
#include <filesystem>
#include <optional>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Ending : public testing::Test {
 protected:
  Producer<E> create(ProducerOptions options = {.capacity = 8}) {
    return Producer<E>::create(name, options);
  }
  Consumer<E> attach(ConsumerOptions options = {}) { return Consumer<E>::attach(name, options); }
  /// A producer that publishes `count` events and dies.
  void produce_and_die(std::size_t count) {
    ASSERT_EQ(in_child([&] {
                auto producer = create();
                publish_numbers(producer, count);
                die();
              }),
              died);
  }
  /// Takes the ring over and closes it, so that nothing is left of it.
  void finish() { Producer<E>::attach(name); }

  static constexpr auto nothing = [](const E&) {};
  std::string name = unique_ring_name();
};
TYPED_TEST_SUITE(Ending, BothLayouts, LayoutName);

TYPED_TEST(Ending, Close_comes_after_the_last_event_whichever_way_it_is_asked_for) {
  for (const auto kind : {ConsumerKind::gating, ConsumerKind::observer}) {
    auto producer = this->create();
    std::optional<Consumer<TypeParam>> by_poll = this->attach({.kind = kind});
    std::optional<Consumer<TypeParam>> timed = this->attach({.kind = kind});
    std::optional<Consumer<TypeParam>> waiting = this->attach({.kind = kind});
    std::optional<Consumer<TypeParam>> running = this->attach({.kind = kind});
    std::optional<Consumer<TypeParam>> looping = this->attach({.kind = kind});
    std::optional<Consumer<TypeParam>> taking = this->attach({.kind = kind});
    publish_numbers(producer, 5);
    producer.close();

    EXPECT_EQ(by_poll->poll(this->nothing).count, 5U);
    EXPECT_EQ(by_poll->poll(this->nothing).outcome, Poll::closed);
    EXPECT_EQ(by_poll->poll(this->nothing).outcome, Poll::closed);  // and stays so

    EXPECT_EQ(timed->poll_until(never, this->nothing).count, 5U);
    EXPECT_EQ(timed->poll_until(never, this->nothing).outcome, Poll::closed);

    EXPECT_EQ(waiting->wait_poll(this->nothing).count, 5U);
    EXPECT_EQ(waiting->wait_poll(this->nothing).outcome, Poll::closed);

    std::size_t seen = 0;
    EXPECT_EQ(running->run([&](const TypeParam&) { ++seen; }), Poll::closed);
    EXPECT_EQ(seen, 5U);

    seen = 0;
    for ([[maybe_unused]] const TypeParam& tick : *looping) ++seen;
    EXPECT_EQ(seen, 5U);
    EXPECT_EQ(looping->ended(), Poll::closed);

    for (int i = 0; i < 5; ++i) EXPECT_TRUE(taking->try_next());
    EXPECT_FALSE(taking->try_next());
  }
}

TYPED_TEST(Ending, An_empty_stream_can_be_closed) {
  auto producer = this->create();
  auto consumer = this->attach();
  producer.close();
  EXPECT_EQ(consumer.wait_poll(this->nothing).outcome, Poll::closed);
}

TYPED_TEST(Ending, Destroying_the_producer_closes_the_ring) {
  std::optional<Producer<TypeParam>> producer = this->create();
  auto consumer = this->attach();
  publish_numbers(*producer, 2);
  producer.reset();
  Poll end = Poll::idle;
  EXPECT_EQ(drain(consumer, &end), numbers(0, 2));
  EXPECT_EQ(end, Poll::closed);
}

TYPED_TEST(Ending, Who_joins_after_the_close_reads_what_is_there_and_its_end) {
  auto producer = this->create();
  publish_numbers(producer, 5);
  producer.close();
  for (const auto kind : {ConsumerKind::gating, ConsumerKind::observer}) {
    auto consumer = this->attach({.kind = kind});
    Poll end = Poll::idle;
    EXPECT_EQ(drain(consumer, &end), numbers(0, 5));
    EXPECT_EQ(end, Poll::closed);
    auto latest = this->attach({.kind = kind, .start = Start::latest});
    EXPECT_EQ(latest.wait_poll(this->nothing).outcome, Poll::closed);
  }
}

TYPED_TEST(Ending, A_sleeping_consumer_is_woken_by_the_close) {
  auto producer = this->create();
  auto consumer = this->attach({.wait = WaitStrategy::block(0)});
  std::jthread closer([&] {
    while ((consumer.segment().bells().data.word.load() & 1U) == 0) std::this_thread::yield();
    producer.close();
  });
  EXPECT_EQ(consumer.wait_poll(this->nothing).outcome, Poll::closed);
}

TYPED_TEST(Ending, A_producer_that_detaches_has_left) {
  auto producer = this->create();
  auto consumer = this->attach();
  auto observer = this->attach({.kind = ConsumerKind::observer});
  publish_numbers(producer, 3);
  producer.detach();
  for (auto* reader : {&consumer, &observer}) {
    Poll end = Poll::idle;
    EXPECT_EQ(drain(*reader, &end), numbers(0, 3));
    EXPECT_EQ(end, Poll::producer_left);
    EXPECT_EQ(reader->wait_poll(this->nothing).outcome, Poll::producer_left);
    EXPECT_EQ(reader->poll_until(never, this->nothing).outcome, Poll::producer_left);
    EXPECT_EQ(reader->run(this->nothing), Poll::producer_left);
  }
  this->finish();
}

TYPED_TEST(Ending, A_producer_that_died_is_dead) {
  this->produce_and_die(3);
  auto consumer = this->attach();
  auto observer = this->attach({.kind = ConsumerKind::observer});
  for (auto* reader : {&consumer, &observer}) {
    Poll end = Poll::idle;
    EXPECT_EQ(drain(*reader, &end), numbers(0, 3));
    EXPECT_EQ(end, Poll::producer_dead);
    EXPECT_EQ(reader->wait_poll(this->nothing).outcome, Poll::producer_dead);
    EXPECT_EQ(reader->run(this->nothing), Poll::producer_dead);
  }
  this->finish();
}

TYPED_TEST(Ending, A_patient_consumer_waits_for_a_successor) {
  std::optional<Producer<TypeParam>> producer = this->create();
  auto consumer = this->attach({.successor_patience = 1h});
  publish_numbers(*producer, 1);
  producer->detach();
  EXPECT_EQ(drain(consumer), Numbers{0});
  const auto soon = std::chrono::steady_clock::now() + 3ms;
  EXPECT_EQ(consumer.poll_until(soon, this->nothing).outcome, Poll::timed_out);
  std::jthread successor([&] {
    auto next = Producer<TypeParam>::attach(this->name);
    publish_numbers(next, 1);
  });
  Numbers seen;
  EXPECT_EQ(consumer.run([&](const TypeParam& tick) { seen.push_back(tick.number); }),
            Poll::closed);
  EXPECT_EQ(seen, Numbers{1});
}

TYPED_TEST(Ending, Patience_ends) {
  auto producer = this->create();
  auto consumer = this->attach({.successor_patience = 3ms});
  producer.detach();
  EXPECT_EQ(consumer.wait_poll(this->nothing).outcome, Poll::producer_left);
  this->finish();
}

TYPED_TEST(Ending, A_ring_whose_name_was_given_to_another_is_gone) {
  for (const bool dies : {false, true}) {
    if (dies) {
      this->produce_and_die(2);
    } else {
      auto producer = this->create();
      publish_numbers(producer, 2);
      producer.detach();
    }
    auto consumer = this->attach();
    auto observer = this->attach({.kind = ConsumerKind::observer});
    std::filesystem::remove(shm_path(this->name));
    {
      auto other = this->create();  // another ring under the same name
      publish_numbers(other, 1);
      for (auto* reader : {&consumer, &observer}) {
        Poll end = Poll::idle;
        EXPECT_EQ(drain(*reader, &end), numbers(0, 2));  // its own events, not the other ring's
        EXPECT_EQ(end, Poll::gone);
        EXPECT_EQ(reader->wait_poll(this->nothing).outcome, Poll::gone);
      }
      auto newcomer = this->attach();
      EXPECT_EQ(drain(newcomer), Numbers{0});
    }
  }
}

TYPED_TEST(Ending, A_ring_whose_name_was_removed_goes_on_while_its_producer_lives) {
  auto producer = this->create();
  auto consumer = this->attach();
  std::filesystem::remove(shm_path(this->name));
  publish_numbers(producer, 2);
  Poll end = Poll::idle;
  EXPECT_EQ(drain(consumer, &end), numbers(0, 2));
  EXPECT_EQ(end, Poll::idle);
  producer.detach();
  EXPECT_EQ(consumer.wait_poll(this->nothing).outcome, Poll::gone);
}

TYPED_TEST(Ending, A_full_ring_whose_name_was_removed_waits_for_nobody) {
  auto producer = this->create({.capacity = 4});
  publish_until_full(producer);
  std::filesystem::remove(shm_path(this->name));
  EXPECT_EQ(producer.publish(TypeParam::of(4)), Publish::gone);
  EXPECT_EQ(producer.claim(2).status(), Publish::gone);
  EXPECT_EQ(producer.publish_until(never, TypeParam::of(4)), Publish::gone);
  EXPECT_EQ(producer.try_publish(TypeParam::of(4)), Publish::full);  // asks nobody
}

TYPED_TEST(Ending, A_full_ring_whose_name_was_removed_waits_for_those_who_are_there) {
  auto producer = this->create({.capacity = 4});
  auto consumer = this->attach();
  publish_until_full(producer);
  std::filesystem::remove(shm_path(this->name));
  const TimePoint soon = os::now() + std::chrono::milliseconds(20);
  EXPECT_EQ(producer.publish_until(soon, TypeParam::of(4)), Publish::timed_out);
  EXPECT_EQ(consumer.poll(this->nothing).count, 4U);
  EXPECT_EQ(producer.publish(TypeParam::of(4)), Publish::ok);
}

TYPED_TEST(Ending, A_required_consumer_that_cannot_come_back_is_not_given_time) {
  auto producer = this->create({.capacity = 4, .required_patience = std::chrono::hours(1)});
  { auto journal = this->attach({.id = "journal", .kind = ConsumerKind::required}); }
  publish_until_full(producer);
  std::filesystem::remove(shm_path(this->name));
  EXPECT_EQ(producer.publish(TypeParam::of(4)), Publish::gone);
}

}  // namespace
}  // namespace disruptor_mp::test
