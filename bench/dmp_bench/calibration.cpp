// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/calibration.hpp"

#include <algorithm>
#include <array>

#include "dmp_bench/clock.hpp"

namespace disruptor_mp::bench {
namespace {

constexpr std::size_t chunks = 17;
constexpr std::uint64_t round_trips_per_chunk = 64;

void wait_for(const std::atomic<std::uint64_t>& ball, std::uint64_t value) noexcept {
  while (ball.load(std::memory_order_acquire) != value) {
  }
}

}  // namespace

double lead_calibration(std::atomic<std::uint64_t>& ball) noexcept {
  std::array<std::uint64_t, chunks> times{};
  std::uint64_t value = ball.load(std::memory_order_relaxed);
  std::uint64_t before = now_ns();
  for (std::uint64_t& time : times) {
    for (std::uint64_t i = 0; i < round_trips_per_chunk; ++i) {
      ball.store(++value, std::memory_order_release);
      wait_for(ball, ++value);
    }
    const std::uint64_t after = now_ns();
    time = after - before;
    before = after;
  }
  std::nth_element(times.begin(), times.begin() + chunks / 2, times.end());
  return static_cast<double>(times[chunks / 2]) / round_trips_per_chunk;
}

void follow_calibration(std::atomic<std::uint64_t>& ball) noexcept {
  // The ball is even while it is on the leader's side; it may be on its way already.
  std::uint64_t value = ball.load(std::memory_order_relaxed) & ~std::uint64_t{1};
  for (std::uint64_t i = 0; i < chunks * round_trips_per_chunk; ++i) {
    wait_for(ball, ++value);
    ball.store(++value, std::memory_order_release);
  }
}

}  // namespace disruptor_mp::bench
