// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "disruptor_mp/disruptor_mp.hpp"

namespace disruptor_mp::tool {
namespace {

using Verdict = Check::Verdict;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr std::uint64_t tmpfs_magic = 0x01021994;  // statfs(2)

std::string trimmed(std::string text) {
  const auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
  text.erase(std::find_if_not(text.rbegin(), text.rend(), is_space).base(), text.end());
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_space));
  return text;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr const char* units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  auto value = static_cast<double>(bytes);
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit) value /= 1024;
  return fmt::format("{:.{}f} {}", value, unit == 0 || value >= 100 ? 0 : 1, units[unit]);
}

/// A number at the beginning of a text; nothing else is one.
bool read_number(const std::string& text, std::uint64_t& value) {
  std::istringstream stream(text);
  return !text.empty() && text.front() != '-' && static_cast<bool>(stream >> value);
}

}  // namespace

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "good";
    case Verdict::note:
      return "note";
    case Verdict::warning:
      return "warning";
    case Verdict::bad:
      return "bad";
  }
  return "unknown";
}

std::string HostFiles::text(const std::string& path) const {
  std::ifstream file(root + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string HostFiles::line(const std::string& path) const {
  const std::string all = text(path);
  return trimmed(all.substr(0, all.find('\n')));
}

bool HostFiles::exists(const std::string& path) const {
  std::error_code ignored;
  return std::filesystem::exists(root + path, ignored);
}

std::vector<std::string> HostFiles::list(const std::string& directory) const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root + directory, error))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

SharedMemory find_shared_memory() {
  SharedMemory memory;
  const std::filesystem::path a_ring = os::ObjectName::parse("shm:doctor").path();
  memory.path = a_ring.parent_path().string();
  struct statfs facts {};
  if (::statfs(memory.path.c_str(), &facts) != 0) return memory;
  memory.is_there = true;
  memory.is_writable = ::access(memory.path.c_str(), W_OK | X_OK) == 0;
  memory.is_tmpfs = static_cast<std::uint64_t>(facts.f_type) == tmpfs_magic;
  const auto block = static_cast<std::uint64_t>(facts.f_bsize);
  memory.size = facts.f_blocks * block;
  memory.available = facts.f_bavail * block;
  return memory;
}

Check check_shared_memory(const SharedMemory& memory) {
  Check check{.name = "shared memory", .found = memory.path};
  if (!memory.is_there) {
    check.verdict = Verdict::bad;
    check.found += ": there is no such directory";
    check.remedy = "Mount a tmpfs there, or keep rings in files (file:PATH).";
    return check;
  }
  check.found += fmt::format(": {} of {} available", bytes_text(memory.available),
                             memory.size == 0 ? "unlimited" : bytes_text(memory.size));
  if (!memory.is_writable) {
    check.verdict = Verdict::bad;
    check.found += ", not writable for this user";
    check.remedy = "Give this user write permission there, or keep rings in files (file:PATH).";
  } else if (!memory.is_tmpfs) {
    check.verdict = Verdict::warning;
    check.found += ", not a tmpfs";
    check.remedy = "Mount a tmpfs there: what lies on a disk is written back to it.";
  } else if (memory.size != 0 && memory.available < std::max(16 * mib, memory.size / 20)) {
    check.verdict = Verdict::warning;
    check.remedy =
        "Nearly full: see `dmp ls` and `dmp clean`, or enlarge it "
        "(mount -o remount,size=…; in a container --shm-size).";
  } else if (memory.size != 0 && memory.size <= 64 * mib) {
    check.verdict = Verdict::warning;
    check.remedy = "Small, as containers have it by default: enlarge it (--shm-size=1g).";
  }
  return check;
}

Check check_kernel(const std::string& release) {
  Check check{.name = "kernel", .found = release};
  unsigned major = 0;
  unsigned minor = 0;
  if (std::sscanf(release.c_str(), "%u.%u", &major, &minor) != 2) {
    check.verdict = Verdict::warning;
    check.remedy = "Its version could not be read; Linux 4.16 or newer is needed.";
  } else if (major < 4 || (major == 4 && minor < 16)) {
    check.verdict = Verdict::bad;
    check.remedy = "Linux 4.16 or newer is needed.";
  } else if (major < 5 || (major == 5 && minor < 16)) {
    check.verdict = Verdict::note;
    check.remedy = "From 5.16 on one thread can sleep on several rings.";
  }
  return check;
}

