// SPDX-License-Identifier: MIT OR Apache-2.0
// One runnable profile per failure class: how many processes, how long, which seeds, what to check.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "disruptor_mp/dst/failure_class.hpp"
#include "disruptor_mp/dst/result.hpp"

namespace disruptor_mp::dst {

/// What a run of a profile is checked for.
enum class ProfileAssertion : std::uint8_t {
  NoDeadlock,
  BoundedShutdown,
  MonotonicCursor,
  NoStaleOverwrite,
  DelayedVisibilityConverged,
  RecoveryProgressesAfterRestart,
};

[[nodiscard]] std::string_view to_string(ProfileAssertion assertion) noexcept;

/// The claim behind the name, in one sentence.
[[nodiscard]] std::string_view description(ProfileAssertion assertion) noexcept;

/// The seeds of a profile: min, min + step, … up to max.
struct ProfileSeedEnvelope {
  std::uint64_t min_seed;
  std::uint64_t max_seed;
  std::uint64_t step;
  std::string_view note;  ///< why these

  /// How many seeds there are: 0 if max is below min or the step is 0. Saturates.
  [[nodiscard]] constexpr std::uint64_t sample_count() const noexcept {
    if (step == 0 || max_seed < min_seed) return 0;
    const std::uint64_t steps = (max_seed - min_seed) / step;
    return steps == UINT64_MAX ? steps : steps + 1;
  }

  /// The seed of that index, which must be less than sample_count().
  [[nodiscard]] constexpr std::uint64_t seed_at(std::uint64_t index) const noexcept {
    return min_seed + index * step;
  }
};

/// A profile.
struct ProfileSpec {
  FailureClass kind;
  std::uint32_t producers;
  std::uint32_t consumers;
  std::chrono::milliseconds timeout;                      ///< budget of virtual time
  std::span<const ProfileAssertion> expected_assertions;  ///< checked in a first run
  std::span<const ProfileAssertion> replay_assertions;    ///< checked again when it is replayed
  std::span<const std::string_view> coverage_tests;       ///< "Suite.Name" of tests that run it
  ProfileSeedEnvelope seed_envelope;

  /// The name on the command line, e.g. "late_consumer_attach".
  [[nodiscard]] std::string_view name() const noexcept;
  [[nodiscard]] std::uint64_t timeout_ms() const noexcept {
    return static_cast<std::uint64_t>(timeout.count());
  }
};

/// Every profile, one per failure class in the order of the classes.
[[nodiscard]] std::span<const ProfileSpec> profile_catalog() noexcept;

[[nodiscard]] const ProfileSpec& profile_for(FailureClass failure_class) noexcept;

/// By name; nullptr if there is none.
[[nodiscard]] const ProfileSpec* profile_named(std::string_view name) noexcept;

/// Checks that the catalogue is complete and sound: each class has a profile with processes, a
/// budget, seeds, assertions and tests; what is checked on replay is also checked the first time;
/// and a test that covers the profile also covers its class (mapping.hpp). Says what is wrong.
[[nodiscard]] Result<void, std::string> validate_profile_contract();

}  // namespace disruptor_mp::dst
