// SPDX-License-Identifier: MIT OR Apache-2.0
#include "runner.hpp"

#include <algorithm>
#include <array>

namespace disruptor_mp::sim {
namespace {

constexpr std::array<const char*, Oracle::max_consumers> consumer_names = {
    "consumer 0", "consumer 1", "consumer 2", "consumer 3"};
constexpr std::array<const char*, SharedOracle::max_producers> producer_names = {
    "producer 0", "producer 1", "producer 2"};
/// So many failures are tried while shrinking.
constexpr unsigned shrink_budget = 4000;

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
  if (spec.profile->canary && spec.seed % 100 == 99 && sim.verdict() == Verdict::pass)
    sim.fail(Verdict::safety, "the canary: this seed fails by design");
  return {.verdict = sim.verdict(),
          .problem = sim.problem(),
          .hash = sim.hash(),
          .steps = sim.steps(),
          .reached = situations().reached()};
}

Trace shrink(const Trace& trace) {
  Trace best = trace;
  unsigned tried = 0;
  const auto still_fails = [&](const std::vector<Decision>& decisions) {
    ++tried;
    ReplayStrategy strategy(decisions);
    engine().record_decisions(true);
    RunResult result = run_once(best.spec, strategy);
    if (result.verdict != trace.result.verdict ||
        result.problem.substr(0, 3) != trace.result.problem.substr(0, 3))
      return false;
    best.result = std::move(result);
    best.decisions = engine().decisions();  // what was not met falls away by itself
    return true;
  };
  for (std::size_t chunk = std::max<std::size_t>(best.decisions.size() / 2, 1);;) {
    bool shrunk = false;
    for (std::size_t from = 0; from < best.decisions.size() && tried < shrink_budget;) {
      std::vector<Decision> fewer = best.decisions;
      const auto begin = fewer.begin() + static_cast<std::ptrdiff_t>(from);
      fewer.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(chunk, fewer.size() - from)));
      const std::size_t before = best.decisions.size();
      if (still_fails(fewer) && best.decisions.size() < before) {
        shrunk = true;
      } else {
        from += chunk;
      }
    }
    if (tried >= shrink_budget || (chunk == 1 && !shrunk)) break;
    if (!shrunk) chunk = std::max<std::size_t>(chunk / 2, 1);
  }
  return best;
}

}  // namespace disruptor_mp::sim
