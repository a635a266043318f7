// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What those who wait may do about a producer that has claimed and does not go on, in a ring with
// Shape::revoke_stopped_after. docs/multi-producer.md tells why each step is safe.
//
// The claim is revoked slot by slot, by the same exchange of the stamp by which its owner would
// publish: exactly one of both wins. A revoked slot is in quarantine, because the owner may still
// be writing there: nobody reads it, and nobody claims it again, until the owner has learnt it and
// says so, or is proven dead.
#pragma once

#include <cstdint>
#include <optional>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// The patience of one participant with the claim it waits for.
class Patience {
 public:
  /// To be asked again and again while waiting for what stands at `sequence`. Once it has been
  /// claimed and unsettled for the ring's time, revokes it, and the rest of its claim.
  /// @return whether this call revoked it. The caller may write the slots.
  [[nodiscard]] bool revoke_if_due(Segment& segment, std::uint64_t sequence);

 private:
  std::optional<std::uint64_t> sequence_;  ///< what has been waited for
  TimePoint looked_;                       ///< the last time
  Duration waited_ = Duration::zero();
};

/// Revokes what is claimed at `sequence` and not settled, and what its owner claimed behind it; not
/// if the owner is faster. Dying between two slots leaves the rest to the next one who waits.
/// @return whether this call revoked `sequence`.
bool revoke_claim(Segment& segment, std::uint64_t sequence);

/// If nobody who lives can still be writing into this sequence's slot, ends its quarantine.
/// @return whether it is in none.
[[nodiscard]] bool lift_quarantine(Segment& segment, std::uint64_t sequence);

/// The first place from `begin` on, within a lap, where `n` sequences meet no quarantine, after
/// lifting what can be lifted; nothing if there is none.
[[nodiscard]] std::optional<std::uint64_t> find_unquarantined(Segment& segment, std::uint64_t begin,
                                                              std::uint64_t n);

}  // namespace disruptor_mp
