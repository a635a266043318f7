// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a producer with a liveness policy learns of required consumers in other processes that are
// missing, late, stopped, killed and restarted. docs/liveness.md has the states.
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "evidence/proof_event.hpp"
#include "support/local.hpp"
#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

TimePoint in(Duration time) { return std::chrono::steady_clock::now() + time; }

class RequiredConsumers : public ProcessTestWithSetting {
 protected:
  RequiredConsumers() : producer_(create()) {}
  ~RequiredConsumers() override {
    // What nobody will read any more is not to outlive the test.
    producer_.finish();
    try {
      clean_ring(os::ObjectName::parse(ring()), {.force = true});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::not_found) << error.what();
    }
  }

  LocalProducer create() const {
    ProducerOptions options{.capacity = 16, .max_participants = 8};
    options.producers = setting_.producers;
    return {scratch(), setting_.form, ProducerBirth::create, 1, options};
  }
  Peer consumer(const std::string& id, const std::string& steps, std::uint64_t incarnation = 1) {
    PeerSpec wanted = spec(id, "join " + steps, "--kind=required --start=resume" + options_);
    wanted.incarnation = incarnation;
    Peer peer = start(wanted);
    peer.expect("attached");
    return peer;
  }
  Liveness policy(std::vector<std::string> ids = {"risk"}) {
    Liveness policy;
    policy.required_consumer_ids = std::move(ids);
    policy.startup_wait_timeout = hang_time;
    policy.progress_timeout = 20ms;
    policy.shutdown_grace_period = 10ms;
    policy.absence_grace_period = 10ms;
    policy.alert_hook = [this](const ConsumerAlert& alert) { alerts_.push_back(alert); };
    return policy;
  }
  /// Also where a healthy one does not get the processor for a while.
  Liveness patient_with_the_healthy() {
    Liveness wanted = policy();
    wanted.progress_timeout = 200ms;
    return wanted;
  }
  Publish publish_one() { return producer_.publish(1); }
  Participant find(const std::string& id) {
    for (Participant& participant : producer_->participants()) {
      if (participant.id == id) return std::move(participant);
    }
    ADD_FAILURE() << "nobody is called " << id;
    return {};
  }
  void wait_for_position(const std::string& id, std::uint64_t next) {
    const TimePoint hang = hang_deadline();
    while (find(id).cursor < Sequence(next) && std::chrono::steady_clock::now() < hang)
      std::this_thread::yield();
    ASSERT_EQ(find(id).cursor, Sequence(next));
  }
  /// Waits for room in vain until the policy has counted so many.
  void wait_in_vain(std::uint64_t LivenessCounters::*counter, std::uint64_t wanted) {
    const TimePoint hang = hang_deadline();
    while (producer_->liveness_counters().*counter < wanted &&
           std::chrono::steady_clock::now() < hang) {
      ASSERT_EQ(producer_.publish(1, in(5ms)), Publish::timed_out);
    }
    ASSERT_EQ(producer_->liveness_counters().*counter, wanted);
  }
  /// As the program's idle loop does. @return whether there was a failure in time.
  bool watch_until(TimePoint deadline) {
    while (!producer_->watch() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(1ms);
    return producer_->failure().has_value();
  }

  std::vector<ConsumerAlert> alerts_;
  std::string options_;  ///< more of them for each consumer
  LocalProducer producer_;
};

TEST_P(RequiredConsumers, Who_is_missing_at_the_start_is_named_and_who_is_there) {
  Peer there = consumer("risk", "sleep");
  Peer other = start(spec("audit", "join sleep", "--kind=gating"));
  other.expect("attached");
  Liveness wanted = policy({"risk", "audit", "journal"});
  wanted.startup_wait_timeout = 20ms;
  try {
    producer_->enable_liveness(wanted);
    FAIL() << "two of three were not there";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Errc::consumers_missing);
    // One that only gates would be forgotten when it dies.
    EXPECT_TRUE(error.problem().ends_with("in time: audit, journal")) << error.problem();
    EXPECT_NE(error.found().find("risk (required"), std::string::npos) << error.found();
    EXPECT_NE(error.found().find("audit (gating"), std::string::npos) << error.found();
  }
}

// Peers are started by the test's own thread: they die with the thread that started them.

TEST_P(RequiredConsumers, One_that_comes_late_is_waited_for) {
  std::jthread publisher([&] {
    producer_->enable_liveness(policy());
    EXPECT_EQ(producer_.publish(10), Publish::ok);
  });
  Peer late = consumer("risk", "drain leave");
  publisher.join();
}

TEST_P(RequiredConsumers, What_a_dead_run_left_does_not_satisfy_the_start) {
  consumer("risk", "sleep").kill();
  Liveness wanted = policy();
  wanted.startup_wait_timeout = 20ms;
  try {
    producer_->enable_liveness(wanted);
    FAIL() << "it is dead";
  } catch (const Error& error) {
    EXPECT_TRUE(error.problem().ends_with("in time: risk")) << error.problem();
    EXPECT_NE(error.found().find("dead)"), std::string::npos) << error.found();
  }
}

