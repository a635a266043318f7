// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/os/memory_object.hpp"
#include "disruptor_mp/segment/event_type.hpp"
#include "disruptor_mp/segment/format.hpp"

namespace disruptor_mp {

/// What a process does in a ring decides which pages it may write.
enum class SegmentRole : std::uint8_t {
  /// nothing; needs only read permission, and does not keep the ring from being removed
  inspector,
  observer,  ///< the bells, if it has the permission; else nothing
  consumer,  ///< all but the header and the slots; in a ring that revokes claims also the slots
  producer,  ///< all but the header
};

/// One ring's memory object, mapped and validated. Everything above works on it through typed
/// references; sizes and offsets come from `header()`, a private copy that was checked once and
/// cannot change any more.
///
/// While a Segment lives it holds the `attached` lock shared, so nobody removes the object.
/// Not thread-safe; move-only.
class Segment {
 public:
  /// Makes a ring that nobody can see yet. `shape.slot_stride` and `page_size` are filled in here.
  /// @throws Error{invalid_option, no_space, permission_denied, locks_unsupported,
  /// membarrier_unavailable}
  static Segment create(const os::ObjectName& name, const EventType& event, format::Shape shape,
                        const os::Permissions& permissions, const os::NewMemory& wanted = {});
  /// Lets the world see it. @return false if the name is taken.
  [[nodiscard]] bool publish_name() { return object_.publish_name(); }

  /// Attaches to the ring of this name, waiting for one to appear until `deadline`.
  /// `expected.size == 0` accepts events of any type.
  /// @throws Error{not_found, permission_denied, not_a_ring, truncated, corrupt, version_mismatch,
  /// …}
  static Segment attach(const os::ObjectName& name, SegmentRole role, const EventType& expected,
                        TimePoint deadline);
  /// As `attach`, but says "no such ring" by an empty result and waits for nothing.
  static std::optional<Segment> try_attach(const os::ObjectName& name, SegmentRole role,
                                           const EventType& expected);

  Segment(Segment&&) noexcept = default;
  Segment& operator=(Segment&&) noexcept = default;

  [[nodiscard]] const format::Header& header() const noexcept { return header_; }
  [[nodiscard]] const format::Shape& shape() const noexcept { return header_.shape; }
  [[nodiscard]] std::string type_name() const;
  [[nodiscard]] std::string schema() const;

  [[nodiscard]] format::Bells& bells() const noexcept {
    return at<format::Bells>(header_.sections.bells.offset);
  }
  [[nodiscard]] format::Control& control() const noexcept {
    return at<format::Control>(header_.sections.control.offset);
  }
  [[nodiscard]] format::Row& row(std::uint32_t index) const noexcept {
    return at<format::Row>(header_.sections.rows.offset + index * sizeof(format::Row));
  }
  /// What the holder of that row counts; null in a ring without counters.
  [[nodiscard]] format::Counters* counters(std::uint32_t index) const noexcept {
    if (header_.shape.counters == 0) return nullptr;
    return &at<format::Counters>(header_.sections.counters.offset +
                                 index * sizeof(format::Counters));
  }
  [[nodiscard]] std::byte* slots() const noexcept {
    return object_.data() + header_.sections.slots.offset;
  }

  [[nodiscard]] os::MemoryObject& object() noexcept { return object_; }
  [[nodiscard]] const os::MemoryObject& object() const noexcept { return object_; }
  [[nodiscard]] const std::string& name() const noexcept { return object_.name().text(); }
  /// Takes the page faults of this mapping now; changes no byte of the ring.
  void prefault() noexcept {
    object_.prefault();
    is_prefaulted_ = true;
  }
  /// Keeps this mapping in memory. @throws Error{permission_denied (RLIMIT_MEMLOCK), system_error}
  void lock_memory() {
    object_.lock_pages();
    is_locked_ = true;
  }
  [[nodiscard]] bool is_prefaulted() const noexcept { return is_prefaulted_; }
  [[nodiscard]] bool is_locked() const noexcept { return is_locked_; }

  /// Whether this mapping may write the bells (an observer without write permission may not).
  [[nodiscard]] bool can_ring() const noexcept { return can_ring_; }

  /// Lets go of the ring. @return whether nobody else is attached; then nobody can attach either,
  /// before this object is destroyed or `stop_being_last` is called.
  [[nodiscard]] bool become_last();
  void stop_being_last() noexcept { object_.unlock(format::lock::attached); }
  /// Removes the object's name if nobody else is attached. @return whether this call removed it.
  bool remove_if_unused();
  /// Was the object made before the machine's last start? Then nothing vouches for its content.
  [[nodiscard]] bool is_from_earlier_boot() const noexcept;

 private:
  Segment(os::MemoryObject object, const format::Header& header, bool can_ring) noexcept
      : object_(std::move(object)), header_(header), can_ring_(can_ring) {}

  template <class T>
  [[nodiscard]] T& at(std::uint64_t offset) const noexcept {
    // The mapping holds the bytes of a T since birth (atomics of all-zero bytes or stored by the
    // creator).
    return *reinterpret_cast<T*>(object_.data() + offset);
  }

  os::MemoryObject object_;
  format::Header header_;
  bool can_ring_ = false;
  bool is_prefaulted_ = false;
  bool is_locked_ = false;
};

/// Reads and checks a header of any object. Nothing of the rest of the object is touched.
/// @throws Error naming the first thing that is wrong.
[[nodiscard]] format::Header read_header(const os::MemoryObject& object);

/// Checks that the ring carries what the caller wants to read or write; `expected.size == 0` wants
/// anything.
void require_same_event(const format::Header& header, const EventType& expected,
                        const std::string& object);

/// Checks that the slots are laid out as the caller's code expects; nothing for a caller that knows
/// every layout.
void require_same_layout(const format::Header& header, std::optional<format::SlotLayout> expected,
                         const std::string& object);

/// Checks that the ring was made since the machine's last start. After a power cut the pages of a
/// file may be of different ages, so nothing vouches for what an older one holds.
void require_this_boot(const Segment& segment);

}  // namespace disruptor_mp
