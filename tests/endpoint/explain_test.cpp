// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The small results of publish and poll, told in full: which ring, what was found, what to do.
#include <optional>

#include "endpoint/drain.hpp"

namespace disruptor_mp::test {
namespace {

class Explaining : public testing::Test {
 protected:
  using E = StampedTick;
  /// `error` has this code and names the ring; its other parts contain what is given.
  void expect_says(const Error& error, Errc code, Says says) {
    says.object = name;
    expect_error(code, says, [&] { throw Error(error); });
  }

  std::string name = unique_ring_name();
  std::optional<Producer<E>> producer =
      Producer<E>::create(name, {.capacity = 4, .required_patience = Duration::zero()});
};

TEST_F(Explaining, A_batch_larger_than_the_ring_is_told_with_both_sizes) {
  const Publish result = producer->claim(5).status();
  expect_says(producer->explain(result, 5), Errc::batch_too_large,
              {.found = "5 events", .expected = "1 to 4", .remedy = "smaller batches"});
}

TEST_F(Explaining, A_full_ring_names_who_holds_it) {
  auto slow = Consumer<E>::attach(name, {.id = "slow"});
  publish_until_full(*producer);
  const Publish refused = producer->try_publish(E::of(4));
  ASSERT_EQ(refused, Publish::full);
  expect_says(producer->explain(refused), Errc::ring_full,
              {.found = "slow (gating", .expected = "1 free slots of 4", .remedy = "larger"});

  const Publish late = producer->publish_until(TimePoint::min(), E::of(4));
  ASSERT_EQ(late, Publish::timed_out);
  expect_says(producer->explain(late), Errc::ring_full,
              {.problem = "before the deadline", .found = "slow (gating"});
}

TEST_F(Explaining, A_full_ring_without_consumers_says_so) {
  publish_until_full(*producer);
  expect_says(producer->explain(producer->try_publish(E::of(4))), Errc::ring_full,
              {.found = "no consumer attached"});
}

TEST_F(Explaining, A_required_consumer_that_is_away_is_named) {
  { auto journal = Consumer<E>::attach(name, {.id = "journal", .kind = ConsumerKind::required}); }
  publish_until_full(*producer);
  const Publish result = producer->publish(E::of(4));
  ASSERT_EQ(result, Publish::consumer_missing);
  expect_says(producer->explain(result), Errc::consumers_missing,
              {.found = "journal (required", .remedy = "Restart it"});
  Consumer<E>::attach(name, {.id = "journal"}).resign();  // else the ring waits for it
}

TEST_F(Explaining, A_publish_after_close_is_told) {
  producer->close();
  const Publish result = producer->publish(E::of(0));
  ASSERT_EQ(result, Publish::closed);
  expect_says(producer->explain(result), Errc::closed, {.found = "after close"});
}

TEST_F(Explaining, A_claim_in_a_claim_is_told) {
  const auto claim = producer->claim(1);
  const auto second = producer->claim(1);
  ASSERT_EQ(second.status(), Publish::claim_open);
  expect_says(producer->explain(second.status()), Errc::claim_open,
              {.found = "a claim or burst", .remedy = "Publish or abandon"});
}

TEST_F(Explaining, A_full_ring_that_nobody_can_find_says_so) {
  publish_until_full(*producer);
  std::filesystem::remove(shm_path(name));
  const Publish result = producer->publish(E::of(4));
  ASSERT_EQ(result, Publish::gone);
  expect_says(producer->explain(result), Errc::object_replaced,
              {.found = "no consumer attached; its name leads to nothing", .remedy = "anew"});
}

TEST_F(Explaining, A_reader_is_told_where_the_stream_ended) {
  auto consumer = Consumer<E>::attach(name);
  publish_numbers(*producer, 3);
  producer->close();
  Poll end = Poll::idle;
  drain(consumer, &end);
  ASSERT_EQ(end, Poll::closed);
  expect_says(consumer.explain(end), Errc::closed, {.found = "position 3"});
}

TEST_F(Explaining, A_reader_is_told_which_producer_left) {
  auto consumer = Consumer<E>::attach(name);
  producer->detach();
  producer.reset();
  const Poll end = consumer.poll([](const E&) {}).outcome;
  ASSERT_EQ(end, Poll::producer_left);
  expect_says(consumer.explain(end), Errc::producer_gone,
              {.problem = "left", .found = "producer (producer", .remedy = "successor"});
  auto last = Producer<E>::attach(name);  // closes, so that the ring goes away
}

TEST_F(Explaining, A_reader_is_told_that_its_ring_was_replaced) {
  auto consumer = Consumer<E>::attach(name);
  producer->detach();
  producer.reset();
  std::filesystem::remove(shm_path(name));
  producer.emplace(Producer<E>::create(name));
  const Poll end = consumer.poll([](const E&) {}).outcome;
  ASSERT_EQ(end, Poll::gone);
  expect_says(consumer.explain(end), Errc::object_replaced, {.remedy = "Attach again"});
}

TEST_F(Explaining, Nothing_to_read_is_told_with_the_position) {
  auto consumer = Consumer<E>::attach(name);
  expect_says(consumer.explain(consumer.poll([](const E&) {}).outcome), Errc::not_found,
              {.found = "position 0"});
}

/// The same in a ring of several producers, where another producer may be the one to wait for.
class ExplainingSeveral : public testing::Test {
 protected:
  using E = StampedTick;

