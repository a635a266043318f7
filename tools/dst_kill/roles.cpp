// SPDX-License-Identifier: MIT OR Apache-2.0
#include "roles.hpp"

#include <sys/ptrace.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

#include "disruptor_mp/membership/row_id.hpp"
#include "evidence/event_log.hpp"
#include "evidence/proof_event.hpp"

namespace disruptor_mp::kill {
namespace {

using namespace std::chrono_literals;
using evidence::EventLog;
using evidence::LogKind;
using evidence::LogRecord;
using evidence::mix;

/// A part gives up after so long: the orchestrator has then long called it a hang.
constexpr auto role_patience = 60s;
constexpr std::uint64_t max_batch = 8;
constexpr std::uint64_t log_size = std::uint64_t{1} << 20U;

LogKind log_kind(const Profile& profile, Role role) {
  switch (role) {
    case Role::producer:
      return profile.producers == ProducerKind::multi ? LogKind::one_of_several : LogKind::producer;
    case Role::required:
      return LogKind::required;
    case Role::gating:
      return LogKind::gating;
    case Role::observer:
      return LogKind::observer;
  }
  return LogKind::none;
}

std::uint64_t address_of(const void* place) { return reinterpret_cast<std::uint64_t>(place); }

class Player {
 public:
  Player(const Profile& profile, const Part& part, const Life& life, Board& board, Seat& seat)
      : profile_(profile),
        part_(part),
        life_(life),
        board_(board),
        seat_(seat),
        random_(life.seed),
        log_(life.logs, part.id, life.number, log_kind(profile, part.role), log_size) {}

 protected:
  template <class Operation>
  decltype(auto) in_phase(Phase phase, Operation&& operation) {
    seat_.phase.store(phase, std::memory_order_relaxed);
    if (seat_.wish.load(std::memory_order_relaxed) == phase) [[unlikely]]
      ask_to_be_traced();
    struct End {
      Seat& seat;
      ~End() { seat.phase.store(Phase::none, std::memory_order_relaxed); }
    } const end{seat_};
    return operation();
  }

  [[nodiscard]] bool shall_leave() const {
    return seat_.wish.load(std::memory_order_relaxed) == Phase::leave;
  }

  void note_attached(const Segment& segment, std::uint64_t start, bool is_resumed,
                     std::uint64_t batch) {
    log_.note_attached(start, is_resumed, batch);
    note_words(segment);
    // Release: with the words. A dead one's words are never used.
    seat_.attached_life.store(life_.number, std::memory_order_release);
  }

  void note_progress(std::uint64_t next) {
    seat_.next.store(next, std::memory_order_relaxed);
    // Acquire: the goal that belongs to the number.
    const std::uint64_t number = board_.goal_number.load(std::memory_order_acquire);
    if (number == reached_ || next <= board_.goal.load(std::memory_order_relaxed)) return;
    reached_ = number;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    seat_.reached_ns.store(static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count()),
                           std::memory_order_relaxed);
    seat_.reached.store(number, std::memory_order_release);
  }

  [[nodiscard]] bool is_ending() const { return board_.is_ending.load(std::memory_order_acquire); }
  std::uint64_t random() { return random_ = mix(random_ + 0x9e3779b97f4a7c15U); }
  void nap() { std::this_thread::sleep_for(std::chrono::microseconds(random() % 200)); }

  const Profile& profile_;
  const Part& part_;
  const Life& life_;
  Board& board_;
  Seat& seat_;
  std::uint64_t random_;
  std::uint64_t reached_ = 0;
  EventLog log_;

 private:
  void ask_to_be_traced() {
    seat_.wish.store(Phase::none, std::memory_order_relaxed);
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0)
      throw std::runtime_error("ptrace: forbidden, though it was allowed at the start");
    raise(SIGSTOP);  // the tracer does not pass it on
  }

  void note_word(Word word, const void* place) {
    seat_.words.at(static_cast<std::size_t>(word))
        .store(address_of(place), std::memory_order_relaxed);
  }