TEST_P(RequiredConsumers, A_stopped_one_is_stalled_and_told_once) {
  Peer risk = consumer("risk", "drain leave");
  producer_->enable_liveness(policy());
  ASSERT_EQ(producer_.publish(4), Publish::ok);
  risk.stop();
  producer_.fill();
  EXPECT_EQ(publish_one(), Publish::consumer_stalled);
  ASSERT_EQ(alerts_.size(), 1U);
  EXPECT_EQ(alerts_[0].consumer_id, "risk");
  EXPECT_EQ(alerts_[0].trouble, ConsumerTrouble::stalled);
  EXPECT_EQ(alerts_[0].next_sequence, find("risk").cursor);  // it may have read some before
  EXPECT_GE(alerts_[0].stalled_for, 20ms);
  ASSERT_TRUE(producer_->failure());
  EXPECT_EQ(producer_->failure()->consumer_id, "risk");
  EXPECT_GE(producer_->failure()->stalled_for, 30ms);
  EXPECT_EQ(producer_->liveness_counters().stalls, 1U);
  EXPECT_EQ(producer_->liveness_counters().absences, 0U);
  const Error error = producer_->explain(Publish::consumer_stalled);
  EXPECT_EQ(error.code(), Errc::consumer_stalled);
  EXPECT_NE(error.problem().find("risk at "), std::string::npos) << error.what();
}

TEST_P(RequiredConsumers, A_failure_stays_until_it_is_acknowledged_whoever_recovers) {
  Peer risk = consumer("risk", "drain leave");
  producer_->enable_liveness(patient_with_the_healthy());
  risk.stop();
  producer_.fill();
  ASSERT_EQ(publish_one(), Publish::consumer_stalled);
  risk.resume();
  while (producer_->participants()[1].cursor < Sequence(16)) std::this_thread::yield();
  // There is room, and still nothing is published, in whichever way.
  EXPECT_EQ(publish_one(), Publish::consumer_stalled);
  EXPECT_EQ(producer_->try_publish([](auto) {}), Publish::consumer_stalled);
  EXPECT_EQ(producer_->publish_until(in(1h), [](auto) {}), Publish::consumer_stalled);
  EXPECT_EQ(producer_->claim(2).status(), Publish::consumer_stalled);
  EXPECT_EQ(producer_->try_claim(2).status(), Publish::consumer_stalled);
  EXPECT_EQ(producer_->burst(2).status(), Publish::consumer_stalled);
  producer_->acknowledge_failure();
  EXPECT_FALSE(producer_->failure());
  EXPECT_EQ(producer_.publish(100), Publish::ok);
}

TEST_P(RequiredConsumers, After_an_acknowledgement_it_has_all_its_time_once_more) {
  Peer risk = consumer("risk", "drain leave");
  producer_->enable_liveness(policy());
  risk.stop();
  producer_.fill();
  ASSERT_EQ(publish_one(), Publish::consumer_stalled);
  producer_->acknowledge_failure();
  const TimePoint before = std::chrono::steady_clock::now();
  EXPECT_EQ(publish_one(), Publish::consumer_stalled);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 30ms);
  EXPECT_EQ(alerts_.size(), 2U);
}

TEST_P(RequiredConsumers, A_killed_one_is_dead_at_once_and_fails_after_its_own_time) {
  Peer risk = consumer("risk", "sleep");
  Liveness wanted = policy();
  wanted.progress_timeout = hang_time;  // not this time
  producer_->enable_liveness(wanted);
  producer_.fill();
  risk.kill();
  EXPECT_EQ(publish_one(), Publish::consumer_missing);
  ASSERT_EQ(alerts_.size(), 1U);
  EXPECT_EQ(alerts_[0].trouble, ConsumerTrouble::dead);
  EXPECT_EQ(alerts_[0].stalled_for, 0ms);
  EXPECT_EQ(producer_->failure()->trouble, ConsumerTrouble::dead);
  EXPECT_EQ(producer_->liveness_counters().absences, 1U);
  EXPECT_EQ(producer_->liveness_counters().stalls, 0U);
  const Error error = producer_->explain(Publish::consumer_missing);
  EXPECT_NE(error.problem().find("risk at 0, dead"), std::string::npos) << error.what();
}

TEST_P(RequiredConsumers, One_that_left_to_come_back_has_left) {
  Peer risk = consumer("risk", "await leave");
  producer_->enable_liveness(policy());
  risk.tell();
  risk.wait_success();
  producer_.fill();
  EXPECT_EQ(publish_one(), Publish::consumer_missing);
  EXPECT_EQ(producer_->failure()->trouble, ConsumerTrouble::left);
}

TEST_P(RequiredConsumers, One_that_resigned_is_not_waited_for) {
  Peer risk = consumer("risk", "await resign");
  Peer journal = consumer("journal", "drain leave");
  Liveness wanted = policy({"risk", "journal"});
  wanted.progress_timeout = hang_time;
  producer_->enable_liveness(wanted);
  risk.tell();
  risk.wait_success();
  EXPECT_EQ(producer_.publish(200), Publish::ok);
  EXPECT_FALSE(producer_->watch());
  EXPECT_TRUE(alerts_.empty());
}

