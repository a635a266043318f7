// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/housekeeping.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "disruptor_mp/endpoint/consumer.hpp"
#include "disruptor_mp/endpoint/producer.hpp"
#include "disruptor_mp/os/portable_name.hpp"
#include "disruptor_mp/segment/hash.hpp"
#include "support/child.hpp"
#include "support/errors.hpp"
#include "support/ring_names.hpp"

namespace disruptor_mp {
namespace {

using test::contains;
using test::in_child;
using test::ring_prefix;
using test::TempFolder;
using test::unique_ring_name;

os::ObjectName parse(const std::string& name) { return os::ObjectName::parse(name); }

bool exists(const std::string& name) {
  return os::MemoryObject::open(parse(name), os::Access::read_only).has_value();
}

/// Runs in a process of its own, which then dies as if killed.
template <class Body>
void and_die(Body&& body) {
  ASSERT_EQ(in_child([&] {
              body();
              return std::string("done");
            }),
            "done");
}

/// Endpoints of a process that dies are never destroyed.
template <class Endpoint>
Endpoint& never_destroyed(Endpoint endpoint) {
  return *new Endpoint(std::move(endpoint));
}

void expect_kept(const std::string& name, const std::string& why, CleanOptions options = {}) {
  const CleanResult result = clean_ring(parse(name), options);
  EXPECT_FALSE(result.is_removed);
  EXPECT_EQ(result.name, name);
  EXPECT_TRUE(contains(result.reason, why)) << result.reason;
  EXPECT_TRUE(exists(name));
}

void expect_removed(const std::string& name, const std::string& why, CleanOptions options = {}) {
  options.dry_run = true;
  const CleanResult announced = clean_ring(parse(name), options);
  EXPECT_TRUE(announced.is_removed);
  EXPECT_TRUE(contains(announced.reason, why)) << announced.reason;
  EXPECT_TRUE(exists(name)) << "a dry run removes nothing";
  options.dry_run = false;
  const CleanResult result = clean_ring(parse(name), options);
  EXPECT_TRUE(result.is_removed);
  EXPECT_TRUE(contains(result.reason, why)) << result.reason;
  EXPECT_FALSE(exists(name));
}

constexpr CleanOptions forced{.dry_run = false, .force = true};

class Cleaning : public testing::TestWithParam<os::Backend> {
 protected:
  const std::string& ring() const { return ring_; }

