// SPDX-License-Identifier: MIT OR Apache-2.0
//
// One thread, several rings: whoever has something to say is found, in turn, by every strategy.
#include <array>
#include <chrono>
#include <ctime>
#include <optional>
#include <thread>

#include "disruptor_mp/os/several_futexes.hpp"
#include "endpoint/drain.hpp"

namespace disruptor_mp::test {
namespace {

using Event = StampedTick;
using Result = WaitSet::Result;

void sleep_in_kernel(WaitRound& round) noexcept { round.sleep(); }
void only_yield(WaitRound&) noexcept { std::this_thread::yield(); }

struct Named {
  const char* name;
  WaitStrategy strategy;
  bool is_old_kernel = false;
};

/// So that the names of the tests are the same in every run.
void PrintTo(const Named& named, std::ostream* out) { *out << named.name; }

TimePoint soon() { return std::chrono::steady_clock::now() + 20s; }

class Wait_set : public testing::TestWithParam<Named> {
 protected:
  Wait_set() { os::pretend_to_be_before_futex_waitv(GetParam().is_old_kernel); }
  ~Wait_set() override { os::pretend_to_be_before_futex_waitv(false); }

  std::string one = unique_ring_name();
  std::string other = unique_ring_name();
  Producer<Event> first_producer = Producer<Event>::create(one);
  Producer<PackedTick> second_producer = Producer<PackedTick>::create(other);
  Consumer<Event> first = Consumer<Event>::attach(one);
  Consumer<PackedTick> second = Consumer<PackedTick>::attach(other);
  WaitSet set{GetParam().strategy};
};
INSTANTIATE_TEST_SUITE_P(
    , Wait_set,
    testing::Values(Named{"Busy_spin", WaitStrategy::busy_spin()},
                    Named{"Spin_with_hint", WaitStrategy::spin_with_hint()},
                    Named{"Spin_then_yield", WaitStrategy::spin_then_yield()},
                    Named{"Sleep", WaitStrategy::sleep()}, Named{"Block", WaitStrategy::block()},
                    Named{"Block_at_once", WaitStrategy::block(0)},
                    Named{"Block_on_an_old_kernel", WaitStrategy::block(0), true},
                    Named{"Custom_that_sleeps", WaitStrategy::custom(sleep_in_kernel)},
                    Named{"Custom_that_yields", WaitStrategy::custom(only_yield)}),
    [](const auto& named) { return named.param.name; });

TEST_P(Wait_set, Finds_who_has_an_event_and_handles_nothing) {
  EXPECT_EQ(set.add(first), 0U);
  EXPECT_EQ(set.add(second), 1U);
  for (std::uint64_t i = 0; i < 5; ++i) {
    std::thread publishing([&] { second_producer.publish(PackedTick::of(i)); });
    const Result found = set.wait_until(soon());
    publishing.join();
    EXPECT_EQ(found.outcome, Poll::events);
    EXPECT_EQ(found.index, 1U);
    EXPECT_EQ(drain(second), Numbers{i});
    EXPECT_EQ(drain(first), Numbers{});
  }
}

TEST_P(Wait_set, Takes_them_in_turn) {
  set.add(first);
  set.add(second);
  publish_numbers(first_producer, 3);
  publish_numbers(second_producer, 3);
  std::vector<std::size_t> order;
  for (int i = 0; i < 6; ++i) order.push_back(set.wait_until(soon()).index);
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 0, 1, 0, 1}));
}

TEST_P(Wait_set, Ends_at_its_deadline_and_not_before) {
  set.add(first);
  set.add(second);
  EXPECT_EQ(set.wait_until(TimePoint::min()).outcome, Poll::timed_out);
  const TimePoint deadline = std::chrono::steady_clock::now() + 5ms;
  const Result found = set.wait_until(deadline);
  EXPECT_EQ(found.outcome, Poll::timed_out);
  EXPECT_EQ(found.index, 2U);
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
}

TEST_P(Wait_set, Looks_at_least_once) {
  set.add(first);
  publish_numbers(first_producer, 1);
  EXPECT_EQ(set.wait_until(TimePoint::min()).outcome, Poll::events);
}

