// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Headers that are damaged, cut short, forged, or written by another release or machine: each is
// refused with the reason, none is trusted, none crashes the reader.
#include <string>

#include "segment/image.hpp"

namespace disruptor_mp::test {
namespace {

using format::Header;

TEST(Header, Of_a_sound_ring_is_accepted_by_everybody) {
  const Image image;
  for (const auto role : {SegmentRole::inspector, SegmentRole::observer, SegmentRole::consumer,
                          SegmentRole::producer}) {
    EXPECT_TRUE(image.is_accepted(role));
  }
}

TEST(Header, With_any_single_bit_flipped_is_refused) {
  const Image image;
  auto writer = os::MemoryObject::open(image.object_name(), os::Access::read_write);
  const auto reader = os::MemoryObject::open(image.object_name(), os::Access::read_only);
  ASSERT_TRUE(writer && reader);
  const auto original = image.bytes();
  for (std::size_t at = 0; at < sizeof(Header); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      const auto flipped = static_cast<std::byte>(original[at] ^ (1 << bit));
      writer->write_at(at, {&flipped, 1});
      try {
        (void)read_header(*reader);
        ADD_FAILURE() << "accepted with bit " << bit << " of byte " << at << " flipped";
      } catch (const Error& error) {
        const Errc expected = at < 8    ? Errc::not_a_ring
                              : at < 12 ? Errc::version_mismatch
                              : at < 20 ? Errc::byte_order_mismatch
                                        : Errc::corrupt;
        EXPECT_EQ(error.code(), expected) << "byte " << at << ": " << error.what();
      }
    }
    const auto restored = static_cast<std::byte>(original[at]);
    writer->write_at(at, {&restored, 1});
  }
  EXPECT_NO_THROW((void)read_header(*reader));
}

TEST(Header, Cut_short_at_any_length_is_refused) {
  Image image;
  for (std::uint64_t length = sizeof(Header); length-- > 0;) {
    image.resize(length);
    const Error error = image.refusal();
    if (length == 0) {
      EXPECT_EQ(error.code(), Errc::not_a_ring);
      EXPECT_EQ(error.found(), "an empty object");
    } else {
      EXPECT_EQ(error.code(), Errc::truncated) << length;
      EXPECT_EQ(error.found(), std::to_string(length) + " bytes");
      EXPECT_EQ(error.expected(), "4096");
    }
    EXPECT_EQ(error.object(), image.name());
  }
}

TEST(Header, Of_an_object_cut_short_anywhere_is_refused) {
  Image image;
  const std::uint64_t whole = image.header().sections.total_size;
  for (const std::uint64_t length : {whole - 1, whole - 4096, whole / 2, std::uint64_t{4096}}) {
    image.resize(length);
    const Error error = image.refusal();
    EXPECT_EQ(error.code(), Errc::truncated);
    EXPECT_EQ(error.object(), image.name());
    EXPECT_EQ(error.found(), std::to_string(length) + " bytes");
    EXPECT_EQ(error.expected(), std::to_string(whole));
    EXPECT_TRUE(contains(error.remedy(), "dmp clean")) << error.remedy();
  }
}

TEST(Header, Of_a_longer_object_is_accepted) {
  Image image;
  image.resize(image.header().sections.total_size + 12345);
  EXPECT_TRUE(image.is_accepted());
}

TEST(Header, Of_another_version_is_refused_by_naming_both) {
  Image image;
  image.forge([](Header& header) { header.version = 7; });
  const Error error = image.refusal();
  EXPECT_EQ(error.code(), Errc::version_mismatch);
  EXPECT_EQ(error.object(), image.name());
  EXPECT_EQ(error.found(), "version 7");
  EXPECT_EQ(error.expected(), "version 6");
  EXPECT_TRUE(contains(error.remedy(), "same release")) << error.remedy();
}

/// Releases before this one: rows without declarations (4), a header that says nothing of its
/// memory (5).
TEST(Header, Of_an_older_format_is_refused_though_its_checksum_is_right) {
  for (const std::uint32_t older : {4U, 5U}) {
    Image image;
    image.forge([&](Header& header) { header.version = older; });
    const Error error = image.refusal();
    EXPECT_EQ(error.code(), Errc::version_mismatch);
    EXPECT_EQ(error.object(), image.name());
    EXPECT_EQ(error.found(), "version " + std::to_string(older));
    EXPECT_EQ(error.expected(), "version 6");
    EXPECT_TRUE(contains(error.remedy(), "same release")) << error.remedy();
  }
}

TEST(Header, That_says_of_its_memory_what_there_is_not_is_refused) {
  const auto refuse = [](std::uint32_t format::Memory::*word, const std::string& field,
                         std::uint32_t most) {
    Image image;
    image.forge([&](Header& header) { header.memory.*word = most; });
    EXPECT_TRUE(image.is_accepted()) << field;
    image.forge([&](Header& header) { header.memory.*word = most + 1; });
    const Error error = image.refusal();
    EXPECT_EQ(error.code(), Errc::corrupt);
    EXPECT_EQ(error.problem(), "the header's " + field + " makes no sense");
    EXPECT_EQ(error.found(), std::to_string(most + 1));
    EXPECT_EQ(error.expected(), "at most " + std::to_string(most));
  };
  refuse(&format::Memory::huge_pages_asked, "wish for huge pages", 2);
  refuse(&format::Memory::huge_pages, "kind of huge pages", 2);
  refuse(&format::Memory::hugetlb_note, "note on hugetlb pages", 6);
  refuse(&format::Memory::transparent_note, "note on transparent pages", 6);
  refuse(&format::Memory::node_note, "note on its memory node", 3);
}

TEST(Header, Of_another_byte_order_or_word_size_is_refused) {
  Image image;
  image.forge([](Header& header) { header.byte_order = 0x0D0C0B0A; });
  Error error = image.refusal();
  EXPECT_EQ(error.code(), Errc::byte_order_mismatch);
  EXPECT_EQ(error.object(), image.name());
  EXPECT_TRUE(contains(error.found(), std::to_string(0x0D0C0B0A))) << error.found();
  EXPECT_TRUE(contains(error.expected(), std::to_string(0x0A0B0C0D))) << error.expected();

  image.forge([](Header& header) {
    header.byte_order = format::byte_order_mark;
    header.word_size = 4;
  });
  error = image.refusal();
  EXPECT_EQ(error.code(), Errc::byte_order_mismatch);
  EXPECT_TRUE(contains(error.found(), "word size 4")) << error.found();
}

TEST(Header, With_another_magic_is_not_a_ring) {
  Image image;
  image.forge([](Header& header) { header.magic = {'O', 'T', 'H', 'E', 'R', '\n', '\0', '!'}; });
  const Error error = image.refusal();
  EXPECT_EQ(error.code(), Errc::not_a_ring);
  EXPECT_EQ(error.object(), image.name());
  EXPECT_EQ(error.found(), "'OTHER..!'");
  EXPECT_EQ(error.expected(), "'DMP-RING'");
}

TEST(Header, Damaged_under_its_checksum_is_corrupt) {
  Image image;
  image.damage([](Header& header) { header.shape.capacity = 8; });
  const Error error = image.refusal();
  EXPECT_EQ(error.code(), Errc::corrupt);
  EXPECT_EQ(error.object(), image.name());
  EXPECT_TRUE(contains(error.problem(), "checksum")) << error.problem();
}

struct Forgery {
  std::string named;
  void (*change)(Header&);
  std::string found = {};  ///< what the error says; empty if it follows from the machine
  std::string expected = {};
};

TEST(Header, Forged_with_numbers_out_of_range_is_corrupt) {
  using format::FenceMode;
  using format::ProducerKind;
  using format::SlotLayout;
  const Forgery forgeries[] = {
      {"capacity", [](Header& h) { h.shape.capacity = 0; }, "0", "a power of two, 1 to 1073741824"},
      {"capacity", [](Header& h) { h.shape.capacity = 3; }, "3", "a power of two, 1 to 1073741824"},
      {"capacity", [](Header& h) { h.shape.capacity = format::max_capacity * 2; }, "2147483648",
       "a power of two, 1 to 1073741824"},
      {"capacity", [](Header& h) { h.shape.capacity = std::uint64_t{1} << 63U; },
       "9223372036854775808", "a power of two, 1 to 1073741824"},
      {"event size", [](Header& h) { h.shape.event_size = 0; }, "0", "1 to 1048576"},
      {"event size", [](Header& h) { h.shape.event_size = max_event_size + 1; }, "1048577",
       "1 to 1048576"},
      {"event alignment", [](Header& h) { h.shape.event_align = 0; }, "0",
       "a power of two, 1 to 4096"},
      {"event alignment", [](Header& h) { h.shape.event_align = 3; }, "3",
       "a power of two, 1 to 4096"},
      {"event alignment", [](Header& h) { h.shape.event_align = 2 * max_event_align; }, "8192",
       "a power of two, 1 to 4096"},
      {"first sequence", [](Header& h) { h.shape.first_sequence = format::max_first_sequence + 1; },
       "9223372036854775809", "at most 9223372036854775808"},
      {"number of participants", [](Header& h) { h.shape.rows = 0; }, "0", "1 to 4096"},
      {"number of participants", [](Header& h) { h.shape.rows = format::max_rows + 1; }, "4097",
       "1 to 4096"},
      {"slot layout", [](Header& h) { h.shape.slot_layout = SlotLayout{0}; }, "0", "1 or 2"},
      {"slot layout", [](Header& h) { h.shape.slot_layout = SlotLayout{3}; }, "3", "1 or 2"},
      {"producer kind", [](Header& h) { h.shape.producer_kind = ProducerKind{0}; }, "0", "1 or 2"},
      {"producer kind", [](Header& h) { h.shape.producer_kind = ProducerKind{3}; }, "3", "1 or 2"},
      {"several producers",
       [](Header& h) {
         h.shape.producer_kind = ProducerKind::multi;
         h.shape.slot_layout = SlotLayout::packed;
       },
       "1", "2"},
      {"several producers",
       [](Header& h) {
         h.shape.producer_kind = ProducerKind::multi;
         h.shape.slot_layout = SlotLayout::stamped;
         h.shape.first_sequence = format::max_first_sequence_of_multi + 1;
       },
       "1152921504606846977", "at most 1152921504606846976"},
      {"fence mode", [](Header& h) { h.shape.fence_mode = FenceMode{0}; }, "0", "1 or 2"},
      {"rule for a lone producer", [](Header& h) { h.shape.when_alone = format::WhenAlone{9}; },
       "9", "1 or 2"},
      {"page size", [](Header& h) { h.shape.page_size *= 2; }},
      {"page size", [](Header& h) { h.shape.page_size = 0; }, "0", "as on this machine"},
      {"slot stride", [](Header& h) { h.shape.slot_stride += 8; }},
      {"slot stride", [](Header& h) { h.shape.slot_stride = 0; }, "0", "32, which follows"},
      {"slot stride", [](Header& h) { h.shape.event_size = 100; }},
      {"offsets", [](Header& h) { h.shape.capacity = 1 << 20; }},
      {"offsets", [](Header& h) { h.shape.rows = 100; }},
      {"offsets", [](Header& h) { h.sections.slots.offset -= 4096; }},
      {"offsets", [](Header& h) { h.sections.control.offset = 0; }},
      {"offsets", [](Header& h) { h.sections.total_size = 4096; }},
      {"offsets", [](Header& h) { h.sections.total_size = ~std::uint64_t{0}; }},
      {"checksum", [](Header& h) { h.size = 8192; }},
  };
  for (const Forgery& forgery : forgeries) {
    Image image;
    image.forge(forgery.change);
    const Error error = image.refusal();
    EXPECT_EQ(error.code(), Errc::corrupt) << forgery.named;
    EXPECT_EQ(error.object(), image.name());
    EXPECT_TRUE(contains(error.problem(), forgery.named)) << error.what();
    EXPECT_FALSE(error.found().empty() || error.expected().empty()) << error.what();
    if (forgery.expected.empty()) continue;
    EXPECT_EQ(error.found(), forgery.found) << error.what();
    EXPECT_TRUE(contains(error.expected(), forgery.expected)) << error.what();
  }
}

TEST(Header, Consistently_forged_to_be_larger_than_its_object_is_truncated) {
  Image image;
  image.forge([](Header& header) {
    header.shape.capacity = 1 << 20;
    header.sections = format::sections_of(header.shape);
  });
  EXPECT_EQ(image.refusal().code(), Errc::truncated);
}

TEST(Header, Too_large_for_any_machine_is_corrupt) {
  Image image({.size = max_event_size, .align = 1, .name = "big", .schema = {}});
  image.forge([](Header& header) {
    header.shape.capacity = format::max_capacity;
    header.sections = format::sections_of(header.shape);
  });
  const Error error = image.refusal();
  EXPECT_EQ(error.code(), Errc::corrupt) << error.what();
}

TEST(Header, Texts_without_an_end_are_cut_and_made_printable) {
  Image image;
  image.forge([](Header& header) {
    header.type_name.fill('\x01');
    header.schema.fill('s');
  });
  const EventType other{.size = 16, .align = 8, .name = "Other", .schema = {}};
  const Error error = error_of(
      [&] { (void)Segment::try_attach(image.object_name(), SegmentRole::consumer, other); });
  EXPECT_EQ(error.code(), Errc::event_type_mismatch);
  EXPECT_TRUE(contains(error.found(), std::string(format::type_name_size, '?'))) << error.found();
  const auto inspector =
      Segment::try_attach(image.object_name(), SegmentRole::inspector, EventType{});
  ASSERT_TRUE(inspector);
  EXPECT_EQ(inspector->type_name(), std::string(format::type_name_size, '?'));
  EXPECT_EQ(inspector->schema(), std::string(format::schema_size, 's'));
}

TEST(Header, A_copy_is_kept_so_later_damage_changes_nothing) {
  Image image;
  const auto segment = Segment::try_attach(image.object_name(), SegmentRole::consumer, {});
  ASSERT_TRUE(segment);
  image.damage([](Header& header) { header.shape.capacity = ~std::uint64_t{0}; });
  EXPECT_EQ(segment->shape().capacity, 4U);
}

}  // namespace
}  // namespace disruptor_mp::test
