// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What the orchestrator and its processes tell each other, in memory that they share from fork on.
// Apart from the ring: none of it is evidence.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace disruptor_mp::kill {

/// What a process is about to do, or does.
enum class Phase : std::uint32_t { none, attach, publish, poll, leave };
[[nodiscard]] inline std::string to_string(Phase phase) {
  constexpr std::array names = {"other", "attach", "publish", "poll", "leave"};
  return names.at(static_cast<std::size_t>(phase));
}

/// A word of the ring, or a place in a slot, whose stores can be counted.
enum class Word : std::uint32_t {
  payload,
  stamp,
  published,
  horizon,
  tail,
  claim,
  cursor,
  data_bell,
  gates_bell
};
inline constexpr std::size_t word_count = 9;
[[nodiscard]] inline std::string to_string(Word word) {
  constexpr std::array<const char*, word_count> names = {"payload", "stamp",     "published",
                                                         "horizon", "tail",      "claim",
                                                         "cursor",  "data_bell", "gates_bell"};
  return names.at(static_cast<std::size_t>(word));
}

/// One part's. Written by its process, but for `wish`.
struct alignas(128) Seat {
  /// The life that is attached. Released behind `words`.
  std::atomic<std::uint64_t> attached_life;
  /// Producer: one past its latest event. Consumer: the next it will read.
  std::atomic<std::uint64_t> next;
  /// The latest goal that it has got beyond, and when. `reached_ns` is released by `reached`.
  std::atomic<std::uint64_t> reached;
  std::atomic<std::uint64_t> reached_ns;
  std::atomic<Phase> phase;
  /// Where it is to stop and be traced. Written by the orchestrator, taken back by the process.
  std::atomic<Phase> wish;
  /// Where the words are in its own address space; 0: it has none.
  std::array<std::atomic<std::uint64_t>, word_count> words;
  std::atomic<std::uint64_t> slot_stride;
  /// Why it ended by itself. Read when it is dead.
  std::array<char, 512> failure;
};

inline constexpr std::size_t max_seats = 8;

struct Board {
  std::atomic<bool> is_ending;  ///< close, read to the end, leave
  /// Slow readers: the ring is mostly full, producers wait; else mostly empty, and readers wait.
  bool has_slow_readers;
  /// Everybody shall get beyond this sequence. Released by `goal_number`.
  std::atomic<std::uint64_t> goal;
  std::atomic<std::uint64_t> goal_number;
  std::array<Seat, max_seats> seats;
};

}  // namespace disruptor_mp::kill
