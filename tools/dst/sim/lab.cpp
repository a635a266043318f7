// SPDX-License-Identifier: MIT OR Apache-2.0
#include "lab.hpp"

namespace disruptor_mp::sim {
namespace {

constexpr std::uint64_t lab_size = 4096;

}  // namespace

std::uint64_t* lab_word(unsigned index) {
  Engine& sim = engine();
  Kernel& kernel = sim.kernel();
  int object = kernel.find_object("lab");
  if (object == Kernel::none) {
    object = kernel.create_object(lab_size, "lab");
    static_cast<void>(kernel.give_name(static_cast<unsigned>(object)));
  }
  if (!kernel.may_read(sim.current(), static_cast<unsigned>(object), 0)) {
    const int description = kernel.open(static_cast<unsigned>(object), sim.current());
    const Kernel::Range all{.begin = 0, .end = lab_size};
    kernel.map(description, lab_size, &all, 1);
  }
  return reinterpret_cast<std::uint64_t*>(sim.window(sim.current(), static_cast<unsigned>(object)) +
                                          index * 128U);
}

Exploration explore(const RunConfig& config, const std::vector<void (*)()>& bodies,
                    const std::function<std::string()>& outcome,
                    ExhaustiveStrategy::Bounds bounds) {
  Exploration result;
  ExhaustiveStrategy strategy(bounds);
  do {
    engine().begin_run(config, strategy);
    for (void (*body)() : bodies) engine().add_role({.name = "process", .body = body});
    const Verdict verdict = engine().run();
    ++result.executions;
    std::string text = outcome();
    if (verdict == Verdict::pass) result.outcomes.insert(std::move(text));
    if (verdict != Verdict::pass && verdict != Verdict::pruned && result.problem.empty())
      result.problem = engine().problem();
  } while (strategy.advance());
  return result;
}

}  // namespace disruptor_mp::sim