Check check_clock(const HostFiles& files) {
  const std::string source =
      files.line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  Check check{.name = "clock", .found = source.empty() ? "not visible here" : source};
  if (source == "hpet" || source == "acpi_pm" || source == "jiffies") {
    check.verdict = Verdict::warning;
    check.remedy = "Reading it is slow; boot with tsc=reliable if the processor's counter is.";
  }
  return check;
}

Check check_governor(const HostFiles& files) {
  Check check{.name = "frequency governor", .found = {}};
  std::vector<std::string> found;
  for (const std::string& cpu : files.list("/sys/devices/system/cpu")) {
    if (!cpu.starts_with("cpu")) continue;
    const std::string governor =
        files.line("/sys/devices/system/cpu/" + cpu + "/cpufreq/scaling_governor");
    if (!governor.empty() && std::find(found.begin(), found.end(), governor) == found.end())
      found.push_back(governor);
  }
  check.found = found.empty() ? "not visible here" : fmt::format("{}", fmt::join(found, ", "));
  const bool is_fast = std::all_of(found.begin(), found.end(),
                                   [](const std::string& name) { return name == "performance"; });
  if (!is_fast) {
    check.verdict = Verdict::note;
    check.remedy = "For even latencies: cpupower frequency-set -g performance.";
  }
  return check;
}

Check check_isolated_cores(const HostFiles& files) {
  const std::string isolated = files.line("/sys/devices/system/cpu/isolated");
  const std::string tickless = files.line("/sys/devices/system/cpu/nohz_full");
  Check check{.name = "isolated cores", .found = isolated.empty() ? "none" : isolated};
  if (!tickless.empty() && tickless != "(null)") check.found += "; without ticks: " + tickless;
  if (isolated.empty()) {
    check.verdict = Verdict::note;
    check.remedy =
        "Whoever spins for nanoseconds wants a core of its own: isolcpus=, nohz_full= "
        "at boot, and pinning.";
  }
  return check;
}

