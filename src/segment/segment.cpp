// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/segment/segment.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/os/process.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/segment/geometry.hpp"
#include "disruptor_mp/segment/hash.hpp"

namespace disruptor_mp {
namespace {

using namespace std::chrono_literals;
using format::Header;

[[noreturn]] void invalid(const os::ObjectName& name, std::string problem, std::string found,
                          std::string expected, std::string remedy) {
  throw Error(Errc::invalid_option, {.object = name.text(),
                                     .problem = std::move(problem),
                                     .found = std::move(found),
                                     .expected = std::move(expected),
                                     .remedy = std::move(remedy)});
}

void require_valid(const os::ObjectName& name, const EventType& event, const format::Shape& shape,
                   const os::Permissions& permissions) {
  if (shape.capacity == 0 || shape.capacity > format::max_capacity) {
    invalid(name, shape.capacity == 0 ? "the capacity is zero" : "the capacity is too large",
            std::to_string(shape.capacity),
            "a power of two from 1 to " + std::to_string(format::max_capacity),
            "Choose a capacity in this range.");
  }
  if (!std::has_single_bit(shape.capacity)) {
    invalid(name, "the capacity is not a power of two", std::to_string(shape.capacity),
            std::to_string(std::bit_floor(shape.capacity)) + " or " +
                std::to_string(std::bit_ceil(shape.capacity)),
            "Choose one of these.");
  }
  if (event.size == 0 || event.size > max_event_size) {
    invalid(name, "the event size is out of range", std::to_string(event.size),
            "1 to " + std::to_string(max_event_size) + " bytes",
            "Send large data by reference, in an object of its own.");
  }
  if (!std::has_single_bit(event.align) || event.align > max_event_align) {
    invalid(name, "the event alignment is out of range", std::to_string(event.align),
            "a power of two up to " + std::to_string(max_event_align), "Choose another alignment.");
  }
  if (event.name.size() >= format::type_name_size || event.schema.size() >= format::schema_size) {
    invalid(name, "the description of the event type is too long",
            std::to_string(event.name.size()) + " and " + std::to_string(event.schema.size()) +
                " characters",
            "at most " + std::to_string(format::type_name_size - 1) + " for the name and " +
                std::to_string(format::schema_size - 1) + " for the fields",
            "Shorten EventTraits::name, or describe fewer fields.");
  }
  if (shape.rows == 0 || shape.rows > format::max_rows) {
    invalid(name, "the number of participants is out of range", std::to_string(shape.rows),
            "1 to " + std::to_string(format::max_rows), "Choose max_participants in this range.");
  }
  if (shape.first_sequence > format::max_first_sequence) {
    invalid(name, "the first sequence is too large", std::to_string(shape.first_sequence),
            "0 to " + std::to_string(format::max_first_sequence),
            "Choose first_sequence in this range; sequences must never reach 2^64.");
  }
  if (shape.producer_kind == format::ProducerKind::multi) {
    if (shape.slot_layout != format::SlotLayout::stamped) {
      invalid(
          name, "several producers need stamped slots",
          "packed slots, which events of " + std::to_string(event.size) + " bytes have by default",
          "stamped slots", "Specialise slot_layout_of for the event type as SlotLayout::stamped.");
    }
    if (shape.first_sequence > format::max_first_sequence_of_multi) {
      invalid(name, "the first sequence is too large for several producers",
              std::to_string(shape.first_sequence),
              "0 to " + std::to_string(format::max_first_sequence_of_multi),
              "Choose first_sequence in this range.");
    }
  }
  if (shape.revoke_stopped_after != 0 && shape.producer_kind != format::ProducerKind::multi) {
    invalid(name, "only the claims of several producers can be revoked",
            "revoke_stopped_after with a single producer", "producers = ProducerKind::multi",
            "Leave revoke_stopped_after at zero, or make a ring of several producers.");
  }
  if ((permissions.mode & ~0777U) != 0 || (permissions.mode & 0600U) != 0600U) {
    invalid(name, "the mode would lock out its owner or has special bits",
            std::to_string(permissions.mode), "permission bits that include 0600",
            "Choose for example 0600, 0640 or 0660.");
  }
}

/// Whoever publishes into, or waits on, a ring of asymmetric fences must be able to take part in
/// them.
void require_fences(const std::string& object, format::FenceMode mode) {
  if (mode == format::FenceMode::portable || os::register_for_asymmetric_fences()) return;
  throw Error(Errc::membarrier_unavailable,
              {.object = object,
               .problem = "the ring relies on membarrier(2), which this process may not call",
               .found = "the call refused (an old kernel, or a seccomp filter)",
               .expected = "MEMBARRIER_CMD_GLOBAL_EXPEDITED",
               .remedy = "Allow the call, or create the ring with fences = Fences::portable."});
}

std::vector<os::PageRange> writable_pages(const Header& header, SegmentRole role) {
  const format::Sections& sections = header.sections;
  const os::PageRange bells{.offset = sections.bells.offset, .size = sections.bells.size};
  const os::PageRange control{.offset = sections.control.offset,
                              .size = sections.slots.offset - sections.control.offset};
  const os::PageRange slots{.offset = sections.slots.offset,
                            .size = sections.total_size - sections.slots.offset};
  switch (role) {
    case SegmentRole::producer:
      return {bells, control, slots};
    case SegmentRole::consumer:
      // Who waits for a stopped producer may have to revoke its claim, which stands in the slots.
      if (header.shape.revoke_stopped_after != 0) return {bells, control, slots};
      return {bells, control};
    case SegmentRole::observer:
      return {bells};
    case SegmentRole::inspector:
      break;
  }
  return {};
}

Header make_header(const EventType& event, const format::Shape& shape,
                   const format::Memory& memory) {
  Header header;
  header.magic = format::magic;
  header.version = format::version;
  header.byte_order = format::byte_order_mark;
  header.word_size = sizeof(void*);
  header.size = sizeof(Header);
  header.shape = shape;
  header.memory = memory;
  header.sections = format::sections_of(shape);
  const os::ProcessIdentity self = os::this_process();
  header.birth = {.instance = os::random_id(),
                  .boot = os::boot_id(),
                  .created_ns = os::wall_clock_ns(),
                  .creator_pid = self.pid,
                  .creator_uid = self.uid};
  header.fingerprint = event.fingerprint();
  std::copy(event.name.begin(), event.name.end(), header.type_name.begin());
  std::copy(event.schema.begin(), event.schema.end(), header.schema.begin());
  header.checksum = fnv1a(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, checksum)));
  return header;
}

