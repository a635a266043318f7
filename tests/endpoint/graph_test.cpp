// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Consumers that wait for consumers: pipelines, diamonds, and what becomes of them when members
// come, go and die. (docs/graphs.md; with other processes: tests/process/graphs_test.cpp.)
// After LMAX: shouldWaitForWorkCompleteWhereCompleteWorkThresholdIsAhead/Behind,
// shouldWaitUntilAllFirstEventProcessorsProcessEventBeforeMakingItAvailableToDependent…,
// shouldWaitOnAllProducersJoinedByAnd, the poller's GATING; after disruptor-rs: a branch joined
// after several stages, triple branch fan-out and join.
#include <atomic>
#include <optional>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

using Ids = std::vector<std::string>;

template <class E>
class Graphs : public testing::Test {
 protected:
  Consumer<E> attach(ConsumerOptions options) { return Consumer<E>::attach(name, options); }
  Consumer<E> attach_after(const std::string& id, Ids after) {
    return attach({.id = id, .after = std::move(after)});
  }
  Consumer<E> attach_required(const std::string& id, Ids after = {}) {
    return attach({.id = id,
                   .kind = ConsumerKind::required,
                   .start = Start::resume,
                   .after = std::move(after)});
  }
  static Poll poll(Consumer<E>& consumer) {
    return consumer.poll([](const E&) {}).outcome;
  }
  static Poll wait(Consumer<E>& consumer, Duration time) {
    return consumer.poll_until(os::now() + time, [](const E&) {}).outcome;
  }
  void attach_and_die(ConsumerOptions options, int count) {
    ASSERT_EQ(in_child([&] {
                auto consumer = attach(options);
                for (int i = 0; i < count; ++i) consumer.try_next();
                die();
              }),
              died);
  }

  std::string name = unique_ring_name();
  Producer<E> producer = Producer<E>::create(
      name, {.capacity = 8, .max_participants = 8, .required_patience = Duration::zero()});
};
TYPED_TEST_SUITE(Graphs, BothLayouts, LayoutName);

TYPED_TEST(Graphs, A_pipeline_passes_events_on_as_they_are_committed) {
  auto a = this->attach({.id = "a"});
  auto b = this->attach_after("b", {"a"});
  auto c = this->attach_after("c", {"b"});
  publish_numbers(this->producer, 6);
  EXPECT_EQ(drain(c), Numbers{});
  EXPECT_EQ(drain(b), Numbers{});
  for (int i = 0; i < 4; ++i) a.try_next();
  EXPECT_EQ(drain(c), Numbers{});
  EXPECT_EQ(drain(b), numbers(0, 4));
  EXPECT_EQ(drain(c), numbers(0, 4));
  EXPECT_EQ(drain(a), numbers(4, 2));
  EXPECT_EQ(drain(b), numbers(4, 2));
  EXPECT_EQ(drain(c), numbers(4, 2));
}

TYPED_TEST(Graphs, The_end_of_a_diamond_waits_for_all_branches) {
  auto a = this->attach({.id = "a"});
  auto b = this->attach({.id = "b"});
  auto c = this->attach({.id = "c"});
  auto end = this->attach_after("end", {"a", "b", "c"});
  publish_numbers(this->producer, 3);
  drain(a);
  drain(b);
  EXPECT_EQ(drain(end), Numbers{});
  ASSERT_TRUE(end.gated_by());
  EXPECT_EQ(end.gated_by()->id, "c");
  c.try_next();
  EXPECT_EQ(drain(end), numbers(0, 1));
  drain(c);
  EXPECT_EQ(drain(end), numbers(1, 2));
}

TYPED_TEST(Graphs, A_poll_tells_gated_from_idle) {
  auto a = this->attach({.id = "a"});
  auto b = this->attach_after("b", {"a"});
  EXPECT_EQ(this->poll(b), Poll::idle);
  EXPECT_FALSE(b.gated_by());
  publish_numbers(this->producer, 1);
  EXPECT_EQ(this->poll(b), Poll::gated);
  EXPECT_EQ(b.gated_by()->id, "a");
  EXPECT_EQ(b.lag(), 1U);
  EXPECT_EQ(this->wait(b, 1ms), Poll::timed_out);
  drain(a);
  EXPECT_EQ(this->poll(b), Poll::events);
  EXPECT_EQ(this->poll(b), Poll::idle);
}

