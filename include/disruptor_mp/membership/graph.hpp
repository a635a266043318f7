// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Who waits for whom: what consumers have declared in their rows. Only for those who draw it, look
// for circles, or explain; what holds a consumer back is its own barrier (barrier.hpp).
// docs/graphs.md has the protocol.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// A consumer that stands in the way of another one.
struct Blocker {
  std::string id;
  std::optional<Participant> participant;  ///< nothing: it has never been in this ring
};
/// "journal (required, pid 4711, stopped) at 12", "journal, which has never been there"
[[nodiscard]] std::string describe(const Blocker& blocker);

/// The one of `consumer.after` that keeps it from reading on, the one of that one's that keeps
/// that, and so on: the last is where the trouble is. Empty if it stands at nobody.
[[nodiscard]] std::vector<Blocker> blockers_of(const std::vector<Participant>& participants,
                                               const Participant& consumer);

/// A way from `id` through what has been declared back to `id`, if it declared `after` now: "a",
/// "b", "a". Empty if there is none.
[[nodiscard]] std::vector<std::string> find_cycle(const std::vector<Participant>& participants,
                                                  const std::string& id,
                                                  const std::vector<std::string>& after);

/// What a row's holder has declared. Reads only; may be half of an old and half of a new
/// declaration while it is made.
[[nodiscard]] std::vector<std::string> read_after(const format::Row& row);
/// By the holder of the row's lock. Dying in it: it waits for nobody, until its next holder
/// declares.
void write_after(format::Row& row, const std::vector<std::string>& after);
/// How many characters of a row a declaration takes; at most format::max_after_length.
[[nodiscard]] std::size_t after_length(const std::vector<std::string>& after) noexcept;

}  // namespace disruptor_mp
