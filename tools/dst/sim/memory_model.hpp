// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What shared memory may do: operational views (docs/verification.md, "The simulator").
//
//   location   keeps its last eight stores, in modification order (= order of execution)
//   process    current view: per location, the oldest store it may still read
//              acquired view: what its relaxed loads would give it at its next acquire fence
//              released view: what its relaxed stores carry since its last release fence
//   store      carries a view, if it is a release, continues a release sequence, or follows a fence
//
// A load may return any store that is not older than the reader's view. Views also carry one epoch
// per process, which turns them into vector clocks: two conflicting accesses, one of them plain,
// are a data race unless the later process knew the epoch of the earlier access, whatever
// interleaving actually ran (FastTrack, Flanagan and Freund 2009).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace disruptor_mp::sim {

enum class MemoryMode : std::uint8_t {
  sc,    ///< one memory, interleaving only
  tso,   ///< stores may be delayed after later loads (x86)
  weak,  ///< everything the C++ memory model allows, except load buffering and weak 2+2W
};

/// Memory orders as the compilers hand them over (the values of __ATOMIC_RELAXED …).
enum class Order : std::uint8_t { relaxed, consume, acquire, release, acq_rel, seq_cst };
constexpr bool acquires(Order order) noexcept {
  return order != Order::relaxed && order != Order::release;
}
constexpr bool releases(Order order) noexcept { return order >= Order::release; }

inline constexpr unsigned max_processes = 16;  ///< of one run, every incarnation counted
inline constexpr unsigned max_locations = 240;
inline constexpr unsigned history = 8;

/// Lanes 0 … 15: epochs of processes; the rest: timestamps of locations.
struct alignas(32) View {
  static constexpr unsigned lanes = max_processes + max_locations;
  std::array<std::int16_t, lanes> at{};
};

using LocationId = std::uint16_t;
inline constexpr LocationId no_location = 0xFFFF;

/// What a process knows of memory.
struct Knowledge {
  View current;
  View acquired;
  View released;
  bool has_released = false;
  bool has_acquired = false;
  std::uint32_t read_time = 0;  ///< tso: no load reads the memory of an earlier time
};

class MemoryModel {
 public:
  struct Store {
    std::uint64_t value = 0;
    std::uint32_t time = 0;  ///< counts all stores of the run
    std::uint16_t view = 0;  ///< index into the pool; 0: none
    std::uint8_t writer = max_processes;
  };
  struct Location {
    std::array<Store, history> stores;  ///< by timestamp modulo `history`
    std::uint32_t granule = 0;          ///< which eight bytes of the shared memory
    std::int16_t newest = 0;            ///< timestamp of the newest store
    std::uint8_t writer = 0;            ///< race detection: the last write …
    bool written_plainly = false;
    std::int16_t writer_epoch = 0;                      ///< … 0: none yet
    std::array<std::int16_t, max_processes> readers{};  ///< epochs of plain reads since then
    bool has_readers = false;
    bool may_only_grow = false;
    bool is_new = true;  ///< for the engine's own bookkeeping
  };
  struct Race {
    unsigned other = 0;  ///< the process of the earlier access
    const char* what = nullptr;
  };

  MemoryModel();
  void reset(MemoryMode mode) noexcept;
  void start(Knowledge& knowledge, unsigned process) noexcept;

  /// The location of a granule; `value` is what the memory holds if it is a new one.
  LocationId locate(std::uint32_t granule, std::uint64_t value) noexcept {
    const LocationId known = locations_of_[granule];
    return known != no_location ? known : make(granule, value);
  }
  static constexpr std::uint32_t max_granules = 1U << 17U;
  [[nodiscard]] Location& at(LocationId id) noexcept { return locations_[id]; }

