// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Events of every size and alignment travel unchanged, in both layouts, typed and as bytes.
#include <utility>

#include "endpoint/drain.hpp"

namespace disruptor_mp::test {
namespace {

using format::SlotLayout;

/// Three laps of a ring: every slot is used more than once, and its neighbours keep their bytes.
template <std::size_t Size, SlotLayout Layout, std::size_t Align = 1>
void travels_unchanged() {
  using Event = Payload<Size, Layout, Align>;
  constexpr std::uint64_t capacity = 4;
  auto producer = Producer<Event>::create(unique_ring_name(), {.capacity = capacity});
  auto consumer = Consumer<Event>::attach(producer.segment().name());
  auto observer =
      Consumer<Event>::attach(producer.segment().name(), {.kind = ConsumerKind::observer});
  EXPECT_EQ(producer.segment().shape().event_size, sizeof(Event));
  EXPECT_EQ(producer.segment().shape().event_align, alignof(Event));
  EXPECT_EQ(producer.segment().shape().slot_layout, Layout);

  std::uint64_t next = 0;
  std::uint64_t seen = 0;
  const auto check = [&](const Event& event, Sequence sequence) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&event) % alignof(Event), 0U);
    EXPECT_TRUE(has_pattern(event.bytes, sequence.value())) << "size " << sizeof(Event);
    ++seen;
  };
  for (int lap = 0; lap < 3; ++lap) {
    while (producer.try_publish([&](Event& event) { write_pattern(event.bytes, next); }) ==
           Publish::ok) {
      ++next;
    }
    while (observer.poll(check)) {
    }
    while (consumer.poll(check)) {
    }
  }
  EXPECT_EQ(next, 3 * capacity);
  EXPECT_EQ(seen, 2 * 3 * capacity);
}

template <std::size_t... Sizes>
void travel_unchanged_in_their_layout(std::index_sequence<Sizes...> /*sizes*/) {
  (travels_unchanged<Sizes + 1, default_slot_layout(Sizes + 1)>(), ...);
}

TEST(Event_sizes, Every_size_up_to_72_travels) {
  travel_unchanged_in_their_layout(std::make_index_sequence<72>());
}

// Round the borders of words and cache lines, in the layout that is not the default.
TEST(Event_sizes, Small_events_travel_in_packed_slots_too) {
  travels_unchanged<1, SlotLayout::packed>();
  travels_unchanged<7, SlotLayout::packed>();
  travels_unchanged<8, SlotLayout::packed>();
  travels_unchanged<9, SlotLayout::packed>();
  travels_unchanged<31, SlotLayout::packed>();
  travels_unchanged<33, SlotLayout::packed>();
  travels_unchanged<56, SlotLayout::packed>();
}

TEST(Event_sizes, Larger_events_travel_in_stamped_slots_too) {
  travels_unchanged<57, SlotLayout::stamped>();
  travels_unchanged<63, SlotLayout::stamped>();
  travels_unchanged<64, SlotLayout::stamped>();
  travels_unchanged<65, SlotLayout::stamped>();
  travels_unchanged<72, SlotLayout::stamped>();
}

TEST(Event_sizes, Large_events_travel) {
  travels_unchanged<100, SlotLayout::packed>();
  travels_unchanged<100, SlotLayout::stamped>();
  travels_unchanged<4096, SlotLayout::packed>();
  travels_unchanged<4096, SlotLayout::stamped>();
  travels_unchanged<4099, SlotLayout::stamped>();
  travels_unchanged<max_event_size, SlotLayout::packed>();
  travels_unchanged<max_event_size, SlotLayout::stamped>();
}

TEST(Event_sizes, Every_alignment_is_kept) {
  const auto both = []<std::size_t Align>() {
    travels_unchanged<Align, SlotLayout::packed, Align>();
    travels_unchanged<Align, SlotLayout::stamped, Align>();
    travels_unchanged<3 * Align, SlotLayout::packed, Align>();
    travels_unchanged<3 * Align, SlotLayout::stamped, Align>();
  };
  both.operator()<1>();
  both.operator()<2>();
  both.operator()<4>();
  both.operator()<8>();
  both.operator()<16>();
  both.operator()<32>();
  both.operator()<64>();
  both.operator()<128>();
  both.operator()<1024>();
  both.operator()<4096>();
}

TEST(Event_sizes, Bytes_of_every_size_travel) {
  std::vector<std::uint64_t> sizes = numbers(1, 72);
  for (const std::uint64_t size : {100U, 1000U, 4096U, 65537U, 1048576U}) sizes.push_back(size);
  for (const std::uint64_t size : sizes) {
    for (const std::uint64_t align : {1U, 8U, 64U}) {
      auto producer = Producer<Bytes>::create(
          unique_ring_name(), {.size = size, .align = align, .name = "bytes", .schema = {}},
          {.capacity = 2});
      auto consumer = Consumer<Bytes>::attach(producer.segment().name());
      auto observer =
          Consumer<Bytes>::attach(producer.segment().name(), {.kind = ConsumerKind::observer});
      std::uint64_t seen = 0;
      const auto check = [&](std::span<const std::byte> event, Sequence sequence) {
        EXPECT_EQ(event.size(), size);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(event.data()) % align, 0U);
        EXPECT_TRUE(has_pattern(event, sequence.value())) << "size " << size;
        ++seen;
      };
      for (std::uint64_t i = 0; i < 6; ++i) {
        ASSERT_EQ(producer.try_publish([&](std::span<std::byte> event) {
          EXPECT_EQ(event.size(), size);
          write_pattern(event, i);
        }),
                  Publish::ok);
        observer.poll(check);
        consumer.poll(check);
      }
      EXPECT_EQ(seen, 12U) << "size " << size;
    }
  }
}

TEST(Event_sizes, Bytes_read_a_ring_of_any_type_and_write_one_of_known_type) {
  const std::string name = unique_ring_name();
  auto typed = Producer<StampedTick>::create(name);
  auto reader = Consumer<Bytes>::attach(name);
  typed.publish(StampedTick::of(3));
  int seen = 0;
  reader.poll([&](std::span<const std::byte> bytes) {
    StampedTick tick;
    ASSERT_EQ(bytes.size(), sizeof tick);
    std::memcpy(static_cast<void*>(&tick), bytes.data(), sizeof tick);
    EXPECT_EQ(tick.number, 3U);
    EXPECT_TRUE(tick.is_whole());
    ++seen;
  });
  EXPECT_EQ(seen, 1);
  typed.detach();

  auto successor = Producer<Bytes>::attach(name, EventType{});  // whatever it holds
  successor.publish([](std::span<std::byte> bytes) {
    const auto tick = StampedTick::of(4);
    std::memcpy(bytes.data(), &tick, sizeof tick);
  });
  auto late = Consumer<StampedTick>::attach(name);
  EXPECT_EQ(drain(late), (Numbers{3, 4}));
}

TEST(Event_sizes, Plain_numbers_and_enumerations_are_events) {
  enum class Side : std::uint8_t { buy, sell };
  const auto travels = []<class E>(E value) {
    auto producer = Producer<E>::create(unique_ring_name());
    auto consumer = Consumer<E>::attach(producer.segment().name());
    EXPECT_EQ(producer.publish(value), Publish::ok);
    EXPECT_EQ(consumer.try_next(), value);
  };
  travels(std::uint8_t{7});
  travels(-7);
  travels(2.5);
  travels(true);
  travels(Side::sell);
}

}  // namespace
}  // namespace disruptor_mp::test