TEST_P(RequiredConsumers, The_same_id_that_rejoins_in_time_saves_the_call) {
  Peer risk = consumer("risk", "sleep");
  Liveness wanted = policy();
  wanted.absence_grace_period = hang_time;
  wanted.progress_timeout = hang_time;
  producer_->enable_liveness(wanted);
  producer_.fill();
  risk.kill();
  EXPECT_EQ(producer_.publish(1, in(1ms)), Publish::timed_out);
  std::jthread publisher([&] { EXPECT_EQ(producer_.publish(50), Publish::ok); });
  Peer again = consumer("risk", "drain leave", 2);
  publisher.join();
  EXPECT_FALSE(producer_->watch());  // else it may have been woken before it looked
  EXPECT_EQ(alerts_.size(), 1U);
  EXPECT_EQ(producer_->liveness_counters().recoveries, 1U);
  producer_.finish();
  again.skip_to("ended closed 66");  // it had all the backlog
  again.wait_success();
  expect_no_violation();
}

TEST_P(RequiredConsumers, Each_death_is_told_also_if_nobody_looked_at_the_life_between) {
  Peer risk = consumer("risk", "sleep");
  Liveness wanted = policy();
  wanted.absence_action = FailureAction::alert_only;
  producer_->enable_liveness(wanted);
  producer_.fill();
  for (std::uint64_t death = 1; death <= 3; ++death) {
    risk.kill();
    wait_in_vain(&LivenessCounters::failures, death);
    EXPECT_EQ(alerts_.size(), death);
    risk = consumer("risk", "sleep", death + 1);
  }
  EXPECT_EQ(producer_->liveness_counters().absences, 3U);
  EXPECT_EQ(producer_->liveness_counters().recoveries, 2U);
}

TEST_P(RequiredConsumers, One_that_dies_again_and_again_before_it_has_read_has_not_come_back) {
  Peer risk = consumer("risk", "sleep");
  Liveness wanted = policy();
  wanted.progress_timeout = hang_time;
  wanted.absence_grace_period = 100ms;
  producer_->enable_liveness(wanted);
  producer_.fill();
  const TimePoint hang = hang_deadline();
  Publish result = Publish::timed_out;
  for (std::uint64_t life = 2;
       result == Publish::timed_out && std::chrono::steady_clock::now() < hang; ++life) {
    risk.kill();
    result = producer_.publish(1, in(10ms));
    risk = consumer("risk", "sleep", life);
    if (result == Publish::timed_out) result = producer_.publish(1, in(10ms));
  }
  EXPECT_EQ(result, Publish::consumer_missing);
  EXPECT_EQ(producer_->failure()->trouble, ConsumerTrouble::dead);
  EXPECT_GE(producer_->failure()->stalled_for, 100ms);
}

TEST_P(RequiredConsumers, One_that_comes_back_as_another_kind_is_not_the_one_that_is_required) {
  Peer risk = consumer("risk", "sleep");
  Liveness wanted = policy();
  wanted.absence_action = FailureAction::continue_without;
  wanted.absence_grace_period = 100ms;
  producer_->enable_liveness(wanted);
  producer_.fill();
  risk.kill();
  PeerSpec gating = spec("risk", "join sleep", "--kind=gating --start=resume");
  gating.incarnation = 2;
  Peer again = start(gating);
  again.expect("attached");
  EXPECT_EQ(publish_one(), Publish::consumer_missing);  // it reads in place, and is not passed over
  EXPECT_EQ(producer_->failure()->trouble, ConsumerTrouble::left);
  EXPECT_EQ(producer_->liveness_counters().recoveries, 0U);
  EXPECT_TRUE(find("risk").gates);
}

TEST_P(RequiredConsumers, Another_id_does_not_stand_in_for_it) {
  Peer risk = consumer("risk", "sleep");
  producer_->enable_liveness(policy());
  producer_.fill();
  risk.kill();
  Peer other = consumer("other", "drain leave");
  EXPECT_EQ(publish_one(), Publish::consumer_missing);
  EXPECT_EQ(producer_->failure()->consumer_id, "risk");
}

TEST_P(RequiredConsumers, An_idle_hour_is_no_stall) {
  Peer risk = consumer("risk", "drain leave");
  producer_->enable_liveness(policy());
  ASSERT_EQ(producer_.publish(4), Publish::ok);
  while (producer_->participants()[1].cursor < Sequence(4)) std::this_thread::yield();
  for (const TimePoint end = in(60ms); std::chrono::steady_clock::now() < end;) {
    EXPECT_FALSE(producer_->watch());
    std::this_thread::sleep_for(2ms);
  }
  // It owes something only from now on, so the clock begins now.
  risk.stop();
  producer_.fill();
  EXPECT_FALSE(producer_->watch());
  EXPECT_FALSE(producer_->watch());
  EXPECT_TRUE(alerts_.empty());
  risk.resume();
}

TEST_P(RequiredConsumers, A_watcher_sees_a_stall_while_nobody_publishes) {
  Peer risk = consumer("risk", "drain leave");
  producer_->enable_liveness(policy());
  risk.stop();
  ASSERT_EQ(producer_.publish(1), Publish::ok);
  ASSERT_TRUE(watch_until(hang_deadline()));
  EXPECT_EQ(producer_->failure()->trouble, ConsumerTrouble::stalled);
  EXPECT_EQ(alerts_.size(), 1U);
  EXPECT_EQ(publish_one(), Publish::consumer_stalled);  // with room for 15
}

