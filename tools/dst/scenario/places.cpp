// SPDX-License-Identifier: MIT OR Apache-2.0
#include "places.hpp"

#include <array>

#include "disruptor_mp/segment/format.hpp"
#include "disruptor_mp/segment/geometry.hpp"
#include "scenario.hpp"

namespace disruptor_mp::sim {
namespace {

constexpr std::uint64_t data_bell_size = 128;

Place::Kind control_word(std::uint64_t within) {
  switch (within) {
    case offsetof(format::Control, published):
      return Place::Kind::published;
    case offsetof(format::Control, horizon):
      return Place::Kind::horizon;
    case offsetof(format::Control, end):
      return Place::Kind::end;
    case offsetof(format::Control, membership_epoch):
      return Place::Kind::epoch;
    case offsetof(format::Control, producer):
      return Place::Kind::producer;
    case offsetof(format::Control, producer_row):
      return Place::Kind::producer_row;
    case offsetof(format::Control, tail):
      return Place::Kind::tail;
    default:
      return Place::Kind::other;
  }
}

Place::Kind row_word(std::uint64_t within) {
  if (within == offsetof(format::Row, status)) return Place::Kind::row_status;
  if (within == offsetof(format::Row, cursor)) return Place::Kind::row_cursor;
  if (within == offsetof(format::Row, hold)) return Place::Kind::row_hold;
  return Place::Kind::row_other;
}

format::Shape shape_of(const Setting& s) {
  format::Shape shape;
  shape.capacity = s.capacity;
  shape.event_size = simulated_event_size;
  shape.event_align = alignof(std::uint64_t);
  shape.slot_layout = s.stamped ? format::SlotLayout::stamped : format::SlotLayout::packed;
  shape.slot_stride = format::slot_stride(shape.slot_layout, shape.event_size, shape.event_align);
  shape.rows = simulated_rows;
  shape.page_size = 4096;
  shape.counters = s.counts ? 1 : 0;
  return shape;
}

}  // namespace

Place ring_place(std::uint64_t offset) {
  const format::Shape shape = shape_of(setting);
  const format::Sections at = format::sections_of(shape);
  const auto in = [offset](const format::Section& section) {
    return offset >= section.offset && offset < section.offset + section.size;
  };
  const auto part = [](std::uint64_t within, std::uint64_t size) {
    return static_cast<std::uint8_t>(within / size);
  };
  if (in(at.bells)) {
    return {.kind = offset - at.bells.offset < data_bell_size ? Place::Kind::data_bell
                                                              : Place::Kind::gates_bell};
  }
  if (in(at.control)) return {.kind = control_word(offset - at.control.offset)};
  if (in(at.rows)) {
    const std::uint64_t within = (offset - at.rows.offset) % sizeof(format::Row);
    return {.kind = row_word(within),
            .index = part(offset - at.rows.offset, sizeof(format::Row)),
            .word = static_cast<std::uint16_t>(within)};
  }
  if (in(at.slots)) {
    const std::uint64_t word = (offset - at.slots.offset) % shape.slot_stride / 8;
    const bool is_stamp = setting.stamped && word == simulated_event_size / 8;
    return {.kind = is_stamp ? Place::Kind::stamp : Place::Kind::slot_word,
            .index = part(offset - at.slots.offset, shape.slot_stride),
            .word = static_cast<std::uint16_t>(word)};
  }
  return {};
}

std::string ring_place_name(unsigned object, std::uint64_t offset) {
  static constexpr std::array names = {
      "",    "data bell",        "gates bell", "published",   "horizon",
      "end", "membership epoch", "producer",   "producer row"};
  const std::string ring = object == 0 ? "" : "ring " + std::to_string(object) + ": ";
  const Place place = ring_place(offset);
  const std::string row = ring + "row " + std::to_string(place.index);
  const std::string slot = ring + "slot " + std::to_string(place.index);
  switch (place.kind) {
    case Place::Kind::other:
      return ring + "offset " + std::to_string(offset);
    case Place::Kind::tail:
      return ring + "tail";
    case Place::Kind::row_status:
      return row + " status";
    case Place::Kind::row_cursor:
      return row + " cursor";
    case Place::Kind::row_hold:
      return row + " hold";
    case Place::Kind::row_other:
      return row + " + " + std::to_string(place.word);
    case Place::Kind::stamp:
      return slot + " stamp";
    case Place::Kind::slot_word:
      return slot + " word " + std::to_string(place.word);
    default:
      return ring + names[static_cast<std::size_t>(place.kind)];
  }
}

}  // namespace disruptor_mp::sim