TYPED_TEST(Graphs, An_explanation_names_the_one_at_fault) {
  auto a = this->attach({.id = "a"});
  auto b = this->attach_after("b", {"a"});
  auto c = this->attach_after("c", {"b"});
  publish_numbers(this->producer, 1);
  for (const Poll result : {this->poll(c), this->wait(c, 1ms)}) {
    expect_error(Errc::gated,
                 {.object = this->name, .found = "b (gating", .remedy = "dmp inspect --graph"},
                 [&] { throw Error(c.explain(result)); });
    EXPECT_TRUE(contains(c.explain(result).found(), "which waits for a (gating"));
  }
  drain(a);
  drain(b);
  EXPECT_EQ(c.explain(Poll::idle).code(), Errc::not_found);
}

TYPED_TEST(Graphs, A_full_ring_is_explained_by_the_one_at_fault) {
  auto b = this->attach_after("b", {"a"});
  auto a = this->attach({.id = "a"});
  publish_until_full(this->producer);
  expect_error(Errc::ring_full, {.found = "which waits for a (gating", .remedy = "--graph"}, [&] {
    throw Error(this->producer.explain(this->producer.try_publish(TypeParam::of(8))));
  });
}

TYPED_TEST(Graphs, The_producer_waits_for_every_member) {
  auto a = this->attach({.id = "a"});
  auto b = this->attach_after("b", {"a"});
  publish_until_full(this->producer);
  drain(a);
  EXPECT_EQ(publish_until_full(this->producer), 0U) << "b reads where the events lie";
  b.try_next();
  EXPECT_EQ(publish_until_full(this->producer), 1U);
}

TYPED_TEST(Graphs, One_that_was_never_there_is_waited_for) {
  auto b = this->attach_after("b", {"a"});
  publish_numbers(this->producer, 2);
  EXPECT_EQ(this->poll(b), Poll::gated);
  EXPECT_EQ(b.gated_by()->id, "a");
  EXPECT_FALSE(b.gated_by()->participant);
  auto a = this->attach({.id = "a"});
  EXPECT_EQ(this->poll(b), Poll::gated);
  drain(a);
  EXPECT_EQ(drain(b), numbers(0, 2));
}

TYPED_TEST(Graphs, A_branch_that_skips_events_lets_others_read_them) {
  auto b = this->attach_after("b", {"a"});
  publish_numbers(this->producer, 3);
  auto a = this->attach({.id = "a", .start = Start::latest});
  EXPECT_EQ(drain(b), numbers(0, 3));
}

TYPED_TEST(Graphs, One_that_is_ahead_of_a_late_branch_waits_and_repeats_nothing) {
  auto b = this->attach_after("b", {"a"});
  {
    auto a = this->attach({.id = "a"});
    publish_numbers(this->producer, 4);
    for (int i = 0; i < 2; ++i) a.try_next();
    EXPECT_EQ(drain(b), numbers(0, 2));
  }
  EXPECT_EQ(drain(b), numbers(2, 2)) << "a has left";
  auto back = this->attach({.id = "a", .start = Start::oldest});
  publish_numbers(this->producer, 2);
  EXPECT_EQ(this->poll(b), Poll::gated);
  const auto again = drain(back);
  EXPECT_EQ(again.back(), 5U);
  EXPECT_EQ(drain(b), numbers(4, 2));
}

TYPED_TEST(Graphs, A_late_branch_begins_no_later_than_where_those_stand_that_wait_for_it) {
  // 11 events went through a ring of 8 before anybody waited: it has wrapped, and is not full.
  for (int i = 0; i < 11; ++i) {
    auto reader = this->attach({.id = "reader", .start = Start::resume});
    publish_numbers(this->producer, 1);
    drain(reader);
  }
  auto b = this->attach_after("b", {"a"});
  publish_until_full(this->producer);
  EXPECT_EQ(this->poll(b), Poll::gated);
  auto a = this->attach({.id = "a"});
  EXPECT_LE(a.start_sequence(), b.next_sequence());
  EXPECT_EQ(this->poll(b), Poll::gated);
  EXPECT_EQ(this->poll(a), Poll::events);
  EXPECT_EQ(this->poll(b), Poll::events);
  EXPECT_EQ(b.next_sequence(), a.next_sequence());
}

