// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>

#include "disruptor_mp/base/types.hpp"

namespace disruptor_mp::process_test {

/// After this time whatever a test waits for is called a hang. Far beyond anything that happens on
/// a loaded machine under a sanitizer: it bounds failures and measures nothing.
inline constexpr auto hang_time = std::chrono::seconds(30);

[[nodiscard]] inline TimePoint hang_deadline() {
  return std::chrono::steady_clock::now() + hang_time;
}

}  // namespace disruptor_mp::process_test