/// An object for the shape, whose pages are chosen here: what was asked for, or the next weaker
/// kind, with a note why.
os::MemoryObject make_object(const os::ObjectName& name, const os::Permissions& permissions,
                             const os::NewMemory& wanted, format::Shape& shape,
                             format::Memory& memory) {
  using os::HugePages;
  using os::PageNote;
  const auto make = [&](std::uint64_t pages) {
    // The geometry follows: what has rights of its own must begin on a page.
    shape.page_size = static_cast<std::uint32_t>(pages);
    return os::MemoryObject::create_unnamed(name, format::sections_of(shape).total_size,
                                            permissions, pages);
  };
  const auto note = [](auto& field, auto value) { field = static_cast<std::uint32_t>(value); };
  note(memory.huge_pages_asked, wanted.huge_pages);
  const std::uint64_t usual = os::page_size_of(name);
  if (usual != os::page_size()) {
    note(memory.huge_pages, HugePages::hugetlb);  // a hugetlbfs, which has no others
    return make(usual);
  }
  if (wanted.huge_pages == HugePages::hugetlb) {
    const auto pages = os::hugetlb_page_size(name);
    note(memory.hugetlb_note, pages ? PageNote::pool : PageNote::back_end);
    try {
      if (pages) {
        os::MemoryObject object = make(*pages);
        note(memory.huge_pages, HugePages::hugetlb);
        note(memory.hugetlb_note, PageNote::as_asked);
        return object;
      }
    } catch (const Error& error) {
      if (error.code() != Errc::no_space && error.code() != Errc::system_error) throw;
    }
  }
  os::MemoryObject object = make(usual);
  if (wanted.huge_pages == HugePages::none) return object;
  const PageNote result = object.make_huge(format::sections_of(shape).total_size);
  note(memory.transparent_note, result);
  if (result == PageNote::as_asked || result == PageNote::partly)
    note(memory.huge_pages, HugePages::transparent);
  return object;
}

/// Whether huge pages are put together by the kernel: then it matters where they are mapped.
bool is_transparent(const format::Memory& memory) {
  return memory.huge_pages == static_cast<std::uint32_t>(os::HugePages::transparent);
}

}  // namespace

