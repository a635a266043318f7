// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Reading a header that anybody may have written.
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/segment/geometry.hpp"
#include "disruptor_mp/segment/hash.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {
namespace {

using format::Header;

[[noreturn]] void refuse(Errc code, const std::string& object, std::string problem,
                         std::string found, std::string expected, std::string remedy) {
  throw Error(code, {.object = object,
                     .problem = std::move(problem),
                     .found = std::move(found),
                     .expected = std::move(expected),
                     .remedy = std::move(remedy)});
}

constexpr const char* remove_it = "If nobody needs it, remove it with `dmp clean --force NAME`.";

std::string printable(std::span<const char> bytes) {
  std::string text;
  for (const char c : bytes) text += c >= ' ' && c <= '~' ? c : '.';
  return "'" + text + "'";
}

/// A NUL-padded text of the header; cut where it ends, made harmless where it is not text.
std::string text_of(std::span<const char> bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c == '\0') break;
    text += c >= ' ' && c <= '~' ? c : '?';
  }
  return text;
}

struct Nonsense {
  const char* field;
  std::string found;
  std::string expected;
};

template <class Number>
Nonsense nonsense(const char* field, Number found, std::string expected) {
  return {field, std::to_string(static_cast<std::uint64_t>(found)), std::move(expected)};
}

/// For a field that has one of two values.
template <class Value>
std::optional<Nonsense> neither(const char* field, Value found, Value one, Value other) {
  if (found == one || found == other) return std::nullopt;
  return nonsense(field, found,
                  std::to_string(static_cast<unsigned>(one)) + " or " +
                      std::to_string(static_cast<unsigned>(other)));
}

/// The numbers of a shape may be multiplied and added without overflow once this has passed.
std::optional<Nonsense> first_nonsense(const format::Shape& shape, std::uint64_t page_size) {
  using format::SlotLayout;
  const auto up_to = [](std::uint64_t most) { return "at most " + std::to_string(most); };
  const auto from_one_to = [](std::uint64_t most) { return "1 to " + std::to_string(most); };
  const auto is_power_up_to = [](std::uint64_t number, std::uint64_t most) {
    return std::has_single_bit(number) && number <= most;
  };
  if (!is_power_up_to(shape.capacity, format::max_capacity)) {
    return nonsense("capacity", shape.capacity,
                    "a power of two, " + from_one_to(format::max_capacity));
  }
  if (shape.event_size == 0 || shape.event_size > max_event_size)
    return nonsense("event size", shape.event_size, from_one_to(max_event_size));
  if (!is_power_up_to(shape.event_align, max_event_align)) {
    return nonsense("event alignment", shape.event_align,
                    "a power of two, " + from_one_to(max_event_align));
  }
  if (shape.rows == 0 || shape.rows > format::max_rows)
    return nonsense("number of participants", shape.rows, from_one_to(format::max_rows));
  if (shape.first_sequence > format::max_first_sequence)
    return nonsense("first sequence", shape.first_sequence, up_to(format::max_first_sequence));
  if (auto layout =
          neither("slot layout", shape.slot_layout, SlotLayout::packed, SlotLayout::stamped)) {
    return layout;
  }
  if (auto kind = neither("producer kind", shape.producer_kind, format::ProducerKind::single,
                          format::ProducerKind::multi)) {
    return kind;
  }
  if (shape.producer_kind == format::ProducerKind::multi) {
    if (shape.slot_layout != SlotLayout::stamped) {
      return nonsense("slot layout, for several producers,", shape.slot_layout,
                      std::to_string(static_cast<unsigned>(SlotLayout::stamped)));
    }
    if (shape.first_sequence > format::max_first_sequence_of_multi) {
      return nonsense("first sequence, for several producers,", shape.first_sequence,
                      up_to(format::max_first_sequence_of_multi));
    }
  }
  if (const std::uint64_t most =
          shape.producer_kind == format::ProducerKind::multi ? format::max_revoke_stopped_after : 0;
      shape.revoke_stopped_after > most)
    return nonsense("time after which claims are revoked", shape.revoke_stopped_after, up_to(most));
  if (auto mode = neither("fence mode", shape.fence_mode, format::FenceMode::asymmetric,
                          format::FenceMode::portable)) {
    return mode;
  }
  if (auto rule = neither("rule for a lone producer", shape.when_alone, format::WhenAlone::block,
                          format::WhenAlone::run_free)) {
    return rule;
  }
  if (shape.counters > 1) return nonsense("whether there are counters", shape.counters, "0 or 1");
  if (shape.reserved != 0) return nonsense("reserved word", shape.reserved, "0");
  if (shape.page_size != page_size) {
    return nonsense("page size", shape.page_size,
                    std::to_string(page_size) +
                        (page_size == os::page_size() ? ", as on this machine" : ", as there"));
  }
  if (const auto stride =
          format::slot_stride(shape.slot_layout, shape.event_size, shape.event_align);
      shape.slot_stride != stride) {
    return nonsense("slot stride", shape.slot_stride,
                    std::to_string(stride) + ", which follows from size and alignment");
  }
  return std::nullopt;
}

