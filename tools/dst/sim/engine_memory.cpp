// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The engine's side of every access to shared memory.
#include <algorithm>
#include <string>

#include "engine.hpp"
#include "engine_detail.hpp"

namespace disruptor_mp::sim {
namespace {

constexpr std::uint64_t mask_of(unsigned size) noexcept {
  return size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (size * 8)) - 1;
}
unsigned shift_of(const volatile void* address) noexcept {
  return static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(address) % 8 * 8);
}

/// A sequentially consistent access is also a fence, so its order matters beyond its location.
constexpr Op::Kind kind_of(Op::Kind kind, Order order) noexcept {
  return order == Order::seq_cst ? Op::Kind::everything : kind;
}

constexpr const char* order_names[] = {"relaxed", "consume", "acquire",
                                       "release", "acq_rel", "seq_cst"};

}  // namespace

LocationId Engine::locate(const volatile void* address, std::size_t size, bool writes) {
  const std::uintptr_t distance = reinterpret_cast<std::uintptr_t>(address) - base_;
  const auto owner = static_cast<unsigned>(distance / window_size);
  const auto within = static_cast<std::uint32_t>(distance % window_size);
  const std::uint32_t granule = within / 8;
  const auto object = static_cast<unsigned>(within / object_size);
  if (owner != current_) {
    fail(Verdict::safety,
         "an address of " + name_of(owner) +
             "'s mapping is used in another process: it was stored in the segment");
  }
  if (within % 8 + size > 8) fail(Verdict::safety, "an access straddles two words");
  const LocationId id = memory_.locate(granule, *granule_at(granule));
  std::uint32_t& allowed = (writes ? may_write_ : may_read_)[id];
  if (memory_.at(id).is_new) {
    memory_.at(id).is_new = false;
    may_read_[id] = may_write_[id] = 0;
    if (witness_ != nullptr) tags_[id] = witness_->tag_of(object, within % object_size);
  }
  if ((allowed >> current_ & 1U) == 0) {
    const auto offset = static_cast<std::uint32_t>(within % object_size);
    if (!kernel_.may_read(current_, object, offset))
      fail(Verdict::safety, "an access outside of every mapping, at " + place_name(id));
    if (writes && !kernel_.may_write(current_, object, offset))
      fail(Verdict::safety, "a write to a read-only mapping, at " + place_name(id));
    allowed |= 1U << current_;
  }
  return id;
}

void Engine::forget_permissions() noexcept {
  for (unsigned i = 0; i < memory_.locations(); ++i) {
    may_read_[i] &= ~(1U << current_);
    may_write_[i] &= ~(1U << current_);
  }
}

unsigned Engine::choose_age(LocationId id) {
  const unsigned n = memory_.readable(self().knowledge, id);
  if (n == 1) return 0;
  const EngineHeap heap;
  const unsigned age = strategy_->read(*this, n);
  if (age != 0) decide(Choice::read, current_, age);
  return age;
}

std::uint64_t Engine::atomic_load(const volatile void* address, unsigned size, Order order) {
  const LocationId id = locate(address, size, false);
  point({.kind = kind_of(Op::Kind::load, order), .location = id}, true);
  Process& me = self();
  if (order == Order::seq_cst) memory_.fence(me.knowledge, current_, order);
  const unsigned age = choose_age(id);
  const std::uint64_t value =
      memory_.load(me.knowledge, current_, id, age, order) >> shift_of(address) & mask_of(size);
  mix(value + (std::uint64_t{id} << 48U));
  if (config_.keeps_log) log_access("load", id, value, order, age);
  if (witness_ != nullptr) witness_->loaded(tags_[id], value, age);
  return value;
}

