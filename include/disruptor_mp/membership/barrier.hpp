// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// A consumer's view of the consumers it waits for: the counterpart of the producer's Gate. One of
/// them bounds it
/// exactly as long as it holds producers back (a required one always, a gating one while it is
/// alive, neither after it was passed over), and one that this ring has never known until it comes.
///
/// Rows change hands, so a predecessor is its id, looked for among the rows again whenever the
/// membership epoch says so. What a row that has changed hands since says meanwhile does no harm:
/// it was given away only after the predecessor had been proved dead or had left, so it bounds
/// nobody any more. A required consumer's row is never given away.
class Barrier {
 public:
  Barrier(Segment& segment, const std::vector<std::string>& after);
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;

  /// The first sequence that not all have committed; `unbounded` if nobody is waited for.
  [[nodiscard]] std::uint64_t bound() noexcept {
    // Acquire: pairs with the release of whoever changed a row and then counted.
    if (segment_->control().membership_epoch.load(std::memory_order_acquire) != epoch_) renew();
    std::uint64_t least = unbounded;
    for (const std::atomic<std::uint64_t>* cursor : cursors_) {
      // Acquire: pairs with the release of the predecessor's commit; what it wrote while it handled
      // the event is seen by us.
      least = std::min(least, cursor->load(std::memory_order_acquire));
    }
    return least;
  }
  /// How far to read from `next` on; not beyond `limit`. One that came back behind us is passed
  /// again when it has caught up: until then there is nothing to read.
  [[nodiscard]] std::uint64_t limit(std::uint64_t next, std::uint64_t limit) noexcept {
    return std::max(next, std::min(limit, bound()));
  }

  /// A predecessor that is waited for and is not there.
  enum class Absence : std::uint8_t {
    none,
    away,         ///< required, and died or left
    never_there,  ///< this ring has never known it
  };
  /// Cold, for one that waits at `next`: looks for dead ones among those it stands at, and releases
  /// those that only gate.
  /// @return whether one that is not there holds it.
  Absence examine(std::uint64_t next);

  static constexpr std::uint64_t unbounded = ~std::uint64_t{0};

 private:
  struct Entry {
    std::string id;
    std::uint32_t row = 0;  ///< where it was last; anybody's by now
    bool is_known = false;  ///< this ring has or had a row of it
    bool bounds = false;    ///< that row holds producers back
  };

  void renew() noexcept;
  void find(Entry& entry) const noexcept;

  Segment* segment_;
  std::vector<Entry> entries_;
  std::vector<const std::atomic<std::uint64_t>*> cursors_;  ///< of those that bound
  /// Where one stands that has never been there.
  std::atomic<std::uint64_t> nowhere_;
  std::uint64_t epoch_ = 0;
};

}  // namespace disruptor_mp
