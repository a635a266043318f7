// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Where everything lies: nothing overlaps, everything is aligned, whatever the shape.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <vector>

#include "disruptor_mp/segment/event_type.hpp"
#include "disruptor_mp/segment/geometry.hpp"

namespace disruptor_mp::test {
namespace {

using format::SlotLayout;

/// What must hold for the slots of one size and alignment; plain bools, because it is asked
/// millions of times.
bool is_sound(SlotLayout layout, std::uint64_t size, std::uint64_t align) {
  const std::uint64_t stride = format::slot_stride(layout, size, align);
  if (stride < size || stride % align != 0) return false;
  if (layout == SlotLayout::packed) return stride - size < align;
  const std::uint64_t stamp = format::stamp_offset(size);
  const bool stamp_fits = stamp >= size && stamp % 8 == 0 && stamp + 8 <= stride;
  const bool stamps_are_aligned = stride % 8 == 0;
  const bool no_line_is_shared = 64 % stride == 0 || stride % 64 == 0;
  const bool is_tight = stride < 2 * (stamp + 8) + 64 + align;
  return stamp_fits && stamps_are_aligned && no_line_is_shared && is_tight;
}

TEST(Layout, Slots_of_all_small_sizes_and_all_alignments_are_sound) {
  for (std::uint64_t align = 1; align <= max_event_align; align *= 2) {
    for (std::uint64_t size = 1; size <= 9000; ++size) {
      ASSERT_TRUE(is_sound(SlotLayout::packed, size, align)) << size << " at " << align;
      ASSERT_TRUE(is_sound(SlotLayout::stamped, size, align)) << size << " at " << align;
    }
  }
}

TEST(Layout, Slots_of_all_sizes_up_to_the_largest_are_sound) {
  for (std::uint64_t size = 1; size <= max_event_size; ++size) {
    const std::uint64_t align = std::uint64_t{1} << (size % 13);
    ASSERT_TRUE(is_sound(SlotLayout::packed, size, align)) << size << " at " << align;
    ASSERT_TRUE(is_sound(SlotLayout::stamped, size, align)) << size << " at " << align;
  }
}

TEST(Layout, Slots_have_the_documented_strides) {
  EXPECT_EQ(format::slot_stride(SlotLayout::packed, 1, 1), 1U);
  EXPECT_EQ(format::slot_stride(SlotLayout::packed, 12, 8), 16U);
  EXPECT_EQ(format::slot_stride(SlotLayout::packed, 64, 64), 64U);
  EXPECT_EQ(format::slot_stride(SlotLayout::stamped, 1, 1), 16U);
  EXPECT_EQ(format::slot_stride(SlotLayout::stamped, 8, 8), 16U);
  EXPECT_EQ(format::slot_stride(SlotLayout::stamped, 9, 1), 32U);
  EXPECT_EQ(format::slot_stride(SlotLayout::stamped, 24, 8), 32U);
  EXPECT_EQ(format::slot_stride(SlotLayout::stamped, 56, 8), 64U);
  EXPECT_EQ(format::slot_stride(SlotLayout::stamped, 57, 1), 128U);
  EXPECT_EQ(format::slot_stride(SlotLayout::stamped, 8, 4096), 4096U);
  EXPECT_EQ(format::slot_stride(SlotLayout::stamped, 1 << 20, 1), (1U << 20) + 64);
}

RC_GTEST_PROP(Layout, Sections_lie_one_after_another_and_never_overlap, ()) {
  format::Shape shape;
  shape.page_size = std::uint32_t{1} << *rc::gen::inRange(12U, 17U);
  shape.capacity = std::uint64_t{1} << *rc::gen::inRange(0U, 31U);
  shape.event_size = *rc::gen::inRange<std::uint64_t>(1, max_event_size + 1);
  shape.event_align = std::uint64_t{1} << *rc::gen::inRange(0U, 13U);
  shape.rows = *rc::gen::inRange(1U, format::max_rows + 1);
  shape.slot_layout = *rc::gen::element(SlotLayout::packed, SlotLayout::stamped);
  shape.slot_stride = format::slot_stride(shape.slot_layout, shape.event_size, shape.event_align);

  const format::Sections sections = format::sections_of(shape);
  const std::vector<format::Section> all = {sections.bells,    sections.control, sections.rows,
                                            sections.counters, sections.claims,  sections.slots};
  std::uint64_t end = format::header_size;
  for (const format::Section& section : all) {
    RC_ASSERT(section.offset >= end);
    RC_ASSERT(section.offset % isolation == 0U);
    end = section.offset + section.size;
  }
  RC_ASSERT(sections.total_size >= end);
  RC_ASSERT(sections.total_size - end < shape.page_size);
  RC_ASSERT(sections.total_size % shape.page_size == 0U);

  // Permissions are given by the page: what differs in them does not share one.
  RC_ASSERT(sections.bells.offset % shape.page_size == 0U);
  RC_ASSERT(sections.control.offset % shape.page_size == 0U);
  RC_ASSERT(sections.slots.offset % shape.page_size == 0U);
  RC_ASSERT(sections.slots.offset % shape.event_align == 0U);

  RC_ASSERT(sections.bells.size >= sizeof(format::Bells));
  RC_ASSERT(sections.control.size == sizeof(format::Control));
  RC_ASSERT(sections.rows.size == shape.rows * sizeof(format::Row));
  RC_ASSERT(sections.counters.size == shape.rows * sizeof(format::Counters));
  RC_ASSERT(sections.slots.size == shape.capacity * shape.slot_stride);
  RC_ASSERT(is_sound(shape.slot_layout, shape.event_size, shape.event_align));
}

TEST(Layout, The_locks_of_rows_ids_and_roles_are_all_different_bytes) {
  namespace lock = format::lock;
  EXPECT_NE(lock::attached, lock::producer);
  EXPECT_LT(lock::producer, lock::row(0));
  EXPECT_LT(lock::row(format::max_rows - 1), lock::id(0));
  EXPECT_LT(lock::id(~std::uint64_t{0}), std::uint64_t{1} << 63U);  // off_t is signed
  EXPECT_GT(lock::base, format::max_total_size);                    // beyond any content
}

}  // namespace
}  // namespace disruptor_mp::test
