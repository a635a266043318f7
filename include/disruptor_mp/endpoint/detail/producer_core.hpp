// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/endpoint/options.hpp"
#include "disruptor_mp/membership/claims.hpp"
#include "disruptor_mp/membership/gate.hpp"
#include "disruptor_mp/membership/liveness.hpp"
#include "disruptor_mp/membership/membership.hpp"
#include "disruptor_mp/membership/revoking.hpp"
#include "disruptor_mp/os/fork_guard.hpp"
#include "disruptor_mp/ring/fences.hpp"
#include "disruptor_mp/ring/shared_tail.hpp"
#include "disruptor_mp/ring/tally.hpp"
#include "disruptor_mp/ring/waiter.hpp"
#include "disruptor_mp/ring/window.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp::detail {

/// Everything of a producer that does not depend on the event type and is not on the fast path:
/// birth, waiting for room, coordination, leaving. Lives on the heap, so that its address is
/// stable.
class ProducerCore {
 public:
  static std::unique_ptr<ProducerCore> create(std::string_view name, const EventType& event,
                                              format::SlotLayout layout,
                                              const ProducerOptions& given);
  static std::unique_ptr<ProducerCore> attach(std::string_view name, const EventType& event,
                                              std::optional<format::SlotLayout> layout,
                                              const ProducerOptions& given);
  static std::unique_ptr<ProducerCore> create_or_attach(std::string_view name,
                                                        const EventType& event,
                                                        format::SlotLayout layout, bool must_match,
                                                        const ProducerOptions& given);

  /// Sequences below it may be written without looking at anybody. Zero after close, in the child
  /// of a fork, and while a claim is open, so that every call asks and is refused. It lives here,
  /// and is only read by the hot path, so that a compiler can keep a producer that is a local
  /// variable in registers.
  [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }
  /// Waits until sequences [next, next + n) may be written, and moves the limit. Not for n of 0.
  Publish wait_for_room(std::uint64_t next, std::uint64_t n, TimePoint deadline);
  Publish try_room(std::uint64_t next, std::uint64_t n);
  /// A deadline of `wait_for_room` and `claim_shared`: as `ProducerOptions::when_full` says.
  static constexpr TimePoint as_chosen = TimePoint::min() + Duration(1);

  /// While the only producer of a ring has a claim or burst open, nothing else is published. What
  /// is held is zero after close and in the child of a fork.
  void hold_limit() noexcept {
    held_limit_ = limit_;
    limit_ = 0;
  }
  [[nodiscard]] bool holds_limit() const noexcept { return held_limit_ != 0; }
  /// @return whether the claim is still good.
  bool release_limit() noexcept {
    if (held_limit_ == 0) return false;
    limit_ = refuses_ ? 0 : held_limit_;
    held_limit_ = 0;
    return true;
  }

  /// The end of the burst that is open, or zero; zero after close and in the child of a fork, so
  /// that a burst finds out there by the comparison it makes anyway.
  [[nodiscard]] std::uint64_t burst_end() const noexcept { return burst_end_; }
  void set_burst_end(std::uint64_t end) noexcept { burst_end_ = end; }
  /// Why a burst that was open has no room.
  [[nodiscard]] Publish burst_refusal() const { return absence().value_or(Publish::full); }

  /// Of several producers: the way to the common end; null for the only one, after close, and in
  /// the child of a fork.
  [[nodiscard]] SharedTail* shared() const noexcept { return shared_; }
  /// Claims n sequences, waiting for room until the deadline. @param first where they begin.
  Publish claim_shared(std::uint64_t n, TimePoint deadline, std::uint64_t& first);
  Publish try_claim_shared(std::uint64_t n, std::uint64_t& first);
  /// Where claims may be revoked: publishes [first, keep) of the open claim [first, end) and gives
  /// the rest up; from the first that was revoked on, all of it. @return how many are published.
  std::uint64_t settle(std::uint64_t first, std::uint64_t keep, std::uint64_t end) noexcept;
  /// The same for one event of the open burst. If it was revoked the burst is over.
  bool publish_in_burst(std::uint64_t sequence) noexcept;
  [[nodiscard]] bool revokes() const noexcept { return segment_.shape().revoke_stopped_after != 0; }
  /// Why a claim came to nothing though it was not given up.
  [[nodiscard]] Publish why_abandoned() const noexcept {
    return segment_.object().is_orphaned_by_fork() ? Publish::used_after_fork : why_closed();
  }
  /// Of several producers: ends the stream for all of them.
  void close_for_all();

  void wait_for_consumers(std::size_t count, Duration timeout);
  void wait_for_consumers(const std::vector<std::string>& ids, Duration timeout);
  std::vector<std::string> discover_consumers(std::string_view prefix, std::size_t count,
                                              Duration timeout);

  /// Waits until all that the policy requires are there, then keeps to it.
  void enable_liveness(Liveness policy);
  /// Looks for whom the policy names, whoever waits or not. `next`: as in wait_for_room.
  /// @param has_claim a claim is open, so that the stream cannot be ended just now.
  const std::optional<ConsumerAlert>& watch(std::uint64_t next, bool has_claim);
  [[nodiscard]] const std::optional<ConsumerAlert>& failure() const noexcept { return failure_; }
  void acknowledge_failure() noexcept;
  [[nodiscard]] LivenessCounters liveness_counters() const noexcept {
    return watch_ ? watch_->counters() : LivenessCounters{};
  }

  void close(std::uint64_t next);
  void leave(std::uint64_t next) noexcept;

