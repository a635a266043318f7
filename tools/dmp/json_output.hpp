// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What --json prints. The names of fields are an interface: docs/cli.md lists them.
#pragma once

#include <cstdio>
#include <nlohmann/json.hpp>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/membership/housekeeping.hpp"

namespace disruptor_mp::tool {

using Json = nlohmann::ordered_json;

[[nodiscard]] Json to_json(const Error& error);
[[nodiscard]] Json to_json(const RingSummary& ring);
[[nodiscard]] Json to_json(const ProducerCount& count);
[[nodiscard]] Json to_json(const CleanResult& result);
[[nodiscard]] Json to_json(const Participant& participant, Sequence published);

/// One line.
void print_json(std::FILE* file, const Json& json);

}  // namespace disruptor_mp::tool
