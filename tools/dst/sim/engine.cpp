// SPDX-License-Identifier: MIT OR Apache-2.0
#include "engine.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "engine_detail.hpp"

namespace disruptor_mp::sim {
namespace {

constexpr std::uint64_t no_deadline = ~std::uint64_t{0};
constexpr std::uint64_t start_time = 1'000'000'000;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::abort();
}

/// Memory of the simulated machine: mapped once per process slot, so that each process sees the
/// same bytes at addresses of its own.
std::uintptr_t map_windows() {
  const int fd = memfd_create("dmp-sim", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, Engine::window_size) != 0) die("memfd_create");
  auto* base = static_cast<std::byte*>(mmap(nullptr, max_processes * Engine::window_size, PROT_NONE,
                                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (base == MAP_FAILED) die("mmap");
  for (unsigned i = 0; i < max_processes; ++i) {
    if (mmap(base + i * Engine::window_size, Engine::window_size, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
      die("mmap");
  }
  close(fd);
  return reinterpret_cast<std::uintptr_t>(base);
}

std::byte* reserve(std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) die("mmap");
  return static_cast<std::byte*>(memory);
}

}  // namespace

bool are_dependent(const Op& a, const Op& b) noexcept {
  using Kind = Op::Kind;
  if (a.kind == Kind::everything || b.kind == Kind::everything) return true;
  if (a.kind == Kind::fence || b.kind == Kind::fence) return a.kind == b.kind;
  if (a.kind == Kind::kernel || b.kind == Kind::kernel)
    return a.kind == b.kind && a.location == b.location;
  const bool same = a.location == b.location && a.location != no_location;
  return same && (a.kind != Kind::load || b.kind != Kind::load);
}

constinit Engine* the_engine = nullptr;

Engine& make_engine() noexcept {
  // Not on the heap, because operator new asks the engine first; never destroyed, because hooks may
  // run after static destructors.
  alignas(Engine) static std::byte storage[sizeof(Engine)];
  the_engine = new (storage) Engine;
  return *the_engine;
}

Engine::Engine()
    : base_(map_windows()),
      heap_base_(reinterpret_cast<std::uintptr_t>(reserve(max_processes * heap_size))),
      stacks_(reserve(max_processes * stack_size)) {
  shared_base = base_;
  for (unsigned i = 0; i < max_processes; ++i)  // the lowest page of each stack catches overruns
    mprotect(stacks_ + i * stack_size, 4096, PROT_NONE);
}

Engine::~Engine() = default;

// --- A run

void Engine::begin_run(const RunConfig& config, Strategy& strategy) {
  config_ = config;
  strategy_ = &strategy;
  for (unsigned i = 0; i < kernel_.object_count(); ++i)
    std::memset(window(0, i), 0, kernel_.size_of(i));
  kernel_.reset();
  memory_.reset(config.memory);
  process_count_ = 0;
  roles_.clear();
  lives_.clear();
  current_ = nobody;
  runnable_ = 0;
  sleeping_ = 0;
  time_ = start_time;
  next_deadline_ = no_deadline;
  steps_ = 0;
  kills_ = 0;
  boots_ = 1;
  state_ = State::Initialized;
  hash_ = 0x243F6A8885A308D3U;
  verdict_ = Verdict::pass;
  problem_.clear();
  decisions_.clear();
  log_.clear();
  idle_check_ = nullptr;
  witness_ = nullptr;
  strategy.begin();
}

unsigned Engine::add_role(const Role& role) {
  roles_.push_back(role);
  lives_.push_back(0);
  spawn(static_cast<unsigned>(roles_.size() - 1));
  return static_cast<unsigned>(roles_.size() - 1);
}

void Engine::command(State& state, Command command) {
  const auto next = dst::next_state(state, command);
  if (!next) {
    static_cast<void>(std::fprintf(stderr, "dst: the simulator gave command %u in state %u\n",
                                   static_cast<unsigned>(command), static_cast<unsigned>(state)));
    std::abort();
  }
  state = *next;
}

unsigned Engine::spawn(unsigned role, State from) {
  if (process_count_ == max_processes) return nobody;
  const unsigned index = process_count_++;
  Process& process = processes_[index];
  process.state = from;
  if (from == State::Crashed) command(process.state, Command::Restart);
  command(process.state, Command::Start);
  process.role = static_cast<std::uint8_t>(role);
  process.incarnation = static_cast<std::uint8_t>(lives_[role]++);
  process.pending = {};
  process.step = 0;
  process.clock = 0;
  process.yields = false;
  process.futex = 0;
  process.plain_pending_count = 0;
  process.undo_count = 0;
  memory_.start(process.knowledge, index);
  heaps_[index] = {};
  heaps_[index].begin = reinterpret_cast<std::byte*>(heap_base_) + index * heap_size;
  heaps_[index].next = heaps_[index].begin;
  heaps_[index].end = heaps_[index].begin + heap_size;
  process.fiber.prepare(stacks_ + index * stack_size, stack_size, &Engine::fiber_main, &process);
  runnable_ |= 1U << index;
  return index;
}

Verdict Engine::run() {
  if (runnable_ == 0) return verdict_;
  heap_is_ours = true;
  command(state_, Command::Start);
  choose_next(runnable_);
  command(state_, Command::Replay);  // completed
  heap_is_ours = false;
  current_ = nobody;
  return verdict_;
}

void Engine::fiber_main(void* process) {
  Engine& self = engine();
  heap_is_ours = false;
  try {
    self.roles_[static_cast<Process*>(process)->role].body();
  } catch (const std::exception& error) {
    self.fail(Verdict::safety, std::string("an exception nobody expected: ") + error.what());
  }
  heap_is_ours = true;
  self.end_current(Command::Replay);  // completed
  std::abort();                       // a process that ended is never entered again
}

void Engine::fail(Verdict verdict, const std::string& problem) {
  heap_is_ours = true;
  if (verdict_ == Verdict::pass) {
    verdict_ = verdict;
    problem_ = problem;  // a copy that outlives the process's heap
  }
  if (current_ != nobody) leave_run();
  heap_is_ours = false;
}

void Engine::leave_run() {
  Fiber& from = current_ != nobody ? processes_[current_].fiber : main_;
  current_ = nobody;
  Fiber::switch_to(from, main_);
}

std::string Engine::name_of(unsigned process) const {
  const Process& p = processes_[process];
  std::string name = roles_[p.role].name;
  if (p.incarnation != 0) name += "#" + std::to_string(p.incarnation + 1);
  return name;
}

void Engine::note(std::string text) {
  if (!config_.keeps_log) return;
  const bool before = std::exchange(heap_is_ours, true);
  log_.push_back({.process = static_cast<std::uint8_t>(current_),
                  .time = time_,
                  .text = std::string(text.data(), text.size())});
  heap_is_ours = before;
}

void Engine::decide(Choice choice, unsigned process, unsigned pick) {
  if (!records_) return;
  decisions_.push_back({.process = static_cast<std::uint8_t>(process),
                        .choice = choice,
                        .pick = static_cast<std::uint16_t>(pick),
                        .step = processes_[process].step});
}

// --- Who goes on

void Engine::point(const Op& op, bool may_switch) {
  const EngineHeap heap;
  Process& self = processes_[current_];
  settle(self);
  self.pending = op;
  ++self.step;
  command(self.state, Command::Step);
  time_ += config_.step_cost;
  if (++steps_ > config_.max_steps || time_ - start_time > config_.max_time) {
    fail(Verdict::progress, steps_ > config_.max_steps ? "O12: no end within the bound of steps"
                                                       : "O12: no end within the bound of time");
  }
  if (memory_.is_exhausted()) fail(Verdict::budget, "the run needs more history than there is");
  if (time_ >= next_deadline_) wake_due();
  if (config_.power_cut_at != 0 && boots_ == 1) write_some_page_back();
  if (kills_ < config_.crashes && roles_[self.role].can_be_killed && strategy_->kill(*this)) {
    decide(Choice::kill, current_, 1);
    kills_ + 1 == config_.power_cut_at ? cut_power() : kill_current();
  }
  if (may_switch && ((runnable_ & (runnable_ - 1)) != 0 || sleeping_ != 0)) choose_next(runnable_);
}

void Engine::choose_next(std::uint32_t candidates) {
  const bool is_first = current_ == nobody;
  const unsigned asking = is_first ? 0 : current_;
  const bool goes_on = !is_first && (candidates >> current_ & 1U) != 0;
  std::uint32_t sleepers = 0;
  for (std::uint32_t rest = sleeping_; rest != 0; rest &= rest - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(rest));
    if (processes_[i].wake_time != no_deadline) sleepers |= 1U << i;
  }
  unsigned preferred = current_;
  if (!goes_on || processes_[current_].yields) {
    const std::uint32_t others =
        candidates & ~(goes_on && (candidates & (candidates - 1)) != 0 ? 1U << current_ : 0U);
    const std::uint32_t after = is_first ? others : others & ~((2U << current_) - 1U);
    preferred = static_cast<unsigned>(std::countr_zero(after != 0 ? after : others));
  }
  if (candidates == 0) {  // time passes
    if (idle_check_ != nullptr) {
      if (std::string problem = idle_check_(); !problem.empty()) fail(Verdict::progress, problem);
    }
    preferred = nobody;
    for (std::uint32_t rest = sleepers; rest != 0; rest &= rest - 1) {
      const auto i = static_cast<unsigned>(std::countr_zero(rest));
      if (preferred == nobody || processes_[i].wake_time < processes_[preferred].wake_time)
        preferred = i;
    }
    if (preferred == nobody)
      fail(Verdict::progress, "everybody sleeps, and nothing will wake them");
  }
  const std::uint32_t all = candidates | sleepers;
  const unsigned next =
      (all & (all - 1)) == 0 ? preferred : strategy_->next(*this, candidates, sleepers, preferred);
  if (next == nobody) fail(Verdict::pruned, {});
  if (next != preferred) decide(goes_on ? Choice::run : Choice::resume, asking, next);
  if (!is_first) processes_[current_].yields = false;
  Process& chosen = processes_[next];
  if (chosen.state == State::Paused) {
    if (chosen.wake_time > time_) time_ = chosen.wake_time;
    wake(chosen);
    wake_due();
  }
  if (next != current_) switch_to(next);
}

void Engine::switch_to(unsigned next) {
  Fiber& from = current_ == nobody ? main_ : processes_[current_].fiber;
  current_ = next;
  mix(next);
  Fiber::switch_to(from, processes_[next].fiber);
}

void Engine::wake(Process& process) noexcept {
  const std::uint32_t bit = 1U << (&process - processes_.data());
  command(process.state, Command::Resume);
  process.futex = 0;
  runnable_ |= bit;
  sleeping_ &= ~bit;
  find_next_deadline();
}

void Engine::find_next_deadline() noexcept {
  next_deadline_ = no_deadline;
  for (std::uint32_t rest = sleeping_; rest != 0; rest &= rest - 1) {
    const Process& process = processes_[static_cast<unsigned>(std::countr_zero(rest))];
    next_deadline_ = std::min(next_deadline_, process.wake_time);
  }
}

void Engine::wake_due() {
  for (std::uint32_t rest = sleeping_; rest != 0; rest &= rest - 1) {
    Process& process = processes_[static_cast<unsigned>(std::countr_zero(rest))];
    if (process.wake_time <= time_) wake(process);
  }
  find_next_deadline();
}

void Engine::block() {
  runnable_ &= ~(1U << current_);
  choose_next(runnable_);
}

void Engine::end_current(Command how) {
  Process& self = processes_[current_];
  settle(self);
  command(self.state, how);
  kernel_.close_all_of(current_,
                       [&](View& view) { memory_.release_to(view, self.knowledge, current_); });
  runnable_ &= ~(1U << current_);
  if (runnable_ == 0 && sleeping_ == 0) leave_run();
  choose_next(runnable_);
}

void Engine::kill_current() {
  Process& self = processes_[current_];
  ++kills_;
  if (config_.keeps_log) note("KILLED");
  // The compiler may have moved plain stores within the code since the last release: any subset of
  // them may have reached memory.
  unsigned lost_count = 0;
  for (unsigned i = 0; i < self.undo_count; ++i) {
    const unsigned lost = strategy_->pick(*this, Choice::keep, 2);
    if (lost == 0) continue;
    ++lost_count;
    decide(Choice::keep, current_, (i << 1U) | 1U);
    const LocationId id = self.undo[i].location;
    *granule_at(memory_.at(id).granule) = self.undo[i].before;
    memory_.append_plain(self.knowledge, current_, id, self.undo[i].before);
  }
  if (witness_ != nullptr) witness_->died(self.undo_count - lost_count, lost_count);
  mix(0xDEAD);
  const Role& role = roles_[self.role];
  if (lives_[self.role] <= role.restarts) spawn(self.role, State::Crashed);
  end_current(Command::Crash);
}

// --- Power

bool Engine::is_lost(unsigned& question) {
  const unsigned lost = strategy_->pick(*this, Choice::keep, 2);
  if (lost != 0) decide(Choice::keep, current_, (question << 1U) | 1U);
  ++question;
  return lost != 0;
}

void Engine::write_some_page_back() {
  const unsigned pages = kernel_.file_pages();
  if (pages == 0) return;
  const unsigned page = strategy_->pick(*this, Choice::write_back, 1 + pages);
  if (page == 0) return;
  decide(Choice::write_back, current_, page);
  kernel_.write_back(page - 1, [this](unsigned object) { return window(0, object); });
}

void Engine::cut_power() {
  ++kills_;
  ++boots_;
  command(state_, Command::Crash);
  if (config_.keeps_log) note("POWER CUT");
  mix(0xDEAD0);
  for (unsigned i = 0; i < process_count_; ++i) {
    Process& process = processes_[i];
    settle(process);
    process.undo_count = 0;
    if (process.state != State::Completed) command(process.state, Command::Crash);
  }
  unsigned question = 0;
  const auto found = kernel_.lose_power([&] { return is_lost(question); },
                                        [this](unsigned object) { return window(0, object); });
  if (found && found->to == Kernel::none) fail(Verdict::budget, "too many objects");
  // Whatever anybody knew of memory was about memory that is gone.
  memory_.reset(config_.memory);
  for (unsigned i = 0; i < process_count_; ++i) memory_.start(processes_[i].knowledge, i);
  runnable_ = sleeping_ = 0;
  next_deadline_ = no_deadline;
  if (witness_ != nullptr) witness_->lost_power(found ? &*found : nullptr);
  command(state_, Command::Restart);
  command(state_, Command::Start);
  for (unsigned role = 0; role < roles_.size(); ++role) spawn(role);
  choose_next(runnable_);
}

// --- Sleeping

void Engine::sleep_until(std::uint64_t deadline, std::uint32_t futex) {
  {
    const EngineHeap heap;
    Process& self = processes_[current_];
    if (deadline <= time_) return;
    command(self.state, Command::Pause);
    self.wake_time = deadline;
    self.futex = futex;
    self.pending = {.kind = Op::Kind::sleep};
    sleeping_ |= 1U << current_;
    next_deadline_ = std::min(next_deadline_, deadline);
    block();
  }
}

void Engine::yield() {
  self().yields = true;
  // Dear, so that whoever spins beside a sleeper does not need a million steps to see it wake.
  time_ += config_.step_cost * 500;
  point({.kind = Op::Kind::sleep}, true);
}

void Engine::futex_wait(const volatile void* word, std::uint32_t expected, std::uint64_t deadline) {
  const LocationId id = locate(word, 4, false);
  point({.kind = Op::Kind::store, .location = id}, true);
  // The kernel compares under its own lock, ordered against every waker: it sees the newest value.
  const auto found = static_cast<std::uint32_t>(memory_.newest(id) >>
                                                (reinterpret_cast<std::uintptr_t>(word) % 8 * 8));
  if (config_.keeps_log) log_access("futex_wait", id, expected, Order::relaxed, 0);
  const auto woke = [this, id](SleepEnd end) {
    if (witness_ != nullptr) witness_->woke(tags_[id], end);
  };
  if (found != expected) return woke(SleepEnd::refused);
  if (config_.spurious_wakes) {
    const EngineHeap heap;
    if (strategy_->pick(*this, Choice::spurious, 2) != 0) {
      decide(Choice::spurious, current_, 1);
      return woke(SleepEnd::spurious);
    }
  }
  if (witness_ != nullptr) witness_->falls_asleep(tags_[id]);
  self().was_rung = false;
  sleep_until(deadline, memory_.at(id).granule + 1);
  woke(self().was_rung ? SleepEnd::rung : SleepEnd::nap);
}

void Engine::futex_wake_all(const volatile void* word) {
  const LocationId id = locate(word, 4, false);
  point({.kind = Op::Kind::store, .location = id}, true);
  if (config_.keeps_log) log_access("futex_wake", id, 0, Order::relaxed, 0);
  const std::uint32_t key = memory_.at(id).granule + 1;
  for (std::uint32_t rest = sleeping_; rest != 0; rest &= rest - 1) {
    Process& process = processes_[static_cast<unsigned>(std::countr_zero(rest))];
    if (process.futex != key) continue;
    process.was_rung = true;
    wake(process);
  }
}

// --- The kernel

void Engine::kernel_point(unsigned object) {
  point({.kind = Op::Kind::kernel, .location = static_cast<LocationId>(object)}, true);
  memory_.drain(self().knowledge);
}

void Engine::heavy_fence() {
  point({.kind = Op::Kind::everything}, true);
  std::array<Knowledge*, max_processes> all{};
  std::array<unsigned, max_processes> ids{};
  unsigned count = 0;
  for (unsigned i = 0; i < process_count_; ++i) {
    Process& process = processes_[i];
    // Those that have ended too: before the fence their stores left the core they ran on.
    settle(process);
    all[count] = &process.knowledge;
    ids[count++] = i;
  }
  memory_.fence_all(all.data(), ids.data(), count);
  if (config_.keeps_log) note("heavy fence");
}

}  // namespace disruptor_mp::sim
