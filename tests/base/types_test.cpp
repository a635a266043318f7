// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/base/types.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace disruptor_mp::test {
namespace {

TEST(Sequence, Is_a_type_of_its_own) {
  static_assert(!std::is_convertible_v<std::uint64_t, Sequence>);
  static_assert(!std::is_convertible_v<Sequence, std::uint64_t>);
  static_assert(std::is_trivially_copyable_v<Sequence> && sizeof(Sequence) == 8);
}

TEST(Sequence, Counts_compares_and_measures_distances) {
  constexpr Sequence zero;
  static_assert(zero.value() == 0);
  static_assert(Sequence(3) > Sequence(2) && Sequence(2) == Sequence(2) && zero < Sequence(1));
  static_assert(Sequence(7) - Sequence(3) == 4);
  static_assert((Sequence(7) + 3).value() == 10);
  Sequence sequence(std::uint64_t{0xFFFFFFFF});
  EXPECT_EQ((++sequence).value(), 0x100000000U);
  const std::uint64_t half = std::uint64_t{1} << 63U;
  EXPECT_EQ(Sequence(half + 5) - Sequence(half - 5), 10U);
}

TEST(Time, Never_is_later_than_any_time) {
  EXPECT_GT(never, std::chrono::steady_clock::now() + std::chrono::hours(24 * 365 * 100));
}

}  // namespace
}  // namespace disruptor_mp::test
