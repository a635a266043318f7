// SPDX-License-Identifier: MIT OR Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "commands.hpp"

namespace disruptor_mp::sim {

int kill_processes(char** arguments) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "dst-kill";
  execv(program.c_str(), arguments);
  fmt::print(stderr,
             "dst kill: {}: found {}, expected a program; remedy: build the target dst-kill\n",
             program.string(), std::strerror(errno));
  return exit_usage;
}

}  // namespace disruptor_mp::sim
