// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The simulator's engine: processes as fibers, one step at a time. Every access to shared memory
// and every call of `os` arrives here first (tsan_hooks.cpp, sim_os.cpp); here it is decided who
// goes on, who dies, what a load reads, and how far the clock moves. Nothing else is
// nondeterministic, so a run is a function of the decisions of its Strategy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/dst/runtime.hpp"
#include "fiber.hpp"
#include "kernel.hpp"
#include "memory_model.hpp"
#include "witness.hpp"

namespace disruptor_mp::sim {

/// How a run ended, as the exit code of `dst` says it.
enum class Verdict : std::uint8_t {
  pass = 0,
  safety = 10,          ///< an invariant is broken
  progress = 11,        ///< no quiescence within the bounds
  budget = 12,          ///< the run outgrew the simulator; says nothing about the code
  nondeterminism = 13,  ///< the same decisions led elsewhere
  pruned = 100,         ///< an exhaustive search left it: nothing new this way
};
[[nodiscard]] std::string_view to_string(Verdict verdict) noexcept;

/// What a process is about to do. Known before it is done: a strategy may look at it.
struct Op {
  enum class Kind : std::uint8_t {
    start,  ///< nothing yet
    load,
    store,  ///< also read-modify-write
    plain_write,
    fence,       ///< seq_cst
    kernel,      ///< a call of `os` about one object
    sleep,       ///< ends a sleep: nothing shared
    everything,  ///< may touch anything
  };
  Kind kind = Kind::start;
  LocationId location = no_location;  ///< or the object's number
  std::uint64_t value = 0;
};
/// Whether the order of two operations of different processes can matter.
[[nodiscard]] bool are_dependent(const Op& a, const Op& b) noexcept;

/// What a decision was about.
enum class Choice : std::uint8_t { run, resume, read, kill, keep, spurious, write_back };

/// One deviation from the default policy (go on; if that is impossible the next process in turn;
/// read the newest; nobody dies), keyed so that it keeps its meaning when others are removed.
struct Decision {
  std::uint8_t process = 0;
  Choice choice = Choice::run;
  std::uint16_t pick = 0;
  std::uint32_t step = 0;  ///< the process's own step

  friend bool operator==(const Decision&, const Decision&) = default;
};

class Engine;

/// Where decisions come from.
class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual void begin() {}
  /// Which of `candidates` (bits) goes on. `preferred` is the default. `sleepers` could go on at
  /// the price of moving the clock to their deadline.
  virtual unsigned next(const Engine& engine, std::uint32_t candidates, std::uint32_t sleepers,
                        unsigned preferred) = 0;
  /// Which of n readable stores a load returns; 0 is the newest.
  virtual unsigned read(const Engine& engine, unsigned n) = 0;
  /// Whether the running process dies before this step. Not asked when the budget is used up.
  virtual bool kill(const Engine& engine) = 0;
  /// Any other question with n answers; 0 is the ordinary one.
  virtual unsigned pick(const Engine& engine, Choice choice, unsigned n) = 0;
};

/// A part somebody plays; each life of it is a process of its own.
struct Role {
  const char* name = "";
  void (*body)() = nullptr;
  unsigned restarts = 0;  ///< how often the supervisor starts it again after a death
  bool can_be_killed = true;
};

struct RunConfig {
  MemoryMode memory = MemoryMode::weak;
  unsigned crashes = 0;             ///< how many kills at most
  unsigned power_cut_at = 0;        ///< the first, second, … of them takes all, and the power
  std::uint32_t max_steps = 20000;  ///< more is no progress
  std::uint64_t max_time = 600'000'000'000;
  std::uint64_t step_cost = 20;        ///< virtual ns of a step
  bool plain_writes_are_steps = true;  ///< also let others run in the middle of a payload
  bool spurious_wakes = true;
  bool keeps_log = false;
};

/// One line of the log that `dst explain` prints.
struct LogLine {
  std::uint8_t process = 0;
  std::uint64_t time = 0;
  std::string text;
};

/// Where shared memory begins in the first process; nowhere before there is an engine. By itself
/// and hidden, because every access of instrumented code, however private, is compared with it.
[[gnu::visibility("hidden")]] inline constinit std::uintptr_t shared_base = ~std::uintptr_t{0};

class Engine {
 public:
  /// The control plane is that of all deterministic runs: one state for the run, and one for each
  /// process, which change by the rules of its table alone. Who sleeps is Paused.
  using State = dst::DstRuntimeState;
  using Command = dst::DstRuntimeCommand::Kind;

