// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A ring as a file that a test can read, damage and repair behind the library's back.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "disruptor_mp/segment/geometry.hpp"
#include "disruptor_mp/segment/hash.hpp"
#include "disruptor_mp/segment/segment.hpp"
#include "support/errors.hpp"
#include "support/ring_names.hpp"

namespace disruptor_mp::test {

inline format::Shape small_shape() {
  format::Shape shape;
  shape.capacity = 4;
  shape.rows = 2;
  shape.slot_layout = format::SlotLayout::stamped;
  shape.fence_mode = format::FenceMode::portable;
  return shape;
}

inline EventType small_event() { return {.size = 16, .align = 8, .name = "Event", .schema = {}}; }

/// A file ring of four events and two rows that nobody is attached to.
class Image {
 public:
  explicit Image(const EventType& event = small_event(), format::Shape shape = small_shape())
      : event_(event) {
    Segment segment = Segment::create(object_name(), event, shape, {});
    EXPECT_TRUE(segment.publish_name());
  }

  [[nodiscard]] os::ObjectName object_name() const { return os::ObjectName::parse(name()); }
  [[nodiscard]] std::string name() const { return folder_.ring_name(); }
  [[nodiscard]] std::string path() const { return folder_.path() / "ring"; }

  [[nodiscard]] std::vector<char> bytes() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void write(std::uint64_t offset, const void* data, std::size_t size) {
    std::fstream file(path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    ASSERT_TRUE(file.flush());
  }
  void resize(std::uint64_t size) { std::filesystem::resize_file(path(), size); }

  [[nodiscard]] format::Header header() const {
    format::Header header;
    const auto all = bytes();
    std::memcpy(static_cast<void*>(&header), all.data(), sizeof header);
    return header;
  }
  /// Changes the header as somebody would who can also compute the checksum.
  template <class Change>
  void forge(Change&& change) {
    format::Header changed = header();
    change(changed);
    changed.checksum =
        fnv1a(std::as_bytes(std::span(&changed, 1)).first(offsetof(format::Header, checksum)));
    write(0, &changed, sizeof changed);
  }
  /// Changes the header and leaves the checksum as it was.
  template <class Change>
  void damage(Change&& change) {
    format::Header changed = header();
    change(changed);
    write(0, &changed, sizeof changed);
  }

  /// What attaching says now.
  [[nodiscard]] Error refusal(SegmentRole role = SegmentRole::consumer) const {
    return error_of([&] { (void)Segment::try_attach(object_name(), role, event_); });
  }
  [[nodiscard]] bool is_accepted(SegmentRole role = SegmentRole::consumer) const {
    return Segment::try_attach(object_name(), role, event_).has_value();
  }

 private:
  TempFolder folder_;
  EventType event_;
};

}  // namespace disruptor_mp::test
