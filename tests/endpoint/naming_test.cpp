// SPDX-License-Identifier: MIT OR Apache-2.0
//
// When the name of a ring comes and goes: create, create_or_attach, and the last one out.
#include <filesystem>
#include <optional>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

enum class Place : std::uint8_t { shm, file };

/// Everything about names holds for both back-ends.
class Naming : public testing::TestWithParam<Place> {
 protected:
  using E = StampedTick;

  [[nodiscard]] bool exists() const {
    return std::filesystem::exists(os::ObjectName::parse(name).path());
  }
  Producer<E> create(ProducerOptions options = {}) { return Producer<E>::create(name, options); }
  Producer<E> create_or_attach(ProducerOptions options = {}) {
    return Producer<E>::create_or_attach(name, options);
  }
  Consumer<E> attach(ConsumerOptions options = {}) { return Consumer<E>::attach(name, options); }

  TempFolder folder;
  std::string name = GetParam() == Place::shm ? unique_ring_name() : folder.ring_name();
};
INSTANTIATE_TEST_SUITE_P(, Naming, testing::Values(Place::shm, Place::file), [](const auto& place) {
  return place.param == Place::shm ? "Shm" : "File";
});

TEST_P(Naming, A_ring_has_its_name_from_creation_until_all_have_left_a_closed_one) {
  EXPECT_FALSE(exists());
  std::optional<Producer<E>> producer = create();
  EXPECT_TRUE(exists());
  std::optional<Consumer<E>> consumer = attach();
  std::optional<Consumer<E>> observer = attach({.kind = ConsumerKind::observer});
  producer->close();
  EXPECT_TRUE(exists());
  consumer.reset();
  EXPECT_TRUE(exists());
  producer.reset();
  EXPECT_TRUE(exists());  // the observer is still there
  observer.reset();
  EXPECT_FALSE(exists());
}

TEST_P(Naming, A_ring_that_was_not_closed_waits_for_a_successor) {
  {
    auto producer = create();
    auto consumer = attach();
    publish_numbers(producer, 3);
    producer.detach();
  }
  EXPECT_TRUE(exists());
  {
    auto successor = create_or_attach();
    EXPECT_TRUE(successor.took_over());
    EXPECT_EQ(successor.next_sequence(), Sequence(3));
  }
  EXPECT_FALSE(exists());
}

TEST_P(Naming, A_ring_with_unread_events_for_a_required_consumer_stays) {
  {
    auto producer = create();
    { auto consumer = attach({.id = "journal", .kind = ConsumerKind::required}); }
    publish_numbers(producer, 3);
  }
  EXPECT_TRUE(exists());
  expect_error(Errc::closed, {.object = name, .found = "3"}, [&] { create_or_attach(); });
  {
    auto consumer =
        attach({.id = "journal", .kind = ConsumerKind::required, .start = Start::resume});
    Poll end = Poll::idle;
    EXPECT_EQ(drain(consumer, &end), numbers(0, 3));
    EXPECT_EQ(end, Poll::closed);
  }
  EXPECT_FALSE(exists());
}

TEST_P(Naming, A_required_consumer_that_resigns_frees_the_name) {
  std::optional<Producer<E>> producer = create();
  auto consumer = attach({.id = "journal", .kind = ConsumerKind::required});
  publish_numbers(*producer, 3);
  producer.reset();
  EXPECT_TRUE(exists());
  consumer.resign();
  EXPECT_FALSE(exists());
}

TEST_P(Naming, Create_refuses_a_name_that_is_taken) {
  auto producer = create();
  expect_error(Errc::already_exists,
               {.object = name, .found = name.substr(name.find(':') + 1), .remedy = "dmp clean"},
               [&] { create(); });
  publish_numbers(producer, 1);  // nothing happened to the first
  auto consumer = attach();
  EXPECT_EQ(drain(consumer), Numbers{0});
}

TEST_P(Naming, Create_or_attach_makes_a_ring_if_there_is_none) {
  // Far more patience than any test has: it must not wait for a ring to appear.
  auto producer = create_or_attach({.capacity = 32, .timeout = 24h});
  EXPECT_FALSE(producer.took_over());
  EXPECT_EQ(producer.capacity(), 32U);
}

TEST_P(Naming, Create_or_attach_takes_over_from_one_that_left) {
  {
    auto producer = create({.capacity = 8});
    publish_numbers(producer, 2);
    producer.detach();
  }
  auto producer = create_or_attach({.capacity = 32});
  EXPECT_TRUE(producer.took_over());
  EXPECT_EQ(producer.predecessor(), ProducerPresence::left);
  EXPECT_EQ(producer.next_sequence(), Sequence(2));
  EXPECT_EQ(producer.capacity(), 8U);  // the ring's own
}

