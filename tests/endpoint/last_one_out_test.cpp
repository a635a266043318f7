// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Whoever leaves a finished ring last takes its name away, however the leaving of two overlaps.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "disruptor_mp/disruptor_mp.hpp"
#include "disruptor_mp/endpoint/detail/consumer_core.hpp"
#include "support/ring_names.hpp"

namespace disruptor_mp {
namespace {

bool exists(const std::string& name) {
  return std::filesystem::exists(os::ObjectName::parse(name).path());
}

TEST(LastOneOut, Takes_the_name_away_when_the_ring_is_closed_while_a_consumer_is_leaving) {
  const std::string name = test::unique_ring_name();
  std::optional<Producer<std::uint64_t>> producer = Producer<std::uint64_t>::create(name);
  auto consumer =
      detail::ConsumerCore::attach(name, event_type_of<std::uint64_t>(), std::nullopt, {});

  // The consumer has asked whether the ring is finished (it is not) and has not let go of it yet.
  consumer->leave(false);
  producer.reset();
  consumer.reset();

  EXPECT_FALSE(exists(name));
}

TEST(LastOneOut, Leaves_a_ring_alone_that_was_not_closed) {
  const std::string name = test::unique_ring_name();
  std::optional<Producer<std::uint64_t>> producer = Producer<std::uint64_t>::create(name);
  {
    auto consumer = Consumer<std::uint64_t>::attach(name);
    producer->detach();
  }
  producer.reset();

  EXPECT_TRUE(exists(name));
  std::filesystem::remove(os::ObjectName::parse(name).path());
}

TEST(LastOneOut, Is_not_hindered_by_a_producer_who_only_came_to_the_door) {
  for (int round = 0; round < 200; ++round) {
    const std::string name = test::unique_ring_name();
    auto producer = Producer<std::uint64_t>::create(name);
    std::atomic<bool> is_over = false;
    std::thread intruder([&] {
      while (!is_over) {
        try {
          Producer<std::uint64_t>::attach(name).detach();
        } catch (const Error&) {
        }
      }
    });
    producer.close();
    producer.detach();
    is_over = true;
    intruder.join();
    ASSERT_FALSE(exists(name)) << "round " << round;
  }
}

}  // namespace
}  // namespace disruptor_mp
