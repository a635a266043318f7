// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The limit: what somebody writes by hand who knows the layout, the two processes and the machine,
// and needs neither names, nor crashes, nor late joiners, nor sleeping. It keeps every trick that
// the library uses (gate cached, cursor committed lazily, stamp in the event's line) and drops
// everything that costs an instruction.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/segment/geometry.hpp"
#include "dmp_bench/cases.hpp"
#include "dmp_bench/payload.hpp"
#include "dmp_bench/spin.hpp"

namespace disruptor_mp::bench {

/// A power of two, a divisor of every capacity.
inline constexpr std::uint64_t commit_period = 64;

struct alignas(isolation) RawCursor {
  std::atomic<std::uint64_t> next;
};

struct RawControl {
  RawCursor published;  ///< packed slots only
  RawCursor tail;       ///< several producers only: everything below it is claimed
  std::array<RawCursor, std::max(max_consumers, max_producers)> gates;
};

/// A ring in raw zeroed memory: control words, then slots of the same size as the library's.
template <class E>
class RawRing {
 public:
  static constexpr bool is_stamped = slot_layout_of<E> == format::SlotLayout::stamped;
  static constexpr std::size_t stride =
      format::slot_stride(slot_layout_of<E>, sizeof(E), alignof(E));

  static std::size_t size(std::uint64_t capacity) { return slots_offset + capacity * stride; }

  /// @param gates how many cursors there are of those who hold producers back: the consumers, or,
  /// if there are none, the producers, for each other.
  RawRing(std::byte* memory, std::uint64_t capacity, unsigned gates)
      : control_(reinterpret_cast<RawControl*>(memory)),
        slots_(memory + slots_offset),
        mask_(capacity - 1),
        gates_(gates) {}

  [[nodiscard]] std::uint64_t capacity() const noexcept { return mask_ + 1; }
  [[nodiscard]] E& event(std::uint64_t n) const noexcept {
    return *reinterpret_cast<E*>(slots_ + (n & mask_) * stride);
  }
  [[nodiscard]] std::atomic<std::uint64_t>& stamp(std::uint64_t n) const noexcept {
    return *reinterpret_cast<std::atomic<std::uint64_t>*>(slots_ + (n & mask_) * stride +
                                                          sizeof(E));
  }
  [[nodiscard]] std::atomic<std::uint64_t>& published() const noexcept {
    return control_->published.next;
  }
  [[nodiscard]] std::atomic<std::uint64_t>& tail() const noexcept { return control_->tail.next; }
  [[nodiscard]] std::atomic<std::uint64_t>& cursor(unsigned gate) const noexcept {
    return control_->gates[gate].next;
  }
  [[nodiscard]] std::uint64_t slowest() const noexcept {
    std::uint64_t least = cursor(0).load(std::memory_order_acquire);
    for (unsigned i = 1; i < gates_; ++i)
      least = std::min(least, cursor(i).load(std::memory_order_acquire));
    return least;
  }

 private:
  static constexpr std::size_t slots_offset = 4096;
  static_assert(sizeof(RawControl) <= slots_offset);
  RawControl* control_;
  std::byte* slots_;
  std::uint64_t mask_;
  unsigned gates_;
};

template <class E>
class LimitWriter {
 public:
  LimitWriter(RawRing<E> ring, Spin spin) : ring_(ring), spin_(spin), limit_(ring.capacity()) {}

  void publish(std::uint64_t n) noexcept {
    if (n == limit_) wait_for_room(n + 1);
    fill(ring_.event(n), n);
    show(n);
  }

  void produce(std::uint64_t first, std::uint64_t end, std::uint64_t batch) noexcept {
    if (batch == 1) {
      produce_singles(first, end);
      return;
    }
    const RawRing<E> ring = ring_;
    for (std::uint64_t n = first; n < end;) {
      const std::uint64_t stop = n + batch;
      if (stop > limit_) wait_for_room(stop);
      for (; n != stop; ++n) {
        fill(ring.event(n), n);
        if constexpr (RawRing<E>::is_stamped) ring.stamp(n).store(n + 1, std::memory_order_release);
      }
      if constexpr (!RawRing<E>::is_stamped)
        ring.published().store(stop, std::memory_order_release);
    }
  }

