// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Events printed by a program that knows nothing of their type.
#include <gtest/gtest.h>

#include <string>

#include "disruptor_mp/disruptor_mp.hpp"
#include "dmp/support/command.hpp"
#include "dmp/support/json.hpp"
#include "dmp/support/rings.hpp"

namespace disruptor_mp::test {

struct Printed {
  std::uint64_t instrument;
  std::int32_t price;
  char venue[4];
};

}  // namespace disruptor_mp::test

template <>
struct disruptor_mp::EventTraits<disruptor_mp::test::Printed> {
  using E = test::Printed;
  static constexpr std::string_view name = "Printed";
  static constexpr std::tuple fields{field("instrument", &E::instrument), field("price", &E::price),
                                     field("venue", &E::venue)};
};

namespace disruptor_mp::test {
namespace {

TEST(Fields, Are_printed_as_text_and_as_json) {
  const std::string ring = unique_ring_name();
  auto producer = Producer<Printed>::create(ring, {.capacity = 8});
  for (const std::int32_t price : {-5, 6})
    ASSERT_EQ(producer.publish({.instrument = 7, .price = price, .venue = {'X', 'N'}}),
              Publish::ok);
  const std::vector<std::string> sub = {"sub", ring, "--kind", "observer", "--count", "2", "-q"};
  const auto print = [&](const char* format) {
    std::vector<std::string> arguments = sub;
    arguments.insert(arguments.end(), {"--format", format});
    const Outcome outcome = run_dmp(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.out;
  };
  EXPECT_EQ(print("fields"),
            "0 instrument=7 price=-5 venue=\"XN\"\n1 instrument=7 price=6 venue=\"XN\"\n");
  EXPECT_EQ(print("json"),
            "{\"sequence\":0,\"event\":{\"instrument\":7,\"price\":-5,\"venue\":\"XN\"}}\n"
            "{\"sequence\":1,\"event\":{\"instrument\":7,\"price\":6,\"venue\":\"XN\"}}\n");
}

TEST(Fields, Of_dmp_pub_are_its_frames) {
  const std::string ring = unique_ring_name();
  Command sub = Command::dmp({"sub", ring, "--format", "fields", "-q"});
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "8", "-q"}, "abcdefgh").exit_code, 0);
  EXPECT_EQ(sub.finish().out, "0 length=8 payload=6162636465666768\n");
}

/// A ring that says `schema` of its events, of 8 bytes, and has one.
Producer<Bytes> described_as(const std::string& ring, const std::string& schema) {
  auto producer = Producer<Bytes>::create(
      ring, {.size = 8, .align = 8, .name = "Odd", .schema = schema}, {.capacity = 8});
  EXPECT_EQ(producer.publish([](std::span<std::byte>) {}), Publish::ok);
  return producer;
}

TEST(Fields, That_are_not_described_or_make_no_sense_are_refused_before_anything_is_taken) {
  for (const std::string schema : {"", "a:u64@1", "nonsense", "a:u8@0 b"}) {
    const std::string ring = unique_ring_name();
    const auto producer = described_as(ring, schema);
    for (const char* format : {"fields", "json"}) {
      const Outcome outcome =
          run_dmp({"sub", ring, "--id", "x", "--kind", "required", "--format", format});
      EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
      EXPECT_NE(outcome.err.find("--format hex"), std::string::npos) << outcome.err;
      EXPECT_EQ(outcome.out, "");
    }
    EXPECT_EQ(producer.participants().size(), 1U) << "nobody came";
  }
}

}  // namespace
}  // namespace disruptor_mp::test
