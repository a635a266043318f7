// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "disruptor_mp/membership/membership.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "support/child.hpp"
#include "support/errors.hpp"
#include "support/results.hpp"
#include "support/ring_names.hpp"

namespace disruptor_mp::test {

using namespace std::chrono_literals;
using format::RowKind;
using format::RowState;

/// A ring without endpoints: a segment, and as many attachments as a test wants.
class Table : public testing::Test {
 protected:
  static constexpr std::uint64_t capacity = 16;

  static Segment create(const std::string& name, std::uint32_t rows) {
    format::Shape shape;
    shape.capacity = capacity;
    shape.rows = rows;
    shape.slot_layout = format::SlotLayout::packed;
    shape.fence_mode = format::FenceMode::portable;
    shape.when_alone = format::WhenAlone::block;
    auto segment = Segment::create(os::ObjectName::parse(name), event, shape, {});
    EXPECT_TRUE(segment.publish_name());
    return segment;
  }
  [[nodiscard]] Segment attach(SegmentRole role = SegmentRole::consumer) const {
    return *Segment::try_attach(os::ObjectName::parse(name), role, event);
  }
  void TearDown() override { segment.object().remove_name(); }

  /// A participant and the attachment that keeps it alive. Going out of scope without `leave` is
  /// dying: the kernel drops the locks.
  struct Member {
    Segment segment;
    Membership membership;
    format::Row& row() { return segment.row(membership.row()); }
    RowStatus status() { return RowStatus::unpack(row().status); }
  };
  Member join(RowKind kind, const std::string& id) const {
    auto own = attach();
    auto membership = Membership::join(own, kind, id, os::now());
    return {std::move(own), std::move(membership)};
  }
  Member join_at(RowKind kind, const std::string& id, std::uint64_t cursor) const {
    auto member = join(kind, id);
    member.membership.activate(member.segment, Sequence(cursor));
    return member;
  }
  [[nodiscard]] std::uint64_t epoch() const { return segment.control().membership_epoch; }
  [[nodiscard]] RowStatus status(std::uint32_t row) const {
    return RowStatus::unpack(segment.row(row).status);
  }

  static inline const EventType event{.size = 8, .align = 8, .name = "u64", .schema = {}};
  std::string name = unique_ring_name();
  Segment segment = create(name, 4);
};

}  // namespace disruptor_mp::test