 private:
  void produce_singles(std::uint64_t first, std::uint64_t end) noexcept {
    const RawRing<E> ring = ring_;
    for (std::uint64_t n = first; n != end;) {
      if (n == limit_) wait_for_room(n + 1);
      for (const std::uint64_t stop = std::min(end, limit_); n != stop; ++n) {
        fill(ring.event(n), n);
        if constexpr (RawRing<E>::is_stamped) {
          ring.stamp(n).store(n + 1, std::memory_order_release);
        } else {
          ring.published().store(n + 1, std::memory_order_release);
        }
      }
    }
  }

  void show(std::uint64_t n) noexcept {
    if constexpr (RawRing<E>::is_stamped) {
      ring_.stamp(n).store(n + 1, std::memory_order_release);
    } else {
      ring_.published().store(n + 1, std::memory_order_release);
    }
  }

  [[gnu::noinline]] void wait_for_room(std::uint64_t end) noexcept {
    while ((limit_ = ring_.slowest() + ring_.capacity()) < end) spin_();
  }

  RawRing<E> ring_;
  Spin spin_;
  std::uint64_t limit_;  ///< cached gate: events below it may be written
};

/// One of several producers. A claim is one fetch-and-add, which nobody can tell from whom it was:
/// a producer that dies holds everybody up for ever.
template <class E>
class LimitSharedWriter {
 public:
  /// @param place among the producers.
  /// @param gates_others nobody reads along, so the producers must not lap each other.
  LimitSharedWriter(RawRing<E> ring, unsigned place, bool gates_others, Spin spin)
      : ring_(ring), spin_(spin), place_(place), gates_others_(gates_others) {}

  void produce(std::uint64_t first, std::uint64_t end, std::uint64_t batch) noexcept {
    // Whoever looked before this store looked before we claim, and has claimed what lies before
    // our claim: it cannot lap us without looking again, as `wait_for_room` looks a lap ahead.
    show_progress(ring_.tail().load(std::memory_order_relaxed));
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (batch == 1) {
      produce_claims(first, end, std::integral_constant<std::uint64_t, 1>{});
    } else {
      produce_claims(first, end, batch);
    }
    show_progress(idle);
  }

 private:
  static constexpr std::uint64_t idle = ~std::uint64_t{0} >> 1U;
  static constexpr std::uint64_t progress_period = 64;

  template <class Batch>
  void produce_claims(std::uint64_t first, std::uint64_t end, Batch batch) noexcept {
    const RawRing<E> ring = ring_;
    for (std::uint64_t n = number_of(place_, first); n != number_of(place_, end);) {
      std::uint64_t at = ring.tail().fetch_add(batch, std::memory_order_relaxed);
      const std::uint64_t stop = at + batch;
      if (at - shown_ >= progress_period) show_progress(at);
      if (stop > limit_) wait_for_room(at, stop);
      for (; at != stop; ++at, ++n) {
        fill(ring.event(at), n);
        ring.stamp(at).store(at + 1, std::memory_order_release);
      }
    }
  }

  /// Everything of ours below it is written.
  void show_progress(std::uint64_t at) noexcept {
    shown_ = at;
    if (gates_others_) ring_.cursor(place_).store(at, std::memory_order_release);
  }

  [[gnu::noinline]] void wait_for_room(std::uint64_t at, std::uint64_t stop) noexcept {
    show_progress(at);
    while ((limit_ = ring_.slowest() + ring_.capacity()) < stop) spin_();
  }

