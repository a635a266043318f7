// SPDX-License-Identifier: MIT OR Apache-2.0
//
// os/thread.hpp without a machine that has time to pass: nobody else is there to wait for, so who
// sleeps wakes at once, later. Linked before the library, which then does not bring its own.
#include <atomic>
#include <chrono>

#include "disruptor_mp/os/thread.hpp"

namespace disruptor_mp::os {
namespace {

TimePoint time_now{std::chrono::hours(1)};

}  // namespace

/// Passes with each look, so that who only spins comes to its deadline too.
TimePoint now() noexcept { return time_now += std::chrono::microseconds(1); }
std::uint64_t wall_clock_ns() noexcept { return 1'700'000'001'000'000'000U; }

void relax() noexcept {}
void yield() noexcept {}

void sleep_until(TimePoint deadline) noexcept {
  if (deadline > time_now) time_now = deadline;
}
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                TimePoint deadline) noexcept {
  if (word.load() == expected) sleep_until(deadline);
}
void futex_wake_all(const std::atomic<std::uint32_t>& /*word*/) noexcept {}

bool register_for_asymmetric_fences() noexcept { return true; }
void asymmetric_heavy_fence() noexcept { std::atomic_thread_fence(std::memory_order_seq_cst); }

}  // namespace disruptor_mp::os
