// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/barrier.hpp"

#include "disruptor_mp/membership/membership.hpp"
#include "disruptor_mp/membership/row_id.hpp"

namespace disruptor_mp {
namespace {

using format::RowKind;
using format::RowState;

/// The status of a row if it is, or was, this consumer's.
std::optional<RowStatus> status_of(const format::Row& row, const std::string& id) noexcept {
  // In damaged memory it may change for ever.
  for (int attempt = 0; attempt < 16; ++attempt) {
    const std::uint64_t word = row.status.load(std::memory_order_acquire);
    const RowStatus status = RowStatus::unpack(word);
    const bool is_shown = status.state == RowState::active || status.state == RowState::left ||
                          status.state == RowState::dead;
    const bool is_consumer = status.kind == RowKind::required || status.kind == RowKind::gating;
    const bool has_id = has_row_id(row, id);
    // Pairs with the release in write_row_id: an id that was written after the status we read comes
    // with another status, which is seen now.
    std::atomic_thread_fence(std::memory_order_acquire);
    if (row.status.load(std::memory_order_relaxed) != word) continue;
    return is_shown && is_consumer && has_id ? std::optional(status) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Barrier::Barrier(Segment& segment, const std::vector<std::string>& after)
    : segment_(&segment), nowhere_(segment.shape().first_sequence) {
  for (const std::string& id : after) entries_.push_back({.id = id});
  cursors_.reserve(entries_.size());
  renew();
}

void Barrier::find(Entry& entry) const noexcept {
  entry.bounds = false;
  const std::uint32_t rows = segment_->shape().rows;
  for (std::uint32_t i = 0; i < rows; ++i) {
    const std::uint32_t index = (entry.row + i) % rows;
    const format::Row& row = segment_->row(index);
    const auto status = status_of(row, entry.id);
    if (!status) continue;
    entry.row = index;
    entry.is_known = true;
    entry.bounds = status->gates() && !is_passed_over(row);
    return;
  }
}

void Barrier::renew() noexcept {
  // Acquire: pairs with the release of whoever changed a row and then counted.
  epoch_ = segment_->control().membership_epoch.load(std::memory_order_acquire);
  cursors_.clear();
  for (Entry& entry : entries_) {
    find(entry);
    if (!entry.is_known) {
      cursors_.push_back(&nowhere_);
    } else if (entry.bounds) {
      cursors_.push_back(&segment_->row(entry.row).cursor);
    }
  }
}

Barrier::Absence Barrier::examine(std::uint64_t next) {
  renew();  // also sees a row whose holder died between changing it and counting the change
  auto found = Absence::none;
  for (const Entry& entry : entries_) {
    if (!entry.is_known) {
      if (found == Absence::none) found = Absence::never_there;
      continue;
    }
    if (!entry.bounds || segment_->row(entry.row).cursor.load(std::memory_order_acquire) > next ||
        segment_->object().is_locked_elsewhere(format::lock::row(entry.row),
                                               os::LockMode::shared)) {
      continue;
    }
    if (!release_gate_of_dead(*segment_, entry.row)) found = Absence::away;
  }
  return found;
}

}  // namespace disruptor_mp
