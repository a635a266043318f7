// SPDX-License-Identifier: MIT OR Apache-2.0
//
// How a participant writes its own counters (format::Counters).
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// What the clock of all deadlines says, as counters keep it.
[[nodiscard]] inline std::uint64_t to_ns(TimePoint time) noexcept {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

/// The counters of one participant. Where the ring has none, or the participant has no row, they
/// are private and nobody reads them, so that whoever counts need not ask.
class Tally {
 public:
  Tally(const Segment& segment, std::uint32_t row) : Tally(segment.counters(row)) {}
  /// Nobody's.
  Tally() : Tally(nullptr) {}

  /// Adds to a counter that nobody else writes: a load and a store, no locked instruction. Relaxed:
  /// nothing is decided by counters.
  [[gnu::always_inline]] static void add(std::atomic<std::uint64_t>& counter,
                                         std::uint64_t n = 1) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  /// Raises a high-water mark that nobody else writes.
  static void raise_to(std::atomic<std::uint64_t>& mark, std::uint64_t value) noexcept {
    if (value > mark.load(std::memory_order_relaxed)) mark.store(value, std::memory_order_relaxed);
  }

  [[nodiscard]] format::Counters& operator*() const noexcept { return *counters_; }
  [[nodiscard]] format::Counters* operator->() const noexcept { return counters_; }
  /// Whether anybody can read them: for what costs more than a store.
  [[nodiscard]] bool is_shared() const noexcept { return private_ == nullptr; }
  /// For a bell: where to count whom it wakes; null if nobody can read it.
  [[nodiscard]] std::atomic<std::uint64_t>* wake_ups() const noexcept {
    return is_shared() ? &counters_->wake_ups : nullptr;
  }

 private:
  explicit Tally(format::Counters* counters)
      : private_(counters == nullptr ? std::make_unique<format::Counters>() : nullptr),
        counters_(counters == nullptr ? private_.get() : counters) {}

  std::unique_ptr<format::Counters> private_;
  format::Counters* counters_;
};

/// Which of `format::Counters::batches` counts a batch of n events.
[[nodiscard]] constexpr std::size_t batch_class(std::uint64_t n) noexcept {
  const auto width = static_cast<std::size_t>(std::bit_width(n | 1U)) - 1;
  return width < format::batch_classes ? width : format::batch_classes - 1;
}

}  // namespace disruptor_mp