Check check_cpu_quota(const HostFiles& files) {
  Check check{.name = "CPU quota", .found = "none"};
  // cgroup v2: "max 100000" or "50000 100000"; v1: two files, -1 for none.
  std::string quota = files.line("/sys/fs/cgroup/cpu.max");
  if (quota.empty()) {
    quota = files.line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") + " " +
            files.line("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  }
  std::uint64_t allowed = 0;
  if (!read_number(quota, allowed)) return check;
  std::uint64_t period = 0;
  read_number(quota.substr(std::min(quota.find(' '), quota.size() - 1) + 1), period);
  if (period == 0) return check;
  check.verdict = Verdict::warning;
  check.found =
      fmt::format("{:.2f} cores", static_cast<double>(allowed) / static_cast<double>(period));
  check.remedy =
      "A process that has used its share stands still until the period is over: let "
      "consumers block instead of spin, or lift the quota.";
  return check;
}

Check check_memory_limit(const HostFiles& files) {
  Check check{.name = "memory limit", .found = "none"};
  std::string limit = files.line("/sys/fs/cgroup/memory.max");
  if (limit.empty()) limit = files.line("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  std::uint64_t bytes = 0;
  constexpr std::uint64_t as_good_as_none = std::uint64_t{1}
                                            << 60U;  // cgroup v1 has no word for it
  if (!read_number(limit, bytes) || bytes >= as_good_as_none) return check;
  check.verdict = Verdict::note;
  check.found = bytes_text(bytes);
  check.remedy = "Rings in shared memory count into it, for who touched their pages first.";
  return check;
}

Check check_huge_pages(const HostFiles& files) {
  const std::string tmpfs = files.line("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
  // "always within_size advise [never] deny force"
  const auto open = tmpfs.find('[');
  const auto close = tmpfs.find(']');
  const std::string chosen = open < close && close != std::string::npos
                                 ? tmpfs.substr(open + 1, close - open - 1)
                                 : "not visible here";
  std::uint64_t total = 0;
  const std::string memory = files.text("/proc/meminfo");
  if (const auto at = memory.find("HugePages_Total:"); at != std::string::npos)
    read_number(memory.substr(at + 16), total);
  Check check{.name = "huge pages", .found = fmt::format("tmpfs: {}; reserved: {}", chosen, total)};
  if ((chosen == "never" || chosen == "deny") && total == 0) {
    check.verdict = Verdict::note;
    check.remedy =
        "Only rings of many MiB gain by them: echo advise > "
        "/sys/kernel/mm/transparent_hugepage/shmem_enabled.";
  }
  return check;
}

Check check_swap(const HostFiles& files) {
  const std::string swaps = files.text("/proc/swaps");
  const auto lines = std::count(swaps.begin(), swaps.end(), '\n');
  Check check{.name = "swap", .found = lines > 1 ? fmt::format("{} in use", lines - 1) : "none"};
  if (lines > 1) {
    check.verdict = Verdict::note;
    check.remedy = "Pages of a ring that rests may be swapped out; locking them prevents it.";
  }
  return check;
}

Check check_remove_ipc(const HostFiles& files, std::uint32_t uid) {
  Check check{.name = "RemoveIPC", .found = {}};
  if (!files.exists("/run/systemd/system")) {
    check.found = "no systemd here";
    return check;
  }
  std::string value;
  const auto look_into = [&](const std::string& path) {
    std::istringstream lines(files.text(path));
    for (std::string line; std::getline(lines, line);) {
      if (line = trimmed(line); line.starts_with("RemoveIPC=")) value = trimmed(line.substr(10));
    }
  };
  look_into("/etc/systemd/logind.conf");
  for (const std::string& name : files.list("/etc/systemd/logind.conf.d")) {
    if (name.ends_with(".conf")) look_into("/etc/systemd/logind.conf.d/" + name);
  }
  std::string lower = value;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool removes = !(lower == "no" || lower == "false" || lower == "off" || lower == "0");
  check.found = value.empty() ? "not set, which means yes" : value;
  constexpr std::uint32_t first_of_people = 1000;
  if (!removes) return check;
  if (uid < first_of_people) {
    check.found += "; system users are spared";
    return check;
  }
  check.verdict = Verdict::warning;
  check.remedy =
      "When this user's last session ends, their rings in shared memory are removed: set "
      "RemoveIPC=no in logind.conf, run as a system user, or `loginctl enable-linger`.";
  return check;
}

Check check_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const bool is_known = sched_getaffinity(0, sizeof set, &set) == 0;
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  const int usable = is_known ? CPU_COUNT(&set) : static_cast<int>(online);
  Check check{.name = "cores", .found = fmt::format("{} of {} usable", usable, online)};
  if (usable < 2) {
    check.verdict = Verdict::warning;
    check.remedy = "With one core producers and consumers take turns: let them block, not spin.";
  }
  return check;
}

Check check_locked_memory() {
  Check check{.name = "locked memory", .found = "unlimited"};
  rlimit limit{};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return check;
  check.found = "at most " + bytes_text(limit.rlim_cur);
  if (limit.rlim_cur < 64 * mib) {
    check.verdict = Verdict::note;
    check.remedy = "A ring whose memory is to be locked must fit: ulimit -l, LimitMEMLOCK=.";
  }
  return check;
}

std::vector<Check> check_a_ring() {
  Check ring{.name = "a ring", .found = "made, used, removed"};
  Check fences{.name = "membarrier", .found = "may be called"};
  try {
    auto producer = Producer<std::uint64_t>::create("shm:" + os::portable_name("dr"),
                                                    {.capacity = 16, .max_participants = 2});
    if (producer.segment().shape().fence_mode != format::FenceMode::asymmetric) {
      fences.verdict = Verdict::warning;
      fences.found = "refused";
      fences.remedy =
          "Every publish pays a full fence (about 10 ns): allow membarrier(2) in the "
          "seccomp filter.";
    }
    auto consumer = Consumer<std::uint64_t>::attach(producer.segment().name(), {.id = "doctor"});
    constexpr std::uint64_t number = 42;
    std::uint64_t seen = 0;
    static_cast<void>(producer.publish(number));
    consumer.poll([&seen](std::uint64_t event) { seen = event; });
    if (seen != number) {
      ring.verdict = Verdict::bad;
      ring.found = fmt::format("{} came out where {} went in", seen, number);
      ring.remedy = "Please report this.";
    }
  } catch (const Error& error) {
    ring.verdict = Verdict::bad;
    ring.found = error.problem() + ": " + error.found();
    ring.remedy = error.remedy();
    return {ring};
  }
  return {ring, fences};
}

}  // namespace disruptor_mp::tool