/// A producer that moved the horizon just before it saw the dependent (or died then) has promised
/// more than that one permits: the oldest places are not safe for anybody who comes after.
TYPED_TEST(Graphs, A_late_branch_begins_ahead_only_by_what_a_producer_had_promised_before) {
  auto b = this->attach_after("b", {"a"});
  publish_numbers(this->producer, 6);
  auto control = Segment::attach(os::ObjectName::parse(this->name), SegmentRole::producer,
                                 EventType{}, TimePoint::min());
  control.control().horizon = 8 + 2;  // the ring's 8, and a quarter of them
  auto a = this->attach({.id = "a"});
  EXPECT_EQ(a.start_sequence(), Sequence(2));
  EXPECT_EQ(drain(b), numbers(0, 2)) << "these nobody else will ever read";
  EXPECT_EQ(this->poll(b), Poll::gated);
  EXPECT_EQ(drain(a), numbers(2, 4));
  EXPECT_EQ(drain(b), numbers(2, 4));
}

TYPED_TEST(Graphs, A_gating_one_that_died_is_got_past_by_who_only_polls) {
  this->attach_and_die({.id = "a"}, 0);
  auto b = this->attach_after("b", {"a"});
  publish_numbers(this->producer, 2);
  const TimePoint deadline = os::now() + 10s;
  Numbers seen;
  while (seen.size() < 2 && os::now() < deadline) {
    for (const std::uint64_t number : drain(b)) seen.push_back(number);
  }
  EXPECT_EQ(seen, numbers(0, 2));
}

TYPED_TEST(Graphs, A_gating_one_that_died_is_got_past_by_who_sleeps) {
  this->attach_and_die({.id = "a"}, 0);
  auto b = this->attach_after("b", {"a"});
  publish_numbers(this->producer, 2);
  EXPECT_EQ(this->wait(b, 10s), Poll::events);
}

TYPED_TEST(Graphs, A_required_one_that_died_holds_its_place_until_it_returns) {
  this->attach_and_die({.id = "a", .kind = ConsumerKind::required, .max_batch = 1}, 0);
  auto b = this->attach({.id = "b", .after = {"a"}, .predecessor_patience = 300ms});
  publish_numbers(this->producer, 2);
  EXPECT_EQ(this->poll(b), Poll::gated);
  EXPECT_EQ(this->wait(b, 10s), Poll::predecessor_missing);
  expect_error(Errc::predecessor_missing, {.found = "a (required", .remedy = "Restart it"},
               [&] { throw Error(b.explain(Poll::predecessor_missing)); });
  EXPECT_EQ(this->wait(b, 1ms), Poll::timed_out) << "patience begins anew";
  auto a = this->attach_required("a");
  drain(a);
  EXPECT_EQ(drain(b), numbers(0, 2));
  a.resign();
}

TYPED_TEST(Graphs, One_that_resigns_lets_the_others_go_on) {
  auto a = this->attach_required("a");
  auto b = this->attach_after("b", {"a"});
  publish_numbers(this->producer, 2);
  EXPECT_EQ(this->poll(b), Poll::gated);
  a.resign();
  EXPECT_EQ(drain(b), numbers(0, 2));
}

TYPED_TEST(Graphs, One_that_is_passed_over_lets_the_others_go_on) {
  auto journal =
      this->attach({.id = "journal", .kind = ConsumerKind::required, .may_be_passed_over = true});
  auto b = this->attach_after("b", {"journal"});
  this->producer.enable_liveness({.required_consumer_ids = {"journal"},
                                  .progress_timeout = 1ms,
                                  .progress_check_interval = 1ms,
                                  .shutdown_grace_period = Duration::zero(),
                                  .failure_action = FailureAction::continue_without});
  publish_until_full(this->producer);
  EXPECT_EQ(this->poll(b), Poll::gated);
  Numbers seen;
  const TimePoint deadline = os::now() + 10s;
  while (seen.empty() && os::now() < deadline) {
    this->producer.watch();
    seen = drain(b);
  }
  EXPECT_EQ(seen, numbers(0, 8));
  journal.resign();
}

