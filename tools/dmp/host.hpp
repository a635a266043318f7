// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What of this machine matters to rings, and what to change where it is in their way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace disruptor_mp::tool {

/// One thing that was looked at.
struct Check {
  enum class Verdict : std::uint8_t {
    good,
    note,     ///< as it is; some would want it otherwise
    warning,  ///< rings work, and not as well as they could
    bad,      ///< rings do not work
  };
  std::string name;
  Verdict verdict = Verdict::good;
  std::string found;
  std::string remedy = {};  ///< empty if there is nothing to do
};
[[nodiscard]] const char* name_of(Check::Verdict verdict);

/// Where rings in shared memory are kept.
struct SharedMemory {
  std::string path;
  bool is_there = false;
  bool is_writable = false;
  bool is_tmpfs = false;
  std::uint64_t size = 0;       ///< bytes
  std::uint64_t available = 0;  ///< bytes
};

/// What the kernel tells in files. They are looked for below `root`, so that tests can have
/// machines of their own; empty on a real one.
struct HostFiles {
  std::string root;

  /// The first line of a file, without spaces at its ends; empty if it cannot be read.
  [[nodiscard]] std::string line(const std::string& path) const;
  [[nodiscard]] std::string text(const std::string& path) const;
  [[nodiscard]] bool exists(const std::string& path) const;
  /// The files of a directory, by name.
  [[nodiscard]] std::vector<std::string> list(const std::string& directory) const;
};

[[nodiscard]] SharedMemory find_shared_memory();

// One question each.
[[nodiscard]] Check check_shared_memory(const SharedMemory& memory);
[[nodiscard]] Check check_kernel(const std::string& release);
[[nodiscard]] Check check_clock(const HostFiles& files);
[[nodiscard]] Check check_governor(const HostFiles& files);
[[nodiscard]] Check check_isolated_cores(const HostFiles& files);
[[nodiscard]] Check check_cpu_quota(const HostFiles& files);
[[nodiscard]] Check check_memory_limit(const HostFiles& files);
[[nodiscard]] Check check_huge_pages(const HostFiles& files);
[[nodiscard]] Check check_swap(const HostFiles& files);
/// @param uid of the user who makes rings
[[nodiscard]] Check check_remove_ipc(const HostFiles& files, std::uint32_t uid);
/// Those that need no file: how many cores and how much locked memory this process may have.
[[nodiscard]] Check check_cores();
[[nodiscard]] Check check_locked_memory();
/// Makes a ring, passes an event through it and takes it away again; and whether membarrier(2) may
/// be called.
[[nodiscard]] std::vector<Check> check_a_ring();

}  // namespace disruptor_mp::tool
