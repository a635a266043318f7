// SPDX-License-Identifier: MIT OR Apache-2.0
#include "strategies.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace disruptor_mp::sim {
namespace {

unsigned nth_bit(std::uint32_t mask, unsigned n) noexcept {
  for (; n != 0; --n) mask &= mask - 1;
  return static_cast<unsigned>(std::countr_zero(mask));
}
unsigned any_of(Random& random, std::uint32_t mask) noexcept {
  return nth_bit(mask, random.below(static_cast<unsigned>(std::popcount(mask))));
}

}  // namespace

void Random::reseed(std::uint64_t seed) noexcept {
  const auto split = [&seed] {
    std::uint64_t z = (seed += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  };
  a_ = split();
  b_ = split() | 1U;
}

// --- What random strategies share

void RandomBase::begin() {
  static constexpr std::array<unsigned, 4> odds = {2, 4, 8, 1000000};
  stale_odds_ = odds[random_.below(4)];
  jump_odds_ = random_.one_in(2) ? 32U << random_.below(5) : 1000000;
  for (std::uint32_t& step : kill_steps_) step = 1 + random_.below(estimate_);
  std::sort(kill_steps_.begin(), kill_steps_.end());
  for (Aim& aim : aims_) aim = aim_.one_in(2) ? Aim::any_step : static_cast<Aim>(1 + aim_.below(3));
  last_op_.fill(Op::Kind::start);
}

unsigned RandomBase::read(const Engine& /*engine*/, unsigned n) {
  if (!random_.one_in(stale_odds_)) return 0;
  return random_.below(n);
}

bool RandomBase::kill(const Engine& engine) {
  const unsigned done = engine.kills();
  if (done >= kill_steps_.size()) return false;
  // The steps were drawn for as many kills as are allowed: take the earliest of these.
  const Engine::Process& process = engine.process(engine.current());
  const Op::Kind before = std::exchange(last_op_[engine.current()], process.pending.kind);
  if (engine.steps() < kill_steps_[done] + done) return false;
  bool is_worth_it = false;
  switch (aims_[done]) {
    case Aim::any_step:
      return true;
    case Aim::among_plain_stores:
      is_worth_it = process.undo_count != 0;
      break;
    case Aim::before_a_store:
      is_worth_it = process.pending.kind == Op::Kind::store;
      break;
    case Aim::after_a_store:
      is_worth_it = before == Op::Kind::store;
      break;
  }
  return is_worth_it && aim_.one_in(8);
}

unsigned RandomBase::pick(const Engine& /*engine*/, Choice choice, unsigned n) {
  if (choice == Choice::spurious && !random_.one_in(16)) return 0;
  if (choice == Choice::write_back && !random_.one_in(24)) return 0;
  return random_.below(n);
}

// --- Random

void RandomStrategy::begin() {
  RandomBase::begin();
  stay_ = random_.below(8);
  stalled_ = Engine::nobody;
  stall_from_ = random_.one_in(2) ? random_.below(estimate_) : ~0U;
  stall_until_ = stall_from_ != ~0U ? stall_from_ + 1 + random_.below(estimate_) : 0;
}

unsigned RandomStrategy::next(const Engine& engine, std::uint32_t candidates,
                              std::uint32_t sleepers, unsigned preferred) {
  if (candidates == 0) return random_.one_in(4) ? any_of(random_, sleepers) : preferred;
  if (engine.steps() >= stall_from_ && engine.steps() < stall_until_) {
    if (stalled_ == Engine::nobody) stalled_ = preferred;
    const std::uint32_t others = candidates & ~(1U << stalled_);
    if (others != 0) candidates = others;
  }
  if (sleepers != 0 && random_.one_in(jump_odds_)) return any_of(random_, sleepers);
  if ((candidates >> preferred & 1U) != 0 && random_.below(8) < stay_) return preferred;
  return any_of(random_, candidates);
}

// --- PCT

void PctStrategy::begin() {
  RandomBase::begin();
  const unsigned depth = fixed_depth_ != 0 ? fixed_depth_ : 2 + runs_ % 3;
  ++runs_;
  for (std::uint32_t& priority : priority_) priority = (1U << 30U) + random_.below(1U << 20U);
  change_.fill(~0U);
  for (unsigned i = 0; i + 1 < depth && i < change_.size(); ++i)
    change_[i] = random_.below(estimate_);
  lowest_ = 1U << 29U;
  highest_ = 2U << 30U;
  last_ = Engine::nobody;
  turn_ = 0;
  last_ran_.fill(0);
}

unsigned PctStrategy::next(const Engine& engine, std::uint32_t candidates, std::uint32_t sleepers,
                           unsigned preferred) {
  if (candidates == 0) return random_.one_in(4) ? any_of(random_, sleepers) : preferred;
  const unsigned current = engine.current();
  if (current != Engine::nobody) {
    last_ran_[current] = engine.steps();
    turn_ = current == last_ ? turn_ + 1 : 0;
    last_ = current;
    bool falls = engine.process(current).yields || turn_ > longest_turn;
    for (std::uint32_t& step : change_) {
      if (engine.steps() >= step) {
        falls = true;
        step = ~0U;
      }
    }
    if (falls) {
      priority_[current] = --lowest_;
      turn_ = 0;
    }
  }
  if (sleepers != 0 && random_.one_in(jump_odds_)) return any_of(random_, sleepers);
  unsigned best = preferred;
  if ((candidates >> best & 1U) == 0) best = static_cast<unsigned>(std::countr_zero(candidates));
  for (std::uint32_t rest = candidates; rest != 0; rest &= rest - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(rest));
    // Above those that starved before: they may nap and wake in turn, and never fall.
    if (engine.steps() - last_ran_[i] > longest_starving) priority_[i] = ++highest_;
    if (priority_[i] > priority_[best]) best = i;
  }
  return best;
}

