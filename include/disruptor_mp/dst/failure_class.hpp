// SPDX-License-Identifier: MIT OR Apache-2.0
// The kinds of trouble a ring must come through, and what a run of each must show.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace disruptor_mp::dst {

/// A kind of trouble. Spelled in JSON as here.
enum class FailureClass : std::uint8_t {
  ProducerBeforeConsumers,  ///< events are published before anybody listens
  LateConsumerAttach,       ///< a consumer joins a ring in full flow
  CreateAttachChurn,        ///< creating and attaching race, again and again
  ProducerCrashAndRestart,  ///< the producer is killed and a successor takes its ring over
  ConsumerCrashAndRestart,  ///< a consumer is killed and comes back under its id
  DiscoveryVisibilityLag,   ///< participants see each other late
  ReadinessGateViolation,   ///< somebody would publish before the required consumers are there
};

[[nodiscard]] std::string_view to_string(FailureClass failure_class) noexcept;

/// Every class once, in declaration order.
[[nodiscard]] std::span<const FailureClass> all_failure_classes() noexcept;

/// What a run must set up so that it is of this class; sentences for a person.
[[nodiscard]] std::span<const std::string_view> preconditions(FailureClass failure_class) noexcept;

/// What must hold at its end; sentences for a person.
[[nodiscard]] std::span<const std::string_view> postconditions(FailureClass failure_class) noexcept;

/// A property of the life of a ring that concerns several classes.
struct LifecycleAssertion {
  std::string_view name;
  std::string_view description;

  /// Every one, each name once.
  [[nodiscard]] static std::span<const LifecycleAssertion> all() noexcept;

  friend bool operator==(const LifecycleAssertion&, const LifecycleAssertion&) = default;
};

}  // namespace disruptor_mp::dst
