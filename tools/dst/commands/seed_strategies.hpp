// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "strategies.hpp"

namespace disruptor_mp::sim {

/// A strategy per seed: random and PCT in turn, or one of them alone; or one for all runs.
class SeedStrategies {
 public:
  /// @throws std::runtime_error if there is no strategy of that name.
  SeedStrategies(std::string name, ExhaustiveStrategy::Bounds bounds)
      : name_(std::move(name)), exhaustive_(bounds) {
    if (name_ != "random" && name_ != "pct" && name_ != "swarm" && name_ != "dfs")
      throw std::runtime_error("--strategy: '" + name_ + "' is none of random, pct, dfs, swarm");
  }
  [[nodiscard]] bool is_exhaustive() const { return name_ == "dfs"; }
  Strategy& of(std::uint64_t seed) {
    if (is_exhaustive()) return exhaustive_;
    RandomBase* strategy = &pct_;
    // The seed decides everything, whatever ran before it.
    if (is_random(seed)) {
      random_ = RandomStrategy();
      strategy = &random_;
    } else {
      pct_ = PctStrategy(2 + static_cast<unsigned>(seed / 2 % 3));
    }
    strategy->reseed(seed ^ 0x5DEECE66DU);
    strategy->learn_exactly(estimate_of(seed));
    return *strategy;
  }
  [[nodiscard]] const char* name_of(std::uint64_t seed) const {
    if (name_ != "swarm") return name_.c_str();
    return is_random(seed) ? "random" : "pct";
  }
  ExhaustiveStrategy& exhaustive() { return exhaustive_; }

 private:
  [[nodiscard]] bool is_random(std::uint64_t seed) const {
    return name_ == "random" || (name_ == "swarm" && seed % 2 == 0);
  }
  /// Kills and priority changes fall anywhere in a run of this length.
  static std::uint32_t estimate_of(std::uint64_t seed) { return 100U << (seed / 6 % 4); }

  std::string name_;
  RandomStrategy random_;
  PctStrategy pct_{2};
  ExhaustiveStrategy exhaustive_;
};

}  // namespace disruptor_mp::sim
