// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

namespace disruptor_mp::bench {

/// What the figures depend on besides the code.
struct Environment {
  std::string date;  ///< UTC
  std::string cpu;
  std::vector<int> cores;
  std::string hypervisor;  ///< "none found" on bare metal
  std::string kernel;
  std::string governor;
  std::string page_size;  ///< with the huge page setting of tmpfs
  std::string compiler;
  std::string build_type;
  std::string flags;
};

[[nodiscard]] Environment read_environment();

/// How busy the machine is with other things. Nothing is refused for it, but it is written down.
struct Load {
  std::array<double, 3> averages{};  ///< runnable processes over 1, 5 and 15 minutes
  double steal_seconds = 0;          ///< CPU time since boot that the hypervisor gave to others
};
[[nodiscard]] Load read_load();

}  // namespace disruptor_mp::bench
