// SPDX-License-Identifier: MIT OR Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "share.hpp"

namespace disruptor_mp::sim {
namespace {

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

/// One in a hundred seeds, or all runs, fail by design: was it noticed?
bool is_canary_missing(const Profile& profile, std::uint64_t from, const Totals& totals) {
  if (!profile.canary || totals.worst() == static_cast<int>(profile.reported_as)) return false;
  const bool is_of_a_seed = !profile.canary_at && profile.reported_as == Verdict::safety;
  return !is_of_a_seed || (from + totals.runs) / 100 > from / 100;
}

}  // namespace

int run(const RunOptions& options) {
  const RunSpec spec = spec_of(options);
  const double limit = seconds_in(options.time);
  const std::uint64_t seeds = options.seeds != 0 ? options.seeds : limit > 0 ? ~0ULL : 1000;
  const auto end = limit > 0 ? after_seconds(limit) : Clock::time_point::max();

  Totals totals;
  double seconds = 0;
  {
    Progress progress(options, spec.is_exhaustive || seeds == ~0ULL ? 0 : seeds, limit);
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
  if (is_canary_missing(*spec.profile, options.from, totals)) {
    fmt::print(stderr, "the canary was not reported\n");
    return exit_fault_unreported;
  }
  if (totals.worst() != 0 || !options.needs_situations) return totals.worst();
  const auto missing = unreached(*spec.profile, totals);
  for (const Situation situation : missing)
    fmt::print(stderr, "never reached: {}\n", to_string(situation));
  return missing.empty() ? 0 : exit_unreached;
}

}  // namespace disruptor_mp::sim
