// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What participants count about themselves: on every way of publishing and reading, over lives and
// deaths, and as anybody who may read the ring sees it.
#include <thread>

#include "disruptor_mp/membership/counting.hpp"
#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

using Id = CounterId;

/// What a process that only looks sees of one participant.
std::optional<ParticipantCounters> look(const std::string& ring, const std::string& id) {
  const Segment segment = Segment::attach(os::ObjectName::parse(ring), SegmentRole::inspector,
                                          EventType{}, TimePoint::min());
  for (const Participant& participant : list_participants(segment)) {
    if (participant.id == id) return read_counters(segment, participant);
  }
  return std::nullopt;
}
std::uint64_t look(const std::string& ring, const std::string& id, Id counter) {
  const auto counters = look(ring, id);
  if (!counters) {
    ADD_FAILURE() << "nothing is counted of " << id;
    return 0;
  }
  return (*counters)[counter];
}

template <class E>
class CountersOf : public testing::Test {
 protected:
  Producer<E> make(ProducerOptions options = {}) {
    options.capacity = 16;
    return Producer<E>::create(name, options);
  }
  Consumer<E> attach(ConsumerOptions options = {}) {
    if (options.id.empty()) options.id = "reader";
    return Consumer<E>::attach(name, options);
  }
  std::uint64_t published(const std::string& id = "producer") {
    return look(name, id, Id::events_published);
  }
  std::uint64_t consumed(const std::string& id = "reader") {
    return look(name, id, Id::events_consumed);
  }

  std::string name = unique_ring_name();
};
TYPED_TEST_SUITE(CountersOf, BothLayouts, LayoutName);

// --- Publishing

TYPED_TEST(CountersOf, Every_way_of_publishing_counts_events_and_bytes) {
  using E = TypeParam;
  auto producer = this->make({.when_alone = WhenAlone::run_free});
  std::uint64_t expected = 0;
  const auto check = [&](std::uint64_t more) {
    expected += more;
    EXPECT_EQ(this->published(), expected);
    EXPECT_EQ(look(this->name, "producer", Id::events_published_bytes), expected * sizeof(E));
  };
  check(0);
  ASSERT_EQ(producer.publish(E::of(0)), Publish::ok);
  check(1);
  ASSERT_EQ(producer.publish([](E& event) { event = E::of(1); }), Publish::ok);
  check(1);
  ASSERT_EQ(producer.try_publish(E::of(2)), Publish::ok);
  check(1);
  ASSERT_EQ(producer.publish_until(never, E::of(3)), Publish::ok);
  check(1);
  {
    auto claim = producer.claim(5);
    for (E& event : claim) event = E::of(4);
  }
  check(5);
  {
    auto claim = producer.try_claim(5);
    for (E& event : claim) event = E::of(5);
    claim.publish(2);
  }
  check(2);
  producer.claim_until(never, 3).abandon();
  check(0);
  {
    auto burst = producer.burst(4);
    ASSERT_EQ(burst.publish(E::of(6)), Publish::ok);
    ASSERT_EQ(burst.publish(E::of(7)), Publish::ok);
  }
  check(2);
  EXPECT_EQ(producer.next_sequence(), Sequence(expected));
}

TYPED_TEST(CountersOf, A_publish_that_finds_no_room_is_counted_once) {
  using E = TypeParam;
  auto producer = this->make();
  auto consumer = this->attach();
  const auto full = [&] { return look(this->name, "producer", Id::producer_full_events); };
  publish_numbers(producer, 16);
  EXPECT_EQ(full(), 0U);
  EXPECT_EQ(producer.try_publish(E::of(16)), Publish::full);
  EXPECT_EQ(full(), 1U);
  EXPECT_EQ(producer.try_claim(3).status(), Publish::full);
  EXPECT_EQ(full(), 2U);
  EXPECT_EQ(producer.publish_until(os::now() + 5ms, E::of(16)), Publish::timed_out);
  EXPECT_EQ(full(), 3U);
  EXPECT_EQ(this->published(), 16U);
}

