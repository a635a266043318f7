// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Events as text, by descriptions that are compiled in or that a stranger wrote.
#include "disruptor_mp/segment/event_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "support/errors.hpp"

namespace disruptor_mp::test {

enum class Turn : std::int8_t { left = -1, right = 1 };

struct Everything {
  std::uint8_t u8;
  std::int8_t i8;
  std::uint16_t u16;
  std::int16_t i16;
  std::uint32_t u32;
  std::int32_t i32;
  std::uint64_t u64;
  std::int64_t i64;
  float f32;
  double f64;
  bool yes;
  char letter;
  Turn turn;
  char text[8];
  std::array<std::int16_t, 3> list;
  std::uint8_t table[2][2];
  std::array<std::byte, 3> raw;
  struct {
    std::uint8_t inner;
  } nested;
};

/// The second lies in the first; each alone would do.
struct Overlapping {
  struct Whole {
    std::uint64_t whole;
  };
  union {
    Whole a;
    std::uint32_t part;
  };
  std::uint64_t more;
};

}  // namespace disruptor_mp::test

namespace disruptor_mp {

template <>
struct EventTraits<test::Everything> {
  using E = test::Everything;
  static constexpr std::string_view name = "Everything";
  static constexpr std::tuple fields{
      field("u8", &E::u8),       field("i8", &E::i8),     field("u16", &E::u16),
      field("i16", &E::i16),     field("u32", &E::u32),   field("i32", &E::i32),
      field("u64", &E::u64),     field("i64", &E::i64),   field("f32", &E::f32),
      field("f64", &E::f64),     field("yes", &E::yes),   field("letter", &E::letter),
      field("turn", &E::turn),   field("text", &E::text), field("list", &E::list),
      field("table", &E::table), field("raw", &E::raw),   field("nested", &E::nested)};
};
template <>
struct EventTraits<test::Overlapping> {
  using E = test::Overlapping;
  static constexpr std::string_view name = "Overlapping";
  static constexpr std::tuple fields{field("a", &E::a), field("part", &E::part)};
};

namespace test {
namespace {

Everything extremes() {
  Everything event{};
  event.u8 = 255;
  event.i8 = -128;
  event.u16 = 65535;
  event.i16 = -32768;
  event.u32 = 4294967295U;
  event.i32 = std::numeric_limits<std::int32_t>::min();
  event.u64 = std::numeric_limits<std::uint64_t>::max();
  event.i64 = std::numeric_limits<std::int64_t>::min();
  event.f32 = 0.1F;
  event.f64 = -1e300;
  event.yes = true;
  event.letter = 'x';
  event.turn = Turn::left;
  std::memcpy(event.text, "a\"\\\n\xff", 6);
  event.list = {1, -2, 3};
  event.table[0][0] = 1;
  event.table[1][1] = 4;
  event.raw = {std::byte{0}, std::byte{0xab}, std::byte{0xff}};
  event.nested.inner = 9;
  return event;
}

TEST(Event_text, Shows_every_kind_of_field) {
  EXPECT_EQ(event_text(extremes()),
            "u8=255 i8=-128 u16=65535 i16=-32768 u32=4294967295 i32=-2147483648 "
            "u64=18446744073709551615 i64=-9223372036854775808 f32=0.1 f64=-1e+300 yes=true "
            R"(letter="x" turn=-1 text="a\"\\\x0a\xff" list=[1,-2,3] table=[1,0,0,4] )"
            "raw=00abff nested=09");
  EXPECT_EQ(event_json(extremes()),
            R"({"u8":255,"i8":-128,"u16":65535,"i16":-32768,"u32":4294967295,)"
            R"("i32":-2147483648,"u64":18446744073709551615,"i64":-9223372036854775808,)"
            R"("f32":0.1,"f64":-1e+300,"yes":true,"letter":"x","turn":-1,)"
            R"("text":"a\"\\\u000a\u00ff","list":[1,-2,3],"table":[1,0,0,4],)"
            R"("raw":"00abff","nested":"09"})");
}

TEST(Event_text, Is_the_same_by_the_description_that_stands_in_a_ring) {
  const Everything event = extremes();
  const auto fields = parse_schema(event_type_of<Everything>().schema, sizeof event);
  ASSERT_TRUE(fields);
  EXPECT_EQ(event_text(*fields, std::as_bytes(std::span(&event, 1))), event_text(event));
}

TEST(Event_text, Has_no_number_in_json_that_json_does_not_have) {
  Everything event{};
  for (const double number : {std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity(), std::nan("")}) {
    event.f64 = number;
    event.f32 = static_cast<float>(number);
    EXPECT_TRUE(contains(event_json(event), R"("f32":null,"f64":null,)")) << event_json(event);
  }
  EXPECT_TRUE(contains(event_text(event), "f64=nan")) << event_text(event);
}

TEST(Event_text, Shows_a_bool_that_is_none_as_a_number) {
  Everything event{};
  const std::byte two{2};
  std::memcpy(&event.yes, &two, 1);
  const auto fields = parse_schema(event_type_of<Everything>().schema, sizeof event);
  EXPECT_TRUE(contains(event_json(*fields, std::as_bytes(std::span(&event, 1))), R"("yes":2,)"));
}

TEST(Description, Of_fields_that_overlap_is_refused_by_naming_them) {
  expect_error(Errc::invalid_option,
               {.object = "'Overlapping'",
                .problem = "overlap",
                .found = "'a' and 'part'",
                .remedy = "union"},
               [] { (void)event_type_of<Overlapping>(); });
}

TEST(Schema, Of_a_stranger_is_read_whole_or_not_at_all) {
  const auto fields = parse_schema("a:u8@0 b:u32[2]@1 c:bytes[7]@9", 16);
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 3U);
  EXPECT_EQ((*fields)[1].name, "b");
  EXPECT_EQ((*fields)[1].type, "u32");
  EXPECT_EQ((*fields)[1].count, 2U);
  EXPECT_EQ((*fields)[1].offset, 1U);
  EXPECT_EQ((*fields)[1].size, 8U);
  for (const char* wrong : {"",
                            " ",
                            "a",
                            "a:",
                            "a:u8",
                            "a:u8@",
                            "a:u8@x",
                            "a:u8@-1",
                            "a:u8@16",
                            "a:u8@0 ",
                            " a:u8@0",
                            "a:u8@0  b:u8@1",
                            "a:u9@0",
                            "a:u8[0]@0",
                            "a:u8[]@0",
                            "a:u8[17]@0",
                            "a:u8[16]@1",
                            "a:u64@9",
                            "a:u8[3@0",
                            "a:u8]@0",
                            "a:u64[2305843009213693953]@0",
                            "a:u8@18446744073709551616",
                            "a:u8[18446744073709551615]@1",
                            "1a:u8@0",
                            ":u8@0",
                            "a\"b:u8@0",
                            "a:u8@0x",
                            "a:u8@0 b:u8@99",
                            "a:U8@0"}) {
    EXPECT_FALSE(parse_schema(wrong, 16)) << "'" << wrong << "'";
  }
  EXPECT_FALSE(parse_schema("a:u8@0", 0));
}

TEST(Schema, That_was_damaged_at_random_never_leads_beyond_the_event) {
  std::mt19937_64 random(4711);
  const std::string good = "a:u8@0 b:u32[2]@1 c:bytes[7]@9";
  const std::string letters = "ab:@[] 0123456789ufic";
  std::size_t readable = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string schema = good;
    for (std::uint64_t change = random() % 4; change != 0; --change)
      schema[random() % schema.size()] = letters[random() % letters.size()];
    // Exactly as long as the event, so that a sanitizer sees a byte beyond.
    const std::vector<std::byte> event(16, std::byte{0x41});
    if (const auto fields = parse_schema(schema, event.size())) {
      ++readable;
      EXPECT_FALSE(event_text(*fields, event).empty());
      EXPECT_FALSE(event_json(*fields, event).empty());
    }
  }
  EXPECT_GT(readable, 100U);
}

}  // namespace
}  // namespace test
}  // namespace disruptor_mp
