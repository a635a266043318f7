// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Where events lie, and how a reader knows that one is there: on a ring in private memory.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

#include "disruptor_mp/ring/slots.hpp"
#include "support/events.hpp"

namespace disruptor_mp::test {
namespace {

using format::SlotLayout;

/// The slots and the control words of a ring of `E`.
template <class E>
struct Ring {
  explicit Ring(std::uint64_t capacity, std::uint64_t first = 0) {
    shape.capacity = capacity;
    shape.event_size = sizeof(E);
    shape.event_align = alignof(E);
    shape.slot_layout = slot_layout_of<E>;
    shape.slot_stride = format::slot_stride(shape.slot_layout, sizeof(E), alignof(E));
    memory.reset(static_cast<std::byte*>(std::aligned_alloc(4096, size())));
    std::memset(memory.get(), 0, size());
    control.published = first;
  }
  [[nodiscard]] std::size_t size() const {
    return format::align_up(shape.capacity * shape.slot_stride, 4096);
  }
  [[nodiscard]] Slots<E, std::byte> writer() const { return {memory.get(), shape}; }
  [[nodiscard]] Slots<E, const std::byte> reader() const { return {memory.get(), shape}; }
  void publish(std::uint64_t first, std::uint64_t end) { writer().publish(control, first, end); }
  [[nodiscard]] std::uint64_t published_end(std::uint64_t next, std::uint64_t limit) const {
    return reader().published_end(control, next, limit);
  }

  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  format::Shape shape;
  std::unique_ptr<std::byte, Free> memory;
  format::Control control{};
};

template <class E>
class Slots_of_both_layouts : public testing::Test {};
TYPED_TEST_SUITE(Slots_of_both_layouts, BothLayouts, LayoutName);

TYPED_TEST(Slots_of_both_layouts, Every_sequence_has_a_slot_and_they_repeat_every_lap) {
  const Ring<TypeParam> ring(8);
  const auto slots = ring.writer();
  std::set<std::byte*> places;
  for (std::uint64_t sequence = 0; sequence < 8; ++sequence) {
    std::byte* const slot = slots.slot(sequence);
    EXPECT_GE(slot, ring.memory.get());
    EXPECT_LE(slot + ring.shape.slot_stride, ring.memory.get() + ring.size());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(slot) % alignof(TypeParam), 0U);
    EXPECT_EQ(slots.slot(sequence + 8), slot);
    EXPECT_EQ(slots.slot(sequence + (std::uint64_t{1} << 63U)), slot);
    EXPECT_EQ(reinterpret_cast<std::byte*>(&slots.event(sequence)), slot);
    EXPECT_TRUE(places.insert(slot).second);
  }
  EXPECT_EQ(slots.capacity(), 8U);
}

TYPED_TEST(Slots_of_both_layouts, An_empty_ring_has_nothing_to_read) {
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{1} << 63U}) {
    const Ring<TypeParam> ring(8, first);
    EXPECT_EQ(ring.published_end(first, first + 8), first);
  }
}

TYPED_TEST(Slots_of_both_layouts, What_was_published_is_found_as_far_as_it_goes_and_no_further) {
  for (const std::uint64_t capacity : {1U, 2U, 8U, 64U}) {
    for (const unsigned power : {0U, 16U, 32U, 63U}) {
      const std::uint64_t first = power == 0 ? 0 : (std::uint64_t{1} << power) - 3;
      Ring<TypeParam> ring(capacity, first);
      std::uint64_t next = first;
      std::uint64_t end = first;
      for (std::uint64_t step = 0; step < 100; ++step) {
        const std::uint64_t n = step % (capacity + 1);
        ring.publish(end, end + n);
        end += n;
        for (std::uint64_t limit = next; limit <= next + capacity; ++limit)
          ASSERT_EQ(ring.published_end(next, limit), std::min(limit, end)) << capacity;
        next = end;
        ASSERT_EQ(ring.published_end(next, next + capacity), next);
      }
    }
  }
}

TYPED_TEST(Slots_of_both_layouts, Publishing_one_by_one_is_publishing_a_range) {
  Ring<TypeParam> ring(4);
  const auto slots = ring.writer();
  for (std::uint64_t sequence = 0; sequence < 20; ++sequence) {
    slots.publish_one(ring.control, slots.slot(sequence), sequence);
    ASSERT_EQ(ring.published_end(sequence, sequence + 4), sequence + 1);
  }
}