TEST_P(RequiredConsumers, The_last_event_of_all_is_owed_too) {
  // Of several producers one that publishes alone has the end to itself by now, and the tail does
  // not say how far it has come.
  Peer risk = consumer("risk", "drain leave");
  producer_->enable_liveness(policy());
  ASSERT_EQ(producer_.publish(200), Publish::ok);
  wait_for_position("risk", 200);
  risk.stop();
  ASSERT_EQ(producer_.publish(1), Publish::ok);
  ASSERT_TRUE(watch_until(hang_deadline()));
  EXPECT_EQ(producer_->failure()->trouble, ConsumerTrouble::stalled);
  EXPECT_EQ(producer_->failure()->next_sequence, Sequence(200));
}

TEST_P(RequiredConsumers, One_that_resigned_is_not_missed_when_its_row_is_given_away) {
  Peer risk = consumer("risk", "await resign");
  producer_->enable_liveness(policy());
  risk.tell();
  risk.wait_success();
  EXPECT_FALSE(producer_->watch());
  std::vector<std::unique_ptr<LocalConsumer>> others;  // as many as there are rows beside ours
  while (others.size() != 7)
    others.push_back(
        std::make_unique<LocalConsumer>(scratch(), "other." + std::to_string(others.size()), 1));
  for (const Participant& participant : producer_->participants())
    ASSERT_NE(participant.id, "risk");
  EXPECT_FALSE(watch_until(in(30ms)));
  EXPECT_TRUE(alerts_.empty());
}

TEST_P(RequiredConsumers, One_that_stalls_again_after_it_recovered_is_told_again) {
  Peer risk = consumer("risk", "drain leave");
  Liveness wanted = policy();
  wanted.shutdown_grace_period = hang_time;
  producer_->enable_liveness(wanted);
  for (std::size_t window = 1; window != 4; ++window) {
    risk.stop();
    ASSERT_EQ(producer_.publish(1), Publish::ok);
    const TimePoint hang = hang_deadline();
    while (alerts_.size() != window && std::chrono::steady_clock::now() < hang) {
      EXPECT_FALSE(producer_->watch());
      std::this_thread::sleep_for(1ms);
    }
    ASSERT_EQ(alerts_.size(), window);
    EXPECT_EQ(alerts_.back().next_sequence, Sequence(window - 1));
    EXPECT_FALSE(watch_until(in(50ms)));  // it stays stalled, and is not told twice
    risk.resume();
    wait_for_position("risk", window);
    EXPECT_FALSE(producer_->watch());
    EXPECT_EQ(alerts_.size(), window);
    EXPECT_EQ(producer_->liveness_counters().recoveries, window);
  }
  EXPECT_EQ(producer_->liveness_counters().stalls, 3U);
  EXPECT_EQ(producer_->liveness_counters().failures, 0U);
}

TEST_P(RequiredConsumers, Where_one_stands_counts_and_not_how_far_it_once_was) {
  options_ = " --max-batch=1";
  Peer risk = consumer("risk", "handle:10 sleep");
  Liveness wanted = policy();
  wanted.absence_grace_period = hang_time;
  producer_->enable_liveness(wanted);
  // No more than leaves the oldest where it is.
  ASSERT_EQ(producer_.publish(10), Publish::ok);
  wait_for_position("risk", 10);
  risk.kill();
  EXPECT_FALSE(producer_->watch());
  ASSERT_EQ(alerts_.size(), 1U);
  // Its next life begins at the oldest event, and stops where the one before had long been.
  PeerSpec wanted_again = spec("risk", "join handler_then:3,stop sleep",
                               "--kind=required --start=oldest --max-batch=1");
  wanted_again.incarnation = 2;
  Peer again = start(wanted_again);
  again.wait_stopped();
  ASSERT_EQ(find("risk").cursor, Sequence(3));
  ASSERT_TRUE(watch_until(hang_deadline()));
  ASSERT_EQ(alerts_.size(), 2U);
  EXPECT_EQ(alerts_[1].trouble, ConsumerTrouble::stalled);
  EXPECT_EQ(alerts_[1].next_sequence, Sequence(3));
  again.resume();
}

TEST_P(RequiredConsumers, A_position_that_cannot_be_true_hides_no_death) {
  Peer risk = consumer("risk", "sleep");
  producer_->enable_liveness(policy());
  for (const std::uint64_t position : {std::uint64_t{1} << 40U, ~std::uint64_t{0}}) {
    producer_->segment().row(find("risk").row).cursor = position;
    EXPECT_FALSE(watch_until(in(30ms)));  // it may be caught up
  }
  risk.kill();
  ASSERT_TRUE(watch_until(hang_deadline()));
  EXPECT_EQ(producer_->failure()->trouble, ConsumerTrouble::dead);
}