TYPED_TEST(CountersOf, Waiting_for_room_is_charged_to_the_slowest) {
  using E = TypeParam;
  auto producer = this->make();
  auto fast = this->attach({.id = "fast"});
  auto slow = this->attach({.id = "slow"});
  publish_numbers(producer, 16);
  drain(fast);
  EXPECT_EQ(producer.publish_until(os::now() + 20ms, E::of(16)), Publish::timed_out);
  const std::uint64_t waited = look(this->name, "producer", Id::producer_blocked_ns);
  EXPECT_GE(waited, 10'000'000U) << "what it spun at first is not counted";
  EXPECT_EQ(look(this->name, "slow", Id::consumer_held_up_ns), waited);
  EXPECT_EQ(look(this->name, "slow", Id::consumer_held_up), 1U);
  EXPECT_EQ(look(this->name, "fast", Id::consumer_held_up_ns), 0U);
  EXPECT_FALSE(look(this->name, "producer")->blockage) << "it waits no more";
  EXPECT_GE(look(this->name, "producer", Id::producer_park_count), 1U);
}

TYPED_TEST(CountersOf, Who_waits_for_room_just_now_says_for_whom) {
  using E = TypeParam;
  auto producer = this->make();
  auto slow = this->attach({.id = "slow"});
  publish_numbers(producer, 16);
  std::jthread blocked([&] { EXPECT_EQ(producer.publish(E::of(16)), Publish::ok); });
  std::optional<Blockage> blockage;
  for (const TimePoint limit = os::now() + 10s; !blockage && os::now() < limit;) {
    blockage = look(this->name, "producer")->blockage;
  }
  ASSERT_TRUE(blockage);
  EXPECT_GT(blockage->since_ns, 0U);
  const auto all = inspect_ring(this->name, "slow").participants;
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(blockage->row, all.front().row);
  drain(slow);
  blocked.join();
  EXPECT_FALSE(look(this->name, "producer")->blockage);
}

TYPED_TEST(CountersOf, Nonsense_written_over_them_leads_nobody_astray) {
  using E = TypeParam;
  auto producer = this->make();
  auto slow = this->attach({.id = "slow"});
  publish_numbers(producer, 16);
  std::jthread blocked([&] { EXPECT_EQ(producer.publish(E::of(16)), Publish::ok); });
  for (const TimePoint limit = os::now() + 10s;
       !look(this->name, "producer")->blockage && os::now() < limit;) {
  }
  const auto writable =
      Segment::attach(os::ObjectName::parse(this->name), SegmentRole::producer, {}, never);
  const auto rows = inspect_ring(this->name, "producer").participants;
  ASSERT_EQ(rows.size(), 1U);
  format::Counters& counters = *writable.counters(rows.front().row);
  std::atomic<bool> is_over = false;
  std::jthread scribbler([&] {
    while (!is_over) counters.blocked_by.store(~std::uint64_t{0}, std::memory_order_relaxed);
  });
  drain(slow);
  blocked.join();
  is_over = true;
  EXPECT_EQ(look(this->name, "slow", Id::consumer_held_up), 1U);
}

TYPED_TEST(CountersOf, Who_waits_in_slices_waits_since_the_first) {
  using E = TypeParam;
  auto producer = this->make();
  auto slow = this->attach({.id = "slow"});
  publish_numbers(producer, 16);
  const std::uint64_t began = to_ns(os::now());
  std::uint64_t since = 0;
  std::atomic<bool> is_over = false;
  std::jthread blocked([&] {
    while (!is_over) static_cast<void>(producer.publish_until(os::now() + 5ms, E::of(16)));
  });
  for (int seen = 0; seen != 3;) {
    const auto blockage = look(this->name, "producer")->blockage;
    if (!blockage || to_ns(os::now()) < began + 20'000'000U * (seen + 1)) continue;
    if (since == 0) since = blockage->since_ns;
    EXPECT_EQ(blockage->since_ns, since);
    ++seen;
  }
  is_over = true;
  blocked.join();
}

// --- Reading

