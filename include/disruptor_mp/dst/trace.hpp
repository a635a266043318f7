// SPDX-License-Identifier: MIT OR Apache-2.0
// The record of a run, and its JSON. The JSON is the one Rust's serde writes for the same types
// (externally tagged variants, fields in declaration order, two-space indentation), byte for byte,
// so that traces can be exchanged with and compared to those of the reference implementation.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/dst/json_error.hpp"
#include "disruptor_mp/dst/result.hpp"
#include "disruptor_mp/dst/vocabulary.hpp"

namespace disruptor_mp::dst {

/// Notes attached to an event, in the byte order of their keys.
using TraceMetadata = std::map<std::string, std::string, std::less<>>;

/// One thing that happened in a run.
struct TraceEvent {
  std::uint64_t step = 0;  ///< position in its trace when it was recorded
  ProcessRole role = ProcessRole::orchestrator();
  SchedulerAction action = SchedulerAction::spawn();
  TraceStatus status = TraceStatus::planned();
  std::uint32_t attempt = 0;
  std::string resource;  ///< what was acted upon; free text
  TraceMetadata metadata;

  friend bool operator==(const TraceEvent&, const TraceEvent&) = default;
};

/// One line of compact JSON.
[[nodiscard]] std::string to_string(const TraceEvent& event);

/// Everything that happened in a run, in order, with what is needed to run it again.
struct TraceArtifact {
  std::string run_id;
  std::string profile_id;
  std::uint64_t seed = 0;
  std::vector<TraceEvent> events;

  /// Appends an event: its step is the number of events before it, its attempt is 0.
  void push(ProcessRole role, SchedulerAction action, TraceStatus status, std::string resource);

  /// Notes something on the last event, replacing an earlier note of the same key. Without an
  /// event there is nothing to note it on, and the call does nothing.
  void set_metadata(std::string key, std::string value);

  /// Pretty-printed JSON without a final newline. Bytes that are not UTF-8 become U+FFFD.
  [[nodiscard]] std::string to_json() const;

  /// Reads what to_json wrote. Unknown fields are skipped, so that a newer writer may add some;
  /// a missing, repeated or mistyped field is an error, and so is anything after the value.
  [[nodiscard]] static Result<TraceArtifact, JsonError> from_json(std::string_view text);

  friend bool operator==(const TraceArtifact&, const TraceArtifact&) = default;
};

}  // namespace disruptor_mp::dst
