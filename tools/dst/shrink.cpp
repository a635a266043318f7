// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The same failure in fewer decisions. Whatever is tried is played: what fails in the same way, by
// fewer decisions or as many and fewer steps, is what is gone on with. A decision that the changed
// run does not meet, or that says what would happen anyway, falls away by itself.
#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "runner.hpp"
#include "strategies.hpp"

namespace disruptor_mp::sim {
namespace {

using Decisions = std::vector<Decision>;

/// Steps of all that is tried; some seconds. Counted, not timed: shrinking is deterministic too.
constexpr std::uint64_t step_budget = 60'000'000;
/// So many draws in vain are enough.
constexpr unsigned most_drawn = 10'000;
/// Two decisions out of more than so many are too many pairs.
constexpr std::size_t most_for_pairs = 48;

void erase_at(Decisions& decisions, std::size_t index) {
  decisions.erase(decisions.begin() + static_cast<std::ptrdiff_t>(index));
}

class Shrinker {
 public:
  explicit Shrinker(const Trace& trace)
      : best_(trace), verdict_(trace.result.verdict), words_(trace.result.problem.substr(0, 3)) {}

  Trace run() {
    static_cast<void>(improves(best_.decisions));  // drops what is never met
    for (bool goes_on = true; goes_on;) {
      goes_on = drop_chunks();
      goes_on = merge_turns() || goes_on;
      goes_on = move_decisions() || goes_on;
      if (!goes_on) goes_on = read_newer() || drop_pairs() || draw_few();
    }
    return std::move(best_);
  }

 private:
  [[nodiscard]] bool is_over() const { return steps_ > step_budget; }

  bool improves(const Decisions& decisions) {
    if (is_over()) return false;
    ReplayStrategy strategy(decisions);
    engine().record_decisions(true);
    RunResult result = run_once(best_.spec, strategy);
    steps_ += result.steps;
    if (result.verdict != verdict_ || result.problem.substr(0, 3) != words_) return false;
    const auto weight = [](const Decisions& d, const RunResult& r) {
      std::uint64_t staleness = 0;
      for (const Decision& decision : d)
        staleness += decision.choice == Choice::read ? decision.pick : 0U;
      return std::tuple(d.size(), r.steps, staleness);
    };
    if (weight(engine().decisions(), result) >= weight(best_.decisions, best_.result)) return false;
    best_.result = std::move(result);
    best_.decisions = engine().decisions();
    return true;
  }

  /// Delta debugging (Zeller 1999): halves, quarters, … single ones.
  bool drop_chunks() {
    bool has_improved = false;
    std::size_t chunk = std::max<std::size_t>(best_.decisions.size() / 2, 1);
    for (bool is_last = false; !is_last; chunk = std::max<std::size_t>(chunk / 2, 1)) {
      is_last = chunk == 1;
      for (std::size_t from = 0; from < best_.decisions.size();) {
        Decisions fewer = best_.decisions;
        const auto begin = fewer.begin() + static_cast<std::ptrdiff_t>(from);
        fewer.erase(begin,
                    begin + static_cast<std::ptrdiff_t>(std::min(chunk, fewer.size() - from)));
        if (improves(fewer)) {
          has_improved = true;
        } else {
          from += chunk;
        }
      }
    }
    return has_improved;
  }

  /// The place in the list of the next change of turns at or behind `from`.
  [[nodiscard]] std::optional<std::size_t> next_switch(std::size_t from) const {
    for (; from < best_.decisions.size(); ++from) {
      const Choice choice = best_.decisions[from].choice;
      if (choice == Choice::run || choice == Choice::resume) return from;
    }
    return std::nullopt;
  }

