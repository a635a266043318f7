// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The segment: every byte that processes share. docs/segment-format.md is the same in prose and
// pictures.
//
//   page 0           Header         written before the object has a name, never again; nobody maps
//   it writable page 1           Bells          who sleeps; writable by everybody who has the
//   right, also by observers page 2 …         Control        where the stream is; written by
//   producers (one word by everybody)
//                    Row[rows]      one per participant; written by whoever holds the row's lock
//                    Counters[rows] what each participant counts about itself, or nothing
//                    Claims         empty in this version
//   page boundary    Slot[capacity] written by producers; consumers map it read-only
//
// All words that change after birth are std::atomic, and every offset is pinned below. A word is
// read as if an enemy had written it: indices are masked, counts clamped, sizes come from the
// validated private copy of the header.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "disruptor_mp/base/types.hpp"

namespace disruptor_mp::format {

inline constexpr std::array<char, 8> magic = {'D', 'M', 'P', '-', 'R', 'I', 'N', 'G'};
inline constexpr std::uint32_t version = 6;
/// Reads back differently on a machine of other byte order.
inline constexpr std::uint32_t byte_order_mark = 0x0A0B0C0D;
inline constexpr std::uint64_t header_size = 4096;
inline constexpr std::uint64_t max_capacity = std::uint64_t{1} << 30U;
inline constexpr std::uint64_t max_total_size = std::uint64_t{1} << 46U;
inline constexpr std::uint32_t max_rows = 4096;
inline constexpr std::uint64_t max_first_sequence = std::uint64_t{1} << 63U;
/// No position that is further from the first sequence is one that events have brought about (at
/// 10^9 a second in 146 years).
inline constexpr std::uint64_t max_stream_length = std::uint64_t{1} << 62U;
/// Several producers need two bits of the sequence for themselves.
inline constexpr std::uint64_t max_first_sequence_of_multi = std::uint64_t{1} << 60U;
/// `Shape::revoke_stopped_after` is read as a signed Duration.
inline constexpr std::uint64_t max_revoke_stopped_after = ~std::uint64_t{0} >> 1U;
inline constexpr std::size_t type_name_size = 128;
inline constexpr std::size_t schema_size = 2048;

/// How slots say what they hold. See ring/slots.hpp.
enum class SlotLayout : std::uint32_t { packed = 1, stamped = 2 };
enum class ProducerKind : std::uint32_t { single = 1, multi = 2 };
/// What a publisher's store-load fences are. See ring/fences.hpp.
enum class FenceMode : std::uint32_t { asymmetric = 1, portable = 2 };
/// What a producer does while no consumer gates it.
enum class WhenAlone : std::uint32_t { block = 1, run_free = 2 };

/// What a creator chooses; everything else of the header follows from it or tells of its birth.
struct Shape {
  std::uint64_t capacity = 0;  ///< slots, a power of two
  std::uint64_t event_size = 0;
  std::uint64_t event_align = 0;
  std::uint64_t slot_stride = 0;  ///< bytes from slot to slot
  std::uint32_t rows = 0;
  SlotLayout slot_layout = SlotLayout::packed;
  ProducerKind producer_kind = ProducerKind::single;
  FenceMode fence_mode = FenceMode::asymmetric;
  WhenAlone when_alone = WhenAlone::block;
  std::uint32_t page_size = 0;
  std::uint64_t first_sequence = 0;
  /// Several producers: nanoseconds after which the claim of one that does not go on may be
  /// revoked; 0: never. See membership/revoking.hpp.
  std::uint64_t revoke_stopped_after = 0;
  /// 1: every participant counts what it does; 0: there is no room for counters.
  std::uint32_t counters = 1;
  std::uint32_t reserved = 0;
};

struct Section {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Follows from the shape alone; stored so that a reader of another language need not compute it.
struct Sections {
  Section bells;
  Section control;
  Section rows;
  Section counters;
  Section claims;
  Section slots;
  std::uint64_t total_size = 0;
};

struct Birth {
  std::array<std::uint64_t, 2> instance{};  ///< random; tells a ring from its namesakes
  std::array<std::uint64_t, 2> boot{};
  std::uint64_t created_ns = 0;  ///< wall clock
  std::uint32_t creator_pid = 0;
  std::uint32_t creator_uid = 0;
};

/// Which memory the creator asked for, and what it got; for people. The words are those of
/// os/pages.hpp.
struct Memory {
  std::uint32_t huge_pages_asked = 0;  ///< HugePages
  std::uint32_t huge_pages = 0;        ///< HugePages
  std::uint32_t hugetlb_note = 0;      ///< PageNote
  std::uint32_t transparent_note = 0;  ///< PageNote
  std::uint32_t node_asked = 0;        ///< a memory node, plus 1; 0: not asked
  std::uint32_t node_note = 0;         ///< NodeNote
};

struct Header {
  std::array<char, 8> magic{};
  std::uint32_t version = 0;
  std::uint32_t byte_order = 0;
  std::uint32_t word_size = 0;
  std::uint32_t size = 0;
  Shape shape;
  Sections sections;
  Birth birth;
  std::uint64_t fingerprint = 0;
  std::array<char, type_name_size> type_name{};
  std::array<char, schema_size> schema{};
  Memory memory;
  std::array<char, 1624> reserved{};
  std::uint64_t checksum = 0;  ///< FNV-1a of all bytes before it
};
static_assert(sizeof(Header) == header_size);
static_assert(offsetof(Header, magic) == 0);
static_assert(offsetof(Header, version) == 8);
static_assert(offsetof(Header, byte_order) == 12);
static_assert(offsetof(Header, word_size) == 16);
static_assert(offsetof(Header, size) == 20);
static_assert(offsetof(Header, shape.capacity) == 24);
static_assert(offsetof(Header, shape.event_size) == 32);
static_assert(offsetof(Header, shape.event_align) == 40);
static_assert(offsetof(Header, shape.slot_stride) == 48);
static_assert(offsetof(Header, shape.rows) == 56);
static_assert(offsetof(Header, shape.slot_layout) == 60);
static_assert(offsetof(Header, shape.producer_kind) == 64);
static_assert(offsetof(Header, shape.fence_mode) == 68);
static_assert(offsetof(Header, shape.when_alone) == 72);
static_assert(offsetof(Header, shape.page_size) == 76);
static_assert(offsetof(Header, shape.first_sequence) == 80);
static_assert(offsetof(Header, shape.revoke_stopped_after) == 88);
static_assert(offsetof(Header, shape.counters) == 96);
static_assert(offsetof(Header, shape.reserved) == 100);
static_assert(sizeof(Shape) == 80);
static_assert(offsetof(Section, offset) == 0);
static_assert(offsetof(Section, size) == 8);
static_assert(offsetof(Header, sections.bells) == 104);
static_assert(offsetof(Header, sections.control) == 120);
static_assert(offsetof(Header, sections.rows) == 136);
static_assert(offsetof(Header, sections.counters) == 152);
static_assert(offsetof(Header, sections.claims) == 168);
static_assert(offsetof(Header, sections.slots) == 184);
static_assert(offsetof(Header, sections.total_size) == 200);
static_assert(sizeof(Sections) == 104);
static_assert(offsetof(Header, birth.instance) == 208);
static_assert(offsetof(Header, birth.boot) == 224);
static_assert(offsetof(Header, birth.created_ns) == 240);
static_assert(offsetof(Header, birth.creator_pid) == 248);
static_assert(offsetof(Header, birth.creator_uid) == 252);
static_assert(sizeof(Birth) == 48);
static_assert(offsetof(Header, fingerprint) == 256);
static_assert(offsetof(Header, type_name) == 264);
static_assert(offsetof(Header, schema) == 392);
static_assert(offsetof(Header, memory.huge_pages_asked) == 2440);
static_assert(offsetof(Header, memory.huge_pages) == 2444);
static_assert(offsetof(Header, memory.hugetlb_note) == 2448);
static_assert(offsetof(Header, memory.transparent_note) == 2452);
static_assert(offsetof(Header, memory.node_asked) == 2456);
static_assert(offsetof(Header, memory.node_note) == 2460);
static_assert(offsetof(Header, reserved) == 2464);
static_assert(offsetof(Header, checksum) == 4088);

/// A futex word: odd while somebody sleeps on it or is about to. See ring/bell.hpp.
struct alignas(isolation) BellWord {
  std::atomic<std::uint32_t> word;
  /// When it was rung last (monotonic clock), by one who counts; written before `word`.
  std::atomic<std::uint64_t> rung_ns;
};

struct Bells {
  BellWord
      data;  ///< rung when there may be something new to read: event, close, producer came or went
  BellWord gates;  ///< rung when there may be room: commit, a consumer came or went
};
static_assert(offsetof(Bells, data.word) == 0);
static_assert(offsetof(Bells, data.rung_ns) == 8);
static_assert(offsetof(Bells, gates.word) == 128);
static_assert(sizeof(Bells) == 256);

/// `Control::end` of an open stream.
inline constexpr std::uint64_t open_end = std::numeric_limits<std::uint64_t>::max();

struct Control {
  /// Packed slots: how many events are published. Stamped slots: a lower bound of it, for whoever
  /// must find the end. Written by the producer.
  alignas(isolation) std::atomic<std::uint64_t> published;

