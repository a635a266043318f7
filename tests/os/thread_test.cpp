// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/thread.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "disruptor_mp/os/memory_object.hpp"
#include "disruptor_mp/os/process.hpp"
#include "support/child.hpp"
#include "support/ring_names.hpp"

namespace disruptor_mp::test {
namespace {

using namespace std::chrono_literals;

TEST(Futex, Does_not_sleep_on_a_word_that_has_changed) {
  const std::atomic<std::uint32_t> word{1};
  os::futex_wait(word, 2, never);
}

TEST(Futex, Does_not_sleep_beyond_its_deadline) {
  const std::atomic<std::uint32_t> word{1};
  os::futex_wait(word, 1, os::now() - 1s);
  const TimePoint soon = os::now() + 2ms;
  while (os::now() < soon) os::futex_wait(word, 1, soon);
}

TEST(Futex, Wakes_a_sleeper_in_another_process_through_another_mapping) {
  const auto name = os::ObjectName::parse(unique_ring_name());
  auto object = os::MemoryObject::create_unnamed(name, 4096, {});
  ASSERT_TRUE(object.publish_name());
  const os::PageRange page{.offset = 0, .size = 4096};
  auto* words = reinterpret_cast<std::atomic<std::uint32_t>*>(object.map(4096, {&page, 1}));
  std::thread waker([&] {
    while (words[1].load() == 0) std::this_thread::yield();  // the child is about to sleep
    words[0].store(1);
    os::futex_wake_all(words[0]);
  });
  EXPECT_EQ(
      in_child([&] {
        auto own = os::MemoryObject::open(name, os::Access::read_write);
        auto* mine = reinterpret_cast<std::atomic<std::uint32_t>*>(own->map(4096, {&page, 1}));
        mine[1].store(1);
        while (mine[0].load() == 0) os::futex_wait(mine[0], 0, never);
        return std::string("woken");
      }),
      "woken");
  waker.join();
  EXPECT_TRUE(object.remove_name());
}

/// Whether a thread of this process is blocked in the kernel.
bool is_asleep(pid_t thread) {
  std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(stat), {}};
  const std::size_t end_of_name = text.rfind(") ");
  return end_of_name != std::string::npos && text.at(end_of_name + 2) == 'S';
}

TEST(Futex, Wakes_all_who_sleep_on_a_word) {
  const std::atomic<std::uint32_t> word{0};
  const TimePoint too_late = os::now() + 20s;
  std::array<std::atomic<pid_t>, 3> sleepers{};
  std::vector<std::thread> threads;
  for (auto& sleeper : sleepers) {
    threads.emplace_back([&] {
      sleeper = static_cast<pid_t>(syscall(SYS_gettid));
      os::futex_wait(word, 0, too_late);
    });
  }
  for (const auto& sleeper : sleepers) {
    while (sleeper == 0 || !is_asleep(sleeper)) std::this_thread::yield();
  }
  os::futex_wake_all(word);
  for (std::thread& thread : threads) thread.join();
  EXPECT_LT(os::now(), too_late);
}

TEST(Clock, Sleeps_until_its_time_and_not_shorter) {
  const TimePoint soon = os::now() + 2ms;
  os::sleep_until(soon);
  EXPECT_GE(os::now(), soon);
  os::sleep_until(os::now() - 1h);
}

TEST(Clock, Of_the_wall_counts_nanoseconds_since_1970) {
  EXPECT_GT(os::wall_clock_ns(), 1'600'000'000'000'000'000U);
  EXPECT_LT(os::wall_clock_ns(), 4'000'000'000'000'000'000U);
}

TEST(Process, Knows_itself) {
  const os::ProcessIdentity self = os::this_process();
  EXPECT_EQ(self.pid, static_cast<std::uint32_t>(getpid()));
  EXPECT_EQ(self.uid, getuid());
  EXPECT_NE(self.pid_namespace, 0U);
  EXPECT_NE(self.start_ticks, 0U);
  EXPECT_EQ(os::command_of(self), std::string(program_invocation_short_name).substr(0, 15));
  EXPECT_FALSE(os::is_stopped(self));
}

TEST(Process, Of_another_start_time_or_namespace_is_not_taken_for_this_one) {
  os::ProcessIdentity other = os::this_process();
  other.start_ticks += 1;
  EXPECT_EQ(os::command_of(other), "");
  other = os::this_process();
  other.pid_namespace += 1;
  EXPECT_EQ(os::command_of(other), "");
}

TEST(Process, That_is_stopped_is_seen_to_be) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    raise(SIGSTOP);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, WUNTRACED), child);
  ASSERT_TRUE(WIFSTOPPED(status));
  std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
  const std::string line{std::istreambuf_iterator<char>(stat), {}};
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  os::ProcessIdentity identity = os::this_process();
  identity.pid = static_cast<std::uint32_t>(child);
  identity.start_ticks = std::stoull(field);
  EXPECT_TRUE(os::is_stopped(identity));
  kill(child, SIGKILL);
  kill(child, SIGCONT);
  waitpid(child, &status, 0);
  EXPECT_FALSE(os::is_stopped(identity));
}

TEST(Process, Random_ids_differ_and_boot_ids_do_not) {
  EXPECT_NE(os::random_id(), os::random_id());
  EXPECT_EQ(os::boot_id(), os::boot_id());
  EXPECT_NE(os::boot_id(), (std::array<std::uint64_t, 2>{}));
}

}  // namespace
}  // namespace disruptor_mp::test
