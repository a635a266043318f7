// SPDX-License-Identifier: MIT OR Apache-2.0
//
// All profiles in all memory modes by all strategies, round after round, until somebody says stop;
// and the next night goes on where this one was.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "night_log.hpp"
#include "share.hpp"

namespace disruptor_mp::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 3> memory_modes = {"weak", "tso", "sc"};
constexpr std::array<const char*, 4> searched = {"tiny", "tiny-packed", "tiny-claim",
                                                 "tiny-observer"};
/// Bounds of the exhaustive searches, one pair after the other.
struct Bounds {
  unsigned preemptions, stale_reads;
};
constexpr std::array<Bounds, 6> levels = {{{1, 0}, {1, 1}, {2, 0}, {2, 1}, {2, 2}, {3, 1}}};

std::atomic<bool> is_told_to_stop = false;
void tell_to_stop(int) { is_told_to_stop = true; }

/// What is done in one go, and again if it was interrupted.
struct Slice {
  std::string profile;
  std::string memory;
  bool is_search = false;
};

/// The canary, which fails by design, only if it is asked for.
bool is_wanted(const NightOptions& options, std::string_view profile) {
  if (options.only.empty()) return !find_profile(profile)->canary;
  return std::find(options.only.begin(), options.only.end(), profile) != options.only.end();
}

std::vector<Slice> slices_of(const NightOptions& options) {
  for (const std::string& name : options.only) {
    if (find_profile(name) == nullptr)
      throw std::runtime_error("there is no profile '" + name + "'; see `dst list`");
  }
  std::vector<Slice> slices;
  for (const Profile& profile : profiles()) {
    if (!is_wanted(options, profile.name)) continue;
    for (const char* memory : memory_modes)
      slices.push_back({.profile = std::string(profile.name), .memory = memory});
  }
  for (const char* profile : searched) {
    if (is_wanted(options, profile))
      slices.push_back({.profile = profile, .memory = "weak", .is_search = true});
  }
  return slices;
}

class Night {
 public:
  explicit Night(const NightOptions& options)
      : options_(options),
        slices_(slices_of(options)),
        file_(fs::path(options.out) / "night.json"),
        end_(options.time.empty() ? Clock::time_point::max()
                                  : after_seconds(seconds_in(options.time))) {
    fs::create_directories(options.out);
    own_folder();
    if (options.anew) forget();
    log_ = read_night(file_);
    before_ = log_.seconds;
  }

  int run() {
    for (const int signal : {SIGINT, SIGTERM}) static_cast<void>(std::signal(signal, tell_to_stop));
    const std::uint64_t last = options_.rounds != 0 ? log_.rounds + options_.rounds : ~0ULL;
    while (log_.rounds < last && !is_over()) {
      // A round that was begun with more profiles ends here.
      if (log_.slices < slices_.size() && run_slice(slices_[log_.slices])) ++log_.slices;
      if (log_.slices >= slices_.size()) {
        ++log_.rounds;
        log_.slices = 0;
      }
      log_.seconds = before_ + seconds();
      write_night(log_, file_);
    }
    if (has_shown_) fmt::print(stderr, "\n");
    options_.json ? print_json() : print_table();
    return exit_code();
  }

