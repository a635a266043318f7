// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/profiles.hpp"

#include <algorithm>
#include <array>

#include "disruptor_mp/dst/mapping.hpp"

namespace disruptor_mp::dst {
namespace {

using namespace std::chrono_literals;

constexpr auto no_deadlock = ProfileAssertion::NoDeadlock;
constexpr auto bounded_shutdown = ProfileAssertion::BoundedShutdown;
constexpr auto monotonic_cursor = ProfileAssertion::MonotonicCursor;
constexpr auto no_stale_overwrite = ProfileAssertion::NoStaleOverwrite;
constexpr auto visibility_converged = ProfileAssertion::DelayedVisibilityConverged;
constexpr auto recovery_progresses = ProfileAssertion::RecoveryProgressesAfterRestart;

using Assertions = ProfileAssertion[];

constexpr Assertions producer_before_expected{no_deadlock, monotonic_cursor, bounded_shutdown,
                                              no_stale_overwrite};
constexpr Assertions producer_before_replay{no_deadlock, monotonic_cursor, no_stale_overwrite};
constexpr Assertions late_consumer_expected{no_deadlock, monotonic_cursor, no_stale_overwrite};
constexpr Assertions late_consumer_replay{no_deadlock, monotonic_cursor};
constexpr Assertions churn_expected{no_deadlock, bounded_shutdown, recovery_progresses};
constexpr Assertions churn_replay{no_deadlock, bounded_shutdown, recovery_progresses};
constexpr Assertions producer_crash_expected{no_deadlock, recovery_progresses, monotonic_cursor,
                                             bounded_shutdown};
constexpr Assertions producer_crash_replay{no_deadlock, recovery_progresses, monotonic_cursor};
constexpr Assertions consumer_crash_expected{no_deadlock, recovery_progresses, monotonic_cursor,
                                             no_stale_overwrite};
constexpr Assertions consumer_crash_replay{no_deadlock, monotonic_cursor, no_stale_overwrite};
constexpr Assertions discovery_expected{no_deadlock, visibility_converged, bounded_shutdown};
constexpr Assertions discovery_replay{visibility_converged, bounded_shutdown};
constexpr Assertions readiness_expected{no_deadlock, bounded_shutdown, no_stale_overwrite};
constexpr Assertions readiness_replay{bounded_shutdown, no_stale_overwrite};

constexpr std::array<std::string_view, 7> names{
    "producer_before_consumers",  "late_consumer_attach",       "create_attach_churn",
    "producer_crash_and_restart", "consumer_crash_and_restart", "discovery_visibility_lag",
    "readiness_gate_violation"};

// In the order of the failure classes: profile_for() indexes it.
std::array<ProfileSpec, 7> make_catalog() {
  const auto tests = [](FailureClass kind) { return coverage_for(kind).test_names; };
  using Class = FailureClass;
  return {{
      {Class::ProducerBeforeConsumers,
       1,
       1,
       800ms,
       producer_before_expected,
       producer_before_replay,
       tests(Class::ProducerBeforeConsumers),
       {0x1001, 0x1001, 1, "one seed: the order of the start is what matters, not its timing"}},
      {Class::LateConsumerAttach,
       1,
       2,
       1200ms,
       late_consumer_expected,
       late_consumer_replay,
       tests(Class::LateConsumerAttach),
       {0x2001, 0x2010, 3, "both start orders and every pause before the newcomer"}},
      {Class::CreateAttachChurn,
       1,
       2,
       1200ms,
       churn_expected,
       churn_replay,
       tests(Class::CreateAttachChurn),
       {0x2001, 0x2010, 3, "the same starts as late attach, here repeated in one run"}},
      {Class::ProducerCrashAndRestart,
       1,
       1,
       1500ms,
       producer_crash_expected,
       producer_crash_replay,
       tests(Class::ProducerCrashAndRestart),
       {0x3001, 0x3010, 3, "kills at different steps after the start"}},
      {Class::ConsumerCrashAndRestart,
       1,
       2,
       1500ms,
       consumer_crash_expected,
       consumer_crash_replay,
       tests(Class::ConsumerCrashAndRestart),
       {0x3001, 0x3010, 3, "the same seeds as the producer's death, with another victim"}},
      {Class::DiscoveryVisibilityLag,
       1,
       3,
       1000ms,
       discovery_expected,
       discovery_replay,
       tests(Class::DiscoveryVisibilityLag),
       {0x4001, 0x4010, 2, "three consumers, so that the lags overlap in different ways"}},
      {Class::ReadinessGateViolation,
       1,
       2,
       1000ms,
       readiness_expected,
       readiness_replay,
       tests(Class::ReadinessGateViolation),
       {0x5001, 0x5008, 1, "a dense range: the moment of the last arrival decides"}},
  }};
}

const std::array<ProfileSpec, 7>& catalog() noexcept {
  static const auto profiles = make_catalog();
  return profiles;
}

template <class T>
bool contains(std::span<const T> all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// The first thing wrong with a profile; empty if it is sound.
std::string fault_of(const ProfileSpec& profile) {
  if (profile.producers == 0 || profile.consumers == 0) return "has no producer or no consumer";
  if (profile.timeout <= 0ms) return "has no time budget";
  if (profile.seed_envelope.sample_count() == 0) return "has no seeds";
  if (profile.expected_assertions.empty()) return "checks nothing";
  if (profile.replay_assertions.empty()) return "checks nothing on replay";
  for (const auto assertion : profile.replay_assertions) {
    if (!contains(profile.expected_assertions, assertion)) {
      return "checks " + std::string(to_string(assertion)) + " on replay only";
    }
  }
  const auto class_tests = coverage_for(profile.kind).test_names;
  const auto is_shared = [&](std::string_view test) { return contains(class_tests, test); };
  if (std::none_of(profile.coverage_tests.begin(), profile.coverage_tests.end(), is_shared)) {
    return "shares no test with its failure class";
  }
  return {};
}

}  // namespace

std::string_view to_string(ProfileAssertion assertion) noexcept {
  switch (assertion) {
    case ProfileAssertion::NoDeadlock:
      return "NoDeadlock";
    case ProfileAssertion::BoundedShutdown:
      return "BoundedShutdown";
    case ProfileAssertion::MonotonicCursor:
      return "MonotonicCursor";
    case ProfileAssertion::NoStaleOverwrite:
      return "NoStaleOverwrite";
    case ProfileAssertion::DelayedVisibilityConverged:
      return "DelayedVisibilityConverged";
    case ProfileAssertion::RecoveryProgressesAfterRestart:
      return "RecoveryProgressesAfterRestart";
  }
  return "?";
}

std::string_view description(ProfileAssertion assertion) noexcept {
  switch (assertion) {
    case ProfileAssertion::NoDeadlock:
      return "Somebody can always make progress until the work is done.";
    case ProfileAssertion::BoundedShutdown:
      return "After the last event every process leaves within the budget.";
    case ProfileAssertion::MonotonicCursor:
      return "No cursor ever moves backwards.";
    case ProfileAssertion::NoStaleOverwrite:
      return "A slot is written again only after every gating consumer has passed it.";
    case ProfileAssertion::DelayedVisibilityConverged:
      return "A participant seen late is seen in the end, and treated as if seen at once.";
    case ProfileAssertion::RecoveryProgressesAfterRestart:
      return "After a restart new events arrive again.";
  }
  return "?";
}

std::string_view ProfileSpec::name() const noexcept {
  return names[static_cast<std::size_t>(kind)];
}

std::span<const ProfileSpec> profile_catalog() noexcept { return catalog(); }

const ProfileSpec& profile_for(FailureClass failure_class) noexcept {
  return catalog()[static_cast<std::size_t>(failure_class)];
}

const ProfileSpec* profile_named(std::string_view name) noexcept {
  const auto& profiles = catalog();
  const auto found = std::find_if(profiles.begin(), profiles.end(),
                                  [name](const ProfileSpec& p) { return p.name() == name; });
  return found == profiles.end() ? nullptr : &*found;
}

Result<void, std::string> validate_profile_contract() {
  const auto classes = all_failure_classes();
  const auto profiles = profile_catalog();
  if (profiles.size() != classes.size()) {
    return Failure{std::to_string(profiles.size()) + " profiles for " +
                   std::to_string(classes.size()) + " failure classes"};
  }
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (profiles[i].kind != classes[i]) {
      return Failure{"profile " + std::to_string(i) + " is of " +
                     std::string(to_string(profiles[i].kind)) + ", expected " +
                     std::string(to_string(classes[i]))};
    }
    const auto fault = fault_of(profiles[i]);
    if (!fault.empty()) return Failure{"profile " + std::string(profiles[i].name()) + " " + fault};
  }
  return {};
}

}  // namespace disruptor_mp::dst
