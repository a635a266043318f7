// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What is done with one trace: replay, shrink, explain. And the list of what can be run.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

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
  const Trace smaller = shrink(trace);
  std::ofstream(out.empty() ? path : out) << to_json(smaller);
  fmt::print("{} decisions -> {}, {} steps -> {}\n{}\n", trace.decisions.size(),
             smaller.decisions.size(), trace.result.steps, smaller.result.steps,
             smaller.result.problem);
  return 0;
}

int explain(const std::string& path) {
  Trace trace = read_trace(path);
  trace.spec.keeps_log = true;
  ReplayStrategy strategy(trace.decisions);
  const RunResult result = run_once(trace.spec, strategy);
  fmt::print("{} slots, {} events from {}, {}, {} fences\n", setting.capacity, setting.events,
             setting.first, setting.stamped ? "stamped" : "packed",
             setting.portable_fences ? "portable" : "asymmetric");
  unsigned last = Engine::nobody;
  for (const LogLine& line : engine().log()) {
    if (line.process != last) fmt::print("{}\n", engine().name_of(line.process));
    last = line.process;
    fmt::print("{:{}}{}\n", "", 4 + 28 * (line.process % 4), line.text);
  }
  fmt::print("{}: {}\n", to_string(result.verdict), result.problem);
  return 0;
}

}  // namespace disruptor_mp::sim