TYPED_TEST(CountersOf, Every_way_of_reading_counts_events_and_bytes) {
  using E = TypeParam;
  auto producer = this->make();
  auto consumer = this->attach();
  std::uint64_t expected = 0;
  const auto check = [&](std::uint64_t more) {
    expected += more;
    EXPECT_EQ(this->consumed(), expected);
    EXPECT_EQ(look(this->name, "reader", Id::events_consumed_bytes), expected * sizeof(E));
  };
  const auto nothing = [](const E&) {};
  publish_numbers(producer, 4);
  check(0);
  consumer.poll(nothing);
  check(4);
  publish_numbers(producer, 2);
  consumer.wait_poll(nothing);
  check(2);
  publish_numbers(producer, 2);
  consumer.poll_until(never, nothing);
  check(2);
  publish_numbers(producer, 3);
  EXPECT_TRUE(consumer.try_next());
  check(1);
  consumer.try_lease().release_first(1);
  check(2);
  publish_numbers(producer, 3);
  for (const E& event : consumer) {
    if (event.number + 1 == producer.next_sequence().value()) break;
  }
  consumer.poll(nothing);  // what an iteration has in hand is done when the next is asked for
  check(3);
}

TYPED_TEST(CountersOf, A_consumer_that_is_moved_counts_on) {
  auto producer = this->make();
  auto consumer = this->attach();
  publish_numbers(producer, 4);
  drain(consumer);
  Consumer<TypeParam> moved(std::move(consumer));
  publish_numbers(producer, 3);
  drain(moved);
  EXPECT_EQ(this->consumed(), 7U);
  EXPECT_EQ(look(this->name, "reader", Id::consumer_batches), 2U);
  EXPECT_EQ(look(this->name, "reader", Id::consumer_lag_max), 4U);
}

TYPED_TEST(CountersOf, Progress_by_hand_counts_when_it_is_committed) {
  auto producer = this->make();
  auto consumer = this->attach({.commit = Commit::by_hand});
  publish_numbers(producer, 6);
  drain(consumer);
  EXPECT_EQ(this->consumed(), 0U);
  consumer.commit_to(Sequence(4));
  EXPECT_EQ(this->consumed(), 4U);
}

TYPED_TEST(CountersOf, Batches_are_counted_by_size_and_the_lag_by_its_largest) {
  auto producer = this->make();
  auto consumer = this->attach({.max_batch = 8});
  const auto nothing = [](const TypeParam&) {};
  for (const std::size_t size : {1, 2, 3, 4, 8}) {
    publish_numbers(producer, size);
    EXPECT_EQ(consumer.poll(nothing).count, size);
  }
  const auto counters = look(this->name, "reader");
  ASSERT_TRUE(counters);
  EXPECT_EQ(counters->batches[0], 1U) << "1";
  EXPECT_EQ(counters->batches[1], 2U) << "2 and 3";
  EXPECT_EQ(counters->batches[2], 1U) << "4";
  EXPECT_EQ(counters->batches[3], 1U) << "8";
  EXPECT_EQ((*counters)[Id::consumer_batches], 5U);
  EXPECT_EQ((*counters)[Id::consumer_lag_max], 8U);
}

TYPED_TEST(CountersOf, Looks_that_find_nothing_are_counted) {
  auto producer = this->make();
  auto consumer = this->attach();
  const auto nothing = [](const TypeParam&) {};
  for (int i = 0; i != 3; ++i) EXPECT_EQ(consumer.poll(nothing).outcome, Poll::idle);
  EXPECT_EQ(look(this->name, "reader", Id::consumer_empty_spins), 3U);
  const auto counters = look(this->name, "reader");
  ASSERT_TRUE(counters->last_progress_ns);
  EXPECT_LE(*counters->last_progress_ns, to_ns(os::now()));
}

TYPED_TEST(CountersOf, A_sleeper_and_who_wakes_it_are_counted) {
  auto producer = this->make();
  auto consumer = this->attach({.wait = WaitStrategy::block(0)});
  const auto count = [&](Id id) { return look(this->name, "reader", id); };
  std::uint64_t number = 0;
  // Between two naps it is awake; then it finds the event without being woken, and nothing is rung.
  // Rarely: again.
  for (const TimePoint limit = os::now() + 10s;
       count(Id::consumer_unpark_count) == 0 && os::now() < limit;) {
    const std::uint64_t slept = count(Id::consumer_park_count);
    std::jthread reader([&] { EXPECT_EQ(consumer.wait_poll([](const TypeParam&) {}).count, 1U); });
    while (count(Id::consumer_park_count) == slept && os::now() < limit) {
    }
    EXPECT_EQ(producer.publish(TypeParam::of(number++)), Publish::ok);
  }
  EXPECT_GE(count(Id::consumer_park_count), 1U);
  EXPECT_EQ(count(Id::consumer_unpark_count), 1U);
  EXPECT_GE(look(this->name, "producer", Id::producer_wake_ups_sent), 1U);
  EXPECT_GT(count(Id::consumer_wake_latency_ns), 0U);
  EXPECT_EQ(count(Id::consumer_wake_latency_ns), count(Id::consumer_wake_latency_ns_max));
}

