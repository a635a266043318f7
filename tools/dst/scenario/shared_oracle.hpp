// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Judges runs of several producers. Told facts by the roles; it never looks into the segment. An
// event is named by who made it and its number: where it comes to stand is the ring's business, but
// it must be the same place for everybody.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "oracle.hpp"

namespace disruptor_mp::sim {

class SharedOracle {
 public:
  static constexpr unsigned max_producers = 3;
  /// Of one life of a producer.
  static constexpr unsigned max_numbers = 64;

  void reset(std::uint64_t first) noexcept;

  // --- Told by producers
  void ring_exists() noexcept { ring_exists_ = true; }
  [[nodiscard]] bool does_ring_exist() const noexcept { return ring_exists_; }
  /// It is there from here on, until it says `leaving`, or dies.
  void joined(unsigned producer) noexcept;
  /// It is about to leave.
  void leaving(unsigned producer) noexcept { stays_[producer].number = 0; }
  [[nodiscard]] bool have_joined(unsigned producers) const noexcept {
    return joined_.count() >= producers;
  }
  void publishing(unsigned origin, unsigned number, unsigned count);
  void published(unsigned origin, unsigned number, unsigned count);
  /// The publish of these said that they were revoked: nobody may ever see one.
  void revoked(unsigned origin, unsigned number, unsigned count);
  /// How many events of this producer are acknowledged, over all its lives.
  [[nodiscard]] unsigned done(unsigned producer) const noexcept { return done_[producer]; }
  void add_done(unsigned producer, unsigned count) noexcept { done_[producer] += count; }
  /// It publishes nothing any more, and so counts as one that is not there.
  void closing(unsigned producer) noexcept {
    closing_.set(producer);
    leaving(producer);
  }
  [[nodiscard]] bool have_closed(unsigned producers) const noexcept {
    return closing_.count() >= producers;
  }

  // --- Told by consumers
  void attached(unsigned consumer, SimKind kind, std::uint64_t start, bool resumes);
  void handled(unsigned consumer, std::uint64_t sequence, const EventWords& found);
  void missed(unsigned consumer, std::uint64_t count);
  /// `count` sequences were skipped as void, up to `next`, not included.
  void skipped(unsigned consumer, std::uint64_t count);
  void committed(unsigned consumer) noexcept {
    consumers_[consumer].committed = consumers_[consumer].next;
  }
  void stream_ended(unsigned consumer, unsigned producers);
  /// It found no ring, because the stream was over.
  void is_late(unsigned consumer) noexcept { consumers_[consumer].is_late = true; }
  /// It begins to ask for events.
  void polls(unsigned consumer) noexcept;
  /// It was told that no producer is there, because the last has died, or has left.
  void told_dead(unsigned consumer);
  void told_left(unsigned consumer);
  [[nodiscard]] bool was_here(unsigned consumer) const noexcept {
    return consumers_[consumer].was_here;
  }
  [[nodiscard]] bool has_finished(unsigned consumer) const noexcept {
    return consumers_[consumer].finished;
  }

  /// A required consumer that was here and has not got all: its ring must wait for it.
  [[nodiscard]] bool needs_ring(unsigned consumer) const;

  /// After the run: "" or what is wrong.
  [[nodiscard]] std::string check_end(unsigned consumers) const;

 private:
  using Name = std::pair<unsigned, unsigned>;  ///< origin, number

  /// A producer's time between joining and leaving. None has the same number twice.
  struct Stay {
    unsigned number = 0;  ///< 0: it is not there, for all it says
    unsigned process = 0;
  };
  struct Consumer {
    bool was_here = false;
    bool finished = false;
    bool is_late = false;
    SimKind kind = SimKind::gating;
    unsigned process = 0;
    std::uint64_t first = 0;
    std::uint64_t next = 0;
    std::uint64_t committed = 0;
    std::array<unsigned, max_producers> stays{};  ///< of producers that were there when it polled
    std::map<unsigned, unsigned> newest;          ///< by origin, in this life
    std::map<Name, std::uint64_t> events;         ///< seen, in all its lives
  };

  /// Of a producer that is there for certain: it has said so, and has not died.
  [[nodiscard]] unsigned stay_of(unsigned producer) const;
  /// Nobody may be told that no producer is there, if one was all the time.
  void require_absence(unsigned consumer, const char* outcome) const;
  [[nodiscard]] bool has_got(const Consumer& consumer, const Name& name) const;

  std::uint64_t first_ = 0;
  bool ring_exists_ = false;
  std::bitset<max_producers> joined_;
  std::bitset<max_producers> closing_;
  std::array<Stay, max_producers> stays_{};
  unsigned stay_count_ = 0;
  std::array<unsigned, max_producers> done_{};
  std::map<Name, bool> started_;  ///< and whether it is acknowledged
  std::map<Name, bool> revoked_;
  std::map<std::uint64_t, Name> at_;
  std::map<std::uint64_t, bool> voids_;
  std::array<Consumer, Oracle::max_consumers> consumers_{};
};

SharedOracle& shared_oracle() noexcept;

}  // namespace disruptor_mp::sim
