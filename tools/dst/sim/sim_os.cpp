// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The room `os` for simulated processes: the declarations of include/disruptor_mp/os/*.hpp, defined
// on the simulated kernel instead of Linux. Every call is a step, and a place to die.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/os/affinity.hpp"
#include "disruptor_mp/os/environment.hpp"
#include "disruptor_mp/os/fork_guard.hpp"
#include "disruptor_mp/os/helper_thread.hpp"
#include "disruptor_mp/os/memory_object.hpp"
#include "disruptor_mp/os/process.hpp"
#include "disruptor_mp/os/readable_event.hpp"
#include "disruptor_mp/os/several_futexes.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "engine.hpp"

// The file interface of an object is the kernel's work, not an access of the process: past the
// hooks.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the linker's name
extern "C" void* __real_memcpy(void* to, const void* from, std::size_t size);

namespace disruptor_mp::os {

using sim::engine;
using sim::Kernel;
using sim::Verdict;

struct MemoryObject::State {
  State(ObjectName n, unsigned o, Access a) : name(std::move(n)), object(o), access(a) {
    description = engine().kernel().open(object, engine().current());
    if (description == Kernel::none) engine().fail(Verdict::budget, "too many open objects");
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    sim::Engine& sim = engine();
    if (!sim.is_inside()) return;
    sim.kernel_point(object);
    sim.kernel().close(description);
    sim.release_to(sim.kernel().lock_view(object));
    sim.forget_permissions();
    if (sim.keeps_log()) sim.note("close");
  }

  ObjectName name;
  unsigned object;
  Access access;
  int description = Kernel::none;
  std::byte* data = nullptr;
};

namespace {

/// Linux keeps the locks of one file under one spinlock (flc_lock, fs/locks.c): all calls about
/// them are ordered, and each makes visible what the callers before it had done, whether it
/// succeeds or not. The release of a dead process's locks is such a call too.
template <class State>
void lock_call(const State& state) {
  sim::Engine& sim = engine();
  sim.kernel_point(state.object);
  sim.acquire_from(sim.kernel().lock_view(state.object));
  sim.release_to(sim.kernel().lock_view(state.object));
}

}  // namespace

MemoryObject::MemoryObject(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
MemoryObject::MemoryObject(MemoryObject&&) noexcept = default;
MemoryObject& MemoryObject::operator=(MemoryObject&&) noexcept = default;
MemoryObject::~MemoryObject() = default;

MemoryObject MemoryObject::create_unnamed(const ObjectName& name, std::uint64_t size,
                                          const Permissions& /*all are one user here*/,
                                          std::uint64_t /*pages: one size*/) {
  const int object = engine().kernel().create_object(size, name.path());
  if (object == Kernel::none)
    engine().fail(Verdict::budget, "too many objects, or one too large for the simulator");
  engine().kernel_point(static_cast<unsigned>(object));
  if (engine().keeps_log()) engine().note("create_unnamed");
  return MemoryObject(
      std::make_unique<State>(name, static_cast<unsigned>(object), Access::read_write));
}

bool MemoryObject::publish_name() {
  engine().kernel_point(state_->object);
  const bool done = engine().kernel().give_name(state_->object);
  if (done) engine().release_to(engine().kernel().name_view(state_->object));
  if (engine().keeps_log()) engine().note(done ? "publish_name" : "publish_name: taken");
  return done;
}

std::optional<MemoryObject> MemoryObject::open(const ObjectName& name, Access access) {
  engine().kernel_point(0);
  const int object = engine().kernel().find_object(name.path());
  if (engine().keeps_log()) engine().note(object == Kernel::none ? "open: none" : "open");
  if (object == Kernel::none) return std::nullopt;
  engine().acquire_from(engine().kernel().name_view(static_cast<unsigned>(object)));
  return MemoryObject(std::make_unique<State>(name, static_cast<unsigned>(object), access));
}

const ObjectName& MemoryObject::name() const noexcept { return state_->name; }
Access MemoryObject::access() const noexcept { return state_->access; }
std::byte* MemoryObject::data() const noexcept { return state_->data; }
bool MemoryObject::is_orphaned_by_fork() const noexcept { return false; }

std::uint64_t MemoryObject::size() const { return engine().kernel().size_of(state_->object); }

std::size_t MemoryObject::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  const std::uint64_t size = this->size();
  if (offset >= size) return 0;
  const std::size_t n = std::min<std::size_t>(into.size(), size - offset);
  const std::byte* from = engine().window(engine().current(), state_->object) + offset;
  __real_memcpy(into.data(), from, n);
  return n;
}

void MemoryObject::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  std::byte* to = engine().window(engine().current(), state_->object) + offset;
  __real_memcpy(to, bytes.data(), bytes.size());
}