TYPED_TEST(CountersOf, What_one_that_was_passed_over_misses_is_counted) {
  auto producer = this->make();
  auto consumer = this->attach({.kind = ConsumerKind::required, .may_be_passed_over = true});
  producer.enable_liveness({.required_consumer_ids = {"reader"},
                            .progress_timeout = 5ms,
                            .progress_check_interval = 1ms,
                            .failure_action = FailureAction::continue_without});
  auto other = this->attach({.id = "other"});
  publish_numbers(producer, 16);
  drain(other);
  std::uint64_t number = 16;
  for (const TimePoint limit = os::now() + 10s; number != 24 && os::now() < limit;) {
    if (producer.publish_until(os::now() + 50ms, TypeParam::of(number)) == Publish::ok) ++number;
    drain(other);
  }
  ASSERT_EQ(number, 24U);
  drain(consumer);  // is told
  drain(consumer);
  EXPECT_GT(consumer.missed(), 0U);
  EXPECT_EQ(look(this->name, "reader", Id::consumer_missed), consumer.missed());
  EXPECT_EQ(this->consumed() + consumer.missed(), 24U);
  EXPECT_GE(look(this->name, "producer", Id::producer_alerts), 1U);
  consumer.resign();
}

// --- Lives

TYPED_TEST(CountersOf, Counters_outlive_their_process_and_its_next_life_goes_on_with_them) {
  auto producer = this->make();
  const auto live = [&] {
    auto consumer = this->attach({.kind = ConsumerKind::required, .start = Start::resume});
    drain(consumer);
    die();
  };
  for (std::uint64_t lives = 1; lives != 4; ++lives) {
    publish_numbers(producer, 5);
    ASSERT_EQ(in_child(live), died);
    EXPECT_EQ(this->consumed(), lives * 5);
    EXPECT_EQ(look(this->name, "reader", Id::lives), lives);
    EXPECT_EQ(look(this->name, "reader", Id::consumer_redelivered), 0U);
  }
  this->attach({.kind = ConsumerKind::required, .start = Start::resume}).resign();
}

TYPED_TEST(CountersOf, What_may_have_come_twice_is_counted) {
  auto producer = this->make();
  publish_numbers(producer, 10);
  EXPECT_EQ(in_child([&] {
              auto consumer = this->attach({.start = Start::resume});
              consumer.poll([](const TypeParam& tick) {
                if (tick.number == 6) die();
              });
            }),
            died);
  EXPECT_EQ(this->consumed(), 0U) << "none of the batch is committed";
  auto consumer = this->attach({.start = Start::resume});
  EXPECT_EQ(look(this->name, "reader", Id::consumer_redelivered), 10U);
  drain(consumer);
  EXPECT_EQ(this->consumed(), 10U) << "once";
}

TYPED_TEST(CountersOf, One_that_begins_elsewhere_does_not_count_what_lies_between) {
  auto producer = this->make();
  {
    auto consumer = this->attach();
    publish_numbers(producer, 4);
    drain(consumer);
  }
  publish_numbers(producer, 5);
  {
    auto consumer = this->attach({.start = Start::latest});
    EXPECT_EQ(this->consumed(), 4U);
    publish_numbers(producer, 2);
    drain(consumer);
    EXPECT_EQ(this->consumed(), 6U);
  }
  auto consumer = this->attach({.start = Start::oldest});
  const std::uint64_t again = 11 - consumer.start_sequence().value();
  drain(consumer);
  EXPECT_EQ(this->consumed(), 6 + again) << "read twice is consumed twice";
  EXPECT_EQ(look(this->name, "reader", Id::consumer_redelivered), again);
}

