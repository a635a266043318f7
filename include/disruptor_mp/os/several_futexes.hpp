// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "disruptor_mp/base/types.hpp"

namespace disruptor_mp::os {

/// A word, and what it is while one sleeps on it.
struct FutexWord {
  const std::atomic<std::uint32_t>* word;
  std::uint32_t expected;
};

/// So many at once (FUTEX_WAITV_MAX).
inline constexpr std::size_t most_futexes = 128;

/// Whether the kernel lets a thread sleep on several words (futex_waitv(2), since Linux 5.16, where
/// no seccomp filter forbids it).
[[nodiscard]] bool can_sleep_on_several() noexcept;

/// Sleeps while every word is what is expected of it, until one is woken, until `deadline`, or for
/// no reason at all; at most `most_futexes`. If the kernel cannot, sleeps on the first only.
void futex_wait_any(std::span<const FutexWord> words, TimePoint deadline) noexcept;

/// For tests: `true` is a kernel that cannot. Not while anybody sleeps.
void pretend_to_be_before_futex_waitv(bool pretends) noexcept;

}  // namespace disruptor_mp::os