TEST_P(Wait_set, Is_interrupted_by_any_thread_now_or_next_time) {
  set.add(first);
  set.interrupt();
  set.interrupt();
  EXPECT_EQ(set.wait_until(soon()).outcome, Poll::interrupted);
  for (int i = 0; i < 20; ++i) {
    std::thread other_thread([&] { set.interrupt(); });
    EXPECT_EQ(set.wait().outcome, Poll::interrupted);
    other_thread.join();
  }
  EXPECT_EQ(set.wait_until(std::chrono::steady_clock::now()).outcome, Poll::timed_out);
}

TEST_P(Wait_set, That_sleeps_in_the_kernel_sleeps_again_after_an_interrupt) {
  const auto kind = GetParam().strategy.kind();
  if (kind != WaitStrategy::Kind::block && GetParam().name != std::string("Custom_that_sleeps"))
    GTEST_SKIP() << "never sleeps there";
  set.add(first);
  set.interrupt();
  EXPECT_EQ(set.wait_until(soon()).outcome, Poll::interrupted);
  const auto cpu_time = [] {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  };
  const auto before = cpu_time();
  EXPECT_EQ(set.wait_until(std::chrono::steady_clock::now() + 200ms).outcome, Poll::timed_out);
  EXPECT_LT(cpu_time() - before, 50ms);
}

TEST_P(Wait_set, Tells_of_an_absence_once_and_of_the_end_as_long_as_it_is_asked) {
  set.add(first);
  set.add(second);
  first_producer.detach();
  Result found = set.wait_until(soon());
  EXPECT_EQ(found.outcome, Poll::producer_left);
  EXPECT_EQ(found.index, 0U);
  EXPECT_EQ(set.wait_until(std::chrono::steady_clock::now() + 5ms).outcome, Poll::timed_out);

  auto successor = Producer<Event>::attach(one);
  publish_numbers(successor, 1);
  EXPECT_EQ(set.wait_until(soon()).outcome, Poll::events);
  drain(first);
  successor.close();
  for (int i = 0; i < 3; ++i) {
    found = set.wait_until(soon());
    EXPECT_EQ(found.outcome, Poll::closed);
    EXPECT_EQ(found.index, 0U);
  }
  set.remove(0);
  EXPECT_EQ(set.wait_until(std::chrono::steady_clock::now() + 5ms).outcome, Poll::timed_out);
  publish_numbers(second_producer, 1);
  EXPECT_EQ(set.wait_until(soon()).index, 1U);
}

TEST_P(Wait_set, Waits_for_whom_is_added_later_too) {
  set.add(first);
  EXPECT_EQ(set.wait_until(std::chrono::steady_clock::now() + 2ms).outcome, Poll::timed_out);
  EXPECT_EQ(set.add(second), 1U);
  std::thread publishing([&] { second_producer.publish(PackedTick::of(0)); });
  EXPECT_EQ(set.wait_until(soon()).index, 1U);
  publishing.join();
}

TEST_P(Wait_set, Loses_nothing_of_two_rings) {
  set.add(first);
  set.add(second);
  constexpr std::uint64_t count = 2000;
  std::thread one_thread([&] {
    for (std::uint64_t i = 0; i < count; ++i) first_producer.publish(Event::of(i));
    first_producer.close();
  });
  std::thread other_thread([&] {
    for (std::uint64_t i = 0; i < count; ++i) second_producer.publish(PackedTick::of(i));
    second_producer.close();
  });
  std::array<Numbers, 2> seen;
  for (int ended = 0; ended < 2;) {
    const Result found = set.wait_until(soon());
    if (found.outcome == Poll::timed_out) break;
    const Numbers more = found.index == 0 ? drain(first) : drain(second);
    seen[found.index].insert(seen[found.index].end(), more.begin(), more.end());
    if (found.outcome != Poll::closed) continue;
    set.remove(found.index);
    ++ended;
  }
  one_thread.join();
  other_thread.join();
  EXPECT_EQ(seen[0], numbers(0, count));
  EXPECT_EQ(seen[1], numbers(0, count));
}

}  // namespace
}  // namespace disruptor_mp::test