TYPED_TEST(CountersOf, Another_id_counts_from_zero) {
  auto producer = this->make({.max_participants = 2});
  {
    auto consumer = this->attach();
    publish_numbers(producer, 4);
    drain(consumer);
    consumer.counter(0x100, "orders").add(7);
  }
  auto other = this->attach({.id = "other"});
  EXPECT_EQ(look(this->name, "other", Id::consumer_batches), 0U);
  EXPECT_EQ(look(this->name, "other", Id::lives), 1U);
  EXPECT_EQ(this->consumed("other"), 0U);
  const auto counters = look(this->name, "other");
  ASSERT_TRUE(counters);
  EXPECT_NE(counters->values.back().name, "orders");
}

TYPED_TEST(CountersOf, Producers_that_take_turns_count_their_own_events) {
  const std::string a = "a";
  const std::string b = "b";
  {
    auto producer = this->make({.when_alone = WhenAlone::run_free, .id = a});
    publish_numbers(producer, 5);
    producer.detach();
  }
  const auto turn = [&](const std::string& id, std::size_t count) {
    EXPECT_EQ(in_child([&] {
                auto producer = Producer<TypeParam>::attach(this->name, {.id = id});
                publish_numbers(producer, count);
                die();
              }),
              died);
  };
  turn(b, 7);
  EXPECT_EQ(this->published(a), 5U);
  EXPECT_EQ(this->published(b), 7U);
  turn(a, 20);
  EXPECT_EQ(this->published(a), 25U);
  EXPECT_EQ(this->published(b), 7U);
  turn(a, 1);
  turn(b, 3);
  EXPECT_EQ(this->published(a), 26U);
  EXPECT_EQ(this->published(b), 10U);
  Producer<TypeParam>::attach(this->name).close();
}

TYPED_TEST(CountersOf, A_ring_may_be_made_without_counters) {
  auto producer = this->make({.counters = false});
  auto consumer = this->attach();
  publish_numbers(producer, 3);
  drain(consumer);
  EXPECT_FALSE(look(this->name, "reader"));
  EXPECT_EQ(producer.segment().header().sections.counters.size, 0U);
  UserCounter own = consumer.counter(0x100, "orders");
  own.add(2);
  EXPECT_EQ(own.get(), 2U) << "it counts, and nobody sees it";
}

// --- The application's own

TYPED_TEST(CountersOf, An_application_has_counters_of_its_own) {
  auto producer = this->make();
  auto consumer = this->attach();
  producer.counter(0x100, "orders").add(3);
  UserCounter depth = consumer.counter(0x101, "book depth");
  depth.set(9);
  depth.raise_to(5);
  depth.raise_to(12);
  consumer.counter(0x102, "fills").add();
  EXPECT_EQ(consumer.counter(0x101, "book depth").get(), 12U) << "the same one";
  const auto counters = look(this->name, "reader");
  ASSERT_TRUE(counters);
  const auto& values = counters->values;
  ASSERT_GE(values.size(), 2U);
  const CounterValue& first = values[values.size() - 2];
  EXPECT_EQ(first.id, 0x101U);
  EXPECT_EQ(first.name, "book depth");
  EXPECT_EQ(first.kind, CounterKind::any);
  EXPECT_EQ(first.value, 12U);
  EXPECT_EQ(values.back().name, "fills");
  EXPECT_EQ(look(this->name, "producer")->values.back().value, 3U);
}

TYPED_TEST(CountersOf, Wrong_counters_of_an_application_are_refused) {
  auto producer = this->make();
  expect_error(Errc::invalid_option,
               {.object = this->name, .found = "0xff", .expected = "0x100", .remedy = "orders"},
               [&] { (void)producer.counter(0xFF, "orders"); });
  expect_error(Errc::invalid_option, {.found = "0 characters", .remedy = "label"},
               [&] { (void)producer.counter(0x100, ""); });
  expect_error(Errc::invalid_option, {.found = "48 characters", .expected = "47"},
               [&] { (void)producer.counter(0x100, std::string(48, 'x')); });
  expect_error(Errc::invalid_option, {.found = "not printable"},
               [&] { (void)producer.counter(0x100, "a\x1b[2J"); });
  (void)producer.counter(0x100, std::string(47, 'x'));
  expect_error(Errc::invalid_option, {.found = "xxx", .expected = "orders"},
               [&] { (void)producer.counter(0x100, "orders"); });
  for (std::uint32_t id = 0x101; id != 0x108; ++id) (void)producer.counter(id, "one more");
  expect_error(Errc::invalid_option, {.problem = "no room", .found = "8: xxx", .expected = "8"},
               [&] { (void)producer.counter(0x108, "too many"); });
}