  void note_words(const Segment& segment) {
    const format::Shape& shape = segment.shape();
    for (auto& word : seat_.words) word.store(0, std::memory_order_relaxed);
    seat_.slot_stride.store(shape.slot_stride, std::memory_order_relaxed);
    note_word(Word::data_bell, &segment.bells().data.word);
    if (part_.role == Role::observer) return;
    note_word(Word::gates_bell, &segment.bells().gates.word);
    const format::Row* row = own_row(segment);
    if (part_.role != Role::producer) {
      if (row != nullptr) note_word(Word::cursor, &row->cursor);
      return;
    }
    note_word(Word::payload, segment.slots() + shape.event_size / 2 / 8 * 8);
    if (!profile_.has_large_events)
      note_word(Word::stamp, segment.slots() + format::stamp_offset(shape.event_size));
    note_word(Word::horizon, &segment.control().horizon);
    if (profile_.producers != ProducerKind::multi) {
      note_word(Word::published, &segment.control().published);
      return;
    }
    note_word(Word::tail, &segment.control().tail);
    if (row != nullptr) note_word(Word::claim, &row->claim_first);
  }

  [[nodiscard]] const format::Row* own_row(const Segment& segment) const {
    for (std::uint32_t i = 0; i < segment.shape().rows; ++i) {
      if (read_row_id(segment.row(i)) == part_.id) return &segment.row(i);
    }
    return nullptr;
  }
};

template <class E>
class ProducerPlayer : Player {
 public:
  using Player::Player;

  void play() {
    auto producer = in_phase(
        Phase::attach, [this] { return Producer<E>::create_or_attach(life_.ring, options()); });
    note_attached(producer.segment(), producer.next_sequence().value(), producer.took_over(), 0);
    while (!is_ending()) {
      if (shall_leave()) {
        // Open, for its next life: what ends the stream is the end of the round.
        in_phase(Phase::leave, [&] { producer.detach(); });
        return;
      }
      for (std::uint64_t left = 1 + random() % 8; left > 0 && !is_ending(); --left) {
        in_phase(Phase::publish, [&] { publish_some(producer); });
        note_progress(producer.next_sequence().value());
      }
      nap();
      if (!board_.has_slow_readers) nap();
    }
    for (int i = 0; i < 4; ++i) publish_one(producer);
    producer.close();
  }

 private:
  [[nodiscard]] ProducerOptions options() const {
    return {.capacity = profile_.capacity,
            .producers = profile_.producers,
            .max_participants = static_cast<std::uint32_t>(profile_.parts.size() + 2),
            .revoke_stopped_after = profile_.revoke_stopped_after,
            .timeout = role_patience,
            .id = part_.id};
  }

  void publish_some(Producer<E>& producer) {
    switch (random() % 8) {
      case 0:
        return publish_claim(producer, 1 + random() % (profile_.capacity / 2));
      case 1:
        return publish_burst(producer, 1 + random() % (profile_.capacity / 2));
      default:
        return publish_one(producer);
    }
  }

  void publish_one(Producer<E>& producer) {
    Publish result = Publish::consumer_missing;
    while (result == Publish::consumer_missing)  // it is being started again
      result = producer.publish(
          [&](E& event) { write(event, producer.next_sequence().value(), number_); });
    settle(result, producer.next_sequence().value() - 1);
    ++number_;
  }

  void publish_claim(Producer<E>& producer, std::uint64_t count) {
    Claim<E> claim = producer.claim(count);
    if (claim.status() == Publish::consumer_missing) return;  // it is being started again
    require(claim.status());
    const std::uint64_t first = claim.first().value();
    for (std::uint64_t i = 0; i < count; ++i) write(claim[i], first + i, number_ + i);
    if (const Publish result = claim.publish(); result != Publish::revoked) require(result);
    for (std::uint64_t i = 0; i < claim.published(); ++i) acknowledge(first + i, number_ + i);
    number_ += count;
  }

  void publish_burst(Producer<E>& producer, std::uint64_t count) {
    Burst<E> burst = producer.burst(count);
    if (burst.status() == Publish::consumer_missing) return;
    require(burst.status());
    const std::uint64_t kept = random() % (count + 1);  // the rest is given up
    for (std::uint64_t i = 0; i < kept; ++i) {
      const std::uint64_t sequence = burst.next_sequence().value();
      const Publish result = burst.publish([&](E& event) { write(event, sequence, number_); });
      settle(result, sequence);
      ++number_;
      if (result == Publish::revoked) return;
    }
  }