TEST_P(RequiredConsumers, Stall_and_death_have_each_their_action_and_their_time) {
  Peer risk = consumer("risk", "drain leave");
  Liveness wanted = policy();
  wanted.failure_action = FailureAction::alert_only;
  wanted.absence_grace_period = 200ms;
  producer_->enable_liveness(wanted);
  risk.stop();
  producer_.fill();
  wait_in_vain(&LivenessCounters::failures, 1);  // told, and waited for
  ASSERT_EQ(alerts_.size(), 1U);
  EXPECT_FALSE(producer_->failure());
  risk.kill();
  const TimePoint killed = std::chrono::steady_clock::now();
  EXPECT_EQ(publish_one(), Publish::consumer_missing);
  EXPECT_GE(std::chrono::steady_clock::now() - killed, 200ms);
  EXPECT_EQ(alerts_.size(), 2U);
}

TEST_P(RequiredConsumers, A_death_may_be_told_only_and_a_stall_reported) {
  Peer risk = consumer("risk", "drain leave");
  Liveness wanted = policy();
  wanted.absence_action = FailureAction::alert_only;
  wanted.absence_grace_period = 0s;
  wanted.progress_timeout = 200ms;
  wanted.shutdown_grace_period = 0s;
  producer_->enable_liveness(wanted);
  risk.kill();
  producer_.fill();
  wait_in_vain(&LivenessCounters::failures, 1);
  ASSERT_EQ(alerts_.size(), 1U);
  EXPECT_EQ(alerts_[0].trouble, ConsumerTrouble::dead);
  Peer again = consumer("risk", "drain leave", 2);
  wait_for_position("risk", 16);
  again.stop();
  const TimePoint stopped = std::chrono::steady_clock::now();
  producer_.fill();
  EXPECT_EQ(publish_one(), Publish::consumer_stalled);
  EXPECT_GE(std::chrono::steady_clock::now() - stopped, 200ms);
}

TEST_P(RequiredConsumers, Of_many_who_claim_its_id_at_once_one_gets_it_and_nobody_is_alarmed) {
  std::vector<Peer> claimants;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    PeerSpec wanted = spec("risk", "await join sleep", "--kind=required --start=resume");
    wanted.incarnation = i;
    claimants.push_back(start(wanted));
  }
  for (Peer& claimant : claimants) claimant.tell();
  Peer* winner = nullptr;
  for (Peer& claimant : claimants) {
    const std::string line = claimant.next_line();
    if (line.starts_with("attached")) {
      EXPECT_EQ(winner, nullptr) << "two have one id";
      winner = &claimant;
    } else {
      EXPECT_TRUE(line.starts_with("error consumer_alive")) << line;
    }
  }
  ASSERT_NE(winner, nullptr);
  producer_->enable_liveness(patient_with_the_healthy());
  // One that waits for the id, and one that does not: neither disturbs its holder.
  PeerSpec waiting =
      spec("risk", "join drain leave", "--kind=required --start=resume --timeout-ms=30000");
  waiting.incarnation = 7;
  Peer heir = start(waiting);
  heir.wait_asleep();
  PeerSpec impatient = spec("risk", "join sleep", "--kind=required --start=resume");
  impatient.incarnation = 8;
  const std::string refusal = start(impatient).next_line();
  EXPECT_TRUE(refusal.starts_with("error consumer_alive")) << refusal;
  EXPECT_NE(refusal.find("pid " + std::to_string(winner->pid())), std::string::npos) << refusal;
  EXPECT_FALSE(producer_->watch());
  EXPECT_TRUE(alerts_.empty());
  winner->kill();
  heir.expect("attached");
  EXPECT_EQ(producer_.publish(50), Publish::ok);
}

TEST_P(RequiredConsumers, Those_who_only_try_learn_it_too) {
  Peer risk = consumer("risk", "drain leave");
  producer_->enable_liveness(policy());
  risk.stop();
  producer_.fill();
  const auto attempts = {std::function([&] { return producer_->try_publish([](auto) {}); }),
                         std::function([&] { return producer_->try_claim(3).status(); }),
                         std::function([&] { return producer_->try_burst(3).status(); })};
  for (const auto& attempt : attempts) {
    Publish result = Publish::full;
    const TimePoint hang = hang_deadline();
    while (result == Publish::full && std::chrono::steady_clock::now() < hang) result = attempt();
    EXPECT_EQ(result, Publish::consumer_stalled);
    producer_->acknowledge_failure();
  }
}

TEST_P(RequiredConsumers, Deadlines_and_batches_learn_it_too) {
  Peer risk = consumer("risk", "drain leave");
  producer_->enable_liveness(policy());
  risk.stop();
  producer_.fill();
  EXPECT_EQ(producer_.publish(1, in(1ms)), Publish::timed_out);
  EXPECT_EQ(producer_->claim_until(in(hang_time), 3).status(), Publish::consumer_stalled);
  producer_->acknowledge_failure();
  EXPECT_EQ(producer_->publish_until(in(hang_time), [](auto) {}), Publish::consumer_stalled);
  producer_->acknowledge_failure();
  EXPECT_EQ(producer_->burst_until(in(hang_time), 3).status(), Publish::consumer_stalled);
}

