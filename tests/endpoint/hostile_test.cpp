// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Somebody who may write the ring writes nonsense into it. Others may stop or see wrong events, but
// they never crash, never touch anything outside the ring and never wait beyond their deadline.
#include <random>

#include "disruptor_mp/ring/shared_tail.hpp"
#include "endpoint/drain.hpp"
#include "segment/image.hpp"
#include "support/sanitizers.hpp"

namespace disruptor_mp::test {
namespace {

/// Looks at everything there is in a ring, and touches every byte it is given.
void use_all(const std::string& name) {
  const auto touch = [](std::span<const std::byte> event) {
    for (const std::byte& byte : event) asm volatile("" ::"r"(byte));
  };
  const auto past = std::chrono::steady_clock::now() - 1s;
  for (const auto kind : {ConsumerKind::observer, ConsumerKind::gating, ConsumerKind::required}) {
    for (const auto start : {Start::oldest, Start::latest}) {
      try {
        auto consumer =
            Consumer<Bytes>::attach(name, {.id = "touching", .kind = kind, .start = start});
        for (int i = 0; i < 3; ++i) consumer.poll(touch);
        consumer.poll_until(past, touch);
        (void)list_participants(consumer.segment());
        (void)stream_position(consumer.segment());
        (void)is_finished(consumer.segment());
        consumer.resign();
      } catch (const Error&) {
      }
    }
  }
  try {
    auto producer = Producer<Bytes>::attach(name, EventType{});
    for (int i = 0; i < 10; ++i)
      (void)producer.try_publish([](std::span<std::byte> event) { event.front() = std::byte{1}; });
    (void)producer.participants();
    (void)producer.slowest_consumer();
    producer.detach();
  } catch (const Error&) {
  }
}

/// A sanitizer needs the code's ways, not each bit.
constexpr unsigned bit_step = under_asan || under_tsan ? 5 : 1;

TEST(Hostile_header, Any_bit_flipped_with_a_right_checksum_is_refused_or_harmless) {
  Image image;
  const format::Header original = image.header();
  // Shape, sections and birth; what follows is text.
  for (std::size_t at = offsetof(format::Header, shape); at < offsetof(format::Header, type_name);
       ++at) {
    for (unsigned bit = at % bit_step; bit < 8; bit += bit_step) {
      image.forge([&](format::Header& header) {
        std::memcpy(static_cast<void*>(&header), &original, sizeof header);
        reinterpret_cast<unsigned char*>(&header)[at] ^= static_cast<unsigned char>(1U << bit);
      });
      use_all(image.name());
      if (!std::filesystem::exists(image.path())) return;  // closed and removed: as good as refused
    }
  }
}

enum class Ring : std::uint8_t { packed, stamped, several };

/// All words that change in a living ring, one after another.
class Hostile_words : public testing::TestWithParam<Ring> {
 protected:
  [[nodiscard]] std::vector<std::uint64_t> offsets() const {
    const format::Sections& sections = victim.header().sections;
    std::vector<std::uint64_t> all;
    for (std::uint64_t at = sections.bells.offset; at < sections.bells.offset + 256; at += 64)
      all.push_back(at);
    for (const std::uint64_t field : {0, 128, 256, 264, 272, 280, 384})
      all.push_back(sections.control.offset + field);
    for (std::uint64_t row = 0; row < 3; ++row) {
      for (const std::uint64_t field : {0, 8, 16, 24, 32, 40, 48, 128, 256, 264, 272, 280})
        all.push_back(sections.rows.offset + row * sizeof(format::Row) + field);
    }
    for (std::uint64_t at = 0; at < sections.slots.size; at += 8)
      all.push_back(sections.slots.offset + at);
    return all;
  }
  std::atomic<std::uint64_t>& word(std::uint64_t offset) const {
    return *reinterpret_cast<std::atomic<std::uint64_t>*>(victim.object().data() + offset);
  }
  void TearDown() override { victim.object().remove_name(); }

  static Segment create(const std::string& name) {
    format::Shape shape = small_shape();
    shape.slot_layout =
        GetParam() == Ring::packed ? format::SlotLayout::packed : format::SlotLayout::stamped;
    if (GetParam() == Ring::several) shape.producer_kind = format::ProducerKind::multi;
    shape.first_sequence = 7;
    shape.rows = 3;
    auto segment = Segment::create(os::ObjectName::parse(name), small_event(), shape, {});
    EXPECT_TRUE(segment.publish_name());
    return segment;
  }

