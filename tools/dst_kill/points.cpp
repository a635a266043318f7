// SPDX-License-Identifier: MIT OR Apache-2.0
#include "points.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "disruptor_mp/membership/claims.hpp"
#include "disruptor_mp/membership/gate.hpp"
#include "disruptor_mp/membership/membership.hpp"
#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/os/memory_object.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/shared_tail.hpp"

namespace disruptor_mp::kill {
namespace {

using When = Point::When;
using Who = Point::Who;
using os::MemoryObject;

/// Where a function begins: children are forks, so it is the same there. A pointer to a member
/// function that is not virtual begins with the address (Itanium C++ ABI, section 2.3).
template <class Function>
std::uint64_t entry_of(Function function) {
  std::uint64_t address = 0;
  std::memcpy(&address, &function, sizeof address);
  return address;
}

std::array<Point, 27> make_points() {
  const auto after = [](Word word) { return std::optional(word); };
  return {{
      {"ring_opened",
       "opened, the lock that keeps it from being removed not taken",
       Phase::attach,
       Who::all,
       {},
       entry_of(&MemoryObject::try_lock)},
      {"ring_locked",
       "kept from being removed, not mapped",
       Phase::attach,
       Who::all,
       {},
       entry_of(&MemoryObject::map)},
      {"position_asked",
       "mapped, about to look where the stream stands",
       Phase::attach,
       Who::producers,
       {},
       entry_of(&stream_position)},
      {"row_sought",
       "about to look for a row",
       Phase::attach,
       Who::members,
       {},
       entry_of(&Membership::join)},
      {"claims_buried",
       "has the lock of its row, and has not buried what was claimed in it",
       Phase::attach,
       Who::members,
       {},
       entry_of(&bury_claims),
       When::several},
      {"row_taken",
       "has a row and its lock, and has not shown it",
       Phase::attach,
       Who::members,
       {},
       entry_of(&Membership::activate)},
      {"row_shown",
       "has shown its row, and not compared with the horizon",
       Phase::attach,
       Who::consumers,
       {},
       entry_of(&os::asymmetric_heavy_fence),
       When::at_times},

      {"payload_written", "a part of an event is written", Phase::publish, Who::producers,
       after(Word::payload)},
      {"event_stamped", "published by its stamp, nobody rung for", Phase::publish, Who::producers,
       after(Word::stamp)},
      {"events_published", "published by the cursor, or a hint stored, nobody rung for",
       Phase::publish, Who::producers, after(Word::published)},
      {"horizon_told", "more room promised away, the gates not looked at again", Phase::publish,
       Who::producers, after(Word::horizon)},
      {"row_covers", "the row says what is to be claimed, and it is not", Phase::publish,
       Who::producers, after(Word::claim)},
      {"tail_moved", "slots claimed, nothing written", Phase::publish, Who::producers,
       after(Word::tail)},
      {"gates_asked",
       "about to look at the gates",
       Phase::publish,
       Who::producers,
       {},
       entry_of(&Gate::minimum)},
      {"holders_asked",
       "no room: about to ask who is dead",
       Phase::publish,
       Who::producers,
       {},
       entry_of(&Gate::examine_holders),
       When::at_times},
      {"gate_released",
       "about to release the gate of one that is dead",
       Phase::publish,
       Who::producers,
       {},
       entry_of(&release_gate_of_dead),
       When::beside_a_death},
      {"producer_sleeps",
       "no room: has said that it sleeps, and looked again",
       Phase::publish,
       Who::producers,
       {},
       entry_of(&os::futex_wait),
       When::at_times},
      {"consumers_woken",
       "the bell says that it is rung, nobody is woken",
       Phase::publish,
       Who::producers,
       {},
       entry_of(&os::futex_wake_all),
       When::at_times},

      {"cursor_stored", "a batch committed, nobody rung for", Phase::poll, Who::members,
       after(Word::cursor)},
      {"producer_asked",
       "nothing to read: about to ask who lives",
       Phase::poll,
       Who::consumers,
       {},
       entry_of(&producer_presence),
       When::at_times},
      {"void_asked",
       "nothing to read: about to ask whether its claimer is dead",
       Phase::poll,
       Who::consumers,
       {},
       entry_of(&is_void),
       When::several},
      {"consumer_sleeps",
       "nothing to read: has said that it sleeps, and looked again",
       Phase::poll,
       Who::consumers,
       {},
       entry_of(&os::futex_wait),
       When::at_times},
      {"producers_woken",
       "the bell says that it is rung, nobody is woken",
       Phase::poll,
       Who::members,
       {},
       entry_of(&os::futex_wake_all),
       When::at_times},

      {"row_kept",
       "about to say in its row that it leaves",
       Phase::leave,
       Who::members,
       {},
       entry_of(&Membership::leave)},
      {"row_left",
       "the row says that it has left, its locks are held",
       Phase::leave,
       Who::members,
       {},
       entry_of(&MemoryObject::unlock)},
      {"ring_let_go",
       "all locks of its row dropped, the ring not let go of",
       Phase::leave,
       Who::all,
       {},
       entry_of(&let_go)},
      {"end_asked",
       "about to ask whether the ring may be removed",
       Phase::leave,
       Who::all,
       {},
       entry_of(&remove_if_finished)},
  }};
}

}  // namespace

std::span<const Point> all_points() {
  static const auto points = make_points();
  return points;
}

bool can_meet(const Profile& profile, const Part& part, const Point& point) {
  const auto has_gating = [&] {
    return std::any_of(profile.parts.begin(), profile.parts.end(),
                       [](const Part& other) { return other.role == Role::gating; });
  };
  if (point.when == When::several && profile.producers != ProducerKind::multi) return false;
  if (point.when == When::beside_a_death && !has_gating()) return false;
  switch (point.who) {
    case Who::producers:
      return part.role == Role::producer;
    case Who::consumers:
      return part.role != Role::producer;
    case Who::members:
      // Producers poll nothing.
      return part.role != Role::observer &&
             (point.phase != Phase::poll || part.role != Role::producer);
    case Who::all:
      return true;
  }
  return false;
}

}  // namespace disruptor_mp::kill
