// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Watchers: required consumers looked after from another process than the producer's, and from
// another thread beside one that publishes at full speed.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "support/child.hpp"
#include "support/local.hpp"
#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

class Watching : public ProcessTestWithSetting {
 protected:
  ~Watching() override {
    try {
      clean_ring(os::ObjectName::parse(ring()), {.force = true});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::not_found) << error.what();
    }
  }

  /// The producer is another process: nothing of it is here.
  Peer gateway(const std::string& steps) {
    PeerSpec wanted = spec("gateway", "create " + steps, "--kind=producer");
    wanted.capacity = 16;
    Peer peer = start(wanted);
    peer.expect("attached");
    return peer;
  }
  Peer reader(const std::string& id, const std::string& steps, std::uint64_t incarnation = 1) {
    PeerSpec wanted = spec(id, "join " + steps, "--kind=required --start=resume");
    wanted.incarnation = incarnation;
    Peer peer = start(wanted);
    peer.expect("attached");
    return peer;
  }
  Liveness judging(std::vector<std::string> ids = {"risk"}) {
    Liveness policy;
    policy.required_consumer_ids = std::move(ids);
    policy.startup_wait_timeout = hang_time;
    policy.progress_timeout = 20ms;
    policy.shutdown_grace_period = 10ms;
    policy.absence_grace_period = 10ms;
    policy.alert_hook = [this](const ConsumerAlert& alert) { told_.push_back(alert); };
    return policy;
  }
  [[nodiscard]] std::string bytes_of_ring() const {
    std::ifstream file(os::ObjectName::parse(ring()).path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void wait_for_position(Watcher& watcher, const std::string& id, std::uint64_t next) {
    const TimePoint hang = hang_deadline();
    for (bool is_there = false; !is_there && std::chrono::steady_clock::now() < hang;) {
      for (const Participant& participant : list_participants(watcher.segment()))
        is_there = is_there || (participant.id == id && participant.cursor == Sequence(next));
    }
  }

  static void wait_for_count(const std::atomic<unsigned>& count, std::uint64_t wanted) {
    const TimePoint hang = hang_deadline();
    while (count < wanted && std::chrono::steady_clock::now() < hang) std::this_thread::yield();
    EXPECT_EQ(count, wanted);
  }

  std::vector<ConsumerAlert> told_;
};

TimePoint shortly() { return std::chrono::steady_clock::now() + 60ms; }

TEST_P(Watching, It_sees_a_stall_while_the_producer_does_nothing) {
  Peer producer = gateway("await publish:3 sleep");
  Peer risk = reader("risk", "drain leave");
  Watcher watcher = Watcher::attach(ring(), judging());
  EXPECT_FALSE(watcher.watch_until(shortly()));  // idle is no stall
  risk.stop();
  producer.tell();
  producer.expect("published");
  producer.stop();  // it cannot look itself
  ASSERT_TRUE(watcher.watch_until(hang_deadline()));
  EXPECT_EQ(watcher.failure()->consumer_id, "risk");
  EXPECT_EQ(watcher.failure()->trouble, ConsumerTrouble::stalled);
  EXPECT_EQ(watcher.failure()->next_sequence, Sequence(0));
  EXPECT_GE(watcher.failure()->stalled_for, 30ms);
  EXPECT_EQ(told_.size(), 1U);
  EXPECT_EQ(watcher.counters().stalls, 1U);
  EXPECT_EQ(watcher.counters().absences, 0U);
  const Error error = watcher.explain(*watcher.failure());
  EXPECT_EQ(error.code(), Errc::consumer_stalled);
  EXPECT_NE(error.problem().find("risk at 0, stalled for"), std::string::npos) << error.what();
  EXPECT_NE(error.found().find("stopped)"), std::string::npos) << error.what();
}

TEST_P(Watching, It_sees_a_death_with_the_producer_dead_too) {
  Peer producer = gateway("publish:3 sleep");
  Peer risk = reader("risk", "handle:3 sleep");
  risk.expect("handled");
  Watcher watcher = Watcher::attach(ring(), judging());
  producer.kill();
  EXPECT_FALSE(watcher.watch_until(shortly()));
  risk.kill();
  watcher.look();
  ASSERT_EQ(told_.size(), 1U);  // at once
  EXPECT_EQ(told_[0].trouble, ConsumerTrouble::dead);
  EXPECT_EQ(told_[0].next_sequence, Sequence(3));
  ASSERT_TRUE(watcher.watch_until(hang_deadline()));
  EXPECT_EQ(watcher.failure()->trouble, ConsumerTrouble::dead);
  EXPECT_EQ(watcher.counters().absences, 1U);
  EXPECT_EQ(watcher.counters().stalls, 0U);
  const Error error = watcher.explain(*watcher.failure());
  EXPECT_EQ(error.code(), Errc::consumers_missing);
  EXPECT_NE(error.found().find("dead)"), std::string::npos) << error.what();
}

TEST_P(Watching, A_failure_stays_until_it_is_acknowledged) {
  Peer producer = gateway("publish:3 sleep");
  Peer risk = reader("risk", "await drain leave");
  Watcher watcher = Watcher::attach(ring(), judging());
  ASSERT_TRUE(watcher.watch_until(hang_deadline()));
  risk.tell();
  wait_for_position(watcher, "risk", 3);
  EXPECT_TRUE(watcher.look());  // though it has recovered
  watcher.acknowledge_failure();
  EXPECT_FALSE(watcher.watch_until(shortly()));
  risk.kill();
  EXPECT_TRUE(watcher.watch_until(hang_deadline()));
  EXPECT_EQ(told_.size(), 2U);
}

TEST_P(Watching, With_alerts_only_it_goes_on) {
  Peer producer = gateway("publish:3 sleep");
  Peer risk = reader("risk", "await drain leave");
  Liveness wanted = judging();
  wanted.failure_action = FailureAction::alert_only;
  Watcher watcher = Watcher::attach(ring(), wanted);
  EXPECT_FALSE(watcher.watch_until(std::chrono::steady_clock::now() + 200ms));
  EXPECT_EQ(watcher.counters().failures, 1U);
  EXPECT_EQ(told_.size(), 1U);
  risk.tell();
  wait_for_position(watcher, "risk", 3);
  EXPECT_FALSE(watcher.look());
  EXPECT_EQ(watcher.counters().recoveries, 1U);
}

TEST_P(Watching, Who_is_missing_at_the_start_is_named) {
  Liveness wanted = judging({"risk", "journal"});
  wanted.startup_wait_timeout = 20ms;
  const auto expect_error = [&](Errc code) {
    try {
      Watcher::attach(ring(), wanted);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error;
    }
    ADD_FAILURE() << "not all were there";
    return Error(code, {});
  };
  expect_error(Errc::not_found);
  Peer producer = gateway("sleep");
  Peer risk = reader("risk", "sleep");
  reader("journal", "sleep").kill();  // what it left satisfies nobody
  const Error error = expect_error(Errc::consumers_missing);
  EXPECT_TRUE(error.problem().ends_with("in time: journal")) << error.what();
  EXPECT_NE(error.found().find("risk (required"), std::string::npos) << error.what();
  EXPECT_NE(error.found().find("journal (required"), std::string::npos) << error.what();
  wanted.startup_wait_timeout = hang_time;
  std::jthread watcher([&] { Watcher::attach(ring(), wanted); });
  Peer journal = reader("journal", "sleep", 2);  // late, and waited for
  watcher.join();
}

TEST_P(Watching, What_would_change_the_ring_is_refused) {
  Peer producer = gateway("sleep");
  for (const FailureAction action :
       {FailureAction::continue_without, FailureAction::stop_topology}) {
    for (const bool is_stall : {false, true}) {
      Liveness wanted = judging();
      (is_stall ? wanted.failure_action : wanted.absence_action) = action;
      try {
        Watcher::attach(ring(), wanted);
        FAIL() << "a watcher changes nothing";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::invalid_option);
        EXPECT_TRUE(error.problem().starts_with(is_stall ? "failure_action" : "absence_action"));
        EXPECT_EQ(error.found(), to_string(action));
      }
    }
  }
  EXPECT_THROW(Watcher::attach(ring(), {}), Error);  // nor is a policy that says nothing any good
}