 private:
  TempFolder folder_;
  std::string ring_ = GetParam() == os::Backend::shm ? unique_ring_name() : folder_.ring_name();
};

INSTANTIATE_TEST_SUITE_P(, Cleaning, testing::Values(os::Backend::shm, os::Backend::file),
                         [](const auto& info) {
                           return std::string(info.param == os::Backend::shm ? "Shm" : "File");
                         });

TEST_P(Cleaning, A_ring_whose_processes_were_all_killed_is_removed) {
  and_die([&] {
    auto& producer = never_destroyed(Producer<int>::create(ring()));
    never_destroyed(Consumer<int>::attach(ring(), {.id = "g"}));
    never_destroyed(Consumer<int>::attach(ring(), {.id = "r", .kind = ConsumerKind::required}));
    producer.publish(1);
  });
  expect_removed(ring(), "died, and nobody is attached");
}

TEST_P(Cleaning, A_ring_with_a_living_producer_is_kept_even_by_force) {
  auto producer = Producer<int>::create(ring());
  const std::string user = "producer (producer, pid " + std::to_string(getpid()) + ", alive)";
  expect_kept(ring(), "in use by " + user);
  expect_kept(ring(), user, forced);
  EXPECT_EQ(producer.publish(1), Publish::ok);
}

TEST_P(Cleaning, A_ring_of_a_dead_producer_is_kept_while_a_consumer_lives) {
  and_die([&] { never_destroyed(Producer<int>::create(ring())).publish(1); });
  {
    auto consumer = Consumer<int>::attach(ring(), {.id = "reader"});
    expect_kept(ring(), "in use by reader (gating", forced);
  }
  expect_removed(ring(), "died, and nobody is attached");
}

TEST_P(Cleaning, An_observer_keeps_a_ring) {
  and_die([&] { never_destroyed(Producer<int>::create(ring())).publish(1); });
  {
    auto observer = Consumer<int>::attach(ring(), {.kind = ConsumerKind::observer});
    expect_kept(ring(), "in use by an observer", forced);
  }
  expect_removed(ring(), "died");
}

TEST_P(Cleaning, A_ring_left_open_for_a_successor_is_kept_unless_forced) {
  Producer<int>::create(ring()).detach();
  expect_kept(ring(), "left it open for a successor");
  expect_removed(ring(), "left it open for a successor", forced);
}

TEST_P(Cleaning, A_closed_ring_whose_last_reader_was_killed_is_removed) {
  {
    auto producer = Producer<int>::create(ring());
    and_die([&] { never_destroyed(Consumer<int>::attach(ring(), {.id = "g"})); });
    producer.publish(1);
    // Somebody is attached when the producer leaves, so the ring stays.
    auto reader = std::make_unique<Consumer<int>>(
        Consumer<int>::attach(ring(), {.id = "r", .kind = ConsumerKind::required}));
    producer.close();
  }
  expect_kept(ring(), "closed, but r (required");
  and_die([&] {
    auto& reader = never_destroyed(Consumer<int>::attach(
        ring(), {.id = "r", .kind = ConsumerKind::required, .start = Start::resume}));
    reader.poll([](int) {});
  });
  expect_removed(ring(), "closed, and nobody is attached");
}

TEST_P(Cleaning, A_closed_ring_is_kept_for_the_required_consumer_that_has_not_read_it) {
  {
    auto producer = Producer<int>::create(ring());
    and_die([&] {
      never_destroyed(Consumer<int>::attach(ring(), {.id = "r", .kind = ConsumerKind::required}));
    });
    producer.publish(1);
    producer.publish(2);
  }
  expect_kept(ring(), "dead) has 2 events to read");
  expect_removed(ring(), "2 events to read", forced);
}

TEST_P(Cleaning, A_ring_of_a_dead_producer_is_kept_for_a_required_consumer_that_left_in_order) {
  and_die([&] {
    auto& producer = never_destroyed(Producer<int>::create(ring()));
    Consumer<int>::attach(ring(), {.id = "r", .kind = ConsumerKind::required});
    producer.publish(1);
  });
  expect_kept(ring(), "left) has 1 event to read");
  expect_removed(ring(), "1 event to read", forced);
}

TEST_P(Cleaning, What_is_not_there_is_not_found) {
  test::expect_error(Errc::not_found, {.object = ring(), .problem = "no ring"},
                     [&] { clean_ring(parse(ring()), {}); });
}

TEST_P(Cleaning, Something_else_is_kept_unless_forced) {
  std::ofstream(parse(ring()).path()) << "somebody's data";
  expect_kept(ring(), "this is not a ring");
  expect_removed(ring(), "this is not a ring", forced);
}

/// Overwrites a byte of the object.
void damage(const std::string& name, std::uint64_t offset) {
  std::fstream file(parse(name).path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put('\x7F');
}

TEST_P(Cleaning, A_damaged_ring_is_kept_unless_forced) {
  Producer<int>::create(ring()).detach();
  damage(ring(), offsetof(format::Header, shape));
  expect_kept(ring(), "checksum");
  expect_removed(ring(), "checksum", forced);
}

TEST_P(Cleaning, A_damaged_ring_that_somebody_uses_is_kept_even_by_force) {
  auto producer = Producer<int>::create(ring());
  damage(ring(), offsetof(format::Header, shape));
  expect_kept(ring(), "in use by somebody", forced);
  expect_kept(ring(), "in use by somebody", {.dry_run = true, .force = true});
  producer.close();
}

TEST_P(Cleaning, A_ring_made_before_the_last_start_of_the_machine_is_removed) {
  Producer<int>::create(ring()).detach();
  {
    std::fstream file(parse(ring()).path(), std::ios::in | std::ios::out | std::ios::binary);
    format::Header header;
    file.read(reinterpret_cast<char*>(&header), sizeof header);
    header.birth.boot[0] ^= 1U;
    header.checksum =
        fnv1a(std::as_bytes(std::span(&header, 1)).first(offsetof(format::Header, checksum)));
    file.seekp(0);
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
  }
  expect_removed(ring(), "made before the machine's last start");
}

TEST_P(Cleaning, Nobody_who_attaches_to_a_ring_that_is_kept_is_turned_away) {
  Producer<int>::create(ring()).detach();
  std::atomic<bool> enough = false;
  std::thread cleaner([&] {
    while (!enough) clean_ring(parse(ring()), {});
  });
  // Were the ring locked for the look, an attach without patience would fail now and then.
  EXPECT_NO_THROW({
    for (int i = 0; i < 300; ++i) Consumer<int>::attach(ring(), {.id = "c"});
  });
  enough = true;
  cleaner.join();
  clean_ring(parse(ring()), forced);
}

TEST(Housekeeping, Abandoned_temporaries_are_removed_and_those_of_the_living_are_kept) {
  TempFolder folder;
  const auto dead = folder.path() / ".dmp-making-dead";
  const auto living = folder.path() / ".dmp-making-living";
  std::ofstream(dead) << "x";
  std::ofstream(living) << "x";
  const int fd = open(living.c_str(), O_RDWR | O_CLOEXEC);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_len = 1;
  ASSERT_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);

  const auto announced = clean_temporaries(folder.path(), {.dry_run = true});
  ASSERT_EQ(announced.size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(dead));
  const auto removed = clean_temporaries(folder.path(), {});
  ASSERT_EQ(removed.size(), 1U);
  EXPECT_EQ(removed.front().name, "file:" + dead.string());
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::exists(living));
  close(fd);
}

TEST(Housekeeping, A_list_tells_each_ring_in_order_of_names) {
  const std::string name = ring_prefix() + "list-";
  auto a = Producer<int>::create(name + "a", {.capacity = 8});
  auto b = Producer<double>::create(name + "b");
  auto gating = Consumer<int>::attach(name + "a", {.id = "g"});
  {
    auto required = Consumer<int>::attach(name + "a", {.id = "r", .kind = ConsumerKind::required});
  }
  auto observer = Consumer<int>::attach(name + "a", {.kind = ConsumerKind::observer});
  for (int i = 0; i < 3; ++i) a.publish(i);
  b.close();

  const RingList list = list_rings(name);
  EXPECT_TRUE(list.unreadable.empty());
  ASSERT_EQ(list.rings.size(), 2U);
  const RingSummary& first = list.rings[0];
  EXPECT_EQ(first.name, "shm:" + name + "a");
  EXPECT_EQ(first.type_name, "i32");
  EXPECT_EQ(first.event_size, 4U);
  EXPECT_EQ(first.capacity, 8U);
  EXPECT_EQ(first.position.published, Sequence(3));
  EXPECT_EQ(first.state, StreamState::alive);
  EXPECT_EQ(first.consumers_present, 1U) << "an observer leaves no trace";
  EXPECT_EQ(first.consumers_away, 1U);
  EXPECT_EQ(list.rings[1].name, "shm:" + name + "b");
  EXPECT_EQ(list.rings[1].state, StreamState::closed);

  Consumer<int>::attach(name + "a", {.id = "r"}).resign();
}

TEST(Housekeeping, A_ring_in_full_names_its_participants_or_those_of_a_prefix) {
  const std::string name = unique_ring_name();
  auto producer = Producer<int>::create(name, {.capacity = 8});
  auto risk1 = Consumer<int>::attach(name, {.id = "risk-1"});
  auto audit = Consumer<int>::attach(name, {.id = "audit", .kind = ConsumerKind::required});
  auto risk2 = Consumer<int>::attach(name, {.id = "risk-2"});
  auto observer = Consumer<int>::attach(name, {.id = "risk-3", .kind = ConsumerKind::observer});
  for (int i = 0; i < 3; ++i) producer.publish(i);
  audit.poll([](int) {});

  const auto ids_of = [&](std::string_view prefix) {
    std::string ids;
    for (const Participant& participant : inspect_ring(name, prefix).participants)
      ids += participant.id + " ";
    return ids;
  };
  EXPECT_EQ(ids_of(""), "producer risk-1 audit risk-2 ");
  EXPECT_EQ(ids_of("risk-"), "risk-1 risk-2 ") << "an observer leaves no trace";
  EXPECT_EQ(ids_of("nobody"), "");

  const RingDetails details = inspect_ring(name);
  EXPECT_EQ(details.ring.name, name);
  EXPECT_EQ(details.ring.consumers_present, 3U) << "whatever the prefix, all are counted";
  const Sequence published = details.ring.position.published;
  EXPECT_EQ(lag(details.participants[0], published), std::nullopt) << "a producer does not read";
  EXPECT_EQ(lag(details.participants[1], published), 3U);
  EXPECT_EQ(lag(details.participants[2], published), 0U);
  audit.resign();
}

TEST(Housekeeping, A_ring_in_full_that_is_not_there_is_not_found) {
  test::expect_error(Errc::not_found, {.object = "nowhere", .remedy = "dmp ls"},
                     [] { (void)inspect_ring("nowhere"); });
}

TEST(Housekeeping, Rings_with_generated_names_are_found_by_their_prefix) {
  // Six letters and digits of the prefix are in the name: some that no other process takes.
  const std::string prefix = os::portable_name("").substr(1, 6);
  auto a = Producer<int>::create(os::portable_name(prefix));
  auto b = Producer<int>::create(os::portable_name(prefix));
  EXPECT_EQ(list_rings(prefix).rings.size(), 2U);
}

TEST(Housekeeping, A_list_names_what_cannot_be_read_and_why) {
  TempFolder folder;
  std::ofstream(folder.path() / "foreign") << "somebody's data";
  std::ofstream(folder.path() / "short") << "DMP-RING";
  std::filesystem::create_directory(folder.path() / "directory");
  auto ring = Producer<int>::create(folder.ring_name("ring"));

  const RingList list = list_ring_files(folder.path());
  ASSERT_EQ(list.rings.size(), 1U);
  EXPECT_EQ(list.rings[0].name, folder.ring_name("ring"));
  ASSERT_EQ(list.unreadable.size(), 2U);
  EXPECT_EQ(list.unreadable[0].name, folder.ring_name("foreign"));
  EXPECT_EQ(list.unreadable[0].error.code(), Errc::not_a_ring);
  EXPECT_EQ(list.unreadable[1].name, folder.ring_name("short"));
  EXPECT_EQ(list.unreadable[1].error.code(), Errc::truncated);
}

TEST(Housekeeping, A_directory_that_is_not_there_is_an_error) {
  TempFolder folder;
  test::expect_error(Errc::not_found,
                     {.object = "nowhere", .problem = "cannot be listed", .found = "No such file"},
                     [&] { (void)list_ring_files(folder.path() / "nowhere"); });
}

TEST(Housekeeping, The_state_tells_dead_left_and_alive) {
  const std::string ring = unique_ring_name();
  const auto state = [&] {
    const auto segment = Segment::try_attach(parse(ring), SegmentRole::inspector, EventType{});
    return summarize(*segment).state;
  };
  and_die([&] { never_destroyed(Producer<int>::create(ring)).publish(1); });
  EXPECT_EQ(state(), StreamState::dead);
  {
    auto producer = Producer<int>::attach(ring);
    EXPECT_EQ(state(), StreamState::alive);
    producer.detach();
  }
  EXPECT_EQ(state(), StreamState::left);
  clean_ring(parse(ring), forced);
}

}  // namespace
}  // namespace disruptor_mp
