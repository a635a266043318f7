// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What create and attach refuse, and what they say. Names, rights, room and damaged objects have
// tests of their own in tests/os and tests/segment.
#include <optional>

#include "endpoint/drain.hpp"
#include "segment/image.hpp"

namespace disruptor_mp::test {

struct Quote {
  std::int64_t bid;
  std::int64_t ask;
};
struct QuoteOfAnotherRelease {
  std::int64_t ask;
  std::int64_t bid;
};

/// The same type in the other layout, as a process would have it that was built with another
/// specialisation of slot_layout_of.
struct PackedTwin {
  std::uint64_t value;
};
struct StampedTwin {
  std::uint64_t value;
};

}  // namespace disruptor_mp::test

namespace disruptor_mp {

template <>
struct EventTraits<test::Quote> {
  static constexpr std::string_view name = "Quote";
  static constexpr std::tuple fields{field("bid", &test::Quote::bid),
                                     field("ask", &test::Quote::ask)};
};
template <>
struct EventTraits<test::QuoteOfAnotherRelease> {
  static constexpr std::string_view name = "Quote";
  static constexpr std::tuple fields{field("ask", &test::QuoteOfAnotherRelease::ask),
                                     field("bid", &test::QuoteOfAnotherRelease::bid)};
};
template <>
struct EventTraits<test::PackedTwin> {
  static constexpr std::string_view name = "Twin";
};
template <>
struct EventTraits<test::StampedTwin> {
  static constexpr std::string_view name = "Twin";
};
template <>
inline constexpr format::SlotLayout slot_layout_of<test::PackedTwin> = format::SlotLayout::packed;
template <>
inline constexpr format::SlotLayout slot_layout_of<test::StampedTwin> = format::SlotLayout::stamped;

namespace test {
namespace {

class Refusing : public testing::Test {
 protected:
  using E = StampedTick;
  void expect_create_refused(Errc code, const Says& says, const ProducerOptions& options) {
    expect_error(code, says, [&] { Producer<E>::create(name, options); });
    expect_error(code, says, [&] { Producer<E>::create_or_attach(name, options); });
    EXPECT_FALSE(std::filesystem::exists(shm_path(name)));
  }