  Producer<E> make(const std::string& id, WhenAlone when_alone = WhenAlone::block,
                   Duration revoke_stopped_after = Duration::zero()) {
    return Producer<E>::create_or_attach(name, {.capacity = 4,
                                                .when_alone = when_alone,
                                                .producers = ProducerKind::multi,
                                                .revoke_stopped_after = revoke_stopped_after,
                                                .id = id});
  }
  void expect_full(Producer<E>& producer, Says says) {
    const Publish result = producer.try_publish(E::of(0));
    ASSERT_EQ(result, Publish::full);
    says.object = name;
    expect_error(Errc::ring_full, says, [&] { throw Error(producer.explain(result)); });
  }

  std::string name = unique_ring_name();
};

TEST_F(ExplainingSeveral, A_reader_that_waits_for_the_claim_of_another_is_not_blamed_alone) {
  auto one = make("one");
  auto two = make("two");
  auto reader = Consumer<E>::attach(name, {.id = "reader"});
  ASSERT_EQ(two.publish(E::of(0)), Publish::ok);
  auto claim = one.claim(1);
  publish_until_full(two);
  expect_full(two, {.found = "held full by reader (gating"});  // it has not read what it could
  drain(reader);
  publish_until_full(two);
  expect_full(two, {.found = "at 1, which waits for the open claim of one (producer",
                    .remedy = "gives the claim up"});
}

TEST_F(ExplainingSeveral, A_claim_of_another_is_named_where_nobody_reads_along) {
  auto one = make("one", WhenAlone::run_free);
  auto two = make("two");
  auto claim = one.claim(1);
  publish_until_full(two);
  expect_full(two, {.found = "held full by the open claim of one (producer, pid " +
                             std::to_string(getpid()) + ", alive) at 0",
                    .remedy = "gives the claim up"});
}

TEST_F(ExplainingSeveral, Slots_held_back_after_a_revocation_are_not_called_a_slow_reader) {
  auto one = make("one", WhenAlone::block, 1ms);
  auto two = make("two");
  auto reader = Consumer<E>::attach(name, {.id = "reader"});
  auto claim = one.claim(4);
  EXPECT_EQ(reader.poll_until(os::now() + 50ms, [](const E&) {}).outcome, Poll::timed_out);
  ASSERT_EQ(reader.voids(), 4U);
  expect_full(two, {.found = "4 of 4 slots held back", .remedy = "stopped producer go on"});
}

TEST_F(ExplainingSeveral, A_ring_that_is_full_for_nobody_says_so) {
  auto one = make("one");
  publish_until_full(one);
  expect_full(one, {.found = "a full ring and no consumer attached"});
}

}  // namespace
}  // namespace disruptor_mp::test
