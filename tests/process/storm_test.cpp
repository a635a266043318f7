// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The same misfortune hundreds of times in one stream.
#include <chrono>
#include <random>
#include <thread>

#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

class Storm : public ProcessTestWithSetting {
 protected:
  static constexpr const char* endless = "stream:1000000000";

  static std::uint64_t restarts() { return (is_sanitized() ? 40 : 200) * soak_factor(); }

  PeerSpec role(const std::string& kind, const std::string& id, const std::string& script) const {
    PeerSpec peer = spec(id, script, "--kind=" + kind + " --timeout-ms=20000 --successor-ms=20000");
    peer.options += " --log-size=" + std::to_string(1'000'000 * soak_factor());
    if (kind == "required" || kind == "gating") peer.options += " --start=resume";
    return peer;
  }
  /// Once it has joined it gets a moment of random length to live.
  void kill_after_a_moment(Peer& peer) {
    peer.skip_to("attached");
    std::this_thread::sleep_for(std::chrono::microseconds(random_() % 1500));
    peer.kill();
  }
  /// A producer that publishes a little more and closes.
  void finish_stream(PeerSpec producer) {
    ++producer.incarnation;
    producer.script = "create_or_attach publish:100 close";
    start(producer).wait_success();
  }

  std::mt19937_64 random_{7};
};

TEST_P(Storm, Takeovers_one_after_the_other_keep_every_acknowledged_event_once_and_in_order) {
  PeerSpec producer = role("producer", "producer", std::string("create_or_attach ") + endless);
  Peer first = start(producer);
  first.expect("attached 0");
  Peer journal = start(role("required", "journal", "join drain leave"));
  Peer monitor = start(role("observer", "monitor", "join drain leave"));
  journal.expect("attached");
  monitor.expect("attached");
  first.kill();
  for (std::uint64_t i = 0; i < restarts(); ++i) {
    ++producer.incarnation;
    Peer next = start(producer);
    kill_after_a_moment(next);
  }
  finish_stream(producer);
  journal.wait_success();
  monitor.wait_success();
  const Verdict verdict = expect_no_violation();
  EXPECT_EQ(verdict.handled_again, 0U);
  EXPECT_GT(verdict.acknowledged, restarts());
  expect_nothing_remains();
}

TEST_P(Storm, A_required_consumer_killed_again_and_again_resumes_where_it_stood) {
  PeerSpec producer = role("producer", "producer", std::string("create ") + endless);
  Peer stream = start(producer);
  stream.expect("attached");
  PeerSpec consumer = role("required", "journal", "join drain leave");
  for (std::uint64_t i = 0; i < restarts(); ++i) {
    Peer life = start(consumer);
    kill_after_a_moment(life);
    ++consumer.incarnation;
  }
  Peer last = start(consumer);
  last.expect("attached");
  stream.kill();
  finish_stream(producer);
  last.wait_success();
  const Verdict verdict = expect_no_violation();
  EXPECT_GT(verdict.acknowledged, restarts());
  expect_nothing_remains();
}

TEST_P(Storm, Killed_consumers_of_new_ids_never_use_the_table_up) {
  // Eight rows; each of these leaves one behind.
  PeerSpec producer = role("producer", "producer", std::string("create ") + endless);
  Peer stream = start(producer);
  stream.expect("attached");
  Peer journal = start(role("required", "journal", "join drain leave"));
  journal.expect("attached");
  for (std::uint64_t i = 0; i < restarts() / 4; ++i) {
    Peer passer_by = start(role("gating", "passer-by-" + std::to_string(i), "join drain"));
    kill_after_a_moment(passer_by);
  }
  stream.kill();
  finish_stream(producer);
  journal.wait_success();
  expect_no_violation();
  expect_nothing_remains();
}

INSTANTIATE_TEST_SUITE_P(, Storm, testing::ValuesIn(all_settings), SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
