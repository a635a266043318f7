// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a producer asks of the consumers it cannot do without, and how it finds out that one is
// missing, stalled or dead. docs/liveness.md draws the states and says why the defaults are so.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/membership/roster.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// What is wrong with a required consumer. The first is a judgement by the clock; the others are
/// facts: the kernel has dropped its lock, or it has said so.
enum class ConsumerTrouble : std::uint8_t {
  stalled,  ///< alive (it may be stopped), owes a look at an event, and does not move
  dead,     ///< died without leaving
  left,     ///< left in order, without resigning: it means to come back; or somebody else has come
            ///< under its id, who is not `required`
};
[[nodiscard]] std::string_view to_string(ConsumerTrouble trouble) noexcept;

/// What the alert hook is told, and what a failure is made of.
struct ConsumerAlert {
  std::string consumer_id;
  ConsumerTrouble trouble = ConsumerTrouble::stalled;
  Sequence next_sequence;  ///< the one it has not read; it is done with all before
  /// For how long it has owed that one, or has been away; as far as the producer looked.
  Duration stalled_for = Duration::zero();
};

/// What happens when a required consumer has not recovered in time.
enum class FailureAction : std::uint8_t {
  /// `publish` returns `Publish::consumer_stalled` or `consumer_missing`, and so does every other
  /// one until the failure is acknowledged.
  report,
  /// Only the alert hook is told; the producer is as free as without a policy, and waits for the
  /// consumer as before.
  alert_only,
  /// The producer goes on without it: it does not gate any more, and is told when it comes back
  /// from where on it may have missed events. One that lives only if it attached with
  /// `may_be_passed_over`, because it may be reading a slot just now; else as `report`. Where
  /// nobody else gates, and the ring does not run free, there is no going on when it is full: then
  /// the failure is reported, too.
  continue_without,
  /// The stream ends for all. Consumers read what was published and get `Poll::stopped`, producers
  /// get `Publish::stopped`; `explain` says because of whom.
  stop_topology,
};
[[nodiscard]] std::string_view to_string(FailureAction action) noexcept;

/// The policy of one producer. Costs nothing while there is room: all looking is done by a producer
/// that waits for room, that was refused it, or that asks (`Producer::watch`).
struct Liveness {
  /// Whom the producer cannot do without. They attach as `ConsumerKind::required`. At least one.
  std::vector<std::string> required_consumer_ids = {};
  /// How long `enable_liveness` waits for all of them to be there.
  Duration startup_wait_timeout = std::chrono::seconds(5);
  /// A consumer that owes a look at an event and does not move for so long is stalled: alert.
  Duration progress_timeout = std::chrono::milliseconds(250);
  /// A blocked producer looks at least this often; it never sleeps longer than 5 ms anyway.
  Duration progress_check_interval = std::chrono::milliseconds(5);
  /// After the alert: how long a stalled consumer has to move before `failure_action`. May be zero.
  Duration shutdown_grace_period = std::chrono::seconds(1);
  FailureAction failure_action = FailureAction::report;
  /// The same for one that is proven dead or has left, after an alert that comes at once: how long
  /// it has to come back under its id before `absence_action`. May be zero.
  Duration absence_grace_period = std::chrono::seconds(1);
  FailureAction absence_action = FailureAction::report;
  /// Called once for each time that one falls behind, and once for each death that is seen, on the
  /// thread that looks: a producer's only while it waits or is refused, and in `watch`. It must not
  /// use the producer; what it throws is counted and forgotten.
  std::function<void(const ConsumerAlert&)> alert_hook = {};

  /// @throws Error{invalid_option, invalid_name}
  void require_valid(const std::string& object) const;
  /// Those it names who are not there as they must be, in its order: alive, attached as required,
  /// and holding producers back; `passable`: and such that they may be passed over.
  [[nodiscard]] std::vector<std::string> find_missing(const std::vector<Participant>& participants,
                                                      bool passable) const;
  /// What to throw about them when `startup_wait_timeout` is over.
  [[nodiscard]] Error explain_missing(const std::string& object,
                                      const std::vector<Participant>& participants,
                                      bool passable) const;
};

/// What a policy has seen so far.
struct LivenessCounters {
  std::uint64_t stalls = 0;    ///< alerts because of one that lives
  std::uint64_t absences = 0;  ///< alerts because of one that died or left
  std::uint64_t recoveries = 0;
  std::uint64_t failures = 0;  ///< those whose time was over
  std::uint64_t passed_over = 0;
  std::uint64_t hook_exceptions = 0;
};

