// SPDX-License-Identifier: MIT OR Apache-2.0
//
// While nobody has to wait, publish and poll execute no locked instruction and no full fence: not
// for the event, and not for counters. Every instruction is looked at, one by one.
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "disruptor_mp/disruptor_mp.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "support/events.hpp"
#include "support/ring_names.hpp"
#include "support/sanitizers.hpp"

#if defined(__x86_64__)

namespace disruptor_mp::test {
namespace {

/// A `lock` prefix, an exchange with memory, or mfence.
bool is_locked(const std::array<unsigned char, 8>& code) {
  constexpr std::string_view prefixes = "\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3";
  std::size_t at = 0;
  bool has_lock = false;
  while (at < 4 && prefixes.find(static_cast<char>(code[at])) != std::string_view::npos)
    has_lock |= code[at++] == 0xf0;
  if ((code[at] & 0xf0U) == 0x40) ++at;  // REX
  const bool is_exchange = (code[at] & 0xfeU) == 0x86 && (code[at + 1] & 0xc0U) != 0xc0;
  const bool is_fence = code[at] == 0x0f && code[at + 1] == 0xae && code[at + 2] == 0xf0;
  return has_lock || is_exchange || is_fence;
}

struct Count {
  std::uint64_t all = 0;
  std::uint64_t locked = 0;
};

/// What `make` returns is called twice in a child: to warm up, and instruction by instruction.
/// Nothing where a process may not trace its child.
template <class Make>
std::optional<Count> count_instructions(Make&& make) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(77);
    {
      auto body = make();
      const pid_t self = getpid();
      const auto mark = [self] { syscall(SYS_tgkill, self, self, SIGUSR2); };
      body();
      mark();
      body();
      mark();
    }
    _exit(0);
  }
  Count count;
  int marks = 0;
  int status = 0;
  while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    const int signal = WSTOPSIG(status);
    if (signal == SIGUSR2) ++marks;
    if (signal == SIGTRAP) {
      user_regs_struct registers{};
      ptrace(PTRACE_GETREGS, child, nullptr, &registers);
      const long word = ptrace(PTRACE_PEEKTEXT, child, registers.rip, nullptr);
      std::array<unsigned char, 8> code{};
      std::memcpy(code.data(), &word, sizeof word);
      ++count.all;
      count.locked += is_locked(code) ? 1 : 0;
    }
    const bool is_ours = signal == SIGUSR2 || signal == SIGTRAP;
    ptrace(marks == 1 ? PTRACE_SINGLESTEP : PTRACE_CONT, child, nullptr, is_ours ? 0 : signal);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return std::nullopt;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0 && marks == 2) << status;
  return count;
}

constexpr std::uint64_t rounds = 12;

/// A producer and a consumer that has always room or an event; the window moves again and again.
template <class E>
struct Traffic {
  Producer<E> producer;
  Consumer<E> consumer;

  void operator()() {
    std::uint64_t seen = 0;
    const auto see = [&](const E& tick) { seen += tick.is_whole() ? 1 : 0; };
    for (std::uint64_t i = 0; i < rounds; ++i) {
      if (producer.publish(E::of(i)) != Publish::ok) _exit(2);
      consumer.poll(see);
      if (producer.try_publish(E::of(i)) != Publish::ok) _exit(2);
      if (const auto tick = consumer.try_next()) see(*tick);
      {
        auto claim = producer.claim(4);
        for (E& slot : claim) slot = E::of(i);
      }
      consumer.poll(see);
    }
    if (seen != rounds * 6) _exit(3);
  }
};

template <class E>
void expect_none_is_locked(const ProducerOptions& options) {
  if (under_asan || under_tsan) GTEST_SKIP() << "the sanitizer has locked instructions of its own";
  if (!os::register_for_asymmetric_fences()) GTEST_SKIP() << "this kernel has no membarrier";
  const std::string name = unique_ring_name();
  const auto count = count_instructions([&] {
    return Traffic<E>{Producer<E>::create(name, options), Consumer<E>::attach(name)};
  });
  if (!count) GTEST_SKIP() << "ptrace is not permitted here";
  EXPECT_GT(count->all, rounds * 6 * 10);
  EXPECT_EQ(count->locked, 0U) << "of " << count->all;
}

TEST(Locked_instructions, Are_not_in_publish_and_poll_of_packed_slots) {
  expect_none_is_locked<PackedTick>({.capacity = 16, .fences = FenceChoice::asymmetric});
}

TEST(Locked_instructions, Are_not_in_publish_and_poll_of_stamped_slots) {
  expect_none_is_locked<StampedTick>({.capacity = 16, .fences = FenceChoice::asymmetric});
}

TEST(Locked_instructions, Are_seen_where_there_are_some) {
  std::atomic<std::uint64_t> word = 0;
  struct Locking {
    std::atomic<std::uint64_t>* word;
    void operator()() const {
      word->fetch_add(1);
      word->exchange(2);
      word->store(3);
      std::atomic_thread_fence(std::memory_order_seq_cst);
    }
  };
  const auto count = count_instructions([&] { return Locking{&word}; });
  if (!count) GTEST_SKIP() << "ptrace is not permitted here";
  EXPECT_GE(count->locked, 4U);
}

}  // namespace
}  // namespace disruptor_mp::test

#endif
