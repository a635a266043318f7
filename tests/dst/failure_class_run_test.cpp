// SPDX-License-Identifier: MIT OR Apache-2.0
// The story of each failure class, told on the state machine alone: no ring takes part yet. Every
// seed of the class's profile must give the trouble the class is named after, within the profile's
// budget, and the same trace when it is run again.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "disruptor_mp/dst/dst.hpp"
#include "dst/support/printers.hpp"

namespace disruptor_mp::dst {
namespace {

using Action = SchedulerAction;
const auto producer = ProcessRole::producer();

/// One run of a profile, with the moves that the stories below have in common.
class ProfileRun {
 public:
  ProfileRun(const ProfileSpec& profile, std::uint64_t seed)
      : profile_(profile),
        runtime_("control plane", std::string(profile.name()), seed,
                 profile.timeout_ms() * 1'000'000) {
    EXPECT_TRUE(runtime_.start());
  }

  void step(ProcessRole role, Action action, std::uint32_t attempt = 0) {
    EXPECT_TRUE(runtime_.step(role, action, attempt));
    EXPECT_TRUE(runtime_.enforce_budget(runtime_.virtual_time_ns()));
  }

  /// The start-up drawn from the seed.
  void start_up() {
    const auto schedule =
        StartupSchedule::from_seed("start-up", runtime_.seed(), profile_.consumers, 0);
    for (const auto& planned : schedule.steps) step(planned.role, planned.action, planned.attempt);
  }

  void each_consumer(Action action) {
    for (std::uint32_t i = 0; i < profile_.consumers; ++i) step(ProcessRole::consumer(i), action);
  }

  void crash_and_restart(ProcessRole victim) {
    EXPECT_TRUE(runtime_.crash(victim, "killed"));
    EXPECT_TRUE(runtime_.restart(victim, "same identity"));
    EXPECT_TRUE(runtime_.start());
    step(victim, Action::attach());
  }

  DstRuntime& runtime() { return runtime_; }

  TraceArtifact finish() {
    runtime_.complete();
    return std::move(runtime_).into_trace();
  }

