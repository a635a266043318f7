// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "disruptor_mp/base/types.hpp"

namespace disruptor_mp::os {

/// The clock of all deadlines (CLOCK_MONOTONIC).
[[nodiscard]] TimePoint now() noexcept;

/// Wall-clock nanoseconds since 1970, for people; nothing is decided by it.
[[nodiscard]] std::uint64_t wall_clock_ns() noexcept;

/// Tells the CPU that this is a spin loop (pause, yield): saves power and lets the writer keep the
/// line longer.
void relax() noexcept;
/// Gives the core to another runnable thread.
void yield() noexcept;
void sleep_until(TimePoint deadline) noexcept;

/// Sleeps while `*word == expected`, until woken, until `deadline`, or for no reason at all.
/// Works between processes; `word` may lie in a mapping that is only readable.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                TimePoint deadline) noexcept;
/// Wakes every sleeper on the word.
void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept;

/// Prepares this process for being the fast side of an asymmetric fence: after it returned true, a
/// compiler barrier here pairs with `asymmetric_heavy_fence` in any process. Idempotent and cheap.
[[nodiscard]] bool register_for_asymmetric_fences() noexcept;
/// A full fence of every running thread of every registered process (membarrier(2),
/// GLOBAL_EXPEDITED). Only called after `register_for_asymmetric_fences` returned true here.
void asymmetric_heavy_fence() noexcept;

}  // namespace disruptor_mp::os