// --- Exhaustive

void ExhaustiveStrategy::begin() {
  depth_ = 0;
  asleep_ = 0;
  preemptions_ = 0;
  stale_reads_ = 0;
  last_ = Engine::nobody;
  last_op_ = {};
}

void ExhaustiveStrategy::wake_dependent(const Engine& engine, const Op& op, unsigned by) {
  for (std::uint32_t rest = asleep_; rest != 0; rest &= rest - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(rest));
    if (i == by || are_dependent(engine.process(i).pending, op)) asleep_ &= ~(1U << i);
  }
}

unsigned ExhaustiveStrategy::next(const Engine& engine, std::uint32_t candidates,
                                  std::uint32_t sleepers, unsigned preferred) {
  if (last_ != Engine::nobody) wake_dependent(engine, last_op_, last_);
  if (candidates == 0) {  // the clock moves: the earliest sleeper, no choice
    last_ = preferred;
    last_op_ = {.kind = Op::Kind::everything};
    asleep_ = 0;
    return preferred;
  }
  static_cast<void>(sleepers);
  const unsigned current = engine.current();
  const bool goes_on = current != Engine::nobody && (candidates >> current & 1U) != 0;
  if (depth_ == path_.size()) {
    std::uint32_t open = candidates & ~asleep_;
    if (goes_on && preemptions_ >= bounds_.preemptions && !engine.process(current).yields)
      open &= 1U << current;
    // A process that spins gives way: going on at once would change nothing.
    if (goes_on && engine.process(current).yields && (open & ~(1U << current)) != 0)
      open &= ~(1U << current);
    if (open == 0) return Engine::nobody;
    const unsigned first =
        (open >> preferred & 1U) != 0 ? preferred : static_cast<unsigned>(std::countr_zero(open));
    path_.push_back({.is_run = true,
                     .chosen = static_cast<std::uint16_t>(first),
                     .answers = 0,
                     .open = open & ~(1U << first),
                     .asleep = asleep_});
  }
  const Node& node = path_[depth_++];
  asleep_ = node.asleep & ~(1U << node.chosen);
  if (goes_on && node.chosen != current && !engine.process(current).yields) ++preemptions_;
  last_ = node.chosen;
  last_op_ = engine.process(node.chosen).pending;
  return node.chosen;
}

