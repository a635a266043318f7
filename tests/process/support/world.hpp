// SPDX-License-Identifier: MIT OR Apache-2.0
//
// One small ring and those who survive: the stage for one kill of a sweep. Made anew for every
// place at which a process is killed, so that a failure stands alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/local.hpp"
#include "support/peer.hpp"
#include "support/process_test.hpp"
#include "support/scratch.hpp"

namespace disruptor_mp::process_test {

class World {
 public:
  static constexpr std::uint64_t capacity = 16;
  /// Of several producers: room for one to publish alone until it takes the tail for itself.
  static constexpr std::uint64_t capacity_of_several = 128;
  static constexpr std::uint64_t max_batch = 8;
  /// Places for the producer, the victim and the reader. A row that leaks is missed at once.
  static constexpr std::uint32_t rows = 3;

  explicit World(Setting setting) : setting_(setting), scratch_(setting.backend) {}

  [[nodiscard]] const Scratch& scratch() const { return scratch_; }

  /// What the victim is to be. An only producer gets the id "producer", everybody else "victim".
  [[nodiscard]] PeerSpec victim(const std::string& kind, const std::string& script) const;

  // --- Survivors

  std::optional<LocalProducer> producer;
  std::optional<LocalProducer> successor;  ///< of several producers: in the place of the victim
  std::optional<LocalConsumer> reader;     ///< gating, id "reader"
  std::optional<LocalConsumer> heir;       ///< of the victim, under its id

  void create(std::uint64_t events);
  /// Whoever comes after a dead, left or closed producer.
  void succeed(Duration timeout = hang_time);
  /// Of several producers: comes in the place of one that died or left, else beside the others.
  void join_successor();
  void join_reader() { reader.emplace(scratch_, "reader", 1, gating(Start::oldest)); }
  /// Comes back under the victim's id, and must be let in.
  void join_heir(ConsumerKind kind, std::vector<std::string> after = {});

  /// Publishes more than the ring holds; everybody reads all of it.
  void stream();
  /// Everybody reads what there is.
  void read_all();
  /// Closes; everybody reads to the end and leaves.
  void close();
  /// All have left: nothing may remain, and the oracle judges.
  void expect_over() const;
  void end() {
    close();
    expect_over();
  }

  /// That stream is over and judged; what comes under the same name is another one.
  void begin_anew();

  /// Is there no ring any more, or a closed one?
  [[nodiscard]] bool is_stream_over() const;

  /// If the ring's name leads anywhere it leads to a whole ring.
  void expect_whole() const;

  /// The rest of any story: a producer, if there is none; a reader; events; the end.
  void go_on_and_end();

 private:
  [[nodiscard]] bool has_several() const { return setting_.producers == ProducerKind::multi; }
  [[nodiscard]] std::uint64_t room() const {
    return has_several() ? capacity_of_several : capacity;
  }
  [[nodiscard]] ProducerOptions options(const std::string& id, Duration timeout = {}) const {
    return {.capacity = room(),
            .producers = setting_.producers,
            .max_participants = rows,
            .timeout = timeout,
            .id = id};
  }
  static ConsumerOptions gating(Start start) {
    return {.start = start, .timeout = hang_time, .max_batch = max_batch};
  }

  Setting setting_;
  Scratch scratch_;
  std::uint64_t next_incarnation_ = 100;  // peers have lower ones
};

}  // namespace disruptor_mp::process_test