 private:
  /// Two in one folder would each forget what the other has done.
  void own_folder() const {
    const std::string path = (fs::path(options_.out) / "lock").string();
    const int lock = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);  // until we end
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
      throw std::runtime_error("another `dst night` works in " + options_.out +
                               "; stop it, or choose another --out");
    }
  }
  void forget() const {
    const NightLog old = read_night(file_);
    for (const auto& finding : old.findings) fs::remove(finding.first);
    fs::remove(file_);
  }
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }
  [[nodiscard]] bool is_over() const { return is_told_to_stop || Clock::now() >= end_; }

  /// @return whether it came to its end; else it counts for nothing but what it has found.
  bool run_slice(const Slice& slice) {
    NightLog::Field& field = log_.fields[slice.profile + " " + slice.memory];
    NightLog::Search& search = log_.searches[slice.profile];
    if (slice.is_search && search.level == levels.size()) return true;
    RunOptions options;
    options.profile = slice.profile;
    options.memory = slice.memory;
    options.out = options_.out;
    options.jobs = options_.jobs;
    options.keep_going = true;
    options.is_night = true;
    options.from = slice.is_search ? 0 : field.next;
    if (slice.is_search) {
      options.strategy = "dfs";
      options.crashes = 1;
      options.preemptions = levels.at(search.level).preemptions;
      options.stale_reads = levels.at(search.level).stale_reads;
    }
    const RunSpec spec = spec_of(options);
    const auto end = slice.is_search ? std::min(end_, after_seconds(search.limit)) : end_;
    const Totals totals = fork_out(
        options.jobs,
        [&](Board& board, unsigned job) {
          return Share(options, spec, options_.seeds, end).work(board, job, [](Board&) {});
        },
        [&](Board& board) {
          if (is_over()) board.is_stopped = true;
          show(slice, board);
        });
    note_findings(options, spec, totals);
    if (is_over()) return false;
    for (std::size_t i = 0; i < situation_count; ++i) log_.reached[i] += totals.reached[i];
    if (slice.is_search) {
      note_search(search, totals);
    } else {
      field.next += options_.seeds;
      field.runs += totals.runs;
      field.violations += totals.violations;
      field.out_of_budget += totals.out_of_budget;
    }
    return true;
  }
  void note_search(NightLog::Search& search, const Totals& totals) const {
    if (totals.exhausted == options_.jobs) {
      ++search.level;
      search.runs = totals.runs;
    } else {
      search.limit *= 2;
    }
  }
  void note_findings(const RunOptions& options, RunSpec spec, const Totals& totals) {
    const SeedStrategies strategies(options.strategy, {});
    for (const auto& [problem, found] : totals.problems) {
      spec.seed = found.seed;
      NightLog::Finding& finding = log_.findings[trace_path(options, spec, problem)];
      finding.count += found.count;
      if (!finding.problem.empty()) continue;
      finding.seed = found.seed;
      finding.verdict = found.verdict;
      finding.profile = options.profile;
      finding.strategy = strategies.name_of(found.seed);
      finding.memory = options.memory;
      finding.problem = problem;
    }
  }

  void show(const Slice& slice, const Board& board) {
    if (options_.json || isatty(2) == 0 || seconds() < next_) return;
    next_ = seconds() + 1;
    has_shown_ = true;
    done_ += board.runs.load() >= last_runs_ ? board.runs.load() - last_runs_ : board.runs.load();
    last_runs_ = board.runs.load();
    std::string left;
    if (end_ != Clock::time_point::max())
      left = fmt::format(", {:.0f} s left",
                         std::chrono::duration<double>(end_ - Clock::now()).count());
    fmt::print(stderr,
               "\r{:.0f} s, round {}, {} of {}: {} {}, {} runs, {:.0f} runs/s, {} findings{}   ",
               seconds(), log_.rounds + 1, log_.slices + 1, slices_.size(), slice.profile,
               slice.is_search ? "dfs" : slice.memory, log_.runs(),
               static_cast<double>(done_) / seconds(), log_.findings.size(), left);
  }

  [[nodiscard]] std::vector<Situation> never_reached() const {
    std::vector<Situation> missing;
    for (std::size_t i = 0; i < situation_count; ++i) {
      if (log_.reached[i] == 0) missing.push_back(static_cast<Situation>(i));
    }
    return missing;
  }
  [[nodiscard]] int exit_code() const {
    int code = 0;
    for (const auto& entry : log_.findings) {
      const int verdict = entry.second.verdict;
      if (code == 0 || verdict == static_cast<int>(Verdict::safety)) code = verdict;
    }
    if (code != 0) return code;
    // Some profiles alone cannot come by everything.
    return options_.only.empty() && !never_reached().empty() ? exit_unreached : 0;
  }

  void print_table() const {
    fmt::print("{} rounds and {} of {} slices, {} runs in {:.0f} s\n", log_.rounds, log_.slices,
               slices_.size(), log_.runs(), log_.seconds);
    fmt::print("{:24}{:>12}{:>12}{:>12}{:>12}{:>12}\n", "profile", "weak", "tso", "sc",
               "violations", "outgrown");
    for (const Profile& profile : profiles()) {
      if (!is_wanted(options_, profile.name)) continue;
      std::string line = fmt::format("{:24}", profile.name);
      std::uint64_t violations = 0;
      std::uint64_t outgrown = 0;
      for (const char* memory : memory_modes) {
        const auto it = log_.fields.find(fmt::format("{} {}", profile.name, memory));
        const NightLog::Field field = it != log_.fields.end() ? it->second : NightLog::Field();
        line += fmt::format("{:12}", field.runs);
        violations += field.violations;
        outgrown += field.out_of_budget;
      }
      fmt::print("{}{:12}{:12}\n", line, violations, outgrown);
    }
    for (const auto& [profile, search] : log_.searches) {
      if (search.level == 0) continue;
      const Bounds& bounds = levels.at(search.level - 1);
      fmt::print("{:24}exhausted: {} runs within {} preemptions, {} stale reads, 1 death\n",
                 profile, search.runs, bounds.preemptions, bounds.stale_reads);
    }
    auto missing = never_reached();
    fmt::print("{} of {} situations reached\n", situation_count - missing.size(), situation_count);
    if (!options_.only.empty()) missing.clear();  // nobody expected them of these
    for (const Situation situation : missing)
      fmt::print("never reached: {}\n", to_string(situation));
    for (const auto& [path, f] : log_.findings) {
      fmt::print("{}x {} {} {} seed {}: {}\n  {}\n", f.count, f.profile, f.strategy, f.memory,
                 f.seed, f.problem, fs::exists(path) ? path : "no trace: its process died of it");
    }
    if (log_.findings.empty()) fmt::print("no findings\n");
  }
  void print_json() const {
    nlohmann::ordered_json json = {{"rounds", log_.rounds},
                                   {"runs", log_.runs()},
                                   {"seconds", log_.seconds},
                                   {"never_reached", nlohmann::ordered_json::array()},
                                   {"findings", nlohmann::ordered_json::array()}};
    for (const Situation situation : never_reached())
      json["never_reached"].push_back(to_string(situation));
    for (const auto& [path, f] : log_.findings) {
      json["findings"].push_back(
          {{"trace", path}, {"count", f.count}, {"profile", f.profile}, {"problem", f.problem}});
    }
    std::cout << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  }

  const NightOptions& options_;
  std::vector<Slice> slices_;
  fs::path file_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point end_;
  NightLog log_;
  double before_ = 0;  ///< seconds of the nights before
  double next_ = 1;
  bool has_shown_ = false;
  std::uint64_t done_ = 0;
  std::uint64_t last_runs_ = 0;
};

}  // namespace

int night(const NightOptions& options) { return Night(options).run(); }

}  // namespace disruptor_mp::sim
