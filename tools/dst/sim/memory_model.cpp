// SPDX-License-Identifier: MIT OR Apache-2.0
#include "memory_model.hpp"

#include <algorithm>
#include <limits>

namespace disruptor_mp::sim {
namespace {

constexpr std::int16_t last_epoch = std::numeric_limits<std::int16_t>::max() - 8;

constexpr unsigned slot_of(std::int16_t timestamp) noexcept {
  return static_cast<unsigned>(timestamp) % history;
}

}  // namespace

MemoryModel::MemoryModel() {
  locations_of_.fill(no_location);
  reset(MemoryMode::weak);
}

void MemoryModel::reset(MemoryMode mode) noexcept {
  for (unsigned i = 0; i < count_; ++i) locations_of_[locations_[i].granule] = no_location;
  mode_ = mode;
  count_ = 0;
  used_lanes_ = max_processes;
  time_ = 0;
  exhausted_ = false;
  sc_.at.fill(0);
  free_count_ = 0;
  fresh_view_ = 1;
}

void MemoryModel::start(Knowledge& knowledge, unsigned process) noexcept {
  knowledge.current.at.fill(0);
  knowledge.acquired.at.fill(0);
  knowledge.released.at.fill(0);
  knowledge.has_released = false;
  knowledge.has_acquired = false;
  knowledge.read_time = time_;
  knowledge.current.at[process] = 1;
}

LocationId MemoryModel::make(std::uint32_t granule, std::uint64_t value) noexcept {
  if (count_ == max_locations) {
    exhausted_ = true;
    return 0;
  }
  const auto id = static_cast<LocationId>(count_++);
  locations_of_[granule] = id;
  used_lanes_ = max_processes + (count_ + 15) / 16 * 16;
  Location& location = locations_[id];
  location.stores[0] = {.value = value};
  for (unsigned i = 1; i < history; ++i) location.stores[i].view = 0;
  location.granule = granule;
  location.newest = 0;
  location.writer_epoch = 0;
  location.written_plainly = false;
  location.readers.fill(0);
  location.has_readers = false;
  location.may_only_grow = false;
  location.is_new = true;
  return id;
}

void MemoryModel::join(View& into, const View& from, unsigned lanes) noexcept {
  // Vectors of the compiler's own: one instruction for 8 or 16 lanes.
  using Lanes [[gnu::vector_size(16)]] = std::int16_t;
  auto* a = reinterpret_cast<Lanes*>(into.at.data());
  const auto* b = reinterpret_cast<const Lanes*>(from.at.data());
  const unsigned n = lanes / 8;
  for (unsigned i = 0; i < n; ++i) a[i] = a[i] > b[i] ? a[i] : b[i];
}

void MemoryModel::copy_to_pool(std::uint16_t index, const View& from, unsigned lanes) noexcept {
  std::copy_n(from.at.begin(), lanes, views_[index].at.begin());
  lanes_of_[index] = static_cast<std::uint16_t>(lanes);
}

void MemoryModel::advance_epoch(Knowledge& knowledge, unsigned process) noexcept {
  if (knowledge.current.at[process] >= last_epoch) {
    exhausted_ = true;
    return;
  }
  ++knowledge.current.at[process];
}

unsigned MemoryModel::readable(const Knowledge& knowledge, LocationId id) const noexcept {
  if (mode_ == MemoryMode::sc) return 1;
  const Location& location = locations_[id];
  std::int16_t oldest = std::max<std::int16_t>(
      knowledge.current.at[max_processes + id],
      static_cast<std::int16_t>(std::max<int>(0, location.newest - static_cast<int>(history) + 1)));
  if (mode_ == MemoryMode::tso) {
    // What memory held at any time from read_time on: a store is gone once its successor came
    // before.
    while (oldest < location.newest &&
           location.stores[slot_of(static_cast<std::int16_t>(oldest + 1))].time <=
               knowledge.read_time)
      ++oldest;
  }
  return static_cast<unsigned>(location.newest - oldest) + 1;
}

std::uint64_t MemoryModel::load(Knowledge& knowledge, unsigned process, LocationId id, unsigned age,
                                Order order) noexcept {
  Location& location = locations_[id];
  const auto timestamp = static_cast<std::int16_t>(location.newest - static_cast<int>(age));
  const Store& store = location.stores[slot_of(timestamp)];
  knowledge.current.at[max_processes + id] =
      std::max(knowledge.current.at[max_processes + id], timestamp);
  // tso: our own store is read out of the store buffer; it says nothing about memory's time.
  if (mode_ == MemoryMode::tso && store.writer != process)
    knowledge.read_time = std::max(knowledge.read_time, store.time);
  if (store.view != 0) {
    if (acquires(order)) {
      join_from_pool(knowledge.current, store.view);
    } else {
      join_from_pool(knowledge.acquired, store.view);
      knowledge.has_acquired = true;
    }
  }
  return store.value;
}

void MemoryModel::append(Location& location, unsigned process, std::uint64_t value,
                         std::uint16_t view) noexcept {
  if (location.newest >= last_epoch) {
    exhausted_ = true;
    if (view != 0) free_views_[free_count_++] = view;
    return;
  }
  ++location.newest;
  Store& slot = location.stores[slot_of(location.newest)];
  if (slot.view != 0) free_views_[free_count_++] = slot.view;
  slot = {
      .value = value, .time = ++time_, .view = view, .writer = static_cast<std::uint8_t>(process)};
}

std::uint16_t MemoryModel::view_for(const Knowledge& knowledge, LocationId id,
                                    std::int16_t timestamp, Order order) noexcept {
  if (!releases(order) && !knowledge.has_released) return 0;
  const std::uint16_t index = take_view();
  copy_to_pool(index, releases(order) ? knowledge.current : knowledge.released, used_lanes_);
  views_[index].at[max_processes + id] = timestamp;
  return index;
}

void MemoryModel::store(Knowledge& knowledge, unsigned process, LocationId id, std::uint64_t value,
                        Order order) noexcept {
  Location& location = locations_[id];
  const auto timestamp = static_cast<std::int16_t>(location.newest + 1);
  knowledge.current.at[max_processes + id] = timestamp;
  append(location, process, value, view_for(knowledge, id, timestamp, order));
  if (releases(order)) advance_epoch(knowledge, process);
}

std::uint64_t MemoryModel::exchange(Knowledge& knowledge, unsigned process, LocationId id,
                                    std::uint64_t value, Order order) noexcept {
  Location& location = locations_[id];
  const Store before = location.stores[slot_of(location.newest)];
  load(knowledge, process, id, 0, order);
  if (mode_ == MemoryMode::tso) knowledge.read_time = time_;
  const auto timestamp = static_cast<std::int16_t>(location.newest + 1);
  knowledge.current.at[max_processes + id] = timestamp;
  std::uint16_t view = view_for(knowledge, id, timestamp, order);
  if (before.view != 0) {  // the release sequence goes on
    if (view == 0) {
      view = take_view();
      copy_to_pool(view, views_[before.view], lanes_of_[before.view]);
      views_[view].at[max_processes + id] = timestamp;
    } else {
      join_from_pool(views_[view], before.view);
    }
  }
  append(location, process, value, view);
  if (mode_ == MemoryMode::tso) knowledge.read_time = time_;  // a locked instruction is a fence
  if (releases(order)) advance_epoch(knowledge, process);
  return before.value;
}

void MemoryModel::fence(Knowledge& knowledge, unsigned process, Order order) noexcept {
  if (acquires(order) && knowledge.has_acquired) join(knowledge.current, knowledge.acquired);
  if (order == Order::seq_cst) {
    join(knowledge.current, sc_);
    join(sc_, knowledge.current);
    knowledge.read_time = time_;
  }
  if (releases(order)) {
    // Lanes that are not in use are zero in both.
    std::copy_n(knowledge.current.at.begin(), used_lanes_, knowledge.released.at.begin());
    knowledge.has_released = true;
    advance_epoch(knowledge, process);
  }
}

void MemoryModel::fence_all(Knowledge* const* processes, const unsigned* ids,
                            unsigned count) noexcept {
  // Twice: everybody gives what it has, then everybody gets what all have. Each does both at one
  // instant, as the kernel's interrupt makes each running thread do.
  for (unsigned round = 0; round < 2; ++round) {
    for (unsigned i = 0; i < count; ++i) fence(*processes[i], ids[i], Order::seq_cst);
  }
}

MemoryModel::Race MemoryModel::read_plain(const Knowledge& knowledge, unsigned process,
                                          LocationId id) noexcept {
  Location& location = locations_[id];
  const bool races = location.writer_epoch != 0 && location.writer != process &&
                     !knows(knowledge, location.writer, location.writer_epoch);
  location.readers[process] = knowledge.current.at[process];
  location.has_readers = true;
  if (!races) return {};
  return {.other = location.writer,
          .what = location.written_plainly ? "a plain read is not ordered after a plain write"
                                           : "a plain read is not ordered after an atomic write"};
}

MemoryModel::Race MemoryModel::write_plain(const Knowledge& knowledge, unsigned process,
                                           LocationId id) noexcept {
  const Race race = check_atomic_write(knowledge, process, id);
  Location& location = locations_[id];
  Race atomic_race;
  if (location.writer_epoch != 0 && location.writer != process && !location.written_plainly &&
      !knows(knowledge, location.writer, location.writer_epoch)) {
    atomic_race = {.other = location.writer,
                   .what = "a plain write is not ordered after an atomic write"};
  }
  location.writer = static_cast<std::uint8_t>(process);
  location.writer_epoch = knowledge.current.at[process];
  location.written_plainly = true;
  return race.what != nullptr ? race : atomic_race;
}

MemoryModel::Race MemoryModel::check_atomic_write(const Knowledge& knowledge, unsigned process,
                                                  LocationId id) noexcept {
  Location& location = locations_[id];
  Race race;
  if (location.written_plainly && location.writer != process &&
      !knows(knowledge, location.writer, location.writer_epoch)) {
    race = {.other = location.writer, .what = "a write is not ordered after a plain write"};
  }
  if (location.has_readers) {
    for (unsigned other = 0; other < max_processes; ++other) {
      if (location.readers[other] != 0 && other != process &&
          !knows(knowledge, other, location.readers[other])) {
        race = {.other = other, .what = "a write is not ordered after a plain read"};
      }
      location.readers[other] = 0;
    }
    location.has_readers = false;
  }
  location.writer = static_cast<std::uint8_t>(process);
  location.writer_epoch = knowledge.current.at[process];
  location.written_plainly = false;
  return race;
}

void MemoryModel::append_plain(Knowledge& knowledge, unsigned process, LocationId id,
                               std::uint64_t value) noexcept {
  Location& location = locations_[id];
  const auto timestamp = static_cast<std::int16_t>(location.newest + 1);
  knowledge.current.at[max_processes + id] = timestamp;
  append(location, process, value, view_for(knowledge, id, timestamp, Order::relaxed));
}

void MemoryModel::release_to(View& into, Knowledge& knowledge, unsigned process) noexcept {
  join(into, knowledge.current);
  advance_epoch(knowledge, process);
}

void MemoryModel::acquire_from(const View& from, Knowledge& knowledge) noexcept {
  join(knowledge.current, from);
}

}  // namespace disruptor_mp::sim
