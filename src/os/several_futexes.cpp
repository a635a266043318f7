// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/several_futexes.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "disruptor_mp/os/thread.hpp"

namespace disruptor_mp::os {
namespace {

// Not in the headers of an older kernel, on which the library is built all the same; the number is
// the same on every architecture (include/uapi/linux/futex.h, struct futex_waitv).
constexpr long sys_futex_waitv = 449;
struct FutexWaitv {
  std::uint64_t value;
  std::uint64_t address;
  std::uint32_t flags;
  std::uint32_t reserved;
};
constexpr std::uint32_t size_u32 = 2;  // FUTEX_32; without FUTEX_PRIVATE_FLAG: between processes

std::atomic<bool> is_before{false};

}  // namespace

bool can_sleep_on_several() noexcept {
  // Of no words it is an invalid argument where there is such a call, else no such call.
  static const bool is_there =
      syscall(sys_futex_waitv, nullptr, 0, 0, nullptr, 0) == -1 && errno == EINVAL;
  return is_there && !is_before.load(std::memory_order_relaxed);
}

void pretend_to_be_before_futex_waitv(bool pretends) noexcept {
  is_before.store(pretends, std::memory_order_relaxed);
}

void futex_wait_any(std::span<const FutexWord> words, TimePoint deadline) noexcept {
  if (words.empty()) return;
  if (words.size() == 1 || !can_sleep_on_several())
    return futex_wait(*words.front().word, words.front().expected, deadline);
  std::array<FutexWaitv, most_futexes> waiters{};
  const std::size_t count = std::min(words.size(), most_futexes);
  for (std::size_t i = 0; i < count; ++i) {
    waiters[i] = {.value = words[i].expected,
                  .address = reinterpret_cast<std::uintptr_t>(words[i].word),
                  .flags = size_u32,
                  .reserved = 0};
  }
  timespec until{};
  if (deadline != never) {
    const auto since = deadline.time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    until = {.tv_sec = static_cast<time_t>(seconds.count()),
             .tv_nsec = static_cast<long>(Duration(since - seconds).count())};
  }
  // An absolute time, as in futex_wait. (x32 and 32-bit time_t are not supported platforms.)
  syscall(sys_futex_waitv, waiters.data(), count, 0, deadline == never ? nullptr : &until,
          CLOCK_MONOTONIC);
}

}  // namespace disruptor_mp::os
