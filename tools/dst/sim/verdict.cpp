// SPDX-License-Identifier: MIT OR Apache-2.0
//
// By itself, for whoever reads a trace without running anything.
#include "engine.hpp"

namespace disruptor_mp::sim {

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::safety:
      return "safety";
    case Verdict::progress:
      return "progress";
    case Verdict::budget:
      return "budget";
    case Verdict::nondeterminism:
      return "nondeterminism";
    case Verdict::pruned:
      return "pruned";
  }
  return "unknown";
}

}  // namespace disruptor_mp::sim
