// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace disruptor_mp::dst {

/// Why a JSON text was refused, and where to look in it.
struct JsonError {
  std::string path;      ///< the value being read, e.g. "events[3].step"; empty at the top
  std::size_t offset{};  ///< bytes before the fault
  std::size_t line{};    ///< from 1
  std::size_t column{};  ///< from 1, in bytes
  std::string expected;
  std::string found;

  friend bool operator==(const JsonError&, const JsonError&) = default;
};

/// "line 4, column 13, events[3].step: expected an unsigned 64-bit integer, found -1".
[[nodiscard]] std::string to_string(const JsonError& error);

}  // namespace disruptor_mp::dst
