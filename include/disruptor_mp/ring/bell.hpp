// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/fences.hpp"
#include "disruptor_mp/ring/tally.hpp"
#include "disruptor_mp/segment/format.hpp"

namespace disruptor_mp {

/// Wakes who sleeps, and costs nearly nothing while nobody does: one load of a line that nobody
/// writes.
///
///            sleeper: set bit 0                       ringer: add 1
///   even ───────────────────────────▶ odd ───────────────────────────▶ even (next round)
///   nobody sleeps                     somebody sleeps, or is about to  all are woken
///
/// Sleeper: make the word odd; heavy fence; look once more for what it waits for; futex-wait while
/// the word is still that odd value. Ringer: store the news; light fence; if the word is odd, make
/// it even and wake all. The fences make one of them see the other: either the sleeper sees the
/// news or the ringer sees the bit.
///
/// If the ringer dies between making the word even and the wake-up, the sleepers of that round are
/// not woken; therefore every sleep is cut into naps (see waiter.hpp) and ends by itself. A sleeper
/// that dies leaves the word odd, which costs the next ringer one needless system call.
class Bell {
 public:
  explicit Bell(format::BellWord& bell) noexcept : word_(&bell.word), rung_ns_(&bell.rung_ns) {}

  /// Sleeper: announces the sleep. @return the value to sleep on.
  [[nodiscard]] std::uint32_t announce_sleep() const noexcept {
    // Relaxed: ordered against the second look by the heavy fence, which pairs with the ringer's
    // light one.
    return word_->fetch_or(1, std::memory_order_relaxed) | 1U;
  }

  /// Sleeper: sleeps on what announce_sleep returned.
  void sleep(std::uint32_t announced, TimePoint deadline) const noexcept {
    os::futex_wait(*word_, announced, deadline);
  }

  /// Ringer, after its news and a light fence. Cheap if nobody sleeps.
  void ring_if_awaited() const noexcept {
    if (is_awaited()) [[unlikely]]
      ring();
  }
  [[nodiscard]] bool is_awaited() const noexcept {
    // Relaxed: the light fence before it pairs with the sleeper's heavy one.
    return (word_->load(std::memory_order_relaxed) & 1U) != 0;
  }

  /// Ringer: wakes all who sleep now. @return whether it was this one who did.
  bool ring() const noexcept {  // NOLINT(modernize-use-nodiscard): most do not count
    std::uint32_t seen = word_->load(std::memory_order_relaxed);
    while ((seen & 1U) != 0) {
      if (word_->compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) {
        os::futex_wake_all(*word_);
        return true;
      }
    }
    return false;
  }
  /// The same for one who counts: notes before when it was. Of two who ring at once the later note
  /// may stand; for people.
  void ring_and_count(std::atomic<std::uint64_t>& wake_ups) const noexcept {
    rung_ns_->store(to_ns(os::now()), std::memory_order_relaxed);
    if (ring()) Tally::add(wake_ups);
  }
  /// Sleeper, after it slept on what announce_sleep returned: whether it was rung.
  [[nodiscard]] bool was_rung(std::uint32_t announced) const noexcept {
    return word_->load(std::memory_order_relaxed) != announced;
  }
  /// When it was rung last by one who counts. May be seen late, and then it is an earlier time.
  [[nodiscard]] std::uint64_t rung_ns() const noexcept {
    return rung_ns_->load(std::memory_order_relaxed);
  }

  [[nodiscard]] const std::atomic<std::uint32_t>& word() const noexcept { return *word_; }

 private:
  std::atomic<std::uint32_t>* word_;
  std::atomic<std::uint64_t>* rung_ns_;
};

/// A bell as the hot path holds it: one load and one untaken branch per event in a ring of
/// asymmetric fences. In a ring of portable fences every event takes the branch, and meets the real
/// fence behind it.
class HotBell {
 public:
  /// @param wake_ups where the ringer counts whom it woke; null: nowhere.
  HotBell(format::BellWord& bell, Fences fences,
          std::atomic<std::uint64_t>* wake_ups = nullptr) noexcept
      : watched_(fences.is_asymmetric() ? &bell.word : &always_odd),
        bell_(bell),
        fences_(fences),
        wake_ups_(wake_ups) {}

  [[gnu::always_inline]] void ring_if_awaited() const noexcept {
    // With asymmetric fences this is the light fence; pairs with the sleeper's membarrier.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if ((watched_->load(std::memory_order_relaxed) & 1U) != 0) [[unlikely]]
      ring(bell_, fences_, wake_ups_);
  }

 private:
  /// By value: an address handed out would keep the whole endpoint out of registers.
  [[gnu::noinline, gnu::cold]] static void ring(Bell bell, Fences fences,
                                                std::atomic<std::uint64_t>* wake_ups) noexcept {
    fences.light();
    if (!bell.is_awaited()) return;
    if (wake_ups == nullptr) {
      bell.ring();
    } else {
      bell.ring_and_count(*wake_ups);
    }
  }

  static constinit inline std::atomic<std::uint32_t> always_odd{1};
  const std::atomic<std::uint32_t>* watched_;
  Bell bell_;
  Fences fences_;
  std::atomic<std::uint64_t>* wake_ups_;  ///< null for one who does not count
};

}  // namespace disruptor_mp
