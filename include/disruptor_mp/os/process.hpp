// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace disruptor_mp::os {

/// What is recorded of a process so that people can find it. Information, never proof of anything:
/// whether a participant lives is asked of the kernel's locks (MemoryObject::is_locked_elsewhere).
struct ProcessIdentity {
  std::uint32_t pid = 0;
  std::uint32_t uid = 0;
  std::uint64_t pid_namespace = 0;  ///< inode of the PID namespace; 0 if unknown
  std::uint64_t start_ticks = 0;    ///< start time in clock ticks since boot; 0 if unknown
};

[[nodiscard]] ProcessIdentity this_process() noexcept;

/// The command of a process of this PID namespace, or "" if it cannot be told (another namespace,
/// gone, reused).
[[nodiscard]] std::string command_of(const ProcessIdentity& process);

/// True if the process is known to be stopped (SIGSTOP, debugger). False also means "cannot tell".
[[nodiscard]] bool is_stopped(const ProcessIdentity& process);

/// Identifies the current boot of this machine; all zero where it cannot be told.
[[nodiscard]] std::array<std::uint64_t, 2> boot_id() noexcept;

/// 128 bits from the kernel's random source.
[[nodiscard]] std::array<std::uint64_t, 2> random_id() noexcept;

}  // namespace disruptor_mp::os
