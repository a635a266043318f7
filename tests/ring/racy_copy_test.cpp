// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/ring/racy_copy.hpp"

#include <gtest/gtest.h>

#include "support/events.hpp"

namespace disruptor_mp::test {
namespace {

TEST(Racy_copy, Copies_exactly_the_bytes_asked_for_at_every_alignment) {
  alignas(8) std::array<std::byte, 128> from;
  write_pattern(from, 1);
  for (std::size_t offset = 0; offset < 16; ++offset) {
    for (std::size_t size = 0; size <= 100; ++size) {
      alignas(8) std::array<std::byte, 128> to;
      to.fill(std::byte{0x5A});
      racy_copy(to.data() + 1, from.data() + offset, size);
      ASSERT_EQ(std::memcmp(to.data() + 1, from.data() + offset, size), 0) << size;
      ASSERT_EQ(to[0], std::byte{0x5A});
      ASSERT_EQ(to[size + 1], std::byte{0x5A}) << size << " at " << offset;
    }
  }
}

}  // namespace
}  // namespace disruptor_mp::test
