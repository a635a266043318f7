// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a ring says of its events, and who is refused because he expects others.
#include "disruptor_mp/segment/event_type.hpp"

#include <array>
#include <set>

#include "segment/image.hpp"

namespace disruptor_mp::test {

struct Plain {
  std::uint64_t a;
  std::uint32_t b;
};

enum class Side : std::uint8_t { buy, sell };

struct Described {
  std::uint64_t instrument;
  std::int64_t price;
  double weight;
  float ratio;
  Side side;
  bool is_last;
  char flag;
  std::int16_t level;
  std::array<char, 5> note;
  std::uint32_t history[3];
};

struct NameOnly {
  std::uint8_t value;
};

}  // namespace disruptor_mp::test

namespace disruptor_mp {

template <>
struct EventTraits<test::Described> {
  static constexpr std::string_view name = "Described";
  using E = test::Described;
  static constexpr std::tuple fields{field("instrument", &E::instrument),
                                     field("price", &E::price),
                                     field("weight", &E::weight),
                                     field("ratio", &E::ratio),
                                     field("side", &E::side),
                                     field("is_last", &E::is_last),
                                     field("flag", &E::flag),
                                     field("level", &E::level),
                                     field("note", &E::note),
                                     field("history", &E::history)};
};

template <>
struct EventTraits<test::NameOnly> {
  static constexpr std::string_view name = "a short name";
};

namespace test {
namespace {

TEST(Event_type, Is_known_by_its_own_name_size_and_alignment) {
  const EventType type = event_type_of<Plain>();
  EXPECT_EQ(type.size, 16U);
  EXPECT_EQ(type.align, 8U);
  EXPECT_EQ(type.name, "disruptor_mp::test::Plain");
  EXPECT_EQ(type.schema, "");
}

TEST(Event_type, Of_a_number_has_a_name_that_is_the_same_on_every_machine) {
  EXPECT_EQ(event_type_of<std::uint8_t>().name, "u8");
  EXPECT_EQ(event_type_of<std::int64_t>().name, "i64");
  EXPECT_EQ(event_type_of<long long>().name, "i64");
  EXPECT_EQ(event_type_of<float>().name, "f32");
  EXPECT_EQ(event_type_of<double>().name, "f64");
  EXPECT_EQ(event_type_of<bool>().name, "bool");
  EXPECT_EQ(event_type_of<char>().name, "char");
}

TEST(Event_type, Is_described_field_by_field) {
  const EventType type = event_type_of<Described>();
  EXPECT_EQ(type.name, "Described");
  EXPECT_EQ(type.schema,
            "instrument:u64@0 price:i64@8 weight:f64@16 ratio:f32@24 side:u8@28 is_last:bool@29 "
            "flag:char@30 level:i16@32 note:char[5]@34 history:u32[3]@40");
  EXPECT_EQ(event_type_of<NameOnly>().name, "a short name");
  EXPECT_EQ(event_type_of<NameOnly>().schema, "");
}

TEST(Event_type, Every_difference_gives_another_fingerprint) {
  const EventType base{.size = 16, .align = 8, .name = "ab", .schema = "c"};
  std::set<std::uint64_t> fingerprints = {base.fingerprint()};
  const auto add = [&](auto change) {
    EventType other = base;
    change(other);
    EXPECT_TRUE(fingerprints.insert(other.fingerprint()).second) << other.name << other.schema;
  };
  add([](EventType& e) { e.size = 17; });
  add([](EventType& e) { e.size = 168, e.align = 1; });
  add([](EventType& e) { e.align = 16; });
  add([](EventType& e) { e.name = "abc", e.schema = ""; });
  add([](EventType& e) { e.name = "a", e.schema = "bc"; });
  add([](EventType& e) { e.name = "ba"; });
  add([](EventType& e) { e.schema = "d"; });
  EXPECT_EQ(base.fingerprint(), EventType(base).fingerprint());
}

TEST(Event_type, Its_fingerprint_never_changes_from_release_to_release) {
  // Written into the headers of living rings: another value would be another format version.
  EXPECT_EQ(event_type_of<Described>().fingerprint(), 18105072930032436999U);
}

class Expecting : public testing::Test {
 protected:
  Error refusal(const EventType& expected) {
    return error_of(
        [&] { (void)Segment::try_attach(image.object_name(), SegmentRole::consumer, expected); });
  }
  EventType event = {.size = 24, .align = 8, .name = "Quote", .schema = "bid:i64@0"};
  Image image{event};
};

TEST_F(Expecting, The_same_type_is_accepted) {
  EXPECT_TRUE(Segment::try_attach(image.object_name(), SegmentRole::consumer, event));
}

TEST_F(Expecting, Any_type_is_accepted_by_who_expects_none) {
  const auto segment = Segment::try_attach(image.object_name(), SegmentRole::consumer, {});
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->type_name(), "Quote");
  EXPECT_EQ(segment->schema(), "bid:i64@0");
}

TEST_F(Expecting, A_type_without_a_name_needs_only_size_and_alignment) {
  const EventType nameless{.size = 24, .align = 8, .name = {}, .schema = {}};
  EXPECT_TRUE(Segment::try_attach(image.object_name(), SegmentRole::consumer, nameless));
}

TEST_F(Expecting, Another_size_is_refused) {
  const Error error = refusal({.size = 32, .align = 8, .name = "Quote", .schema = "bid:i64@0"});
  EXPECT_EQ(error.code(), Errc::event_size_mismatch);
  EXPECT_EQ(error.object(), image.name());
  EXPECT_EQ(error.found(), "24 bytes ('Quote')");
  EXPECT_EQ(error.expected(), "32 bytes ('Quote')");
  EXPECT_TRUE(contains(error.remedy(), "same event type")) << error.remedy();
}

TEST_F(Expecting, Another_alignment_is_refused) {
  const Error error = refusal({.size = 24, .align = 4, .name = "Quote", .schema = "bid:i64@0"});
  EXPECT_EQ(error.code(), Errc::event_align_mismatch);
  EXPECT_EQ(error.found(), "8 ('Quote')");
  EXPECT_EQ(error.expected(), "4 ('Quote')");
}

TEST_F(Expecting, Another_name_is_refused) {
  const Error error = refusal({.size = 24, .align = 8, .name = "Trade", .schema = "bid:i64@0"});
  EXPECT_EQ(error.code(), Errc::event_type_mismatch);
  EXPECT_EQ(error.found(), "'Quote' {bid:i64@0}");
  EXPECT_EQ(error.expected(), "'Trade' {bid:i64@0}");
}

TEST_F(Expecting, Other_fields_are_refused) {
  const Error error = refusal({.size = 24, .align = 8, .name = "Quote", .schema = "ask:i64@0"});
  EXPECT_EQ(error.code(), Errc::event_type_mismatch);
  EXPECT_EQ(error.found(), "'Quote' {bid:i64@0}");
  EXPECT_EQ(error.expected(), "'Quote' {ask:i64@0}");
}

}  // namespace
}  // namespace test
}  // namespace disruptor_mp
