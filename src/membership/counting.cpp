// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/counting.hpp"

#include <algorithm>

#include "disruptor_mp/ring/shared_tail.hpp"
#include "disruptor_mp/ring/tally.hpp"

namespace disruptor_mp {
namespace {

using format::Counters;
using Word = std::atomic<std::uint64_t>;

constexpr std::array<Word Counters::*, 24> single_words = {&Counters::origin,
                                                           &Counters::claimed,
                                                           &Counters::bias_origin,
                                                           &Counters::given_up,
                                                           &Counters::full,
                                                           &Counters::blocked_ns,
                                                           &Counters::blocked_since_ns,
                                                           &Counters::blocked_by,
                                                           &Counters::parks,
                                                           &Counters::unparks,
                                                           &Counters::wake_ups,
                                                           &Counters::wake_ns,
                                                           &Counters::wake_ns_max,
                                                           &Counters::alerts,
                                                           &Counters::last_progress_ns,
                                                           &Counters::lives,
                                                           &Counters::empty,
                                                           &Counters::lag_max,
                                                           &Counters::voids,
                                                           &Counters::missed,
                                                           &Counters::redelivered,
                                                           &Counters::batch_end,
                                                           &Counters::held_up_ns,
                                                           &Counters::held_up};

// Relaxed, here and below: nothing is decided by counters.
std::uint64_t read(const Word& word) noexcept { return word.load(std::memory_order_relaxed); }
void write(Word& word, std::uint64_t value) noexcept {
  word.store(value, std::memory_order_relaxed);
}

/// a − b; of words that are not of one moment, or damaged, zero rather than nonsense.
std::uint64_t less(std::uint64_t a, std::uint64_t b) noexcept { return a - std::min(a, b); }

constexpr unsigned count_bits = 62;
constexpr std::uint64_t paused_at_zero = Counters::paused << count_bits;
bool is_paused(std::uint64_t origin) noexcept { return origin >> count_bits == Counters::paused; }

/// How many sequences somebody at this position has passed while it counted.
std::uint64_t passed(const Counters& counters, std::uint64_t position) noexcept {
  const std::uint64_t origin = read(counters.origin);
  if (is_paused(origin)) return origin - paused_at_zero;
  const std::uint64_t difference = position - origin;
  return difference >> count_bits != 0 ? 0 : difference;
}

std::uint64_t published_by(const Segment& segment, const Counters& counters,
                           const Participant& participant) {
  if (segment.shape().producer_kind == format::ProducerKind::single)
    return passed(counters, stream_position(segment).published.value());
  return less(read(counters.claimed) + claimed_under_bias(segment, participant.row),
              read(counters.given_up));
}

}  // namespace

void clear_counters(Segment& segment, std::uint32_t row) noexcept {
  Counters* const counters = segment.counters(row);
  if (counters == nullptr) return;
  if (read(counters->lives) != 0) {  // else nobody has counted there
    for (const auto word : single_words) write(counters->*word, 0);
    for (Word& batches : counters->batches) write(batches, 0);
    for (format::UserCounter& counter : counters->user) write(counter.id, 0);
  }
  // Who dies before it began to count shows nothing.
  write(counters->origin, paused_at_zero);
}

void pause_counting(Segment& segment, std::uint32_t row, std::uint64_t position) noexcept {
  Counters* const counters = segment.counters(row);
  if (counters == nullptr) return;
  std::uint64_t origin = read(counters->origin);
  if (is_paused(origin)) return;
  // Dying before or after it: the same number, of a position that does not move meanwhile. An
  // exchange, because a dead producer's row may be given to another just now, which counts there.
  counters->origin.compare_exchange_strong(origin, paused_at_zero + passed(*counters, position),
                                           std::memory_order_relaxed);
}

void begin_counting(Segment& segment, std::uint32_t row, std::uint64_t start,
                    const PreviousLife& previous) noexcept {
  Counters* const counters = segment.counters(row);
  if (counters == nullptr) return;
  write(counters->blocked_since_ns, 0);  // of one that died while it waited
  // Dying here: what comes again is counted again by the next life, at most once too often for each
  // that dies so; the number of events is as it was.
  if (previous.cursor) {
    // What it may have handled and not committed comes again.
    const std::uint64_t seen =
        start < *previous.cursor ? *previous.cursor : read(counters->batch_end);
    if (start <= *previous.cursor) Tally::add(counters->redelivered, less(seen, start));
    Tally::add(counters->missed, previous.missed);
  }
  write(counters->batch_end, start);
  write(counters->lives, read(counters->lives) + 1);
  // Dying before it: the number is as the last life left it. Dying after it: the same number. What
  // lies between that life's position and this one's is nobody's.
  const std::uint64_t origin = read(counters->origin);
  if (is_paused(origin)) write(counters->origin, start - (origin - paused_at_zero));
}

std::uint64_t ParticipantCounters::operator[](CounterId id) const noexcept {
  for (const CounterValue& value : values) {
    if (value.id == static_cast<std::uint32_t>(id)) return value.value;
  }
  return 0;
}

std::optional<ParticipantCounters> read_counters(const Segment& segment,
                                                 const Participant& participant) {
  if (participant.row >= segment.shape().rows) return std::nullopt;
  const Counters* const counters = segment.counters(participant.row);
  if (counters == nullptr) return std::nullopt;
  ParticipantCounters all;
  const auto add = [&all](CounterId id, std::uint64_t value) {
    all.values.push_back({.id = static_cast<std::uint32_t>(id),
                          .name = std::string(to_string(id)),
                          .kind = kind_of(id),
                          .value = value});
  };
  const std::uint64_t event_size = segment.shape().event_size;
  if (participant.kind == format::RowKind::producer) {
    const std::uint64_t published = published_by(segment, *counters, participant);
    add(CounterId::events_published, published);
    add(CounterId::events_published_bytes, published * event_size);
    add(CounterId::producer_full_events, read(counters->full));
    add(CounterId::producer_park_count, read(counters->parks));
    add(CounterId::producer_unpark_count, read(counters->unparks));
    add(CounterId::producer_blocked_ns, read(counters->blocked_ns));
    add(CounterId::producer_wake_ups_sent, read(counters->wake_ups));
    add(CounterId::producer_given_up, read(counters->given_up));
    add(CounterId::producer_alerts, read(counters->alerts));
    add(CounterId::producer_wake_latency_ns, read(counters->wake_ns));
    add(CounterId::producer_wake_latency_ns_max, read(counters->wake_ns_max));
    if (const std::uint64_t since = read(counters->blocked_since_ns); since != 0) {
      const std::uint64_t by = read(counters->blocked_by);
      all.blockage = Blockage{.since_ns = since, .row = std::nullopt};
      if (by != 0 && by <= segment.shape().rows)
        all.blockage->row = static_cast<std::uint32_t>(by - 1);
    }
  } else {
    const std::uint64_t voids = read(counters->voids);
    const std::uint64_t consumed = less(passed(*counters, participant.cursor.value()), voids);
    for (std::size_t i = 0; i != all.batches.size(); ++i)
      all.batches[i] = read(counters->batches[i]);
    std::uint64_t batches = 0;
    for (const std::uint64_t n : all.batches) batches += n;
    add(CounterId::events_consumed, consumed);
    add(CounterId::events_consumed_bytes, consumed * event_size);
    add(CounterId::consumer_empty_spins, read(counters->empty));
    add(CounterId::consumer_park_count, read(counters->parks));
    add(CounterId::consumer_unpark_count, read(counters->unparks));
    add(CounterId::consumer_lag_max, read(counters->lag_max));
    add(CounterId::consumer_batches, batches);
    add(CounterId::consumer_wake_ups_sent, read(counters->wake_ups));
    add(CounterId::consumer_voids, voids);
    add(CounterId::consumer_missed, read(counters->missed));
    add(CounterId::consumer_redelivered, read(counters->redelivered));
    add(CounterId::consumer_held_up_ns, read(counters->held_up_ns));
    add(CounterId::consumer_held_up, read(counters->held_up));
    add(CounterId::consumer_wake_latency_ns, read(counters->wake_ns));
    add(CounterId::consumer_wake_latency_ns_max, read(counters->wake_ns_max));
  }
  add(CounterId::lives, read(counters->lives));
  for (CounterValue& value : read_user_counters(*counters)) all.values.push_back(std::move(value));
  if (const std::uint64_t progress = read(counters->last_progress_ns); progress != 0)
    all.last_progress_ns = progress;
  return all;
}

}  // namespace disruptor_mp
