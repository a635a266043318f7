// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// One participant's place in the table: a row, and the two kernel locks that say that it lives
/// (the row's and the id's). Life of a row:
///
///            other id takes it                shown                     leaves in order
///   free ──────────────────────▶ joining ─────────────▶ active ───────────────────────────▶ left
///     ▲                             │ dies                │ dies, and a blocked producer │
///     └─────── counts as free ◀─────┘                     ▼ proves it (gating only) │
///                                                       dead ──── same id comes back ─▶ active
///                                                       ◀──┘
///
/// Every change is made by the holder of the row's lock, so there is never more than one; the
/// kernel hands the lock on when a holder dies at any point. Rows in `left` or `dead` keep id and
/// cursor for a return of the same id, and are given to others only when no free row is left, that
/// of a dead producer which is expected back last of all; a required consumer's row is never given
/// away.
class Membership {
 public:
  /// Checks an id: 1 to 63 characters of A–Z a–z 0–9 . _ -
  /// @throws Error{invalid_name}
  static void require_valid_id(std::string_view id, const std::string& object);

  /// An id for one who gave none: `kind`, process id, chance.
  static std::string made_up_id(char kind);

  /// Takes the row of that id, or another one. Nothing gates yet; `activate` shows the row.
  /// Waits until `deadline` for somebody who is repairing the row just now.
  /// @throws Error{consumer_alive, table_full, invalid_name}
  static Membership join(Segment& segment, format::RowKind kind, std::string id,
                         TimePoint deadline);

  Membership(Membership&&) noexcept = default;
  Membership& operator=(Membership&&) noexcept = default;

  /// The cursor that the previous holder of this id left, if there was one in this ring.
  [[nodiscard]] std::optional<Sequence> previous_cursor() const noexcept {
    return previous_cursor_;
  }

  /// Declares whom this consumer waits for. From here until `activate` nobody else declares
  /// anything, so of those who would close a circle together the last one is refused. Waits until
  /// `deadline`, if need be, for others who declare. @param after valid ids, none twice, not its
  /// own.
  /// @throws Error{dependency_cycle, graph_busy}
  void declare_after(Segment& segment, const std::vector<std::string>& after, TimePoint deadline);

  /// Shows the row: from here on it gates, if its kind does. `cursor` is raised to what is still
  /// there.
  /// @return the sequence from which on nothing can be overwritten without this participant's
  /// consent.
  Sequence activate(Segment& segment, Sequence cursor);

  /// Leaves in order: a gating consumer stops gating; a required one only if it `resigns`.
  void leave(Segment& segment, bool resigns);

  /// One of several producers has chosen its id: should it die, it is expected back. Before
  /// `activate`.
  void set_awaited() noexcept { is_awaited_ = true; }
  /// A consumer that reads copies. Before `activate`.
  void set_passable() noexcept { is_passable_ = true; }
  /// Whether a producer had gone on without an earlier holder of this id.
  [[nodiscard]] bool was_passed_over() const noexcept { return was_passed_over_; }
  /// One of several producers publishes nothing more; said before it leaves.
  void declare_closed(Segment& segment);

  [[nodiscard]] std::uint32_t row() const noexcept { return row_; }
  [[nodiscard]] std::uint32_t incarnation() const noexcept { return incarnation_; }
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] format::RowKind kind() const noexcept { return kind_; }

 private:
  Membership(std::uint32_t row, format::RowKind kind, std::string id, std::uint32_t incarnation,
             std::optional<Sequence> previous_cursor, bool is_protected, bool was_passed_over)
      : row_(row),
        kind_(kind),
        id_(std::move(id)),
        incarnation_(incarnation),
        previous_cursor_(previous_cursor),
        is_protected_(is_protected),
        was_passed_over_(was_passed_over) {}

  std::uint32_t row_;
  format::RowKind kind_;
  std::string id_;
  std::uint32_t incarnation_;
  std::optional<Sequence> previous_cursor_;
  bool has_closed_ = false;
  bool is_awaited_ = false;
  bool is_passable_ = false;
  bool is_protected_;  ///< the row has gated all the time since its previous cursor was settled
  bool was_passed_over_;
  bool is_declaring_ = false;  ///< holds the lock of the graph
};

/// Takes a consumer out of the gate, whether it lives or not: a producer goes on without it. The
/// caller has read `hold` (a HoldWord), and then found nobody with the row's lock, or somebody who
/// has shown the row and is passable. What it may miss first is its cursor, which stays; a later
/// holder of its id begins where nothing is overwritten, and is told.
/// @return false if somebody has taken the row since, or another caller was faster.
bool pass_over(Segment& segment, std::uint32_t row_index, std::uint64_t hold);

/// If the holder of this row is proven dead and its kind gates only while it lives, takes it out of
/// the gate.
/// @return whether the row does not gate any more. May be called, and killed, by anybody at any
/// time.
bool release_gate_of_dead(Segment& segment, std::uint32_t row_index);

}  // namespace disruptor_mp
