// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/journal_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "market_feed/error.hpp"
#include "sample_events.hpp"
#include "temp_folder.hpp"

namespace disruptor_mp::market_feed {
namespace {

using testing::AllOf;
using testing::HasSubstr;

template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<std::int64_t> ids_of(const JournalReader& reader, std::uint64_t first,
                                 std::uint64_t last) {
  std::vector<std::int64_t> ids;
  reader.for_each(first, last, [&](std::uint64_t sequence, const MarketEvent& event) {
    EXPECT_EQ(sequence, first + ids.size());
    ids.push_back(event.id);
  });
  return ids;
}

TEST(Journal, An_event_lies_at_its_sequence_times_64) {
  const TempFolder folder;
  const auto events = numbered_events(10);
  JournalWriter writer(folder / "journal");
  EXPECT_EQ(writer.complete_events(), 0U);
  writer.write(0, std::span(events).first(4));
  writer.write(4, std::span(events).subspan(4));
  EXPECT_EQ(writer.complete_events(), 10U);
  EXPECT_EQ(bytes_of(folder / "journal"),
            std::string(reinterpret_cast<const char*>(events.data()), events.size() * 64));
}

TEST(Journal, Writing_a_batch_again_after_a_restart_changes_nothing) {
  const TempFolder folder;
  const auto events = numbered_events(10);
  JournalWriter(folder / "journal").write(0, events);
  const auto before = bytes_of(folder / "journal");
  JournalWriter again(folder / "journal");
  EXPECT_EQ(again.complete_events(), 10U);
  again.write(6, std::span(events).subspan(6));
  EXPECT_EQ(again.complete_events(), 10U);
  EXPECT_EQ(bytes_of(folder / "journal"), before);
}

TEST(Journal, A_writer_killed_inside_a_write_at_any_byte_is_repaired_by_writing_again) {
  const TempFolder folder;
  const auto events = numbered_events(5);
  JournalWriter(folder / "whole").write(0, events);
  const auto whole = bytes_of(folder / "whole");
  for (std::size_t size = 128; size <= whole.size(); ++size) {
    const auto path = write_file(folder / "torn", std::string_view(whole).substr(0, size));
    JournalWriter writer(path);
    ASSERT_EQ(writer.complete_events(), size / 64);
    writer.write(2, std::span(events).subspan(2));  // what was not committed comes again
    ASSERT_EQ(bytes_of(path), whole) << "torn at byte " << size;
  }
}

TEST(Journal, A_hole_is_refused) {
  const TempFolder folder;
  const auto events = numbered_events(3);
  JournalWriter writer(folder / "journal");
  writer.write(0, events);
  EXPECT_THAT(error_of([&] { writer.write(4, events); }),
              AllOf(HasSubstr("sequence 4 for a journal of 3 events"), HasSubstr("no hole")));
  EXPECT_EQ(writer.complete_events(), 3U);
}

TEST(Journal, An_empty_batch_is_nothing) {
  const TempFolder folder;
  JournalWriter writer(folder / "journal");
  writer.write(100, {});
  EXPECT_EQ(writer.complete_events(), 0U);
}

TEST(Journal, A_reader_walks_any_range) {
  const TempFolder folder;
  JournalWriter(folder / "journal").write(0, numbered_events(3'000));
  const JournalReader reader(folder / "journal");
  EXPECT_EQ(reader.complete_events(), 3'000U);
  EXPECT_EQ(ids_of(reader, 5, 8), (std::vector<std::int64_t>{5, 6, 7}));
  EXPECT_EQ(ids_of(reader, 0, 3'000).size(), 3'000U);
  EXPECT_EQ(ids_of(reader, 2'999, 3'000).front(), 2'999);
  EXPECT_TRUE(ids_of(reader, 3'000, 3'000).empty());
}

TEST(Journal, A_range_beyond_the_end_is_refused_before_the_first_event) {
  const TempFolder folder;
  JournalWriter(folder / "journal").write(0, numbered_events(10));
  const JournalReader reader(folder / "journal");
  int calls = 0;
  const auto count = [&](std::uint64_t, const MarketEvent&) { ++calls; };
  EXPECT_THAT(error_of([&] { reader.for_each(5, 11, count); }),
              AllOf(HasSubstr("found 10 events"), HasSubstr("events 5 to 11")));
  EXPECT_THAT(error_of([&] { reader.for_each(6, 5, count); }), HasSubstr("events 6 to 5"));
  EXPECT_EQ(calls, 0);
}

TEST(Journal, A_reader_follows_a_writer_at_work) {
  const TempFolder folder;
  JournalWriter writer(folder / "journal");
  writer.write(0, numbered_events(3));
  const JournalReader reader(folder / "journal", TornTail::ignore);
  writer.write(3, numbered_events(4, 3));
  EXPECT_EQ(ids_of(reader, 0, 7).back(), 6);
  std::vector<MarketEvent> events(100);
  EXPECT_EQ(reader.read(5, events), 2U);
}

TEST(Journal, Half_an_event_at_the_end_is_refused_or_ignored_as_asked) {
  const TempFolder folder;
  JournalWriter(folder / "journal").write(0, numbered_events(3));
  std::filesystem::resize_file(folder / "journal", 3 * 64 - 10);
  EXPECT_THAT(error_of([&] { const JournalReader reader(folder / "journal"); }),
              AllOf(HasSubstr("182 bytes, that is 2 events and 54 bytes of another"),
                    HasSubstr("a multiple of 64"), HasSubstr("remedy")));
  EXPECT_EQ(JournalReader(folder / "journal", TornTail::ignore).complete_events(), 2U);
}

TEST(Journal, A_missing_file_and_a_missing_folder_are_named) {
  const TempFolder folder;
  EXPECT_THAT(error_of([&] { const JournalReader reader(folder / "none"); }),
              AllOf(HasSubstr("none"), HasSubstr("No such file")));
  EXPECT_THAT(error_of([&] { const JournalWriter writer(folder / "none/journal"); }),
              HasSubstr("No such file"));
}

TEST(Journal, A_full_disk_is_told_with_what_to_do) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  JournalWriter writer("/dev/full");
  EXPECT_THAT(error_of([&] { writer.write(0, numbered_events(1)); }),
              AllOf(HasSubstr("/dev/full"), HasSubstr("No space left"), HasSubstr("free space")));
  EXPECT_EQ(writer.complete_events(), 0U);
}

}  // namespace
}  // namespace disruptor_mp::market_feed
