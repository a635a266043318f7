// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The memory model against its book: small programs, explored in full, give exactly the outcomes
// that the mode allows. Compiled with the sanitizer's instrumentation, like the production code.
// "Not explored" are outcomes that C++ allows and this model leaves out: load buffering and weak
// 2+2W (docs/verification.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "lab.hpp"

namespace {

using namespace disruptor_mp::sim;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr auto rlx = std::memory_order_relaxed;
constexpr auto acq = std::memory_order_acquire;
constexpr auto rel = std::memory_order_release;
constexpr auto sc = std::memory_order_seq_cst;

using Word = std::atomic<std::uint64_t>;
Word& x() { return *reinterpret_cast<Word*>(lab_word(0)); }
Word& y() { return *reinterpret_cast<Word*>(lab_word(1)); }
Word& z() { return *reinterpret_cast<Word*>(lab_word(2)); }
std::uint64_t& plain() { return *lab_word(3); }

std::uint64_t r[8];  // what the processes read; private to the test, not simulated

std::string registers(unsigned count) {
  std::string text;
  for (unsigned i = 0; i < count; ++i) text += static_cast<char>('0' + r[i]);
  for (std::uint64_t& value : r) value = 0;
  return text;
}

using Bodies = std::vector<void (*)()>;

std::set<std::string> outcomes(MemoryMode mode, const Bodies& bodies, unsigned count) {
  registers(0);
  const Exploration result =
      explore({.memory = mode, .step_cost = 0}, bodies, [count] { return registers(count); });
  EXPECT_EQ(result.problem, "");
  return result.outcomes;
}

std::string problem(MemoryMode mode, const Bodies& bodies) {
  return explore({.memory = mode, .step_cost = 0}, bodies, [] { return registers(0); }).problem;
}

constexpr auto weak = MemoryMode::weak;
constexpr auto tso = MemoryMode::tso;
constexpr auto seq = MemoryMode::sc;

// --- Message passing

const Bodies mp_relaxed = {[] {
                             x().store(1, rlx);
                             y().store(1, rlx);
                           },
                           [] {
                             r[0] = y().load(rlx);
                             r[1] = x().load(rlx);
                           }};

TEST(Litmus, Relaxed_message_passing_may_miss_the_message) {
  EXPECT_THAT(outcomes(weak, mp_relaxed, 2), ElementsAre("00", "01", "10", "11"));
}
TEST(Litmus, Message_passing_never_misses_the_message_in_tso_or_sc) {
  EXPECT_THAT(outcomes(tso, mp_relaxed, 2), ElementsAre("00", "01", "11"));
  EXPECT_THAT(outcomes(seq, mp_relaxed, 2), ElementsAre("00", "01", "11"));
}
TEST(Litmus, Release_and_acquire_pass_the_message) {
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          x().store(1, rlx);
                          y().store(1, rel);
                        },
                        [] {
                          r[0] = y().load(acq);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "11"));
}
TEST(Litmus, A_release_alone_does_not_pass_the_message) {
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          x().store(1, rlx);
                          y().store(1, rel);
                        },
                        [] {
                          r[0] = y().load(rlx);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "10", "11"));
}
TEST(Litmus, An_acquire_alone_does_not_pass_the_message) {
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          x().store(1, rlx);
                          y().store(1, rlx);
                        },
                        [] {
                          r[0] = y().load(acq);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "10", "11"));
}
TEST(Litmus, Release_and_acquire_fences_pass_the_message) {
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          x().store(1, rlx);
                          std::atomic_thread_fence(rel);
                          y().store(1, rlx);
                        },
                        [] {
                          r[0] = y().load(rlx);
                          std::atomic_thread_fence(acq);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "11"));
}
TEST(Litmus, A_release_fence_pairs_with_an_acquire_load) {
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          x().store(1, rlx);
                          std::atomic_thread_fence(rel);
                          y().store(1, rlx);
                        },
                        [] {
                          r[0] = y().load(acq);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "11"));
}
TEST(Litmus, A_fence_after_the_store_is_too_late) {
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          x().store(1, rlx);
                          y().store(1, rlx);
                          std::atomic_thread_fence(rel);
                        },
                        [] {
                          r[0] = y().load(acq);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "10", "11"));
}
TEST(Litmus, Message_passing_through_a_third_process_is_transitive) {
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          x().store(1, rlx);
                          y().store(1, rel);
                        },
                        [] {
                          if (y().load(acq) == 1) z().store(1, rel);
                        },
                        [] {
                          r[0] = z().load(acq);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "11"));
}
TEST(Litmus, Relaxed_message_passing_through_a_third_process_is_not) {
  EXPECT_THAT(outcomes(weak,
                       {[] { x().store(1, rlx); },
                        [] {
                          if (x().load(rlx) == 1) y().store(1, rlx);
                        },
                        [] {
                          r[0] = y().load(acq);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "10", "11"));
}

// --- Store buffering

template <std::memory_order Store, std::memory_order Load>
Bodies store_buffering() {
  return {[] {
            x().store(1, Store);
            r[0] = y().load(Load);
          },
          [] {
            y().store(1, Store);
            r[1] = x().load(Load);
          }};
}
TEST(Litmus, Store_buffering_lets_both_miss_the_other) {
  EXPECT_THAT(outcomes(weak, store_buffering<rel, acq>(), 2), ElementsAre("00", "01", "10", "11"));
  EXPECT_THAT(outcomes(tso, store_buffering<rlx, rlx>(), 2), ElementsAre("00", "01", "10", "11"));
}
TEST(Litmus, Store_buffering_is_forbidden_in_sc_mode) {
  EXPECT_THAT(outcomes(seq, store_buffering<rlx, rlx>(), 2), ElementsAre("01", "10", "11"));
}
TEST(Litmus, Store_buffering_is_forbidden_for_seq_cst_accesses) {
  EXPECT_THAT(outcomes(weak, store_buffering<sc, sc>(), 2), ElementsAre("01", "10", "11"));
  EXPECT_THAT(outcomes(tso, store_buffering<sc, sc>(), 2), ElementsAre("01", "10", "11"));
}
const Bodies fenced_store_buffering = {[] {
                                         x().store(1, rlx);
                                         std::atomic_thread_fence(sc);
                                         r[0] = y().load(rlx);
                                       },
                                       [] {
                                         y().store(1, rlx);
                                         std::atomic_thread_fence(sc);
                                         r[1] = x().load(rlx);
                                       }};
TEST(Litmus, Two_full_fences_forbid_store_buffering) {
  EXPECT_THAT(outcomes(weak, fenced_store_buffering, 2), ElementsAre("01", "10", "11"));
  EXPECT_THAT(outcomes(tso, fenced_store_buffering, 2), ElementsAre("01", "10", "11"));
}
TEST(Litmus, One_full_fence_does_not_forbid_store_buffering) {
  const Bodies bodies = {[] {
                           x().store(1, rlx);
                           std::atomic_thread_fence(sc);
                           r[0] = y().load(rlx);
                         },
                         [] {
                           y().store(1, rlx);
                           r[1] = x().load(rlx);
                         }};
  EXPECT_THAT(outcomes(weak, bodies, 2), ElementsAre("00", "01", "10", "11"));
  EXPECT_THAT(outcomes(tso, bodies, 2), ElementsAre("00", "01", "10", "11"));
}
TEST(Litmus, Acquire_and_release_fences_do_not_forbid_store_buffering) {
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          x().store(1, rlx);
                          std::atomic_thread_fence(std::memory_order_acq_rel);
                          r[0] = y().load(rlx);
                        },
                        [] {
                          y().store(1, rlx);
                          std::atomic_thread_fence(std::memory_order_acq_rel);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "10", "11"));
}
const Bodies asymmetric_store_buffering = {[] {
                                             x().store(1, rlx);
                                             engine().heavy_fence();
                                             r[0] = y().load(rlx);
                                           },
                                           [] {
                                             y().store(1, rlx);
                                             std::atomic_signal_fence(sc);
                                             r[1] = x().load(rlx);
                                           }};