  /// No sequence at or beyond this is written before the producer has looked at the rows again.
  /// Never goes back. Written by the producer, before it writes any slot below it.
  alignas(isolation) std::atomic<std::uint64_t> horizon;

  /// Where the stream ends, or open_end. Written once, by the producer that closes.
  alignas(isolation) std::atomic<std::uint64_t> end;
  /// Counts changes of the rows that matter to a gate. Written by whoever changed a row, after it
  /// did.
  std::atomic<std::uint64_t> membership_epoch;
  /// ProducerPhase in the low 32 bits, incarnation above. Written by the holder of the producer
  /// lock.
  std::atomic<std::uint64_t> producer;
  /// The row of the latest producer. Written by the holder of the producer lock, before `producer`.
  std::atomic<std::uint64_t> producer_row;

  /// Several producers: what is claimed, and by whom next. A TailWord (ring/shared_tail.hpp), only
  /// ever changed by compare-and-exchange. Zero in a ring of one producer.
  alignas(isolation) std::atomic<std::uint64_t> tail;
  /// How many sequences were revoked. Added to by who revoked them, afterwards; for people.
  std::atomic<std::uint64_t> revoked;
  /// Why the stream was ended for all, or zero. A StopWord (membership/roster.hpp). Written once,
  /// by compare-and-exchange, by a producer, before it ends the stream.
  std::atomic<std::uint64_t> stop;
};
static_assert(offsetof(Control, published) == 0);
static_assert(offsetof(Control, horizon) == 128);
static_assert(offsetof(Control, end) == 256);
static_assert(offsetof(Control, membership_epoch) == 264);
static_assert(offsetof(Control, producer) == 272);
static_assert(offsetof(Control, producer_row) == 280);
static_assert(offsetof(Control, tail) == 384);
static_assert(offsetof(Control, revoked) == 392);
static_assert(offsetof(Control, stop) == 400);
static_assert(sizeof(Control) == 512);

enum class ProducerPhase : std::uint32_t {
  none = 0,    ///< never had one
  active = 1,  ///< has one, which may have died: ask the producer lock
  left = 2,    ///< left in order, without closing
};

enum class RowState : std::uint8_t {
  free = 0,     ///< never used
  joining = 1,  ///< being filled in; does not gate
  active =
      2,  ///< in use by the holder of the row's lock, or of a dead participant if nobody holds it
  left = 3,  ///< left in order; id and cursor are kept for its return, until the row is needed
  dead = 4,  ///< proven dead and out of the gate; kept in the same way
};

enum class RowKind : std::uint8_t { none = 0, producer = 1, required = 2, gating = 3 };

inline constexpr std::size_t id_words = 8;
inline constexpr std::size_t max_id_length = id_words * 8 - 1;
inline constexpr std::size_t after_words = 27;
inline constexpr std::size_t max_after_length = after_words * 8 - 1;

/// One participant. Only the holder of the row's lock writes it, but for `hold` and `bias_end`.
struct Row {
  /// RowState in bits 0–7, RowKind in bits 8–15, flags (see RowStatus) from bit 16 on, incarnation
  /// in bits 32–63.
  alignas(isolation) std::atomic<std::uint64_t> status;
  std::atomic<std::uint64_t> joined_ns;    ///< wall clock, for people
  std::atomic<std::uint64_t> pid_and_uid;  ///< pid in the low half
  std::atomic<std::uint64_t> pid_namespace;
  std::atomic<std::uint64_t> start_ticks;
  std::array<std::atomic<std::uint64_t>, id_words> id;  ///< NUL-padded text

