// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/journal_file.hpp"

#include <string>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

constexpr std::uint64_t event_size = sizeof(MarketEvent);

std::string range_text(std::uint64_t first, std::uint64_t last) {
  return "events " + std::to_string(first) + " to " + std::to_string(last);
}

}  // namespace

JournalWriter::JournalWriter(const std::filesystem::path& path)
    : file_(path, File::Mode::create_read_write), complete_events_(file_.size() / event_size) {}

void JournalWriter::write(std::uint64_t first_sequence, std::span<const MarketEvent> events) {
  if (events.empty()) return;
  if (first_sequence > complete_events_) {
    throw Error({.object = file_.path().string(),
                 .found = "a batch from sequence " + std::to_string(first_sequence) +
                          " for a journal of " + std::to_string(complete_events_) + " events",
                 .expected = "a batch that leaves no hole",
                 .remedy = "hand the journal every event, from sequence 0 or where it stopped"});
  }
  file_.write_at(first_sequence * event_size, std::as_bytes(events));
  complete_events_ = std::max(complete_events_, first_sequence + events.size());
}

void JournalWriter::skip_to(std::uint64_t sequence) {
  if (sequence <= complete_events_) return;
  write(complete_events_, std::vector<MarketEvent>(sequence - complete_events_));
}

JournalReader::JournalReader(const std::filesystem::path& path, TornTail torn_tail)
    : file_(path, File::Mode::read) {
  const std::uint64_t size = file_.size();
  complete_events_ = size / event_size;
  if (size % event_size != 0 && torn_tail == TornTail::refuse) {
    throw Error({.object = path.string(),
                 .found = std::to_string(size) + " bytes, that is " +
                          std::to_string(complete_events_) + " events and " +
                          std::to_string(size % event_size) + " bytes of another",
                 .expected = "a multiple of " + std::to_string(event_size) + " bytes",
                 .remedy = "start the journal process again; it writes the half event anew"});
  }
}

std::size_t JournalReader::read(std::uint64_t first_sequence, std::span<MarketEvent> events) const {
  const auto bytes = file_.read_at(first_sequence * event_size, std::as_writable_bytes(events));
  return bytes / event_size;
}

std::uint64_t JournalReader::count_events(std::uint64_t last,
                                          std::optional<std::uint8_t> source) const {
  std::uint64_t count = 0;
  for_each(0, last, [&](std::uint64_t /*sequence*/, const MarketEvent& event) {
    if (event.kind != EventKind::none && source.value_or(event.source) == event.source) ++count;
  });
  return count;
}

void JournalReader::require(std::uint64_t first, std::uint64_t last) const {
  const std::uint64_t held = file_.size() / event_size;
  if (first > last || last > held) {
    throw Error({.object = file_.path().string(),
                 .found = std::to_string(held) + " events",
                 .expected = range_text(first, last)});
  }
}

}  // namespace disruptor_mp::market_feed
