// SPDX-License-Identifier: MIT OR Apache-2.0
// Claims about runs, collected instead of thrown: a run goes on after a violation, and many runs
// together must have seen what each alone only may see.
//
//   always       holds whenever it is looked at; one violation fails
//   sometimes    held at least once over all runs; else the runs did not explore enough
//   reachable    was come by at least once
//   unreachable  was never come by
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/dst/json_error.hpp"
#include "disruptor_mp/dst/result.hpp"

namespace disruptor_mp::dst {

enum class AssertionKind : std::uint8_t { Always, Sometimes, Reachable, Unreachable };

[[nodiscard]] std::string_view to_string(AssertionKind kind) noexcept;

/// A claim that did not hold.
struct AssertionViolation {
  AssertionKind kind = AssertionKind::Always;
  std::string message;  ///< the claim; also its name
  std::string details;  ///< what was seen instead

  friend bool operator==(const AssertionViolation&, const AssertionViolation&) = default;
};

/// "always 'no gap' violated: expected 5, found 7".
[[nodiscard]] std::string to_string(const AssertionViolation& violation);

/// A claim as it is known before any run. A log alone cannot tell a claim that was never met from
/// one that does not exist; a catalogue of points can.
struct AssertionPoint {
  AssertionKind kind;
  std::string_view message;
};

/// What was claimed and seen. Not thread-safe: one log per run, merged afterwards, or the global
/// one below.
struct AssertionLog {
  std::vector<AssertionViolation> always_violations;
  std::vector<AssertionViolation> unreachable_violations;
  std::map<std::string, bool, std::less<>> sometimes;  ///< whether it held at least once
  std::set<std::string, std::less<>> reachable;

  /// Only a failure is recorded.
  void assert_always(bool condition, std::string_view message, std::string_view details);
  /// Once true stays true.
  void assert_sometimes(bool condition, std::string_view message);
  void assert_reachable(std::string_view message);
  /// Being called is the violation.
  void assert_unreachable(std::string_view message, std::string_view details);

  /// False also if the claim was never made.
  [[nodiscard]] bool sometimes_satisfied(std::string_view message) const;

  /// Adds what another run has seen.
  void merge(const AssertionLog& other);

  /// Everything that fails: the violations recorded, every `sometimes` that never held, and the
  /// `sometimes` and `reachable` points of the catalogue that no run came by. Empty means passed.
  [[nodiscard]] std::vector<AssertionViolation> failures(
      std::span<const AssertionPoint> catalogue) const;

  /// JSON in the form described at TraceArtifact.
  [[nodiscard]] std::string to_json() const;
  [[nodiscard]] static Result<AssertionLog, JsonError> from_json(std::string_view text);

  friend bool operator==(const AssertionLog&, const AssertionLog&) = default;
};

// The log of the process, for code that cannot be handed one. Each call takes a lock; code that
// asserts in a hot loop should keep its own AssertionLog.

void assert_always(bool condition, std::string_view message, std::string_view details);
void assert_sometimes(bool condition, std::string_view message);
void assert_reachable(std::string_view message);
void assert_unreachable(std::string_view message, std::string_view details);

/// Forgets everything.
void reset_global_assertions();
/// A copy of what was recorded up to now.
[[nodiscard]] AssertionLog snapshot_global_assertions();

}  // namespace disruptor_mp::dst