void Engine::store_value(LocationId id, std::uint64_t value, Order order) {
  Process& me = self();
  if (memory_.at(id).may_only_grow && value < memory_.newest(id)) {
    fail(Verdict::safety, "O8: " + place_name(id) + " goes back from " +
                              std::to_string(memory_.newest(id)) + " to " + std::to_string(value));
  }
  report_race(memory_.check_atomic_write(me.knowledge, current_, id), id);
  *granule_at(memory_.at(id).granule) = value;
  if (releases(order)) me.undo_count = 0;
}

void Engine::atomic_store(volatile void* address, unsigned size, std::uint64_t value, Order order) {
  const LocationId id = locate(address, size, true);
  point({.kind = kind_of(Op::Kind::store, order), .location = id, .value = value}, true);
  Process& me = self();
  if (order == Order::seq_cst) memory_.fence(me.knowledge, current_, order);
  const unsigned shift = shift_of(address);
  const std::uint64_t mask = mask_of(size) << shift;
  const std::uint64_t whole = (memory_.newest(id) & ~mask) | (value << shift & mask);
  if (config_.keeps_log) log_access("store", id, value, order, 0);
  store_value(id, whole, order);
  memory_.store(me.knowledge, current_, id, whole, order);
  if (witness_ != nullptr) witness_->stored(tags_[id], value);
  mix(value + (std::uint64_t{id} << 48U) + 1);
}

std::uint64_t Engine::atomic_update(volatile void* address, unsigned size, Order order,
                                    std::uint64_t (*update)(std::uint64_t, std::uint64_t),
                                    std::uint64_t operand) {
  const LocationId id = locate(address, size, true);
  point({.kind = kind_of(Op::Kind::store, order), .location = id, .value = operand}, true);
  Process& me = self();
  if (order == Order::seq_cst) memory_.fence(me.knowledge, current_, order);
  const unsigned shift = shift_of(address);
  const std::uint64_t mask = mask_of(size);
  const std::uint64_t before = memory_.newest(id) >> shift & mask;
  const std::uint64_t after = update(before, operand) & mask;
  const std::uint64_t whole = (memory_.newest(id) & ~(mask << shift)) | after << shift;
  if (config_.keeps_log) log_access("update", id, after, order, 0);
  store_value(id, whole, order);
  memory_.exchange(me.knowledge, current_, id, whole, order);
  if (witness_ != nullptr) witness_->stored(tags_[id], after);
  mix(after + (std::uint64_t{id} << 48U) + 2);
  return before;
}

bool Engine::compare_exchange(volatile void* address, unsigned size, std::uint64_t& expected,
                              std::uint64_t desired, Order success, Order failure) {
  const LocationId id = locate(address, size, true);
  point({.kind = kind_of(Op::Kind::store, success), .location = id, .value = desired}, true);
  Process& me = self();
  if (success == Order::seq_cst) memory_.fence(me.knowledge, current_, success);
  const unsigned shift = shift_of(address);
  const std::uint64_t mask = mask_of(size);
  const std::uint64_t before = memory_.newest(id) >> shift & mask;
  if (before != expected) {
    memory_.load(me.knowledge, current_, id, 0, failure);
    expected = before;
    if (config_.keeps_log) log_access("exchange refused", id, before, failure, 0);
    if (witness_ != nullptr) witness_->exchange_refused(tags_[id]);
    mix(before + (std::uint64_t{id} << 48U) + 3);
    return false;
  }
  const std::uint64_t whole = (memory_.newest(id) & ~(mask << shift)) | (desired & mask) << shift;
  if (config_.keeps_log) log_access("exchange", id, desired, success, 0);
  store_value(id, whole, success);
  memory_.exchange(me.knowledge, current_, id, whole, success);
  if (witness_ != nullptr) witness_->stored(tags_[id], desired);
  mix(desired + (std::uint64_t{id} << 48U) + 4);
  return true;
}

