// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What the library asks the kernel for when it waits for several things, and where threads run.
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "disruptor_mp/os/affinity.hpp"
#include "disruptor_mp/os/environment.hpp"
#include "disruptor_mp/os/helper_thread.hpp"
#include "disruptor_mp/os/readable_event.hpp"
#include "disruptor_mp/os/several_futexes.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "support/child.hpp"
#include "support/errors.hpp"

namespace disruptor_mp::test {
namespace {

using namespace std::chrono_literals;

class Several_futexes : public testing::TestWithParam<bool> {
 protected:
  Several_futexes() { os::pretend_to_be_before_futex_waitv(GetParam()); }
  ~Several_futexes() override { os::pretend_to_be_before_futex_waitv(false); }

  void wait(TimePoint deadline) {
    const std::array<os::FutexWord, 3> all{{{.word = &words[0], .expected = 0},
                                            {.word = &words[1], .expected = 1},
                                            {.word = &words[2], .expected = 2}}};
    os::futex_wait_any(all, deadline);
  }

  std::array<std::atomic<std::uint32_t>, 3> words{0, 1, 2};
};
INSTANTIATE_TEST_SUITE_P(, Several_futexes, testing::Values(false, true), [](const auto& is_old) {
  return is_old.param ? "Old_kernel" : "This_kernel";
});

TEST_P(Several_futexes, Do_not_let_one_sleep_beyond_its_deadline) {
  wait(os::now() - 1s);
  const TimePoint soon = os::now() + 2ms;
  while (os::now() < soon) wait(soon);
}

TEST_P(Several_futexes, Do_not_let_one_sleep_if_one_has_changed) {
  for (std::size_t i = 0; i < (os::can_sleep_on_several() ? 3U : 1U); ++i) {
    words[i] += 7;
    wait(never);
    words[i] -= 7;
  }
}

TEST_P(Several_futexes, Wake_one_who_sleeps_on_any_of_them) {
  if (!GetParam() && !os::can_sleep_on_several()) GTEST_SKIP() << "needs Linux 5.16";
  for (std::size_t i = 0; i < (GetParam() ? 1U : 3U); ++i) {
    std::thread waker([&] {
      words[i] += 7;
      os::futex_wake_all(words[i]);
    });
    while (words[i] == i) wait(never);
    waker.join();
    words[i] -= 7;
  }
}

TEST_P(Several_futexes, Of_none_are_not_slept_on) { os::futex_wait_any({}, never); }

TEST_P(Several_futexes, Are_as_many_as_are_said_to_be_possible) {
  std::vector<std::atomic<std::uint32_t>> many(os::most_futexes);
  std::vector<os::FutexWord> all;
  for (auto& word : many) all.push_back({.word = &word, .expected = 0});
  const TimePoint soon = os::now() + 2ms;
  while (os::now() < soon) os::futex_wait_any(all, soon);
  (os::can_sleep_on_several() ? many.back() : many.front()) = 1;
  os::futex_wait_any(all, never);
}

TEST(Readable_event, Is_readable_when_it_was_set_until_it_is_taken) {
  os::ReadableEvent event("a test");
  const int descriptor = event.descriptor();
  EXPECT_FALSE(event.take());
  event.set();
  event.set();
  os::wait_until_readable({&descriptor, 1}, never);
  EXPECT_TRUE(event.take());
  EXPECT_FALSE(event.take());
  event.set();
  event.clear();
  EXPECT_FALSE(event.take());
}

TEST(Readable_event, Is_waited_for_until_the_deadline_among_others) {
  os::ReadableEvent one("a test");
  os::ReadableEvent other("a test");
  const std::array<int, 3> both{one.descriptor(), -1, other.descriptor()};
  const TimePoint soon = os::now() + 2ms;
  while (os::now() < soon) os::wait_until_readable(both, soon);
  os::wait_until_readable(both, TimePoint::min());
  std::thread setter([&] { other.set(); });
  os::wait_until_readable(both, never);
  EXPECT_FALSE(one.take());
  EXPECT_TRUE(other.take());
  setter.join();
}

TEST(Helper_thread, Gets_no_signal_and_has_a_name) {
  struct Seen {
    sigset_t blocked{};
    std::array<char, 16> name{};
  } seen;
  {
    const os::HelperThread helper(
        "a test",
        [](void* context) noexcept {
          auto* self = static_cast<Seen*>(context);
          pthread_sigmask(SIG_BLOCK, nullptr, &self->blocked);
          // Its maker gives the name meanwhile.
          for (int i = 0; i < 5000 && std::string(self->name.data()) != "dmp-lookout"; ++i) {
            std::this_thread::sleep_for(1ms);
            pthread_getname_np(pthread_self(), self->name.data(), self->name.size());
          }
        },
        &seen);
  }
  EXPECT_EQ(sigismember(&seen.blocked, SIGTERM), 1);
  EXPECT_EQ(sigismember(&seen.blocked, SIGCHLD), 1);
  EXPECT_STREQ(seen.name.data(), "dmp-lookout");
  sigset_t mine{};
  pthread_sigmask(SIG_BLOCK, nullptr, &mine);
  EXPECT_EQ(sigismember(&mine, SIGTERM), 0);  // its maker is as before
}

TEST(Helper_thread, That_cannot_be_had_is_an_error) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can act as somebody else";
  EXPECT_EQ(in_child([]() -> std::string {
              constexpr uid_t nobody = 65534;
              const rlimit none{.rlim_cur = 0, .rlim_max = 0};
              if (setrlimit(RLIMIT_NPROC, &none) != 0 || setresuid(nobody, nobody, nobody) != 0)
                return "no limit";
              expect_error(Errc::system_error,
                           {.object = "a test",
                            .problem = "no thread",
                            .found = "Resource temporarily unavailable",
                            .expected = "one more thread",
                            .remedy = "ulimit -u"},
                           [] {
                             const os::HelperThread helper(
                                 "a test", [](void*) noexcept {}, nullptr);
                           });
              return testing::Test::HasFailure() ? "failed" : "refused";
            }),
            "refused");
}

TEST(Environment, Says_nothing_of_what_is_not_set_or_empty) {
  EXPECT_EQ(in_child([]() -> std::string {
              unsetenv("DISRUPTOR_MP_TEST");
              if (os::environment("DISRUPTOR_MP_TEST")) return "unset";
              setenv("DISRUPTOR_MP_TEST", "", 1);
              if (os::environment("DISRUPTOR_MP_TEST")) return "empty";
              setenv("DISRUPTOR_MP_TEST", " a ", 1);
              return os::environment("DISRUPTOR_MP_TEST").value_or("none");
            }),
            " a ");
}

TEST(Core_mask, Names_its_cores) {
  EXPECT_TRUE(os::CoreMask{}.cores().empty());
  for (const unsigned core : {0U, 1U, 63U, 64U, 8191U})
    EXPECT_EQ(os::CoreMask::only(core)->cores(), std::vector{core});
  EXPECT_FALSE(os::CoreMask::only(8192));
  EXPECT_EQ(os::CoreMask::all().cores().size(), 8192U);
}

TEST(Core_mask, Is_the_threads_and_is_left_alone_where_it_cannot_be) {
  std::thread([] {
    const auto before = os::cores_of_this_thread();
    ASSERT_TRUE(before);
    const auto usable = os::usable_cores();
    EXPECT_EQ(os::cores_of_this_thread()->cores(), before->cores());
    EXPECT_FALSE(os::run_this_thread_on(*os::CoreMask::only(8191)));
    EXPECT_FALSE(os::run_this_thread_on(os::CoreMask{}));
    EXPECT_EQ(os::cores_of_this_thread()->cores(), before->cores());
    // Who is pinned already can be pinned elsewhere.
    ASSERT_TRUE(os::run_this_thread_on(*os::CoreMask::only(usable.front())));
    EXPECT_EQ(os::usable_cores(), usable);
    ASSERT_TRUE(os::run_this_thread_on(*os::CoreMask::only(usable.back())));
    EXPECT_EQ(os::cores_of_this_thread()->cores(), std::vector{usable.back()});
  }).join();
}

}  // namespace
}  // namespace disruptor_mp::test