TEST(Litmus, One_fence_of_all_processes_forbids_store_buffering) {
  EXPECT_THAT(outcomes(weak, asymmetric_store_buffering, 2), ElementsAre("01", "10", "11"));
  EXPECT_THAT(outcomes(tso, asymmetric_store_buffering, 2), ElementsAre("01", "10", "11"));
}

// --- Load buffering: not explored (a load never reads what is stored later)

TEST(Litmus, Load_buffering_is_not_explored) {
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          r[0] = x().load(rlx);
                          y().store(1, rlx);
                        },
                        [] {
                          r[1] = y().load(rlx);
                          x().store(1, rlx);
                        }},
                       2),
              ElementsAre("00", "01", "10"));
}

// --- Coherence

TEST(Litmus, Two_reads_of_one_word_never_go_back) {  // CoRR
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          x().store(1, rlx);
                          x().store(2, rlx);
                        },
                        [] {
                          r[0] = x().load(rlx);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "02", "11", "12", "22"));
}
TEST(Litmus, Two_readers_agree_on_the_order_of_stores_to_one_word) {  // CoRR2
  const auto seen = outcomes(weak,
                             {[] { x().store(1, rlx); }, [] { x().store(2, rlx); },
                              [] {
                                r[0] = x().load(rlx);
                                r[1] = x().load(rlx);
                              },
                              [] {
                                r[2] = x().load(rlx);
                                r[3] = x().load(rlx);
                              }},
                             4);
  EXPECT_EQ(seen.count("1221"), 0U);
  EXPECT_EQ(seen.count("2112"), 0U);
  EXPECT_EQ(seen.count("1212"), 1U);
  EXPECT_EQ(seen.count("2121"), 1U);
  EXPECT_EQ(seen.count("0012"), 1U);
}
TEST(Litmus, A_process_reads_its_own_store_or_a_newer_one) {  // CoWR
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          x().store(1, rlx);
                          r[0] = x().load(rlx);
                        },
                        [] { x().store(2, rlx); }},
                       1),
              ElementsAre("1", "2"));
  EXPECT_THAT(outcomes(tso,
                       {[] {
                          x().store(1, rlx);
                          r[0] = x().load(rlx);
                        },
                        [] { x().store(2, rlx); }},
                       1),
              ElementsAre("1", "2"));
}
TEST(Litmus, A_store_after_a_read_comes_after_what_was_read) {  // CoRW
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          r[0] = x().load(rlx);
                          x().store(1, rlx);
                          r[1] = x().load(rlx);
                        },
                        [] { x().store(2, rlx); }},
                       2),
              ElementsAre("01", "02", "21"));
}

