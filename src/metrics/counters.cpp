// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/metrics/counters.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "disruptor_mp/base/error.hpp"

namespace disruptor_mp {
namespace {

using Label = std::array<std::uint64_t, format::label_words>;

std::string read_label(const format::UserCounter& counter) {
  Label words{};
  for (std::size_t i = 0; i != words.size(); ++i)
    words[i] = counter.label[i].load(std::memory_order_relaxed);
  std::array<char, sizeof(Label)> bytes{};
  std::memcpy(bytes.data(), words.data(), sizeof words);
  std::string text;
  for (const char c : bytes) {
    if (c == '\0' || text.size() == format::max_label_length) break;
    text += c >= ' ' && c <= '~' ? c : '?';
  }
  return text;
}

void write_label(format::UserCounter& counter, std::string_view label) {
  Label words{};
  std::memcpy(words.data(), label.data(), label.size());
  for (std::size_t i = 0; i != words.size(); ++i)
    counter.label[i].store(words[i], std::memory_order_relaxed);
}

[[noreturn]] void invalid(const std::string& object, std::string problem, std::string found,
                          std::string expected, std::string remedy) {
  throw Error(Errc::invalid_option, {.object = object,
                                     .problem = std::move(problem),
                                     .found = std::move(found),
                                     .expected = std::move(expected),
                                     .remedy = std::move(remedy)});
}

std::string hexadecimal(std::uint64_t id) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), digits[id % 16]);
    id /= 16;
  } while (id != 0);
  return "0x" + text;
}

}  // namespace

std::string_view to_string(CounterKind kind) noexcept {
  switch (kind) {
    case CounterKind::total:
      return "total";
    case CounterKind::high_water:
      return "high_water";
    case CounterKind::any:
      return "any";
  }
  return "unknown";
}

std::string_view to_string(CounterId id) noexcept {
  switch (id) {
    case CounterId::events_published:
      return "events_published";
    case CounterId::events_published_bytes:
      return "events_published_bytes";
    case CounterId::producer_full_events:
      return "producer_full_events";
    case CounterId::producer_park_count:
      return "producer_park_count";
    case CounterId::producer_unpark_count:
      return "producer_unpark_count";
    case CounterId::producer_blocked_ns:
      return "producer_blocked_ns";
    case CounterId::producer_wake_ups_sent:
      return "producer_wake_ups_sent";
    case CounterId::producer_given_up:
      return "producer_given_up";
    case CounterId::producer_alerts:
      return "producer_alerts";
    case CounterId::producer_wake_latency_ns:
      return "producer_wake_latency_ns";
    case CounterId::producer_wake_latency_ns_max:
      return "producer_wake_latency_ns_max";
    case CounterId::events_consumed:
      return "events_consumed";
    case CounterId::events_consumed_bytes:
      return "events_consumed_bytes";
    case CounterId::consumer_empty_spins:
      return "consumer_empty_spins";
    case CounterId::consumer_park_count:
      return "consumer_park_count";
    case CounterId::consumer_unpark_count:
      return "consumer_unpark_count";
    case CounterId::consumer_lag_max:
      return "consumer_lag_max";
    case CounterId::consumer_batches:
      return "consumer_batches";
    case CounterId::consumer_wake_ups_sent:
      return "consumer_wake_ups_sent";
    case CounterId::consumer_voids:
      return "consumer_voids";
    case CounterId::consumer_missed:
      return "consumer_missed";
    case CounterId::consumer_redelivered:
      return "consumer_redelivered";
    case CounterId::consumer_held_up_ns:
      return "consumer_held_up_ns";
    case CounterId::consumer_held_up:
      return "consumer_held_up";
    case CounterId::consumer_wake_latency_ns:
      return "consumer_wake_latency_ns";
    case CounterId::consumer_wake_latency_ns_max:
      return "consumer_wake_latency_ns_max";
    case CounterId::lives:
      return "lives";
  }
  return {};
}

CounterKind kind_of(CounterId id) noexcept {
  switch (id) {
    case CounterId::producer_wake_latency_ns_max:
    case CounterId::consumer_wake_latency_ns_max:
    case CounterId::consumer_lag_max:
      return CounterKind::high_water;
    default:
      return CounterKind::total;
  }
}

UserCounter user_counter(format::Counters& counters, std::uint32_t id, std::string_view label,
                         const std::string& object) {
  if (id < first_user_counter) {
    invalid(object, "ids below " + hexadecimal(first_user_counter) + " are the library's own",
            hexadecimal(id), "an id from " + hexadecimal(first_user_counter) + " on",
            "Choose another id for the counter '" + std::string(label) + "'.");
  }
  const bool is_printable =
      std::all_of(label.begin(), label.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (label.empty() || label.size() > format::max_label_length || !is_printable) {
    invalid(object, "this is not a valid label for the counter " + hexadecimal(id),
            std::to_string(label.size()) + " characters" +
                (is_printable ? "" : ", some of them not printable"),
            "1 to " + std::to_string(format::max_label_length) + " printable ASCII characters",
            "Choose another label.");
  }
  // Relaxed: we are the only one who writes them.
  for (format::UserCounter& counter : counters.user) {
    if (counter.id.load(std::memory_order_relaxed) != id) continue;
    if (const std::string known = read_label(counter); known != label) {
      invalid(object, "the counter " + hexadecimal(id) + " has another label", "'" + known + "'",
              "'" + std::string(label) + "'",
              "Use one id for one thing, in every life of this id.");
    }
    return UserCounter(counter.value);
  }
  for (format::UserCounter& counter : counters.user) {
    if (counter.id.load(std::memory_order_relaxed) != 0) continue;
    counter.value.store(0, std::memory_order_relaxed);
    write_label(counter, label);
    // Release: whoever sees the id sees the label. Dying before it: the place is free.
    counter.id.store(id, std::memory_order_release);
    return UserCounter(counter.value);
  }
  std::string known;
  for (const format::UserCounter& counter : counters.user)
    known += (known.empty() ? "" : ", ") + read_label(counter);
  invalid(object, "there is no room for one more counter of this participant",
          std::to_string(format::user_counters) + ": " + known,
          "at most " + std::to_string(format::user_counters) + " with the new one",
          "Leave one out; a row keeps its counters until it is given to another id.");
}

std::vector<CounterValue> read_user_counters(const format::Counters& counters) {
  std::vector<CounterValue> values;
  for (const format::UserCounter& counter : counters.user) {
    // Acquire: pairs with the release in `user_counter`.
    const std::uint64_t id = counter.id.load(std::memory_order_acquire);
    if (id < first_user_counter || id > 0xFFFFFFFFU) continue;
    values.push_back({.id = static_cast<std::uint32_t>(id),
                      .name = read_label(counter),
                      .kind = CounterKind::any,
                      .value = counter.value.load(std::memory_order_relaxed)});
  }
  return values;
}

}  // namespace disruptor_mp
