// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "trace_file.hpp"

namespace disruptor_mp::sim {

RunResult run_once(const RunSpec& spec, Strategy& strategy);

/// The same failure in fewer decisions: removes what does not matter, as long as the verdict's
/// class stays the same (Zeller's ddmin).
[[nodiscard]] Trace shrink(const Trace& trace);

}  // namespace disruptor_mp::sim