// --- Independent reads of independent writes

template <std::memory_order Store, std::memory_order Load>
Bodies independent_reads() {
  return {[] { x().store(1, Store); }, [] { y().store(1, Store); },
          [] {
            r[0] = x().load(Load);
            r[1] = y().load(Load);
          },
          [] {
            r[2] = y().load(Load);
            r[3] = x().load(Load);
          }};
}
TEST(Litmus, Readers_may_disagree_about_independent_writes) {  // IRIW
  const auto seen = outcomes(weak, independent_reads<rel, acq>(), 4);
  EXPECT_EQ(seen.count("1010"), 1U);
  EXPECT_EQ(seen.size(), 16U);
}
TEST(Litmus, Readers_agree_about_independent_writes_in_tso_and_sc) {
  for (const MemoryMode mode : {tso, seq}) {
    const auto seen = outcomes(mode, independent_reads<rlx, rlx>(), 4);
    EXPECT_EQ(seen.count("1010"), 0U);
    EXPECT_EQ(seen.size(), 15U);
  }
}
TEST(Litmus, Readers_agree_about_independent_seq_cst_writes) {
  const auto seen = outcomes(weak, independent_reads<sc, sc>(), 4);
  EXPECT_EQ(seen.count("1010"), 0U);
  EXPECT_EQ(seen.size(), 15U);
}
TEST(Litmus, Full_fences_between_the_reads_make_readers_agree) {
  const auto seen = outcomes(weak,
                             {[] { x().store(1, rlx); }, [] { y().store(1, rlx); },
                              [] {
                                r[0] = x().load(rlx);
                                std::atomic_thread_fence(sc);
                                r[1] = y().load(rlx);
                              },
                              [] {
                                r[2] = y().load(rlx);
                                std::atomic_thread_fence(sc);
                                r[3] = x().load(rlx);
                              }},
                             4);
  EXPECT_EQ(seen.count("1010"), 0U);
}
TEST(Litmus, A_write_is_seen_by_cause_before_its_effect) {  // WRC
  EXPECT_THAT(outcomes(weak,
                       {[] { x().store(1, rlx); },
                        [] {
                          if (x().load(rlx) == 1) y().store(1, rel);
                        },
                        [] {
                          r[0] = y().load(acq);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "11"));
}

// --- Two writers: the order of stores is the order of execution, so weak 2+2W is not explored

TEST(Litmus, Weak_2_plus_2_writes_are_not_explored) {
  const auto run = [](MemoryMode mode) {
    std::set<std::string> seen;
    return outcomes(mode,
                    {[] {
                       x().store(1, rlx);
                       y().store(2, rlx);
                       r[0] = y().load(rlx);
                     },
                     [] {
                       y().store(1, rlx);
                       x().store(2, rlx);
                       r[1] = x().load(rlx);
                     }},
                    2);
  };
  EXPECT_EQ(run(weak).count("11"), 0U);
  EXPECT_EQ(run(tso).count("11"), 0U);
}

// --- Read-modify-write

TEST(Litmus, Two_increments_are_both_counted) {
  EXPECT_THAT(
      outcomes(weak, {[] { r[0] = x().fetch_add(1, rlx); }, [] { r[1] = x().fetch_add(1, rlx); }},
               2),
      ElementsAre("01", "10"));
}
TEST(Litmus, Only_one_exchange_takes_the_word) {
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          std::uint64_t expected = 0;
                          r[0] = x().compare_exchange_strong(expected, 1, rlx) ? 1 : 0;
                        },
                        [] {
                          std::uint64_t expected = 0;
                          r[1] = x().compare_exchange_strong(expected, 1, rlx) ? 1 : 0;
                        }},
                       2),
              ElementsAre("01", "10"));
}
TEST(Litmus, A_relaxed_increment_continues_the_release_sequence) {
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          x().store(1, rlx);
                          y().store(1, rel);
                        },
                        [] { y().fetch_add(1, rlx); },
                        [] {
                          r[0] = y().load(acq);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "10", "11", "21"));
}
TEST(Litmus, A_relaxed_store_breaks_the_release_sequence) {
  EXPECT_THAT(outcomes(weak,
                       {[] {
                          x().store(1, rlx);
                          y().store(1, rel);
                          y().store(2, rlx);
                        },
                        [] {
                          r[0] = y().load(acq);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("00", "01", "11", "20", "21"));
}
TEST(Litmus, Store_buffering_with_locked_instructions_is_forbidden_in_tso) {
  EXPECT_THAT(outcomes(tso,
                       {[] {
                          x().fetch_add(1, rlx);
                          r[0] = y().load(rlx);
                        },
                        [] {
                          y().fetch_add(1, rlx);
                          r[1] = x().load(rlx);
                        }},
                       2),
              ElementsAre("01", "10", "11"));
}

// --- Data races

TEST(Litmus, A_plain_payload_behind_a_release_is_no_race) {
  EXPECT_EQ(problem(weak, {[] {
                             plain() = 7;
                             x().store(1, rel);
                           },
                           [] {
                             if (x().load(acq) == 1) r[0] = plain();
                           }}),
            "");
}
TEST(Litmus, A_plain_payload_behind_a_relaxed_store_is_a_race) {
  for (const MemoryMode mode : {weak, tso, seq}) {
    EXPECT_THAT(problem(mode, {[] {
                                 plain() = 7;
                                 x().store(1, rlx);
                               },
                               [] {
                                 if (x().load(acq) == 1) r[0] = plain();
                               }}),
                testing::HasSubstr("O9: a plain read is not ordered after a plain write"));
  }
}
TEST(Litmus, Overwriting_what_somebody_still_reads_is_a_race) {
  EXPECT_THAT(problem(weak, {[] {
                               x().store(1, rlx);
                               r[0] = plain();
                             },
                             [] {
                               if (x().load(acq) == 1) plain() = 8;
                             }}),
              testing::HasSubstr("O9: a write is not ordered after a plain read"));
}
TEST(Litmus, A_plain_and_an_atomic_write_of_one_word_race) {
  EXPECT_THAT(problem(weak, {[] { plain() = 7; }, [] { std::atomic_ref(plain()).store(8, rel); }}),
              testing::HasSubstr("O9"));
}

// --- Old stores

TEST(Litmus, A_reader_may_be_seven_stores_behind_and_no_more) {
  std::set<std::string> seen = outcomes(weak,
                                        {[] {
                                           for (std::uint64_t i = 1; i <= 9; ++i) x().store(i, rlx);
                                           y().store(1, rlx);
                                         },
                                         [] {
                                           if (y().load(rlx) == 1) r[0] = x().load(rlx);
                                         }},
                                        1);
  EXPECT_EQ(seen.count("2"), 1U);
  EXPECT_EQ(seen.count("1"), 0U);
}

}  // namespace
