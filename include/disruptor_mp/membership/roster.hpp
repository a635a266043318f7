// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/os/process.hpp"
#include "disruptor_mp/ring/shared_tail.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// A row's status word, taken apart. See format::Row.
struct RowStatus {
  format::RowState state = format::RowState::free;
  format::RowKind kind = format::RowKind::none;
  /// A consumer's cursor was compared with the horizon after the row was shown: while the row
  /// gates, nothing from the cursor on can be overwritten, whatever the horizon says later.
  bool is_settled = false;
  /// One of several producers has said that it publishes nothing more.
  bool has_closed = false;
  /// One of several producers, with an id of its own choice: should it die, it is expected back.
  bool is_awaited = false;
  /// A consumer that reads copies, so that it may be passed over while it lives.
  bool is_passable = false;
  std::uint32_t incarnation = 0;

  static constexpr RowStatus unpack(std::uint64_t word) noexcept {
    return {.state = static_cast<format::RowState>(word & 0xFFU),
            .kind = static_cast<format::RowKind>((word >> 8U) & 0xFFU),
            .is_settled = ((word >> 16U) & 1U) != 0,
            .has_closed = ((word >> 17U) & 1U) != 0,
            .is_awaited = ((word >> 18U) & 1U) != 0,
            .is_passable = ((word >> 19U) & 1U) != 0,
            .incarnation = static_cast<std::uint32_t>(word >> 32U)};
  }
  [[nodiscard]] constexpr std::uint64_t pack() const noexcept {
    return static_cast<std::uint64_t>(state) | (static_cast<std::uint64_t>(kind) << 8U) |
           (std::uint64_t{is_settled} << 16U) | (std::uint64_t{has_closed} << 17U) |
           (std::uint64_t{is_awaited} << 18U) | (std::uint64_t{is_passable} << 19U) |
           (static_cast<std::uint64_t>(incarnation) << 32U);
  }
  /// Does the producer wait for this row, unless it was passed over? A required consumer gates also
  /// while it is away.
  [[nodiscard]] constexpr bool gates() const noexcept {
    using format::RowKind;
    using format::RowState;
    return (kind == RowKind::gating && state == RowState::active) ||
           (kind == RowKind::required && (state == RowState::active || state == RowState::left));
  }
};

/// Row::hold, taken apart. Every taking of the row by a consumer has a number, so whoever wants to
/// pass one over, and is stopped before it does, does not meet its successor. The mark outlives who
/// was passed over until a later holder gates, because what it was to read is not safe any more.
struct HoldWord {
  bool is_passed_over = false;  ///< the mark
  bool is_joining = false;      ///< taken, and not shown yet: never passed over while it lives
  std::uint32_t number = 0;     ///< of the taking

  static constexpr std::uint64_t passed_over_flag = 1;  ///< the mark's bit
  /// As it stands in the segment.
  static constexpr HoldWord unpack(std::uint64_t word) noexcept {
    return {.is_passed_over = (word & passed_over_flag) != 0,
            .is_joining = (word & 2U) != 0,
            .number = static_cast<std::uint32_t>(word >> 32U)};
  }
  /// As it is to stand in the segment.
  [[nodiscard]] constexpr std::uint64_t pack() const noexcept {
    return std::uint64_t{is_passed_over} | (std::uint64_t{is_joining} << 1U) |
           (static_cast<std::uint64_t>(number) << 32U);
  }
};

/// Did a producer go on without this consumer? Then what lies at its cursor and beyond may be
/// overwritten.
[[nodiscard]] inline bool is_passed_over(const format::Row& row) noexcept {
  // Acquire: pairs with the exchange in `pass_over`, and with the store that lets a later holder
  // gate, whose cursor was written before.
  return HoldWord::unpack(row.hold.load(std::memory_order_acquire)).is_passed_over;
}

/// What can be told of one participant without touching anything.
struct Participant {
  /// What has become of the one who took the row.
  enum class Presence : std::uint8_t {
    alive,    ///< holds its lock
    stopped,  ///< holds its lock, and is known to be stopped (SIGSTOP, debugger)
    dead,     ///< did not leave, and the kernel has dropped its lock
    left,     ///< left in order
  };

