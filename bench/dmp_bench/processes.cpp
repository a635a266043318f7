// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/processes.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <stdexcept>

#include "dmp_bench/child.hpp"

namespace disruptor_mp::bench {

std::vector<int> usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (CPU_ISSET(static_cast<std::size_t>(core), &set)) cores.push_back(core);
    }
  }
  if (cores.empty()) throw std::runtime_error("cannot find out which cores may be used");
  return cores;
}

void run_processes(unsigned count, std::chrono::milliseconds timeout,
                   const std::function<void(unsigned)>& part) {
  const std::vector<int> cores = usable_cores();
  const HeldSignals signals;
  std::vector<Child> children;
  for (unsigned i = 0; i < count; ++i) {
    children.emplace_back(signals, cores[i % cores.size()], fmt::format("process {}", i),
                          [&part, i] { part(i); });
  }
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    std::erase_if(children, [](Child& child) { return child.has_ended(); });
    if (children.empty()) return;
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left.count() <= 0) throw std::runtime_error("the processes did not finish in time");
    signals.wait(left);
  }
}

}  // namespace disruptor_mp::bench
