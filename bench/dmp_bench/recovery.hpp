// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "disruptor_mp/endpoint/options.hpp"
#include "disruptor_mp/metrics/histogram.hpp"
#include "disruptor_mp/ring/wait_strategy.hpp"

namespace disruptor_mp::bench {

/// What the survivor is doing when the other one is killed.
enum class Waiting : std::uint8_t {
  for_room,       ///< a producer in publish; its gating consumer is killed
  for_required,   ///< the same; its required consumer is killed, and it is told so at once
  with_policy,    ///< the same, told by a liveness policy
  watching,       ///< in Watcher::watch_until; a required consumer is killed
  for_event,      ///< a consumer in wait_poll; its producer is killed
  between_polls,  ///< a consumer that calls poll again and again; its producer is killed
  to_succeed,     ///< in Producer::attach; the producer is killed
  for_id,         ///< in Consumer::attach; the holder of its id is killed
};

struct Situation {
  std::string name;
  Waiting waiting = Waiting::for_room;
  WaitStrategy wait = WaitStrategy::block();
  /// From the kernel's release on: docs/crashes.md, "How soon".
  std::chrono::microseconds bound{};
  /// After so long in it, it waits as it would for hours: its naps are at their longest.
  std::chrono::milliseconds settling{};
  ProducerKind producers = ProducerKind::single;  ///< of the ring
};

[[nodiscard]] std::vector<Situation> all_situations();

/// What no bound contains: how late the kernel's timers are (50 us), and what a joiner has to do
/// when it has the lock.
inline constexpr std::chrono::microseconds slack{300};

/// Nanoseconds, all from just before the kill(2).
struct Recovery {
  Situation situation;
  Histogram noticed = {};   ///< until the survivor had its answer
  Histogram released = {};  ///< until the parent's waitpid(2) had it
  /// How long of the time until then the survivor was ready to run, and had no core.
  Histogram queued = {};
  /// Deaths noticed later than waitpid's time + `bound` + the time without a core + `slack`.
  std::uint64_t beyond = 0;
};

/// Kills so many processes, each with a ring and a survivor of its own.
/// @throws Interrupted, or std::runtime_error if a survivor fails or does not notice within 30 s.
[[nodiscard]] Recovery measure_recovery(const Situation& situation, unsigned deaths);

}  // namespace disruptor_mp::bench
