// SPDX-License-Identifier: MIT OR Apache-2.0
// Which tests stand for which failure class.
#pragma once

#include <span>
#include <string_view>

#include "disruptor_mp/dst/failure_class.hpp"

namespace disruptor_mp::dst {

/// The evidence for one failure class. A test of the repository checks that every test named here
/// exists, so a name cannot outlive its test.
struct FailureClassCoverage {
  FailureClass failure_class;
  std::span<const std::string_view> test_names;  ///< "Suite.Name"
  std::span<const std::string_view> assertions;  ///< names of LifecycleAssertion
  std::string_view class_description;
};

/// One entry per failure class, in the order of the classes.
[[nodiscard]] std::span<const FailureClassCoverage> failure_class_coverage() noexcept;

[[nodiscard]] const FailureClassCoverage& coverage_for(FailureClass failure_class) noexcept;

}  // namespace disruptor_mp::dst
