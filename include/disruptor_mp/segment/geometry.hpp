// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

#include "disruptor_mp/segment/format.hpp"

namespace disruptor_mp::format {

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// Where a stamped slot keeps its stamp: behind the event, so that the event keeps its alignment.
constexpr std::uint64_t stamp_offset(std::uint64_t event_size) { return align_up(event_size, 8); }

/// Bytes from slot to slot. Packed slots are as tight as an array. A stamped slot up to a cache
/// line is a power of two, so that none straddles two lines; a larger one is whole lines.
constexpr std::uint64_t slot_stride(SlotLayout layout, std::uint64_t event_size,
                                    std::uint64_t event_align) {
  if (layout == SlotLayout::packed) return align_up(event_size, event_align);
  const std::uint64_t needed = stamp_offset(event_size) + 8;
  const std::uint64_t rounded = needed <= 64 ? std::bit_ceil(needed) : align_up(needed, 64);
  return align_up(rounded, event_align);
}

/// Computes where everything lies. The shape's numbers must be within the limits of `format`.
constexpr Sections sections_of(const Shape& shape) {
  Sections sections;
  std::uint64_t end = align_up(header_size, shape.page_size);
  const auto place = [&](std::uint64_t size, std::uint64_t alignment) {
    const Section section{.offset = align_up(end, alignment), .size = size};
    end = section.offset + size;
    return section;
  };
  sections.bells = place(shape.page_size, shape.page_size);
  sections.control = place(sizeof(Control), shape.page_size);
  sections.rows = place(shape.rows * sizeof(Row), isolation);
  sections.counters = place(shape.counters == 0 ? 0 : shape.rows * sizeof(Counters), isolation);
  sections.claims = place(0, isolation);
  sections.slots = place(shape.capacity * shape.slot_stride, shape.page_size);
  sections.total_size = align_up(end, shape.page_size);
  return sections;
}

}  // namespace disruptor_mp::format
