// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/segment/hash.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>
#include <span>
#include <string_view>
#include <vector>

namespace disruptor_mp {
namespace {

/// As its inventors describe it.
std::uint64_t byte_by_byte(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const std::byte byte : bytes) {
    hash ^= static_cast<std::uint64_t>(byte);
    hash *= 0x00000100000001b3U;
  }
  return hash;
}

std::uint64_t of(std::string_view text) { return fnv1a(std::as_bytes(std::span(text))); }

TEST(Fnv1a, Is_what_its_inventors_publish) {
  EXPECT_EQ(of(""), 0xcbf29ce484222325U);
  EXPECT_EQ(of("a"), 0xaf63dc4c8601ec8cU);
  EXPECT_EQ(of("foobar"), 0x85944171f73967e8U);
  EXPECT_EQ(of("chongo was here!\n"), 0x46810940eff5f915U);
}

TEST(Fnv1a, Goes_by_every_byte_however_many_and_wherever_they_are_zero) {
  std::mt19937 random(1);
  std::vector<std::byte> bytes(200);
  for (int round = 0; round < 2000; ++round) {
    const unsigned zeros = random() % 10;  // of ten bytes
    for (std::byte& byte : bytes)
      byte = random() % 10 < zeros ? std::byte{0} : static_cast<std::byte>(random());
    const std::size_t from = random() % 20;
    const auto some = std::span<const std::byte>(bytes).subspan(from, random() % 150);
    ASSERT_EQ(fnv1a(some), byte_by_byte(some)) << from << " " << some.size();
  }
}

TEST(Fnv1a, Tells_zeros_by_their_number) {
  const std::array<std::byte, 64> zeros{};
  for (std::size_t n = 0; n < zeros.size(); ++n) {
    EXPECT_EQ(fnv1a(std::span(zeros).first(n)), byte_by_byte(std::span(zeros).first(n)));
    EXPECT_NE(fnv1a(std::span(zeros).first(n)), fnv1a(std::span(zeros).first(n + 1)));
  }
}

// Known when the program is compiled.
constexpr std::array<std::byte, 9> nine{std::byte{1}, std::byte{0}, std::byte{2}};
static_assert(fnv1a(nine) != fnv1a(std::span(nine).first(8)));

}  // namespace
}  // namespace disruptor_mp