std::optional<Nonsense> first_nonsense(const format::Memory& memory) {
  const auto beyond = [](const char* field, std::uint32_t found,
                         auto last) -> std::optional<Nonsense> {
    const auto most = static_cast<std::uint32_t>(last);
    if (found <= most) return std::nullopt;
    return nonsense(field, found, "at most " + std::to_string(most));
  };
  if (auto wrong = beyond("wish for huge pages", memory.huge_pages_asked, os::last_huge_pages))
    return wrong;
  if (auto wrong = beyond("kind of huge pages", memory.huge_pages, os::last_huge_pages))
    return wrong;
  if (auto wrong = beyond("note on hugetlb pages", memory.hugetlb_note, os::last_page_note))
    return wrong;
  if (auto wrong = beyond("note on transparent pages", memory.transparent_note, os::last_page_note))
    return wrong;
  return beyond("note on its memory node", memory.node_note, os::last_node_note);
}

}  // namespace

Header read_header(const os::MemoryObject& object) {
  const std::string& name = object.name().text();
  std::array<std::byte, sizeof(Header)> bytes{};
  const std::size_t got = object.read_at(0, bytes);
  Header header;
  std::memcpy(static_cast<void*>(&header), bytes.data(), sizeof header);

  const std::size_t magic_bytes = std::min(got, header.magic.size());
  if (got == 0 || !std::equal(header.magic.begin(),
                              header.magic.begin() + static_cast<std::ptrdiff_t>(magic_bytes),
                              format::magic.begin())) {
    refuse(Errc::not_a_ring, name, "this is not a ring",
           got == 0 ? "an empty object" : printable(std::span(header.magic).first(magic_bytes)),
           printable(format::magic), "Choose another name; this object belongs to something else.");
  }
  if (got < sizeof(Header)) {
    refuse(Errc::truncated, name, "the header is cut short", std::to_string(got) + " bytes",
           std::to_string(sizeof(Header)), remove_it);
  }
  if (header.byte_order != format::byte_order_mark || header.word_size != sizeof(void*)) {
    refuse(Errc::byte_order_mismatch, name,
           "the ring was made by a machine of other byte order or word size",
           "mark " + std::to_string(header.byte_order) + ", word size " +
               std::to_string(header.word_size),
           "mark " + std::to_string(format::byte_order_mark) + ", word size " +
               std::to_string(sizeof(void*)),
           "Use the ring on the machine that made it.");
  }
  if (header.version != format::version) {
    refuse(Errc::version_mismatch, name, "the ring has another format version",
           "version " + std::to_string(header.version),
           "version " + std::to_string(format::version),
           "Build both sides with the same release, or use a new name while both run.");
  }
  if (const std::uint64_t sum = fnv1a(std::span(bytes).first(offsetof(Header, checksum)));
      sum != header.checksum || header.size != sizeof(Header)) {
    refuse(Errc::corrupt, name, "the header's checksum is wrong", std::to_string(header.checksum),
           std::to_string(sum), remove_it);
  }
  if (auto wrong = first_nonsense(header.shape, object.page_size())) {
    refuse(Errc::corrupt, name, "the header's " + std::string(wrong->field) + " makes no sense",
           std::move(wrong->found), std::move(wrong->expected), remove_it);
  }
  if (auto wrong = first_nonsense(header.memory)) {
    refuse(Errc::corrupt, name, "the header's " + std::string(wrong->field) + " makes no sense",
           std::move(wrong->found), std::move(wrong->expected), remove_it);
  }
  const format::Sections sections = format::sections_of(header.shape);
  if (std::memcmp(&sections, &header.sections, sizeof sections) != 0 ||
      sections.total_size > format::max_total_size) {
    refuse(Errc::corrupt, name, "the header's offsets contradict its sizes",
           std::to_string(header.sections.total_size) + " bytes in all",
           std::to_string(sections.total_size), remove_it);
  }
  if (const std::uint64_t size = object.size(); size < sections.total_size) {
    refuse(Errc::truncated, name, "the object is cut short", std::to_string(size) + " bytes",
           std::to_string(sections.total_size), remove_it);
  }
  return header;
}

