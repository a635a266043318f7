// SPDX-License-Identifier: MIT OR Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "commands.hpp"
#include "seed_strategies.hpp"
#include "totals.hpp"
#include "workers.hpp"

namespace disruptor_mp::sim {
namespace {

using Clock = std::chrono::steady_clock;

/// One run in so many is made twice, and must be the same.
constexpr std::uint64_t repeat_every = 256;
/// So many different failures are written as traces.
constexpr std::size_t most_traces = 50;

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

MemoryMode mode_of(const std::string& text) {
  for (const MemoryMode mode : {MemoryMode::sc, MemoryMode::tso, MemoryMode::weak}) {
    if (text == to_string(mode)) return mode;
  }
  throw std::runtime_error("--memory: '" + text + "' is none of sc, tso, weak");
}

void write_trace(const RunOptions& options, const Trace& trace) {
  std::filesystem::create_directories(options.out);
  const std::string path = fmt::format("{}/{}-{}-{}.json", options.out, trace.spec.profile->name,
                                       to_string(trace.spec.memory), trace.spec.seed);
  std::ofstream(path) << to_json(trace);
}

/// The share of one process: every jobs-th seed.
class Share {
 public:
  Share(const RunOptions& options, const RunSpec& spec, std::uint64_t seeds, Clock::time_point end)
      : options_(options),
        spec_(spec),
        seeds_(seeds),
        end_(end),
        strategies_(options.strategy,
                    {.preemptions = options.preemptions, .stale_reads = options.stale_reads}) {}

  Totals work(Board& board, unsigned job, const std::function<void(const Board&)>& watch) {
    engine().record_decisions(true);
    for (std::uint64_t i = job; spec_.is_exhaustive || i < seeds_; i += options_.jobs) {
      if (totals_.runs % 64 == 0) {
        if (Clock::now() >= end_) break;
        watch(board);
      }
      // The first failing seed is the same, however many look for it.
      spec_.seed = options_.from + (spec_.is_exhaustive ? 0 : i);
      if (!options_.keep_going && spec_.seed > board.lowest_failed.load()) break;
      const bool failed = run_seed();
      ++board.runs;
      if (failed) {
        ++board.violations;
        std::uint64_t lowest = board.lowest_failed.load();
        while (spec_.seed < lowest &&
               !board.lowest_failed.compare_exchange_weak(lowest, spec_.seed)) {
        }
        if (!options_.keep_going) break;
      }
      if (spec_.is_exhaustive && !strategies_.advance()) {
        totals_.exhausted = true;
        break;
      }
    }
    return std::move(totals_);
  }

 private:
  /// @return whether it failed.
  bool run_seed() {
    RunResult result = run_once(spec_, strategies_.of(spec_.seed));
    if (!spec_.is_exhaustive && (spec_.seed - options_.from) % repeat_every == 0) {
      const RunResult again = run_once(spec_, strategies_.of(spec_.seed));
      if (again.hash != result.hash || again.verdict != result.verdict) {
        result.verdict = Verdict::nondeterminism;
        result.problem = "the same seed led elsewhere when it was run again";
      }
    }
    const std::size_t problems = totals_.problems.size();
    const std::uint64_t violations = totals_.violations;
    totals_.add(spec_.seed, result);
    const bool is_new = totals_.problems.size() != problems;
    if (is_new && !options_.out.empty() && totals_.problems.size() <= most_traces) {
      write_trace(options_, {.spec = spec_, .result = result, .decisions = engine().decisions()});
    }
    return totals_.violations != violations;
  }

  const RunOptions& options_;
  RunSpec spec_;
  std::uint64_t seeds_;
  Clock::time_point end_;
  SeedStrategies strategies_;
  Totals totals_;
};

/// Says once a second how far it is, if somebody looks.
class Progress {
 public:
  Progress(const RunOptions& options, std::uint64_t seeds, double limit)
      : is_shown_(!options.json && isatty(2) != 0),
        seeds_(static_cast<double>(seeds)),
        limit_(limit) {}
  ~Progress() {
    if (has_shown_) fmt::print(stderr, "\n");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  [[nodiscard]] double seconds() const {
    return std::max(std::chrono::duration<double>(Clock::now() - start_).count(), 1e-9);
  }
  void show(const Board& board) {
    const double now = seconds();
    if (!is_shown_ || now < next_) return;
    next_ = now + 1;
    has_shown_ = true;
    const auto runs = static_cast<double>(board.runs.load());
    double left = limit_ > 0 ? limit_ - now : 1e9;
    if (runs > 0 && seeds_ > 0) left = std::min(left, now * (seeds_ - runs) / runs);
    fmt::print(stderr, "\r{:.0f} s, {:.0f} runs, {:.0f} runs/s, {} violations{}    ", now, runs,
               runs / now, board.violations.load(),
               left < 1e9 ? fmt::format(", {:.0f} s left", left) : "");
  }

 private:
  bool is_shown_;
  bool has_shown_ = false;
  double seeds_;
  double limit_;
  Clock::time_point start_ = Clock::now();
  double next_ = 1;
};

}  // namespace

int run(const RunOptions& options) {
  const Profile* profile = find_profile(options.profile);
  if (profile == nullptr)
    throw std::runtime_error("there is no profile '" + options.profile + "'; see `dst list`");
  const bool is_exhaustive = SeedStrategies(options.strategy, {}).is_exhaustive();
  if (is_exhaustive && options.jobs != 1)
    throw std::runtime_error("--jobs: an exhaustive search is one walk, and made by one process");
  const RunSpec spec{
      .profile = profile,
      .seed = options.from,
      .memory = mode_of(options.memory),
      .crashes = options.crashes >= 0 ? static_cast<unsigned>(options.crashes) : profile->crashes,
      .is_exhaustive = is_exhaustive};
  const double limit = seconds_in(options.time);
  const std::uint64_t seeds = options.seeds != 0 ? options.seeds : limit > 0 ? ~0ULL : 1000;
  const auto end = limit > 0 ? Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                                  std::chrono::duration<double>(limit))
                             : Clock::time_point::max();

  Totals totals;
  double seconds = 0;
  {
    Progress progress(options, is_exhaustive || seeds == ~0ULL ? 0 : seeds, limit);
    const auto watch = [&progress](const Board& board) { progress.show(board); };
    const auto nothing = [](const Board&) {};
    totals = share_out(
        options.jobs,
        [&](Board& board, unsigned job) {
          Share share(options, spec, seeds, end);
          if (options.jobs == 1) return share.work(board, job, watch);
          return share.work(board, job, nothing);
        },
        watch);
    seconds = progress.seconds();
  }
  if (!options.keep_going && totals.problems.size() > 1) {
    // Found beyond the first failing seed while that was still being looked at.
    const auto first = *totals.first_problem();
    totals.problems = {first};
    totals.violations = first.second.count;
  }
  print_report(options, spec, totals, seconds);
  if (totals.worst() != 0 || !options.needs_situations) return totals.worst();
  const auto missing = unreached(*profile, totals);
  for (const Situation situation : missing)
    fmt::print(stderr, "never reached: {}\n", to_string(situation));
  return missing.empty() ? 0 : exit_unreached;
}

}  // namespace disruptor_mp::sim