TYPED_TEST(Graphs, The_end_comes_after_those_before_have_read_all) {
  auto a = this->attach({.id = "a"});
  auto b = this->attach_after("b", {"a"});
  publish_numbers(this->producer, 2);
  this->producer.close();
  a.try_next();
  EXPECT_EQ(drain(b), numbers(0, 1));
  EXPECT_EQ(this->poll(b), Poll::gated);
  EXPECT_EQ(this->wait(b, 1ms), Poll::timed_out);
  Poll end = Poll::idle;
  drain(a, &end);
  EXPECT_EQ(end, Poll::closed);
  EXPECT_EQ(drain(b, &end), numbers(1, 1));
  EXPECT_EQ(end, Poll::closed);
}

TYPED_TEST(Graphs, The_end_does_not_come_while_one_that_returned_reads_again) {
  auto b = this->attach_after("b", {"a"});
  { auto a = this->attach({.id = "a"}); }
  publish_numbers(this->producer, 2);
  EXPECT_EQ(drain(b), numbers(0, 2));
  this->producer.close();
  auto a = this->attach({.id = "a"});
  EXPECT_EQ(this->poll(b), Poll::gated);
  drain(a);
  EXPECT_EQ(this->poll(b), Poll::closed);
}

TYPED_TEST(Graphs, The_end_of_a_stream_that_a_member_never_came_to_is_told_as_such) {
  auto b = this->attach({.id = "b", .after = {"a"}, .predecessor_patience = 1ms});
  publish_numbers(this->producer, 1);
  EXPECT_EQ(this->wait(b, 20ms), Poll::timed_out) << "it may still come";
  this->producer.close();
  EXPECT_EQ(this->wait(b, 10s), Poll::predecessor_missing);
  EXPECT_TRUE(contains(b.explain(Poll::predecessor_missing).found(), "never been there"));
}

TYPED_TEST(Graphs, A_dead_producer_is_told_when_all_is_read) {
  auto a = this->attach({.id = "a"});
  auto b = this->attach_after("b", {"a"});
  publish_numbers(this->producer, 1);
  this->producer.detach();
  EXPECT_EQ(this->poll(b), Poll::gated);
  EXPECT_EQ(this->wait(b, 1ms), Poll::timed_out);
  drain(a);
  Poll end = Poll::idle;
  EXPECT_EQ(drain(b, &end), numbers(0, 1));
  EXPECT_EQ(end, Poll::producer_left);
  auto successor = Producer<TypeParam>::attach(this->name);
}

TYPED_TEST(Graphs, Iteration_waits_for_those_before) {
  auto a = this->attach({.id = "a"});
  auto b = this->attach_after("b", {"a"});
  publish_numbers(this->producer, 5);
  this->producer.close();
  std::atomic<std::uint64_t> passed = 0;
  std::thread first([&] {
    for (const TypeParam& tick : a) passed = tick.number + 1;
  });
  Numbers seen;
  for (const TypeParam& tick : b) {
    EXPECT_GT(passed, tick.number);
    seen.push_back(tick.number);
  }
  first.join();
  EXPECT_EQ(seen, numbers(0, 5));
  EXPECT_EQ(b.ended(), Poll::closed);
}

TYPED_TEST(Graphs, Sleepers_are_woken_by_the_commit_they_wait_for) {
  auto a = this->attach({.id = "a"});
  std::vector<Consumer<TypeParam>> rest;
  rest.push_back(this->attach({.id = "b", .wait = WaitStrategy::block(0), .after = {"a"}}));
  rest.push_back(this->attach({.id = "c", .wait = WaitStrategy::block(0), .after = {"b"}}));
  constexpr std::uint64_t count = 2000;
  std::vector<std::thread> threads;
  std::array<std::uint64_t, 2> counts{};
  for (std::size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      while (rest[i].wait_poll([&](const TypeParam&) { ++counts[i]; }).outcome == Poll::events) {
      }
    });
  }
  threads.emplace_back([&] {
    for (const TypeParam& tick : a) EXPECT_TRUE(tick.is_whole());
  });
  for (std::uint64_t i = 0; i < count; ++i)
    ASSERT_EQ(this->producer.publish(TypeParam::of(i)), Publish::ok);
  this->producer.close();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts[0], count);
  EXPECT_EQ(counts[1], count);
}

