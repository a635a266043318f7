// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "market_feed/file.hpp"
#include "market_feed/market_event.hpp"

namespace disruptor_mp::market_feed {

/// The journal is nothing but the events: the event with sequence n (from 0) is at byte n * 64. So
/// an event handed over again after a crash is written again to where it already is, and the file
/// of a run with crashes is byte for byte that of a run without. Several gateways leave void
/// sequences where one gave a claim up or died with it; at such a place stands an event of no kind.
///
/// A process killed inside a write may leave half an event at the end. It is not counted, and is
/// written over on restart, because the reader's position was not committed before the write had
/// returned.
class JournalWriter {
 public:
  /// Opens the journal, or makes an empty one.
  explicit JournalWriter(const std::filesystem::path& path);

  /// Whole events in the file, those of earlier runs included.
  [[nodiscard]] std::uint64_t complete_events() const noexcept { return complete_events_; }

  /// Writes a batch to its place with one call. Throws Error for a batch that would leave a hole
  /// behind the last event (those events would read as zeros), and when the disk is full.
  void write(std::uint64_t first_sequence, std::span<const MarketEvent> events);

  /// For the void sequences between the last event written and `sequence`: writes events of no
  /// kind.
  void skip_to(std::uint64_t sequence);

  /// Makes what was written survive a loss of power.
  void sync() { file_.sync(); }

 private:
  File file_;
  std::uint64_t complete_events_;
};

/// What to make of a file whose size is not a whole number of events.
enum class TornTail : std::uint8_t {
  refuse,  ///< an Error: the file was damaged, or its writer was killed and has not come back
  ignore,  ///< read the whole events before it: right while a writer is still at work
};

/// Reads whole events of a journal, also while it is being written.
class JournalReader {
 public:
  explicit JournalReader(const std::filesystem::path& path, TornTail torn_tail = TornTail::refuse);

  /// Whole events at the moment of opening.
  [[nodiscard]] std::uint64_t complete_events() const noexcept { return complete_events_; }

  /// Fills `events` from the given sequence on; fewer only where the journal ends. Returns how
  /// many.
  std::size_t read(std::uint64_t first_sequence, std::span<MarketEvent> events) const;

  /// How many sequences below `last` hold an event; with a source, only of that one.
  [[nodiscard]] std::uint64_t count_events(std::uint64_t last,
                                           std::optional<std::uint8_t> source = {}) const;

  /// Calls handler(sequence, event) for the sequences from `first` up to, not including, `last`.
  /// Throws Error, before the first call, if the journal does not hold them all.
  template <typename Handler>
  void for_each(std::uint64_t first, std::uint64_t last, Handler&& handler) const;

 private:
  static constexpr std::uint64_t events_per_read = 1024;

  /// Looks at the file as it is now: a journal that is still written may have grown since the
  /// opening.
  void require(std::uint64_t first, std::uint64_t last) const;

  File file_;
  std::uint64_t complete_events_ = 0;
};

template <typename Handler>
void JournalReader::for_each(std::uint64_t first, std::uint64_t last, Handler&& handler) const {
  require(first, last);
  std::vector<MarketEvent> buffer(std::min(events_per_read, last - first));
  while (first < last) {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), last - first);
    const auto count = read(first, std::span(buffer).first(wanted));
    if (count == 0) require(first, last);  // the file shrank meanwhile
    for (std::size_t i = 0; i < count; ++i) handler(first + i, buffer[i]);
    first += count;
  }
}

}  // namespace disruptor_mp::market_feed