TEST_P(RequiredConsumers, With_alerts_only_it_is_waited_for) {
  Peer risk = consumer("risk", "drain leave");
  Liveness wanted = policy();
  wanted.failure_action = FailureAction::alert_only;
  producer_->enable_liveness(wanted);
  risk.stop();
  producer_.fill();
  wait_in_vain(&LivenessCounters::failures, 1);
  EXPECT_EQ(producer_.publish(1, in(30ms)), Publish::timed_out);
  EXPECT_EQ(alerts_.size(), 1U);
  EXPECT_EQ(producer_->liveness_counters().failures, 1U);
  risk.resume();
  EXPECT_EQ(producer_.publish(100), Publish::ok);
  EXPECT_FALSE(producer_->failure());
}

TEST_P(RequiredConsumers, A_hook_that_throws_harms_nothing) {
  Peer risk = consumer("risk", "drain leave");
  Liveness wanted = patient_with_the_healthy();
  wanted.alert_hook = [](const ConsumerAlert&) { throw std::runtime_error("a bad hook"); };
  producer_->enable_liveness(wanted);
  risk.stop();
  producer_.fill();
  EXPECT_EQ(publish_one(), Publish::consumer_stalled);
  producer_->acknowledge_failure();
  EXPECT_EQ(publish_one(), Publish::consumer_stalled);  // the policy is still in force
  EXPECT_EQ(producer_->liveness_counters().hook_exceptions, 2U);
  producer_->acknowledge_failure();
  risk.resume();
  EXPECT_EQ(producer_.publish(100), Publish::ok);
}

TEST_P(RequiredConsumers, A_claim_that_was_open_is_published_all_the_same) {
  Peer risk = consumer("risk", "drain leave");
  producer_->enable_liveness(policy());
  {
    Claim<Bytes> claim = producer_->claim(3);
    ASSERT_TRUE(claim);
    risk.kill();
    ASSERT_TRUE(watch_until(hang_deadline()));
    EXPECT_EQ(claim.publish(2), Publish::ok);
    EXPECT_EQ(claim.published(), 2U);
  }
  EXPECT_EQ(publish_one(), Publish::consumer_missing);
  EXPECT_EQ(stream_position(producer_->segment()).published,
            Sequence(setting_.producers == ProducerKind::multi ? 3 : 2));
}

TEST_P(RequiredConsumers, A_batch_larger_than_the_ring_is_refused_at_once) {
  Peer risk = consumer("risk", "sleep");
  producer_->enable_liveness(policy());
  EXPECT_EQ(producer_->claim(17).status(), Publish::too_large);
  EXPECT_EQ(producer_->claim(0).status(), Publish::too_large);
}

TEST_P(RequiredConsumers, A_producer_that_was_stopped_itself_blames_nobody) {
  // Both are stopped and go on together, as if the machine had slept.
  Peer risk = consumer("risk", "drain leave");
  Liveness wanted = policy();
  wanted.progress_timeout = 200ms;
  wanted.shutdown_grace_period = 0ms;
  producer_->enable_liveness(wanted);
  risk.stop();
  ASSERT_EQ(producer_.publish(1), Publish::ok);
  EXPECT_FALSE(producer_->watch());
  EXPECT_FALSE(producer_->watch());    // owes something
  std::this_thread::sleep_for(250ms);  // we do not look for longer than its time
  EXPECT_FALSE(producer_->watch());
  EXPECT_TRUE(alerts_.empty());
  risk.resume();
}

TEST_P(RequiredConsumers, A_worker_that_dies_again_and_again_handles_each_event_in_order) {
  Liveness wanted = policy();
  wanted.absence_grace_period = hang_time;
  wanted.progress_timeout = hang_time;
  Peer worker = consumer("risk", "drain leave");
  producer_->enable_liveness(wanted);
  std::atomic<std::uint64_t> lives = 1;
  std::atomic<bool> is_over = false;
  std::jthread publisher([&] {
    while (!is_over) {
      // Not more than the logs hold.
      if (producer_.next() > lives * 250)
        std::this_thread::sleep_for(1ms);
      else
        EXPECT_EQ(producer_.publish(50), Publish::ok);
    }
  });
  for (const std::uint64_t deaths = 20; lives != deaths + 1;) {
    worker.kill();
    ++lives;
    worker = consumer("risk", "drain leave", lives);
  }
  is_over = true;
  publisher.join();
  producer_.finish();
  worker.skip_to("ended closed");
  worker.wait_success();
  expect_no_violation();
}

TEST_P(RequiredConsumers, A_worker_that_dies_a_hundred_times_at_full_speed_loses_nothing) {
  Liveness wanted = policy();
  wanted.absence_grace_period = hang_time;
  wanted.progress_timeout = hang_time;
  const std::string tally = (scratch().logs().parent_path() / "tally").string();
  options_ = " --tally=" + tally;
  Peer worker = consumer("risk", "tally leave");
  producer_->enable_liveness(wanted);
  std::atomic<bool> is_over = false;
  std::atomic<std::uint64_t> sent = 0;
  std::jthread publisher([&] {
    for (Publish result = Publish::ok; !is_over && result == Publish::ok; ++sent) {
      result = producer_->publish([&](std::span<std::byte> event) {
        write_proof(event, producer_.next(), {.incarnation = 1, .number = sent});
      });
      EXPECT_EQ(result, Publish::ok);
    }
  });
  const std::uint64_t deaths = is_sanitized() ? 20 : 100;
  for (std::uint64_t death = 1; death <= deaths; ++death) {
    // Right behind its attach, in its first events, or in full flow.
    const std::uint64_t until = sent + death % 4 * 400;
    const TimePoint hang = hang_deadline();
    while (sent < until && std::chrono::steady_clock::now() < hang) std::this_thread::yield();
    worker.kill();
    worker = consumer("risk", "tally leave", death + 1);
  }
  is_over = true;
  publisher.join();
  const std::uint64_t end = producer_.next();
  producer_.finish();
  // Who begins behind what was handled, or more than a batch before it, ends with another code; so
  // does who gets an event that is not whole or not the next one.
  worker.skip_to("ended closed " + std::to_string(end) + " 0");
  worker.wait_success();
  EXPECT_GT(end, deaths * 500);
}

