// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/endpoint/consumer.hpp"
#include "disruptor_mp/endpoint/options.hpp"
#include "disruptor_mp/os/readable_event.hpp"
#include "disruptor_mp/ring/wait_strategy.hpp"

namespace disruptor_mp {

/// Waits for several consumers at once, of any event types, in one thread. Who also waits for
/// sockets takes `Consumer::fd` instead.
///
/// The consumers belong to that thread too; none may be moved, destroyed or resigned while it is in
/// a set. Not thread-safe, but for `interrupt`.
class WaitSet {
 public:
  /// Which consumer has something to say, and what.
  struct Result {
    /// What a poll of it says: `events`, `closed`, `producer_dead`, …; of none: `timed_out` or
    /// `interrupted`.
    Poll outcome = Poll::timed_out;
    /// Of `add`; of none: how many were added.
    std::size_t index = 0;
  };

  /// `block`: spins as it says, then sleeps on the consumers' descriptors; their helper thread
  /// makes that slower than a wait for one ring (docs/waiting.md). The spinning ones look at all in
  /// turn. Not set: as of a consumer that is not told.
  /// @throws Error{system_error} if there is no descriptor to be had
  explicit WaitSet(std::optional<WaitStrategy> wait = std::nullopt);

  /// @return its index: 0, 1, …
  template <class E>
  std::size_t add(Consumer<E>& consumer) {
    return add({.consumer = &consumer,
                .peek = [](void* one) { return static_cast<Consumer<E>*>(one)->peek(); },
                .descriptor = [](void* one) { return static_cast<Consumer<E>*>(one)->fd(); }});
  }
  /// Waits for it no more; the others keep their indices.
  void remove(std::size_t index) noexcept;

  /// Waits until one of them has something to say, in turn if several have: whoever was told of
  /// last comes last. Handles nothing: poll the consumer. An absence (`producer_dead`,
  /// `producer_left`, `predecessor_missing`) is told once, until something else is to be told; what
  /// is final is told again and again: remove the consumer. (`predecessor_missing` is told by
  /// strategies that sleep in the kernel; others say nothing of a consumer that is `gated`.)
  Result wait_until(TimePoint deadline);
  /// The same without limit.
  Result wait() { return wait_until(never); }
  /// Ends the wait, or the next one if there is none just now; by any thread.
  void interrupt() noexcept {
    // Release: who is interrupted sees why; pairs with the exchange in `wait_until`.
    is_interrupted_.store(true, std::memory_order_release);
    interrupt_.set();
  }

 private:
  struct Entry {
    void* consumer;
    Poll (*peek)(void*);
    int (*descriptor)(void*);
    Poll told = Poll::idle;
  };

  std::size_t add(Entry entry);
  [[nodiscard]] std::optional<Result> look();
  void pause(TimePoint deadline, std::uint64_t round);
  /// Those of consumers that were added since.
  void collect_descriptors();
  void doze(TimePoint until);

  WaitStrategy wait_;
  std::vector<Entry> entries_;
  std::size_t first_ = 0;  ///< whose turn it is
  std::atomic<bool> is_interrupted_ = false;
  os::ReadableEvent interrupt_;
  std::vector<int> descriptors_;  ///< to sleep on; the first is the interrupt's; empty: not known
};

}  // namespace disruptor_mp
