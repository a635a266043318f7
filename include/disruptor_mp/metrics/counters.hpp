// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/segment/format.hpp"

namespace disruptor_mp {

/// What participants count. Ids and names up to 0x25 are those of the reference crate; applications
/// have theirs from 0x100 on. (0x30 to 0x34 are not used: there they belong to a codec.)
enum class CounterId : std::uint32_t {
  events_published = 0x10,        ///< total; of a ring of several, claims that came to nothing not
                                  ///< included once they are known to have
  events_published_bytes = 0x11,  ///< total
  producer_full_events = 0x12,    ///< publishes that found no room: refused, or had to wait
  producer_park_count = 0x13,     ///< sleeps in the kernel
  producer_unpark_count = 0x14,   ///< of these, ended by being woken
  producer_blocked_ns = 0x15,     ///< in which publishes waited for room; short spins not counted
  producer_wake_ups_sent = 0x16,  ///< consumers woken
  producer_given_up = 0x17,       ///< sequences claimed and not published
  producer_alerts = 0x18,         ///< of the liveness policy
  producer_wake_latency_ns = 0x19,      ///< from being rung for until awake, added up
  producer_wake_latency_ns_max = 0x1A,  ///< high-water mark
  events_consumed = 0x20,               ///< total, committed
  events_consumed_bytes = 0x21,         ///< total
  consumer_empty_spins = 0x22,          ///< polls that found nothing, and looks while waiting
  consumer_park_count = 0x23,           ///< sleeps in the kernel
  consumer_unpark_count = 0x24,         ///< of these, ended by being woken
  consumer_lag_max = 0x25,              ///< high-water mark, at the beginning of a batch
  consumer_batches = 0x26,              ///< total
  consumer_wake_ups_sent = 0x27,        ///< producers, and consumers behind it, woken
  consumer_voids = 0x28,                ///< sequences skipped because nothing is published there
  consumer_missed = 0x29,               ///< events overwritten before they were read
  consumer_redelivered = 0x2A,      ///< at most so many came twice, after its predecessor's death
  consumer_held_up_ns = 0x2B,       ///< in which producers waited because of this consumer
  consumer_held_up = 0x2C,          ///< how often they did
  consumer_wake_latency_ns = 0x2D,  ///< from being rung for until awake, added up
  consumer_wake_latency_ns_max = 0x2E,  ///< high-water mark
  lives = 0x40,                         ///< how often its id took the row
};

/// Application counters have ids from here on.
inline constexpr std::uint32_t first_user_counter = 0x100;

/// What a counter's value is.
enum class CounterKind : std::uint8_t {
  total,       ///< only grows
  high_water,  ///< the largest so far
  any,         ///< an application's: whatever it stores
};
/// "total", …
[[nodiscard]] std::string_view to_string(CounterKind kind) noexcept;

/// One counter as it was when somebody looked.
struct CounterValue {
  std::uint32_t id = 0;                   ///< a CounterId, or an application's
  std::string name;                       ///< "events_published", or the application's label
  CounterKind kind = CounterKind::total;  ///< what `value` is
  std::uint64_t value = 0;                ///< events, bytes, nanoseconds: as the name says
};

/// "events_published", …; empty for what is none of them.
[[nodiscard]] std::string_view to_string(CounterId id) noexcept;
/// What the value of one of them is.
[[nodiscard]] CounterKind kind_of(CounterId id) noexcept;

/// An application's own counter in the ring: seen by every tool beside the others, kept when the
/// process dies, gone on with by the next life of its participant. One writer: the thread that uses
/// the producer or consumer it is of, or another one instead of it. Do not use it longer than that
/// producer or consumer, nor in a child forked since, where the row is the parent's. Adding is a
/// load and a store.
class UserCounter {
 public:
  explicit UserCounter(std::atomic<std::uint64_t>& value) noexcept : value_(&value) {}

  void add(std::uint64_t n = 1) noexcept { set(get() + n); }
  // Relaxed: nothing is decided by counters.
  void set(std::uint64_t value) noexcept { value_->store(value, std::memory_order_relaxed); }
  void raise_to(std::uint64_t value) noexcept {
    if (value > get()) set(value);
  }
  [[nodiscard]] std::uint64_t get() const noexcept {
    return value_->load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t>* value_;
};

/// Finds or makes an application's counter among those of one participant. By the holder of its row
/// only. @param object the ring's name, for errors.
/// @throws Error{invalid_option}: an id below first_user_counter; a label that is empty, longer
/// than 47 bytes or not printable ASCII; an id that has another label; no room for one more
[[nodiscard]] UserCounter user_counter(format::Counters& counters, std::uint32_t id,
                                       std::string_view label, const std::string& object);

/// The application's counters of one participant, as they stand. Reads what others may be writing,
/// and takes none of it for true: labels are printed with unprintable bytes replaced.
[[nodiscard]] std::vector<CounterValue> read_user_counters(const format::Counters& counters);

}  // namespace disruptor_mp
