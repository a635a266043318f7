// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dmp: rings from the command line. Each subcommand is a file of its own; here they are put
// together, and what goes wrong in them becomes one line and an exit code.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <system_error>

#include "byte_stream.hpp"
#include "command.hpp"
#include "disruptor_mp/base/error.hpp"
#include "failure.hpp"
#include "report.hpp"

namespace disruptor_mp::tool {
namespace {

/// Runs the command, and makes sure that what it printed has arrived: a disk may be full. That the
/// reader of a pipe has gone is no error.
ExitCode run_and_flush(const Invocation& invocation) {
  ExitCode code = ExitCode::ok;
  int error = 0;
  try {
    code = invocation.run();
    if (std::fflush(stdout) != 0) error = errno;
  } catch (const std::system_error& failure) {
    if (std::ferror(stdout) == 0) throw;  // it was not printing that failed
    error = failure.code().value();
  }
  if (error != 0 && error != EPIPE) fail_stdout(error);
  return code;
}

ExitCode run_reporting(const Invocation& invocation) {
  try {
    return run_and_flush(invocation);
  } catch (const Error& error) {
    report(error, invocation.json);
    return exit_code_of(error.code());
  } catch (const Failure& failure) {
    report(failure, invocation.json);
    return failure.exit_code();
  } catch (const std::exception& error) {
    report(Failure(ExitCode::failure, "system_error",
                   {.object = "dmp",
                    .problem = error.what(),
                    .found = {},
                    .expected = {},
                    .remedy = "Please report this."}),
           invocation.json);
    return ExitCode::failure;
  }
}

/// The message of the parser on one line, as it would stand in a sentence.
std::string sentence_of(const CLI::ParseError& error) {
  std::string text = error.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
  return text;
}

std::string command_named(const CLI::App& app) {
  const auto named = app.get_subcommands();
  return named.empty() ? app.get_name() : app.get_name() + " " + named.front()->get_name();
}

int run(int argc, char** argv) {
  reserve_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is seen by write(2)

  Invocation invocation;
  if (argc > 1 && std::string(argv[1]) == "bench") {
    invocation.run = [&] { return run_bench(argc - 2, argv + 2); };
    return static_cast<int>(run_reporting(invocation));
  }
  CLI::App app("Rings between processes, from the command line.", "dmp");
  app.set_version_flag("--version", std::string("dmp ") + DMP_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(26);
  add_pub(app, invocation);
  add_sub(app, invocation);
  add_ls(app, invocation);
  add_inspect(app, invocation);
  add_clean(app, invocation);
  add_bench(app);
  app.footer(std::string("`dmp COMMAND --help` shows options and examples.\n") + exit_code_help);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wish) {
    invocation.run = [&] {  // --help or --version, on stdout
      std::ostringstream text;
      app.exit(wish, text, text);
      fmt::print("{}", text.str());
      return ExitCode::ok;
    };
    return static_cast<int>(run_reporting(invocation));
  } catch (const CLI::ParseError& error) {
    const bool json = std::find(argv, argv + argc, std::string("--json")) != argv + argc;
    report_usage(command_named(app), sentence_of(error), json);
    return static_cast<int>(ExitCode::usage);
  }
  return static_cast<int>(run_reporting(invocation));
}

}  // namespace
}  // namespace disruptor_mp::tool

int main(int argc, char** argv) {
  try {
    return disruptor_mp::tool::run(argc, argv);
  } catch (const std::exception& error) {
    // Only what is thrown before a command runs: no memory for the command line itself.
    std::fprintf(stderr, "dmp: %s\n", error.what());
    return static_cast<int>(disruptor_mp::tool::ExitCode::failure);
  }
}
