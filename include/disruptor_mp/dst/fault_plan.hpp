// SPDX-License-Identifier: MIT OR Apache-2.0
// Which faults a run suffers and when, drawn from a seed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/dst/json_error.hpp"
#include "disruptor_mp/dst/result.hpp"
#include "disruptor_mp/dst/vocabulary.hpp"

namespace disruptor_mp::dst {

/// What goes wrong.
class FailureKind {
 public:
  enum class Kind : std::uint8_t {
    DelayAttachMs,       ///< the process maps the ring that many milliseconds late
    KillProcess,         ///< it dies
    RestartProcess,      ///< it dies and comes back
    DropConsumerAttach,  ///< the consumer of that index never maps the ring; not drawn from seeds
    Noop,                ///< nothing: the control group
  };

  static constexpr FailureKind delay_attach_ms(std::uint64_t ms) noexcept {
    return {Kind::DelayAttachMs, ms};
  }
  static constexpr FailureKind kill_process() noexcept { return {Kind::KillProcess, 0}; }
  static constexpr FailureKind restart_process() noexcept { return {Kind::RestartProcess, 0}; }
  static constexpr FailureKind drop_consumer_attach(std::uint32_t consumer_index) noexcept {
    return {Kind::DropConsumerAttach, consumer_index};
  }
  static constexpr FailureKind noop() noexcept { return {Kind::Noop, 0}; }

  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  /// Milliseconds of DelayAttachMs, consumer index of DropConsumerAttach, otherwise 0.
  [[nodiscard]] constexpr std::uint64_t amount() const noexcept { return amount_; }

  friend constexpr bool operator==(const FailureKind&, const FailureKind&) noexcept = default;

 private:
  constexpr FailureKind(Kind kind, std::uint64_t amount) noexcept : kind_(kind), amount_(amount) {}

  Kind kind_;
  std::uint64_t amount_;
};

/// "KillProcess", "DelayAttachMs(75)".
[[nodiscard]] std::string to_string(const FailureKind& kind);
[[nodiscard]] std::string_view to_string(FailureKind::Kind kind) noexcept;

/// One fault: when, whom, what.
struct FailureStep {
  std::uint64_t step = 0;
  ProcessRole role = ProcessRole::producer();
  FailureKind kind = FailureKind::noop();

  friend bool operator==(const FailureStep&, const FailureStep&) = default;
};

/// The fault plan of a run.
struct DeterministicFaultInjector {
  std::uint64_t seed = 0;
  std::uint64_t max_steps = 0;
  std::vector<FailureStep> inject_at;  ///< by step; faults of one step in the order drawn

  /// Draws none, one or two faults; the same arguments always give the same ones, here and in the
  /// reference. Only the low 32 bits of `max_steps` bound the steps drawn (0: every fault is at
  /// step 0); this is how the reference draws. Without consumers only the producer is hit.
  [[nodiscard]] static DeterministicFaultInjector from_seed(std::uint64_t seed,
                                                            std::uint32_t consumers,
                                                            std::uint64_t max_steps);

  /// The faults of one step, in order.
  [[nodiscard]] std::vector<FailureStep> at_step(std::uint64_t step) const;

  /// JSON in the form described at TraceArtifact.
  [[nodiscard]] std::string to_json() const;
  [[nodiscard]] static Result<DeterministicFaultInjector, JsonError> from_json(
      std::string_view text);

  friend bool operator==(const DeterministicFaultInjector&,
                         const DeterministicFaultInjector&) = default;
};

}  // namespace disruptor_mp::dst
