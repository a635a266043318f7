// SPDX-License-Identifier: MIT OR Apache-2.0
//
// So that gtest prints results by their names.
#pragma once

#include <ostream>

#include "disruptor_mp/endpoint/options.hpp"
#include "disruptor_mp/membership/roster.hpp"

namespace disruptor_mp {

inline void PrintTo(Publish result, std::ostream* out) { *out << to_string(result); }
inline void PrintTo(Poll result, std::ostream* out) { *out << to_string(result); }
inline void PrintTo(Sequence sequence, std::ostream* out) { *out << sequence.value(); }
inline void PrintTo(ProducerPresence presence, std::ostream* out) {
  constexpr const char* names[] = {"never", "alive", "dead", "left"};
  *out << names[static_cast<int>(presence)];
}
inline void PrintTo(Participant::Presence presence, std::ostream* out) {
  *out << to_string(presence);
}

}  // namespace disruptor_mp
