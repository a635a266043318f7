// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Who waits for whom at the start: a producer for its consumers, a consumer for its ring.
#include <optional>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

class Coordination : public testing::Test {
 protected:
  using E = StampedTick;
  Consumer<E> attach(ConsumerOptions options) { return Consumer<E>::attach(name, options); }

  std::string name = unique_ring_name();
  Producer<E> producer = Producer<E>::create(name);
};

TEST_F(Coordination, Nobody_is_waited_for_in_vain) {
  EXPECT_NO_THROW(producer.wait_for_consumers(0, 0s));
  EXPECT_NO_THROW(producer.wait_for_consumers(std::vector<std::string>{}, 0s));
}

TEST_F(Coordination, Consumers_that_are_there_are_counted) {
  auto a = attach({.id = "a"});
  auto b = attach({.id = "b", .kind = ConsumerKind::required});
  EXPECT_NO_THROW(producer.wait_for_consumers(2, 0s));
  EXPECT_NO_THROW(producer.wait_for_consumers({"a", "b"}, 0s));
  EXPECT_NO_THROW(producer.wait_for_consumers({"b"}, 0s));
}

TEST_F(Coordination, A_timeout_says_who_is_there) {
  auto a = attach({.id = "a"});
  auto b = attach({.id = "b", .kind = ConsumerKind::required});
  const std::string pid = ", pid " + std::to_string(getpid()) + ", alive)";
  const Error error = error_of([&] { producer.wait_for_consumers(3, 0s); });
  EXPECT_EQ(error.code(), Errc::consumers_missing);
  EXPECT_EQ(error.object(), name);
  EXPECT_EQ(error.found(), "a (gating" + pid + ", b (required" + pid);
  EXPECT_EQ(error.expected(), "3 living required or gating consumers");
}

TEST_F(Coordination, A_timeout_says_that_nobody_is_there) {
  expect_error(Errc::consumers_missing, {.object = name, .found = "nobody", .expected = "1"},
               [&] { producer.wait_for_consumers(1, 0s); });
}

TEST_F(Coordination, A_timeout_says_who_is_missing) {
  auto a = attach({.id = "a"});
  const Error error = error_of([&] { producer.wait_for_consumers({"a", "x", "y"}, 1ms); });
  EXPECT_EQ(error.code(), Errc::consumers_missing);
  EXPECT_EQ(error.object(), name);
  EXPECT_TRUE(contains(error.problem(), "x, y")) << error.problem();
  EXPECT_TRUE(error.found().starts_with("a (gating, pid ")) << error.found();
}

TEST_F(Coordination, Observers_do_not_count) {
  auto observer = attach({.id = "onlooker", .kind = ConsumerKind::observer});
  expect_error(Errc::consumers_missing, {.found = "nobody"},
               [&] { producer.wait_for_consumers(1, 0s); });
  expect_error(Errc::consumers_missing, {.problem = "onlooker"},
               [&] { producer.wait_for_consumers({"onlooker"}, 0s); });
}

TEST_F(Coordination, Those_who_left_or_died_do_not_count_and_are_named) {
  { auto left = attach({.id = "left", .kind = ConsumerKind::required}); }
  in_child([&] {
    auto dead = attach({.id = "dead"});
    die();
  });
  const Error error = error_of([&] { producer.wait_for_consumers(1, 0s); });
  EXPECT_TRUE(contains(error.found(), "left (required")) << error.found();
  EXPECT_TRUE(contains(error.found(), ", left)")) << error.found();
  EXPECT_TRUE(contains(error.found(), "dead (gating")) << error.found();
  EXPECT_TRUE(contains(error.found(), ", dead)")) << error.found();
  expect_error(Errc::consumers_missing, {.problem = "left, dead"}, [&] {
    producer.wait_for_consumers({"left", "dead"}, 0s);
  });
}

TEST_F(Coordination, A_producer_waits_until_the_last_one_is_there) {
  std::jthread joiners([&] {
    auto a = attach({.id = "a"});
    auto b = attach({.id = "b"});
    EXPECT_EQ(b.wait_poll([](const E&) {}).outcome, Poll::events);
    EXPECT_EQ(a.wait_poll([](const E&) {}).outcome, Poll::events);
  });
  producer.wait_for_consumers(2, 1h);
  publish_numbers(producer, 1);
}

TEST_F(Coordination, A_producer_waits_until_every_named_one_is_there) {
  std::jthread joiners([&] {
    auto c = attach({.id = "c"});
    auto a = attach({.id = "a"});
    EXPECT_EQ(a.wait_poll([](const E&) {}).outcome, Poll::events);
  });
  producer.wait_for_consumers({"c", "a"}, 1h);
  publish_numbers(producer, 1);
}

TEST_F(Coordination, Participants_are_listed_with_what_is_known_of_them) {
  auto consumer = attach({.id = "reader", .kind = ConsumerKind::required});
  publish_numbers(producer, 5);
  for (int i = 0; i < 3; ++i) consumer.try_next();
  const auto all = producer.participants();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, "producer");
  EXPECT_EQ(all[0].kind, format::RowKind::producer);
  EXPECT_FALSE(all[0].gates);
  EXPECT_EQ(all[1].id, "reader");
  EXPECT_EQ(all[1].kind, format::RowKind::required);
  EXPECT_TRUE(all[1].gates);
  EXPECT_EQ(all[1].cursor, Sequence(3));
  for (const Participant& one : all) {
    EXPECT_EQ(one.presence, Participant::Presence::alive);
    EXPECT_EQ(one.process.pid, static_cast<std::uint32_t>(getpid()));
    EXPECT_EQ(one.process.uid, getuid());
    EXPECT_GT(one.joined_ns, 1'600'000'000'000'000'000U);  // some time after 2020
  }
  consumer.resign();
}

TEST(Waiting_for_a_ring, Attach_waits_until_the_ring_appears) {
  const std::string name = unique_ring_name();
  std::jthread creator([&] {
    auto producer = Producer<StampedTick>::create(name);
    producer.publish(StampedTick::of(0));
    producer.wait_for_consumers(1, 1h);
  });
  auto consumer = Consumer<StampedTick>::attach(name, {.timeout = 1h});
  // To the end: a consumer that left earlier might not be there when the producer looks.
  std::uint64_t count = 0;
  EXPECT_EQ(consumer.run([&](const StampedTick&) { ++count; }), Poll::closed);
  EXPECT_EQ(count, 1U);
}

TEST(Waiting_for_a_ring, Attach_gives_up_at_its_timeout) {
  const std::string name = unique_ring_name();
  for (const Duration timeout : {Duration(0), Duration(3ms)}) {
    const Says says{
        .object = name, .found = shm_path(name).string(), .remedy = "Start its producer"};
    expect_error(Errc::not_found, says,
                 [&] { Consumer<StampedTick>::attach(name, {.timeout = timeout}); });
    expect_error(Errc::not_found, says,
                 [&] { Producer<StampedTick>::attach(name, {.timeout = timeout}); });
  }
}

TEST(Waiting_for_a_ring, Attach_waits_for_the_holder_of_its_id_to_go) {
  const std::string name = unique_ring_name();
  auto producer = Producer<StampedTick>::create(name);
  std::optional<Consumer<StampedTick>> first =
      Consumer<StampedTick>::attach(name, {.id = "reader"});
  std::jthread leaver([&] { first.reset(); });
  auto second =
      Consumer<StampedTick>::attach(name, {.id = "reader", .start = Start::resume, .timeout = 1h});
  EXPECT_TRUE(second.resumed());
}

}  // namespace
}  // namespace disruptor_mp::test
