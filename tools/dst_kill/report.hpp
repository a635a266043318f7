// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>

#include "session.hpp"

namespace disruptor_mp::kill {

[[nodiscard]] std::string to_string(At at);
void print_report(const Options& options, const Totals& totals);

}  // namespace disruptor_mp::kill