  struct Process {
    Fiber fiber;
    State state = State::Initialized;
    std::uint8_t role = 0;
    std::uint8_t incarnation = 0;
    Op pending;
    std::uint32_t step = 0;
    std::uint64_t wake_time = 0;
    std::uint64_t clock = 0;  ///< as it read it last
    std::uint32_t futex = 0;  ///< 1 + granule slept on; 0: none
    bool yields = false;
    bool was_rung = false;  ///< its last sleep was ended by a waker
    Knowledge knowledge;
    // The value of a plain store is in memory only when its process comes back to us.
    std::array<LocationId, 64> plain_pending{};
    unsigned plain_pending_count = 0;
    // Plain stores since the last release: a death keeps any subset of them.
    struct Undo {
      LocationId location;
      std::uint64_t before;
    };
    std::array<Undo, 32> undo{};
    unsigned undo_count = 0;
  };

  Engine();
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // --- A run, from outside

  void begin_run(const RunConfig& config, Strategy& strategy);
  unsigned add_role(const Role& role);
  /// Runs until nobody is left or something is wrong. @return the verdict.
  Verdict run();
  void record_decisions(bool on) noexcept { records_ = on; }

  [[nodiscard]] const std::vector<Decision>& decisions() const noexcept { return decisions_; }
  [[nodiscard]] Verdict verdict() const noexcept { return verdict_; }
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
  /// Of the run. Crashed while the power is off; a process that dies does not end the run.
  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] std::uint32_t steps() const noexcept { return steps_; }
  [[nodiscard]] unsigned boots() const noexcept { return boots_; }
  [[nodiscard]] unsigned kills() const noexcept { return kills_; }
  [[nodiscard]] std::uint64_t time() const noexcept { return time_; }
  /// The same, for the running process.
  std::uint64_t look_at_clock() noexcept {
    if (is_inside()) self().clock = time_;
    return time_;
  }
  [[nodiscard]] const std::vector<LogLine>& log() const noexcept { return log_; }
  [[nodiscard]] const RunConfig& config() const noexcept { return config_; }

  // --- For processes, oracles and strategies

  [[nodiscard]] unsigned current() const noexcept { return current_; }
  [[nodiscard]] bool is_inside() const noexcept { return current_ != nobody; }
  [[nodiscard]] const Process& process(unsigned index) const noexcept { return processes_[index]; }
  [[nodiscard]] Process& self() noexcept { return processes_[current_]; }
  [[nodiscard]] const Role& role_of(unsigned process) const noexcept {
    return roles_[processes_[process].role];
  }
  [[nodiscard]] unsigned incarnation() const noexcept { return processes_[current_].incarnation; }
  [[nodiscard]] std::string name_of(unsigned process) const;
  /// Ends the run. Does not return if a process calls it.
  void fail(Verdict verdict, const std::string& problem);
  /// Asked when nobody can run and the clock is about to jump: "" if that is as it should be.
  void set_idle_check(std::string (*check)()) noexcept { idle_check_ = check; }
  /// The 64-bit word there never goes back (O8).
  void require_growing(const void* word);
  void set_location_names(std::string (*name)(unsigned object, std::uint64_t offset)) noexcept {
    location_name_ = name;
  }
  /// Until the next run begins.
  void set_witness(Witness* witness) noexcept { witness_ = witness; }
  [[nodiscard]] Witness* witness() const noexcept { return witness_; }
  void note(std::string text);
  [[nodiscard]] bool keeps_log() const noexcept { return config_.keeps_log; }

  // --- Shared memory, from the hooks

  [[nodiscard]] static bool is_shared(const volatile void* address) noexcept {
    return reinterpret_cast<std::uintptr_t>(address) - shared_base < max_processes * window_size;
  }
  std::uint64_t atomic_load(const volatile void* address, unsigned size, Order order);
  void atomic_store(volatile void* address, unsigned size, std::uint64_t value, Order order);
  /// Stores update(what was there, operand); returns what was there.
  std::uint64_t atomic_update(volatile void* address, unsigned size, Order order,
                              std::uint64_t (*update)(std::uint64_t, std::uint64_t),
                              std::uint64_t operand);
  /// @return whether it was exchanged; `expected` gets what was found.
  bool compare_exchange(volatile void* address, unsigned size, std::uint64_t& expected,
                        std::uint64_t desired, Order success, Order failure);
  void plain_read(const volatile void* address, std::size_t size);
  void plain_write(const volatile void* address, std::size_t size);
  void thread_fence(Order order);

  // --- The kernel, from sim_os.cpp

  static constexpr std::size_t window_size = std::size_t{1} << 20U;
  [[nodiscard]] std::byte* window(unsigned process, unsigned object) const noexcept {
    return reinterpret_cast<std::byte*>(base_) + process * window_size + object * object_size;
  }
  [[nodiscard]] Kernel& kernel() noexcept { return kernel_; }
  [[nodiscard]] MemoryModel& memory() noexcept { return memory_; }
  void kernel_point(unsigned object);
  /// The running process has unmapped something.
  void forget_permissions() noexcept;
  void sleep_until(std::uint64_t deadline, std::uint32_t futex = 0);
  void yield();
  void futex_wait(const volatile void* word, std::uint32_t expected, std::uint64_t deadline);
  void futex_wake_all(const volatile void* word);
  void heavy_fence();
  /// Orders what this process did before whoever takes the view, and the other way round.
  void release_to(View& view) {
    settle(self());
    memory_.release_to(view, self().knowledge, current_);
    self().undo_count = 0;
  }
  void acquire_from(const View& view) { memory_.acquire_from(view, self().knowledge); }

  // --- Heap of the running process (heap.cpp)
  struct Heap {
    std::byte* begin = nullptr;
    std::byte* next = nullptr;
    std::byte* end = nullptr;
    std::array<void*, 12> free{};  ///< by power of two, from 32 bytes
  };
  [[nodiscard]] Heap& heap() noexcept { return heaps_[current_]; }
  [[nodiscard]] bool owns_heap_address(const void* address) const noexcept {
    return reinterpret_cast<std::uintptr_t>(address) - heap_base_ < max_processes * heap_size;
  }

  static constexpr unsigned nobody = max_processes;

 private:
  static constexpr std::size_t stack_size = std::size_t{1} << 17U;
  static constexpr std::size_t heap_size = std::size_t{1} << 20U;

  static void fiber_main(void* process);
  /// Refuses what the table refuses: then it is the simulator that is wrong.
  static void command(State& state, Command command);
  /// A life of a role: its first, after a death the next, or the first of another boot.
  unsigned spawn(unsigned role, State from = State::Initialized);
  void point(const Op& op, bool may_switch);
  void choose_next(std::uint32_t candidates);
  void block();
  void switch_to(unsigned next);
  void wake_due();
  void wake(Process& process) noexcept;
  void find_next_deadline() noexcept;
  void kill_current();
  void cut_power();
  bool is_lost(unsigned& question);
  void write_some_page_back();
  void end_current(Command how);
  void settle(Process& process);
  void leave_run();
  void decide(Choice choice, unsigned process, unsigned pick);
  LocationId locate(const volatile void* address, std::size_t size, bool writes);
  [[nodiscard]] std::uint64_t* granule_at(std::uint32_t granule) const noexcept {
    return reinterpret_cast<std::uint64_t*>(base_) + granule;
  }
  void store_value(LocationId id, std::uint64_t value, Order order);
  void report_race(const MemoryModel::Race& race, LocationId id);
  unsigned choose_age(LocationId id);
  void mix(std::uint64_t value) noexcept { hash_ = (hash_ ^ value) * 0x9E3779B97F4A7C15U; }
  void log_access(const char* what, LocationId id, std::uint64_t value, Order order, unsigned age);
  [[nodiscard]] std::string place_name(LocationId id);

  RunConfig config_;
  Strategy* strategy_ = nullptr;
  MemoryModel memory_;
  Kernel kernel_;
  std::array<Process, max_processes> processes_;
  unsigned process_count_ = 0;
  std::vector<Role> roles_;
  std::vector<unsigned> lives_;  ///< per role: how often it was started
  State state_ = State::Initialized;
  unsigned current_ = nobody;
  std::uint32_t runnable_ = 0;
  std::uint32_t sleeping_ = 0;
  std::uint64_t time_ = 0;
  std::uint64_t next_deadline_ = ~std::uint64_t{0};
  std::uint32_t steps_ = 0;
  unsigned kills_ = 0;
  unsigned boots_ = 1;
  std::uint64_t hash_ = 0;
  Verdict verdict_ = Verdict::pass;
  std::string problem_;
  bool records_ = false;
  std::vector<Decision> decisions_;
  std::vector<LogLine> log_;
  std::string (*idle_check_)() = nullptr;
  Witness* witness_ = nullptr;
  std::array<Witness::Tag, max_locations> tags_{};  ///< what the witness calls each location
  std::string (*location_name_)(unsigned, std::uint64_t) = nullptr;
  Fiber main_;
  std::uintptr_t base_ = 0;
  std::uintptr_t heap_base_ = 0;
  std::byte* stacks_ = nullptr;
  std::array<Heap, max_processes> heaps_;
  // Which processes were found to have a mapping that allows it, per location.
  std::array<std::uint32_t, max_locations> may_read_{};
  std::array<std::uint32_t, max_locations> may_write_{};
};

/// The one engine of this program: the hooks of compiled code have no argument to find it by.
extern Engine* the_engine;  ///< null until somebody asked for it
Engine& make_engine() noexcept;
inline Engine& engine() noexcept { return the_engine != nullptr ? *the_engine : make_engine(); }

}  // namespace disruptor_mp::sim
