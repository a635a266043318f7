// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Looking after rings from outside: what is there, and what of it nobody will ever need again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// How a stream stands, in one word.
enum class StreamState : std::uint8_t {
  alive,    ///< has a producer
  stopped,  ///< has a producer, which is known to be stopped (SIGSTOP, debugger)
  dead,     ///< its producer died; a successor may come
  left,     ///< its producer left it open for a successor
  closed,   ///< has ended in order
  never,    ///< has no producer yet
};
/// "alive", …
[[nodiscard]] std::string_view to_string(StreamState state) noexcept;

/// Producers that have not closed, by what has become of them.
struct ProducerCount {
  std::uint32_t alive = 0;    ///< and not known to be stopped
  std::uint32_t stopped = 0;  ///< by a signal or a debugger
  std::uint32_t dead = 0;     ///< without closing
  std::uint32_t left = 0;     ///< without closing
};
/// Of what list_participants found.
[[nodiscard]] ProducerCount count_producers(const std::vector<Participant>& participants);

/// What a list of rings says of each.
struct RingSummary {
  std::string name;                        ///< with its back-end: "shm:quotes"
  std::string type_name;                   ///< of its events
  std::uint64_t event_size = 0;            ///< bytes
  std::uint64_t capacity = 0;              ///< slots
  std::uint64_t total_size = 0;            ///< bytes of the object
  std::uint64_t created_ns = 0;            ///< wall clock
  StreamPosition position;                 ///< where the stream stands
  StreamState state = StreamState::never;  ///< in one word
  format::ProducerKind producer_kind = format::ProducerKind::single;  ///< one at a time, or several
  ProducerCount producers;                                            ///< that have not closed
  std::uint32_t consumers_present = 0;  ///< required and gating ones that are alive
  std::uint32_t consumers_away = 0;     ///< required ones that are not, and hold the producer back
};

/// Reads only; what changes meanwhile may be seen half.
[[nodiscard]] RingSummary summarize(const Segment& segment);
/// In one word, from what list_participants found.
[[nodiscard]] StreamState stream_state(const Segment& segment,
                                       const std::vector<Participant>& participants);

/// One ring, and who is in it.
struct RingDetails {
  RingSummary ring;                       ///< as in a list
  std::vector<Participant> participants;  ///< in order of their rows
};

/// Looks at the ring of this name; needs read permission only, changes nothing, holds nobody up.
/// Participants whose ids start with `id_prefix` only; all: empty.
/// @throws Error{not_found, permission_denied, not_a_ring, corrupt, version_mismatch, …}
[[nodiscard]] RingDetails inspect_ring(std::string_view name, std::string_view id_prefix = {});

/// An object of which no ring could be read, and why: something else, a damaged header, another
/// release, missing rights.
struct UnreadableObject {
  std::string name;  ///< with its back-end
  Error error;       ///< what attaching to it would throw
};

/// What there is in one place.
struct RingList {
  std::vector<RingSummary> rings;            ///< by name
  std::vector<UnreadableObject> unreadable;  ///< by name
};

/// All rings of the shm back-end whose names start with `prefix`. Rings that come or go meanwhile
/// may be missing.
[[nodiscard]] RingList list_rings(std::string_view prefix = {});
/// The same for the files of a directory.
/// @throws Error{not_found, permission_denied}: about the directory
[[nodiscard]] RingList list_ring_files(const std::string& directory, std::string_view prefix = {});

/// How far cleaning goes.
struct CleanOptions {
  /// Look and tell only.
  bool dry_run = false;
  /// Also what is meant to be kept, or cannot be read; never what somebody alive uses.
  bool force = false;
};

/// What became of one object, and why.
struct CleanResult {
  std::string name;         ///< with its back-end
  bool is_removed = false;  ///< with dry_run: would be
  std::string reason;       ///< "its producer (pid 4711) died, and nobody is attached"
};

/// Removes a ring's name if nobody will ever need it, and says why or why not:
///
/// | found                                                     | what happens       |
/// |-----------------------------------------------------------|--------------------|
/// | somebody is attached: alive, stopped, or an observer      | kept, always       |
/// | made before the machine's last start                      | removed            |
/// | closed, and read by every required consumer               | removed            |
/// | closed, and a required consumer has not read all          | kept unless forced |
/// | open, its producer left it on purpose                     | kept unless forced |
/// | open, its producer died; a required consumer left in      |                    |
/// | order, so it means to come back for what it has not read  | kept unless forced |
/// | open, its producer died                                   | removed            |
/// | not a ring, damaged, or of another release                | kept unless forced |
/// | without a name (`fd:`)                                    | kept: it goes by   |
/// |                                                           | itself             |
///
/// The proof that nobody is attached is a kernel lock; nobody can attach between the proof and the
/// removal. May be called, and killed, at any time, by several at once.
/// @throws Error{not_found}
CleanResult clean_ring(const os::ObjectName& name, const CleanOptions& options);

/// Removes half-made objects that a dead creator left in a directory; empty: where the shm back-end
/// keeps its objects. (Where unnamed files are supported there are none.)
std::vector<CleanResult> clean_temporaries(const std::string& directory,
                                           const CleanOptions& options);

}  // namespace disruptor_mp