  /// Two turns of a process become one: what came between them comes before both, or after both.
  bool merge_turns() {
    bool has_improved = false;
    for (auto into = next_switch(0); into;) {
      const auto out = next_switch(*into + 1);
      if (!out) break;
      has_improved = (is_turn(*into, *out) &&
                      (takes_turn_later(*into, *out) || takes_turn_earlier(*into, *out))) ||
                     has_improved;
      into = next_switch(*into + 1);
    }
    return has_improved;
  }
  /// Whether these two begin and end a turn that could have gone on.
  [[nodiscard]] bool is_turn(std::size_t into, std::size_t out) const {
    const Decisions& all = best_.decisions;
    return all[out].choice == Choice::run && all[into].pick == all[out].process;
  }
  /// Who would have had the turn behind it has it at once.
  void skip_turn(Decisions& changed, std::size_t into, std::size_t out) const {
    changed[into].pick = best_.decisions[out].pick;
  }
  bool takes_turn_later(std::size_t into, std::size_t out) {
    Decisions changed = best_.decisions;
    skip_turn(changed, into, out);
    erase_at(changed, out);
    if (changed[into].pick == changed[into].process) erase_at(changed, into);
    return improves(changed);
  }
  bool takes_turn_earlier(std::size_t into, std::size_t out) {
    const unsigned process = best_.decisions[out].process;
    for (std::size_t before = into; before-- != 0;) {
      const Decision& end = best_.decisions[before];
      if (end.process != process || end.choice != Choice::run) continue;
      Decisions changed = best_.decisions;
      skip_turn(changed, into, out);
      changed[out].pick = end.pick;
      if (changed[into].pick == changed[into].process) erase_at(changed, into);
      erase_at(changed, before);
      return improves(changed);
    }
    return false;
  }

  /// To a near step of the same process, where it may do for two.
  bool move_decisions() {
    bool has_improved = false;
    for (const int distance : {1, -1, 2, -2, 4, -4, 8, -8, 16, -16}) {
      for (std::size_t i = 0; i < best_.decisions.size(); ++i) {
        Decisions moved = best_.decisions;
        const std::int64_t step = std::int64_t{moved[i].step} + distance;
        if (step < 0) continue;
        moved[i].step = static_cast<std::uint32_t>(step);
        has_improved = improves(moved) || has_improved;
      }
    }
    return has_improved;
  }

  bool read_newer() {
    bool has_improved = false;
    for (std::size_t i = 0; i < best_.decisions.size(); ++i) {
      if (best_.decisions[i].choice != Choice::read || best_.decisions[i].pick < 2) continue;
      Decisions newer = best_.decisions;
      newer[i].pick = 1;
      has_improved = improves(newer) || has_improved;
    }
    return has_improved;
  }

  /// Some are needed only because of each other.
  bool drop_pairs() {
    if (best_.decisions.size() > most_for_pairs) return false;
    for (std::size_t second = best_.decisions.size(); second-- > 1;) {
      for (std::size_t first = second; first-- != 0;) {
        Decisions fewer = best_.decisions;
        erase_at(fewer, second);
        erase_at(fewer, first);
        if (improves(fewer)) return true;
      }
    }
    return false;
  }

  /// Most faults need few changes of turns, but seldom some of those that were found: so a few are
  /// drawn, near those.
  bool draw_few() {
    Decisions others;
    Decisions switches;
    for (const Decision& decision : best_.decisions) {
      const bool is_switch = decision.choice == Choice::run || decision.choice == Choice::resume;
      (is_switch ? switches : others).push_back(decision);
    }
    if (switches.size() < 2) return false;
    for (unsigned tried = 0; tried < most_drawn && !is_over(); ++tried) {
      Decisions few = others;
      const auto most = static_cast<unsigned>(std::min<std::size_t>(switches.size() - 1, 6));
      for (unsigned left = 1 + random_.below(most); left != 0; --left)
        few.push_back(drawn_near(switches));
      if (improves(few)) return true;
    }
    return false;
  }

  Decision drawn_near(const Decisions& switches) {
    const auto any = [&] {
      return switches[random_.below(static_cast<unsigned>(switches.size()))];
    };
    Decision drawn = any();
    if (random_.one_in(4)) drawn.pick = any().pick;
    if (random_.one_in(3)) return drawn;
    const std::uint32_t far = random_.one_in(2) ? 20 : drawn.step;
    const std::uint32_t lowest = drawn.step - std::min(drawn.step, far);
    drawn.step = lowest + random_.below(2 * far + 1);
    return drawn;
  }

  Trace best_;
  Random random_{1};
  Verdict verdict_;
  std::string words_;
  std::uint64_t steps_ = 0;
};

}  // namespace

Trace shrink(const Trace& trace) { return Shrinker(trace).run(); }

}  // namespace disruptor_mp::sim