// --- Continuing without

class ContinuingWithout : public RequiredConsumers {
 protected:
  ContinuingWithout() { options_ = " --passable=1"; }
  Liveness policy(std::vector<std::string> ids = {"risk"}) {
    Liveness policy = RequiredConsumers::policy(std::move(ids));
    policy.failure_action = FailureAction::continue_without;
    policy.absence_action = FailureAction::continue_without;
    return policy;
  }
};

TEST_P(ContinuingWithout, A_dead_one_is_left_behind_and_learns_it_when_it_returns) {
  options_.clear();  // one that is dead reads nothing
  Peer risk = consumer("risk", "handle:3 sleep");
  Peer journal = consumer("journal", "drain leave");
  Liveness wanted = policy({"risk", "journal"});
  wanted.failure_action = FailureAction::report;
  wanted.progress_timeout = hang_time;
  producer_->enable_liveness(wanted);
  ASSERT_EQ(producer_.publish(3), Publish::ok);
  risk.skip_to("handled");
  risk.kill();
  EXPECT_EQ(producer_.publish(200), Publish::ok);
  const Participant left_behind = find("risk");
  EXPECT_TRUE(left_behind.is_passed_over);
  EXPECT_FALSE(left_behind.gates);
  EXPECT_EQ(left_behind.presence, Participant::Presence::dead);
  EXPECT_EQ(left_behind.cursor, Sequence(3));  // the first that it may miss
  EXPECT_EQ(producer_->liveness_counters().passed_over, 1U);
  LocalConsumer again(scratch(), "risk", 2,
                      {.kind = ConsumerKind::required, .start = Start::resume});
  EXPECT_TRUE(again->resumed());
  EXPECT_TRUE(again->passed_over());
  EXPECT_EQ(again->missed_before_start(), again->start_sequence().value() - 3);
  EXPECT_GT(again->missed_before_start(), 0U);
  EXPECT_FALSE(find("risk").is_passed_over);  // it gates again
  EXPECT_TRUE(find("risk").gates);
  producer_.fill();
  EXPECT_EQ(again.read_to(203), Poll::events);
}

TEST_P(ContinuingWithout, If_nobody_is_left_who_reads_that_is_told_and_not_waited_for_in_silence) {
  options_.clear();
  Peer risk = consumer("risk", "sleep");
  Liveness wanted = policy();
  wanted.failure_action = FailureAction::report;
  wanted.progress_timeout = hang_time;
  producer_->enable_liveness(wanted);
  producer_.fill();
  risk.kill();
  EXPECT_EQ(publish_one(), Publish::consumer_missing);
  EXPECT_TRUE(find("risk").is_passed_over);
  ASSERT_TRUE(producer_->failure());
  EXPECT_EQ(producer_->failure()->consumer_id, "risk");
  producer_->acknowledge_failure();
  EXPECT_EQ(publish_one(), Publish::consumer_missing);  // it is as it was
  producer_->acknowledge_failure();
  EXPECT_EQ(producer_->try_publish([](auto) {}), Publish::consumer_missing);
  producer_->acknowledge_failure();
  Peer again = consumer("risk", "drain leave", 2);
  EXPECT_EQ(producer_.publish(100), Publish::ok);
}

TEST_P(ContinuingWithout, One_that_left_to_come_back_is_left_behind_too) {
  Peer risk = consumer("risk", "await leave");
  Peer journal = consumer("journal", "drain leave");
  Liveness wanted = policy({"risk", "journal"});
  wanted.progress_timeout = hang_time;
  producer_->enable_liveness(wanted);
  risk.tell();
  risk.wait_success();
  EXPECT_EQ(producer_.publish(200), Publish::ok);
  EXPECT_TRUE(find("risk").is_passed_over);
}

TEST_P(ContinuingWithout, A_stopped_one_that_goes_on_in_the_middle_of_an_event_is_told) {
  Peer risk = consumer("risk", "handler_then:3,stop drain leave");
  Peer journal = consumer("journal", "drain leave");
  producer_->enable_liveness(policy({"risk", "journal"}));
  ASSERT_EQ(producer_.publish(8), Publish::ok);
  risk.wait_stopped();
  // Many laps over the slot that it is reading.
  EXPECT_EQ(producer_.publish(500), Publish::ok);
  EXPECT_TRUE(find("risk").is_passed_over);
  EXPECT_EQ(find("risk").presence, Participant::Presence::stopped);
  risk.resume();
  producer_.finish();
  risk.skip_to("passed_over");
  risk.skip_to("ended closed 508");
  risk.wait_success();
  expect_no_violation();  // every event it handled was whole, in order, and those it missed counted
}

