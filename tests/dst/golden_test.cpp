// SPDX-License-Identifier: MIT OR Apache-2.0
// What the reference implementation wrote, byte for byte (golden/README.md).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "disruptor_mp/dst/dst.hpp"
#include "dst/support/golden.hpp"
#include "dst/support/printers.hpp"
#include "dst/support/stream.hpp"

namespace disruptor_mp::dst {
namespace {

using testing::golden;
using testing::Stream;

/// Reads a golden file as a T, which must be written back as it was, and returns it.
template <class T>
T round_trip(const std::string& name) {
  const std::string text = golden(name);
  auto parsed = T::from_json(text);
  if (!parsed) {
    ADD_FAILURE() << name << ": " << to_string(parsed.error());
    return {};
  }
  EXPECT_EQ(parsed.value().to_json(), text) << name;
  return std::move(parsed).value();
}

TEST(Golden, A_trace_with_every_word_of_the_vocabulary) {
  TraceArtifact trace{"every word", "vocabulary", UINT64_MAX, {}};
  using A = SchedulerAction;
  using S = TraceStatus;
  const auto producer = ProcessRole::producer();
  const auto harness = ProcessRole::orchestrator();
  trace.push(harness, A::spawn(), S::planned(), "");
  trace.push(producer, A::sleep_ms(UINT64_MAX), S::success(), "idx=1");
  trace.push(ProcessRole::consumer(0), A::attach(), S::retry(), "shm:quotes");
  trace.push(ProcessRole::consumer(UINT32_MAX), A::start(), S::failed(""), "x");
  trace.push(producer, A::publish_batch(0), S::success(), "x");
  trace.push(producer, A::publish_batch(UINT32_MAX), S::success(), "x");
  trace.push(ProcessRole::consumer(7), A::consume_batch(64), S::success(), "x");
  trace.push(producer, A::kill(), S::failed("said \"no\"\nand left \\ \x01\x1f\x7f \t\r\b\f/"),
             "x");
  trace.push(producer, A::restart(), S::success(), "Größe ≤ 10 µs 𝄞 \u2028");
  trace.push(harness, A::shutdown(), S::success(), "x");
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{{"zebra", "1"},
                                                                                   {"alpha", "2"},
                                                                                   {"Zebra", "3"},
                                                                                   {"", ""},
                                                                                   {"ä", "4"},
                                                                                   {"a\"b", "5"},
                                                                                   {"10", "6"},
                                                                                   {"9", "7"}}) {
    trace.set_metadata(key, value);
  }
  trace.events[3].step = UINT64_MAX;
  trace.events[3].attempt = UINT32_MAX;

