// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "market_feed/plan.hpp"
#include "market_feed/report.hpp"

namespace disruptor_mp::market_feed {

struct RunOptions {
  std::uint32_t gateways = 1;                ///< each publishes a feed of its own
  std::vector<std::filesystem::path> feeds;  ///< one for each gateway; none: generated ones
  std::uint64_t seed = 1;                    ///< of the first generated feed
  std::uint64_t lines = 200'000;             ///< of each generated feed
  bool is_file_backed =
      false;  ///< the ring lies in a file of the work directory instead of /dev/shm
  std::uint64_t capacity = 4096;
  std::vector<KillOrder> kills;
  Pace pace;
  bool skip_bad_lines = false;
  std::filesystem::path work_dir;  ///< empty: a temporary one, removed at the end
  std::function<void(const std::string&)> progress = [](const std::string&) {};
};

/// Runs the processes over the feeds, kills and restarts those that are to be killed, waits for
/// the end, and checks the result against a plain computation in this process.
[[nodiscard]] RunReport run(const RunOptions& options);

}  // namespace disruptor_mp::market_feed
