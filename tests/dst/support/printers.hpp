// SPDX-License-Identifier: MIT OR Apache-2.0
// Makes a failed comparison of dst types readable.
#pragma once

#include <ostream>

#include "disruptor_mp/dst/dst.hpp"

namespace disruptor_mp::dst {

template <class T>
requires requires(const T& value) { to_string(value); }
void PrintTo(const T& value, std::ostream* out) { *out << to_string(value); }

}  // namespace disruptor_mp::dst
