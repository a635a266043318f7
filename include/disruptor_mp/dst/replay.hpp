// SPDX-License-Identifier: MIT OR Apache-2.0
// Does a second run tell the same story as the first?
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "disruptor_mp/dst/result.hpp"
#include "disruptor_mp/dst/trace.hpp"

namespace disruptor_mp::dst {

/// A run is identified by its id and its seed.
struct RunIdentity {
  std::string run_id;
  std::uint64_t seed = 0;
  friend bool operator==(const RunIdentity&, const RunIdentity&) = default;
};

/// The traces are of different runs.
struct RunIdentityMismatch {
  RunIdentity left;   ///< expected
  RunIdentity right;  ///< actual
  friend bool operator==(const RunIdentityMismatch&, const RunIdentityMismatch&) = default;
};

/// One trace is longer.
struct EventCountMismatch {
  std::size_t expected = 0;
  std::size_t actual = 0;
  friend bool operator==(const EventCountMismatch&, const EventCountMismatch&) = default;
};

/// The first event in which traces of equal length differ.
struct EventContentMismatch {
  std::uint64_t step = 0;  ///< index in both traces, whatever the events call themselves
  TraceEvent expected;
  TraceEvent actual;
  friend bool operator==(const EventContentMismatch&, const EventContentMismatch&) = default;
};

using ReplayMismatch = std::variant<RunIdentityMismatch, EventCountMismatch, EventContentMismatch>;

/// One sentence that shows both sides.
[[nodiscard]] std::string to_string(const ReplayMismatch& mismatch);

/// Compares two traces strictly.
struct ReplayValidator {
  /// Reports the first of: another run, another number of events, a different event. The profile
  /// id is a label and not compared.
  [[nodiscard]] static Result<void, ReplayMismatch> validate(const TraceArtifact& expected,
                                                             const TraceArtifact& actual);
};

/// Compares only what happened, so that runs under different names and seeds may be held against
/// each other: first the lengths, then event by event. The failure is a sentence for a person.
[[nodiscard]] Result<void, std::string> replay_trace(const TraceArtifact& expected,
                                                     const TraceArtifact& actual);

}  // namespace disruptor_mp::dst