  std::string name = unique_ring_name();
  Segment victim = create(name);
};
INSTANTIATE_TEST_SUITE_P(, Hostile_words,
                         testing::Values(Ring::packed, Ring::stamped, Ring::several),
                         [](const auto& ring) {
                           if (ring.param == Ring::several) return "Several";
                           return ring.param == Ring::packed ? "Packed" : "Stamped";
                         });

TEST_P(Hostile_words, Each_alone_harms_nobody_who_comes_later) {
  std::mt19937_64 random(1);
  for (const std::uint64_t offset : offsets()) {
    for (const std::uint64_t nonsense :
         {~std::uint64_t{0}, std::uint64_t{1} << 63U, std::uint64_t{1}, random()}) {
      std::atomic<std::uint64_t>& target = word(offset);
      const std::uint64_t before = target.exchange(nonsense);
      use_all(name);
      target = before;
      ASSERT_TRUE(victim.object().is_named());
    }
  }
}

TEST_P(Hostile_words, All_at_random_harm_nobody_who_is_there) {
  std::mt19937_64 random(2);
  const auto all = offsets();
  auto producer = Producer<Bytes>::attach(name, EventType{});
  auto gating = Consumer<Bytes>::attach(name);
  auto observer = Consumer<Bytes>::attach(name, {.kind = ConsumerKind::observer});
  const auto past = std::chrono::steady_clock::now() - 1s;
  const auto touch = [](std::span<const std::byte> event) { ASSERT_EQ(event.size(), 16U); };
  for (int step = 0; step < 3000; ++step) {
    word(all[random() % all.size()]) = step % 3 == 0 ? random() : random() % 20;
    switch (random() % 6) {
      case 0:
        (void)producer.try_publish([](std::span<std::byte> event) { event.back() = {}; });
        break;
      case 1:
        (void)producer.claim_until(past, 1 + random() % 4);
        break;
      case 2:
        gating.poll(touch);
        break;
      case 3:
        gating.poll_until(past, touch);
        break;
      case 4:
        observer.poll(touch);
        break;
      default:
        (void)producer.participants();
    }
  }
}

// --- What the fuzzers found (tests/fuzz)

class Hostile_tail : public testing::Test {
 protected:
  static constexpr std::uint64_t capacity = 4;
  static Producer<Bytes> create() {
    ProducerOptions options;
    options.producers = ProducerKind::multi;
    options.capacity = capacity;
    options.max_participants = 4;
    options.first_sequence = first;
    options.required_patience = Duration::zero();
    return Producer<Bytes>::create(unique_ring_name(), small_event(), options);
  }
  static Publish try_one(Producer<Bytes>& producer) {
    return producer.try_publish([](std::span<std::byte> event) { event.back() = {}; });
  }
  static constexpr std::uint64_t first = 100;
};

TEST_F(Hostile_tail, Before_the_first_sequence_does_not_confuse_the_gate) {
  auto producer = create();
  auto consumer = Consumer<Bytes>::attach(producer.segment().name());
  producer.segment().control().tail = 2;  // not even a ring's length from 0
  for (std::uint64_t i = 0; i < 3 * capacity; ++i) (void)try_one(producer);
  consumer.poll([](auto) {});
}

TEST_F(Hostile_tail, Owned_by_nobody_is_no_room_and_not_a_loop) {
  auto producer = create();
  ASSERT_EQ(try_one(producer), Publish::ok);
  const std::uint64_t in_no_row = TailWord::bias_of(format::max_rows - 1, 1);
  const std::uint64_t of_another_time = TailWord::bias_of(0, 7);
  for (const auto mode : {TailWord::Mode::biased, TailWord::Mode::revoking}) {
    for (const std::uint64_t owner : {in_no_row, of_another_time}) {
      // Of an earlier bias than the row's latest, so that nobody settles it any more.
      producer.segment().row(0).bias_end = TailWord::unsettled_flag | 9;
      producer.segment().control().tail = TailWord{.mode = mode, .value = owner}.pack();
      EXPECT_EQ(try_one(producer), Publish::full);
      const auto fill = [](std::span<std::byte> event) { event.back() = {}; };
      EXPECT_EQ(producer.publish_until(std::chrono::steady_clock::now() + 5ms, fill),
                Publish::timed_out);
    }
  }
  producer.segment().control().tail = first + 1;
  EXPECT_EQ(try_one(producer), Publish::ok);
}

TEST_F(Hostile_tail, A_dead_claim_of_all_there_will_ever_be_does_not_outlast_a_deadline) {
  auto producer = create();
  auto consumer = Consumer<Bytes>::attach(producer.segment().name());
  constexpr std::uint64_t far = std::uint64_t{1} << 59U;
  format::Row& unused = producer.segment().row(3);
  unused.claim_first = 0;
  unused.claim_end = far;
  producer.segment().control().tail = far;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(consumer.poll_until(start + 20ms, [](auto) {}).outcome, Poll::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

}  // namespace
}  // namespace disruptor_mp::test
