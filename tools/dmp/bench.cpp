// SPDX-License-Identifier: MIT OR Apache-2.0
//
// dmp bench: runs dmp-bench, which is a program of its own, from the same folder.
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <string>
#include <system_error>
#include <vector>

#include "command.hpp"
#include "failure.hpp"

namespace disruptor_mp::tool {
namespace {

std::string own_folder() {
  std::string path(PATH_MAX, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return path.substr(0, path.rfind('/') + 1);
}

}  // namespace

void add_bench(CLI::App& app) {
  // Only for the list of commands: main calls run_bench before anything is parsed, so that every
  // option, --help included, is the benchmark's own.
  app.add_subcommand("bench", "measure rings on this machine")->prefix_command();
}

ExitCode run_bench(int argc, char** argv) {
  const std::string program = own_folder() + "dmp-bench";
  std::vector<char*> arguments = {const_cast<char*>(program.c_str())};
  arguments.insert(arguments.end(), argv, argv + argc);
  arguments.push_back(nullptr);
  ::execv(program.c_str(), arguments.data());
  throw Failure(ExitCode::failure, "not_installed",
                {.object = program,
                 .problem = "the benchmark cannot be started",
                 .found = std::generic_category().message(errno),
                 .expected = "dmp-bench in the folder of dmp",
                 .remedy = "Build or install it there."});
}

}  // namespace disruptor_mp::tool