std::uint64_t MemoryObject::page_size() const { return os::page_size(); }
PageNote MemoryObject::make_huge(std::uint64_t) { return PageNote::unsupported; }
NodeNote MemoryObject::place(std::uint64_t, std::uint32_t) { return NodeNote::one_node; }
void MemoryObject::prefault() noexcept {}
void MemoryObject::lock_pages() {}

std::byte* MemoryObject::map(std::uint64_t size, std::span<const PageRange> writable,
                             bool /*is_huge*/) {
  std::array<Kernel::Range, 4> ranges{};
  unsigned count = 0;
  for (const PageRange& range : writable) {
    ranges.at(count++) = {.begin = static_cast<std::uint32_t>(range.offset),
                          .end = static_cast<std::uint32_t>(range.offset + range.size)};
  }
  engine().kernel().map(state_->description, size, ranges.data(), count);
  state_->data = engine().window(engine().current(), state_->object);
  return state_->data;
}

bool MemoryObject::try_lock(std::uint64_t byte, LockMode mode) {
  sim::Engine& sim = engine();
  lock_call(*state_);
  const bool done = (mode == LockMode::shared || state_->access == Access::read_write) &&
                    sim.kernel().try_lock(state_->description, byte, mode == LockMode::exclusive);
  if (!done && sim.witness() != nullptr) sim.witness()->lock_refused(byte);
  if (sim.keeps_log())
    sim.note("try_lock " + std::to_string(byte & 0xFFFFFFU) + (done ? "" : ": held by another"));
  return done;
}

void MemoryObject::unlock(std::uint64_t byte) noexcept {
  sim::Engine& sim = engine();
  lock_call(*state_);
  static_cast<void>(sim.kernel().unlock(state_->description, byte));
  if (sim.keeps_log()) sim.note("unlock " + std::to_string(byte & 0xFFFFFFU));
}

bool MemoryObject::is_locked_elsewhere(std::uint64_t byte, LockMode /*wanted*/) const {
  sim::Engine& sim = engine();
  lock_call(*state_);
  const bool locked = sim.kernel().is_locked_elsewhere(state_->description, byte);
  if (sim.keeps_log()) {
    sim.note("is_locked_elsewhere " + std::to_string(byte & 0xFFFFFFU) +
             (locked ? ": yes" : ": no"));
  }
  return locked;
}

Descriptor MemoryObject::share() const {
  engine().fail(Verdict::budget, "rings without a name are not simulated");
  return Descriptor::adopt(-1);
}

bool MemoryObject::is_named() const {
  engine().kernel_point(state_->object);
  return engine().kernel().is_named(state_->object);
}

bool MemoryObject::remove_name() {
  // stat and unlink are two calls, and somebody may come between them.
  Kernel& kernel = engine().kernel();
  kernel.begin_removing();
  int named = Kernel::none;
  if (is_named()) {
    engine().kernel_point(state_->object);
    named = kernel.find_object(state_->name.path());
  }
  kernel.end_removing();
  if (named == Kernel::none) return false;
  if (static_cast<unsigned>(named) != state_->object)
    engine().fail(Verdict::safety, "the name of another object is removed");
  kernel.remove_name(state_->object);
  if (engine().witness() != nullptr) engine().witness()->removed_name();
  if (engine().keeps_log()) engine().note("remove_name");
  return true;
}

std::vector<ObjectName> list_shm_objects(std::string_view prefix) {
  std::vector<ObjectName> names;
  const Kernel& kernel = engine().kernel();
  constexpr std::string_view directory = "/dev/shm/";
  for (unsigned i = 0; i < kernel.object_count(); ++i) {
    std::string_view name = kernel.name_of(i);
    if (!kernel.is_named(i) || !name.starts_with(directory)) continue;
    name.remove_prefix(directory.size());
    if (name.starts_with(prefix)) names.push_back(ObjectName::parse(name));
  }
  return names;
}

