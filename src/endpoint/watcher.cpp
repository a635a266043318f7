// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/endpoint/watcher.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/os/thread.hpp"

namespace disruptor_mp {
namespace {

using namespace std::chrono_literals;

/// Between two looks at who has come.
constexpr auto arrival_pause = 1ms;

void require_judging(const std::string& object, const char* name, FailureAction action) {
  if (action == FailureAction::report || action == FailureAction::alert_only) return;
  throw Error(Errc::invalid_option,
              {.object = object,
               .problem = std::string(name) + " is not for a watcher, which changes nothing",
               .found = std::string(to_string(action)),
               .expected = "report or alert_only",
               .remedy = "Give this action to a producer of the ring (enable_liveness)."});
}

}  // namespace

Watcher Watcher::attach(std::string_view ring, Liveness policy) {
  const auto name = os::ObjectName::parse(ring);
  policy.require_valid(name.text());
  require_judging(name.text(), "failure_action", policy.failure_action);
  require_judging(name.text(), "absence_action", policy.absence_action);

  const TimePoint start = os::now();
  const Duration timeout = policy.startup_wait_timeout;
  const TimePoint deadline = timeout > never - start ? never : start + timeout;
  std::optional<Segment> segment;
  for (;;) {
    const TimePoint now = os::now();  // before the look: who was stopped looks once more
    // A creator that died may have been followed by one that made the ring anew.
    if (segment && !segment->object().is_named()) segment.reset();
    if (!segment) {
      segment = now >= deadline ? Segment::attach(name, SegmentRole::inspector, EventType{}, now)
                                : Segment::try_attach(name, SegmentRole::inspector, EventType{});
      if (segment) require_this_boot(*segment);
    }
    if (segment) {
      const auto participants = list_participants(*segment);
      if (policy.find_missing(participants, false).empty())
        return {std::move(*segment), std::move(policy), participants};
      if (now >= deadline) throw policy.explain_missing(name.text(), participants, false);
    }
    os::sleep_until(std::min(deadline, now + arrival_pause));
  }
}

const std::optional<ConsumerAlert>& Watcher::look() {
  if (segment_.object().is_orphaned_by_fork()) return failure_;
  while (!failure_) {
    auto alert = watch_.look(segment_);
    if (!alert) break;
    if (watch_.action_for(alert->trouble) == FailureAction::report) failure_ = std::move(alert);
  }
  return failure_;
}

const std::optional<ConsumerAlert>& Watcher::watch_until(TimePoint deadline) {
  for (;;) {
    const TimePoint now = os::now();  // before the look: who was stopped looks once more
    if (look() || now >= deadline || is_over()) return failure_;
    os::sleep_until(std::min(deadline, now + watch_.policy().progress_check_interval));
  }
}

void Watcher::acknowledge_failure() noexcept {
  if (failure_) watch_.forget(failure_->consumer_id);
  failure_.reset();
}

bool Watcher::is_over() const {
  return segment_.object().is_orphaned_by_fork() || !segment_.object().is_named() ||
         is_finished(segment_);
}

}  // namespace disruptor_mp