TEST_P(Naming, Create_or_attach_takes_over_from_one_that_died) {
  in_child([&] {
    auto producer = create({.capacity = 8});
    publish_numbers(producer, 2);
    die();
  });
  auto producer = create_or_attach();
  EXPECT_EQ(producer.predecessor(), ProducerPresence::dead);
  EXPECT_EQ(producer.next_sequence(), Sequence(2));
}

TEST_P(Naming, Create_or_attach_refuses_a_ring_whose_producer_lives) {
  auto producer = create({.id = "incumbent"});
  expect_error(Errc::producer_alive,
               {.object = name, .found = "incumbent (producer, pid " + std::to_string(getpid())},
               [&] { create_or_attach(); });
}

TEST_P(Naming, Create_or_attach_waits_for_the_producer_to_leave) {
  std::optional<Producer<E>> first = create();
  std::jthread leaver([&] { first->detach(); });
  auto producer = create_or_attach({.timeout = 24h});
  EXPECT_TRUE(producer.took_over());
}

TEST_P(Naming, Create_or_attach_replaces_a_closed_ring_that_nobody_uses) {
  in_child([&] {
    auto producer = create({.capacity = 8});
    publish_numbers(producer, 2);
    producer.close();
    die();  // before it could remove the name
  });
  EXPECT_TRUE(exists());
  auto producer = create_or_attach({.capacity = 32});
  EXPECT_FALSE(producer.took_over());
  EXPECT_EQ(producer.next_sequence(), Sequence(0));
  EXPECT_EQ(producer.capacity(), 32U);
}

TEST_P(Naming, Create_or_attach_leaves_a_closed_ring_to_those_who_read_it) {
  std::optional<Producer<E>> closed = create();
  auto reader = attach();
  publish_numbers(*closed, 2);
  closed.reset();
  expect_error(Errc::closed, {.object = name, .found = "2", .expected = "an open ring"},
               [&] { create_or_attach(); });
  EXPECT_EQ(drain(reader), numbers(0, 2));
}

TEST_P(Naming, Create_or_attach_waits_for_the_readers_of_a_closed_ring) {
  std::optional<Producer<E>> closed = create();
  std::optional<Consumer<E>> reader = attach();
  publish_numbers(*closed, 2);
  closed.reset();
  std::jthread last_one_out([&] {
    drain(*reader);
    reader.reset();
  });
  auto producer = create_or_attach({.timeout = 24h});
  EXPECT_FALSE(producer.took_over());
  EXPECT_EQ(producer.next_sequence(), Sequence(0));
}

TEST_P(Naming, Attach_refuses_a_closed_ring) {
  auto first = create();
  publish_numbers(first, 2);
  first.close();
  expect_error(Errc::producer_alive, {.object = name}, [&] { Producer<E>::attach(name); });
  auto reader = attach();
  { const auto gone = std::move(first); }
  expect_error(Errc::closed, {.object = name, .found = "2"}, [&] { Producer<E>::attach(name); });
}

TEST_P(Naming, A_ring_of_another_type_is_not_taken_over_and_not_replaced) {
  { create().detach(); }
  expect_error(Errc::event_type_mismatch, {.object = name},
               [&] { Producer<PackedTick>::create_or_attach(name); });
  EXPECT_TRUE(exists());
  create_or_attach();
}

TEST_P(Naming, Racing_creators_make_one_ring) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> created{0};
    std::atomic<int> refused{0};
    {
      std::vector<std::optional<Producer<E>>> producers(4);
      {
        std::vector<std::jthread> threads;
        for (auto& mine : producers) {
          threads.emplace_back([&] {
            try {
              mine.emplace(create_or_attach());
              ++created;
            } catch (const Error& error) {
              EXPECT_EQ(error.code(), Errc::producer_alive) << error.what();
              ++refused;
            }
          });
        }
      }
      EXPECT_EQ(created, 1);
      EXPECT_EQ(refused, 3);
    }
    EXPECT_FALSE(exists());
  }
}

TEST(Names, Nothing_but_the_ring_itself_is_ever_in_its_folder) {
  const TempFolder folder;
  {
    auto producer = Producer<StampedTick>::create(folder.ring_name());
    auto consumer = Consumer<StampedTick>::attach(folder.ring_name());
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  }
  EXPECT_TRUE(folder.is_empty());
}

TEST(Names, A_file_ring_means_the_same_object_after_a_change_of_folder) {
  const TempFolder folder;
  EXPECT_EQ(in_child([&] {
              std::filesystem::current_path(folder.path());
              auto producer = Producer<StampedTick>::create("file:relative");
              std::filesystem::current_path("/");
              publish_numbers(producer, 1);
              auto consumer = Consumer<StampedTick>::attach(folder.ring_name("relative"));
              std::string text = std::to_string(drain(consumer).size());
              { const auto gone = std::move(consumer); }
              { const auto gone = std::move(producer); }
              return text + (folder.is_empty() ? " and empty" : " and not empty");
            }),
            "1 and empty");
}

}  // namespace
}  // namespace disruptor_mp::test
