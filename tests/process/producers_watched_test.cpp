// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a consumer is told about producers in other processes: alive, stopped, dead, left, closed.
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/local.hpp"
#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;
using States = std::vector<StreamState>;

TimePoint soon() { return std::chrono::steady_clock::now() + 20ms; }

class WatchedProducers : public ProcessTestWithSetting {
 protected:
  Peer producer(const std::string& steps, std::uint64_t incarnation = 1) {
    const bool is_multi = setting_.producers == ProducerKind::multi;
    PeerSpec wanted = spec("gateway", steps,
                           std::string("--kind=producer") + (is_multi ? " --producers=multi" : ""));
    wanted.incarnation = incarnation;
    Peer peer = start(wanted);
    peer.expect("attached");
    return peer;
  }
  ConsumerOptions options() {
    return {.producer_hook = [this](StreamState state) { told_.push_back(state); }};
  }
  States told_;
};

TEST_P(WatchedProducers, A_consumer_is_told_of_each_change_once) {
  Peer first = producer("create publish:5 sleep");
  LocalConsumer reader(scratch(), "reader", 1, options());
  ASSERT_EQ(reader.read_to(5), Poll::events);
  EXPECT_EQ(reader->producer_state(), StreamState::alive);
  EXPECT_EQ(reader->poll_until(soon(), [](auto) {}).outcome, Poll::timed_out);
  EXPECT_EQ(told_, States{});

  first.stop();
  EXPECT_EQ(reader->poll_until(soon(), [](auto) {}).outcome, Poll::timed_out);
  EXPECT_EQ(reader->producer_state(), StreamState::stopped);
  EXPECT_EQ(told_, States{StreamState::stopped});
  first.resume();
  EXPECT_EQ(reader->poll_until(soon(), [](auto) {}).outcome, Poll::timed_out);
  EXPECT_EQ(told_, (States{StreamState::stopped, StreamState::alive}));

  first.kill();
  told_.clear();
  EXPECT_EQ(reader.drain(), Poll::producer_dead);
  EXPECT_EQ(reader->producer_state(), StreamState::dead);
  EXPECT_EQ(reader.drain(), Poll::producer_dead);
  EXPECT_EQ(told_, States{StreamState::dead});

  Peer second = producer("attach await publish:3 close", 2);  // the successor clears it
  EXPECT_EQ(reader->poll_until(soon(), [](auto) {}).outcome, Poll::timed_out);
  EXPECT_EQ(told_, (States{StreamState::dead, StreamState::alive}));
  second.tell();
  EXPECT_EQ(reader.drain(), Poll::closed);
  EXPECT_EQ(told_, (States{StreamState::dead, StreamState::alive, StreamState::closed}));
  EXPECT_EQ(reader->producer_state(), StreamState::closed);
  second.wait_success();
  expect_no_violation();
}

TEST_P(WatchedProducers, A_hook_that_throws_harms_nothing) {
  Peer gateway = producer("create publish:5 sleep");
  ConsumerOptions options;
  options.producer_hook = [](StreamState) { throw std::runtime_error("a bad hook"); };
  LocalConsumer reader(scratch(), "reader", 1, options);
  ASSERT_EQ(reader.read_to(5), Poll::events);
  gateway.kill();
  EXPECT_EQ(reader.drain(), Poll::producer_dead);
  EXPECT_EQ(reader.next(), 5U);
}

TEST_P(WatchedProducers, A_consumer_waits_for_a_successor_and_not_longer_than_it_wants_to) {
  Peer first = producer("create publish:5 sleep");
  LocalConsumer reader(scratch(), "reader", 1);
  reader->wait_for_producer(0s);
  first.kill();
  try {
    reader->wait_for_producer(5ms);
    FAIL() << "it is dead";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::producer_gone);
    EXPECT_TRUE(error.found().ends_with("dead")) << error.what();
  }
  Peer second = producer("attach sleep", 2);
  reader->wait_for_producer(hang_time);
  second.kill();
  Peer third = producer("attach close", 3);
  third.wait_success();
  try {
    reader->wait_for_producer(hang_time);
    FAIL() << "the stream has ended";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::closed);
  }
}

INSTANTIATE_TEST_SUITE_P(Rings, WatchedProducers, testing::ValuesIn(one_and_several),
                         SettingName());

// --- Starting topologies

class Topology : public ProcessTest {
 protected:
  static RingMembers members(const std::string& ring) {
    return {.ring = ring, .producers = {"driver"}, .consumers = {"worker.0", "worker.1"}};
  }
  Peer worker(const std::string& id, std::uint64_t incarnation = 1) {
    PeerSpec wanted = spec(id, "join sleep", "--kind=gating --start=resume");
    wanted.incarnation = incarnation;
    Peer peer = start(wanted);
    peer.expect("attached");
    return peer;
  }
};

