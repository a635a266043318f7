// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "engine.hpp"

namespace disruptor_mp::sim {

/// splitmix64 seeded, xorshift128+: fast, and the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed = 0) noexcept { reseed(seed); }
  void reseed(std::uint64_t seed) noexcept;
  std::uint64_t next() noexcept {
    std::uint64_t x = a_;
    const std::uint64_t y = b_;
    a_ = y;
    x ^= x << 23U;
    b_ = x ^ y ^ (x >> 17U) ^ (y >> 26U);
    return b_ + y;
  }
  /// Uniform in [0, n), n small.
  unsigned below(unsigned n) noexcept { return static_cast<unsigned>((next() >> 32U) * n >> 32U); }
  bool one_in(unsigned n) noexcept { return below(n) == 0; }

 private:
  std::uint64_t a_ = 1;
  std::uint64_t b_ = 2;
};

/// What random strategies share: where the kills fall, how stale loads are, when somebody stalls.
/// The odds are themselves drawn per seed (swarm testing, Groce et al. 2012).
class RandomBase : public Strategy {
 public:
  void reseed(std::uint64_t seed) noexcept {
    random_.reseed(seed);
    aim_.reseed(~seed);
  }
  void begin() override;
  unsigned read(const Engine& engine, unsigned n) override;
  bool kill(const Engine& engine) override;
  unsigned pick(const Engine& engine, Choice choice, unsigned n) override;
  /// How long a run is expected to be: kills and changes of priority fall within it.
  void learn_exactly(std::uint32_t steps) noexcept { estimate_ = steps; }

 protected:
  Random random_;
  unsigned stale_odds_ = 4;  ///< one load in so many reads an old store
  unsigned jump_odds_ = 64;  ///< one step in so many gives a sleeper its deadline early
  std::uint32_t estimate_ = 400;
  std::array<std::uint32_t, 8> kill_steps_{};

 private:
  /// Most steps of a run are of attaching and leaving: half of the deaths wait for a moment that is
  /// worth more.
  enum class Aim : std::uint8_t {
    any_step,
    among_plain_stores,  ///< of which any subset survives
    before_a_store,      ///< all is done, and nobody knows
    after_a_store,       ///< the news is there, and nobody was told
  };
  std::array<Aim, 8> aims_{};
  Random aim_;
  std::array<Op::Kind, max_processes> last_op_{};
};

/// Uniform among the runnable, with bursts: after each step it goes on with odds drawn per run.
class RandomStrategy final : public RandomBase {
 public:
  void begin() override;
  unsigned next(const Engine& engine, std::uint32_t candidates, std::uint32_t sleepers,
                unsigned preferred) override;

 private:
  unsigned stay_ = 0;  ///< of 8: how often the same process goes on
  unsigned stalled_ = Engine::nobody;
  std::uint32_t stall_from_ = 0;
  std::uint32_t stall_until_ = 0;
};

/// Probabilistic concurrency testing (Burckhardt et al. 2010): random priorities, and depth - 1
/// points at which the running process falls behind all others. A process that spins or yields
/// falls behind too; else nobody would end its spinning.
class PctStrategy final : public RandomBase {
 public:
  explicit PctStrategy(unsigned depth) : fixed_depth_(depth) {}
  void begin() override;
  unsigned next(const Engine& engine, std::uint32_t candidates, std::uint32_t sleepers,
                unsigned preferred) override;

 private:
  static constexpr unsigned longest_turn = 400;
  static constexpr std::uint32_t longest_starving = 1000;  ///< others may nap and wake for ever

  unsigned fixed_depth_;  ///< 0: 2, 3, 4 in turn
  unsigned runs_ = 0;
  std::array<std::uint32_t, max_processes> priority_{};
  std::array<std::uint32_t, 4> change_{};
  std::uint32_t lowest_ = 0, highest_ = 0;
  unsigned last_ = Engine::nobody;
  unsigned turn_ = 0;
  std::array<std::uint32_t, max_processes> last_ran_{};
};

/// Every run that the bounds allow, each once: depth first, with sleep sets (Godefroid 1996), which
/// leave out runs that differ only in the order of independent steps.
class ExhaustiveStrategy final : public Strategy {
 public:
  struct Bounds {
    unsigned preemptions = ~0U;
    unsigned stale_reads = ~0U;
  };
  ExhaustiveStrategy() = default;
  explicit ExhaustiveStrategy(Bounds bounds) : bounds_(bounds) {}

  void begin() override;
  unsigned next(const Engine& engine, std::uint32_t candidates, std::uint32_t sleepers,
                unsigned preferred) override;
  unsigned read(const Engine& engine, unsigned n) override;
  bool kill(const Engine& engine) override;
  unsigned pick(const Engine& engine, Choice choice, unsigned n) override;
  /// Moves to the next unexplored run. @return false: there is none.
  bool advance();

  /// Several can share a search: each walks through all ways to make the first decisions, and only
  /// one of them through what lies behind such a way, a part. All number the parts alike.
  [[nodiscard]] std::uint64_t part() const noexcept { return part_; }
  /// Somebody else explores the present part.
  void leave_part() { path_.resize(std::min(path_.size(), part_depth)); }

 private:
  struct Node {
    bool is_run = false;
    std::uint16_t chosen = 0;  ///< the process, or the number of the answer
    std::uint16_t answers = 0;
    std::uint32_t open = 0;    ///< processes still to be tried here
    std::uint32_t asleep = 0;  ///< sleep set on entry, and what was tried
  };
  /// Deep enough for many parts, though most of a run's first decisions are about its birth, where
  /// there is little to explore.
  static constexpr std::size_t part_depth = 100;

  unsigned answer(unsigned n);
  void wake_dependent(const Engine& engine, const Op& op, unsigned by);

  Bounds bounds_;
  std::vector<Node> path_;
  std::size_t depth_ = 0;
  std::uint64_t part_ = 0;
  std::uint32_t asleep_ = 0;
  unsigned preemptions_ = 0;
  unsigned stale_reads_ = 0;
  unsigned last_ = Engine::nobody;
  Op last_op_;
};

/// Plays decisions; where there is none the default policy decides.
class ReplayStrategy final : public Strategy {
 public:
  explicit ReplayStrategy(std::vector<Decision> decisions);
  void begin() override { used_ = keep_asked_ = 0; }
  unsigned next(const Engine& engine, std::uint32_t candidates, std::uint32_t sleepers,
                unsigned preferred) override;
  unsigned read(const Engine& engine, unsigned n) override;
  bool kill(const Engine& engine) override;
  unsigned pick(const Engine& engine, Choice choice, unsigned n) override;
  /// How many decisions of the list were met and could be followed.
  [[nodiscard]] std::size_t used() const noexcept { return used_; }

 private:
  const Decision* find(const Engine& engine, unsigned process, Choice choice);
  std::vector<Decision> decisions_;  ///< sorted by process, step
  std::size_t used_ = 0;
  unsigned keep_asked_ = 0;
};

}  // namespace disruptor_mp::sim
