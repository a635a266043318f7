// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dst-kill: the shipped library in real processes that are really killed. `dst kill` starts it.
// docs/verification.md, "Real processes, real kills".
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <map>

#include "points.hpp"
#include "profiles.hpp"
#include "report.hpp"
#include "session.hpp"

// NOLINTNEXTLINE(bugprone-exception-escape): without memory for a command line there is no going on
int main(int argc, char** argv) {
  using namespace disruptor_mp::kill;
  const std::map<std::string, At> moments = {{"time", At::time},
                                             {"stall", At::stall},
                                             {"store", At::store},
                                             {"instruction", At::instruction},
                                             {"point", At::point}};
  const std::map<std::string, Tamper> tampers = {{"lost", Tamper::lost},
                                                 {"invented", Tamper::invented},
                                                 {"stuck", Tamper::stuck},
                                                 {"missed", Tamper::missed}};

  CLI::App app{
      "Kills, stops and restarts real producers and consumers of the shipped library, and judges\n"
      "what they saw.",
      "dst kill"};
  Options options;
  std::string at = "time";
  std::string tamper;
  bool lists = false;
  app.add_option("--profile", options.profile, "who takes part; see --list");
  app.add_option("--kills", options.kills, "how many (200)")->check(CLI::PositiveNumber);
  app.add_option(
         "--at", at,
         "time (a random moment), stall (stopped and continued), store (after a store to a\n"
         "word of the ring), instruction (anywhere in attach, publish, poll, leave), point (each\n"
         "named point in turn; see --list)")
      ->check(CLI::IsMember(moments));
  app.add_option("--seed", options.seed, "of victims, moments and places (1)");
  app.add_option("--patience-ms", options.patience_ms, "without progress for so long: it hangs");
  app.add_option("--out", options.out, "keep the logs of a failed round in this folder");
  app.add_option("--tamper", tamper,
                 "must fail: lost or invented (evidence), stuck (with --at stall), missed (points)")
      ->check(CLI::IsMember(tampers));
  app.add_flag("--require-points", options.needs_points,
               "with --at point: fail if one that is promised was met by nobody");
  app.add_flag("--list", lists, "the profiles, and the points of --at point");
  app.add_flag("--json", options.json, "print the result as JSON");
  app.footer(
      "examples:\n"
      "  dst kill --profile pair --kills 1000 --at time\n"
      "  dst kill --profile several --kills 500 --at stall --json\n"
      "  dst kill --profile file --kills 200 --at instruction --out findings\n"
      "  dst kill --profile several --kills 300 --at point --require-points\n"
      "exit: 0 pass, 2 usage, 3 this machine does not permit it, 10 safety, 11 progress,\n"
      "      15 a point was not met");
  try {
    app.parse(argc, argv);
    options.at = moments.at(at);
    if (!tamper.empty()) options.tamper = tampers.at(tamper);
    if (lists) {
      for (const Profile& profile : all_profiles())
        fmt::print("{:<14}{}\n", profile.name, profile.what);
      fmt::print("\npoints:\n");
      for (const Point& point : all_points())
        fmt::print("{:<18}{}{}\n", point.name, point.what,
                   point.when == Point::When::at_times ? " (not promised)" : "");
      return exit_pass;
    }
    static_cast<void>(profile_named(options.profile));
    if (const std::string why = why_not_permitted(options.at); !why.empty()) {
      fmt::print(stderr, "dst kill: --at {}: {}\n", to_string(options.at), why);
      return exit_not_permitted;
    }
    const Totals totals = run(options);
    print_report(options, totals);
    return totals.code;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_pass : exit_usage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "dst kill: {}\n", error.what());
    return exit_usage;
  }
}
