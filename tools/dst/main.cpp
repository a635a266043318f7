// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dst: the production code under simulation. docs/verification.md, "The simulator".
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <string_view>

#include "commands.hpp"

namespace {

using namespace disruptor_mp::sim;

void add_run_options(CLI::App& command, RunOptions& options) {
  command.add_option("--profile", options.profile, "see `dst list`");
  command.add_option("--seeds", options.seeds, "how many (1000, or as many as --time allows)");
  command.add_option("--from", options.from, "the first seed");
  command.add_option("--strategy", options.strategy, "random, pct, dfs, swarm (random and pct)");
  command.add_option("--memory", options.memory, "sc, tso, weak");
  command.add_option("--crashes", options.crashes, "deaths per run at most");
  command.add_option("--time", options.time, "stop after this time, e.g. 10s");
  command.add_option("--out", options.out, "write traces of failures into this folder");
  command.add_option("--preemptions", options.preemptions, "dfs: at most so many");
  command.add_option("--stale-reads", options.stale_reads, "dfs: at most so many");
  command.add_option("--jobs", options.jobs, "processes that share the seeds")
      ->check(CLI::Range(1U, max_jobs));
  command.add_flag("--situations", options.shows_situations, "say how many runs came by each");
  command.add_flag("--require-situations", options.needs_situations,
                   "fail if one that the profile promises was not reached");
  command.add_flag("--keep-going", options.keep_going, "do not stop at the first violation");
  command.add_flag("--json", options.json, "print the result as JSON");
}

void add_night_options(CLI::App& command, NightOptions& options) {
  command.add_option("--out", options.out, "folder of the findings; what is there is gone on with");
  command.add_option("--only", options.only, "these profiles");
  command.add_option("--seeds", options.seeds, "of a profile in a memory mode and round");
  command.add_option("--rounds", options.rounds, "stop after so many (when told to)");
  command.add_option("--time", options.time, "stop after this time, e.g. 8h");
  command.add_option("--jobs", options.jobs, "processes that share the seeds")
      ->check(CLI::Range(1U, max_jobs));
  command.add_flag("--anew", options.anew, "forget what the folder holds");
  command.add_flag("--json", options.json, "print the result as JSON");
}

void add_mutant_options(CLI::App& command, MutantOptions& options) {
  command.add_option("--only", options.only, "those whose names begin so");
  command.add_option("--seeds", options.seeds, "per profile");
  command.add_option("--jobs", options.jobs, "processes that share the seeds")
      ->check(CLI::Range(1U, max_jobs));
  command.add_option("--out", options.out, "write a trace of each kill into this folder");
  command.add_option("--record", options.record,
                     "write shrunk traces of the faults that were once in our code: tests/traces");
  command.add_flag("--check", options.checks, "build nothing; see that every patch applies");
  command.add_flag("--json", options.json, "print the table as JSON");
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): without memory for a command line there is no going on
int main(int argc, char** argv) {
  CLI::App app{"The production code of disruptor-mp under deterministic simulation"};
  app.require_subcommand(1);
  RunOptions options;
  NightOptions night_options;
  MutantOptions mutant_options;
  std::string path;
  std::string out;
  std::string other;
  bool is_fixed = false;

  auto* list_command = app.add_subcommand("list", "the profiles");
  auto* run_command = app.add_subcommand("run", "run a profile for many seeds");
  add_run_options(*run_command, options);
  auto* night_command =
      app.add_subcommand("night", "run all profiles until stopped; go on there the next time");
  add_night_options(*night_command, night_options);
  auto* replay_command = app.add_subcommand("replay", "play a trace and compare it");
  auto* shrink_command = app.add_subcommand("shrink", "the same failure in fewer decisions");
  auto* explain_command = app.add_subcommand("explain", "play a trace and print every step");
  for (auto* command : {replay_command, shrink_command, explain_command})
    command->add_option("trace", path, "file that `dst run --out` wrote")->required();
  auto* diff_command = app.add_subcommand("diff", "play two traces; where do they part");
  diff_command->add_option("trace", path, "one")->required();
  diff_command->add_option("other", other, "and another")->required();
  replay_command->add_flag("--fixed", is_fixed, "its fault is mended: the schedule must pass now");
  shrink_command->add_option("--out", out, "where to write the result (over the trace)");
  auto* mutants_command =
      app.add_subcommand("mutants", "break the code on purpose, and see that it is noticed");
  add_mutant_options(*mutants_command, mutant_options);

  // Its options are those of the other program.
  app.add_subcommand("kill", "kill real processes around the shipped library: `dst kill --help`");

  try {
    if (argc > 1 && std::string_view(argv[1]) == "kill") return kill_processes(argv + 1);
    app.parse(argc, argv);
    if (*list_command) return list();
    if (*run_command) return run(options);
    if (*night_command) return night(night_options);
    if (*replay_command) return replay(path, is_fixed);
    if (*shrink_command) return shrink_file(path, out);
    if (*explain_command) return explain(path);
    if (*diff_command) return diff(path, other);
    if (*mutants_command) return mutants(mutant_options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_usage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "dst: {}\n", error.what());
    return exit_usage;
  }
  return exit_usage;
}