 private:
  const ProfileSpec& profile_;
  DstRuntime runtime_;
};

using Story = std::function<void(ProfileRun&)>;
using Check = std::function<void(const TraceArtifact&)>;

void expect_story(FailureClass failure_class, const Story& story, const Check& check) {
  const auto& profile = profile_for(failure_class);
  const auto& seeds = profile.seed_envelope;
  for (std::uint64_t i = 0; i < seeds.sample_count(); ++i) {
    const auto tell = [&] {
      ProfileRun run(profile, seeds.seed_at(i));
      story(run);
      return run.finish();
    };
    const auto trace = tell();
    check(trace);
    const auto replayed = ReplayValidator::validate(trace, tell());
    EXPECT_TRUE(replayed) << to_string(replayed.error());
    EXPECT_EQ(TraceArtifact::from_json(trace.to_json()).value(), trace);
  }
}

using Wanted = std::function<bool(const TraceEvent&)>;

std::size_t first(const TraceArtifact& trace, const Wanted& wanted) {
  const auto found = std::find_if(trace.events.begin(), trace.events.end(), wanted);
  EXPECT_NE(found, trace.events.end());
  return static_cast<std::size_t>(found - trace.events.begin());
}

std::size_t last(const TraceArtifact& trace, const Wanted& wanted) {
  const auto found = std::find_if(trace.events.rbegin(), trace.events.rend(), wanted);
  EXPECT_NE(found, trace.events.rend());
  return static_cast<std::size_t>(trace.events.rend() - found) - 1;
}

std::size_t how_many(const TraceArtifact& trace, const Wanted& wanted) {
  return static_cast<std::size_t>(std::count_if(trace.events.begin(), trace.events.end(), wanted));
}

Wanted publishes() {
  return [](const TraceEvent& e) { return e.action.kind() == Action::Kind::PublishBatch; };
}

Wanted does(ProcessRole role, Action action) {
  return [=](const TraceEvent& e) { return e.role == role && e.action == action; };
}

Wanted crashes(ProcessRole role) {
  return [=](const TraceEvent& e) {
    return e.role == role && e.status.kind() == TraceStatus::Kind::Failed;
  };
}

TEST(FailureClassRun, Producer_before_consumers_spawns_the_producer_first) {
  const Story story = [](ProfileRun& run) {
    run.step(producer, Action::spawn());
    run.step(producer, Action::publish_batch(8));
    run.each_consumer(Action::spawn());
    run.each_consumer(Action::attach());
    run.each_consumer(Action::consume_batch(8));
  };
  expect_story(FailureClass::ProducerBeforeConsumers, story, [](const TraceArtifact& trace) {
    EXPECT_LT(first(trace, publishes()),
              first(trace, does(ProcessRole::consumer(0), Action::spawn())));
  });
}

TEST(FailureClassRun, Late_consumer_attach_happens_after_publications_began) {
  const auto latecomer = ProcessRole::consumer(1);
  const Story story = [&](ProfileRun& run) {
    run.start_up();
    run.step(ProcessRole::consumer(0), Action::attach());
    run.step(producer, Action::publish_batch(64));
    run.step(latecomer, Action::attach());
    run.step(producer, Action::publish_batch(64));
    run.each_consumer(Action::consume_batch(64));
  };
  expect_story(FailureClass::LateConsumerAttach, story, [&](const TraceArtifact& trace) {
    const auto joined = first(trace, does(latecomer, Action::attach()));
    EXPECT_LT(first(trace, publishes()), joined);
    EXPECT_GT(last(trace, publishes()), joined);
  });
}

TEST(FailureClassRun, Create_attach_churn_restarts_every_participant) {
  const Story story = [](ProfileRun& run) {
    run.start_up();
    for (int round = 0; round < 3; ++round) {
      run.step(producer, Action::start());
      run.each_consumer(Action::attach());
      run.each_consumer(Action::shutdown());
      run.step(producer, Action::shutdown());
      run.step(producer, Action::restart());
      run.each_consumer(Action::restart());
    }
  };
  expect_story(FailureClass::CreateAttachChurn, story, [](const TraceArtifact& trace) {
    for (const auto role : {producer, ProcessRole::consumer(0), ProcessRole::consumer(1)}) {
      EXPECT_EQ(how_many(trace, does(role, Action::restart())), 3u);
      EXPECT_EQ(how_many(trace, does(role, Action::shutdown())), 3u);
    }
  });
}

TEST(FailureClassRun, Producer_crash_and_restart_brings_the_producer_back) {
  const Story story = [](ProfileRun& run) {
    run.start_up();
    run.each_consumer(Action::attach());
    run.step(producer, Action::publish_batch(5));
    run.crash_and_restart(producer);
    run.step(producer, Action::publish_batch(5));
    run.each_consumer(Action::consume_batch(10));
  };
  expect_story(FailureClass::ProducerCrashAndRestart, story, [](const TraceArtifact& trace) {
    const auto died = first(trace, crashes(producer));
    EXPECT_LT(first(trace, publishes()), died);
    EXPECT_GT(last(trace, publishes()), died);
    EXPECT_EQ(trace.events[died].status.reason(), "killed");
  });
}

TEST(FailureClassRun, Consumer_crash_and_restart_brings_the_same_consumer_back) {
  const auto victim = ProcessRole::consumer(0);
  const Story story = [&](ProfileRun& run) {
    run.start_up();
    run.each_consumer(Action::attach());
    run.step(producer, Action::publish_batch(10));
    run.step(victim, Action::consume_batch(4));
    run.crash_and_restart(victim);
    run.step(victim, Action::consume_batch(6));
  };
  expect_story(FailureClass::ConsumerCrashAndRestart, story, [&](const TraceArtifact& trace) {
    const auto died = first(trace, crashes(victim));
    EXPECT_EQ(how_many(trace, crashes(producer)), 0u);
    EXPECT_GT(last(trace, does(victim, Action::attach())), died);
    EXPECT_GT(first(trace, does(victim, Action::consume_batch(6))), died);
  });
}

TEST(FailureClassRun, Discovery_visibility_lag_is_in_the_trace) {
  const Story story = [](ProfileRun& run) {
    run.start_up();
    run.each_consumer(Action::attach());
    // Consumer i is seen at the (i+1)th look; the lag is in the attempts.
    for (std::uint32_t i = 0; i < 3; ++i) {
      run.step(ProcessRole::consumer(i), Action::sleep_ms(i + 1), i + 1);
      run.step(ProcessRole::consumer(i), Action::start());
    }
    EXPECT_EQ(run.runtime().attempts(), 6u);
    run.step(producer, Action::publish_batch(3));
  };
  expect_story(FailureClass::DiscoveryVisibilityLag, story, [](const TraceArtifact& trace) {
    for (std::uint32_t i = 0; i < 3; ++i) {
      const auto consumer = ProcessRole::consumer(i);
      const auto lag = first(trace, does(consumer, Action::sleep_ms(i + 1)));
      EXPECT_GT(lag, first(trace, does(consumer, Action::attach())));
      EXPECT_LT(lag, first(trace, does(consumer, Action::start())));
    }
  });
}

TEST(FailureClassRun, Readiness_gate_holds_the_run_until_every_consumer_is_there) {
  const Story story = [](ProfileRun& run) {
    run.start_up();
    run.step(ProcessRole::consumer(0), Action::attach());
    // One is missing, so the harness holds the run, and the publication is refused.
    EXPECT_TRUE(run.runtime().pause());
    EXPECT_FALSE(run.runtime().step(producer, Action::publish_batch(1), 0));
    EXPECT_TRUE(run.runtime().resume());
    run.step(ProcessRole::consumer(1), Action::attach());
    run.step(producer, Action::publish_batch(1));
  };
  expect_story(FailureClass::ReadinessGateViolation, story, [](const TraceArtifact& trace) {
    EXPECT_EQ(how_many(trace, publishes()), 1u);
    for (std::uint32_t i = 0; i < 2; ++i) {
      EXPECT_GT(first(trace, publishes()),
                last(trace, does(ProcessRole::consumer(i), Action::attach())));
    }
  });
}

}  // namespace
}  // namespace disruptor_mp::dst
