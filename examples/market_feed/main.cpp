// SPDX-License-Identifier: MIT OR Apache-2.0
//
// market_feed: recorded market feeds through one ring and a handful of processes, checked to the
// last byte.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <disruptor_mp/base/error.hpp>
#include <nlohmann/json.hpp>
#include <system_error>

#include "market_feed/error.hpp"
#include "market_feed/roles.hpp"
#include "market_feed/run.hpp"

namespace {

namespace feed = disruptor_mp::market_feed;

constexpr int exit_pass = 0;
constexpr int exit_wrong = 1;  // a check failed
constexpr int exit_usage = 2;
constexpr int exit_failed = 3;  // the run did not come to its checks

constexpr const char* examples = R"(Examples:
  market_feed                                     a generated feed, full speed
  market_feed --feed btcusdt.jsonl.gz --pace 10   a recording at ten times its speed
  market_feed --kill analytics@50% --kill gateway@25% --kill gateway@75%
  market_feed --gateways 2 --feed spot.jsonl.gz --feed futures.jsonl.gz \
              --kill gateway.1@50%
  market_feed --backend file --json

Exit codes: 0 every check holds, 1 one does not, 2 usage, 3 the run failed.)";

/// An option whose value has a parser of its own that explains what is wrong.
template <class T>
CLI::Option* add_parsed(CLI::App& app, const char* name, T& value, T (*parse)(std::string_view),
                        const char* help) {
  return app.add_option_function<std::string>(
      name,
      [&value, parse](const std::string& text) {
        try {
          value = parse(text);
        } catch (const feed::Error& error) {
          throw CLI::ValidationError(error.what());
        }
      },
      help);
}

/// @return whether the ring lies in a file.
bool parse_backend(std::string_view text) {
  if (text != "shm" && text != "file") {
    throw feed::Error({.object = "--backend",
                       .found = feed::excerpt(text),
                       .expected = "shm or file",
                       .remedy = "write --backend shm for /dev/shm, or --backend file for a file "
                                 "in the work directory"});
  }
  return text == "file";
}

int run(const feed::RunOptions& options, bool as_json) {
  const feed::RunReport report = feed::run(options);
  if (as_json) {
    std::puts(nlohmann::json(report).dump(2).c_str());
  } else {
    std::fputs(("\n" + feed::text_of(report)).c_str(), stdout);
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    throw feed::Error({.object = "stdout",
                       .found = std::generic_category().message(errno),
                       .expected = "room for the report",
                       .remedy = "check where it leads to"});
  }
  return report.passed() ? exit_pass : exit_wrong;
}

feed::Role parse_role(const std::string& text) {
  for (const feed::Role role :
       {feed::Role::gateway, feed::Role::journal, feed::Role::analytics, feed::Role::monitor}) {
    if (feed::name_of(role) == text) return role;
  }
  throw CLI::ValidationError("unknown role " + text);
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): without memory for a command line there is no going on
int main(int argc, char** argv) {
  CLI::App app(
      "Replays a recorded market feed through a ring: a gateway publishes, a journal (required), "
      "analytics "
      "(gating) and a monitor (observer) read, each a process of its own; then checks every byte.");
  app.footer(examples);

  feed::RunOptions options;
  std::vector<std::string> kills;
  bool as_json = false;
  app.add_option("--feed", options.feeds,
                 "recorded feed, plain or .gz, one for each gateway; without it, generated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--gateways", options.gateways,
                 "so many processes publish into the ring, each a feed of its own")
      ->check(CLI::Range(1, 8))
      ->capture_default_str();
  add_parsed(app, "--seed", options.seed, &feed::parse_seed, "seed of the generated feed")
      ->default_str(std::to_string(options.seed));
  add_parsed(app, "--lines", options.lines, &feed::parse_lines, "lines of each generated feed")
      ->default_str(std::to_string(options.lines));
  add_parsed(app, "--backend", options.is_file_backed, &parse_backend,
             "where the ring lies: shm or file")
      ->default_str("shm");
  add_parsed(app, "--capacity", options.capacity, &feed::parse_capacity,
             "slots of the ring, a power of two")
      ->default_str(std::to_string(options.capacity));
  app.add_option("--kill", kills,
                 "ROLE@PERCENT%: SIGKILL that process when it is at that share of the events (a "
                 "gateway: of its own), and restart it; one of several is gateway.1, gateway.2, "
                 "...; repeatable");
  add_parsed(app, "--pace", options.pace, &feed::Pace::parse,
             "1 is recorded speed, 10 ten times that; default: full speed");
  app.add_flag("--skip-bad-lines", options.skip_bad_lines,
               "count malformed lines instead of stopping at one");
  app.add_option("--work-dir", options.work_dir,
                 "an empty directory for the run's files, kept; default: a temporary one");
  app.add_flag("--json", as_json, "the report as JSON on standard output");

  // How the program calls itself for its four processes; not for people.
  feed::RoleOptions role_options;
  std::string role;
  CLI::App* role_command = app.add_subcommand("role", "")->group("");
  role_command->add_option("role", role)->required();
  role_command->add_option("--ring", role_options.ring)->required();
  role_command->add_option("--feed", role_options.feed)->required();
  role_command->add_option("--work-dir", role_options.work_dir)->required();
  role_command->add_option("--events", role_options.events)->required();
  role_command->add_option("--voids", role_options.voids)->required();
  role_command->add_option("--gateways", role_options.gateways)->required();
  role_command->add_option("--index", role_options.index)->required();
  role_command->add_option("--capacity", role_options.capacity)->required();
  add_parsed(*role_command, "--pace", role_options.pace, &feed::Pace::parse, "");
  role_command->add_flag("--skip-bad-lines", role_options.skip_bad_lines);
  role_command->add_option("--stop-at", role_options.stops);

  try {
    app.parse(argc, argv);
    for (const std::string& kill : kills) options.kills.push_back(feed::parse_kill(kill));
    feed::require_consistent(options.gateways, options.feeds.size(), options.kills);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? exit_pass : exit_usage;
  } catch (const feed::Error& error) {
    fmt::print(stderr, "market_feed: {}\n", error.what());
    return exit_usage;
  }

  try {
    if (*role_command) {
      feed::run_role(parse_role(role), role_options);
      return exit_pass;
    }
    options.progress = [](const std::string& news) {
      fmt::print(stderr, "market_feed: {}\n", news);
    };
    return run(options, as_json);
  } catch (const std::exception& error) {
    fmt::print(stderr, "market_feed{}: {}\n", role.empty() ? "" : " " + role, error.what());
    return exit_failed;
  }
}
