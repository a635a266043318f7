// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A few errors in full, as a user reads them. Change the texts freely, but look at them as a whole.
#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

using E = StampedTick;

/// The message, with what differs from run to run put back to a placeholder.
template <class Call>
std::string message(const std::string& name, Call&& call) {
  std::string text = error_of(call).what();
  const auto replace = [&](const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
      text.replace(at, what.size(), by);
  };
  if (!name.empty()) replace(name, "shm:quotes");
  if (!name.empty()) replace(shm_path(name), "/dev/shm/quotes");
  replace(std::to_string(getpid()), "PID");
  return text;
}

TEST(Message, For_a_ring_that_is_not_there) {
  const std::string name = unique_ring_name();
  EXPECT_EQ(message(name, [&] { Consumer<E>::attach(name); }),
            "shm:quotes: there is no ring of this name; found nothing at /dev/shm/quotes; expected "
            "a ring. Start its producer, check the name with `dmp ls`, or attach with a longer "
            "timeout.");
}

TEST(Message, For_a_name_that_is_taken) {
  const std::string name = unique_ring_name();
  auto producer = Producer<E>::create(name);
  EXPECT_EQ(message(name, [&] { Producer<E>::create(name); }),
            "shm:quotes: there is already an object of this name; found /dev/shm/quotes; expected "
            "no such name. Use create_or_attach or attach to go on with it, `dmp clean` if its "
            "processes are dead, or another name.");
}

TEST(Message, For_a_capacity_that_is_no_power_of_two) {
  const std::string name = unique_ring_name();
  EXPECT_EQ(message(name, [&] { Producer<E>::create(name, {.capacity = 1000}); }),
            "shm:quotes: the capacity is not a power of two; found 1000; expected 512 or 1024. "
            "Choose one of these.");
}

TEST(Message, For_a_second_producer) {
  const std::string name = unique_ring_name();
  auto producer = Producer<E>::create(name, {.id = "gateway"});
  EXPECT_EQ(message(name, [&] { Producer<E>::attach(name); }),
            "shm:quotes: the ring has a producer already; found gateway (producer, pid PID, "
            "alive); expected none, or a dead one. Stop that process, or attach with a timeout to "
            "wait for its end.");
}

TEST(Message, For_an_id_that_is_alive) {
  const std::string name = unique_ring_name();
  auto producer = Producer<E>::create(name);
  auto consumer = Consumer<E>::attach(name, {.id = "risk"});
  EXPECT_EQ(message(name, [&] { Consumer<E>::attach(name, {.id = "risk"}); }),
            "shm:quotes: the id 'risk' is in use; found risk (gating, pid PID, alive); expected "
            "nobody alive with this id. Use another id, stop that process, or attach with a "
            "timeout.");
}

TEST(Message, For_events_of_another_size) {
  const std::string name = unique_ring_name();
  auto producer = Producer<std::uint64_t>::create(name);
  EXPECT_EQ(message(name, [&] { Consumer<std::uint32_t>::attach(name); }),
            "shm:quotes: the ring's events have another size; found 8 bytes ('u64'); expected 4 "
            "bytes ('u32'). Build both sides with the same event type, or use another ring name.");
}

TEST(Message, For_consumers_that_did_not_come) {
  const std::string name = unique_ring_name();
  auto producer = Producer<E>::create(name);
  auto consumer = Consumer<E>::attach(name, {.id = "risk"});
  EXPECT_EQ(message(name,
                    [&] {
                      producer.wait_for_consumers({"risk", "journal"}, 0s);
                    }),
            "shm:quotes: these consumers did not arrive in time: journal; found risk (gating, pid "
            "PID, alive); expected all of the awaited ids, alive. Start the missing ones, check "
            "their ids, or wait longer.");
}

TEST(Message, For_a_closed_ring) {
  const std::string name = unique_ring_name();
  auto consumer = [&] {
    auto producer = Producer<E>::create(name);
    publish_numbers(producer, 3);
    return Consumer<E>::attach(name);
  }();
  EXPECT_EQ(message(name, [&] { Producer<E>::attach(name); }),
            "shm:quotes: the ring was closed; found an end of stream at 3; expected an open ring. "
            "Make a new ring; this one goes away when its readers have left.");
}

TEST(Message, For_a_name_with_a_slash) {
  EXPECT_EQ(message("", [&] { Producer<E>::create("quotes/eur"); }),
            "ring name 'quotes/eur': a shared-memory name may not contain a slash; found '/'; "
            "expected one path component. Use shm:NAME (or just NAME), file:PATH, memfd:LABEL or "
            "fd:NUMBER.");
}

}  // namespace
}  // namespace disruptor_mp::test
