// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What the suites of other disruptors pin or lack, and what the reference crate does wrong, as far
// as only processes show it and no other test comes by it. The list of all: docs/behaviours.md.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/local.hpp"
#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

// --- libvsync: kill at random again and again, then prove that nothing of the ring is lost

class AfterAHundredKills : public ProcessTestWithSetting {};

TEST_P(AfterAHundredKills, The_ring_holds_as_much_as_ever) {
  constexpr std::uint64_t slots = 64;
  const bool is_multi = setting_.producers == ProducerKind::multi;
  const std::string producer_options =
      std::string("--kind=producer --timeout-ms=20000") + (is_multi ? " --producers=multi" : "");
  std::mt19937_64 random(64);
  PeerSpec producing = spec("producer", "create_or_attach stream:1000000000000", producer_options);
  producing.options += " --log-size=1000000";
  Peer producer = start(producing);
  producer.expect("attached");
  const char* const kinds[] = {"gating", "observer"};
  for (std::uint64_t kill = 0; kill < (is_sanitized() ? 30 : 100); ++kill) {
    if (kill % 5 == 4) {
      producer.kill();
      ++producing.incarnation;
      producer = start(producing);
      producer.expect("attached");
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 1000));
    } else {
      Peer passer_by = start(spec("passer-by-" + std::to_string(kill), "join drain",
                                  std::string("--kind=") + kinds[kill % 2]));
      passer_by.expect("attached");
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 1000));
      passer_by.kill();
    }
  }
  producer.kill();

  ProducerOptions options{.capacity = slots, .max_participants = 8, .timeout = hang_time};
  options.producers = setting_.producers;
  options.id = "producer";
  LocalProducer last(scratch(), setting_.form, ProducerBirth::attach, 1000, options);
  {
    LocalConsumer reader(scratch(), "reader", 1, {.start = Start::latest});
    // Of several, what a dead one had claimed may be void.
    ASSERT_EQ(last.publish(1), Publish::ok);
    ASSERT_EQ(reader.read_to(last.next()), Poll::events);
    for (int lap = 0; lap < 3; ++lap) {
      EXPECT_EQ(last.fill(), slots);
      ASSERT_EQ(reader.read_to(last.next()), Poll::events);
    }
    last.finish_for_all();
    EXPECT_EQ(reader.drain(), Poll::closed);
  }
  expect_no_violation();
  expect_nothing_remains();
}
INSTANTIATE_TEST_SUITE_P(Rings, AfterAHundredKills, testing::ValuesIn(one_and_several),
                         SettingName());

// --- Weaknesses of the reference

class WeaknessesOfProcesses : public ProcessTestWithSetting {
 protected:
  /// Files that the process has open, and its shared mappings.
  struct Holdings {
    std::size_t descriptors = 0;
    std::size_t mappings = 0;
    bool operator==(const Holdings&) const = default;
  };
  [[nodiscard]] static Holdings holdings_of(const Peer& peer) {
    const std::filesystem::path folder = "/proc/" + std::to_string(peer.pid());
    Holdings held;
    held.descriptors = static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder / "fd"), {}));
    std::ifstream maps(folder / "maps");  // "7f…-7f… rw-s …"
    for (std::string line; std::getline(maps, line);)
      held.mappings += line.substr(line.find(' ') + 1, 4).ends_with('s') ? 1 : 0;
    return held;
  }
};

// W-26: a file, a mapping and a page for each consumer.
TEST_P(WeaknessesOfProcesses, More_consumers_cost_their_producer_no_file_and_no_mapping) {
  Peer producer =
      start(spec("producer", "create publish:1 await publish:500 await close", "--kind=producer"));
  producer.skip_to("published");
  const Holdings alone = holdings_of(producer);
  EXPECT_GT(alone.mappings, 0U);
  std::vector<Peer> consumers;
  for (const char* id : {"a", "b", "c", "d", "e", "f"}) {
    consumers.push_back(start(spec(id, "join drain leave", "--kind=gating")));
    consumers.back().expect("attached");
  }
  const Holdings of_a_consumer = holdings_of(consumers.front());
  producer.tell();
  producer.skip_to("published");  // several laps: it has waited for each of them
  EXPECT_EQ(holdings_of(producer), alone);
  EXPECT_EQ(holdings_of(consumers.front()), of_a_consumer);
  producer.tell();
  producer.wait_success();
  for (Peer& consumer : consumers) consumer.wait_success();
  expect_no_violation();
  expect_nothing_remains();
}

// W-31: who is blocked asks again and again without a pause.
TEST_P(WeaknessesOfProcesses, A_producer_before_a_full_ring_sleeps) {
  Peer producer = start(spec("producer", "create await fill publish:1 close", "--kind=producer"));
  producer.expect("attached");
  LocalConsumer reader(scratch(), "reader", 1);
  producer.tell();
  producer.expect("full 64");
  producer.wait_asleep();
  const std::uint64_t before = producer.cpu_time_ns();
  std::this_thread::sleep_for(1s);
  const std::chrono::nanoseconds used(producer.cpu_time_ns() - before);
  EXPECT_LE(used, is_sanitized() ? 500ms : 200ms);
  EXPECT_EQ(reader.drain(), Poll::closed);
  EXPECT_EQ(reader.next(), 65U);
  producer.wait_success();
  reader.leave();
  expect_no_violation();
}
INSTANTIATE_TEST_SUITE_P(Rings, WeaknessesOfProcesses, testing::ValuesIn(both_backends),
                         SettingName());

// --- The reference: managed_publish_rejoin_after_grace_period_still_fails

class RejoiningTooLate : public ProcessTestWithSetting {};

TEST_P(RejoiningTooLate, Is_a_failure_all_the_same_and_the_backlog_is_read) {
  ProducerOptions options{.capacity = 16, .max_participants = 8};
  options.producers = setting_.producers;
  LocalProducer producer(scratch(), setting_.form, ProducerBirth::create, 1, options);
  const auto risk = [&](const char* script, std::uint64_t life) {
    PeerSpec wanted = spec("risk", script, "--kind=required --start=resume");
    wanted.incarnation = life;
    Peer peer = start(wanted);
    peer.expect("attached");
    return peer;
  };
  Peer first = risk("join sleep", 1);
  Liveness policy;
  policy.required_consumer_ids = {"risk"};
  policy.startup_wait_timeout = hang_time;
  policy.progress_timeout = hang_time;
  policy.absence_grace_period = 10ms;
  producer->enable_liveness(policy);
  producer.fill();
  first.kill();
  EXPECT_EQ(producer.publish(1), Publish::consumer_missing);
  Peer second = risk("join handle:16 drain leave", 2);
  second.expect("handled 16");  // all that was there
  EXPECT_EQ(producer.publish(1), Publish::consumer_missing) << "with room for all";
  producer->acknowledge_failure();
  EXPECT_EQ(producer.publish(20), Publish::ok);
  const std::uint64_t end = producer.next();
  producer.finish();
  second.expect("ended closed " + std::to_string(end) + " 0");
  second.wait_success();
  expect_no_violation();
}
INSTANTIATE_TEST_SUITE_P(Rings, RejoiningTooLate, testing::ValuesIn(one_and_several),
                         SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