  std::uint32_t row = 0;                         ///< of the table
  std::string id;                                ///< unique among the living
  format::RowKind kind = format::RowKind::none;  ///< producer, required, gating
  Presence presence = Presence::left;            ///< what has become of it
  bool gates = false;                            ///< whether producers wait for it
  bool has_closed = false;  ///< one of several producers, that publishes nothing more
  /// A producer went on without this consumer; it may miss `cursor` and what follows.
  bool is_passed_over = false;
  bool is_passable = false;             ///< may be passed over while it lives
  std::uint32_t incarnation = 0;        ///< how often the row was taken
  Sequence cursor;                      ///< consumers: the next sequence it will read
  std::uint64_t joined_ns = 0;          ///< wall clock
  os::ProcessIdentity process;          ///< who took the row
  std::vector<std::string> after = {};  ///< consumers: the ids of those it waits for
};

/// "gating", …
[[nodiscard]] std::string_view to_string(format::RowKind kind) noexcept;
/// "alive", …
[[nodiscard]] std::string_view to_string(Participant::Presence presence) noexcept;

/// Everybody who has a row, in order of rows. Reads only; what others change meanwhile may be seen
/// half. `self` is the caller's own row, if `segment` belongs to a participant: the kernel does not
/// report one's own lock.
[[nodiscard]] std::vector<Participant> list_participants(const Segment& segment,
                                                         std::optional<std::uint32_t> self = {});

/// How many published events a consumer has not committed; nothing of a producer. `published` as in
/// StreamPosition.
[[nodiscard]] std::optional<std::uint64_t> lag(const Participant& participant, Sequence published);

/// "risk (gating, pid 4711, alive)", for messages.
[[nodiscard]] std::string describe(const Participant& participant);
/// All consumers among them, so told; "nobody" if there is none.
[[nodiscard]] std::string describe_consumers(const std::vector<Participant>& participants);

/// A required or gating consumer that lives (it may be stopped) and for which producers wait.
[[nodiscard]] bool holds_producers_back(const Participant& participant) noexcept;

/// Where the stream stands, as far as it can be told from outside.
struct StreamPosition {
  Sequence oldest;     ///< the oldest sequence a consumer joining now would get
  Sequence published;  ///< one past the newest event; of several producers: past the newest claim
  bool is_closed = false;  ///< nothing will be published any more
};
/// Reads only; what changes meanwhile may be seen half.
[[nodiscard]] StreamPosition stream_position(const Segment& segment);
/// Where the stream ends; format::open_end while it is open.
[[nodiscard]] inline std::uint64_t stream_end(const Segment& segment) noexcept {
  // Acquire: whoever sees the end sees all events before it.
  const std::uint64_t end = segment.control().end.load(std::memory_order_acquire);
  if (end != format::open_end || segment.shape().producer_kind == format::ProducerKind::single)
    return end;
  return shared_end(segment);
}

/// What has become of a producer.
enum class ProducerPresence : std::uint8_t { never, alive, dead, left };
/// Of several producers: alive if one is; else dead if one died without closing; else left if one
/// left without closing.
[[nodiscard]] ProducerPresence producer_presence(const Segment& segment);
/// Several producers: whether one beside the holder of row `except` has not closed and may still
/// publish: it lives, or left for a successor, or died and is expected back.
[[nodiscard]] bool is_kept_open(const Segment& segment, std::uint32_t except);

/// True if the stream is closed and every required consumer has read all of it: nobody will need
/// the ring again.
[[nodiscard]] bool is_finished(const Segment& segment);

/// Removes the ring's name if it is finished and nobody else is attached. @return whether this call
/// removed it.
bool remove_if_finished(Segment& segment);
/// For one who leaves, or who only came to the door and kept the last one who left from doing it:
/// the same, after giving up its own hold.
bool let_go(Segment& segment) noexcept;

}  // namespace disruptor_mp
