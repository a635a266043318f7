// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "market_feed/analytics.hpp"
#include "market_feed/error.hpp"
#include "sample_events.hpp"
#include "temp_folder.hpp"

namespace disruptor_mp::market_feed {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// Two numbers that belong together: a mixture of two saves is seen at once.
struct Pair {
  std::uint64_t number = 0;
  std::uint64_t square = 0;
  std::array<std::uint64_t, 4> filler = {};

  static Pair of(std::uint64_t n) {
    Pair pair = {.number = n, .square = n * n};
    pair.filler.fill(n);
    return pair;
  }
  friend bool operator==(const Pair&, const Pair&) = default;
};

using PairCheckpoint = Checkpoint<Pair>;

std::string open_error(const std::filesystem::path& path) {
  try {
    const PairCheckpoint checkpoint(path, "pair");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Checkpoint, A_new_file_has_no_value) {
  const TempFolder folder;
  const PairCheckpoint checkpoint(folder / "file", "pair");
  EXPECT_EQ(checkpoint.load(), std::nullopt);
  EXPECT_EQ(checkpoint.version(), 0U);
}

TEST(Checkpoint, The_value_saved_last_is_loaded_in_this_run_and_the_next) {
  const TempFolder folder;
  for (std::uint64_t n = 1; n <= 5; ++n) {
    PairCheckpoint checkpoint(folder / "file", "pair");
    EXPECT_EQ(checkpoint.version(), n - 1);
    if (n > 1) {
      EXPECT_EQ(checkpoint.load(), Pair::of(n - 1));
    }
    checkpoint.save(Pair::of(n));
    EXPECT_EQ(checkpoint.load(), Pair::of(n));
  }
}

TEST(Checkpoint, The_file_does_not_grow) {
  const TempFolder folder;
  PairCheckpoint checkpoint(folder / "file", "pair");
  checkpoint.save(Pair::of(1));
  checkpoint.save(Pair::of(2));
  const auto size = std::filesystem::file_size(folder / "file");
  for (std::uint64_t n = 3; n < 50; ++n) checkpoint.save(Pair::of(n));
  EXPECT_EQ(std::filesystem::file_size(folder / "file"), size);
}

/// Every state that a kill inside a save can leave: the bytes of the file before it, with the
/// changed bytes up to some point taken from the file after it.
TEST(Checkpoint, A_save_cut_at_any_byte_leaves_the_old_value_or_the_new_one) {
  const TempFolder folder;
  std::string before;
  for (std::uint64_t n = 1; n <= 4; ++n) {
    PairCheckpoint(folder / "file", "pair").save(Pair::of(n));
    const std::string after = bytes_of(folder / "file");
    bool was_new = false;
    for (std::size_t cut = 0; cut <= after.size(); ++cut) {
      std::string torn = after.substr(0, cut);
      if (cut < before.size()) torn += before.substr(cut);
      const auto value = PairCheckpoint(write_file(folder / "torn", torn), "pair").load();
      const bool is_new = value == Pair::of(n);
      const bool is_old = n == 1 ? value == std::nullopt : value == Pair::of(n - 1);
      ASSERT_TRUE(is_new || is_old) << "save " << n << " cut at byte " << cut;
      ASSERT_TRUE(is_new || !was_new) << "save " << n << " went back at byte " << cut;
      was_new = is_new;
    }
    EXPECT_TRUE(was_new);
    before = after;
  }
}

TEST(Checkpoint, Work_goes_on_after_any_cut) {
  const TempFolder folder;
  for (std::uint64_t n = 1; n <= 3; ++n) PairCheckpoint(folder / "file", "pair").save(Pair::of(n));
  const std::string whole = bytes_of(folder / "file");
  for (std::size_t place = 0; place < 2; ++place) {
    std::string torn = whole;
    torn[place * (whole.size() / 2) + 60] ^= 1;  // in the payload of the record at this place
    write_file(folder / "file", torn);
    PairCheckpoint checkpoint(folder / "file", "pair");
    ASSERT_TRUE(checkpoint.load());
    for (std::uint64_t n = 10; n <= 13; ++n) {
      checkpoint.save(Pair::of(n));
      ASSERT_EQ(PairCheckpoint(folder / "file", "pair").load(), Pair::of(n));
    }
    write_file(folder / "file", whole);
  }
}

TEST(Checkpoint, A_single_flipped_bit_is_never_loaded) {
  const TempFolder folder;
  PairCheckpoint(folder / "file", "pair").save(Pair::of(1));
  const std::string whole = bytes_of(folder / "file");
  for (std::size_t byte = whole.size() - sizeof(Pair) - 48; byte < whole.size(); ++byte) {
    std::string damaged = whole;
    damaged[byte] ^= static_cast<char>(1 << (byte % 8));
    write_file(folder / "damaged", damaged);
    try {
      ASSERT_EQ(PairCheckpoint(folder / "damaged", "pair").load(), std::nullopt) << "byte " << byte;
    } catch (const Error&) {  // a changed tag or size is refused as another's file
    }
  }
}

TEST(Checkpoint, Damage_that_no_kill_explains_is_an_error) {
  const TempFolder folder;
  PairCheckpoint(folder / "file", "pair").save(Pair::of(1));
  PairCheckpoint(folder / "file", "pair").save(Pair::of(2));
  std::string damaged = bytes_of(folder / "file");
  damaged[60] ^= 1;
  damaged[damaged.size() - 1] ^= 1;
  EXPECT_THAT(open_error(write_file(folder / "file", damaged)),
              AllOf(HasSubstr("no whole record"), HasSubstr("remove it")));
}

TEST(Checkpoint, Another_file_is_not_taken_for_a_checkpoint) {
  const TempFolder folder;
  EXPECT_THAT(open_error(write_file(folder / "a", "some text")), HasSubstr("no whole record"));
  EXPECT_THAT(open_error(write_file(folder / "b", std::string(100'000, '\0'))),
              HasSubstr("no whole record"));
}

TEST(Checkpoint, A_checkpoint_of_another_kind_or_size_is_refused_whatever_their_sizes) {
  const TempFolder folder;
  using Number = Checkpoint<std::uint64_t>;
  using OneMore = Checkpoint<std::array<std::uint64_t, 7>>;  // its records lie where Pair's lie
  for (std::uint64_t saves = 1; saves <= 3; ++saves) {
    PairCheckpoint(folder / "pair", "pair").save(Pair::of(saves));
    Number(folder / "number", "number").save(saves);
    EXPECT_THROW(Number(folder / "pair", "number"), Error) << "after save " << saves;
    EXPECT_THROW(OneMore(folder / "pair", "pair"), Error) << "after save " << saves;
    EXPECT_THROW(PairCheckpoint(folder / "number", "pair"), Error) << "after save " << saves;
  }
  try {
    const Checkpoint<Pair> wrong_tag(folder / "pair", "other");
    FAIL() << "opened another's file";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("\"pair\" of 48 bytes"), HasSubstr("\"other\"")));
  }
}

TEST(Checkpoint, A_tag_has_one_to_eight_characters) {
  const TempFolder folder;
  EXPECT_THROW(Checkpoint<Pair>(folder / "file", ""), Error);
  EXPECT_THROW(Checkpoint<Pair>(folder / "file", "ninechars"), Error);
}

TEST(Checkpoint, Analytics_can_be_saved_and_taken_up) {
  const TempFolder folder;
  AnalyticsCheckpoint state;
  state.analytics.fold(sample_trade("100", "2"));
  state.next_sequence = 1;
  Checkpoint<AnalyticsCheckpoint>(folder / "file", "stats").save(state);
  EXPECT_EQ(Checkpoint<AnalyticsCheckpoint>(folder / "file", "stats").load(), state);
}

/// Saves without end; says "saved" by a byte in the pipe after each save. Never returns.
[[noreturn]] void save_for_ever(const std::filesystem::path& path, int pipe) {
  PairCheckpoint checkpoint(path, "pair");
  for (std::uint64_t n = checkpoint.version() + 1;; ++n) {
    checkpoint.save(Pair::of(n));
    if (::write(pipe, "s", 1) != 1) ::_exit(1);
  }
}

TEST(Checkpoint, A_process_killed_while_it_saves_loses_no_save_that_had_returned) {
  const TempFolder folder;
  std::uint64_t saved = 0;  // told by the process, over all its lives
  for (int life = 0; life < 20; ++life) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      save_for_ever(folder / "file", ends[1]);
    }
    ::close(ends[1]);
    char byte = 0;
    for (int i = 0; i < 50 + life; ++i) {
      ASSERT_EQ(::read(ends[0], &byte, 1), 1);
      ++saved;
    }
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    while (::read(ends[0], &byte, 1) == 1) ++saved;
    ::close(ends[0]);

    const auto value = PairCheckpoint(folder / "file", "pair").load();
    ASSERT_TRUE(value);
    EXPECT_EQ(*value, Pair::of(value->number));
    EXPECT_GE(value->number, saved);
    EXPECT_LE(value->number, saved + 1) << "more than the one save under way";
    saved = value->number;
  }
}

}  // namespace
}  // namespace disruptor_mp::market_feed
