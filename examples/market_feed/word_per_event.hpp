// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace disruptor_mp::market_feed {

/// One word for each event of the feed, in a shared file beside the ring; 0 until it is set.
///
/// The gateway keeps publish times in one: when each event was published (at full speed) or was due
/// (at a pace, so that a late gateway is charged with the delay). It writes the word before it
/// publishes the event, so whoever sees the event sees its time: ordinary memory is ordered by the
/// ring. The monitor keeps in another what it saw.
class WordPerEvent {
 public:
  /// Maps the table for that many events; makes the file if there is none.
  WordPerEvent(const std::filesystem::path& file, std::uint64_t events);
  ~WordPerEvent();
  WordPerEvent(const WordPerEvent&) = delete;
  WordPerEvent& operator=(const WordPerEvent&) = delete;

  void set(std::uint64_t sequence, std::uint64_t word) noexcept { words_[sequence] = word; }
  [[nodiscard]] std::uint64_t get(std::uint64_t sequence) const noexcept {
    return words_[sequence];
  }

 private:
  std::uint64_t* words_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace disruptor_mp::market_feed