TEST_P(ContinuingWithout, One_that_reads_in_place_is_never_passed_over_while_it_lives) {
  options_.clear();
  Peer risk = consumer("risk", "handler_then:3,stop drain leave");
  Liveness wanted = policy();
  wanted.startup_wait_timeout = 20ms;
  try {
    producer_->enable_liveness(wanted);
    FAIL() << "it cannot be passed over";
  } catch (const Error& error) {
    EXPECT_NE(error.expected().find("may_be_passed_over"), std::string::npos) << error.what();
  }
}

TEST_P(ContinuingWithout, One_that_came_back_to_read_in_place_is_reported) {
  Peer risk = consumer("risk", "drain leave");
  producer_->enable_liveness(policy());
  risk.kill();
  options_.clear();
  Peer again = consumer("risk", "drain leave", 2);
  again.stop();
  producer_.fill();
  EXPECT_EQ(publish_one(), Publish::consumer_stalled);
  EXPECT_TRUE(find("risk").gates);
  again.resume();
}

TEST_P(ContinuingWithout, Who_may_be_passed_over_and_is_not_loses_nothing) {
  Peer risk = consumer("risk", "drain leave");
  Liveness wanted = policy();
  wanted.progress_timeout = hang_time;
  producer_->enable_liveness(wanted);
  EXPECT_EQ(producer_.publish(5000), Publish::ok);
  producer_.finish();
  risk.skip_to("ended closed 5000 0");
  risk.wait_success();
  expect_no_violation();
}

// --- Stopping

TEST_P(RequiredConsumers, A_stopped_topology_ends_for_everybody_with_the_reason) {
  Peer risk = consumer("risk", "sleep");
  LocalConsumer journal(scratch(), "journal", 1);
  LocalConsumer observer(scratch(), "observer", 1, {.kind = ConsumerKind::observer});
  Liveness wanted = policy();
  wanted.absence_action = FailureAction::stop_topology;
  producer_->enable_liveness(wanted);
  std::optional<LocalProducer> other;
  if (setting_.producers == ProducerKind::multi) {
    other.emplace(scratch(), setting_.form, ProducerBirth::attach, 2,
                  ProducerOptions{.id = "other"});
    ASSERT_EQ(other->publish(1), Publish::ok);
  }
  const std::uint64_t sent = 16;
  producer_.fill();
  risk.kill();
  EXPECT_EQ(publish_one(), Publish::stopped);
  EXPECT_EQ(producer_->try_publish([](auto) {}), Publish::stopped);
  EXPECT_EQ(producer_->failure()->trouble, ConsumerTrouble::dead);
  const auto expect_reason = [](const Error& error) {
    EXPECT_EQ(error.code(), Errc::stopped);
    EXPECT_TRUE(error.problem().ends_with("because of risk, dead")) << error.what();
  };
  expect_reason(producer_->explain(Publish::stopped));
  if (other) {
    EXPECT_EQ(other->publish(1), Publish::stopped);
    expect_reason((*other)->explain(Publish::stopped));
  }
  for (LocalConsumer* const reader : {&journal, &observer}) {
    EXPECT_EQ(reader->drain(), Poll::stopped);
    EXPECT_EQ(reader->next(), sent);  // nothing that was published is lost
    expect_reason((*reader)->explain(Poll::stopped));
  }
  EXPECT_EQ(journal->poll([](auto) {}).outcome, Poll::stopped);
  // The one it was about can still read all when it comes back.
  LocalConsumer again(scratch(), "risk", 2,
                      {.kind = ConsumerKind::required, .start = Start::resume});
  EXPECT_EQ(again.drain(), Poll::stopped);
  EXPECT_EQ(again.next(), sent);
}

TEST_P(RequiredConsumers, A_topology_that_is_stopped_because_of_a_stall_says_so) {
  Peer risk = consumer("risk", "handler_then:0,stop drain leave");
  LocalConsumer journal(scratch(), "journal", 1);
  Liveness wanted = policy();
  wanted.failure_action = FailureAction::stop_topology;
  wanted.absence_action = FailureAction::alert_only;
  producer_->enable_liveness(wanted);
  ASSERT_EQ(producer_.publish(1), Publish::ok);
  risk.wait_stopped();
  EXPECT_TRUE(watch_until(hang_deadline()));  // while nobody publishes
  EXPECT_EQ(publish_one(), Publish::stopped);
  EXPECT_EQ(journal.drain(), Poll::stopped);
  EXPECT_EQ(stop_reason(journal->segment())->trouble, ConsumerTrouble::stalled);
  EXPECT_TRUE(journal->explain(Poll::stopped).problem().ends_with("because of risk, stalled"));
  // The stalled one itself reads what there is, and is told the same.
  risk.resume();
  risk.skip_to("ended stopped 1 0");
  risk.wait_success();
}

INSTANTIATE_TEST_SUITE_P(Rings, RequiredConsumers, testing::ValuesIn(one_and_several),
                         SettingName());
INSTANTIATE_TEST_SUITE_P(Rings, ContinuingWithout, testing::ValuesIn(one_and_several),
                         SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
