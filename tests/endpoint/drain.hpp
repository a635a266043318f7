// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <thread>
#include <vector>

#include "disruptor_mp/disruptor_mp.hpp"
#include "support/errors.hpp"
#include "support/events.hpp"
#include "support/results.hpp"
#include "support/ring_names.hpp"

namespace disruptor_mp::test {

using namespace std::chrono_literals;
using Numbers = std::vector<std::uint64_t>;

/// {first, first + 1, …}, `count` of them.
inline Numbers numbers(std::uint64_t first, std::size_t count) {
  Numbers all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

/// Polls until there is nothing left to read. @return the numbers of the events; how the last poll
/// ended is in `end`.
template <class E>
Numbers drain(Consumer<E>& consumer, Poll* end = nullptr) {
  Numbers seen;
  for (;;) {
    const PollResult result = consumer.poll([&](const E& tick) {
      EXPECT_TRUE(tick.is_whole()) << tick.number;
      seen.push_back(tick.number);
    });
    if (end != nullptr) *end = result.outcome;
    if (result.outcome != Poll::events) return seen;
  }
}

/// Publishes `count` events whose numbers are their sequences. All must find room.
template <class E>
void publish_numbers(Producer<E>& producer, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(producer.try_publish(E::of(producer.next_sequence().value())), Publish::ok);
  }
}

/// The same, until there is no room. @return how many.
template <class E>
std::size_t publish_until_full(Producer<E>& producer) {
  std::size_t count = 0;
  while (producer.try_publish(E::of(producer.next_sequence().value())) == Publish::ok) ++count;
  return count;
}

/// Whether somebody announces a sleep on the bell before long.
inline bool has_sleeper(const format::BellWord& bell) {
  const TimePoint hang = std::chrono::steady_clock::now() + 20s;
  while ((bell.word.load() & 1U) == 0 && std::chrono::steady_clock::now() < hang)
    std::this_thread::yield();
  return (bell.word.load() & 1U) != 0;
}

}  // namespace disruptor_mp::test
