// SPDX-License-Identifier: MIT OR Apache-2.0
#include "share.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace disruptor_mp::sim {
namespace {

/// One run in so many is made twice, and must be the same.
constexpr std::uint64_t repeat_every = 256;
/// So many different failures are written as traces.
constexpr std::size_t most_traces = 50;

MemoryMode mode_of(const std::string& text) {
  for (const MemoryMode mode : {MemoryMode::sc, MemoryMode::tso, MemoryMode::weak}) {
    if (text == to_string(mode)) return mode;
  }
  throw std::runtime_error("--memory: '" + text + "' is none of sc, tso, weak");
}

/// FNV-1a, without the numbers: the same fault shows at many sequences and slots.
std::uint32_t class_of(const std::string& problem) {
  std::uint32_t hash = 2166136261U;
  for (const char c : problem) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) continue;
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return hash;
}

}  // namespace

double seconds_in(const std::string& text) {
  if (text.empty()) return 0;
  std::size_t used = 0;
  double number = -1;
  try {
    number = std::stod(text, &used);
  } catch (const std::logic_error&) {
    used = text.size();
  }
  const std::string unit = text.substr(used);
  if (number >= 0 && unit == "ms") return number / 1000;
  if (number >= 0 && (unit == "s" || unit.empty())) return number;
  if (number >= 0 && unit == "m") return number * 60;
  if (number >= 0 && unit == "h") return number * 3600;
  throw std::runtime_error("--time: '" + text + "' is not a time like 500ms, 10s, 5m or 1h");
}

Clock::time_point after_seconds(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

RunSpec spec_of(const RunOptions& options) {
  const Profile* profile = find_profile(options.profile);
  if (profile == nullptr)
    throw std::runtime_error("there is no profile '" + options.profile + "'; see `dst list`");
  return {
      .profile = profile,
      .seed = options.from,
      .memory = mode_of(options.memory),
      .crashes = options.crashes >= 0 ? static_cast<unsigned>(options.crashes) : profile->crashes,
      .is_exhaustive = SeedStrategies(options.strategy, {}).is_exhaustive()};
}

std::string trace_path(const RunOptions& options, const RunSpec& spec, const std::string& problem) {
  if (options.is_night)
    return fmt::format("{}/{}-{:08x}.json", options.out, spec.profile->name, class_of(problem));
  return fmt::format("{}/{}-{}-{}.json", options.out, spec.profile->name, to_string(spec.memory),
                     spec.seed);
}

Share::Share(const RunOptions& options, const RunSpec& spec, std::uint64_t seeds,
             Clock::time_point end)
    : options_(options),
      spec_(spec),
      seeds_(seeds),
      end_(end),
      strategies_(options.strategy,
                  {.preemptions = options.preemptions, .stale_reads = options.stale_reads}) {}

Totals Share::work(Board& board, unsigned job, const std::function<void(Board&)>& watch) {
  engine().record_decisions(true);
  std::uint64_t turns = 0;
  for (std::uint64_t i = job; spec_.is_exhaustive || i < seeds_; i += options_.jobs) {
    if (turns++ % 64 == 0) {
      if (Clock::now() >= end_ || board.is_stopped) break;
      watch(board);
    }
    // The first failing seed is the same, however many look for it.
    spec_.seed = options_.from + (spec_.is_exhaustive ? 0 : i);
    const std::uint64_t lowest_failed = board.lowest_failed.load();
    if (!options_.keep_going && spec_.seed > lowest_failed) break;
    if (!options_.keep_going && spec_.is_exhaustive && lowest_failed != ~std::uint64_t{0}) break;
    board.seeds[job] = spec_.seed;
    const bool failed = spec_.is_exhaustive ? run_part(board) : run_seed();
    if (is_ours_) ++board.runs;
    if (failed) {
      ++board.violations;
      std::uint64_t lowest = board.lowest_failed.load();
      while (spec_.seed < lowest &&
             !board.lowest_failed.compare_exchange_weak(lowest, spec_.seed)) {
      }
      if (!options_.keep_going) break;
    }
    if (spec_.is_exhaustive && !strategies_.exhaustive().advance()) {
      totals_.exhausted = 1;
      break;
    }
  }
  return std::move(totals_);
}

bool Share::run_seed() {
  RunResult result = run_once(spec_, strategies_.of(spec_.seed));
  const bool is_repeated = !spec_.is_exhaustive && (spec_.seed - options_.from) % repeat_every == 0;
  if (is_repeated) {
    const RunResult again = run_once(spec_, strategies_.of(spec_.seed));
    if (again.hash != result.hash || again.verdict != result.verdict) {
      result.verdict = Verdict::nondeterminism;
      result.problem = "the same seed led elsewhere when it was run again";
    }
  }
  return add(result);
}

bool Share::run_part(Board& board) {
  ExhaustiveStrategy& search = strategies_.exhaustive();
  // Which part it is is known when the run has come that far, so each first run of a part is made
  // by all.
  const RunResult result = run_once(spec_, search);
  if (options_.jobs > 1 && part_ != search.part()) {
    part_ = search.part();
    std::uint64_t next = part_;
    is_ours_ = board.next_part.compare_exchange_strong(next, part_ + 1);
  }
  if (is_ours_) return add(result);
  search.leave_part();
  return false;
}

bool Share::add(const RunResult& result) {
  const std::size_t problems = totals_.problems.size();
  const std::uint64_t violations = totals_.violations;
  totals_.add(spec_.seed, result);
  const bool is_new = totals_.problems.size() != problems;
  if (is_new && !options_.out.empty() && totals_.problems.size() <= most_traces)
    write_trace(result);
  return totals_.violations != violations;
}

void Share::write_trace(const RunResult& result) const {
  std::filesystem::create_directories(options_.out);
  const std::string path = trace_path(options_, spec_, result.problem);
  Trace trace{.spec = spec_, .result = result, .decisions = engine().decisions()};
  if (!options_.is_night) {
    std::ofstream(path) << to_json(trace);
    return;
  }
  if (std::filesystem::exists(path)) return;
  if (result.verdict != Verdict::nondeterminism) trace = shrink(trace);
  // Of two jobs with the same finding either may be the last; nobody sees half a file.
  const std::string fresh = path + "." + std::to_string(getpid());
  std::ofstream(fresh) << to_json(trace);
  std::filesystem::rename(fresh, path);
}

}  // namespace disruptor_mp::sim
