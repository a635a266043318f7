// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What needs no second process of a liveness policy: its validation, its texts, a stop that its
// author did not finish, and consumers that may be passed over. The rest is in tests/process.
#include <functional>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

using E = StampedTick;

class LivenessPolicy : public testing::Test {
 protected:
  std::string name = unique_ring_name();
  Producer<E> producer = Producer<E>::create(name, {.capacity = 4});

  Consumer<E> attach(ConsumerOptions options) { return Consumer<E>::attach(name, options); }
};

TEST_F(LivenessPolicy, Has_the_defaults_of_the_document) {
  const Liveness policy;
  EXPECT_EQ(policy.startup_wait_timeout, 5s);
  EXPECT_EQ(policy.progress_timeout, 250ms);
  EXPECT_EQ(policy.progress_check_interval, 5ms);
  EXPECT_EQ(policy.shutdown_grace_period, 1s);
  EXPECT_EQ(policy.absence_grace_period, 1s);
  EXPECT_EQ(policy.failure_action, FailureAction::report);
  EXPECT_EQ(policy.absence_action, FailureAction::report);
}

TEST_F(LivenessPolicy, Refuses_what_contradicts_itself_and_says_what) {
  const auto expect_refused = [&](Errc code, const Says& says,
                                  const std::function<void(Liveness&)>& spoil) {
    Liveness policy{.required_consumer_ids = {"risk"}};
    spoil(policy);
    expect_error(code, says, [&] { producer.enable_liveness(policy); });
  };
  using L = Liveness;
  expect_refused(Errc::invalid_option, {.problem = "required_consumer_ids is empty"},
                 [](L& p) { p.required_consumer_ids.clear(); });
  expect_refused(Errc::invalid_option, {.problem = "twice", .found = "risk"}, [](L& p) {
    p.required_consumer_ids = {"risk", "journal", "risk"};
  });
  expect_refused(Errc::invalid_name, {}, [](L& p) { p.required_consumer_ids = {"risk", ""}; });
  expect_refused(Errc::invalid_name, {}, [](L& p) { p.required_consumer_ids = {"a b"}; });
  expect_refused(Errc::invalid_option, {.problem = "startup_wait_timeout", .found = "0 us"},
                 [](L& p) { p.startup_wait_timeout = 0s; });
  expect_refused(Errc::invalid_option, {.problem = "progress_timeout", .found = "-5000 us"},
                 [](L& p) { p.progress_timeout = -5ms; });
  expect_refused(Errc::invalid_option, {.problem = "progress_check_interval is not positive"},
                 [](L& p) { p.progress_check_interval = 0s; });
  expect_refused(Errc::invalid_option,
                 {.problem = "longer than progress_timeout", .expected = "at most 250000 us"},
                 [](L& p) { p.progress_check_interval = 251ms; });
  expect_refused(Errc::invalid_option, {.problem = "shutdown_grace_period is negative"},
                 [](L& p) { p.shutdown_grace_period = -1ns; });
  expect_refused(Errc::invalid_option, {.problem = "absence_grace_period is negative"},
                 [](L& p) { p.absence_grace_period = -1ns; });
}

TEST_F(LivenessPolicy, A_policy_that_is_refused_leaves_the_one_before_in_force) {
  auto risk = attach({.id = "risk", .kind = ConsumerKind::required});
  producer.enable_liveness({.required_consumer_ids = {"risk"},
                            .progress_timeout = 1ms,
                            .progress_check_interval = 1ms,
                            .shutdown_grace_period = 0s});
  EXPECT_THROW(producer.enable_liveness({}), Error);
  EXPECT_THROW(
      producer.enable_liveness({.required_consumer_ids = {"nobody"}, .startup_wait_timeout = 1ms}),
      Error);
  publish_until_full(producer);
  EXPECT_EQ(producer.publish(E::of(4)), Publish::consumer_stalled);
  risk.resign();
}