unsigned ExhaustiveStrategy::answer(unsigned n) {
  if (depth_ == path_.size())
    path_.push_back({.is_run = false, .answers = static_cast<std::uint16_t>(n)});
  return path_[depth_++].chosen;
}

unsigned ExhaustiveStrategy::read(const Engine& /*engine*/, unsigned n) {
  if (stale_reads_ >= bounds_.stale_reads) return 0;
  const unsigned age = answer(n);
  if (age != 0) ++stale_reads_;
  return age;
}

bool ExhaustiveStrategy::kill(const Engine& /*engine*/) {
  if (answer(2) == 0) return false;
  asleep_ = 0;  // a death may concern anybody
  last_op_ = {.kind = Op::Kind::everything};
  return true;
}

unsigned ExhaustiveStrategy::pick(const Engine& /*engine*/, Choice choice, unsigned n) {
  return choice == Choice::spurious || choice == Choice::write_back ? 0 : answer(n);
}

bool ExhaustiveStrategy::advance() {
  while (!path_.empty()) {
    if (path_.size() == part_depth) ++part_;
    Node& node = path_.back();
    if (node.is_run) {
      node.asleep |= 1U << node.chosen;
      node.open &= ~node.asleep;
      if (node.open != 0) {
        node.chosen = static_cast<std::uint16_t>(std::countr_zero(node.open));
        node.open &= node.open - 1;
        return true;
      }
    } else if (node.chosen + 1U < node.answers) {
      ++node.chosen;
      return true;
    }
    path_.pop_back();
  }
  return false;
}

// --- Replay

ReplayStrategy::ReplayStrategy(std::vector<Decision> decisions) : decisions_(std::move(decisions)) {
  std::stable_sort(decisions_.begin(), decisions_.end(), [](const Decision& a, const Decision& b) {
    return a.process != b.process ? a.process < b.process : a.step < b.step;
  });
}

const Decision* ReplayStrategy::find(const Engine& engine, unsigned process, Choice choice) {
  const std::uint32_t step = engine.process(process).step;
  auto it = std::lower_bound(decisions_.begin(), decisions_.end(), step,
                             [process](const Decision& d, std::uint32_t s) {
                               return d.process != process ? d.process < process : d.step < s;
                             });
  for (; it != decisions_.end() && it->process == process && it->step == step; ++it) {
    if (it->choice == choice) return &*it;
  }
  return nullptr;
}

unsigned ReplayStrategy::next(const Engine& engine, std::uint32_t candidates,
                              std::uint32_t sleepers, unsigned preferred) {
  const bool is_first = engine.current() == Engine::nobody;
  const unsigned asking = is_first ? 0 : engine.current();
  const bool goes_on = !is_first && (candidates >> asking & 1U) != 0;
  const Decision* d = find(engine, asking, goes_on ? Choice::run : Choice::resume);
  if (d == nullptr || d->pick >= max_processes) return preferred;
  if (((candidates | sleepers) >> d->pick & 1U) == 0) return preferred;
  ++used_;
  return d->pick;
}

unsigned ReplayStrategy::read(const Engine& engine, unsigned n) {
  const Decision* d = find(engine, engine.current(), Choice::read);
  if (d == nullptr) return 0;
  ++used_;
  return std::min<unsigned>(d->pick, n - 1);
}

bool ReplayStrategy::kill(const Engine& engine) {
  if (find(engine, engine.current(), Choice::kill) == nullptr) return false;
  keep_asked_ = 0;
  ++used_;
  return true;
}

unsigned ReplayStrategy::pick(const Engine& engine, Choice choice, unsigned n) {
  if (choice == Choice::keep) {
    // Several questions at one step: the decision says which of them (see Engine::kill_current).
    const unsigned process = engine.current();
    const unsigned question = keep_asked_++;
    for (const Decision& d : decisions_) {
      if (d.process == process && d.choice == Choice::keep &&
          d.step == engine.process(process).step && d.pick >> 1U == question) {
        ++used_;
        return 1;
      }
    }
    return 0;
  }
  const Decision* d = find(engine, engine.current(), choice);
  if (d == nullptr) return 0;
  ++used_;
  return std::min<unsigned>(d->pick, n - 1);
}

}  // namespace disruptor_mp::sim
