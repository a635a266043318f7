// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>

#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/segment/format.hpp"

namespace disruptor_mp {

/// The two sides of "I wrote mine, now do I see yours?" (Dekker). It needs a store-load fence on
/// both sides; here one side runs for every event and the other almost never, so the rare side pays
/// for both.
///
/// | mode       | frequent side (publish, commit, announce) | rare side (go to sleep, join)  |
/// |------------|--------------------------------------------|--------------------------------|
/// | asymmetric | compiler barrier                           | membarrier(2), GLOBAL_EXPEDITED |
/// | portable   | seq_cst fence                              | seq_cst fence                  |
///
/// The mode is the ring's, chosen at creation: both sides must agree.
class Fences {
 public:
  explicit Fences(format::FenceMode mode) noexcept
      : is_asymmetric_(mode == format::FenceMode::asymmetric) {}

  /// Between the store and the load of the frequent side.
  [[gnu::always_inline]] void light() const noexcept {
    if (is_asymmetric_) {
      std::atomic_signal_fence(std::memory_order_seq_cst);
    } else {
      std::atomic_thread_fence(std::memory_order_seq_cst);
    }
  }

  /// Between the store and the load of the rare side.
  void heavy() const noexcept {
    if (is_asymmetric_) {
      os::asymmetric_heavy_fence();
    } else {
      std::atomic_thread_fence(std::memory_order_seq_cst);
    }
  }

  [[nodiscard]] bool is_asymmetric() const noexcept { return is_asymmetric_; }

 private:
  bool is_asymmetric_;
};

}  // namespace disruptor_mp
