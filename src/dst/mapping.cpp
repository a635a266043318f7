// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/mapping.hpp"

#include <array>

namespace disruptor_mp::dst {
namespace {

using Names = std::string_view[];

constexpr Names producer_before_tests{
    "FailureClassRun.Producer_before_consumers_spawns_the_producer_first"};
constexpr Names late_consumer_tests{
    "FailureClassRun.Late_consumer_attach_happens_after_publications_began"};
constexpr Names churn_tests{"FailureClassRun.Create_attach_churn_restarts_every_participant"};
constexpr Names producer_crash_tests{
    "FailureClassRun.Producer_crash_and_restart_brings_the_producer_back"};
constexpr Names consumer_crash_tests{
    "FailureClassRun.Consumer_crash_and_restart_brings_the_same_consumer_back"};
constexpr Names discovery_tests{"FailureClassRun.Discovery_visibility_lag_is_in_the_trace"};
constexpr Names readiness_tests{
    "FailureClassRun.Readiness_gate_holds_the_run_until_every_consumer_is_there"};

constexpr Names producer_before_assertions{"producer_consumer_sequence_monotonicity"};
constexpr Names late_consumer_assertions{"discovery_state_transition",
                                         "producer_consumer_sequence_monotonicity"};
constexpr Names churn_assertions{"shared_segment_ownership", "discovery_state_transition"};
constexpr Names producer_crash_assertions{"shared_segment_ownership", "graceful_recovery_timeout"};
constexpr Names consumer_crash_assertions{"cursor_owner_consistency", "graceful_recovery_timeout"};
constexpr Names discovery_assertions{"discovery_state_transition"};
constexpr Names readiness_assertions{"discovery_state_transition", "graceful_recovery_timeout"};

// In declaration order: coverage_for() indexes it.
constexpr std::array<FailureClassCoverage, 7> coverage{{
    {FailureClass::ProducerBeforeConsumers, producer_before_tests, producer_before_assertions,
     "Events are published before any consumer is there to read them."},
    {FailureClass::LateConsumerAttach, late_consumer_tests, late_consumer_assertions,
     "A consumer joins while the ring is in full flow."},
    {FailureClass::CreateAttachChurn, churn_tests, churn_assertions,
     "Participants come and go while the ring is made and unmade."},
    {FailureClass::ProducerCrashAndRestart, producer_crash_tests, producer_crash_assertions,
     "The producer dies and a successor goes on in the same ring."},
    {FailureClass::ConsumerCrashAndRestart, consumer_crash_tests, consumer_crash_assertions,
     "A consumer dies and returns under its id."},
    {FailureClass::DiscoveryVisibilityLag, discovery_tests, discovery_assertions,
     "A participant is there but not seen yet."},
    {FailureClass::ReadinessGateViolation, readiness_tests, readiness_assertions,
     "Publication is attempted before the required consumers are ready."},
}};

constexpr bool is_in_declaration_order() {
  for (std::size_t i = 0; i < coverage.size(); ++i) {
    if (static_cast<std::size_t>(coverage[i].failure_class) != i) return false;
  }
  return true;
}
static_assert(is_in_declaration_order());

}  // namespace

std::span<const FailureClassCoverage> failure_class_coverage() noexcept { return coverage; }

const FailureClassCoverage& coverage_for(FailureClass failure_class) noexcept {
  return coverage[static_cast<std::size_t>(failure_class)];
}

}  // namespace disruptor_mp::dst
