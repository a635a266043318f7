// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

namespace disruptor_mp::test {

/// What a program left behind.
struct ProgramRun {
  int code = -1;       ///< its exit code; -1 if a signal ended it
  std::string output;  ///< stdout and stderr
};

/// Runs one of the built programs, by a shell, to its end; two minutes at most.
/// @param environment assignments, "A=b C=d"
/// @param redirection of its stdout, after stderr has been led into the output
inline ProgramRun run_program(const std::string& name, const std::string& arguments,
                              const std::string& environment = "",
                              const std::string& redirection = "") {
  const std::string command = "env " + environment + " timeout 120 " + std::string(DMP_BIN_DIR) +
                              "/" + name + " " + arguments + " 2>&1 " + redirection;
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  ProgramRun run;
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    run.output.append(buffer.data(), size);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) run.code = WEXITSTATUS(status);
  return run;
}

}  // namespace disruptor_mp::test