TYPED_TEST(Graphs, One_that_reads_copies_waits_as_well) {
  auto a = this->attach({.id = "a"});
  auto b = this->attach(
      {.id = "b", .kind = ConsumerKind::required, .may_be_passed_over = true, .after = {"a"}});
  publish_numbers(this->producer, 3);
  EXPECT_EQ(this->poll(b), Poll::gated);
  a.try_next();
  EXPECT_EQ(drain(b), numbers(0, 1));
  b.resign();
}

TYPED_TEST(Graphs, A_moved_dependent_still_waits) {
  auto a = this->attach({.id = "a"});
  auto first = this->attach_after("b", {"a"});
  auto b = std::move(first);
  publish_numbers(this->producer, 1);
  EXPECT_EQ(this->poll(b), Poll::gated);
}

TYPED_TEST(Graphs, A_child_of_a_fork_reads_nothing) {
  auto a = this->attach({.id = "a"});
  auto b = this->attach_after("b", {"a"});
  publish_numbers(this->producer, 1);
  drain(a);
  EXPECT_EQ(in_child([&] { return std::string(to_string(this->poll(b))); }), "used_after_fork");
  EXPECT_EQ(drain(b), numbers(0, 1));
}

// --- Liveness

TYPED_TEST(Graphs, Nobody_is_called_stalled_because_of_another_one_that_is_watched) {
  auto a = this->attach_required("a");
  auto b = this->attach_required("b", {"a"});
  Ids alerts;
  this->producer.enable_liveness(
      {.required_consumer_ids = {"a", "b"},
       .progress_timeout = 5ms,
       .progress_check_interval = 1ms,
       .failure_action = FailureAction::alert_only,
       .alert_hook = [&](const ConsumerAlert& alert) { alerts.push_back(alert.consumer_id); }});
  publish_numbers(this->producer, 1);
  for (int i = 0; i < 60; ++i) {
    this->producer.watch();
    os::sleep_until(os::now() + 1ms);
  }
  EXPECT_EQ(alerts, Ids{"a"});
  drain(a);
  for (int i = 0; i < 60; ++i) {
    this->producer.watch();
    os::sleep_until(os::now() + 1ms);
  }
  EXPECT_EQ(alerts, (Ids{"a", "b"})) << "now it is b that owes";
  a.resign();
  b.resign();
}

TYPED_TEST(Graphs, One_that_waits_for_somebody_nobody_watches_is_told_of) {
  auto a = this->attach({.id = "a"});
  auto b = this->attach_required("b", {"a"});
  Ids alerts;
  this->producer.enable_liveness(
      {.required_consumer_ids = {"b"},
       .progress_timeout = 5ms,
       .progress_check_interval = 1ms,
       .failure_action = FailureAction::alert_only,
       .alert_hook = [&](const ConsumerAlert& alert) { alerts.push_back(alert.consumer_id); }});
  publish_numbers(this->producer, 1);
  for (int i = 0; i < 1000 && alerts.empty(); ++i) {
    this->producer.watch();
    os::sleep_until(os::now() + 1ms);
  }
  EXPECT_EQ(alerts, Ids{"b"});
  b.resign();
}

// --- What attach refuses

TYPED_TEST(Graphs, A_circle_is_refused_and_leaves_nothing_behind) {
  auto a = this->attach_after("a", {"b"});
  expect_error(Errc::dependency_cycle,
               {.object = this->name, .problem = "b waits for a waits for b", .found = "a (gating"},
               [&] { this->attach_after("b", {"a"}); });
  auto b = this->attach({.id = "b"});  // id and row are free
  publish_numbers(this->producer, 1);
  drain(b);
  EXPECT_EQ(drain(a), numbers(0, 1));
}

