// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/line_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gzip.hpp"
#include "market_feed/error.hpp"
#include "temp_folder.hpp"

namespace disruptor_mp::market_feed {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  LineSource source(path);
  std::vector<std::string> lines;
  while (const auto line = source.next()) lines.emplace_back(*line);
  EXPECT_EQ(source.line_number(), lines.size());
  return lines;
}

/// Reads to the end or the error; the error's text, empty if there was none.
std::string error_of(const std::filesystem::path& path, std::vector<std::string>* lines = nullptr) {
  try {
    LineSource source(path);
    while (const auto line = source.next()) {
      if (lines != nullptr) lines->emplace_back(*line);
    }
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// Text that does not compress to nothing, so that a cut falls into the middle of it.
std::string many_lines(int count) {
  std::string text;
  std::uint64_t noise = 1;
  for (int i = 0; i < count; ++i) {
    noise = noise * 6364136223846793005U + 1442695040888963407U;
    text += "line " + std::to_string(i) + " " + std::to_string(noise) + "\n";
  }
  return text;
}

TEST(LineSource, Plain_and_compressed_files_give_the_same_lines) {
  const TempFolder folder;
  const std::string text = "one\n\nthree\n";
  EXPECT_THAT(lines_of(write_file(folder / "plain", text)), ElementsAre("one", "", "three"));
  EXPECT_THAT(lines_of(write_gzip(folder / "packed.gz", text)), ElementsAre("one", "", "three"));
}

TEST(LineSource, Compressed_content_is_recognised_without_the_name) {
  const TempFolder folder;
  EXPECT_THAT(lines_of(write_gzip(folder / "packed", "one\n")), ElementsAre("one"));
}

TEST(LineSource, A_last_line_without_newline_is_a_line) {
  const TempFolder folder;
  EXPECT_THAT(lines_of(write_file(folder / "plain", "one\ntwo")), ElementsAre("one", "two"));
}

TEST(LineSource, An_empty_file_has_no_lines) {
  const TempFolder folder;
  EXPECT_TRUE(lines_of(write_file(folder / "plain", "")).empty());
  EXPECT_TRUE(lines_of(write_gzip(folder / "packed.gz", "")).empty());
}

TEST(LineSource, Files_put_together_from_several_gzip_members_are_read_through) {
  const TempFolder folder;
  write_gzip(folder / "packed.gz", "one\ntw");
  write_gzip(folder / "packed.gz", "o\n", "ab");
  EXPECT_THAT(lines_of(folder / "packed.gz"), ElementsAre("one", "two"));
}

TEST(LineSource, Lines_of_every_length_around_the_buffer_come_out_whole) {
  const TempFolder folder;
  std::vector<std::string> expected;
  std::string text;
  for (const std::size_t length : {64'066U, 262'143U, 262'144U, 262'145U, 1U, 700'000U, 0U, 5U}) {
    expected.emplace_back(length, static_cast<char>('a' + expected.size()));
    text += expected.back() + "\n";
  }
  EXPECT_EQ(lines_of(write_file(folder / "plain", text)), expected);
  EXPECT_EQ(lines_of(write_gzip(folder / "packed.gz", text)), expected);
}

TEST(LineSource, A_line_beyond_any_feed_is_refused) {
  const TempFolder folder;
  const auto path =
      write_file(folder / "plain", "ok\n" + std::string(LineSource::max_line_length + 1, 'x'));
  EXPECT_THAT(error_of(path), AllOf(HasSubstr("plain:2"), HasSubstr("longer than 16777216 bytes")));
}

TEST(LineSource, A_missing_file_is_named) {
  const TempFolder folder;
  EXPECT_THAT(error_of(folder / "nowhere"),
              AllOf(HasSubstr("nowhere"), HasSubstr("No such file"), HasSubstr("remedy")));
}

TEST(LineSource, A_directory_is_no_feed) {
  const TempFolder folder;
  EXPECT_THAT(error_of(folder / ""), AllOf(HasSubstr("found a directory"), HasSubstr("remedy")));
}

TEST(LineSource, A_name_ending_in_gz_must_be_true) {
  const TempFolder folder;
  EXPECT_THAT(error_of(write_file(folder / "a.gz", "plain text\n")), HasSubstr("no gzip data"));
  EXPECT_THAT(error_of(write_file(folder / "b.gz", "")), HasSubstr("an empty file"));
}

TEST(LineSource, Truncation_is_found_wherever_the_file_was_cut_and_no_half_line_comes_out) {
  const TempFolder folder;
  const std::string text = many_lines(12);
  const std::string packed = bytes_of(write_gzip(folder / "whole.gz", text));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    std::vector<std::string> lines;
    const auto path = write_file(folder / "cut.gz", std::string_view(packed).substr(0, size));
    EXPECT_NE(error_of(path, &lines), "") << "cut at byte " << size << " of " << packed.size();
    std::string joined;
    for (const auto& line : lines) joined += line + "\n";
    EXPECT_TRUE(text.starts_with(joined)) << "cut at byte " << size;
  }
}

TEST(LineSource, Truncation_is_reported_with_file_and_line) {
  const TempFolder folder;
  const std::string packed = bytes_of(write_gzip(folder / "whole.gz", many_lines(1000)));
  std::vector<std::string> lines;
  const auto path = write_file(folder / "cut.gz", std::string_view(packed).substr(0, 8000));
  const auto error = error_of(path, &lines);
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(error, AllOf(HasSubstr("cut.gz:" + std::to_string(lines.size() + 1)),
                           HasSubstr("truncated")));
}

TEST(LineSource, Bytes_behind_the_compressed_data_are_refused_after_its_lines) {
  const TempFolder folder;
  const std::string packed = bytes_of(write_gzip(folder / "whole.gz", "one\ntwo\n"));
  for (const std::string& garbage :
       {std::string("x"), std::string("garbage\n"), std::string(512, '\0'), std::string("\x1f"),
        std::string("\x1f\x8b"), packed.substr(0, 12)}) {
    std::vector<std::string> lines;
    const auto path = write_file(folder / "more.gz", packed + garbage);
    EXPECT_THAT(error_of(path, &lines), AllOf(HasSubstr("more.gz:3"), HasSubstr("remedy: fetch")))
        << garbage.size();
    EXPECT_THAT(lines, ElementsAre("one", "two"));
  }
  EXPECT_THAT(error_of(write_file(folder / "more.gz", packed + "x")),
              HasSubstr("found bytes behind its compressed data"));
}

TEST(LineSource, Members_may_end_anywhere_in_what_is_read_at_once) {
  const TempFolder folder;
  const std::string packed = bytes_of(write_gzip(folder / "one.gz", "one\n"));
  constexpr std::size_t copies = 65'537;  // so that one ends at a power of two
  std::string joined;
  for (std::size_t i = 0; i < copies; ++i) joined += packed;
  EXPECT_EQ(lines_of(write_file(folder / "many.gz", joined)),
            std::vector<std::string>(copies, "one"));
}

TEST(LineSource, A_flipped_bit_in_compressed_data_is_found) {
  const TempFolder folder;
  const std::string packed = bytes_of(write_gzip(folder / "whole.gz", many_lines(1000)));
  for (const std::size_t at : {packed.size() / 2, packed.size() - 6, packed.size() - 2}) {
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_THAT(error_of(write_file(folder / "bad.gz", damaged)), HasSubstr("bad.gz:"))
        << "byte " << at;
  }
}

}  // namespace
}  // namespace disruptor_mp::market_feed
