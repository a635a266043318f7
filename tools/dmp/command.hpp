// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "exit_code.hpp"

namespace disruptor_mp::tool {

/// What the command line came to: filled in by the subcommand that was named.
struct Invocation {
  bool json = false;
  std::function<ExitCode()> run;
};

// Each adds its subcommand to the app; one file per subcommand.
void add_pub(CLI::App& app, Invocation& invocation);
void add_sub(CLI::App& app, Invocation& invocation);
void add_ls(CLI::App& app, Invocation& invocation);
void add_inspect(CLI::App& app, Invocation& invocation);
void add_tail(CLI::App& app, Invocation& invocation);
void add_stat(CLI::App& app, Invocation& invocation);
void add_export(CLI::App& app, Invocation& invocation);
void add_doctor(CLI::App& app, Invocation& invocation);
void add_clean(CLI::App& app, Invocation& invocation);
void add_bench(CLI::App& app);

/// Becomes the benchmark, with the arguments behind `bench`. Returns only by an exception.
ExitCode run_bench(int argc, char** argv);

}  // namespace disruptor_mp::tool
