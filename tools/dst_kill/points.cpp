// SPDX-License-Identifier: MIT OR Apache-2.0
#include "points.hpp"

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
       Who::all,
       {},
       entry_of(&stream_position)},
      {"row_sought",
       "about to look for a row",
       Phase::attach,
       Who::members,
       {},
       entry_of(&Membership::join)},
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
       true},

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
       true},
      {"gate_released",
       "about to release the gate of one that is dead",
       Phase::publish,
       Who::producers,
       {},
       entry_of(&release_gate_of_dead),
       true},
      {"bias_settled",
       "about to settle whose the tail was",
       Phase::publish,
       Who::producers,
       {},
       entry_of(&settle_bias),
       true},
      {"producer_sleeps",
       "no room: has said that it sleeps, and looked again",
       Phase::publish,
       Who::producers,
       {},
       entry_of(&os::futex_wait),
       true},
      {"consumers_woken",
       "the bell says that it is rung, nobody is woken",
       Phase::publish,
       Who::producers,
       {},
       entry_of(&os::futex_wake_all),
       true},

      {"cursor_stored", "a batch committed, nobody rung for", Phase::poll, Who::members,
       after(Word::cursor)},
      {"producer_asked",
       "nothing to read: about to ask who lives",
       Phase::poll,
       Who::consumers,
       {},
       entry_of(&producer_presence),
       true},
      {"void_asked",
       "nothing to read: about to ask whether its claimer is dead",
       Phase::poll,
       Who::consumers,
       {},
       entry_of(&is_void),
       true},
      {"consumer_sleeps",
       "nothing to read: has said that it sleeps, and looked again",
       Phase::poll,
       Who::consumers,
       {},
       entry_of(&os::futex_wait),
       true},
      {"producers_woken",
       "the bell says that it is rung, nobody is woken",
       Phase::poll,
       Who::members,
       {},
       entry_of(&os::futex_wake_all),
       true},

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

bool can_meet(const Part& part, const Point& point) {
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
