// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <vector>

namespace disruptor_mp::os {

/// The cores a thread may run on, one bit each.
struct CoreMask {
  std::array<unsigned long, 128> words{};  ///< as sched_setaffinity(2) takes them; 8192 cores

  /// All of them.
  [[nodiscard]] static CoreMask all() noexcept;
  /// One; nothing if there is no bit for it.
  [[nodiscard]] static std::optional<CoreMask> only(unsigned core) noexcept;
  /// Their numbers, in order.
  [[nodiscard]] std::vector<unsigned> cores() const;
};

/// Those of the calling thread; nothing if the kernel does not say.
[[nodiscard]] std::optional<CoreMask> cores_of_this_thread() noexcept;
/// Sets them for the calling thread, and threads it starts from now on. The kernel leaves out what
/// does not exist, is switched off, or is forbidden to the process (a cgroup's cpuset).
/// @return false if none is left; then nothing has changed.
[[nodiscard]] bool run_this_thread_on(const CoreMask& mask) noexcept;
/// Those to which the calling thread could be pinned. Widens its mask for a moment.
[[nodiscard]] std::vector<unsigned> usable_cores();

}  // namespace disruptor_mp::os
