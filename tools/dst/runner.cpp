// SPDX-License-Identifier: MIT OR Apache-2.0
#include "runner.hpp"

#include <array>

namespace disruptor_mp::sim {
namespace {

constexpr std::array<const char*, Oracle::max_consumers> consumer_names = {
    "consumer 0", "consumer 1", "consumer 2", "consumer 3"};
constexpr std::array<const char*, SharedOracle::max_producers> producer_names = {
    "producer 0", "producer 1", "producer 2"};

/// Whether the run that has just ended fails by design. (Others of the canaries fail by
/// themselves.)
bool is_canary(const Profile& profile, std::uint64_t seed) {
  if (profile.canary_at)
    return situations().reached()[static_cast<std::size_t>(*profile.canary_at)];
  return profile.canary && profile.reported_as == Verdict::safety && seed % 100 == 99;
}

}  // namespace

RunResult run_once(const RunSpec& spec, Strategy& strategy) {
  Random random(spec.seed);
  setting = Setting();
  spec.profile->draw(setting, random);
  oracle().reset(setting.first, setting.events, setting.capacity, setting.runs_free);
  seed_role_draws(spec.seed);

  RunConfig config;
  config.memory = spec.memory;
  config.crashes = spec.crashes;
  config.power_cut_at = setting.power_cut_at;
  config.keeps_log = spec.keeps_log;
  if (spec.is_exhaustive) {
    config.spurious_wakes = false;
    config.step_cost = 0;
    config.plain_writes_are_steps = false;
  }
  const bool is_shared = setting.producers > 1;
  // While the only consumer is held up, three producers take as many steps waking from their naps
  // as a whole run of one.
  if (is_shared) config.max_steps *= 3;
  Engine& sim = engine();
  sim.begin_run(config, strategy);
  shared_oracle().reset(setting.first);
  liveness_oracle().reset();
  if (!is_shared) sim.set_idle_check([] { return oracle().find_lost_wake_up(); });
  sim.set_location_names(&ring_place_name);
  situations().reset();
  sim.set_witness(&situations());
  if (is_shared) {
    for (unsigned i = 0; i < setting.producers; ++i) {
      sim.add_role(
          {.name = producer_names[i], .body = shared_producer_bodies[i], .restarts = spec.crashes});
    }
  } else {
    sim.add_role({.name = "producer",
                  .body = &producer_body,
                  .restarts = spec.crashes,
                  .can_be_killed = setting.mortal != Mortal::consumers});
  }
  if (setting.has_standby)
    sim.add_role({.name = "standby", .body = &standby_body, .restarts = spec.crashes});
  if (setting.has_janitor) sim.add_role({.name = "janitor", .body = &janitor_body});
  if (setting.has_watcher)
    sim.add_role({.name = "watcher", .body = &watcher_body, .can_be_killed = false});
  const bool consumers_die = setting.mortal != Mortal::producers;
  for (unsigned i = 0; i < setting.consumers; ++i) {
    sim.add_role({.name = consumer_names[i],
                  .body = is_shared ? shared_consumer_bodies[i] : consumer_bodies[i],
                  .restarts = setting.consumer[i].stays_dead ? 0 : spec.crashes,
                  .can_be_killed = consumers_die});
  }
  if (sim.run() == Verdict::pass) {
    if (const std::string problem =
            is_shared ? shared_oracle().check_end(setting.consumers) : oracle().check_end();
        !problem.empty())
      sim.fail(Verdict::safety, problem);
  }
  if (is_canary(*spec.profile, spec.seed) && sim.verdict() == Verdict::pass) {
    sim.fail(Verdict::safety, spec.profile->canary_at ? "the canary: this schedule fails by design"
                                                      : "the canary: this seed fails by design");
  }
  return {.verdict = sim.verdict(),
          .problem = sim.problem(),
          .hash = sim.hash(),
          .steps = sim.steps(),
          .reached = situations().reached()};
}

}  // namespace disruptor_mp::sim