void require_same_event(const Header& header, const EventType& expected,
                        const std::string& object) {
  if (expected.size == 0) return;
  constexpr const char* same_type =
      "Build both sides with the same event type, or use another ring name.";
  const std::string found_name = "'" + text_of(header.type_name) + "'";
  // Who only knows the bytes of its events has no name for them.
  const std::string as = expected.name.empty() ? "" : " ('" + expected.name + "')";
  if (header.shape.event_size != expected.size) {
    refuse(Errc::event_size_mismatch, object, "the ring's events have another size",
           std::to_string(header.shape.event_size) + " bytes (" + found_name + ")",
           std::to_string(expected.size) + " bytes" + as, same_type);
  }
  if (header.shape.event_align != expected.align) {
    refuse(Errc::event_align_mismatch, object, "the ring's events have another alignment",
           std::to_string(header.shape.event_align) + " (" + found_name + ")",
           std::to_string(expected.align) + as, same_type);
  }
  if (!expected.name.empty() && header.fingerprint != expected.fingerprint()) {
    const std::string fields = text_of(header.schema);
    refuse(
        Errc::event_type_mismatch, object, "the ring's events are of another type",
        found_name + (fields.empty() ? "" : " {" + fields + "}"),
        "'" + expected.name + "'" + (expected.schema.empty() ? "" : " {" + expected.schema + "}"),
        same_type);
  }
}

void require_same_layout(const Header& header, std::optional<format::SlotLayout> expected,
                         const std::string& object) {
  if (!expected || header.shape.slot_layout == *expected) return;
  const auto name = [](format::SlotLayout layout) {
    return std::string(layout == format::SlotLayout::packed ? "packed" : "stamped") + " slots";
  };
  refuse(Errc::event_type_mismatch, object, "the ring's slots are laid out in another way",
         name(header.shape.slot_layout), name(*expected),
         "Specialise slot_layout_of for the event type in the same way on both sides.");
}

void require_this_boot(const Segment& segment) {
  if (!segment.is_from_earlier_boot()) return;
  refuse(
      Errc::earlier_boot, segment.name(), "the ring was made before the machine's last start",
      "another boot id in its header", "the current one",
      "After a power cut a file ring may hold anything; remove it with `dmp clean` and make a new "
      "one.");
}

std::string Segment::type_name() const { return text_of(header_.type_name); }
std::string Segment::schema() const { return text_of(header_.schema); }

}  // namespace disruptor_mp
