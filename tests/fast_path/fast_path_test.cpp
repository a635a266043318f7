// SPDX-License-Identifier: MIT OR Apache-2.0
//
// While nobody has to wait, publish and poll make no system call, allocate nothing and read no
// clock. Counted, not believed.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>

#include "disruptor_mp/disruptor_mp.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "support/child.hpp"
#include "support/events.hpp"
#include "support/ring_names.hpp"
#include "support/sanitizers.hpp"

namespace {
std::atomic<std::uint64_t> allocations{0};
std::atomic<std::uint64_t> clock_readings{0};

void* allocate(std::size_t size, std::size_t align) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory =
      std::aligned_alloc(align, (size + align - 1) / align * align + (size == 0) * align);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t size) { return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t align) {
  return allocate(size, static_cast<std::size_t>(align));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t /*align*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*align*/) noexcept {
  std::free(memory);
}

// The linker sends every call of os::now() here (--wrap).
#ifdef __clang__
#pragma clang diagnostic ignored "-Wreturn-type-c-linkage"
#endif
extern "C" disruptor_mp::TimePoint __real__ZN12disruptor_mp2os3nowEv() noexcept;
extern "C" disruptor_mp::TimePoint __wrap__ZN12disruptor_mp2os3nowEv() noexcept {
  clock_readings.fetch_add(1, std::memory_order_relaxed);
  return __real__ZN12disruptor_mp2os3nowEv();
}

namespace disruptor_mp::test {
namespace {

constexpr std::uint64_t events = 100'000;

/// From here on this process dies of any system call but those that end it.
void forbid_system_calls() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = sizeof program / sizeof *program, .filter = program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    _exit(99);
  }
}

/// A ring with a consumer of each kind, and the ways to use it without waiting. Every way must
/// return whether it did what it should.
template <class E>
struct Ring {
  explicit Ring(FenceChoice fences, std::uint64_t capacity)
      : producer(Producer<E>::create(name, {.capacity = capacity, .fences = fences})),
        gating(Consumer<E>::attach(name)),
        required(Consumer<E>::attach(name, {.id = "required", .kind = ConsumerKind::required})),
        observer(Consumer<E>::attach(name, {.kind = ConsumerKind::observer})) {}
  ~Ring() { required.resign(); }

  bool one_by_one() {
    std::uint64_t seen = 0;
    for (std::uint64_t i = 0; i < events; ++i) {
      if (producer.publish(E::of(i)) != Publish::ok) return false;
      for (auto* reader : {&gating, &required, &observer})
        reader->poll([&](const E& tick) { seen += tick.number == i ? 1 : 0; });
    }
    return seen == 3 * events;
  }

  bool trying() {
    for (std::uint64_t i = 0; i < events; ++i) {
      if (producer.try_publish([i](E& slot) { slot = E::of(i); }) != Publish::ok) return false;
      for (auto* reader : {&gating, &required, &observer}) {
        const auto tick = reader->try_next();
        if (!tick || tick->number != i) return false;
      }
    }
    return true;
  }

  bool with_deadlines_far_away() {
    for (std::uint64_t i = 0; i < events; ++i) {
      if (producer.publish_until(never, E::of(i)) != Publish::ok) return false;
      for (auto* reader : {&gating, &required, &observer}) {
        if (reader->poll_until(never, [](const E&) {}).count != 1) return false;
      }
    }
    return true;
  }

  bool in_batches() {
    const std::uint64_t batch = producer.capacity() / 2;
    for (std::uint64_t i = 0; i < events; i += batch) {
      {
        auto claim = producer.claim(batch);
        if (!claim) return false;
        for (E& slot : claim) slot = E::of(i);
      }
      for (auto* reader : {&gating, &required, &observer}) {
        for (std::uint64_t seen = 0; seen < batch;) {
          const PollResult result = reader->poll([](const E&) {});
          if (result.count == 0) return false;
          seen += result.count;
        }
      }
    }
    return true;
  }

  bool by_iteration() {
    // Each loop ends with the ring empty behind it, so it is broken off before it would wait; the
    // event is committed when the next loop begins.
    for (std::uint64_t i = 0; i < events; ++i) {
      if (producer.publish(E::of(i)) != Publish::ok) return false;
      for (auto* reader : {&gating, &required, &observer}) {
        for (const E& tick : *reader) {
          if (tick.number != i) return false;
          break;
        }
      }
    }
    return true;
  }

