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
#include <string_view>
#include <system_error>
#include <vector>

#include "byte_stream.hpp"
#include "command.hpp"
#include "disruptor_mp/base/error.hpp"
#include "failure.hpp"
#include "report.hpp"
#include "usage.hpp"

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

/// `dmp help pub` is `dmp pub --help`.
std::vector<char*> arguments_of(int argc, char** argv) {
  static std::string help = "--help";
  std::vector<char*> arguments(argv, argv + argc);
  if (arguments.size() > 1 && std::string_view(arguments[1]) == "help") {
    arguments.erase(arguments.begin() + 1);
    arguments.push_back(help.data());
  }
  return arguments;
}

int run(std::vector<char*> arguments) {
  reserve_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is seen by write(2)

  Invocation invocation;
  if (arguments.size() > 1 && std::string_view(arguments[1]) == "bench") {
    invocation.run = [&] {
      return run_bench(static_cast<int>(arguments.size()) - 2, arguments.data() + 2);
    };
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
  add_tail(app, invocation);
  add_stat(app, invocation);
  add_export(app, invocation);
  add_doctor(app, invocation);
  add_clean(app, invocation);
  add_bench(app);
  app.footer(std::string("`dmp COMMAND --help` shows options and examples.\n") + exit_code_help);

  try {
    app.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::Success& wish) {
    invocation.run = [&] {  // --help or --version, on stdout
      std::ostringstream text;
      app.exit(wish, text, text);
      fmt::print("{}", text.str());
      return ExitCode::ok;
    };
    return static_cast<int>(run_reporting(invocation));
  } catch (const CLI::ParseError& error) {
    const bool json = std::find(arguments.begin(), arguments.end(), std::string_view("--json")) !=
                      arguments.end();
    report_usage(explain(app, error), json);
    return static_cast<int>(ExitCode::usage);
  }
  return static_cast<int>(run_reporting(invocation));
}

}  // namespace
}  // namespace disruptor_mp::tool

int main(int argc, char** argv) {
  try {
    using namespace disruptor_mp::tool;
    return run(arguments_of(argc, argv));
  } catch (const std::exception& error) {
    // Only what is thrown before a command runs: no memory for the command line itself.
    std::fprintf(stderr, "dmp: %s\n", error.what());
    return static_cast<int>(disruptor_mp::tool::ExitCode::failure);
  }
}
