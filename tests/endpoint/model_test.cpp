// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Any sequence of commands behaves as a model says that knows nothing of rings: a list of all
// events ever published, and for every consumer the number of the next one it will read.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <deque>
#include <map>
#include <optional>

#include "endpoint/drain.hpp"

namespace disruptor_mp::test {

enum class Op : std::uint8_t { publish, claim, poll, join, leave, resign, takeover, close };

/// One command; `who`, `n` and `k` mean what the operation needs, reduced to what is possible.
struct Command {
  Op op;
  unsigned who;
  unsigned n;
  unsigned k;
};

inline void showValue(const Command& command, std::ostream& out) {
  constexpr const char* names[] = {"publish", "claim",  "poll",     "join",
                                   "leave",   "resign", "takeover", "close"};
  out << names[static_cast<int>(command.op)] << '(' << command.who << ',' << command.n << ','
      << command.k << ')';
}

}  // namespace disruptor_mp::test

namespace rc {
template <>
struct Arbitrary<disruptor_mp::test::Command> {
  static Gen<disruptor_mp::test::Command> arbitrary() {
    using disruptor_mp::test::Command;
    using disruptor_mp::test::Op;
    const auto op = gen::weightedElement<Op>({{8, Op::publish},
                                              {8, Op::claim},
                                              {12, Op::poll},
                                              {6, Op::join},
                                              {3, Op::leave},
                                              {1, Op::resign},
                                              {2, Op::takeover},
                                              {1, Op::close}});
    return gen::build<Command>(
        gen::set(&Command::op, op), gen::set(&Command::who, gen::inRange(0U, 4U)),
        gen::set(&Command::n, gen::inRange(0U, 40U)), gen::set(&Command::k, gen::inRange(0U, 40U)));
  }
};
}  // namespace rc

namespace disruptor_mp::test {
namespace {

template <class E>
class World {
 public:
  World(std::uint64_t capacity, std::uint64_t first, WhenAlone when_alone)
      : capacity_(capacity), first_(first), when_alone_(when_alone), most_read_(first) {
    producer_.emplace(Producer<E>::create(name_, {.capacity = capacity,
                                                  .when_alone = when_alone,
                                                  .first_sequence = first,
                                                  .required_patience = 0ns}));
  }

  void apply(const Command& command) {
    const unsigned who = command.who % 4;
    switch (command.op) {
      case Op::publish:
        return publish();
      case Op::claim:
        return claim(command.n % (capacity_ + 2), command.k);
      case Op::poll:
        return poll(who);
      case Op::join:
        return join(who, command.n, command.k);
      case Op::leave:
        return leave(who, false);
      case Op::resign:
        return leave(who, true);
      case Op::takeover:
        return take_over();
      case Op::close:
        return close();
    }
  }

  /// Everybody reads what is left and goes; then nothing must be left.
  void finish() {
    close();
    for (unsigned who = 0; who < 4; ++who) {
      if (!readers_[who]) continue;
      while (readers_[who]->next != end()) poll(who);
      poll(who);
      leave(who, true);
    }
    for (const auto& [id, row] : rows_) {
      if (row.kind == ConsumerKind::required) {
        Consumer<E>::attach(name_, {.id = id, .kind = ConsumerKind::required}).resign();
      }
    }
    producer_.reset();
    RC_ASSERT(!std::filesystem::exists(shm_path(name_)));
  }

 private:
  struct Reader {
    Consumer<E> consumer;
    ConsumerKind kind;
    std::uint64_t next;
    std::uint64_t max_batch;
  };
  struct Row {
    ConsumerKind kind;  ///< gating also for a required one that resigned
    std::uint64_t cursor;
  };

