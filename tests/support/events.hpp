// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Events whose every byte can be checked: it follows from the full 64-bit number of the event, so
// neither a torn event nor one of an older lap passes for another.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "disruptor_mp/ring/slots.hpp"

namespace disruptor_mp::test {

/// A bijection of 64 bits that spreads every change (the finaliser of splitmix64, Steele et al.).
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// Calls `visit(bytes, pattern)` for every word of the event, and for what is left at its end.
template <class Byte, class Visit>
bool each_word_of_pattern(std::span<Byte> bytes, std::uint64_t number, Visit&& visit) {
  for (std::size_t at = 0; at < bytes.size(); at += sizeof number) {
    const std::uint64_t word = mix(number + at);
    const std::size_t size = std::min(sizeof word, bytes.size() - at);
    if (!visit(bytes.data() + at, &word, size)) return false;
  }
  return true;
}

// Not inlined: otherwise the compiler unrolls them for each of the many sizes of a test.
[[gnu::noinline]] inline void write_pattern(std::span<std::byte> bytes, std::uint64_t number) {
  each_word_of_pattern(bytes, number, [](std::byte* to, const std::uint64_t* word, std::size_t n) {
    std::memcpy(to, word, n);
    return true;
  });
}

[[gnu::noinline]] inline bool has_pattern(std::span<const std::byte> bytes, std::uint64_t number) {
  return each_word_of_pattern(bytes, number,
                              [](const std::byte* found, const std::uint64_t* word, std::size_t n) {
                                return std::memcmp(found, word, n) == 0;
                              });
}

/// A small event in a layout of choice.
template <format::SlotLayout Layout>
struct Tick {
  static constexpr format::SlotLayout layout = Layout;
  std::uint64_t number = 0;
  std::uint64_t check = 0;

  static constexpr Tick of(std::uint64_t number) {
    return {.number = number, .check = mix(number)};
  }
  [[nodiscard]] constexpr bool is_whole() const { return check == mix(number); }
};
using PackedTick = Tick<format::SlotLayout::packed>;
using StampedTick = Tick<format::SlotLayout::stamped>;

/// An event of any size and alignment in a layout of choice.
template <std::size_t Size, format::SlotLayout Layout, std::size_t Align = 1>
struct alignas(Align) Payload {
  std::array<std::byte, Size> bytes;
};

/// For typed tests of both layouts.
using BothLayouts = testing::Types<PackedTick, StampedTick>;
struct LayoutName {
  template <class E>
  static std::string GetName(int /*index*/) {
    return E::layout == format::SlotLayout::packed ? "Packed" : "Stamped";
  }
};

}  // namespace disruptor_mp::test

namespace disruptor_mp {

template <format::SlotLayout Layout>
inline constexpr format::SlotLayout slot_layout_of<test::Tick<Layout>> = Layout;
template <std::size_t Size, format::SlotLayout Layout, std::size_t Align>
inline constexpr format::SlotLayout slot_layout_of<test::Payload<Size, Layout, Align>> = Layout;

}  // namespace disruptor_mp
