// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/environment.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "dmp_bench/processes.hpp"

namespace disruptor_mp::bench {
namespace {

std::string first_line(const std::string& path, std::string otherwise) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) ? line : std::move(otherwise);
}

std::string cpu_field(const std::string& name, std::string otherwise) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name, 0) != 0) continue;
    if (const auto colon = line.find(": "); colon != std::string::npos)
      return line.substr(colon + 2);
  }
  return otherwise;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &utc);
  return text;
}

}  // namespace

Environment read_environment() {
  utsname kernel{};
  uname(&kernel);
  Environment environment{
      .date = utc_now(),
      .cpu = cpu_field("model name", cpu_field("CPU part", "unknown")),
      .cores = usable_cores(),
      .hypervisor = first_line("/sys/hypervisor/type",
                               first_line("/sys/class/dmi/id/sys_vendor", "none found")),
      .kernel = std::string(kernel.sysname) + " " + kernel.release + " " + kernel.machine,
      .governor =
          first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "not visible here"),
      .page_size = std::to_string(sysconf(_SC_PAGESIZE)) + ", huge pages of tmpfs: " +
                   first_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "unknown"),
      .compiler = DMP_COMPILER,
      .build_type = DMP_BUILD_TYPE,
      .flags = DMP_FLAGS};
  if (cpu_field("flags", "").find(" hypervisor") != std::string::npos &&
      environment.hypervisor == "none found")
    environment.hypervisor = "a virtual machine";
  return environment;
}

Load read_load() {
  Load load;
  if (getloadavg(load.averages.data(), 3) != 3) load.averages.fill(-1);
  // cpu  user nice system idle iowait irq softirq steal …
  std::istringstream line(first_line("/proc/stat", ""));
  std::string word;
  for (int i = 0; i < 9 && line >> word; ++i) {
    if (i == 8)
      load.steal_seconds =
          std::strtod(word.c_str(), nullptr) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return load;
}

}  // namespace disruptor_mp::bench
