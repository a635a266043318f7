// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace disruptor_mp::os {

/// The value of an environment variable; nothing if it is not set, or set to nothing. Not while
/// another thread changes the environment (setenv(3)).
[[nodiscard]] std::optional<std::string> environment(const char* variable);

}  // namespace disruptor_mp::os