TEST_P(Watching, It_changes_no_byte_of_the_ring) {
  Peer producer = gateway("publish:3 sleep");
  Peer risk = reader("risk", "sleep");
  producer.expect("published");
  const std::string before = bytes_of_ring();
  ASSERT_FALSE(before.empty());
  Watcher watcher = Watcher::attach(ring(), judging());
  ASSERT_TRUE(watcher.watch_until(hang_deadline()));
  EXPECT_EQ(bytes_of_ring(), before);
}

TEST_P(Watching, It_is_over_when_all_is_read_and_nobody_is_blamed_for_leaving) {
  Peer producer = gateway("publish:3 await close");
  Peer risk = reader("risk", "drain leave");
  Peer journal = reader("journal", "await drain leave");
  Liveness wanted = judging({"risk", "journal"});
  wanted.progress_timeout = hang_time;
  Watcher watcher = Watcher::attach(ring(), wanted);
  producer.tell();
  producer.wait_success();
  risk.wait_success();
  // One has read all there will ever be and is gone; the other has not.
  EXPECT_FALSE(watcher.watch_until(shortly()));
  EXPECT_FALSE(watcher.is_over());
  journal.tell();
  EXPECT_FALSE(watcher.watch_until(hang_deadline()));
  EXPECT_TRUE(watcher.is_over());
  EXPECT_TRUE(told_.empty());
  journal.wait_success();
  expect_nothing_remains();  // a watcher keeps no ring
}