  EXPECT_EQ(trace.to_json(), golden("trace_every_word.json"));
  EXPECT_EQ(round_trip<TraceArtifact>("trace_every_word.json"), trace);
}

TEST(Golden, A_trace_without_events) {
  EXPECT_EQ(TraceArtifact{}.to_json(), golden("trace_empty.json"));
  EXPECT_EQ(round_trip<TraceArtifact>("trace_empty.json"), TraceArtifact{});
}

TEST(Golden, The_trace_of_a_run_through_the_state_machine) {
  DstRuntime run("story", "producer_crash_and_restart", 0x3001, 1'500'000'000);
  const auto producer = ProcessRole::producer();
  const auto consumer = ProcessRole::consumer(0);
  ASSERT_TRUE(run.start());
  ASSERT_TRUE(run.step(producer, SchedulerAction::publish_batch(4), 1));
  ASSERT_TRUE(run.pause());
  ASSERT_TRUE(run.resume());
  ASSERT_TRUE(run.crash(producer, "killed inside publish"));
  ASSERT_TRUE(run.crash(consumer, "killed while the other was down"));
  ASSERT_TRUE(run.restart(producer, "successor"));
  ASSERT_TRUE(run.start());
  ASSERT_TRUE(run.step(consumer, SchedulerAction::consume_batch(4), 0));
  run.complete();
  run.complete();
  const auto trace = std::move(run).into_trace();
  EXPECT_EQ(trace.to_json(), golden("trace_runtime_story.json"));
  EXPECT_EQ(round_trip<TraceArtifact>("trace_runtime_story.json"), trace);
}

TEST(Golden, Startup_schedules) {
  struct Case {
    std::uint64_t seed;
    std::uint32_t consumers;
    std::uint64_t steps;
  };
  for (const auto& [seed, consumers, steps] :
       {Case{0, 0, 0}, Case{0, 2, 8}, Case{1, 1, 3}, Case{7, 2, 8}, Case{0x2001, 3, 4},
        Case{UINT64_MAX, 4, 12}}) {
    const std::string name = "schedule_seed_" + std::to_string(seed) + "_consumers_" +
                             std::to_string(consumers) + "_steps_" + std::to_string(steps) +
                             ".json";
    EXPECT_EQ(StartupSchedule::from_seed("golden", seed, consumers, steps),
              round_trip<StartupSchedule>(name));
  }
}

TEST(Golden, Fault_plans) {
  struct Case {
    std::uint64_t seed;
    std::uint32_t consumers;
    std::uint64_t steps;
  };
  for (const auto& [seed, consumers, steps] :
       {Case{0, 2, 8}, Case{1954, 0, 0}, Case{1954, 3, 5}, Case{2931, 1, 1}, Case{3908, 1, 5},
        Case{9770, 1, 5}, Case{UINT64_MAX, 4, (1ULL << 32) + 5}}) {
    const std::string name = "faults_seed_" + std::to_string(seed) + "_consumers_" +
                             std::to_string(consumers) + "_steps_" + std::to_string(steps) +
                             ".json";
    EXPECT_EQ(DeterministicFaultInjector::from_seed(seed, consumers, steps),
              round_trip<DeterministicFaultInjector>(name));
  }
}

TEST(Golden, A_fault_plan_with_every_word_of_the_vocabulary) {
  DeterministicFaultInjector plan;
  for (const auto kind : {FailureKind::delay_attach_ms(UINT64_MAX), FailureKind::kill_process(),
                          FailureKind::restart_process(),
                          FailureKind::drop_consumer_attach(UINT32_MAX), FailureKind::noop()}) {
    plan.inject_at.push_back({1, ProcessRole::orchestrator(), kind});
  }
  EXPECT_EQ(round_trip<DeterministicFaultInjector>("faults_every_word.json"), plan);
}

TEST(Golden, Assertion_logs) {
  EXPECT_EQ(round_trip<AssertionLog>("assertions_empty.json"), AssertionLog{});
  AssertionLog log;
  log.assert_always(true, "holds", "");
  log.assert_always(false, "no gap", "expected 5, found 7");
  log.assert_always(false, "no gap", "expected 8, found 9");
  log.assert_sometimes(false, "ring wraps");
  log.assert_sometimes(true, "producer blocked");
  log.assert_sometimes(false, "producer blocked");
  log.assert_reachable("takeover");
  log.assert_reachable("clean-up");
  log.assert_reachable("takeover");
  log.assert_unreachable("torn event", "sequence 3");
  EXPECT_EQ(round_trip<AssertionLog>("assertions.json"), log);
}

// Digests: thousands of values, compared by the hash of their text.

class Digest {
 public:
  void add(std::string_view text) {
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }
  [[nodiscard]] std::string hex() const {
    std::string digits;
    for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[hash_ >> shift & 15];
    return digits;
  }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
};

constexpr std::uint64_t block_size = 512;

std::uint64_t seed_of(std::uint64_t i) { return i % 2 == 0 ? i / 2 : i * 0x9E3779B97F4A7C15ULL; }

/// Calls add(digest, i) for the cases of each block and compares with the recorded digests.
template <class Add>
void expect_digests(const char* kind, Add add) {
  const auto blocks = nlohmann::json::parse(golden("digests.json")).at(kind);
  ASSERT_EQ(blocks.size(), 8u);
  for (std::uint64_t block = 0; block < blocks.size(); ++block) {
    Digest digest;
    for (auto i = block * block_size; i < (block + 1) * block_size; ++i) add(digest, i);
    EXPECT_EQ(digest.hex(), blocks[block].get<std::string>()) << kind << ", block " << block;
  }
}

TEST(Golden, Thousands_of_startup_schedules) {
  expect_digests("schedules", [](Digest& digest, std::uint64_t i) {
    const auto consumers = static_cast<std::uint32_t>(i % 6);
    digest.add(StartupSchedule::from_seed("digest", seed_of(i), consumers, i % 17).to_json());
  });
}

TEST(Golden, Thousands_of_fault_plans) {
  expect_digests("fault_plans", [](Digest& digest, std::uint64_t i) {
    const auto consumers = static_cast<std::uint32_t>(i % 6);
    const auto max_steps = i % 32 == 31 ? UINT64_MAX - i : i % 17;
    digest.add(DeterministicFaultInjector::from_seed(seed_of(i), consumers, max_steps).to_json());
  });
}

ProcessRole draw_role(Stream& stream) {
  switch (stream.below(3)) {
    case 0:
      return ProcessRole::producer();
    case 1:
      return ProcessRole::consumer(static_cast<std::uint32_t>(stream.below(4)));
    default:
      return ProcessRole::orchestrator();
  }
}

SchedulerAction draw_action(Stream& stream) {
  const auto kind = stream.below(9);
  const auto amount = static_cast<std::uint32_t>(stream.below(1000));
  const SchedulerAction actions[] = {SchedulerAction::spawn(),
                                     SchedulerAction::sleep_ms(amount),
                                     SchedulerAction::attach(),
                                     SchedulerAction::start(),
                                     SchedulerAction::publish_batch(amount),
                                     SchedulerAction::consume_batch(amount),
                                     SchedulerAction::kill(),
                                     SchedulerAction::restart(),
                                     SchedulerAction::shutdown()};
  return actions[kind];
}

std::string draw_reason(Stream& stream) {
  const char* reasons[] = {"", "killed", "power cut", "stalled: no progress"};
  return reasons[stream.below(4)];
}

/// One random call; whether it was accepted.
bool random_call(DstRuntime& run, Stream& stream) {
  const auto call = stream.below(16);
  if (call <= 2) return run.start().has_value();
  if (call == 3) return run.pause().has_value();
  if (call <= 5) return run.resume().has_value();
  if (call == 15) {
    if (stream.below(16) == 0) run.complete();
    return true;
  }
  const auto role = draw_role(stream);
  if (call <= 7) return run.crash(role, draw_reason(stream)).has_value();
  if (call <= 9) return run.restart(role, draw_reason(stream)).has_value();
  const auto action = draw_action(stream);
  const bool is_huge = stream.below(50) == 0;
  const auto attempt = is_huge ? UINT32_MAX : static_cast<std::uint32_t>(stream.below(5));
  return run.step(role, action, attempt).has_value();
}

std::string line_of(const RuntimeStepEvent& event) {
  std::string command(to_string(event.command.kind()));
  if (command == "Crash" || command == "Restart") {
    command += " { reason: \"" + event.command.reason() + "\" }";
  }
  return std::to_string(event.index) + " " + command + (event.action ? " true " : " false ") +
         std::to_string(event.virtual_time_ns) + " " + std::to_string(event.attempt) + "\n";
}

TEST(Golden, Thousands_of_random_walks_through_the_state_machine) {
  expect_digests("runtime_walks", [](Digest& digest, std::uint64_t i) {
    const auto seed = seed_of(i);
    Stream stream(seed);
    DstRuntime run("walk-" + std::to_string(seed), "walk", seed, 1'000'000);
    for (int call = 0; call < 64; ++call) {
      const bool is_accepted = random_call(run, stream);
      digest.add(std::string(is_accepted ? "true " : "false ") +
                 std::string(to_string(run.state())) + " " + std::to_string(run.step_count()) +
                 " " + std::to_string(run.virtual_time_ns()) + " " +
                 std::to_string(run.attempts()) + "\n");
    }
    for (const auto& event : run.timeline()) digest.add(line_of(event));
    digest.add(std::move(run).into_trace().to_json());
  });
}

}  // namespace
}  // namespace disruptor_mp::dst
