// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The bell's states, and that no wake-up is lost: the sleeper has no other way to wake in these
// tests, so a lost one hangs until ctest's timeout.
#include "disruptor_mp/ring/bell.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "disruptor_mp/ring/waiter.hpp"

namespace disruptor_mp::test {
namespace {

using format::FenceMode;
using namespace std::chrono_literals;

class A_bell : public testing::Test {
 protected:
  format::BellWord word{};
  Bell bell{word};
};

TEST_F(A_bell, Is_even_while_nobody_sleeps_and_ringing_it_changes_nothing) {
  bell.ring();
  bell.ring_if_awaited();
  EXPECT_EQ(word.word, 0U);
}

TEST_F(A_bell, Is_odd_while_somebody_sleeps_however_many_they_are) {
  EXPECT_EQ(bell.announce_sleep(), 1U);
  EXPECT_EQ(bell.announce_sleep(), 1U);
  EXPECT_EQ(word.word, 1U);
}

TEST_F(A_bell, Is_even_again_when_it_has_rung_and_each_round_is_another_number) {
  for (std::uint32_t round = 0; round < 5; ++round) {
    EXPECT_EQ(bell.announce_sleep(), 2 * round + 1);
    bell.ring_if_awaited();
    EXPECT_EQ(word.word, 2 * round + 2);
    bell.ring_if_awaited();
    EXPECT_EQ(word.word, 2 * round + 2);
  }
}

TEST_F(A_bell, Goes_on_counting_past_the_largest_number) {
  word.word = 0xFFFFFFFE;
  EXPECT_EQ(bell.announce_sleep(), 0xFFFFFFFFU);
  bell.ring();
  EXPECT_EQ(word.word, 0U);
  EXPECT_EQ(bell.announce_sleep(), 1U);
}

TEST_F(A_bell, Lets_nobody_sleep_who_announced_before_it_rang) {
  const std::uint32_t announced = bell.announce_sleep();
  bell.ring();
  bell.sleep(announced, never);  // returns at once
}

TEST_F(A_bell, Lets_nobody_sleep_beyond_his_deadline) {
  const std::uint32_t announced = bell.announce_sleep();
  bell.sleep(announced, os::now() - 1s);
  const TimePoint soon = os::now() + 3ms;
  while (os::now() < soon) bell.sleep(announced, soon);
  EXPECT_EQ(word.word, announced);
}

TEST_F(A_bell, Wakes_everybody_who_sleeps) {
  std::atomic<bool> news{false};
  std::vector<std::jthread> sleepers;
  for (int i = 0; i < 4; ++i) {
    sleepers.emplace_back([&] {
      const Waiter waiter(WaitStrategy::block(0), &bell, Fences(FenceMode::portable), 24h);
      EXPECT_EQ(waiter.wait(
                    never, [&] { return news.load(); }, [] { return false; }),
                Waiter::Outcome::ready);
    });
  }
  while ((word.word.load() & 1U) == 0) std::this_thread::yield();
  news.store(true);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  bell.ring_if_awaited();
}

/// For both ways of making two sides see each other.
class Bell_and_fences : public testing::TestWithParam<FenceMode> {
 protected:
  void SetUp() override {
    if (GetParam() == FenceMode::asymmetric && !os::register_for_asymmetric_fences())
      GTEST_SKIP() << "this kernel has no membarrier";
  }
  Fences fences{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(, Bell_and_fences,
                         testing::Values(FenceMode::asymmetric, FenceMode::portable),
                         [](const auto& mode) {
                           return mode.param == FenceMode::asymmetric ? "Asymmetric" : "Portable";
                         });

TEST_P(Bell_and_fences, A_hot_bell_rings_who_is_awaited_and_nobody_else) {
  format::BellWord word{};
  const HotBell hot(word, fences);
  hot.ring_if_awaited();
  EXPECT_EQ(word.word, 0U);
  (void)Bell(word).announce_sleep();
  hot.ring_if_awaited();
  EXPECT_EQ(word.word, 2U);
  EXPECT_EQ(fences.is_asymmetric(), GetParam() == FenceMode::asymmetric);
}

TEST_P(Bell_and_fences, No_wake_up_is_lost_between_two_who_wait_for_each_other) {
  constexpr std::uint64_t rounds = 5000;
  format::BellWord words[2] = {};
  std::atomic<std::uint64_t> news[2] = {};
  // Each side stores its number, rings, and sleeps until the other has stored the same.
  const auto side = [&](int mine, int other) {
    const Bell sleep_on(words[other]);
    const HotBell ring(words[mine], fences);
    // Some spins or none, so that rings meet sleepers in all stages of falling asleep.
    for (std::uint64_t round = 1; round <= rounds; ++round) {
      news[mine].store(round, std::memory_order_release);
      ring.ring_if_awaited();
      const Waiter waiter(WaitStrategy::block(round % 8), &sleep_on, fences, 24h);
      waiter.wait(
          never, [&] { return news[other].load(std::memory_order_acquire) >= round; },
          [] { return false; });
    }
  };
  std::jthread second([&] { side(1, 0); });
  side(0, 1);
}

TEST_P(Bell_and_fences, One_of_two_sees_the_other) {
  // Store mine, fence, load yours: the light side and the heavy side never both miss.
  constexpr int rounds = 20'000;
  struct alignas(isolation) Word {
    std::atomic<int> value{0};
  };
  Word light_word;
  Word heavy_word;
  Word light_turn;
  Word heavy_saw;
  int both_missed = 0;
  std::jthread heavy([&] {
    for (int round = 1; round <= rounds; ++round) {
      while (light_turn.value.load(std::memory_order_acquire) != round) os::yield();
      heavy_word.value.store(round, std::memory_order_relaxed);
      fences.heavy();
      heavy_saw.value.store(
          light_word.value.load(std::memory_order_relaxed) == round ? round : -round,
          std::memory_order_release);
    }
  });
  for (int round = 1; round <= rounds; ++round) {
    light_turn.value.store(round, std::memory_order_release);
    light_word.value.store(round, std::memory_order_relaxed);
    fences.light();
    const bool light_saw = heavy_word.value.load(std::memory_order_relaxed) == round;
    int saw = 0;
    while (std::abs(saw = heavy_saw.value.load(std::memory_order_acquire)) != round) os::yield();
    both_missed += !light_saw && saw < 0 ? 1 : 0;
  }
  EXPECT_EQ(both_missed, 0);
}

}  // namespace
}  // namespace disruptor_mp::test
