// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/environment.hpp"

#include <cstdlib>

namespace disruptor_mp::os {

std::optional<std::string> environment(const char* variable) {
  const char* const value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace disruptor_mp::os