TYPED_TEST(Slots_of_both_layouts, An_event_of_an_older_lap_is_never_taken_for_a_new_one) {
  Ring<TypeParam> ring(4);
  ring.publish(0, 4);
  EXPECT_EQ(ring.published_end(4, 8), 4U);
  EXPECT_EQ(ring.published_end(1U << 16U, (1U << 16U) + 4), 1U << 16U);
  const std::uint64_t far = std::uint64_t{1} << 32U;
  EXPECT_EQ(ring.published_end(far, far + 4), far);
}

TYPED_TEST(Slots_of_both_layouts, A_reader_that_was_lapped_finds_nothing_it_could_trust) {
  Ring<TypeParam> ring(4);
  ring.publish(0, 4);
  ring.publish(4, 8);
  EXPECT_EQ(ring.published_end(0, 4), 0U);
}

TEST(Packed_slots, Are_an_array) {
  const Ring<PackedTick> ring(8);
  EXPECT_EQ(ring.writer().slot(3) - ring.writer().slot(0), 3 * sizeof(PackedTick));
}

TEST(Packed_slots, A_cursor_that_makes_no_sense_counts_as_nothing_new) {
  Ring<PackedTick> ring(4, 100);
  for (const std::uint64_t nonsense :
       {std::uint64_t{0}, std::uint64_t{99}, std::uint64_t{105}, ~std::uint64_t{0}}) {
    ring.control.published = nonsense;
    EXPECT_EQ(ring.published_end(100, 104), 100U) << nonsense;
  }
}

TEST(Stamped_slots, Are_published_by_the_stamp_behind_the_event_alone) {
  Ring<StampedTick> ring(4);
  ring.publish(0, 1);
  std::uint64_t stamp = 0;
  std::memcpy(&stamp, ring.memory.get() + sizeof(StampedTick), sizeof stamp);
  EXPECT_EQ(stamp, 1U);
  EXPECT_EQ(ring.control.published, 0U);  // only a hint there, moved with the window
}

TEST(Stamped_slots, A_gap_ends_what_is_there) {
  Ring<StampedTick> ring(4);
  ring.publish(0, 1);
  ring.publish(2, 4);
  EXPECT_EQ(ring.published_end(0, 4), 1U);
}

TEST(Stamped_slots, A_stamp_that_makes_no_sense_counts_as_nothing_new) {
  Ring<StampedTick> ring(4);
  for (const std::uint64_t nonsense : {std::uint64_t{0}, std::uint64_t{2}, ~std::uint64_t{0}}) {
    std::memcpy(ring.memory.get() + sizeof(StampedTick), &nonsense, sizeof nonsense);
    EXPECT_EQ(ring.published_end(0, 4), 0U) << nonsense;
  }
}

template <std::size_t Size, SlotLayout Layout, std::size_t Align>
void expect_same_geometry() {
  using E = Payload<Size, Layout, Align>;
  const Ring<E> ring(2);
  const SlotGeometry<E> typed(ring.shape);
  const SlotGeometry<Bytes> bytes(ring.shape);
  EXPECT_EQ(typed.layout, bytes.layout);
  EXPECT_EQ(typed.stride, bytes.stride);
  EXPECT_EQ(typed.stamp, bytes.stamp);
  EXPECT_EQ(bytes.event_size, sizeof(E));
}

TEST(Slot_geometry, Known_at_compile_time_or_at_run_time_is_the_same) {
  expect_same_geometry<1, SlotLayout::packed, 1>();
  expect_same_geometry<1, SlotLayout::stamped, 1>();
  expect_same_geometry<12, SlotLayout::packed, 4>();
  expect_same_geometry<12, SlotLayout::stamped, 4>();
  expect_same_geometry<56, SlotLayout::stamped, 8>();
  expect_same_geometry<57, SlotLayout::stamped, 1>();
  expect_same_geometry<64, SlotLayout::packed, 64>();
  expect_same_geometry<100, SlotLayout::stamped, 64>();
}

TEST(Slot_geometry, The_default_layout_keeps_event_and_stamp_in_one_cache_line) {
  EXPECT_EQ(default_slot_layout(1), SlotLayout::stamped);
  EXPECT_EQ(default_slot_layout(128), SlotLayout::stamped);
  EXPECT_EQ(default_slot_layout(129), SlotLayout::packed);
  EXPECT_EQ(default_slot_layout(1 << 20), SlotLayout::packed);
  EXPECT_EQ(slot_layout_of<std::uint64_t>, SlotLayout::stamped);
}

}  // namespace
}  // namespace disruptor_mp::test