/// Why a stream was ended for all.
struct StopReason {
  std::string consumer_id;
  ConsumerTrouble trouble = ConsumerTrouble::stalled;
};
/// Nothing if the stream was not stopped, or not yet. Reads only.
[[nodiscard]] std::optional<StopReason> stop_reason(const Segment& segment);
[[nodiscard]] inline bool is_stopped(const Segment& segment) noexcept {
  // Acquire: as everything a consumer reads of another's; the end was stored after it.
  return segment.control().stop.load(std::memory_order_acquire) != 0;
}

/// The policy at work: what is known of each required consumer. Private to one looker.
class ConsumerWatch {
 public:
  /// @param participants those among whom all required ones were found.
  ConsumerWatch(Liveness policy, const std::vector<Participant>& participants);

  /// Looks at each required consumer once, and tells the hook what is new. @param next if the only
  /// producer of a ring looks: what it publishes next. It knows that without asking the slots.
  /// @return one whose time is over and that has not been returned since it fell behind.
  std::optional<ConsumerAlert> look(const Segment& segment,
                                    std::optional<std::uint64_t> next = std::nullopt);

  /// Goes on without one that failed. @return false if it may not: it lives, and reads in place.
  bool release(Segment& segment, std::string_view id);
  /// Writes it down as the reason for which the stream is about to end, unless there is one.
  /// Dying after it: whoever meets it ends the stream.
  void note_stop(Segment& segment, std::string_view id) const noexcept;
  /// One that was passed over and has not returned, whoever did it, if there is one.
  [[nodiscard]] std::optional<ConsumerAlert> find_passed_over(const Segment& segment) const;
  /// Returns this failure once more at the next look.
  void postpone(std::string_view id) noexcept;
  /// Begins anew with one that failed: it has all its time once more.
  void forget(std::string_view id) noexcept;

  [[nodiscard]] FailureAction action_for(ConsumerTrouble trouble) const noexcept {
    return trouble == ConsumerTrouble::stalled ? policy_.failure_action : policy_.absence_action;
  }
  [[nodiscard]] bool names(std::string_view id) const noexcept;
  [[nodiscard]] const Liveness& policy() const noexcept { return policy_; }
  [[nodiscard]] const LivenessCounters& counters() const noexcept { return counters_; }

 private:
  /// One required consumer, as it was seen last.
  struct Watched {
    std::string id;
    std::uint32_t row = 0;          ///< where it was found last
    std::uint32_t incarnation = 0;  ///< of the row
    std::uint64_t cursor = 0;
    std::uint64_t hold = 0;  ///< a HoldWord
    bool is_passable = false;
    bool lives = false;
    std::optional<ConsumerTrouble> trouble;   ///< what its time runs for
    Duration stalled_for = Duration::zero();  ///< as far as anybody looked, as all times
    /// Since it was found away, also while it was there again and did not move: who dies again and
    /// again before it has done anything has not come back.
    std::optional<Duration> away_for;
    bool is_alerted = false;     ///< of this trouble of this life
    bool owes_recovery = false;  ///< of any since it was well: who comes back from the dead seems
                                 ///< to stall until it has shown its row
    bool has_failed = false;
    bool is_postponed = false;  ///< its failure is to be returned again
  };
  struct Sight;

  [[nodiscard]] Sight see(const Segment& segment, Watched& watched,
                          std::optional<std::uint64_t> next) const;
  /// Whether it stands where it does because of another consumer that is watched: that one's
  /// trouble tells.
  [[nodiscard]] bool waits_for_watched(const Segment& segment, const Watched& watched) const;
  /// Takes over what a look tells, and what it changes. @param step the time since the last.
  void note(Watched& watched, const Sight& sight, Duration step);
  void tell(const Watched& watched);
  [[nodiscard]] Watched* find(std::string_view id) noexcept;
  [[nodiscard]] static Duration time_of(const Watched& watched);
  [[nodiscard]] static ConsumerAlert alert_of(const Watched& watched);

  Liveness policy_;
  std::vector<Watched> watched_;
  LivenessCounters counters_;
  TimePoint looked_ = TimePoint::min();  ///< the last time
};

}  // namespace disruptor_mp