TEST_P(Watching, Who_dies_before_it_has_read_the_end_is_missed) {
  Peer producer = gateway("publish:3 await close");
  Peer risk = reader("risk", "sleep");
  producer.tell();
  producer.wait_success();
  Watcher watcher = Watcher::attach(ring(), judging());
  risk.kill();
  ASSERT_TRUE(watcher.watch_until(hang_deadline()));
  EXPECT_EQ(watcher.failure()->trouble, ConsumerTrouble::dead);
  EXPECT_FALSE(watcher.is_over());
}

TEST_P(Watching, In_the_child_of_a_fork_there_is_nothing_to_watch) {
  Peer producer = gateway("publish:3 sleep");
  Peer risk = reader("risk", "sleep");
  Watcher watcher = Watcher::attach(ring(), judging());
  EXPECT_EQ(test::in_child([&] {
              const bool has_failure = watcher.watch_until(hang_deadline()).has_value();
              return std::string(has_failure ? "a failure" : watcher.is_over() ? "over" : "late");
            }),
            "over");
  EXPECT_TRUE(watcher.watch_until(hang_deadline()));  // and the parent's goes on
}

TEST_P(Watching, Beside_a_producer_at_full_speed_it_tells_deaths_and_nothing_else) {
  ProducerOptions options{.capacity = 16, .max_participants = 8};
  options.producers = setting_.producers;
  LocalProducer producer(scratch(), setting_.form, ProducerBirth::create, 1, options);
  Peer risk = reader("risk", "drain leave");
  Liveness wanted = judging();
  wanted.progress_timeout = hang_time;
  wanted.absence_grace_period = hang_time;
  std::atomic<unsigned> deaths = 0;
  std::atomic<unsigned> recoveries = 0;
  wanted.alert_hook = [&](const ConsumerAlert& alert) {
    EXPECT_EQ(alert.trouble, ConsumerTrouble::dead);
    ++deaths;
  };
  std::atomic<bool> is_over = false;
  Watcher watcher = Watcher::attach(ring(), wanted);
  std::jthread watching([&] {
    while (!is_over) {
      EXPECT_FALSE(watcher.look());
      recoveries = static_cast<unsigned>(watcher.counters().recoveries);
    }
  });
  std::jthread publishing([&] { EXPECT_EQ(producer.publish(20'000), Publish::ok); });
  for (std::uint64_t life = 1; life <= 3; ++life) {
    std::this_thread::sleep_for(2ms);
    risk.kill();
    wait_for_count(deaths, life);
    risk = reader("risk", "drain leave", life + 1);
    wait_for_count(recoveries, life);
  }
  publishing.join();
  is_over = true;
  watching.join();
  EXPECT_EQ(watcher.counters().recoveries, 3U);
  EXPECT_EQ(watcher.counters().absences, 3U);
  EXPECT_EQ(watcher.counters().stalls, 0U);
  producer.finish();
  risk.skip_to("ended closed 20000 0");
  risk.wait_success();
  expect_no_violation();
}

INSTANTIATE_TEST_SUITE_P(Rings, Watching, testing::ValuesIn(one_and_several), SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
