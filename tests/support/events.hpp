// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Events whose every byte can be checked: it follows from the full 64-bit number of the event, so
// neither a torn event nor one of an older lap passes for another.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
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

[[gnu::noinline]] inline void write_pattern(std::span<std::byte> bytes, std::uint64_t number) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::byte>(mix(number + i / 8) >> (i % 8 * 8));
}

[[gnu::noinline]] inline bool has_pattern(std::span<const std::byte> bytes, std::uint64_t number) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != static_cast<std::byte>(mix(number + i / 8) >> (i % 8 * 8))) return false;
  }
  return true;
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