TYPED_TEST(Graphs, A_required_one_that_is_refused_keeps_the_place_it_had) {
  {
    auto b = this->attach_required("b");
    publish_numbers(this->producer, 2);
    b.try_next();
  }
  auto a = this->attach_after("a", {"b"});
  expect_error(Errc::dependency_cycle, {.problem = "b waits for a waits for b"},
               [&] { this->attach_required("b", {"a"}); });
  auto b = this->attach_required("b");
  EXPECT_EQ(b.start_sequence(), Sequence(1));
  b.resign();
}

TYPED_TEST(Graphs, Of_two_who_close_a_circle_together_one_is_refused) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> refused = 0;
    std::atomic<int> ready = 0;
    std::atomic<int> done = 0;
    const auto join = [&](const char* id, const char* other) {
      ++ready;
      while (ready < 2) std::this_thread::yield();
      try {
        auto consumer = this->attach({.id = id, .timeout = 10s, .after = {other}});
        ++done;
        while (done < 2) std::this_thread::yield();
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::dependency_cycle) << error.what();
        ++refused;
        ++done;
      }
    };
    std::thread one(join, "a", "b");
    join("b", "a");
    one.join();
    EXPECT_EQ(refused, 1);
  }
}

TYPED_TEST(Graphs, Declarations_that_make_no_sense_are_refused) {
  const auto refuse = [&](ConsumerOptions options, Errc code, const Says& says) {
    Says with_name = says;
    with_name.object = this->name;
    expect_error(code, with_name, [&] { this->attach(options); });
  };
  refuse({.id = "a", .after = {"a"}}, Errc::invalid_option, {.problem = "wait for itself"});
  refuse({.id = "a", .after = {"b", "c", "b"}}, Errc::invalid_option,
         {.problem = "twice", .found = "b"});
  refuse({.id = "a", .after = {"b", ""}}, Errc::invalid_name, {.found = "''"});
  refuse({.id = "a", .after = {"b c"}}, Errc::invalid_name, {.found = "'b c'"});
  refuse({.id = "a", .after = {std::string(64, 'b')}}, Errc::invalid_name, {.expected = "63"});
  refuse({.id = "a", .kind = ConsumerKind::observer, .after = {"b"}}, Errc::invalid_option,
         {.problem = "an observer", .found = "after b"});
  refuse({.id = "a",
          .after = {std::string(63, 'b'), std::string(63, 'c'), std::string(63, 'd'),
                    std::string(24, 'e')}},
         Errc::invalid_option, {.found = "216 characters", .expected = "215"});
  refuse({.id = "a", .predecessor_patience = -1ns}, Errc::invalid_option, {.found = "-1 ns"});
}

TYPED_TEST(Graphs, An_observer_under_an_id_that_is_waited_for_is_refused) {
  auto b = this->attach_after("b", {"a"});
  expect_error(Errc::invalid_option,
               {.object = this->name, .problem = "nobody can wait for it", .found = "b (gating"},
               [&] { this->attach({.id = "a", .kind = ConsumerKind::observer}); });
  auto other = this->attach({.id = "other", .kind = ConsumerKind::observer});
}

TYPED_TEST(Graphs, Who_insists_on_those_before_fails_without_them) {
  const ConsumerOptions options = {
      .id = "c", .timeout = 2ms, .after = {"a", "b"}, .predecessors_must_be_there = true};
  {
    auto a = this->attach({.id = "a"});
    expect_error(Errc::consumers_missing,
                 {.object = this->name, .problem = "not there: b", .found = "a (gating"},
                 [&] { this->attach(options); });
  }
  expect_error(Errc::consumers_missing, {.problem = "not there: a, b"},
               [&] { this->attach(options); });
  auto b = this->attach({.id = "b"});
  { auto a = this->attach_required("a"); }  // away, and holds its place
  auto c = this->attach(options);
  EXPECT_EQ(this->producer.participants().size(), 4U);
  this->attach_required("a").resign();
}

TYPED_TEST(Graphs, Who_insists_on_those_before_waits_for_them) {
  std::optional<Consumer<TypeParam>> a;
  std::thread later([&] {
    os::sleep_until(os::now() + 20ms);
    a.emplace(this->attach({.id = "a"}));
  });
  auto b =
      this->attach({.id = "b", .timeout = 10s, .after = {"a"}, .predecessors_must_be_there = true});
  later.join();
}

}  // namespace
}  // namespace disruptor_mp::test
