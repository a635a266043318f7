// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What is done with traces: replay, shrink, explain, diff. And the list of what can be run.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "commands.hpp"
#include "runner.hpp"

namespace disruptor_mp::sim {
namespace {

Trace read_trace(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read the trace " + path);
  std::stringstream text;
  text << file.rdbuf();
  return trace_from_json(text.str());
}

/// The schedule of a mended fault passes, and still leads somewhere.
int replay_fixed(const Trace& trace, const ReplayStrategy& strategy, const RunResult& result) {
  const std::size_t all = trace.decisions.size();
  fmt::print("was: {}\nnow: {} {}\n{} of {} decisions met\n", trace.result.problem,
             to_string(result.verdict), result.problem, strategy.used(), all);
  if (result.verdict != Verdict::pass) return static_cast<int>(result.verdict);
  if (strategy.used() * 2 >= all) return 0;
  fmt::print("the trace does not fit the code any more: record it anew, `dst mutants --record`\n");
  return exit_replay_differs;
}

/// A trace, played with every step written down.
struct Played {
  Trace trace;
  RunResult result;
  std::string ring;  ///< what it was played on
  std::vector<LogLine> log;
  std::array<std::string, max_processes> names;
};

Played play(const std::string& path) {
  Played played;
  played.trace = read_trace(path);
  played.trace.spec.keeps_log = true;
  ReplayStrategy strategy(played.trace.decisions);
  played.result = run_once(played.trace.spec, strategy);
  played.ring = fmt::format("{} slots, {} events from {}, {}, {} fences", setting.capacity,
                            setting.events, setting.first, setting.stamped ? "stamped" : "packed",
                            setting.portable_fences ? "portable" : "asymmetric");
  played.log = engine().log();
  for (const LogLine& line : played.log)
    played.names.at(line.process) = engine().name_of(line.process);
  return played;
}

/// One column per process.
void print_lines(const Played& played, std::size_t from, std::size_t to) {
  unsigned last = Engine::nobody;
  for (std::size_t i = from; i < std::min(to, played.log.size()); ++i) {
    const LogLine& line = played.log[i];
    if (line.process != last) fmt::print("{}\n", played.names.at(line.process));
    last = line.process;
    fmt::print("{:{}}{}\n", "", 4 + 28 * (line.process % 4), line.text);
  }
}

}  // namespace

int list() {
  for (const Profile& profile : profiles())
    fmt::print("{:18} {} (deaths: {})\n", profile.name, profile.about, profile.crashes);
  return 0;
}

int replay(const std::string& path, bool is_fixed) {
  const Trace trace = read_trace(path);
  ReplayStrategy strategy(trace.decisions);
  engine().record_decisions(true);
  const RunResult result = run_once(trace.spec, strategy);
  if (is_fixed) return replay_fixed(trace, strategy, result);
  const auto& done = engine().decisions();
  if (done != trace.decisions) {
    const auto [a, b] =
        std::mismatch(done.begin(), done.end(), trace.decisions.begin(), trace.decisions.end());
    const Decision& d = b != trace.decisions.end() ? *b : *a;
    fmt::print("replay differs at decision {}: process {} ({}), step {}\n", a - done.begin(),
               d.process, engine().name_of(d.process), d.step);
    return exit_replay_differs;
  }
  if (result.hash != trace.result.hash || result.verdict != trace.result.verdict) {
    fmt::print("replay differs: verdict {} hash {:x}, the trace has {} {:x}\n",
               to_string(result.verdict), result.hash, to_string(trace.result.verdict),
               trace.result.hash);
    return exit_replay_differs;
  }
  fmt::print("replay agrees: {} after {} steps, {} decisions, hash {:x}\n{}\n",
             to_string(result.verdict), result.steps, done.size(), result.hash, result.problem);
  return 0;
}

int shrink_file(const std::string& path, const std::string& out) {
  const Trace trace = read_trace(path);
  ReplayStrategy strategy(trace.decisions);
  if (const RunResult now = run_once(trace.spec, strategy); now.verdict != trace.result.verdict) {
    fmt::print("replay differs: verdict {}, the trace has {}; there is nothing to shrink\n",
               to_string(now.verdict), to_string(trace.result.verdict));
    return exit_replay_differs;
  }
  const Trace smaller = shrink(trace);
  std::ofstream(out.empty() ? path : out) << to_json(smaller);
  fmt::print("{} decisions -> {}, {} steps -> {}\n{}\n", trace.decisions.size(),
             smaller.decisions.size(), trace.result.steps, smaller.result.steps,
             smaller.result.problem);
  return 0;
}

int explain(const std::string& path) {
  const Played played = play(path);
  fmt::print("{}\n", played.ring);
  print_lines(played, 0, played.log.size());
  fmt::print("{}: {}\n", to_string(played.result.verdict), played.result.problem);
  return 0;
}

int diff(const std::string& path_a, const std::string& path_b) {
  constexpr std::size_t shown = 12;  // steps before the difference, and of each side behind it
  const Played a = play(path_a);
  const Played b = play(path_b);
  const auto print_end = [](const std::string& path, const Played& played) {
    fmt::print("{}: {} after {} steps: {}\n", path, to_string(played.result.verdict),
               played.result.steps, played.result.problem);
  };
  if (a.ring != b.ring) fmt::print("{}: {}\n{}: {}\n", path_a, a.ring, path_b, b.ring);
  const auto [in_a, in_b] = std::mismatch(a.log.begin(), a.log.end(), b.log.begin(), b.log.end(),
                                          [](const LogLine& x, const LogLine& y) {
                                            return x.process == y.process && x.text == y.text;
                                          });
  const auto same = static_cast<std::size_t>(in_a - a.log.begin());
  if (in_a == a.log.end() && in_b == b.log.end()) {
    fmt::print("the same {} steps\n", same);
    if (a.result.hash == b.result.hash && a.result.problem == b.result.problem) return 0;
  } else {
    fmt::print("the same {} steps{}\n", same, same != 0 ? ", the last of them:" : "");
    print_lines(a, same - std::min(same, shown), same);
    for (const auto& [path, played] : {std::pair(&path_a, &a), std::pair(&path_b, &b)}) {
      fmt::print("\nthen in {}{}\n", *path, same == played->log.size() ? ": the end" : "");
      print_lines(*played, same, same + shown);
    }
    fmt::print("\n");
  }
  print_end(path_a, a);
  print_end(path_b, b);
  return exit_replay_differs;
}

}  // namespace disruptor_mp::sim