TEST_F(LivenessPolicy, Nothing_to_acknowledge_and_nothing_to_watch_is_no_harm) {
  EXPECT_FALSE(producer.watch());
  producer.acknowledge_failure();
  publish_numbers(producer, 1);
  EXPECT_EQ(producer.liveness_counters().failures, 0U);
}

TEST_F(LivenessPolicy, A_stop_that_its_author_did_not_finish_is_finished_by_the_successor) {
  in_child([&] {
    auto other = Producer<E>::create(name + "-other", {.capacity = 4});
    publish_numbers(other, 2);
    other.segment().control().stop = 2;  // dead, row 0; and it dies before it writes the end
    die();
  });
  auto reader = Consumer<E>::attach(name + "-other");
  EXPECT_EQ(drain(reader), numbers(0, 2));
  EXPECT_EQ(reader.poll([](const E&) {}).outcome, Poll::producer_dead);
  expect_error(Errc::closed, {.remedy = "this one was stopped"},
               [&] { Producer<E>::attach(name + "-other", {.timeout = 1s}); });
  EXPECT_EQ(reader.poll([](const E&) {}).outcome, Poll::stopped);
}

TEST_F(LivenessPolicy, A_stop_that_its_author_did_not_finish_is_finished_by_another_producer) {
  const std::string shared = name + "-other";
  const auto die_stopping = [&] {
    in_child([&] {
      auto other = Producer<E>::create_or_attach(
          shared, {.capacity = 4, .producers = ProducerKind::multi, .id = "author"});
      publish_numbers(other, 2);
      other.segment().control().stop = 2;  // dead, row 0; and it dies before it writes the end
      die();
    });
  };
  die_stopping();
  auto reader = Consumer<E>::attach(shared);
  EXPECT_EQ(drain(reader), numbers(0, 2));
  expect_error(Errc::closed, {.remedy = "this one was stopped"},
               [&] { Producer<E>::attach(shared, {.timeout = 1s, .id = "heir"}); });
  EXPECT_EQ(reader.poll([](const E&) {}).outcome, Poll::stopped);
}

TEST_F(LivenessPolicy, A_nonsensical_reason_of_a_stop_is_told_without_harm) {
  auto reader = attach({.id = "reader"});
  for (const std::uint64_t word : std::initializer_list<std::uint64_t>{~0U, 1, 0xFFFF01, 5}) {
    producer.segment().control().stop = word;
    EXPECT_FALSE(reader.explain(Poll::stopped).problem().empty());
  }
  producer.segment().control().stop = 0;
}

// --- Consumers that may be passed over, while they are not

TEST_F(LivenessPolicy, One_that_may_be_passed_over_reads_the_same_as_others) {
  auto reader = attach({.id = "r", .may_be_passed_over = true, .max_batch = 2});
  publish_numbers(producer, 4);
  EXPECT_EQ(reader.try_next()->number, 0U);
  publish_numbers(producer, 1);
  EXPECT_EQ(producer.try_publish(E::of(9)), Publish::full);  // it gates
  std::uint64_t seen = 1;
  EXPECT_EQ(reader.poll([&](const E& tick) { EXPECT_EQ(tick.number, seen++); }).count, 2U);
  producer.close();
  for (const E& tick : reader) EXPECT_EQ(tick.number, seen++);
  EXPECT_EQ(seen, 5U);
  EXPECT_EQ(reader.ended(), Poll::closed);
  EXPECT_EQ(reader.missed(), 0U);
  EXPECT_FALSE(reader.passed_over());
}

TEST_F(LivenessPolicy, An_event_whose_handler_throws_comes_first_again) {
  auto reader = attach({.id = "r", .may_be_passed_over = true});
  publish_numbers(producer, 3);
  EXPECT_THROW(reader.poll([](const E& tick) {
    if (tick.number == 1) throw std::runtime_error("not this one");
  }),
               std::runtime_error);
  EXPECT_EQ(drain(reader), numbers(1, 2));
}

}  // namespace
}  // namespace disruptor_mp::test
