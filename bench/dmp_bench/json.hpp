// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "dmp_bench/clock.hpp"
#include "dmp_bench/driver.hpp"
#include "dmp_bench/environment.hpp"
#include "dmp_bench/recovery.hpp"

namespace disruptor_mp::bench {

struct Run {
  Settings settings;
  Environment environment;
  double clock_read_ns = 0;
  Load load_before;
  Load load_after = {};
  double seconds = 0;
  std::vector<CaseResult> results = {};
  std::vector<Recovery> recoveries = {};
};

/// Everything of a run, every slice included.
[[nodiscard]] nlohmann::ordered_json to_json(const Run& run);

}  // namespace disruptor_mp::bench
