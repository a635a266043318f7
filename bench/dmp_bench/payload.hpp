// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "disruptor_mp/ring/slots.hpp"
#include "dmp_bench/cases.hpp"

namespace disruptor_mp::bench {

/// An event of a size, in rings of a layout. Every contender moves the same events.
template <std::size_t Size, format::SlotLayout Layout>
struct Event {
  static_assert(Size % sizeof(std::uint64_t) == 0);
  std::array<std::uint64_t, Size / sizeof(std::uint64_t)> words;
};

/// Word i of event n is n + i × this: no two words of an event are equal, and each changes from
/// event to event. Nearly free to make and to check, so that the transport is what is measured.
inline constexpr std::uint64_t word_step = 0x9E3779B97F4A7C15;

template <class E>
void fill(E& event, std::uint64_t n) noexcept {
  std::uint64_t value = n;
  for (std::uint64_t& word : event.words) {
    word = value;
    value += word_step;
  }
}

/// Reads every byte. @return 0 if all are those of event n.
template <class E>
[[nodiscard]] std::uint64_t difference(const E& event, std::uint64_t n) noexcept {
  std::uint64_t wrong = 0;
  std::uint64_t value = n;
  for (const std::uint64_t word : event.words) {
    wrong |= word ^ value;
    value += word_step;
  }
  return wrong;
}

/// With several producers the number tells the producer too. That of the first is the number
/// itself.
constexpr unsigned producer_shift = 56;
constexpr std::uint64_t number_of(unsigned producer, std::uint64_t n) noexcept {
  return (std::uint64_t{producer} << producer_shift) | n;
}

/// What arrives from several producers: every byte of every event, and that each one's events come
/// in their order with none missing.
class Arrivals {
 public:
  Arrivals() = default;
  /// From event `first` of each producer on.
  explicit Arrivals(std::uint64_t first) noexcept { next_.fill(first); }

  template <class E>
  void take(const E& event) noexcept {
    const std::uint64_t number = event.words[0];
    const std::uint64_t producer = number >> producer_shift;
    if (producer >= max_producers) [[unlikely]] {
      wrong_ = 1;
      return;
    }
    std::uint64_t& next = next_[producer];
    const std::uint64_t n = number & (number_of(1, 0) - 1);
    if (next == not_yet) next = n;
    wrong_ |= difference(event, number) | (n ^ next);
    ++next;
  }

  /// Whether the last event of every producer that was seen was the one before `end`.
  [[nodiscard]] bool are_complete(std::uint64_t end) const noexcept {
    return std::all_of(next_.begin(), next_.end(),
                       [end](std::uint64_t next) { return next == not_yet || next == end; });
  }
  [[nodiscard]] std::uint64_t wrong() const noexcept { return wrong_; }

 private:
  static constexpr std::uint64_t not_yet = ~std::uint64_t{0};
  static constexpr std::array<std::uint64_t, max_producers> nothing() noexcept {
    std::array<std::uint64_t, max_producers> next{};
    next.fill(not_yet);
    return next;
  }
  std::array<std::uint64_t, max_producers> next_ = nothing();
  std::uint64_t wrong_ = 0;
};

}  // namespace disruptor_mp::bench

namespace disruptor_mp {
template <std::size_t Size, format::SlotLayout Layout>
inline constexpr format::SlotLayout slot_layout_of<bench::Event<Size, Layout>> = Layout;
}  // namespace disruptor_mp
