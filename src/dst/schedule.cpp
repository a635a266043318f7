// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/schedule.hpp"

#include "disruptor_mp/dst/xorshift.hpp"
#include "dst/codec.hpp"

namespace disruptor_mp::dst {

static void write(JsonWriter& out, const ScheduledStep& step) {
  out.begin_object();
  out.key("step");
  out.number(step.step);
  out.key("action");
  write(out, step.action);
  out.key("role");
  write(out, step.role);
  out.key("attempt");
  out.number(step.attempt);
  out.key("plan_id");
  out.string(step.plan_id);
  out.key("profile");
  out.string(step.profile);
  out.end_object();
}

static bool read(JsonReader& in, ScheduledStep& step) {
  return in.object({{"step", reads(in, step.step)},
                    {"action", [&] { return read(in, step.action); }},
                    {"role", [&] { return read(in, step.role); }},
                    {"attempt", reads(in, step.attempt)},
                    {"plan_id", reads(in, step.plan_id)},
                    {"profile", reads(in, step.profile)}});
}

static void write(JsonWriter& out, const StartupSchedule& schedule) {
  out.begin_object();
  out.key("plan_id");
  out.string(schedule.plan_id);
  out.key("seed");
  out.number(schedule.seed);
  out.key("step_cap");
  out.number(schedule.step_cap);
  out.key("steps");
  write(out, schedule.steps);
  out.end_object();
}

static bool read(JsonReader& in, StartupSchedule& schedule) {
  return in.object({{"plan_id", reads(in, schedule.plan_id)},
                    {"seed", reads(in, schedule.seed)},
                    {"step_cap", reads(in, schedule.step_cap)},
                    {"steps", [&] { return read(in, schedule.steps); }}});
}

StartupSchedule StartupSchedule::from_seed(std::string plan_id, std::uint64_t seed,
                                           std::uint32_t consumers, std::uint64_t max_steps) {
  XorShift64 random(seed);
  const bool is_producer_first = random.below(2) == 0;
  StartupSchedule schedule{std::move(plan_id), seed, max_steps, {}};

  const auto add = [&](SchedulerAction action, ProcessRole role) {
    schedule.steps.push_back({.step = schedule.steps.size(),
                              .action = action,
                              .role = role,
                              .attempt = 0,
                              .plan_id = schedule.plan_id,
                              .profile = is_producer_first ? "producer_first" : "consumer_first"});
  };
  const auto pause = [&](std::uint64_t ms) {
    add(SchedulerAction::sleep_ms(ms), ProcessRole::orchestrator());
  };

  if (is_producer_first) add(SchedulerAction::spawn(), ProcessRole::producer());
  for (std::uint32_t index = 0; index < consumers; ++index) {
    add(SchedulerAction::spawn(), ProcessRole::consumer(index));
    if (const auto quarters = random.below(4); quarters > 0) pause(25 * quarters);
  }
  if (!is_producer_first) add(SchedulerAction::spawn(), ProcessRole::producer());
  while (schedule.steps.size() < max_steps) pause(10);
  return schedule;
}

std::string StartupSchedule::to_json() const { return pretty_json(*this); }

Result<StartupSchedule, JsonError> StartupSchedule::from_json(std::string_view text) {
  return parse_json<StartupSchedule>(text);
}

}  // namespace disruptor_mp::dst