  std::string name = unique_ring_name();
};

TEST_F(Refusing, Options_that_no_ring_can_have) {
  expect_create_refused(Errc::invalid_option, {.object = name, .problem = "zero", .found = "0"},
                        {.capacity = 0});
  expect_create_refused(Errc::invalid_option,
                        {.object = name, .found = "1000", .expected = "512 or 1024"},
                        {.capacity = 1000});
  expect_create_refused(Errc::invalid_option, {.problem = "too large", .found = "2147483648"},
                        {.capacity = std::uint64_t{1} << 31U});
  expect_create_refused(Errc::invalid_option, {.problem = "participants", .found = "0"},
                        {.max_participants = 0});
  expect_create_refused(Errc::invalid_option, {.problem = "participants", .found = "5000"},
                        {.max_participants = 5000});
  expect_create_refused(Errc::invalid_option, {.problem = "first sequence", .expected = "0 to"},
                        {.first_sequence = ~std::uint64_t{0}});
  expect_create_refused(Errc::invalid_option, {.problem = "mode", .expected = "0600"},
                        {.mode = 0444});
}

TEST_F(Refusing, Names_of_rings_that_break_the_rules) {
  for (const std::string bad : {"", "a/b", "shm:", "file:/tmp/", "udp:x"}) {
    expect_error(Errc::invalid_name, {.object = "'" + bad + "'"},
                 [&] { Producer<E>::create(bad); });
    expect_error(Errc::invalid_name, {.object = "'" + bad + "'"},
                 [&] { Producer<E>::attach(bad); });
    expect_error(Errc::invalid_name, {.object = "'" + bad + "'"},
                 [&] { Producer<E>::create_or_attach(bad); });
    expect_error(Errc::invalid_name, {.object = "'" + bad + "'"},
                 [&] { Consumer<E>::attach(bad); });
  }
}

TEST_F(Refusing, Ids_that_break_the_rules) {
  auto producer = Producer<E>::create(name);
  const std::string longest(63, 'x');
  for (const std::string& bad : {std::string("a b"), std::string("a/b"), std::string("ä"),
                                 std::string("a\nb"), std::string("a\0b", 3), longest + "x"}) {
    const Says says{.object = name, .expected = "1 to 63 characters of A-Z a-z 0-9 . _ -"};
    expect_error(Errc::invalid_name, says, [&] { Consumer<E>::attach(name, {.id = bad}); });
    expect_error(Errc::invalid_name, says, [&] { Producer<E>::attach(name, {.id = bad}); });
    expect_error(Errc::invalid_name, {.object = "new", .found = "'"},
                 [&] { Producer<E>::create(name + "-new", {.id = bad}); });
  }
  auto consumer = Consumer<E>::attach(name, {.id = longest});
  EXPECT_EQ(consumer.id(), longest);
  auto other = Consumer<E>::attach(name, {.id = "A-Z_a.z-09"});
}

TEST_F(Refusing, Options_of_a_consumer_that_contradict_each_other) {
  auto producer = Producer<E>::create(name);
  const auto refused = [&](const Says& says, const ConsumerOptions& options) {
    Says all = says;
    all.object = name;
    expect_error(Errc::invalid_option, all, [&] { Consumer<E>::attach(name, options); });
  };
  refused({.problem = "max_batch", .found = "0", .expected = "at least 1"}, {.max_batch = 0});
  refused({.problem = "must have an id", .found = "no id"}, {.kind = ConsumerKind::required});
  refused({.problem = "must have an id"}, {.start = Start::resume});
  refused({.problem = "observer leaves no trace", .found = "resume", .expected = "latest"},
          {.id = "x", .kind = ConsumerKind::observer, .start = Start::resume});
}

TEST_F(Refusing, A_second_producer) {
  auto producer = Producer<E>::create(name, {.id = "incumbent"});
  for (const Duration timeout : {Duration(0), Duration(2ms)}) {
    expect_error(Errc::producer_alive,
                 {.object = name,
                  .found = "incumbent (producer, pid " + std::to_string(getpid()) + ", alive)",
                  .expected = "none, or a dead one",
                  .remedy = "timeout"},
                 [&] { Producer<E>::attach(name, {.timeout = timeout, .id = "usurper"}); });
  }
  publish_numbers(producer, 1);  // undisturbed
}

TEST_F(Refusing, A_consumer_whose_id_is_alive) {
  auto producer = Producer<E>::create(name);
  auto first = Consumer<E>::attach(name, {.id = "risk"});
  for (const auto kind : {ConsumerKind::gating, ConsumerKind::required}) {
    expect_error(Errc::consumer_alive,
                 {.object = name,
                  .problem = "'risk'",
                  .found = "risk (gating, pid " + std::to_string(getpid()) + ", alive)",
                  .remedy = "Use another id"},
                 [&] { Consumer<E>::attach(name, {.id = "risk", .kind = kind}); });
  }
  // A producer and a consumer of one id are two participants.
  auto namesake = Consumer<E>::attach(name, {.id = "producer"});
  auto observer = Consumer<E>::attach(name, {.id = "risk", .kind = ConsumerKind::observer});
}

TEST_F(Refusing, One_participant_too_many) {
  auto producer = Producer<E>::create(name, {.max_participants = 3});
  std::optional<Consumer<E>> a = Consumer<E>::attach(name, {.id = "a"});
  auto b = Consumer<E>::attach(name, {.id = "b", .kind = ConsumerKind::required});
  const std::string pid = ", pid " + std::to_string(getpid()) + ", alive)";
  expect_error(Errc::table_full,
               {.object = name,
                .found = "3 participants: producer (producer" + pid + ", a (gating" + pid +
                         ", b (required" + pid,
                .expected = "a free row",
                .remedy = "max_participants"},
               [&] { Consumer<E>::attach(name, {.id = "c"}); });
  auto observer = Consumer<E>::attach(name, {.kind = ConsumerKind::observer});  // needs no row
  a.reset();
  auto c = Consumer<E>::attach(name, {.id = "c"});
}

TEST_F(Refusing, Every_participant_but_the_producer_if_there_is_one_row) {
  auto producer = Producer<E>::create(name, {.max_participants = 1});
  expect_error(Errc::table_full, {.found = "1 participants: producer"},
               [&] { Consumer<E>::attach(name); });
}

TEST_F(Refusing, Events_of_another_type) {
  auto producer = Producer<Quote>::create(name);
  expect_error(Errc::event_size_mismatch,
               {.object = name, .found = "16 bytes ('Quote')", .expected = "8 bytes ('u64')"},
               [&] { Consumer<std::uint64_t>::attach(name); });
  struct alignas(16) Aligned {
    char bytes[16];
  };
  expect_error(Errc::event_align_mismatch,
               {.object = name, .found = "8 ('Quote')", .expected = "16 ("},
               [&] { Consumer<Aligned>::attach(name); });
  expect_error(Errc::event_type_mismatch,
               {.object = name,
                .found = "'Quote' {bid:i64@0 ask:i64@8}",
                .expected = "'Quote' {ask:i64@0 bid:i64@8}",
                .remedy = "same event type"},
               [&] { Consumer<QuoteOfAnotherRelease>::attach(name); });
  expect_error(Errc::event_type_mismatch, {.found = "'Quote'", .expected = "Tick"},
               [&] { Producer<StampedTick>::create_or_attach(name); });
  const Error unnamed = error_of([&] {
    Consumer<Bytes>::attach(name, {}, {.size = 24, .align = 8, .name = {}, .schema = {}});
  });
  EXPECT_EQ(unnamed.code(), Errc::event_size_mismatch);
  EXPECT_EQ(unnamed.expected(), "24 bytes");
}

TEST_F(Refusing, Slots_of_another_layout) {
  // Sizes, alignment and name agree; only the distance from slot to slot does not. Going on would
  // read past the end of the ring.
  auto packed = Producer<PackedTwin>::create(name);
  const Says says{.object = name, .found = "packed", .expected = "stamped"};
  expect_error(Errc::event_type_mismatch, says, [&] { Consumer<StampedTwin>::attach(name); });
  expect_error(Errc::event_type_mismatch, says,
               [&] { Consumer<StampedTwin>::attach(name, {.kind = ConsumerKind::observer}); });
  packed.detach();
  expect_error(Errc::event_type_mismatch, says, [&] { Producer<StampedTwin>::attach(name); });
  expect_error(Errc::event_type_mismatch, says,
               [&] { Producer<StampedTwin>::create_or_attach(name); });
  auto successor = Producer<PackedTwin>::attach(name);
  auto bytes = Consumer<Bytes>::attach(name);  // knows either
}

TEST_F(Refusing, A_ring_from_before_the_last_start_of_the_machine) {
  const EventType event = event_type_of<E>();
  Image image(event);
  image.forge([](format::Header& header) { header.birth.boot[0] ^= 1U; });
  const Says says{.object = image.name(),
                  .problem = "before the machine's last start",
                  .found = "another boot id",
                  .expected = "the current one",
                  .remedy = "dmp clean"};
  expect_error(Errc::earlier_boot, says, [&] { Producer<E>::attach(image.name()); });
  expect_error(Errc::earlier_boot, says, [&] { Producer<E>::create_or_attach(image.name()); });
  expect_error(Errc::earlier_boot, says, [&] { Consumer<E>::attach(image.name()); });
  expect_error(Errc::earlier_boot, says,
               [&] { Consumer<E>::attach(image.name(), {.kind = ConsumerKind::observer}); });
}

TEST_F(Refusing, A_ring_from_before_the_last_start_is_not_removed_for_what_it_says) {
  Image image(event_type_of<E>());
  image.forge([](format::Header& header) { header.birth.boot[0] ^= 1U; });
  // Closed and read by everybody, if one believes it.
  const std::uint64_t end = 0;
  image.write(image.header().sections.control.offset + offsetof(format::Control, end), &end,
              sizeof end);
  expect_error(Errc::earlier_boot, {}, [&] { Producer<E>::attach(image.name()); });
  expect_error(Errc::earlier_boot, {}, [&] { Consumer<E>::attach(image.name()); });
  EXPECT_TRUE(std::filesystem::exists(image.path()));
  EXPECT_TRUE(clean_ring(image.object_name(), {}).is_removed);
}

TEST_F(Refusing, A_takeover_of_a_ring_whose_position_cannot_be_true) {
  { Producer<E>::create(name, {.capacity = 8}).detach(); }
  {
    auto segment = Segment::try_attach(os::ObjectName::parse(name), SegmentRole::producer, {});
    ASSERT_TRUE(segment);
    segment->control().horizon = 1000;
  }
  expect_error(Errc::corrupt,
               {.object = name, .found = "position 0, horizon 1000", .expected = "one capacity"},
               [&] { Producer<E>::attach(name); });
  std::filesystem::remove(shm_path(name));
}

}  // namespace
}  // namespace test
}  // namespace disruptor_mp
