// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What really happened in a run, kept outside of the simulated machine, and what must be true of it
// (docs/verification.md, O1 … O15). The oracle is told facts by the roles; it never looks into the
// segment and never fills in what it was not told.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace disruptor_mp::sim {

/// The three words of every simulated event. The checksum covers the full sequence, so nothing that
/// an older lap left in a slot can pass for what belongs there.
struct EventWords {
  std::uint64_t sequence = 0;
  std::uint64_t origin = 0;  ///< the producer's incarnation
  std::uint64_t checksum = 0;
};
constexpr std::uint64_t checksum_of(std::uint64_t sequence, std::uint64_t origin) noexcept {
  std::uint64_t x = (sequence + 1) * 0x9E3779B97F4A7C15U ^ (origin + 0x632BE59BD9B4E019U);
  x ^= x >> 29U;
  x *= 0xBF58476D1CE4E5B9U;
  return x ^ (x >> 32U);
}

/// passable: a required one that a producer with a liveness policy may pass over while it lives.
enum class SimKind : std::uint8_t { required, gating, observer, passable };

class Oracle {
 public:
  static constexpr unsigned max_events = 64;
  static constexpr unsigned max_consumers = 4;

  void reset(std::uint64_t first, std::uint64_t events, std::uint64_t capacity,
             bool may_overwrite) noexcept;

  // --- Told by producers
  using Instance = std::array<std::uint64_t, 2>;
  void ring_exists(const Instance& instance);
  /// The ring is finished, or has lost its name, which may now lead to another one.
  void begins_anew() noexcept { has_begun_anew_ = true; }
  /// Whether a ring is not the one of this run, but one that got its name.
  [[nodiscard]] bool is_next_ring(const Instance& instance) const noexcept {
    return has_begun_anew_ && instance != instance_;
  }
  [[nodiscard]] bool has_begun_anew() const noexcept { return has_begun_anew_; }
  [[nodiscard]] bool does_ring_exist() const noexcept { return ring_exists_; }
  void producer_attached(std::uint64_t next);
  void publishing(std::uint64_t sequence, unsigned count, unsigned incarnation);
  void published(std::uint64_t sequence, unsigned count, unsigned incarnation);
  void not_published() noexcept { publishing_by_ = nobody; }
  void closing() noexcept { closing_ = true; }
  void closed() noexcept { closed_ = true; }
  [[nodiscard]] bool is_closing() const noexcept { return closing_; }
  [[nodiscard]] bool is_closed() const noexcept { return closed_; }
  [[nodiscard]] std::uint64_t end() const noexcept { return first_ + events_; }
  /// How many events are published for certain.
  [[nodiscard]] std::uint64_t acknowledged() const noexcept { return acknowledged_end_ - first_; }
  [[nodiscard]] std::uint64_t acknowledged_end() const noexcept { return acknowledged_end_; }
  /// Whether an event may be published there, for all the running process can know.
  [[nodiscard]] bool may_be_owed(std::uint64_t sequence) const noexcept;