  [[nodiscard]] std::uint64_t end() const { return first_ + log_.size(); }
  [[nodiscard]] std::uint64_t number_of(std::uint64_t sequence) const {
    return log_[sequence - first_];
  }
  static std::string id_of(unsigned who) { return "reader-" + std::to_string(who); }
  /// The oldest sequence that nobody may be overwriting.
  [[nodiscard]] std::uint64_t oldest() const {
    const std::uint64_t horizon = producer_->segment().control().horizon;
    RC_ASSERT(horizon >= end());
    RC_ASSERT(horizon <= end() + capacity_);
    return horizon - first_ > capacity_ ? horizon - capacity_ : first_;
  }
  /// Where those stand who hold the producer back; nothing if nobody does.
  [[nodiscard]] std::optional<std::uint64_t> gate() const {
    std::optional<std::uint64_t> slowest;
    const auto see = [&](std::uint64_t cursor) {
      slowest = slowest ? std::min(*slowest, cursor) : cursor;
    };
    for (const auto& reader : readers_) {
      if (reader && reader->kind != ConsumerKind::observer) see(reader->next);
    }
    for (const auto& [id, row] : rows_) {
      if (row.kind == ConsumerKind::required) see(row.cursor);
    }
    return slowest;
  }

  void check_room(Publish result, std::uint64_t n) {
    if (closed_) {
      RC_ASSERT(result == Publish::closed);
    } else if (n == 0 || n > capacity_) {
      RC_ASSERT(result == Publish::too_large);
    } else if (const auto slowest = gate()) {
      RC_ASSERT(result == (end() + n <= *slowest + capacity_ ? Publish::ok : Publish::full));
    } else if (when_alone_ == WhenAlone::run_free) {
      RC_ASSERT(result == Publish::ok);
    } else if (end() + n > most_read_ + capacity_) {
      RC_ASSERT(result == Publish::full);  // it would overwrite what nobody has read
    } else if (end() + n <= oldest() + capacity_) {
      RC_ASSERT(result == Publish::ok);
    }
  }

  void publish() {
    const E tick = E::of(++last_number_);
    const Publish result = producer_->try_publish(tick);
    check_room(result, 1);
    if (result == Publish::ok) log_.push_back(tick.number);
    RC_ASSERT(producer_->next_sequence() == Sequence(end()));
  }

  void claim(std::uint64_t n, unsigned k) {
    auto claim = producer_->try_claim(n);
    check_room(claim.status(), n);
    RC_ASSERT(claim.size() == (claim ? n : 0));
    if (!claim) return;
    RC_ASSERT(claim.first() == Sequence(end()));
    const std::uint64_t published = k % 4 == 0 ? k % (n + 1) : n;
    std::uint64_t i = 0;
    for (E& slot : claim) {
      slot = E::of(++last_number_);
      if (i++ < published) log_.push_back(slot.number);
    }
    claim.publish(published);
    RC_ASSERT(producer_->next_sequence() == Sequence(end()));
  }

  void poll(unsigned who) {
    if (!readers_[who]) return;
    Reader& reader = *readers_[who];
    if (reader.kind == ConsumerKind::observer) reader.next = std::max(reader.next, oldest());
    const std::uint64_t expected = std::min(reader.max_batch, end() - reader.next);
    std::uint64_t seen = 0;
    const PollResult result =
        reader.consumer.poll([&](const E& tick, Sequence sequence, bool end_of_batch) {
          RC_ASSERT(sequence == Sequence(reader.next + seen));
          RC_ASSERT(tick.number == number_of(sequence.value()));
          RC_ASSERT(tick.is_whole());
          RC_ASSERT(end_of_batch == (++seen == expected));
        });
    RC_ASSERT(seen == expected);
    RC_ASSERT(result.count == expected);
    reader.next += seen;
    RC_ASSERT(reader.consumer.next_sequence() == Sequence(reader.next));
    RC_ASSERT(result.outcome == (seen > 0 ? Poll::events : closed_ ? Poll::closed : Poll::idle));
    if (reader.kind == ConsumerKind::observer) {
      RC_ASSERT(reader.consumer.missed() <= reader.next - first_);
    } else {
      RC_ASSERT(reader.consumer.missed() == 0U);
      most_read_ = std::max(most_read_, reader.next);
    }
  }

