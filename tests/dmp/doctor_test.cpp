// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What is made of the files of a kernel, of machines made up here; and what is said of this one.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "dmp/support/command.hpp"
#include "dmp/support/json.hpp"
#include "host.hpp"
#include "support/ring_names.hpp"
#include "support/sanitizers.hpp"

namespace disruptor_mp::test {
namespace {

using tool::Check;
using Verdict = tool::Check::Verdict;

/// A machine that consists of a few files.
class Host : public testing::Test {
 protected:
  void put(const std::string& path, const std::string& text) {
    const std::filesystem::path file = folder.path().string() + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << '\n';
  }
  void remove(const std::string& path) {
    std::filesystem::remove_all(folder.path().string() + path);
  }

  TempFolder folder;
  tool::HostFiles files{.root = folder.path().string()};
};

void expect(const Check& check, Verdict verdict, const std::string& found) {
  EXPECT_EQ(check.verdict, verdict) << check.name << ": " << check.found;
  EXPECT_NE(check.found.find(found), std::string::npos) << check.found;
  // Whoever is told that something is wrong is told what to do.
  EXPECT_EQ(check.remedy.empty(), verdict == Verdict::good) << check.remedy;
}

TEST_F(Host, Shared_memory_that_is_missing_closed_full_small_or_on_a_disk) {
  constexpr std::uint64_t mib = 1024 * 1024;
  const tool::SharedMemory good{.path = "/shm",
                                .is_there = true,
                                .is_writable = true,
                                .is_tmpfs = true,
                                .size = 8192 * mib,
                                .available = 4096 * mib};
  expect(check_shared_memory(good), Verdict::good, "/shm: 4.0 GiB of 8.0 GiB");
  auto other = good;
  other.is_there = false;
  expect(check_shared_memory(other), Verdict::bad, "no such directory");
  other = good;
  other.is_writable = false;
  expect(check_shared_memory(other), Verdict::bad, "not writable");
  other = good;
  other.is_tmpfs = false;
  expect(check_shared_memory(other), Verdict::warning, "not a tmpfs");
  other = good;
  other.available = 300 * mib;
  expect(check_shared_memory(other), Verdict::warning, "300 MiB of 8.0 GiB");
  other = good;
  other.size = 64 * mib;
  other.available = 60 * mib;
  expect(check_shared_memory(other), Verdict::warning, "60.0 MiB of 64.0 MiB");
}

TEST_F(Host, Kernels_that_are_too_old) {
  expect(tool::check_kernel("6.1.0-13-amd64"), Verdict::good, "6.1.0");
  expect(tool::check_kernel("5.10.0"), Verdict::note, "5.10");
  expect(tool::check_kernel("4.15.0"), Verdict::bad, "4.15");
  expect(tool::check_kernel("3.19.0"), Verdict::bad, "3.19");
  expect(tool::check_kernel("unknown"), Verdict::warning, "unknown");
}

TEST_F(Host, Clocks_that_are_slow) {
  const std::string path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  expect(check_clock(files), Verdict::good, "not visible");
  put(path, "tsc");
  expect(check_clock(files), Verdict::good, "tsc");
  put(path, "hpet");
  expect(check_clock(files), Verdict::warning, "hpet");
}

TEST_F(Host, Governors_of_all_cores) {
  expect(check_governor(files), Verdict::good, "not visible");
  put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance");
  expect(check_governor(files), Verdict::good, "performance");
  put("/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave");
  expect(check_governor(files), Verdict::note, "performance, powersave");
}

TEST_F(Host, Isolated_cores) {
  expect(check_isolated_cores(files), Verdict::note, "none");
  put("/sys/devices/system/cpu/isolated", "2-3");
  put("/sys/devices/system/cpu/nohz_full", "(null)");
  expect(check_isolated_cores(files), Verdict::good, "2-3");
  put("/sys/devices/system/cpu/nohz_full", "2-3");
  expect(check_isolated_cores(files), Verdict::good, "without ticks: 2-3");
}

TEST_F(Host, Quotas_of_both_kinds_of_control_groups) {
  expect(check_cpu_quota(files), Verdict::good, "none");
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1");
  put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
  expect(check_cpu_quota(files), Verdict::good, "none");
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000");
  expect(check_cpu_quota(files), Verdict::warning, "1.50 cores");
  put("/sys/fs/cgroup/cpu.max", "50000 100000");
  expect(check_cpu_quota(files), Verdict::warning, "0.50 cores");
  put("/sys/fs/cgroup/cpu.max", "max 100000");
  expect(check_cpu_quota(files), Verdict::good, "none");
  for (const char* nonsense : {"50000", "50000 0", "x", ""}) {
    put("/sys/fs/cgroup/cpu.max", nonsense);
    remove("/sys/fs/cgroup/cpu");
    expect(check_cpu_quota(files), Verdict::good, "none");
  }
}

TEST_F(Host, Memory_limits_of_both_kinds_of_control_groups) {
  expect(check_memory_limit(files), Verdict::good, "none");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
  expect(check_memory_limit(files), Verdict::good, "none");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824");
  expect(check_memory_limit(files), Verdict::note, "1.0 GiB");
  put("/sys/fs/cgroup/memory.max", "max");
  expect(check_memory_limit(files), Verdict::good, "none");
}

TEST_F(Host, Huge_pages_and_swap) {
  expect(check_huge_pages(files), Verdict::good, "not visible here; reserved: 0");
  put("/sys/kernel/mm/transparent_hugepage/shmem_enabled",
      "always within_size advise [never] deny force");
  expect(check_huge_pages(files), Verdict::note, "tmpfs: never; reserved: 0");
  put("/proc/meminfo", "MemTotal: 1 kB\nHugePages_Total:      12\nHugePages_Free: 3");
  expect(check_huge_pages(files), Verdict::good, "reserved: 12");
  expect(check_swap(files), Verdict::good, "none");
  put("/proc/swaps", "Filename Type Size Used Priority");
  expect(check_swap(files), Verdict::good, "none");
  put("/proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2");
  expect(check_swap(files), Verdict::note, "1 in use");
}

TEST_F(Host, RemoveIPC_takes_rings_of_people_away) {
  expect(check_remove_ipc(files, 1000), Verdict::good, "no systemd");
  put("/run/systemd/system/here", "");
  expect(check_remove_ipc(files, 1000), Verdict::warning, "not set, which means yes");
  expect(check_remove_ipc(files, 33), Verdict::good, "system users are spared");
  put("/etc/systemd/logind.conf", "[Login]\n#RemoveIPC=no");
  expect(check_remove_ipc(files, 1000), Verdict::warning, "not set");
  put("/etc/systemd/logind.conf", "[Login]\n  RemoveIPC=No ");
  expect(check_remove_ipc(files, 1000), Verdict::good, "No");
  put("/etc/systemd/logind.conf.d/10-site.conf", "[Login]\nRemoveIPC=yes");
  expect(check_remove_ipc(files, 1000), Verdict::warning, "yes");
  put("/etc/systemd/logind.conf.d/20-ours.conf", "[Login]\nRemoveIPC=0");
  expect(check_remove_ipc(files, 1000), Verdict::good, "0");
}

TEST(Doctor, Rings_work_on_this_machine_and_nothing_is_left) {
  const Outcome outcome = run_dmp({"doctor"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  for (const std::string& line : lines_of(outcome.out)) EXPECT_LE(line.size(), 80U) << line;
  EXPECT_NE(outcome.out.find("made, used, removed"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\nrings work"), std::string::npos) << outcome.out;
}

TEST(Doctor, Json_has_the_documented_fields) {
  const Outcome outcome = run_dmp({"doctor", "--json"});
  EXPECT_EQ(outcome.exit_code, 0);
  const Json all = json_of_stdout(outcome);
  expect_fields(all, {{"checks", "array"}, {"bad", "number"}, {"warnings", "number"}});
  EXPECT_GE(all["checks"].size(), 14U);
  for (const Json& check : all["checks"]) {
    expect_fields(
        check, {{"name", "string"}, {"verdict", "string"}, {"found", "string"}, {"remedy", "any"}});
  }
}

TEST(Doctor, Where_no_ring_can_be_made_it_says_why_and_fails) {
  if (under_asan) GTEST_SKIP() << "the sanitizer needs descriptors of its own";
  // It may have four files open, and whoever started the test leaves it some: a ring takes more.
  Command starved = Command::shell(
      "for fd in 3 4 5 6 7 8 9; do eval \"exec $fd>&-\"; done; ulimit -n 4; dmp doctor");
  const Outcome outcome = starved.finish();
  EXPECT_EQ(outcome.exit_code, 1) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find("bad"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("rings do not work here: 1 to mend"), std::string::npos)
      << outcome.out;
}

}  // namespace
}  // namespace disruptor_mp::test
