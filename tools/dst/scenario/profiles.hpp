// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "scenario.hpp"
#include "situations.hpp"

namespace disruptor_mp::sim {

/// A family of runs: what takes part, and what is drawn per seed.
struct Profile {
  std::string_view name;
  std::string_view about;
  unsigned crashes = 0;  ///< if the command line says nothing else
  void (*draw)(Setting& setting, Random& random) = nullptr;
  bool canary = false;  ///< fails by design, and that must be reported
  /// Situations that the seeds of its test must come by (tests/dst_sim/CMakeLists.txt).
  std::span<const Situation> promises = {};
  /// A canary that fails in every run that comes by this, instead of one seed in a hundred.
  std::optional<Situation> canary_at = {};
  Verdict reported_as = Verdict::safety;  ///< of a canary
};

[[nodiscard]] std::span<const Profile> profiles() noexcept;
/// Beside its own, what every profile of one producer that promises anything promises.
[[nodiscard]] std::span<const Situation> common_promises() noexcept;
[[nodiscard]] const Profile* find_profile(std::string_view name) noexcept;

}  // namespace disruptor_mp::sim