  /// How many stores this process may read now; 0 is the newest, n - 1 the oldest.
  [[nodiscard]] unsigned readable(const Knowledge& knowledge, LocationId id) const noexcept;
  std::uint64_t load(Knowledge& knowledge, unsigned process, LocationId id, unsigned age,
                     Order order) noexcept;
  void store(Knowledge& knowledge, unsigned process, LocationId id, std::uint64_t value,
             Order order) noexcept;
  /// Reads the newest and appends `value` behind it, as one step.
  std::uint64_t exchange(Knowledge& knowledge, unsigned process, LocationId id, std::uint64_t value,
                         Order order) noexcept;
  [[nodiscard]] std::uint64_t newest(LocationId id) const noexcept {
    const Location& location = locations_[id];
    return location.stores[static_cast<unsigned>(location.newest) % history].value;
  }
  void fence(Knowledge& knowledge, unsigned process, Order order) noexcept;
  /// tso: the store buffer is empty.
  void drain(Knowledge& knowledge) const noexcept { knowledge.read_time = time_; }
  /// A full fence of this process as part of one that all processes make (membarrier).
  void fence_all(Knowledge* const* processes, const unsigned* ids, unsigned count) noexcept;

  /// Plain accesses. `write_plain` only checks and marks; `append_plain` makes the store known to
  /// atomic readers of the same bytes, once its value is in memory.
  Race read_plain(const Knowledge& knowledge, unsigned process, LocationId id) noexcept;
  Race write_plain(const Knowledge& knowledge, unsigned process, LocationId id) noexcept;
  void append_plain(Knowledge& knowledge, unsigned process, LocationId id,
                    std::uint64_t value) noexcept;
  /// An atomic store against plain accesses of others.
  Race check_atomic_write(const Knowledge& knowledge, unsigned process, LocationId id) noexcept;

  // Synchronisation through the kernel: `into` is a view kept beside a lock, a name, a queue.
  void release_to(View& into, Knowledge& knowledge, unsigned process) noexcept;
  void acquire_from(const View& from, Knowledge& knowledge) noexcept;

  [[nodiscard]] MemoryMode mode() const noexcept { return mode_; }
  [[nodiscard]] unsigned locations() const noexcept { return count_; }
  /// True once the run needed more locations or time than there are; it must be given up.
  [[nodiscard]] bool is_exhausted() const noexcept { return exhausted_; }

 private:
  static constexpr unsigned pool_size = max_locations * history + 2;

  LocationId make(std::uint32_t granule, std::uint64_t value) noexcept;
  static void join(View& into, const View& from, unsigned lanes) noexcept;
  void join(View& into, const View& from) const noexcept { join(into, from, used_lanes_); }
  void append(Location& location, unsigned process, std::uint64_t value,
              std::uint16_t view) noexcept;
  std::uint16_t view_for(const Knowledge& knowledge, LocationId id, std::int16_t timestamp,
                         Order order) noexcept;
  std::uint16_t take_view() noexcept {
    return free_count_ != 0 ? free_views_[--free_count_] : fresh_view_++;
  }
  /// Of the pool's views only the lanes that were in use when they were written mean anything.
  void copy_to_pool(std::uint16_t index, const View& from, unsigned lanes) noexcept;
  void join_from_pool(View& into, std::uint16_t index) const noexcept {
    join(into, views_[index], lanes_of_[index]);
  }
  void advance_epoch(Knowledge& knowledge, unsigned process) noexcept;
  [[nodiscard]] static bool knows(const Knowledge& k, unsigned process, std::int16_t epoch) {
    return k.current.at[process] >= epoch;
  }

  MemoryMode mode_ = MemoryMode::weak;
  unsigned count_ = 0;
  unsigned used_lanes_ = max_processes;
  std::uint32_t time_ = 0;
  bool exhausted_ = false;
  View sc_;
  std::array<Location, max_locations> locations_;
  std::array<LocationId, max_granules> locations_of_;
  std::array<View, pool_size> views_;
  std::array<std::uint16_t, pool_size> lanes_of_;
  std::array<std::uint16_t, pool_size> free_views_;
  unsigned free_count_ = 0;
  std::uint16_t fresh_view_ = 1;  ///< it and all behind it were not used yet; 0 means "no view"
};

}  // namespace disruptor_mp::sim