// --- Several producers

class CountingOfSeveral : public testing::Test {
 protected:
  using E = StampedTick;

  Producer<E> make(ProducerOptions options = {}) {
    options.capacity = 64;
    options.when_alone = WhenAlone::run_free;
    options.producers = ProducerKind::multi;
    options.id = "first";
    return Producer<E>::create(name, options);
  }
  std::uint64_t published(const std::string& id) { return look(name, id, Id::events_published); }
  static void publish(Producer<E>& producer, int count) {
    for (int i = 0; i != count; ++i) ASSERT_EQ(producer.publish(E::of(1)), Publish::ok);
  }

  std::string name = unique_ring_name();
};

TEST_F(CountingOfSeveral, Each_counts_its_own_events_alone_and_in_turns) {
  auto first = make();
  publish(first, 500);  // long enough to take the tail for itself
  EXPECT_EQ(published("first"), 500U);
  auto second = Producer<E>::attach(name, {.id = "second"});
  publish(second, 3);
  EXPECT_EQ(published("first"), 500U) << "its bias is settled, which it does not know yet";
  EXPECT_EQ(published("second"), 3U);
  for (int i = 0; i != 10; ++i) {
    publish(first, 1);
    publish(second, 2);
  }
  EXPECT_EQ(published("first"), 510U);
  EXPECT_EQ(published("second"), 23U);
  publish(second, 700);
  second.close();
  EXPECT_EQ(published("second"), 723U) << "after it gave its bias up";
}

TEST_F(CountingOfSeveral, What_is_claimed_and_given_up_is_not_published) {
  auto producer = make();
  auto consumer = Consumer<E>::attach(name, {.id = "reader"});
  {
    auto claim = producer.claim(8);
    for (E& event : claim) event = E::of(1);
    claim.publish(5);
  }
  producer.claim(4).abandon();
  {
    auto burst = producer.burst(6);
    ASSERT_EQ(burst.publish(E::of(1)), Publish::ok);
  }
  EXPECT_EQ(published("first"), 6U);
  EXPECT_EQ(look(name, "first", Id::producer_given_up), 12U);
  publish(producer, 1);
  drain(consumer);
  EXPECT_EQ(look(name, "reader", Id::consumer_voids), consumer.voids());
  EXPECT_EQ(consumer.voids(), 12U);
  EXPECT_EQ(look(name, "reader", Id::events_consumed), 7U);
}

TEST_F(CountingOfSeveral, A_biased_producer_that_dies_has_counted_all_it_claimed) {
  auto first = make();
  EXPECT_EQ(in_child([&] {
              auto second = Producer<E>::attach(name, {.id = "second"});
              publish(second, 300);
              die();
            }),
            died);
  EXPECT_EQ(published("second"), 300U);
  publish(first, 1);
  EXPECT_EQ(published("second"), 300U) << "settled by another";
  auto second = Producer<E>::attach(name, {.id = "second"});
  publish(second, 10);
  EXPECT_EQ(published("second"), 310U) << "in its next life";
  EXPECT_EQ(look(name, "second", Id::lives), 2U);
}

TEST_F(CountingOfSeveral, What_a_dead_one_left_open_is_not_published_once_it_is_buried) {
  auto first = make();
  EXPECT_EQ(in_child([&] {
              auto second = Producer<E>::attach(name, {.id = "second"});
              publish(second, 2);
              const auto claim = second.claim(5);
              die();
            }),
            died);
  auto second = Producer<E>::attach(name, {.id = "second"});
  EXPECT_EQ(published("second"), 2U);
  EXPECT_EQ(look(name, "second", Id::producer_given_up), 5U);
}

TEST_F(CountingOfSeveral, Where_claims_may_be_revoked_the_same_is_counted) {
  auto first = make({.revoke_stopped_after = 1s});
  publish(first, 5);
  {
    auto claim = first.claim(6);
    for (E& event : claim) event = E::of(1);
    claim.publish(4);
  }
  EXPECT_EQ(published("first"), 9U);
  EXPECT_EQ(look(name, "first", Id::producer_given_up), 2U);
}

}  // namespace
}  // namespace disruptor_mp::test
