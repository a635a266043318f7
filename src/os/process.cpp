// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/process.hpp"

#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace disruptor_mp::os {
namespace {

struct Stat {
  char state = '?';
  std::uint64_t start_ticks = 0;
};

/// Fields 3 and 22 of /proc/PID/stat (proc(5)). The command (field 2) may contain anything, so
/// count from its last ')'.
Stat read_stat(const std::string& process) {
  std::ifstream file("/proc/" + process + "/stat");
  std::string line;
  std::getline(file, line);
  const auto after_command = line.rfind(')');
  if (after_command == std::string::npos) return {};
  std::istringstream fields(line.substr(after_command + 1));
  Stat stat;
  fields >> stat.state;
  std::string skipped;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  fields >> stat.start_ticks;
  return stat;
}

std::uint64_t pid_namespace() {
  struct stat info {};
  return ::stat("/proc/self/ns/pid", &info) == 0 ? info.st_ino : 0;
}

bool can_be_seen(const ProcessIdentity& process) {
  return process.pid_namespace != 0 && process.pid_namespace == pid_namespace() &&
         read_stat(std::to_string(process.pid)).start_ticks == process.start_ticks;
}

}  // namespace

ProcessIdentity this_process() noexcept {
  return {.pid = static_cast<std::uint32_t>(getpid()),
          .uid = static_cast<std::uint32_t>(getuid()),
          .pid_namespace = pid_namespace(),
          .start_ticks = read_stat("self").start_ticks};
}

std::string command_of(const ProcessIdentity& process) {
  if (!can_be_seen(process)) return {};
  std::ifstream file("/proc/" + std::to_string(process.pid) + "/comm");
  std::string command;
  std::getline(file, command);
  return command;
}

bool is_stopped(const ProcessIdentity& process) {
  if (!can_be_seen(process)) return false;
  const char state = read_stat(std::to_string(process.pid)).state;
  return state == 'T' || state == 't';
}

std::array<std::uint64_t, 2> boot_id() noexcept {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::array<std::uint64_t, 2> id{};
  unsigned digits = 0;
  for (char c = 0; file.get(c) && digits < 32;) {
    const unsigned value = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                           : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                                                  : 16U;
    if (value == 16U) continue;  // the dashes
    id[digits / 16] = (id[digits / 16] << 4U) | value;
    ++digits;
  }
  return id;
}

std::array<std::uint64_t, 2> random_id() noexcept {
  std::array<std::uint64_t, 2> id{};
  // Up to 256 bytes come whole and without EINTR once the source is initialised (getrandom(2)).
  while (getrandom(id.data(), sizeof id, 0) != static_cast<ssize_t>(sizeof id)) {
  }
  return id;
}

}  // namespace disruptor_mp::os