  RawRing<E> ring_;
  Spin spin_;
  unsigned place_;
  bool gates_others_;
  std::uint64_t shown_ = 0;
  std::uint64_t limit_ = 0;
};

/// Reads the ring when all producers have stopped.
template <class E>
class LimitSweeper {
 public:
  explicit LimitSweeper(RawRing<E> ring) : ring_(ring) {}
  bool sweep(Arrivals& arrivals) const noexcept {
    const std::uint64_t end = ring_.tail().load(std::memory_order_acquire);
    for (std::uint64_t at = end - std::min(end, ring_.capacity()); at != end; ++at) {
      if (ring_.stamp(at).load(std::memory_order_acquire) != at + 1) return false;
      arrivals.take(ring_.event(at));
    }
    return true;
  }

 private:
  RawRing<E> ring_;
};

/// The consumer of several producers.
template <class E>
class LimitSharedReader {
 public:
  LimitSharedReader(RawRing<E> ring, unsigned producers, unsigned consumer, Spin spin)
      : ring_(ring), producers_(producers), cursor_(&ring.cursor(consumer)), spin_(spin) {}

  std::uint64_t consume(std::uint64_t first, std::uint64_t end) noexcept {
    Arrivals arrivals(first);
    for (std::uint64_t at = producers_ * first; at != producers_ * end; ++at) {
      while (ring_.stamp(at).load(std::memory_order_acquire) != at + 1) spin_();
      arrivals.take(ring_.event(at));
      if (at % commit_period == commit_period - 1)
        cursor_->store(at + 1, std::memory_order_release);
    }
    return arrivals.wrong();
  }

 private:
  RawRing<E> ring_;
  unsigned producers_;
  std::atomic<std::uint64_t>* cursor_;
  Spin spin_;
};

template <class E>
class LimitReader {
 public:
  LimitReader(RawRing<E> ring, unsigned consumer, Spin spin)
      : ring_(ring), cursor_(&ring.cursor(consumer)), spin_(spin) {}

  std::uint64_t receive(std::uint64_t n) noexcept {
    while (!is_there(n)) spin_();
    const std::uint64_t wrong = difference(ring_.event(n), n);
    commit_sometimes(n);
    return wrong;
  }

  std::uint64_t consume(std::uint64_t first, std::uint64_t end) noexcept {
    if constexpr (RawRing<E>::is_stamped) {
      return consume_stamped(first, end);
    } else {
      return consume_packed(first, end);
    }
  }

 private:
  static constexpr std::uint64_t max_batch = 256;

  [[nodiscard]] bool is_there(std::uint64_t n) const noexcept {
    if constexpr (RawRing<E>::is_stamped) {
      return ring_.stamp(n).load(std::memory_order_acquire) == n + 1;
    } else {
      return ring_.published().load(std::memory_order_acquire) != n;
    }
  }

  void commit_sometimes(std::uint64_t n) noexcept {
    if (n % commit_period == commit_period - 1) cursor_->store(n + 1, std::memory_order_release);
  }

  std::uint64_t consume_stamped(std::uint64_t first, std::uint64_t end) noexcept {
    const RawRing<E> ring = ring_;
    std::uint64_t wrong = 0;
    for (std::uint64_t n = first; n != end; ++n) {
      while (ring.stamp(n).load(std::memory_order_acquire) != n + 1) spin_();
      wrong |= difference(ring.event(n), n);
      commit_sometimes(n);
    }
    return wrong;
  }

  std::uint64_t consume_packed(std::uint64_t first, std::uint64_t end) noexcept {
    const RawRing<E> ring = ring_;
    std::uint64_t wrong = 0;
    for (std::uint64_t n = first; n != end;) {
      std::uint64_t stop = ring.published().load(std::memory_order_acquire);
      if (stop == n) {
        spin_();
        continue;
      }
      stop = std::min(stop, n + max_batch);
      for (; n != stop; ++n) wrong |= difference(ring.event(n), n);
      cursor_->store(n, std::memory_order_release);
    }
    return wrong;
  }

  RawRing<E> ring_;
  std::atomic<std::uint64_t>* cursor_;
  Spin spin_;
};

}  // namespace disruptor_mp::bench
