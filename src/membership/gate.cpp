// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/gate.hpp"

#include <algorithm>
#include <new>

#include "disruptor_mp/membership/membership.hpp"
#include "disruptor_mp/membership/row_id.hpp"
#include "disruptor_mp/ring/window.hpp"

namespace disruptor_mp {

Gate::Gate(Segment& segment, std::uint64_t next)
    : segment_(&segment),
      capacity_(segment.shape().capacity),
      first_(segment.shape().first_sequence),
      // A predecessor never wrote beyond the horizon, so its gate was at least this.
      floor_(Window::oldest(segment.control().horizon.load(std::memory_order_relaxed), capacity_,
                            first_)),
      runs_free_(segment.shape().when_alone == format::WhenAlone::run_free) {
  entries_.reserve(segment.shape().rows);
  renew(next);
}

void Gate::renew(std::uint64_t next) {
  // Acquire: pairs with the release of whoever changed a row and then counted.
  epoch_ = segment_->control().membership_epoch.load(std::memory_order_acquire);
  entries_.clear();
  slowest_.reset();
  for (std::uint32_t index = 0; index < segment_->shape().rows; ++index) {
    const format::Row& row = segment_->row(index);
    const RowStatus status = RowStatus::unpack(row.status.load(std::memory_order_acquire));
    if (status.gates() && !is_passed_over(row)) {
      entries_.push_back({.cursor = &row.cursor, .row = index});
    } else if (status.kind == format::RowKind::gating &&
               (status.state == format::RowState::left || status.state == format::RowState::dead)) {
      // It read this far before it went: so far the events were seen by somebody.
      const std::uint64_t cursor = row.cursor.load(std::memory_order_acquire);
      if (cursor <= next) floor_ = std::max(floor_, cursor);
    }
  }
  // Pairs with the acquire fence of a consumer that copies: whoever sees a byte that is written
  // from here on, because a row holds us no longer, sees that it was passed over.
  std::atomic_thread_fence(std::memory_order_release);
}

std::uint64_t Gate::minimum(std::uint64_t next) {
  if (segment_->control().membership_epoch.load(std::memory_order_acquire) != epoch_) renew(next);
  if (entries_.empty()) {
    if (runs_free_) floor_ = next;
    return floor_;
  }
  // Whoever was slowest probably still is; while it has not moved, the others cannot matter.
  if (slowest_ && position(entries_[*slowest_], next) == floor_) return floor_;
  std::uint64_t minimum = next;
  slowest_ = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const std::uint64_t candidate = position(entries_[i], next);
    if (candidate < minimum) {
      minimum = candidate;
      slowest_ = i;
    }
  }
  floor_ = minimum;
  return minimum;
}

std::optional<Participant> Gate::examine_holders(std::uint64_t next,
                                                 std::span<const std::string> looked_after) {
  renew(next);  // also sees a row whose holder died between changing it and counting the change
  if (entries_.empty()) return std::nullopt;
  const std::uint64_t slowest = minimum(next);
  std::optional<std::uint32_t> away;
  bool is_looked_after = true;
  for (const Entry& entry : entries_) {
    if (segment_->object().is_locked_elsewhere(format::lock::row(entry.row), os::LockMode::shared))
      continue;
    const bool is_released = release_gate_of_dead(*segment_, entry.row);
    if (is_released || position(entry, next) != slowest || !is_looked_after) continue;
    away = entry.row;
    is_looked_after = std::any_of(
        looked_after.begin(), looked_after.end(),
        [&](const std::string& id) { return has_row_id(segment_->row(entry.row), id); });
  }
  if (!away) return std::nullopt;
  try {
    for (Participant& participant : list_participants(*segment_)) {
      if (participant.row == *away && participant.presence != Participant::Presence::alive &&
          participant.presence != Participant::Presence::stopped) {
        return std::move(participant);
      }
    }
  } catch (const std::bad_alloc&) {
    return std::nullopt;  // publish never throws; the question is asked again
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Gate::slowest_row() const noexcept {
  if (!slowest_) return std::nullopt;
  return entries_[*slowest_].row;
}

}  // namespace disruptor_mp
