// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Nobody waits longer or shorter because somebody sets the machine's clock. A binary of its own:
// its wall clock jumps by an hour, forth and back, with each reading.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>

#include "disruptor_mp/disruptor_mp.hpp"
#include "support/errors.hpp"
#include "support/events.hpp"
#include "support/ring_names.hpp"

namespace {
std::atomic<std::uint64_t> readings{0};
}

// Instead of libc's, for us and for everything that is linked to us.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  if (clock == CLOCK_REALTIME && result == 0)
    time->tv_sec += readings.fetch_add(1, std::memory_order_relaxed) % 2 == 0 ? 3600 : -3600;
  return result;
}

namespace disruptor_mp::test {
namespace {

using namespace std::chrono_literals;
using E = StampedTick;

class A_wall_clock_that_jumps : public testing::TestWithParam<WaitStrategy> {
 protected:
  /// Its duration, by a clock that nobody sets: at least 30 ms, and not an hour.
  template <class Wait>
  static void expect_about_30_ms(Wait&& wait) {
    const auto begin = std::chrono::steady_clock::now();
    wait(begin + 30ms);
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(took, 30ms);
    EXPECT_LT(took, 20s);
  }
};

TEST_P(A_wall_clock_that_jumps, Changes_no_waiting) {
  const std::string name = unique_ring_name();
  auto producer = Producer<E>::create(name, {.capacity = 2, .wait = GetParam()});
  auto consumer = Consumer<E>::attach(name, {.wait = GetParam()});
  expect_about_30_ms([&](TimePoint deadline) {
    EXPECT_EQ(consumer.poll_until(deadline, [](const E&) {}).outcome, Poll::timed_out);
  });
  while (producer.try_publish(E::of(1)) == Publish::ok) {
  }
  expect_about_30_ms([&](TimePoint deadline) {
    EXPECT_EQ(producer.publish_until(deadline, E::of(1)), Publish::timed_out);
  });
  expect_about_30_ms([&](TimePoint) {
    const Error error =
        error_of([] { Consumer<E>::attach(unique_ring_name(), {.timeout = 30ms}); });
    EXPECT_EQ(error.code(), Errc::not_found);
  });
  // And nobody who waits is forgotten.
  std::jthread publisher([&] {
    for (int i = 0; i < 100; ++i) {
      if (producer.publish(E::of(1)) != Publish::ok) return;
    }
    producer.close();
  });
  std::uint64_t seen = 0;
  EXPECT_EQ(consumer.run([&](const E&) { ++seen; }), Poll::closed);
  EXPECT_EQ(seen, 102U);
}

INSTANTIATE_TEST_SUITE_P(, A_wall_clock_that_jumps,
                         testing::Values(WaitStrategy::block(0), WaitStrategy::sleep(1ms),
                                         WaitStrategy::spin_then_yield(10)),
                         [](const auto& way) { return "Way_" + std::to_string(way.index); });

TEST(The_jumping, Is_seen_by_who_reads_the_wall_clock) {
  const std::uint64_t before = readings;
  const auto first = std::chrono::system_clock::now();
  const auto second = std::chrono::system_clock::now();
  EXPECT_EQ(readings - before, 2U);
  EXPECT_GT(std::chrono::abs(second - first), 1h);
}

}  // namespace
}  // namespace disruptor_mp::test
