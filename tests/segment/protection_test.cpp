// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Which pages a role can write. A store that must not be possible is tried in a child, which must
// die of it; the child attaches for itself, because a fork takes the parent's mapping away.
#include <csignal>

#include "segment/image.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

enum class Part : std::uint8_t { header, bells, control, rows, counters, slots };
constexpr const char* part_names[] = {"header", "bells", "control", "rows", "counters", "slots"};

volatile std::byte* place(const Segment& segment, Part part) {
  const format::Sections& sections = segment.header().sections;
  const std::uint64_t offsets[] = {0,
                                   sections.bells.offset,
                                   sections.control.offset,
                                   sections.rows.offset,
                                   sections.counters.offset,
                                   sections.slots.offset};
  return segment.object().data() + offsets[static_cast<std::size_t>(part)];
}

std::string store_as(SegmentRole role, Part part, const Image& image) {
  return in_child([&] {
    auto segment = Segment::try_attach(image.object_name(), role, EventType{});
    volatile std::byte* byte = place(*segment, part);
    const std::byte seen = *byte;  // everything can be read
    *byte = seen;
    return std::string("stored");
  });
}

TEST(Protection, Every_role_can_write_its_own_pages_and_no_others) {
  struct Row {
    SegmentRole role;
    const char* name;
    bool may_write[6];
  };
  const Row rows[] = {
      //                                  header bells control rows counters slots
      {SegmentRole::producer, "producer", {false, true, true, true, true, true}},
      {SegmentRole::consumer, "consumer", {false, true, true, true, true, false}},
      {SegmentRole::observer, "observer", {false, true, false, false, false, false}},
      {SegmentRole::inspector, "inspector", {false, false, false, false, false, false}},
  };
  const std::string segv = "killed by signal " + std::to_string(SIGSEGV);
  const Image image;
  for (const Row& row : rows) {
    for (int part = 0; part < 6; ++part) {
      EXPECT_EQ(store_as(row.role, static_cast<Part>(part), image),
                row.may_write[part] ? "stored" : segv)
          << row.name << " writes " << part_names[part];
    }
  }
}

TEST(Protection, The_creator_cannot_change_its_header_any_more) {
  const TempFolder folder;
  EXPECT_EQ(in_child([&] {
              auto segment = Segment::create(os::ObjectName::parse(folder.ring_name()),
                                             small_event(), small_shape(), {});
              *place(segment, Part::slots) = std::byte{1};
              *place(segment, Part::header) = std::byte{1};
            }),
            "killed by signal " + std::to_string(SIGSEGV));
}

TEST(Protection, The_last_slot_and_the_last_row_are_writable_to_their_end) {
  const Image image;
  auto segment = Segment::try_attach(image.object_name(), SegmentRole::producer, EventType{});
  ASSERT_TRUE(segment);
  const format::Sections& sections = segment->header().sections;
  volatile std::byte* data = segment->object().data();
  data[sections.slots.offset + sections.slots.size - 1] = std::byte{1};
  data[sections.counters.offset + sections.counters.size - 1] = std::byte{1};
}

}  // namespace
}  // namespace disruptor_mp::test
