// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "disruptor_mp/ring/wait_strategy.hpp"
#include "disruptor_mp/segment/format.hpp"

namespace disruptor_mp::bench {

enum class Pattern : std::uint8_t {
  ping_pong,  ///< one event in flight, there and back: a ring there, and one back from each
              ///< consumer
  stream,     ///< as fast as it goes
};

enum class Kind : std::uint8_t {
  limit,                ///< a hand-written loop in raw shared memory
  library,              ///< Producer<E> and Consumer<E>
  boost_lockfree,       ///< boost::lockfree::queue in raw shared memory
  boost_message_queue,  ///< boost::interprocess::message_queue
};

enum class Storage : std::uint8_t { shm, file };

/// One way of doing the work of a case.
struct Contender {
  std::string label;
  Kind kind = Kind::library;
  format::SlotLayout layout = format::SlotLayout::stamped;
  Storage storage = Storage::shm;
  WaitStrategy wait = WaitStrategy::spin_with_hint();
  format::ProducerKind producers = format::ProducerKind::single;  ///< what the library's ring is
  std::uint64_t burst = 0;  ///< the library: events per burst; 0: published singly or in claims
  bool counters = true;     ///< the library: whether the ring has them
};

/// Work, and those who do it in turns: A B C A B C …
struct Case {
  std::string name;
  Pattern pattern = Pattern::stream;
  std::size_t event_size = 8;
  std::uint64_t batch = 1;  ///< events per claim; 1: published singly
  unsigned producers = 1;
  /// 0: nobody reads along, nobody is waited for, and what is left in the ring is read when a slice
  /// is over. For streams.
  unsigned consumers = 1;
  std::uint64_t capacity = 4096;
  std::vector<Contender> contenders;
  bool in_suite = true;  ///< false: runs only if it is asked for by name

  [[nodiscard]] unsigned processes() const noexcept { return producers + consumers; }
};

inline constexpr unsigned max_producers = 4;
inline constexpr unsigned max_consumers = 4;
inline constexpr unsigned max_contenders = 8;

[[nodiscard]] std::vector<Case> all_cases();

}  // namespace disruptor_mp::bench