Segment Segment::create(const os::ObjectName& name, const EventType& event, format::Shape shape,
                        const os::Permissions& permissions, const os::NewMemory& wanted) {
  shape.event_size = event.size;
  shape.event_align = event.align;
  require_valid(name, event, shape, permissions);
  require_fences(name.text(), shape.fence_mode);
  shape.slot_stride = format::slot_stride(shape.slot_layout, shape.event_size, shape.event_align);

  if (wanted.numa_node) os::require_node(name, *wanted.numa_node);
  format::Memory memory;
  os::MemoryObject object = make_object(name, permissions, wanted, shape, memory);
  if (wanted.numa_node) {
    memory.node_asked = *wanted.numa_node + 1;
    memory.node_note = static_cast<std::uint32_t>(
        object.place(format::sections_of(shape).total_size, *wanted.numa_node));
  }
  const Header header = make_header(event, shape, memory);
  object.write_at(0, std::as_bytes(std::span(&header, 1)));
  object.map(header.sections.total_size, writable_pages(header, SegmentRole::producer),
             is_transparent(memory));
  if (!object.try_lock(format::lock::attached, os::LockMode::shared)) {
    throw Error(Errc::system_error, {.object = name.text(),
                                     .problem = "somebody locked an object that has no name yet",
                                     .found = "a lock",
                                     .expected = "none",
                                     .remedy = "Create the ring again."});
  }
  Segment segment(std::move(object), header, true);
  // Nobody else can see these words yet; publish_name orders them for whoever opens the name.
  format::Control& control = segment.control();
  control.published.store(shape.first_sequence, std::memory_order_relaxed);
  control.horizon.store(shape.first_sequence, std::memory_order_relaxed);
  control.end.store(format::open_end, std::memory_order_relaxed);
  if (shape.producer_kind == format::ProducerKind::multi) {
    // The tail of several producers: shared, nothing claimed yet (ring/shared_tail.hpp).
    control.tail.store(shape.first_sequence, std::memory_order_relaxed);
  }
  return segment;
}

std::optional<Segment> Segment::try_attach(const os::ObjectName& name, SegmentRole role,
                                           const EventType& expected) {
  for (;;) {
    const bool must_write = role == SegmentRole::consumer || role == SegmentRole::producer;
    bool writable = role != SegmentRole::inspector;
    std::optional<os::MemoryObject> object;
    try {
      object =
          os::MemoryObject::open(name, writable ? os::Access::read_write : os::Access::read_only);
    } catch (const Error& error) {
      if (must_write || !writable || error.code() != Errc::permission_denied) throw;
      writable = false;  // an observer of another user
      object = os::MemoryObject::open(name, os::Access::read_only);
    }
    if (!object) return std::nullopt;

    const Header header = read_header(*object);
    require_same_event(header, expected, name.text());
    if (must_write) require_fences(name.text(), header.shape.fence_mode);
    if (role != SegmentRole::inspector) {
      // From here on nobody removes the object. Whoever is just doing that holds the lock
      // exclusively: then the ring is as good as gone. Or it has been done: then this is not the
      // object of that name any more; look again.
      if (!object->try_lock(format::lock::attached, os::LockMode::shared)) return std::nullopt;
      if (!object->is_named()) continue;
    }

    const bool can_ring =
        writable && (must_write || header.shape.fence_mode == format::FenceMode::portable ||
                     os::register_for_asymmetric_fences());
    const auto pages = can_ring ? writable_pages(header, role) : std::vector<os::PageRange>{};
    object->map(header.sections.total_size, pages, is_transparent(header.memory));
    return Segment(std::move(*object), header, can_ring);
  }
}

Segment Segment::attach(const os::ObjectName& name, SegmentRole role, const EventType& expected,
                        TimePoint deadline) {
  constexpr auto longest_pause = 10ms;
  for (auto pause = Duration(200us);; pause = std::min<Duration>(pause * 2, longest_pause)) {
    if (auto segment = try_attach(name, role, expected)) return std::move(*segment);
    const TimePoint now = os::now();
    if (now >= deadline) {
      throw Error(Errc::not_found, {.object = name.text(),
                                    .problem = "there is no ring of this name",
                                    .found = "nothing at " + name.path(),
                                    .expected = "a ring",
                                    .remedy = "Start its producer, check the name with `dmp ls`, "
                                              "or attach with a longer timeout."});
    }
    os::sleep_until(std::min(deadline, now + pause));
  }
}

bool Segment::become_last() {
  // Letting go first, so that of two who leave together the later one succeeds.
  object_.unlock(format::lock::attached);
  return object_.try_lock(format::lock::attached, os::LockMode::exclusive);
}

bool Segment::remove_if_unused() {
  // The last one knows that nobody is attached and that nobody can attach; so the name cannot come
  // to mean another object between the check and the removal. Dying here drops the lock: the next
  // one does it.
  return become_last() && object_.remove_name();
}

bool Segment::is_from_earlier_boot() const noexcept { return header_.birth.boot != os::boot_id(); }

}  // namespace disruptor_mp
