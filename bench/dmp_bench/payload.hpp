// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "disruptor_mp/ring/slots.hpp"

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

}  // namespace disruptor_mp::bench

namespace disruptor_mp {
template <std::size_t Size, format::SlotLayout Layout>
inline constexpr format::SlotLayout slot_layout_of<bench::Event<Size, Layout>> = Layout;
}  // namespace disruptor_mp
