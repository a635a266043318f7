// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/clock.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fstream>
#include <limits>
#include <string>

namespace disruptor_mp::bench {

CpuUse cpu_use() noexcept {
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {.ns = static_cast<std::uint64_t>(cpu.tv_sec) * 1'000'000'000U +
                static_cast<std::uint64_t>(cpu.tv_nsec),
          .preemptions = static_cast<std::uint64_t>(usage.ru_nivcsw)};
}

std::uint64_t queued_ns(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/schedstat");
  std::uint64_t on_core = 0;
  std::uint64_t queued = 0;
  return file >> on_core >> queued ? queued : 0;
}

Ticks::Ticks() {
  constexpr std::uint64_t period_ns = 20'000'000;
  const std::uint64_t start_ns = now_ns();
  const std::uint64_t start = now();
  while (now_ns() - start_ns < period_ns) {
  }
  const auto ns = static_cast<double>(now_ns() - start_ns);
  const auto ticks = static_cast<double>(now() - start);
  ns_per_1024_ticks_ = static_cast<std::uint64_t>(std::lround(ns / ticks * 1024));

  // The least of several attempts: whatever disturbs makes it longer.
  constexpr int reads = 1000;
  double least = std::numeric_limits<double>::max();
  for (int attempt = 0; attempt < 20; ++attempt) {
    const std::uint64_t first = now();
    std::uint64_t last = first;
    for (int i = 0; i < reads; ++i) last = now();
    least = std::min(least, static_cast<double>(last - first) / reads);
  }
  cost_ns_ = least * ns / ticks;
}

}  // namespace disruptor_mp::bench
