// SPDX-License-Identifier: MIT OR Apache-2.0
#include <algorithm>
#include <cstring>
#include <iterator>

#include "disruptor_mp/segment/geometry.hpp"
#include "fuzz/support/image.hpp"

namespace disruptor_mp::fuzz {
namespace {

using format::Header;

void write_header(std::uint8_t* image, Header& header) {
  header.checksum = checksum_of(header);
  std::memcpy(image, &header, sizeof header);
}

/// A number that is likely to stand at an edge of some check.
std::uint64_t edge(const Header& header, std::mt19937& random) {
  const std::uint64_t first = header.shape.first_sequence;
  const std::uint64_t capacity = header.shape.capacity;
  const std::uint64_t bases[] = {0, first, first + capacity, std::uint64_t{1} << (random() % 64),
                                 ~std::uint64_t{0}, header.shape.rows,
                                 // a tail that is biased, or being revoked, and its settled end
                                 (std::uint64_t{1} << 62U) | (std::uint64_t{random() % 4} << 50U),
                                 (std::uint64_t{2} << 62U) | (std::uint64_t{random() % 4} << 50U),
                                 (std::uint64_t{3} << 62U) | first,
                                 (std::uint64_t{1} << 63U) | first,
                                 (std::uint64_t{random()} << 32U) | random()};
  return bases[random() % std::size(bases)] + random() % 9 - 4;
}

std::uint64_t status_word(std::mt19937& random) {
  const std::uint64_t state = random() % 6;
  const std::uint64_t kind = random() % 5;
  const std::uint64_t flags = random() % 8;
  return state | (kind << 8U) | (flags << 16U) | (std::uint64_t{random() % 3} << 32U);
}

/// Where a reader of a ring of this shape looks: control, rows, stamps and events.
std::uint64_t word_offset(const Header& header, std::size_t size, std::mt19937& random) {
  const format::Sections& sections = header.sections;
  static constexpr std::uint64_t control_words[] = {0, 128, 256, 264, 272, 280, 384, 400};
  static constexpr std::uint64_t row_words[] = {0,   16,  24,  32,  40,  128, 256,
                                                264, 272, 280, 288, 296, 304};
  std::uint64_t offset = 0;
  switch (random() % 8) {
    case 0:
      offset = sections.bells.offset + 128 * (random() % 2);
      break;
    case 1:
    case 2:
    case 3:
      offset = sections.control.offset + control_words[random() % std::size(control_words)];
      break;
    case 4:
    case 5:
      offset = sections.rows.offset +
               random() % std::max(1U, header.shape.rows) * sizeof(format::Row) +
               row_words[random() % std::size(row_words)];
      break;
    default:
      offset =
          sections.slots.offset +
          random() % std::max<std::uint64_t>(1, header.shape.capacity) * header.shape.slot_stride +
          (random() % 4 == 0 ? 0 : format::stamp_offset(header.shape.event_size));
  }
  return offset <= size - 8 ? offset : random() % (size / 8) * 8;
}

void mutate_word(std::uint8_t* image, std::size_t size, const Header& header,
                 std::mt19937& random) {
  const std::uint64_t offset = word_offset(header, size, random);
  const bool is_status = offset >= header.sections.rows.offset &&
                         offset < header.sections.counters.offset &&
                         (offset - header.sections.rows.offset) % sizeof(format::Row) == 0;
  std::uint64_t word = 0;
  std::memcpy(&word, image + offset, sizeof word);
  switch (random() % 4) {
    case 0:
      word ^= std::uint64_t{1} << (random() % 64);
      break;
    case 1:
      word += random() % 9 - 4;
      break;
    default:
      word = is_status ? status_word(random) : edge(header, random);
  }
  std::memcpy(image + offset, &word, sizeof word);
}

void mutate_shape(Header& header, std::mt19937& random) {
  format::Shape& shape = header.shape;
  switch (random() % 9) {
    case 0:
      shape.capacity = std::uint64_t{1} << (random() % 10);
      break;
    case 1:
      shape.event_size = 1 + random() % 200;
      break;
    case 2:
      shape.event_align = std::uint64_t{1} << (random() % 7);
      break;
    case 3:
      shape.rows = 1 + random() % 8;
      break;
    case 4:
      shape.slot_layout = static_cast<format::SlotLayout>(random() % 4);
      break;
    case 5:
      shape.producer_kind = static_cast<format::ProducerKind>(random() % 4);
      break;
    case 6:
      shape.fence_mode = static_cast<format::FenceMode>(1 + random() % 2);
      break;
    case 7:
      shape.when_alone = static_cast<format::WhenAlone>(1 + random() % 2);
      break;
    default:
      shape.first_sequence = edge(header, random);
  }
}

/// What a reader computes from the shape and compares.
void repair_geometry(Header& header) {
  format::Shape& shape = header.shape;
  if (shape.event_align == 0 || shape.page_size == 0) return;
  shape.slot_stride = format::slot_stride(shape.slot_layout, shape.event_size, shape.event_align);
  header.sections = format::sections_of(shape);
}

}  // namespace

std::size_t mutate_image(std::uint8_t* image, std::size_t size, std::size_t room,
                         std::mt19937& random) {
  Header header;
  if (!read_header_of({image, size}, header) || random() % 64 == 0)
    return LLVMFuzzerMutate(image, size, room);
  switch (random() % 16) {
    case 0:  // any byte of the header; the checksum is put right below
      LLVMFuzzerMutate(image, offsetof(Header, reserved), offsetof(Header, reserved));
      std::memcpy(static_cast<void*>(&header), image, sizeof header);
      break;
    case 1:
      size = std::min<std::size_t>(room, std::max<std::size_t>(1, random() % (2 * size)));
      break;
    case 2:
    case 3:
    case 4:
      mutate_shape(header, random);
      repair_geometry(header);
      if (header.sections.total_size <= std::min(room, largest_image)) {
        const auto needed = static_cast<std::size_t>(header.sections.total_size);
        if (needed > size) std::memset(image + size, 0, needed - size);
        size = needed;
      }
      break;
    default:
      for (unsigned i = 0; i <= random() % 4; ++i) mutate_word(image, size, header, random);
      return size;
  }
  if (size < sizeof header) return size;
  if (random() % 32 != 0) write_header(image, header);
  return size;
}

}  // namespace disruptor_mp::fuzz
