// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "disruptor_mp/ring/fences.hpp"
#include "disruptor_mp/segment/format.hpp"

namespace disruptor_mp {

/// The producer's promise to everybody: "I write nothing at or beyond the horizon before I have
/// looked at the gates again." One word, moved ahead in large steps, so the hot path compares with
/// a private number only.
///
/// Three things rest on it:
///  - A consumer joins without the producer's help. It shows its row, fences, and reads the
///  horizon: every slot the
///    producer may write without having seen the row is below it, so sequences from horizon -
///    capacity on are safe. It does not matter whether the producer is running, stopped or dead.
///  - An observer copies an event and then looks at the horizon: if sequence + capacity is still
///  not below it, nobody
///    was allowed to touch the slot meanwhile.
///  - A successor knows from where on slots may hold torn writes.
///
///      joiner                                producer
///      store row (active)                    store horizon
///      heavy fence                           light fence
///      load horizon                          load membership epoch, gates
///
/// One of both sees the other's store. A promise too far ahead (died after the store) does no harm:
/// it only makes the oldest events unavailable to late joiners.
class Window {
 public:
  Window(format::Control& control, std::uint64_t capacity, Fences fences) noexcept
      : control_(&control),
        capacity_(capacity),
        step_(std::max<std::uint64_t>(1, capacity / 4)),
        announced_(control.horizon.load(std::memory_order_acquire)),
        fences_(fences) {
    // A successor may write below the horizon that its predecessor announced, without announcing
    // anything itself. As in `open`: who sees a byte written from here on sees the horizon.
    std::atomic_thread_fence(std::memory_order_release);
  }

  /// Makes room for n ≤ capacity sequences from `next` on, as far as the gates permit (`permitted`
  /// is the slowest gate + capacity). `find_permitted` looks at the gates; it is asked again after
  /// every announcement.
  /// @return the end of what may be written now; may be below next + n.
  template <class FindPermitted>
  std::uint64_t open(std::uint64_t next, std::uint64_t n, FindPermitted&& find_permitted) {
    std::uint64_t permitted = find_permitted();
    const std::uint64_t wanted = std::min(permitted, next + std::max(n, step_));
    if (wanted > announced_) {
      announced_ = wanted;
      // A hint for stamped rings; exact already in packed ones. Release: whoever starts there sees
      // those events.
      control_->published.store(next, std::memory_order_release);
      control_->horizon.store(wanted, std::memory_order_relaxed);
      // Pairs with the acquire fence of an observer: whoever sees a byte written from here on sees
      // the horizon.
      std::atomic_thread_fence(std::memory_order_release);
      fences_.light();  // pairs with the joiner's heavy fence
      permitted = find_permitted();
    }
    return std::max(next, std::min(announced_, permitted));
  }

  /// The same where several producers have a window each on the one horizon.
  template <class FindPermitted>
  std::uint64_t open_shared(std::uint64_t next, std::uint64_t n, FindPermitted&& find_permitted) {
    std::uint64_t permitted = find_permitted();
    const std::uint64_t wanted = std::min(permitted, next + std::max(n, step_));
    if (wanted > announced_) {
      announced_ = wanted;
      raise(control_->horizon, wanted);
      // As in `open`. Where another has announced more, we have read so, and whoever sees a byte of
      // ours sees that.
      std::atomic_thread_fence(std::memory_order_release);
      fences_.light();  // pairs with the joiner's heavy fence
      permitted = find_permitted();
    }
    return std::max(next, std::min(announced_, permitted));
  }

  [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::uint64_t announced() const noexcept { return announced_; }

  /// The oldest sequence that no producer may be overwriting, given a horizon that was just read.
  /// One that no event has brought about was written by a stranger, and promises nothing.
  static constexpr std::uint64_t oldest(std::uint64_t horizon, std::uint64_t capacity,
                                        std::uint64_t first) noexcept {
    const std::uint64_t promised = horizon - first;
    return promised > capacity && promised <= format::max_stream_length ? horizon - capacity
                                                                        : first;
  }

 private:
  /// Never back: a promise of another's is a promise.
  static void raise(std::atomic<std::uint64_t>& word, std::uint64_t value) noexcept {
    std::uint64_t seen = word.load(std::memory_order_relaxed);
    while (seen < value && !word.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
    }
  }

  format::Control* control_;
  std::uint64_t capacity_;
  std::uint64_t step_;
  std::uint64_t announced_;
  Fences fences_;
};

}  // namespace disruptor_mp
