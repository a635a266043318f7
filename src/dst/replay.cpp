// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/replay.hpp"

#include <algorithm>
#include <optional>

namespace disruptor_mp::dst {
namespace {

/// Index of the first event that differs; for traces of equal length.
std::optional<std::size_t> first_difference(const TraceArtifact& expected,
                                            const TraceArtifact& actual) {
  const auto at = std::mismatch(expected.events.begin(), expected.events.end(),
                                actual.events.begin(), actual.events.end());
  if (at.first == expected.events.end()) return std::nullopt;
  return static_cast<std::size_t>(at.first - expected.events.begin());
}

std::string sides(const std::string& expected, const std::string& actual) {
  return "expected " + expected + ", actual " + actual;
}

std::string describe(const RunIdentity& run) {
  return "'" + run.run_id + "' seed " + std::to_string(run.seed);
}

struct Describe {
  std::string operator()(const RunIdentityMismatch& mismatch) const {
    return "traces of different runs: " + sides(describe(mismatch.left), describe(mismatch.right));
  }
  std::string operator()(const EventCountMismatch& mismatch) const {
    return "trace length differs: " + sides(std::to_string(mismatch.expected) + " events",
                                            std::to_string(mismatch.actual) + " events");
  }
  std::string operator()(const EventContentMismatch& mismatch) const {
    return "event " + std::to_string(mismatch.step) +
           " differs: " + sides(to_string(mismatch.expected), to_string(mismatch.actual));
  }
};

Result<void, ReplayMismatch> compare_events(const TraceArtifact& expected,
                                            const TraceArtifact& actual) {
  if (expected.events.size() != actual.events.size()) {
    return Failure{EventCountMismatch{expected.events.size(), actual.events.size()}};
  }
  if (const auto index = first_difference(expected, actual)) {
    return Failure{EventContentMismatch{*index, expected.events[*index], actual.events[*index]}};
  }
  return {};
}

}  // namespace

std::string to_string(const ReplayMismatch& mismatch) { return std::visit(Describe{}, mismatch); }

Result<void, ReplayMismatch> ReplayValidator::validate(const TraceArtifact& expected,
                                                       const TraceArtifact& actual) {
  const RunIdentity left{expected.run_id, expected.seed};
  const RunIdentity right{actual.run_id, actual.seed};
  if (left != right) return Failure{RunIdentityMismatch{left, right}};
  return compare_events(expected, actual);
}

Result<void, std::string> replay_trace(const TraceArtifact& expected, const TraceArtifact& actual) {
  const auto compared = compare_events(expected, actual);
  if (!compared) return Failure{to_string(compared.error())};
  return {};
}

}  // namespace disruptor_mp::dst