  // --- Told by consumers
  void consumer_attached(unsigned consumer, SimKind kind, std::uint64_t start, bool resumes,
                         std::uint64_t max_batch);
  void handled(unsigned consumer, std::uint64_t sequence, const EventWords& found);
  void missed(unsigned consumer, std::uint64_t count);
  /// It is about to attach, and waits for these, a bit for each.
  void declares(unsigned consumer, unsigned after) noexcept {
    consumers_[consumer].after = after;
    consumers_[consumer].has_begun_to_attach = true;
  }
  /// It is about to leave, and may come back.
  void leaving(unsigned consumer) noexcept { consumers_[consumer].has_left = true; }
  /// The consumer was told that one it waits for is away.
  void predecessor_absent(unsigned consumer);
  [[nodiscard]] bool was_here(unsigned consumer) const noexcept {
    return consumers_[consumer].was_here;
  }
  void committed(unsigned consumer) noexcept;
  void polls(unsigned consumer, bool may_sleep) noexcept;
  void polled(unsigned consumer) noexcept { consumers_[consumer].is_waiting = false; }
  /// The consumer was told that the stream has ended.
  void stream_ended(unsigned consumer);
  /// The consumer was told that nothing is there and no producer either.
  void producer_absent(unsigned consumer, const char* outcome, bool is_named_left_or_gone);
  /// From here on it may count as resigned: who dies in the middle may have done so.
  void resigning(unsigned consumer) noexcept {
    consumers_[consumer].kind = SimKind::gating;
    consumers_[consumer].has_left = true;
    consumers_[consumer].began_to_resign = true;
  }
  void resigned(unsigned consumer) noexcept { consumers_[consumer].resigned = true; }
  [[nodiscard]] bool has_finished(unsigned consumer) const noexcept {
    return consumers_[consumer].finished;
  }
  /// Who has committed least of those that hold producers back; none: max_consumers.
  [[nodiscard]] unsigned slowest_reader() const noexcept;
  /// Nobody will look for the ring any more.
  [[nodiscard]] bool are_all_done(unsigned consumers) const noexcept {
    return std::all_of(consumers_.begin(), consumers_.begin() + consumers,
                       [](const Consumer& c) { return c.finished || c.resigned; });
  }
  /// A required consumer that was here and has not read all: its ring must wait for it.
  [[nodiscard]] bool needs_ring(unsigned consumer) const noexcept {
    const Consumer& c = consumers_[consumer];
    return c.was_here && c.kind == SimKind::required && c.next != end();
  }

  // --- Asked by the engine
  /// When the clock is about to jump: "" or what nobody will ever be woken for (O12).
  [[nodiscard]] std::string find_lost_wake_up() const;
  /// After the run: "" or what is wrong.
  [[nodiscard]] std::string check_end() const;

 private:
  [[nodiscard]] bool is_anybody_reading() const;

  static constexpr unsigned nobody = 0xFF;

  struct Event {
    std::uint32_t started_by = 0;  ///< bit per incarnation
    std::uint8_t acknowledged_by = nobody;
    std::uint8_t seen_from = nobody;
  };
  struct Consumer {
    bool was_here = false;
    bool finished = false;
    bool resigned = false;
    bool is_waiting = false;
    unsigned process = 0;
    unsigned producers = 0;  ///< how many had attached when it began to poll
    SimKind kind = SimKind::gating;
    std::uint64_t first = 0;  ///< where its first life began
    std::uint64_t next = 0;
    std::uint64_t committed = 0;
    std::uint64_t max_batch = 1;
    // For those who wait for it, and for whom it waits
    unsigned after = 0;
    bool has_begun_to_attach = false;
    bool has_left = false;           ///< or was about to, once
    bool began_to_resign = false;    ///< once
    std::uint64_t reached = 0;       ///< all before it was handled in some life
    std::uint64_t maybe_passed = 0;  ///< all before it may have been committed in an earlier life
    std::uint64_t batch_first = 0;   ///< of the poll that is going on
    unsigned poll = 0;               ///< its number
    unsigned seen_in_poll = 0;       ///< whose events another has seen that waits for it
  };
  /// Whether it has ever gone, in order or not.
  [[nodiscard]] bool has_departed(unsigned consumer) const;
  /// Whether those who wait for it must not have passed it yet.
  [[nodiscard]] bool must_hold(unsigned consumer) const;
  void check_predecessors(unsigned consumer, std::uint64_t sequence);

  [[nodiscard]] bool knows(std::uint64_t sequence) const noexcept {
    return sequence - first_ < events_;
  }
  Event& event(std::uint64_t sequence) noexcept { return events_table_[sequence - first_]; }

  std::uint64_t first_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t capacity_ = 1;
  bool may_overwrite_ = false;
  bool ring_exists_ = false;
  Instance instance_{};
  bool has_begun_anew_ = false;
  bool closing_ = false;
  bool closed_ = false;
  std::uint64_t acknowledged_end_ = 0;
  std::uint64_t started_end_ = 0;
  unsigned producers_ = 0;           ///< how many have attached so far
  unsigned publishing_by_ = nobody;  ///< the process inside publish
  std::uint64_t publishing_first_ = 0;
  std::uint64_t publishing_end_ = 0;
  std::array<Event, max_events> events_table_{};
  std::array<Consumer, max_consumers> consumers_{};
};

Oracle& oracle() noexcept;

}  // namespace disruptor_mp::sim
