// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "market_feed/plan.hpp"

namespace disruptor_mp::market_feed {

/// What every process of a run is told by its parent.
struct RoleOptions {
  std::string ring;                ///< "shm:…" or "file:…"
  std::filesystem::path feed;      ///< what a gateway reads
  std::filesystem::path work_dir;  ///< where files of the run are
  std::uint64_t events = 0;        ///< how many the feeds have
  std::uint64_t voids = 0;         ///< at most so many sequences of the ring hold no event
  std::uint64_t capacity = 0;      ///< of the ring
  std::uint32_t gateways = 1;
  std::uint32_t index = 0;  ///< which of several gateways, from 1; 0: the only one
  bool skip_bad_lines = false;
  Pace pace;
  /// Sequences (one of several gateways: numbers in its own feed) at which the process stops
  /// itself, in the middle of its work on that event, and waits to be killed.
  std::vector<std::uint64_t> stops;
};

/// The files of a run.
[[nodiscard]] std::filesystem::path journal_file(const RoleOptions& options);
[[nodiscard]] std::filesystem::path analytics_file(const RoleOptions& options);
[[nodiscard]] std::filesystem::path monitor_file(const RoleOptions& options);
[[nodiscard]] std::filesystem::path times_file(const RoleOptions& options);
[[nodiscard]] std::filesystem::path sightings_file(const RoleOptions& options);
[[nodiscard]] std::filesystem::path figures_file(const RoleOptions& options, Role role,
                                                 std::uint32_t index = 0);

/// One word for each sequence the ring can have: publish times, what the monitor saw.
[[nodiscard]] inline std::uint64_t most_sequences(const RoleOptions& options) {
  return options.events + options.voids;
}

/// The processes. Each returns when its part is done; each may be killed anywhere and started
/// again with the same options, and goes on where it was. They throw Error, or disruptor_mp::Error
/// from the ring.
void run_gateway(const RoleOptions& options);  ///< producer, one of several or alone: feed → ring
void run_journal(const RoleOptions& options);  ///< required consumer: ring → file
void run_analytics(const RoleOptions& options);  ///< gating consumer: ring → per-instrument figures
void run_monitor(const RoleOptions& options);    ///< observer: counts what it sees and misses

void run_role(Role role, const RoleOptions& options);

/// Stops the process at the chosen sequences, as a stand-in for "any moment": the parent sees it
/// stopped and kills it there.
class StopPoints {
 public:
  explicit StopPoints(std::vector<std::uint64_t> stops);
  /// Stops (SIGSTOP) if `sequence` has reached the next point.
  void pass(std::uint64_t sequence) {
    if (sequence >= next_) stop();
  }
  /// The stream has ended: points that were never reached (an observer may have missed them) fall
  /// due now.
  void pass_end() { pass(~std::uint64_t{0} - 1); }

 private:
  void stop();
  std::vector<std::uint64_t> stops_;
  std::uint64_t next_;
};

}  // namespace disruptor_mp::market_feed
