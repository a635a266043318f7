// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Every strategy waits for the same things and ends in the same ways.
#include "disruptor_mp/ring/waiter.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace disruptor_mp::test {
namespace {

using namespace std::chrono_literals;
using Outcome = Waiter::Outcome;
using Kind = WaitStrategy::Kind;

struct Named {
  const char* name;
  WaitStrategy strategy;
  bool has_bell = true;
};

void return_at_once(WaitRound&) noexcept {}
void sleep_twice(WaitRound& round) noexcept {
  round.sleep();
  round.sleep();
}

class Waiting : public testing::TestWithParam<Named> {
 protected:
  static constexpr auto never_ready = [] { return false; };
  static constexpr auto never_give_up = [] { return false; };

  [[nodiscard]] Waiter waiter(Duration longest_nap = 5ms) const {
    return {GetParam().strategy, GetParam().has_bell ? &bell : nullptr,
            Fences(format::FenceMode::portable), longest_nap};
  }

  format::BellWord word{};
  Bell bell{word};
};
INSTANTIATE_TEST_SUITE_P(
    , Waiting,
    testing::Values(Named{"Busy_spin", WaitStrategy::busy_spin()},
                    Named{"Spin_with_hint", WaitStrategy::spin_with_hint()},
                    Named{"Spin_then_yield", WaitStrategy::spin_then_yield()},
                    Named{"Sleep", WaitStrategy::sleep(50us)},
                    Named{"Block", WaitStrategy::block()},
                    Named{"Block_at_once", WaitStrategy::block(0)},
                    Named{"Custom", WaitStrategy::custom(return_at_once)},
                    Named{"Custom_that_sleeps", WaitStrategy::custom(sleep_twice)},
                    Named{"Custom_without_a_bell", WaitStrategy::custom(sleep_twice), false},
                    Named{"Block_without_a_bell", WaitStrategy::block(), false}),
    [](const auto& named) { return named.param.name; });

TEST_P(Waiting, Ends_at_once_if_it_is_ready) {
  const auto ready = [] { return true; };
  const auto not_asked = [] {
    ADD_FAILURE() << "asked whether to give up";
    return true;
  };
  EXPECT_EQ(waiter().wait(never, ready, not_asked), Outcome::ready);
  EXPECT_EQ(waiter().wait(os::now() - 1s, ready, not_asked), Outcome::ready);
}

TEST_P(Waiting, Ends_when_it_has_become_ready) {
  int looks = 0;
  const auto later = [&] { return ++looks == 3; };
  EXPECT_EQ(waiter().wait(never, later, never_give_up), Outcome::ready);
}

TEST_P(Waiting, Ends_at_its_deadline_and_not_before) {
  EXPECT_EQ(waiter().wait(os::now() - 1s, never_ready, never_give_up), Outcome::timed_out);
  const TimePoint soon = os::now() + 3ms;
  EXPECT_EQ(waiter().wait(soon, never_ready, never_give_up), Outcome::timed_out);
  EXPECT_GE(os::now(), soon);
}

TEST_P(Waiting, Ends_when_there_is_nothing_left_to_wait_for) {
  EXPECT_EQ(waiter().wait(never, never_ready, [] { return true; }), Outcome::gave_up);
  EXPECT_EQ(waiter().wait(os::now() - 1s, never_ready, [] { return true; }), Outcome::gave_up);
}

TEST_P(Waiting, Asks_again_and_again_whether_to_give_up) {
  int questions = 0;
  EXPECT_EQ(waiter().wait(never, never_ready, [&] { return ++questions == 5; }), Outcome::gave_up);
}

TEST_P(Waiting, Looks_once_more_before_it_gives_up) {
  bool is_ready = false;
  const auto became_ready = [&] {
    is_ready = true;  // the last event came just before the death was noticed
    return true;
  };
  EXPECT_EQ(waiter().wait(
                never, [&] { return is_ready; }, became_ready),
            Outcome::ready);
}

TEST_P(Waiting, Looks_at_once_when_the_question_has_made_it_ready) {
  bool is_ready = false;
  int looks = 0;
  const auto make_ready = [&] {
    is_ready = true;  // a dead one that was in the way was removed
    looks = 0;
    return false;
  };
  EXPECT_EQ(waiter().wait(
                never, [&] { return ++looks, is_ready; }, make_ready),
            Outcome::ready);
  EXPECT_EQ(looks, 1);
}

TEST_P(Waiting, Notices_what_another_thread_does) {
  std::atomic<bool> news{false};
  std::jthread other([&] {
    news.store(true);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    bell.ring_if_awaited();
  });
  EXPECT_EQ(waiter().wait(
                never, [&] { return news.load(); }, never_give_up),
            Outcome::ready);
}

TEST_P(Waiting, Notices_news_even_if_the_ringer_died_before_it_rang) {
  std::atomic<bool> news{false};
  std::jthread other([&] { news.store(true); });  // no bell
  EXPECT_EQ(waiter().wait(
                never, [&] { return news.load(); }, never_give_up),
            Outcome::ready);
}

TEST(Wait_strategies, Have_the_documented_defaults) {
  EXPECT_EQ(WaitStrategy::busy_spin().kind(), Kind::busy_spin);
  EXPECT_EQ(WaitStrategy::spin_with_hint().kind(), Kind::spin_with_hint);
  EXPECT_EQ(WaitStrategy::spin_then_yield().kind(), Kind::spin_then_yield);
  EXPECT_EQ(WaitStrategy::spin_then_yield().spins(), 100U);
  EXPECT_EQ(WaitStrategy::sleep().kind(), Kind::sleep);
  EXPECT_EQ(WaitStrategy::sleep().period(), 100us);
  EXPECT_EQ(WaitStrategy::block().kind(), Kind::block);
  EXPECT_EQ(WaitStrategy::block().spins(), 1000U);
  EXPECT_EQ(WaitStrategy::block(7).spins(), 7U);
  EXPECT_EQ(WaitStrategy::sleep(3ms).period(), 3ms);
}

}  // namespace
}  // namespace disruptor_mp::test