  /// Consumers: the next sequence this one will read; everything below it is done with.
  alignas(isolation) std::atomic<std::uint64_t> cursor;

  /// One of several producers: what it claimed last, or is trying to claim, is [claim_first,
  /// claim_end). Written by it alone; see ring/shared_tail.hpp.
  alignas(isolation) std::atomic<std::uint64_t> claim_first;
  std::atomic<std::uint64_t> claim_end;
  /// How often the tail was biased to this row. Written by the producer.
  std::atomic<std::uint64_t> bias_count;
  /// Where its latest bias ended, or that it has not yet. Settled by compare-and-exchange, by
  /// whoever comes first.
  std::atomic<std::uint64_t> bias_end;
  /// Consumers: whether the row still holds producers back, whatever its status says. A HoldWord
  /// (membership/roster.hpp), only ever changed by compare-and-exchange: by the holder of the row's
  /// lock, and by a producer that goes on without it.
  std::atomic<std::uint64_t> hold;
  /// Consumers: the ids of those this one waits for, separated by commas, NUL-padded text; none if
  /// the first word is zero. Written by the holder of the row's lock before the row is shown; for
  /// those who draw the graph or look for circles, never for gating. See membership/graph.hpp.
  std::array<std::atomic<std::uint64_t>, after_words> after;
};
static_assert(offsetof(Row, status) == 0);
static_assert(offsetof(Row, joined_ns) == 8);
static_assert(offsetof(Row, pid_and_uid) == 16);
static_assert(offsetof(Row, pid_namespace) == 24);
static_assert(offsetof(Row, start_ticks) == 32);
static_assert(offsetof(Row, id) == 40);
static_assert(offsetof(Row, cursor) == 128);
static_assert(offsetof(Row, claim_first) == 256);
static_assert(offsetof(Row, claim_end) == 264);
static_assert(offsetof(Row, bias_count) == 272);
static_assert(offsetof(Row, bias_end) == 280);
static_assert(offsetof(Row, hold) == 288);
static_assert(offsetof(Row, after) == 296);
static_assert(sizeof(Row) == 512);

inline constexpr std::size_t batch_classes = 16;
inline constexpr std::size_t user_counters = 8;
inline constexpr std::size_t label_words = 6;
inline constexpr std::size_t max_label_length = label_words * 8 - 1;

/// A counter of the application's own.
struct UserCounter {
  std::atomic<std::uint64_t> id;  ///< zero: not in use. Written last
  std::atomic<std::uint64_t> value;
  std::array<std::atomic<std::uint64_t>, label_words> label;  ///< NUL-padded text
};
static_assert(sizeof(UserCounter) == 64);

/// What one participant counts about itself; metrics/counters.hpp says what each is called, and how
/// numbers of events follow from positions. Written by the holder of the row's lock alone, by plain
/// loads and stores, but for `held_up_…`; all zero when the row is given to another id. Nothing is
/// decided by them. Who dies between what it did and the counting of it has counted one too few.
struct Counters {
  /// The only producer, and consumers: the sequence from which on events are counted, so that their
  /// number is the distance to its position (it may wrap below zero, if events were read twice);
  /// or, with the two highest bits `paused`, the number itself. One word, so that nobody can die
  /// between two halves of a turn.
  alignas(isolation) std::atomic<std::uint64_t> origin;
  static constexpr std::uint64_t paused = 0b10;
  std::atomic<std::uint64_t> reserved_first;
  /// One of several producers: how many sequences it claimed, but for those of an open bias.
  std::atomic<std::uint64_t> claimed;
  /// One of several producers: one past where its open bias began; zero without one.
  std::atomic<std::uint64_t> bias_origin;
  /// One of several producers: how many of the claimed it did not publish.
  std::atomic<std::uint64_t> given_up;
  std::atomic<std::uint64_t> full;        ///< publishes that found no room
  std::atomic<std::uint64_t> blocked_ns;  ///< in which publishes waited for room, once they ended
  std::atomic<std::uint64_t> blocked_since_ns;  ///< monotonic clock, while one waits; else zero
  std::atomic<std::uint64_t> blocked_by;        ///< one past the row it waits or waited for
  std::atomic<std::uint64_t> parks;             ///< sleeps in the kernel
  std::atomic<std::uint64_t> unparks;           ///< of these, ended by being woken
  std::atomic<std::uint64_t> wake_ups;          ///< others woken
  std::atomic<std::uint64_t> wake_ns;           ///< from being rung for until awake, added up
  std::atomic<std::uint64_t> wake_ns_max;
  std::atomic<std::uint64_t> alerts;            ///< of the liveness policy
  std::atomic<std::uint64_t> last_progress_ns;  ///< monotonic clock; when it was last seen to be
                                                ///< done with all there was
  std::atomic<std::uint64_t> lives;             ///< how often its id took the row
  std::atomic<std::uint64_t> empty;             ///< consumers: looks that found nothing
  std::atomic<std::uint64_t> lag_max;           ///< consumers: at the beginning of a batch
  std::atomic<std::uint64_t> voids;             ///< consumers: skipped, nothing is published there
  std::atomic<std::uint64_t> missed;            ///< consumers: overwritten before they were read
  std::atomic<std::uint64_t> redelivered;       ///< consumers: at most so many came a second time
  std::atomic<std::uint64_t> batch_end;         ///< consumers: the end of the latest batch
  /// Consumers: how long, and how often, producers waited because of this one. Added to by them,
  /// when they wait no more.
  std::atomic<std::uint64_t> held_up_ns;
  std::atomic<std::uint64_t> held_up;
  std::array<std::atomic<std::uint64_t>, 7> reserved;
  /// Consumers: batches of 1, 2–3, 4–7, … events; the last of 2^15 and more.
  std::array<std::atomic<std::uint64_t>, batch_classes> batches;
  std::array<std::atomic<std::uint64_t>, 16> reserved_too;
  std::array<UserCounter, user_counters> user;
};
static_assert(offsetof(Counters, origin) == 0);
static_assert(offsetof(Counters, claimed) == 16);
static_assert(offsetof(Counters, bias_origin) == 24);
static_assert(offsetof(Counters, given_up) == 32);
static_assert(offsetof(Counters, full) == 40);
static_assert(offsetof(Counters, blocked_ns) == 48);
static_assert(offsetof(Counters, blocked_since_ns) == 56);
static_assert(offsetof(Counters, blocked_by) == 64);
static_assert(offsetof(Counters, parks) == 72);
static_assert(offsetof(Counters, unparks) == 80);
static_assert(offsetof(Counters, wake_ups) == 88);
static_assert(offsetof(Counters, wake_ns) == 96);
static_assert(offsetof(Counters, wake_ns_max) == 104);
static_assert(offsetof(Counters, alerts) == 112);
static_assert(offsetof(Counters, last_progress_ns) == 120);
static_assert(offsetof(Counters, lives) == 128);
static_assert(offsetof(Counters, empty) == 136);
static_assert(offsetof(Counters, lag_max) == 144);
static_assert(offsetof(Counters, voids) == 152);
static_assert(offsetof(Counters, missed) == 160);
static_assert(offsetof(Counters, redelivered) == 168);
static_assert(offsetof(Counters, batch_end) == 176);
static_assert(offsetof(Counters, held_up_ns) == 184);
static_assert(offsetof(Counters, held_up) == 192);
static_assert(offsetof(Counters, batches) == 256);
static_assert(offsetof(Counters, user) == 512);
static_assert(sizeof(Counters) == 1024);

static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
                  std::atomic<std::uint32_t>::is_always_lock_free,
              "atomics between processes must be lock-free");
static_assert(sizeof(std::atomic<std::uint64_t>) == 8 && sizeof(std::atomic<std::uint32_t>) == 4);

/// Bytes of the object's lock space (not of its content: they lie beyond any possible size).
/// Holding one is being alive in that role; the kernel releases it at death. See
/// os/memory_object.hpp.
namespace lock {
inline constexpr std::uint64_t base = std::uint64_t{1} << 62U;
/// Held shared by everybody who is attached; exclusively by whoever removes the object.
inline constexpr std::uint64_t attached = base;
/// Held exclusively by the producer of a single-producer ring.
inline constexpr std::uint64_t producer = base + 1;
/// Held exclusively by a consumer that declares whom it waits for, until its row is shown.
inline constexpr std::uint64_t graph = base + 2;
/// Held exclusively by the participant in that row, or by whoever repairs it.
constexpr std::uint64_t row(std::uint64_t index) { return base + 4096 + index; }
/// Held exclusively by the living participant of that id, so that two can never share one.
constexpr std::uint64_t id(std::uint64_t hash) { return base + (base >> 1U) + (hash >> 4U); }
}  // namespace lock
static_assert(lock::id(~std::uint64_t{0}) < (std::uint64_t{1} << 63U));

}  // namespace disruptor_mp::format