  void join(unsigned who, unsigned n, unsigned k) {
    if (readers_[who]) return;
    const auto kind = static_cast<ConsumerKind>(n % 3);
    const auto start = static_cast<Start>(kind == ConsumerKind::observer ? k % 2 : k % 3);
    const std::uint64_t max_batch = 1 + n % 5;
    const std::uint64_t available = oldest();

    std::uint64_t expected = start == Start::latest ? end() : std::min(available, end());
    bool resumes = false;
    if (const auto row = rows_.find(id_of(who));
        row != rows_.end() && kind != ConsumerKind::observer) {
      if (row->second.kind == ConsumerKind::required) RC_ASSERT(row->second.cursor >= available);
      resumes = start == Start::resume;
      if (resumes) expected = std::max(row->second.cursor, available);
      rows_.erase(row);
    }
    readers_[who].emplace(
        Reader{Consumer<E>::attach(
                   name_, {.id = id_of(who), .kind = kind, .start = start, .max_batch = max_batch}),
               kind, expected, std::min(max_batch, capacity_)});
    RC_ASSERT(readers_[who]->consumer.start_sequence() == Sequence(expected));
    RC_ASSERT(readers_[who]->consumer.resumed() == resumes);
    if (kind != ConsumerKind::observer) most_read_ = std::max(most_read_, expected);
  }

  void leave(unsigned who, bool resigns) {
    if (!readers_[who]) return;
    if (const Reader& reader = *readers_[who]; reader.kind != ConsumerKind::observer) {
      rows_[id_of(who)] = {.kind = resigns ? ConsumerKind::gating : reader.kind,
                           .cursor = reader.next};
    }
    if (resigns) readers_[who]->consumer.resign();
    readers_[who].reset();
  }

  void take_over() {
    if (closed_) return;
    producer_->detach();
    producer_.reset();
    producer_.emplace(Producer<E>::attach(name_, {.required_patience = 0ns}));
    RC_ASSERT(producer_->took_over());
    RC_ASSERT(producer_->predecessor() == ProducerPresence::left);
    RC_ASSERT(producer_->next_sequence() == Sequence(end()));
  }

  void close() {
    producer_->close();
    closed_ = true;
  }

  std::string name_ = unique_ring_name();
  std::uint64_t capacity_;
  std::uint64_t first_;
  WhenAlone when_alone_;
  std::optional<Producer<E>> producer_;
  std::array<std::optional<Reader>, 4> readers_;
  std::map<std::string, Row> rows_;  ///< of those who are away
  std::deque<std::uint64_t> log_;
  std::uint64_t last_number_ = 0;
  std::uint64_t most_read_;  ///< no consumer that gates has ever stood further ahead
  bool closed_ = false;
};

template <class E>
void behaves_as_the_model(const std::vector<Command>& commands) {
  const std::uint64_t capacity = std::uint64_t{1} << *rc::gen::inRange(0U, 6U);
  const std::uint64_t first =
      *rc::gen::element<std::uint64_t>(0, 65'530, 4'294'967'290U, (std::uint64_t{1} << 63U) - 6);
  const WhenAlone when_alone = *rc::gen::element(WhenAlone::block, WhenAlone::run_free);
  World<E> world(capacity, first, when_alone);
  for (const Command& command : commands) world.apply(command);
  world.finish();
}

RC_GTEST_PROP(Any_commands, Behave_as_the_model_in_packed_slots,
              (const std::vector<Command>& commands)) {
  behaves_as_the_model<PackedTick>(commands);
}

RC_GTEST_PROP(Any_commands, Behave_as_the_model_in_stamped_slots,
              (const std::vector<Command>& commands)) {
  behaves_as_the_model<StampedTick>(commands);
}

}  // namespace
}  // namespace disruptor_mp::test