std::vector<ObjectName> list_file_objects(const std::string& directory, std::string_view prefix) {
  std::vector<ObjectName> names;
  const Kernel& kernel = engine().kernel();
  for (unsigned i = 0; i < kernel.object_count(); ++i) {
    const std::string_view path = kernel.name_of(i);
    if (kernel.is_named(i) && path.starts_with(directory + "/" + std::string(prefix)))
      names.push_back(ObjectName::parse("file:" + std::string(path)));
  }
  return names;
}

std::vector<std::string> remove_abandoned_temporaries(const std::string&, bool) {
  return {};  // unnamed objects need no temporary names here
}

std::uint64_t page_size() noexcept { return 4096; }
std::uint64_t page_size_of(const ObjectName&) { return page_size(); }
std::optional<std::uint64_t> hugetlb_page_size(const ObjectName&) { return std::nullopt; }
void require_node(const ObjectName&, std::uint32_t) {}

ForkGuard::ForkGuard(Callback on_fork, void* context) : on_fork_(on_fork), context_(context) {}
ForkGuard::~ForkGuard() { on_fork_ = nullptr; }
void ForkGuard::set_context(void* context) noexcept { context_ = context; }

// The pid is that of the role: each life of it has the same one, as after a wrap of pid numbers.
ProcessIdentity this_process() noexcept {
  return {.pid = 100U + engine().process(engine().current()).role,
          .uid = 1000,
          .pid_namespace = 1,
          .start_ticks = engine().time() / 10'000'000};
}
std::string command_of(const ProcessIdentity&) { return "simulated"; }
bool is_stopped(const ProcessIdentity&) { return false; }
std::array<std::uint64_t, 2> boot_id() noexcept { return {0xB007, engine().boots()}; }
std::array<std::uint64_t, 2> random_id() noexcept {
  return {engine().time() * 0x9E3779B97F4A7C15U + engine().current(), engine().steps()};
}

TimePoint now() noexcept {
  return TimePoint(Duration(static_cast<std::int64_t>(engine().look_at_clock())));
}
std::uint64_t wall_clock_ns() noexcept { return engine().time(); }

void relax() noexcept { engine().yield(); }
void yield() noexcept { engine().yield(); }

namespace {

std::uint64_t deadline_of(TimePoint deadline) noexcept {
  if (deadline == never) return ~std::uint64_t{0};
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, deadline.time_since_epoch().count()));
}

}  // namespace

void sleep_until(TimePoint deadline) noexcept {
  engine().yield();
  engine().sleep_until(deadline_of(deadline));
}

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                TimePoint deadline) noexcept {
  engine().futex_wait(&word, expected, deadline_of(deadline));
}
void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept {
  engine().futex_wake_all(&word);
}

/// Nobody sets any, so that runs repeat.
std::optional<std::string> environment(const char*) { return std::nullopt; }
std::optional<CoreMask> CoreMask::only(unsigned) noexcept { return std::nullopt; }
std::optional<CoreMask> cores_of_this_thread() noexcept { return std::nullopt; }
bool run_this_thread_on(const CoreMask&) noexcept { return false; }
std::vector<unsigned> usable_cores() { return {}; }

// No simulated consumer has a descriptor.
ReadableEvent::ReadableEvent(const std::string&) : descriptor_(-1) {}
ReadableEvent::~ReadableEvent() = default;
void ReadableEvent::set() noexcept {}
bool ReadableEvent::take() noexcept { return false; }
void wait_until_readable(std::span<const int>, TimePoint) {}
HelperThread::HelperThread(const std::string&, void (*)(void*) noexcept, void*) {}
HelperThread::~HelperThread() = default;
bool can_sleep_on_several() noexcept { return false; }
void futex_wait_any(std::span<const FutexWord>, TimePoint) noexcept {}

bool register_for_asymmetric_fences() noexcept { return true; }
void asymmetric_heavy_fence() noexcept { engine().heavy_fence(); }

}  // namespace disruptor_mp::os
