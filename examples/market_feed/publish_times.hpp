// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace disruptor_mp::market_feed {

/// When each event was published (at full speed) or was due (at a pace, so that a late gateway is
/// charged with the delay): a table in a shared file beside the ring, one word per sequence. The
/// gateway writes the word before it publishes the event, so whoever sees the event sees its time:
/// ordinary memory is ordered by the ring.
class PublishTimes {
 public:
  /// Maps the table for that many events; makes the file if there is none.
  PublishTimes(const std::filesystem::path& file, std::uint64_t events);
  ~PublishTimes();
  PublishTimes(const PublishTimes&) = delete;
  PublishTimes& operator=(const PublishTimes&) = delete;

  void set(std::uint64_t sequence, std::uint64_t time_ns) noexcept { times_[sequence] = time_ns; }
  [[nodiscard]] std::uint64_t get(std::uint64_t sequence) const noexcept {
    return times_[sequence];
  }

 private:
  std::uint64_t* times_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace disruptor_mp::market_feed