void Engine::thread_fence(Order order) {
  // Only sequentially consistent fences have an order among processes that a schedule can change.
  if (order == Order::seq_cst) {
    point({.kind = Op::Kind::fence}, true);
  } else {
    settle(self());
  }
  memory_.fence(self().knowledge, current_, order);
  if (releases(order)) self().undo_count = 0;
  if (config_.keeps_log) note(std::string("fence ") + order_names[static_cast<unsigned>(order)]);
}

// --- Plain accesses

void Engine::plain_read(const volatile void* address, std::size_t size) {
  settle(self());
  auto at = reinterpret_cast<std::uintptr_t>(address);
  const std::uintptr_t end = at + size;
  while (at < end) {
    const std::uintptr_t next = std::min((at | 7U) + 1, end);
    const LocationId id = locate(reinterpret_cast<const void*>(at), next - at, false);
    report_race(memory_.read_plain(self().knowledge, current_, id), id);
    at = next;
  }
}

void Engine::plain_write(const volatile void* address, std::size_t size) {
  auto at = reinterpret_cast<std::uintptr_t>(address);
  const std::uintptr_t end = at + size;
  point({.kind = Op::Kind::plain_write, .location = locate(address, 1, true)},
        config_.plain_writes_are_steps);
  Process& me = self();
  while (at < end) {
    const std::uintptr_t next = std::min((at | 7U) + 1, end);
    const LocationId id = locate(reinterpret_cast<const void*>(at), next - at, true);
    report_race(memory_.write_plain(me.knowledge, current_, id), id);
    if (me.plain_pending_count == me.plain_pending.size())
      fail(Verdict::budget, "one plain store of more bytes than the simulator takes");
    me.plain_pending[me.plain_pending_count++] = id;
    if (me.undo_count < me.undo.size())
      me.undo[me.undo_count++] = {.location = id, .before = *granule_at(memory_.at(id).granule)};
    if (config_.keeps_log) log_access("plain store", id, 0, Order::relaxed, 0);
    if (witness_ != nullptr) witness_->wrote_plainly(tags_[id]);
    at = next;
  }
}

void Engine::settle(Process& process) {
  if (process.plain_pending_count == 0) return;
  const auto index = static_cast<unsigned>(&process - processes_.data());
  for (unsigned i = 0; i < process.plain_pending_count; ++i) {
    const LocationId id = process.plain_pending[i];
    const std::uint64_t value = *granule_at(memory_.at(id).granule);
    memory_.append_plain(process.knowledge, index, id, value);
    mix(value + (std::uint64_t{id} << 48U) + 5);
  }
  process.plain_pending_count = 0;
}

void Engine::report_race(const MemoryModel::Race& race, LocationId id) {
  if (race.what == nullptr) return;
  fail(Verdict::safety,
       std::string("O9: ") + race.what + " of " + name_of(race.other) + ", at " + place_name(id));
}

void Engine::require_growing(const void* word) {
  const std::uint32_t granule =
      static_cast<std::uint32_t>((reinterpret_cast<std::uintptr_t>(word) - base_) % window_size) /
      8;
  memory_.at(memory_.locate(granule, *granule_at(granule))).may_only_grow = true;
}

// --- For people

std::string Engine::place_name(LocationId id) {
  const std::uint32_t offset = memory_.at(id).granule * 8;
  const auto object = static_cast<unsigned>(offset / object_size);
  const std::uint64_t within = offset % object_size;
  if (location_name_ != nullptr) return location_name_(object, within);
  return "object " + std::to_string(object) + " + " + std::to_string(within);
}

void Engine::log_access(const char* what, LocationId id, std::uint64_t value, Order order,
                        unsigned age) {
  std::string text = std::string(what) + " " + place_name(id);
  if (std::string_view(what) != "plain store") text += " = " + std::to_string(value);
  if (order != Order::relaxed) text += std::string(" ") + order_names[static_cast<unsigned>(order)];
  if (age != 0) text += " (stale by " + std::to_string(age) + ")";
  note(std::move(text));
}

}  // namespace disruptor_mp::sim