  [[nodiscard]] Segment& segment() noexcept { return segment_; }
  [[nodiscard]] const Segment& segment() const noexcept { return segment_; }
  [[nodiscard]] Fences fences() const noexcept { return fences_; }
  [[nodiscard]] std::uint64_t first() const noexcept { return first_; }
  [[nodiscard]] bool took_over() const noexcept { return took_over_; }
  [[nodiscard]] ProducerPresence predecessor() const noexcept { return predecessor_; }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
  [[nodiscard]] WaitStrategy wait_strategy() const noexcept { return wait_; }
  [[nodiscard]] std::optional<unsigned> pinned_core() const noexcept { return pinned_core_; }
  [[nodiscard]] std::uint32_t row() const noexcept { return membership_.row(); }
  [[nodiscard]] std::vector<Participant> participants() const;
  [[nodiscard]] std::optional<Participant> slowest_consumer() const;
  /// What this producer counts.
  [[nodiscard]] const Tally& tally() const noexcept { return tally_; }
  /// How many events could be written from `next` on without waiting; of several producers from
  /// where their claims end. Only the private list of gates is renewed.
  [[nodiscard]] std::uint64_t remaining_capacity(std::uint64_t next);

  ProducerCore(Segment segment, Membership membership, std::uint64_t first,
               const ProducerOptions& options);

  ProducerCore(const ProducerCore&) = delete;
  ProducerCore& operator=(const ProducerCore&) = delete;

 private:
  [[nodiscard]] std::optional<Publish> absence() const;
  [[nodiscard]] std::optional<Publish> refusal(std::uint64_t n) const;
  /// Of a call that met a full ring: whether it tries once more and does not wait.
  [[nodiscard]] bool only_tries(TimePoint deadline) const noexcept;
  /// What has become of that; counts n events if they are dropped.
  Publish refuse_or_drop(Publish tried, std::uint64_t n) noexcept;
  template <class IsReady>
  Publish wait_while_full(std::uint64_t n, TimePoint deadline, IsReady&& is_ready,
                          const std::uint64_t& next);
  [[nodiscard]] Publish why_closed() const noexcept {
    return is_stopped(segment_) ? Publish::stopped : Publish::closed;
  }
  /// Looks after the required consumers. @return what ends the call, if their time is over.
  std::optional<Publish> examine_required(std::uint64_t next, bool has_claim = false);
  /// When the ring is full: whether it is so for one that was passed over, so that it may stay so
  /// for ever. @return what ends the call then.
  std::optional<Publish> examine_nobody(std::uint64_t next, std::uint64_t n);
  /// Those whom the policy gives its own time to come back.
  [[nodiscard]] std::span<const std::string> looked_after() const noexcept;
  /// Ends the stream for all, after the reason was written down.
  void stop(std::uint64_t next);
  void fail(ConsumerAlert failure) noexcept;
  [[nodiscard]] Duration longest_nap() const noexcept;
  SharedTail::Outcome claim_once(std::uint64_t n, std::uint64_t& first);
  /// Passes over what is in quarantine where n are to be claimed. @return false if that is the
  /// whole ring.
  bool pass_quarantine(std::uint64_t n);
  /// In a ring nobody reads along in, where producers wait for each other.
  void revoke_stopped(std::uint64_t n);
  void close_shared();
  static void mark_end(Segment& segment, std::uint64_t end);
  bool open_window(std::uint64_t next, std::uint64_t n);
  static void become_orphan(void* core) noexcept;
  template <class Arrived, class Fail>
  void wait_until_arrived(Duration timeout, Arrived&& arrived, Fail&& fail);
  /// Becomes the producer of an existing ring; waits until the deadline for its predecessor to be
  /// gone.
  static std::unique_ptr<ProducerCore> take_over(Segment segment,
                                                 std::optional<format::SlotLayout> layout,
                                                 const ProducerOptions& options,
                                                 TimePoint deadline);
  static std::unique_ptr<ProducerCore> succeed(Segment& segment,
                                               std::optional<format::SlotLayout> layout,
                                               const ProducerOptions& options, TimePoint deadline);
  /// Becomes one of several.
  static std::unique_ptr<ProducerCore> join(Segment& segment, const ProducerOptions& options,
                                            TimePoint deadline);
  static void become_producer(Segment& segment, const Membership& membership, std::uint64_t next);
  /// Who holds this one up, while it is held up.
  void note_blocked(TimePoint since, std::uint64_t next) noexcept;
  void note_unblocked(TimePoint since, bool has_room) noexcept;

  Segment segment_;
  Membership membership_;
  Tally tally_;
  struct Stuck {
    std::uint64_t next;
    std::uint64_t since_ns;
  };
  std::optional<Stuck> stuck_;               ///< where it found no room, until it finds some there
  std::optional<std::uint32_t> held_up_by_;  ///< the row that was slowest when it waited last
  Fences fences_;
  Window window_;
  Gate gate_;  ///< behind the window: making it fences what the window has read
  Bell gates_bell_;
  WaitStrategy wait_;
  WhenFull when_full_;
  std::uint64_t dropped_ = 0;
  std::optional<unsigned> pinned_core_;
  Duration required_patience_;
  std::optional<ConsumerWatch> watch_;
  std::optional<ConsumerAlert> failure_;  ///< until it is acknowledged
  std::uint64_t first_;
  std::uint64_t limit_;
  std::uint64_t held_limit_ = 0;
  std::uint64_t burst_end_ = 0;
  std::optional<SharedTail> tail_;
  std::optional<OtherClaims> other_claims_;
  SharedTail* shared_ = nullptr;
  Patience patience_;
  os::ForkGuard fork_guard_;
  bool took_over_ = false;
  ProducerPresence predecessor_ = ProducerPresence::never;
  bool refuses_ = false;  ///< closed, or there is a failure
  bool closed_ = false;
  bool has_left_ = false;
};

}  // namespace disruptor_mp::detail
