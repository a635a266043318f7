// SPDX-License-Identifier: MIT OR Apache-2.0
#include "child.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <stdexcept>

namespace disruptor_mp::sim {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};

std::string contents(std::FILE* file) {
  std::string text;
  std::array<char, 4096> part{};
  std::rewind(file);
  while (const std::size_t n = std::fread(part.data(), 1, part.size(), file))
    text.append(part.data(), n);
  return text;
}

}  // namespace

ChildResult run_child(const std::vector<std::string>& command, const std::string& folder,
                      double seconds) {
  const std::unique_ptr<std::FILE, CloseFile> output(std::tmpfile());
  if (output == nullptr) throw std::runtime_error("no temporary file for what a program prints");
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("cannot start " + command.front());
  if (pid == 0) {
    const int file = fileno(output.get());
    if (chdir(folder.c_str()) == 0 && dup2(file, 1) >= 0 && dup2(file, 2) >= 0)
      execvp(arguments.front(), arguments.data());
    _exit(127);
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  ChildResult result;
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    usleep(2'000);
    if (std::chrono::steady_clock::now() < end) continue;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    result.took_too_long = true;
    break;
  }
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.output = contents(output.get());
  if (result.exit_code == 127) throw std::runtime_error("cannot run " + command.front());
  return result;
}

}  // namespace disruptor_mp::sim
