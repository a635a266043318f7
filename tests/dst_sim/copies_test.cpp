// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Copies of known size into shared memory are seen by the simulator, whatever the compiler would
// rather make of them. A staged claim is published by such copies (ring/slots.hpp), and moves that
// nobody instruments would let every run of them pass.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <string>
#include <utility>

#include "lab.hpp"

namespace {

using namespace disruptor_mp::sim;

using Words = std::array<std::uint64_t, 3>;
std::atomic<std::uint64_t>& flag() {
  return *reinterpret_cast<std::atomic<std::uint64_t>*>(lab_word(0));
}
// What the reader found; private to the test, not simulated. Volatile: nobody asks for it.
volatile std::uint64_t read_of_last;

template <std::size_t Size>
void copy_then(std::memory_order order) {
  const Words words = {1, 2, 3};
  std::memcpy(lab_word(1), words.data(), Size);
  flag().store(1, order);
}
template <std::size_t Size>
void read_last_word() {
  if (flag().load(std::memory_order_acquire) == 1) read_of_last = lab_word(1)[Size / 8 - 1];
}

template <std::size_t Size, std::memory_order order>
std::string problem() {
  return explore({.memory = MemoryMode::weak, .step_cost = 0},
                 {[] { copy_then<Size>(order); }, [] { read_last_word<Size>(); }},
                 [] { return std::string(); })
      .problem;
}

TEST(Copies, A_copy_behind_a_relaxed_store_is_a_race_whatever_its_size) {
  EXPECT_THAT((problem<8, std::memory_order_relaxed>()), testing::HasSubstr("O9"));
  EXPECT_THAT((problem<16, std::memory_order_relaxed>()), testing::HasSubstr("O9"));
  EXPECT_THAT((problem<24, std::memory_order_relaxed>()), testing::HasSubstr("O9"));
}
TEST(Copies, A_copy_behind_a_release_is_none) {
  EXPECT_EQ((problem<8, std::memory_order_release>()), "");
  EXPECT_EQ((problem<16, std::memory_order_release>()), "");
  EXPECT_EQ((problem<24, std::memory_order_release>()), "");
}

/// What of a copy of three words is there when its process died at the store after it.
TEST(Copies, Any_part_of_a_copy_outlives_the_death_of_its_process_before_the_next_release) {
  static const auto dead_after_copy = [] { copy_then<24>(std::memory_order_release); };
  static std::string kept;
  kept.clear();
  const Exploration result = explore(
      {.memory = MemoryMode::sc, .crashes = 1, .step_cost = 0},
      {[] { dead_after_copy(); },
       [] {
         // Atomic: it looks while the copy may be going on, as an observer does.
         for (unsigned i = 0; i < 3; ++i) {
           const auto word = std::atomic_ref(lab_word(1)[i]).load(std::memory_order_relaxed);
           kept += static_cast<char>('0' + word);
         }
       }},
      [] { return std::exchange(kept, std::string()); });
  EXPECT_EQ(result.problem, "");
  EXPECT_THAT(result.outcomes,
              testing::IsSupersetOf({"000", "100", "020", "003", "120", "103", "023", "123"}));
}

}  // namespace
