// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/membership/progress.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "disruptor_mp/os/thread.hpp"

namespace disruptor_mp {
namespace {

using namespace std::chrono_literals;
using format::RowKind;

constexpr Duration shortest_nap = 20us;
constexpr Duration longest_nap = 1ms;

/// One that died goes on gating until a blocked producer has proved it; whom we ask about it is the
/// kernel.
bool holds_back(const Participant& participant) {
  return participant.gates && (participant.kind == RowKind::required ||
                               participant.presence == Participant::Presence::alive ||
                               participant.presence == Participant::Presence::stopped);
}

bool is_published(const Segment& segment, Sequence sequence) {
  return sequence < stream_position(segment).published;
}

}  // namespace

std::optional<Sequence> last_published(const Segment& segment) {
  const std::uint64_t end = stream_position(segment).published.value();
  if (end <= segment.shape().first_sequence) return std::nullopt;
  return Sequence(end - 1);
}

std::optional<Participant> slowest_gating(const Segment& segment,
                                          std::optional<std::uint32_t> self) {
  std::optional<Participant> slowest;
  for (Participant& participant : list_participants(segment, self)) {
    if (holds_back(participant) && (!slowest || participant.cursor < slowest->cursor))
      slowest = std::move(participant);
  }
  return slowest;
}

bool is_consumed(const Segment& segment, Sequence sequence, std::optional<std::uint32_t> self) {
  if (!is_published(segment, sequence)) return false;
  for (std::uint32_t index = 0; index < segment.shape().rows; ++index) {
    const format::Row& row = segment.row(index);
    // Acquire: pairs with the release that showed the row; its cursor was written before.
    const RowStatus status = RowStatus::unpack(row.status.load(std::memory_order_acquire));
    // Acquire: pairs with the release of the consumer's commit; what it wrote while it handled the
    // event is seen by who is told that it has.
    if (!status.gates() || row.cursor.load(std::memory_order_acquire) > sequence.value()) continue;
    // Behind. The kernel is asked only of these, and does not report one's own lock.
    if (status.kind == RowKind::required || self == index ||
        segment.object().is_locked_elsewhere(format::lock::row(index), os::LockMode::shared)) {
      return false;
    }
  }
  return true;
}

bool wait_until_consumed(const Segment& segment, Sequence sequence, TimePoint deadline,
                         std::optional<std::uint32_t> self) {
  for (Duration nap = shortest_nap;; nap = std::min(2 * nap, longest_nap)) {
    if (segment.object().is_orphaned_by_fork()) return false;  // a copy that never changes
    // The end before the question: what is published before the stream ends is seen by it.
    const bool has_ended = stream_end(segment) <= sequence.value();
    if (is_consumed(segment, sequence, self)) return true;
    const TimePoint now = os::now();
    if (has_ended || now >= deadline) return false;
    os::sleep_until(std::min(deadline, now + nap));
  }
}

}  // namespace disruptor_mp
