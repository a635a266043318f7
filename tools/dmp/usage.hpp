// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include "disruptor_mp/base/error.hpp"

namespace disruptor_mp::tool {

/// What is wrong with a command line, in the form in which the library tells its errors.
[[nodiscard]] ErrorText explain(const CLI::App& app, const CLI::ParseError& error);

}  // namespace disruptor_mp::tool