  std::string name = unique_ring_name();
  Producer<E> producer;
  Consumer<E> gating;
  Consumer<E> required;
  Consumer<E> observer;
};

struct Way {
  const char* name;
  FenceChoice fences;
  std::uint64_t capacity;  ///< small: the window moves all the time; large: it hardly does
};
void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class Fast_path : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (GetParam().fences == FenceChoice::asymmetric && !os::register_for_asymmetric_fences())
      GTEST_SKIP() << "this kernel has no membarrier";
  }

  template <class E>
  void expect_nothing_counted() {
    Ring<E> ring(GetParam().fences, GetParam().capacity);
    const auto expect = [&](const char* way, bool (Ring<E>::*use)()) {
      const std::uint64_t allocations_before = allocations;
      const std::uint64_t clock_before = clock_readings;
      EXPECT_TRUE((ring.*use)()) << way;
      EXPECT_EQ(allocations - allocations_before, 0U) << way;
      EXPECT_EQ(clock_readings - clock_before, 0U) << way;
    };
    expect("one by one", &Ring<E>::one_by_one);
    expect("trying", &Ring<E>::trying);
    expect("with deadlines", &Ring<E>::with_deadlines_far_away);
    expect("in batches", &Ring<E>::in_batches);
    expect("by iteration", &Ring<E>::by_iteration);
  }

  /// Runs every way in a child that may make no system call.
  template <class E>
  std::string without_system_calls() {
    return in_child([&]() -> void {
      Ring<E> ring(GetParam().fences, GetParam().capacity);
      forbid_system_calls();
      const bool done = ring.one_by_one() && ring.trying() && ring.with_deadlines_far_away() &&
                        ring.in_batches() && ring.by_iteration();
      _exit(done ? 0 : 1);
    });
  }

  /// What the child could not remove.
  void TearDown() override {
    for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
      if (entry.path().filename().string().starts_with(ring_prefix()))
        std::filesystem::remove(entry.path());
    }
  }
};
INSTANTIATE_TEST_SUITE_P(, Fast_path,
                         testing::Values(Way{"Asymmetric_small", FenceChoice::asymmetric, 8},
                                         Way{"Asymmetric_large", FenceChoice::asymmetric, 4096},
                                         Way{"Portable_small", FenceChoice::portable, 8},
                                         Way{"Portable_large", FenceChoice::portable, 4096}),
                         [](const auto& way) { return way.param.name; });

TEST_P(Fast_path, Allocates_nothing_and_reads_no_clock_in_packed_slots) {
  expect_nothing_counted<PackedTick>();
}

TEST_P(Fast_path, Allocates_nothing_and_reads_no_clock_in_stamped_slots) {
  expect_nothing_counted<StampedTick>();
}

constexpr bool sanitizer_makes_system_calls = under_asan || under_tsan;

TEST_P(Fast_path, Makes_no_system_call_in_packed_slots) {
  if (sanitizer_makes_system_calls) GTEST_SKIP() << "the sanitizer makes system calls of its own";
  EXPECT_EQ(without_system_calls<PackedTick>(), "");
}

TEST_P(Fast_path, Makes_no_system_call_in_stamped_slots) {
  if (sanitizer_makes_system_calls) GTEST_SKIP() << "the sanitizer makes system calls of its own";
  EXPECT_EQ(without_system_calls<StampedTick>(), "");
}

TEST(The_counting, Notices_an_allocation_a_clock_reading_and_a_system_call) {
  const std::uint64_t allocations_before = allocations;
  { const auto memory = std::make_unique<int>(1); }
  { const std::string text(1000, 'x'); }
  EXPECT_GE(allocations - allocations_before, 1U);

  auto producer = Producer<StampedTick>::create(unique_ring_name());
  auto consumer = Consumer<StampedTick>::attach(producer.segment().name());
  const std::uint64_t clock_before = clock_readings;
  consumer.poll([](const StampedTick&) {});  // nothing to read: asks for the time
  EXPECT_GE(clock_readings - clock_before, 1U);

  if (sanitizer_makes_system_calls) return;
  EXPECT_EQ(in_child([] {
              forbid_system_calls();
              (void)getppid();
              _exit(0);
            }),
            "killed by signal " + std::to_string(SIGSYS));
}

}  // namespace
}  // namespace disruptor_mp::test
