// SPDX-License-Identifier: MIT OR Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "disruptor_mp/base/error.hpp"
#include "dmp_bench/cases.hpp"
#include "dmp_bench/child.hpp"
#include "dmp_bench/json.hpp"
#include "dmp_bench/recovery.hpp"
#include "dmp_bench/table.hpp"

namespace {

using namespace disruptor_mp::bench;

struct Options {
  Settings settings;
  std::string pattern;
  std::string json_path;
  std::uint64_t capacity = 0;
  unsigned deaths = 200;
  bool recovery = false;
  bool list = false;
  bool quick = false;
};

constexpr double quick_seconds = 0.2;
constexpr unsigned quick_deaths = 20;

/// One of the two: what is measured is either the work or the recovery.
struct Selection {
  std::vector<Case> cases = {};
  std::vector<Situation> situations = {};
};

int parse(int argc, char** argv, Options& options) {
  CLI::App app{
      "Measures the library against hand-written loops in the same run.\n"
      "Two real processes, pinned; every byte of every event is checked.\n",
      "dmp-bench"};
  app.footer(
      "examples:\n"
      "  dmp-bench --quick                    the whole suite in less than a minute\n"
      "  dmp-bench --case 'stream/32'         one group, thoroughly\n"
      "  dmp-bench --case '^layout/'          both slot layouts, all sizes (not in the suite)\n"
      "  dmp-bench --recovery                 how soon the death of a process is noticed\n"
      "  dmp-bench --json figures.json        everything measured, slice by slice\n"
      "  dmp-bench --json --quick > f.json    the same on stdout, without the table\n"
      "exit: 0 measured, 1 a process failed, an event was wrong or a death was not noticed within\n"
      "      30 s, 2 usage, 130 interrupted");
  app.add_option("--case", options.pattern,
                 "only cases whose name has a match of this regular expression");
  app.add_flag("--list", options.list, "name the cases and do nothing");
  app.add_flag("--quick", options.quick,
               fmt::format("{} s per contender instead of 1; {} deaths instead of 200",
                           quick_seconds, quick_deaths));
  auto* seconds = app.add_option("--seconds", options.settings.seconds,
                                 "per contender of a case, all rounds together")
                      ->check(CLI::Range(0.001, 3600.0));
  app.add_option("--rounds", options.settings.rounds, "how often processes and rings are made anew")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--slice-ms", options.settings.slice_ms,
                 "how long a contender runs before the next one's turn")
      ->check(CLI::Range(0.1, 10'000.0))
      ->capture_default_str();
  app.add_option("--capacity", options.capacity, "slots of every ring, a power of two from 256 on")
      ->check([](const std::string& text) -> std::string {
        const auto value = std::strtoull(text.c_str(), nullptr, 10);
        return value >= 256 && (value & (value - 1)) == 0 ? "" : "not a power of two from 256 on";
      });
  app.add_option("--near-below", options.settings.thresholds.near_below,
                 "near: the calibrating round trip takes less than so many ns")
      ->capture_default_str();
  app.add_option("--far-above", options.settings.thresholds.far_above,
                 "far: it takes more than so many ns")
      ->capture_default_str();
  app.add_option("--file-dir", options.settings.file_directory,
                 "where the rings of file cases lie (default: the temporary directory)");
  app.add_option("--json", options.json_path,
                 "also write everything to this file; without one, or with -, nothing\n"
                 "but JSON on stdout")
      ->type_name("FILE")
      ->expected(0, 1)
      ->default_str("-");
  app.add_flag("--recovery", options.recovery,
               "instead: kill processes, and measure how soon the others notice")
      ->excludes("--seconds")
      ->excludes("--rounds")
      ->excludes("--slice-ms")
      ->excludes("--capacity");
  auto* deaths = app.add_option("--deaths", options.deaths, "in each situation of --recovery")
                     ->check(CLI::Range(1, 1'000'000))
                     ->capture_default_str()
                     ->needs("--recovery");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (options.quick && seconds->count() == 0) options.settings.seconds = quick_seconds;
  if (options.quick && deaths->count() == 0) options.deaths = quick_deaths;
  if (options.settings.file_directory.empty())
    options.settings.file_directory = std::filesystem::temp_directory_path();
  return -1;
}

Selection select(const Options& options) {
  const std::regex pattern(options.pattern);
  Selection selection;
  if (options.recovery) {
    for (Situation& situation : all_situations()) {
      if (std::regex_search(situation.name, pattern))
        selection.situations.push_back(std::move(situation));
    }
  } else {
    for (Case& work : all_cases()) {
      if (options.pattern.empty() ? !work.in_suite && !options.list
                                  : !std::regex_search(work.name, pattern))
        continue;
      if (options.capacity != 0) work.capacity = options.capacity;
      selection.cases.push_back(std::move(work));
    }
  }
  if (selection.cases.empty() && selection.situations.empty())
    throw std::invalid_argument(
        fmt::format("no case matches '{}'; --list names them", options.pattern));
  return selection;
}

void write(const Run& run, const std::string& path) {
  const std::string text = to_json(run).dump(1) + "\n";
  if (path == "-") {
    fmt::print("{}", text);
    return;
  }
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw std::runtime_error(fmt::format("cannot write '{}'", path));
}

void run_cases(const std::vector<Case>& cases, const Ticks& ticks, bool has_table, Run& run) {
  std::optional<Pattern> shown;
  for (const Case& work : cases) {
    run.results.push_back(run_case(work, run.settings, ticks));
    if (!has_table) continue;
    if (shown != work.pattern) print_header(work.pattern);
    shown = work.pattern;
    print_case(run.results.back());
  }
  if (has_table) print_legend();
}

void run_recovery(const std::vector<Situation>& situations, unsigned deaths, bool has_table,
                  Run& run) {
  if (has_table) print_recovery_header();
  for (const Situation& situation : situations) {
    run.recoveries.push_back(measure_recovery(situation, deaths));
    if (has_table) print_recovery(run.recoveries.back());
  }
  if (has_table) print_recovery_legend();
}

void run(const Options& options, const Selection& selection) {
  const Ticks ticks;
  Run run{.settings = options.settings,
          .environment = read_environment(),
          .clock_read_ns = ticks.cost_ns(),
          .load_before = read_load()};
  const bool has_table = options.json_path != "-";
  const std::uint64_t start_ns = now_ns();
  if (has_table) print_environment(run.environment, ticks, run.load_before);
  if (options.recovery) {
    run_recovery(selection.situations, options.deaths, has_table, run);
  } else {
    run_cases(selection.cases, ticks, has_table, run);
  }
  run.load_after = read_load();
  run.seconds = static_cast<double>(now_ns() - start_ns) / 1e9;
  if (has_table) {
    fmt::print("load       {:.2f} when it ended; stolen by the hypervisor: {:.1f} s of {:.0f} s\n",
               run.load_after.averages[0],
               run.load_after.steal_seconds - run.load_before.steal_seconds, run.seconds);
  }
  if (!options.json_path.empty()) write(run, options.json_path);
}

void list(const Selection& selection) {
  for (const Case& work : selection.cases)
    fmt::print("{}{}\n", work.name, work.in_suite ? "" : "  (only if asked for)");
  for (const Situation& situation : selection.situations) fmt::print("{}\n", situation.name);
}

/// What was printed may still lie in a buffer when the disk is full.
void flush_stdout() {
  if (std::fflush(stdout) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot write");
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): without memory for a command line there is no going on
int main(int argc, char** argv) {
  Options options;
  if (const int code = parse(argc, argv, options); code >= 0) return code;
  try {
    const Selection selection = select(options);
    if (options.list) {
      list(selection);
    } else {
      run(options, selection);
    }
    flush_stdout();
    return 0;
  } catch (const Interrupted&) {
    fmt::print(stderr, "dmp-bench: interrupted\n");
    return 130;
  } catch (const std::regex_error& error) {
    fmt::print(stderr, "dmp-bench: --case '{}' is not a regular expression: {}\n", options.pattern,
               error.what());
    return 2;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "dmp-bench: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "dmp-bench: {}{}\n", std::ferror(stdout) != 0 ? "stdout: " : "",
               error.what());
    return 1;
  }
}
