// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "disruptor_mp/base/types.hpp"

namespace disruptor_mp {

/// Who must be there in one ring, by their ids.
struct RingMembers {
  std::string ring;                         ///< its name
  std::vector<std::string> producers = {};  ///< of several producers, by the ids they chose
  std::vector<std::string> consumers = {};  ///< required and gating ones
};

/// The start of a topology of several rings: waits until all rings are there and, at one look, all
/// of their members alive. Any process may call it, a member or not, and all members may; who dies
/// and comes back under its id meanwhile delays the others and no more. Takes no part in the rings,
/// and changes nothing. A ring that has been closed counts as formed: who comes late finds its end.
/// @throws Error{consumers_missing} that says for each ring who is missing and who is there.
void wait_for_topology(const std::vector<RingMembers>& rings, Duration timeout);

}  // namespace disruptor_mp