TEST_F(Topology, A_failure_names_for_each_ring_who_is_missing_and_who_is_there) {
  Peer driver = start(spec("driver", "create sleep", "--kind=producer"));
  driver.expect("attached");
  Peer first = worker("worker.0");
  try {
    wait_for_topology(
        {members(ring()), {.ring = ring() + "-answers", .producers = {"w"}, .consumers = {}}}, 5ms);
    FAIL() << "it is not complete";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::consumers_missing);
    EXPECT_NE(error.problem().find("worker.1 (consumer); "), std::string::npos) << error.what();
    EXPECT_NE(error.problem().find("-answers: w (producer)"), std::string::npos) << error.what();
    EXPECT_EQ(error.problem().find("worker.0"), std::string::npos) << error.what();
    EXPECT_NE(error.found().find("worker.0 (gating"), std::string::npos) << error.what();
    EXPECT_NE(error.found().find("no such ring"), std::string::npos) << error.what();
  }
}

TEST_F(Topology, Members_may_die_and_come_back_while_it_forms) {
  std::atomic<bool> is_formed = false;
  std::jthread waiter([&] {
    wait_for_topology({members(ring())}, hang_time);
    is_formed = true;
  });
  Peer driver = start(spec("driver", "create sleep", "--kind=producer"));
  driver.expect("attached");
  Peer first = worker("worker.0");
  first.kill();
  Peer second = worker("worker.1");
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(is_formed) << "one of them is dead";
  driver.kill();
  first = worker("worker.0", 2);
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(is_formed) << "the driver is dead";
  PeerSpec successor = spec("driver", "attach sleep", "--kind=producer");
  successor.incarnation = 2;
  driver = start(successor);
  driver.expect("attached");
  waiter.join();
  EXPECT_TRUE(is_formed);
}

TEST_F(Topology, All_its_members_wait_for_each_other_over_all_its_rings_whoever_is_restarted) {
  const auto member = [&](const std::string& id, std::uint64_t incarnation) {
    PeerSpec wanted = spec(
        id, "form:2", "--kind=required --start=resume --timeout-ms=30000 --successor-ms=30000");
    wanted.incarnation = incarnation;
    return start(wanted);
  };
  const std::vector<std::string> rings = {ring(), ring() + "-answers.0", ring() + "-answers.1"};
  {
    Peer first = member("worker.0", 1);
    first.expect("made");
    Peer driver = member("driver", 1);
    driver.expect("made");
    first.expect("attached");
    // It dies having taken all its places; the driver when it waits for the ring of the last one.
    first.kill();
    driver.kill();
    Peer second = member("worker.1", 1);
    second.expect("made");
    second.expect("attached");
    first = member("worker.0", 2);
    first.expect("made");
    first.expect("attached");
    // What the dead driver left in the rings of both satisfies nobody.
    EXPECT_THROW(wait_for_topology({{.ring = rings[0], .producers = {"driver"}}}, 20ms), Error);
    driver = member("driver", 2);
    driver.expect("made");
    driver.expect("attached");
    driver.expect("formed");
    first.expect("formed");
    second.expect("formed");
  }
  for (const std::string& name : rings) clean_ring(os::ObjectName::parse(name), {.force = true});
}

TEST_F(Topology, A_producer_discovers_consumers_by_their_prefix) {
  LocalProducer driver(scratch(), setting_.form, ProducerBirth::create, 1);
  Peer other = worker("auditor");
  Peer second = worker("worker.1");
  try {
    driver->discover_consumers("worker.", 2, 5ms);
    FAIL() << "there is one only";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::consumers_missing);
    EXPECT_TRUE(error.problem().ends_with("in time: 1 did")) << error.what();
  }
  Peer first = worker("worker.0");
  EXPECT_EQ(driver->discover_consumers("worker.", 2, hang_time),
            (std::vector<std::string>{"worker.0", "worker.1"}));
}

TEST_F(Topology, Of_two_processes_that_claim_one_id_one_is_refused) {
  LocalProducer driver(scratch(), setting_.form, ProducerBirth::create, 1);
  Peer first = worker("worker.0");
  PeerSpec second = spec("worker.0", "join sleep", "--kind=gating --start=resume");
  second.incarnation = 2;
  const std::string refusal = start(second).next_line();
  EXPECT_TRUE(refusal.starts_with("error consumer_alive")) << refusal;
  EXPECT_NE(refusal.find("pid " + std::to_string(first.pid())), std::string::npos) << refusal;
  EXPECT_EQ(driver->discover_consumers("worker.", 1, 0s).size(), 1U);
}

}  // namespace
}  // namespace disruptor_mp::process_test