  /// Written down before the event is: from here on it is in doubt.
  void write(E& event, std::uint64_t sequence, std::uint64_t number) {
    note(LogRecord::What::started, sequence, number);
    evidence::write_proof({reinterpret_cast<std::byte*>(&event), sizeof event}, sequence,
                          {life_.number, number});
  }
  void settle(Publish result, std::uint64_t sequence) {
    if (result == Publish::revoked) return;  // nobody may see it, nobody must
    require(result);
    acknowledge(sequence, number_);
  }
  void acknowledge(std::uint64_t sequence, std::uint64_t number) {
    note(LogRecord::What::acknowledged, sequence, number);
  }
  void note(LogRecord::What what, std::uint64_t sequence, std::uint64_t number) {
    log_.append({.sequence = sequence,
                 .origin = {.incarnation = life_.number, .number = number},
                 .what = what});
  }
  static void require(Publish result) {
    if (result != Publish::ok)
      throw std::runtime_error("publish: found " + std::string(to_string(result)) +
                               ", expected ok");
  }

  std::uint64_t number_ = 0;  ///< of the next event
};

template <class E>
class ConsumerPlayer : Player {
 public:
  using Player::Player;

  void play() {
    auto consumer =
        in_phase(Phase::attach, [this] { return Consumer<E>::attach(life_.ring, options()); });
    note_attached(consumer.segment(), consumer.start_sequence().value(), consumer.resumed(),
                  max_batch);
    for (;;) {
      if (shall_leave()) {
        in_phase(Phase::leave, [&] { const auto gone = std::move(consumer); });
        return;
      }
      const Poll outcome = in_phase(Phase::poll, [&] { return poll(consumer); });
      if (outcome == Poll::closed) break;
      if (outcome != Poll::events)
        throw std::runtime_error("poll: found " + std::string(to_string(outcome)) +
                                 ", expected events: " + consumer.explain(outcome).what());
      note_progress(consumer.next_sequence().value());
      if (board_.has_slow_readers && random() % 4 == 0) nap();
    }
    log_.note_end(consumer.next_sequence().value(), consumer.missed(), consumer.voids());
  }

 private:
  [[nodiscard]] ConsumerOptions options() const {
    ConsumerOptions options;
    options.kind = part_.role == Role::required   ? ConsumerKind::required
                   : part_.role == Role::observer ? ConsumerKind::observer
                                                  : ConsumerKind::gating;
    if (part_.role != Role::observer) options.id = part_.id;
    options.start = part_.role == Role::observer ? Start::oldest : Start::resume;
    options.timeout = role_patience;
    options.successor_patience = role_patience;
    options.max_batch = max_batch;
    return options;
  }

  Poll poll(Consumer<E>& consumer) {
    return consumer
        .wait_poll([&](const E& event, Sequence sequence) {
          const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(&event),
                                                 sizeof event);
          log_.append({.sequence = sequence.value(),
                       .origin = evidence::origin_of(bytes),
                       .what = LogRecord::What::handled,
                       .is_proven = evidence::is_proven(bytes, sequence.value()) ? 1U : 0U,
                       .missed = consumer.missed(),
                       .voids = consumer.voids()});
        })
        .outcome;
  }
};

template <class E>
void play_with(const Profile& profile, const Part& part, const Life& life, Board& board,
               Seat& seat) {
  if (part.role == Role::producer)
    ProducerPlayer<E>(profile, part, life, board, seat).play();
  else
    ConsumerPlayer<E>(profile, part, life, board, seat).play();
}

}  // namespace

void play(const Profile& profile, const Part& part, const Life& life, Board& board, Seat& seat) {
  if (profile.has_large_events)
    play_with<evidence::LargeEvent>(profile, part, life, board, seat);
  else
    play_with<evidence::SmallEvent>(profile, part, life, board, seat);
}

}  // namespace disruptor_mp::kill
