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

}  // namespace
}  // namespace disruptor_mp::test
