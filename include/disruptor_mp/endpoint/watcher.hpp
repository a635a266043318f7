// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Looking after required consumers from outside of the producers: docs/liveness.md.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/endpoint/detail/explain.hpp"
#include "disruptor_mp/membership/liveness.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// Looks after the required consumers of one ring while its producers do something else, or
/// nothing: on another thread than theirs, or in any process that may read the ring.
///
/// It changes nothing in the ring, takes no lock and rings no bell, so everything may go on at the
/// same time: publishing, reading, other watchers, a producer with a policy of its own. What it has
/// found, its failure and its counters, belongs to it alone. It judges; only a producer's own
/// policy (`Producer::enable_liveness`) acts, so the actions are `report` or `alert_only`.
///
/// It does not keep the ring: who watches holds up neither its end nor its removal. Not thread-safe
/// (one thread at a time).
class Watcher {
 public:
  /// Waits until the ring is there and all that the policy requires, for `startup_wait_timeout` in
  /// all.
  /// @throws Error{not_found} if there is no ring, Error{consumers_missing} that says who is there
  /// and who is missing, Error{invalid_option, invalid_name, permission_denied, earlier_boot, …}
  static Watcher attach(std::string_view ring, Liveness policy);

  /// Looks once, and tells the hook what is new; to be called at least every quarter of
  /// `progress_timeout`, because longer pauses do not count in full. While there is a failure, and
  /// in the child of a fork, it does not look.
  /// @return as `failure`.
  const std::optional<ConsumerAlert>& look();
  /// Looks every `progress_check_interval` until there is a failure, or nothing left to watch, or
  /// it is late. It cannot be interrupted: whoever wants to stop it sets a near deadline.
  /// @return as `failure`.
  const std::optional<ConsumerAlert>& watch_until(TimePoint deadline);

  /// The required consumer whose time was over, if there was one and nobody has acknowledged it.
  [[nodiscard]] const std::optional<ConsumerAlert>& failure() const noexcept { return failure_; }
  /// Looks on. If the consumer has not recovered, it has all its time once more.
  void acknowledge_failure() noexcept;
  /// Whether there is nothing left to watch: the stream has ended and all required consumers have
  /// read it, or the name leads to another ring now, or to none; or this is the child of a fork.
  [[nodiscard]] bool is_over() const;

  /// What it has seen so far.
  [[nodiscard]] const LivenessCounters& counters() const noexcept { return watch_.counters(); }
  /// A failure, told in full: which ring, what was found, what to do. For messages.
  [[nodiscard]] Error explain(const ConsumerAlert& failure) const {
    return detail::explain(segment_, failure);
  }
  /// The ring itself, for tools.
  [[nodiscard]] const Segment& segment() const noexcept { return segment_; }

 private:
  Watcher(Segment segment, Liveness policy, const std::vector<Participant>& participants)
      : segment_(std::move(segment)), watch_(std::move(policy), participants) {}

  Segment segment_;
  ConsumerWatch watch_;
  std::optional<ConsumerAlert> failure_;
};

}  // namespace disruptor_mp
