// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/ring/wait_strategy.hpp"

namespace disruptor_mp::tool {

/// "10s", "250ms", "2m", "1h", or a plain number of seconds.
/// @throws CLI::ValidationError
[[nodiscard]] Duration parse_duration(const std::string& text);

/// An option whose value is a duration; nothing if it was not given.
CLI::Option* add_duration(CLI::App& app, const std::string& name, std::optional<Duration>& value,
                          const std::string& description);

/// `--wait STRATEGY`.
CLI::Option* add_wait_strategy(CLI::App& app, WaitStrategy& value);

/// `--dir PATH`, repeatable, for commands that look at file rings too. Paths become absolute, as
/// names of rings are.
CLI::Option* add_directories(CLI::App& app, std::vector<std::string>& values);

/// The time point after which patience is at its end; `never` without a limit.
[[nodiscard]] TimePoint deadline_after(std::optional<Duration> timeout);

}  // namespace disruptor_mp::tool
