// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The producer's promise: how far it reaches, when it is renewed, and that it is given before the
// gates are looked at for the last time.
#include "disruptor_mp/ring/window.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace disruptor_mp::test {
namespace {

const Fences fences{format::FenceMode::portable};

class A_window : public testing::Test {
 protected:
  static constexpr std::uint64_t capacity = 16;  // announces in steps of 4

  std::uint64_t open(std::uint64_t next, std::uint64_t n, std::uint64_t permitted) {
    looks = 0;
    return window.open(next, n, [&] {
      ++looks;
      return permitted;
    });
  }

  format::Control control{};
  Window window{control, capacity, fences};
  int looks = 0;
};

TEST_F(A_window, Opens_a_quarter_of_the_ring_at_a_time) {
  EXPECT_EQ(open(0, 1, 100), 4U);
  EXPECT_EQ(control.horizon, 4U);
  EXPECT_EQ(window.announced(), 4U);
  EXPECT_EQ(open(4, 1, 100), 8U);
  EXPECT_EQ(control.horizon, 8U);
}

TEST_F(A_window, Opens_as_far_as_a_batch_needs) {
  EXPECT_EQ(open(0, 7, 100), 7U);
  EXPECT_EQ(open(7, 16, 100), 23U);
  EXPECT_EQ(control.horizon, 23U);
}

TEST_F(A_window, Opens_no_further_than_the_gates_permit) {
  EXPECT_EQ(open(0, 8, 3), 3U);
  EXPECT_EQ(control.horizon, 3U);
  EXPECT_EQ(open(3, 1, 3), 3U);  // nothing: the end is `next` itself
}

TEST_F(A_window, Never_ends_before_the_next_sequence) {
  EXPECT_EQ(open(0, 8, 100), 8U);
  EXPECT_EQ(open(8, 1, 2), 8U);  // gates behind `next`, as nonsense in a row can make them
}

TEST_F(A_window, Looks_at_the_gates_again_after_an_announcement_and_only_then) {
  open(0, 1, 100);
  EXPECT_EQ(looks, 2);
  open(1, 1, 100);  // 4 are announced, but a step of 4 from 1 reaches further
  EXPECT_EQ(looks, 2);
  EXPECT_EQ(control.horizon, 5U);
  open(5, 1, 5);
  EXPECT_EQ(looks, 1);
}

TEST_F(A_window, Announces_before_it_looks_for_the_last_time) {
  int look = 0;
  window.open(0, 4, [&] {
    EXPECT_EQ(control.horizon, look++ == 0 ? 0U : 4U);
    return 100U;
  });
  EXPECT_EQ(look, 2);
}

TEST_F(A_window, Believes_the_last_look) {
  int look = 0;
  // Between the looks somebody has joined who holds the producer at 2.
  const auto end = window.open(0, 4, [&] { return look++ == 0 ? 100U : 2U; });
  EXPECT_EQ(end, 2U);
  EXPECT_EQ(control.horizon, 4U);  // promised too much, which does no harm
}

TEST_F(A_window, Tells_where_the_stream_stands_when_it_announces) {
  open(0, 4, 100);
  EXPECT_EQ(control.published, 0U);
  open(4, 4, 100);
  EXPECT_EQ(control.published, 4U);
}

TEST_F(A_window, That_was_inherited_is_used_up_before_it_is_moved) {
  control.horizon = 14;  // the predecessor died with this promise
  control.published = 10;
  Window inherited(control, capacity, fences);
  EXPECT_EQ(inherited.announced(), 14U);
  EXPECT_EQ(inherited.open(10, 1, [] { return 100U; }), 14U);
  EXPECT_EQ(control.horizon, 14U);
  EXPECT_EQ(inherited.open(14, 1, [] { return 100U; }), 18U);
  EXPECT_EQ(control.horizon, 18U);
}

TEST(A_window_of_one, Moves_by_one) {
  format::Control control{};
  Window window(control, 1, fences);
  for (std::uint64_t next = 0; next < 10; ++next) {
    EXPECT_EQ(window.open(next, 1, [&] { return next; }), next);
    EXPECT_EQ(window.open(next, 1, [&] { return next + 1; }), next + 1);
    EXPECT_EQ(control.horizon, next + 1);
  }
}

TEST(The_oldest_sequence, Is_a_lap_behind_the_horizon_but_not_before_the_first) {
  EXPECT_EQ(Window::oldest(0, 8, 0), 0U);
  EXPECT_EQ(Window::oldest(8, 8, 0), 0U);
  EXPECT_EQ(Window::oldest(9, 8, 0), 1U);
  EXPECT_EQ(Window::oldest(1000, 8, 1000), 1000U);
  EXPECT_EQ(Window::oldest(1008, 8, 1000), 1000U);
  EXPECT_EQ(Window::oldest(1010, 8, 1000), 1002U);
  const std::uint64_t far = std::uint64_t{1} << 63U;
  EXPECT_EQ(Window::oldest(far + 4, 8, far - 100), far - 4);
}

RC_GTEST_PROP(A_window_in_any_use, Keeps_its_promise, ()) {
  const std::uint64_t capacity = std::uint64_t{1} << *rc::gen::inRange(0U, 8U);
  const std::uint64_t first =
      *rc::gen::element<std::uint64_t>(0, 65530, 4294967290U, (std::uint64_t{1} << 63U) - 6);
  format::Control control{};
  control.published = first;
  control.horizon = first;
  Window window(control, capacity, fences);
  std::uint64_t next = first;
  std::uint64_t gate = first;
  for (int step = 0; step < 50; ++step) {
    gate += *rc::gen::inRange<std::uint64_t>(0, next - gate + 1);  // consumers go on
    const std::uint64_t n = *rc::gen::inRange<std::uint64_t>(1, capacity + 1);
    const std::uint64_t horizon_before = control.horizon;
    const std::uint64_t end = window.open(next, n, [&] { return gate + capacity; });
    RC_ASSERT(end >= next);
    RC_ASSERT(end <= gate + capacity);
    RC_ASSERT(end <= control.horizon);
    RC_ASSERT(control.horizon >= horizon_before);
    RC_ASSERT(control.horizon == window.announced());
    RC_ASSERT(control.horizon <= next + capacity);
    RC_ASSERT((end - next >= n) == (gate + capacity - next >= n));  // all there is room for
    next += *rc::gen::inRange<std::uint64_t>(0, end - next + 1);
  }
}

}  // namespace
}  // namespace disruptor_mp::test
