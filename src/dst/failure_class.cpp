// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/failure_class.hpp"

#include <array>

namespace disruptor_mp::dst {
namespace {

struct Description {
  FailureClass failure_class;
  std::string_view name;
  std::array<std::string_view, 2> preconditions;
  std::array<std::string_view, 2> postconditions;
};

// In declaration order: describe() indexes it.
constexpr std::array<Description, 7> descriptions{{
    {FailureClass::ProducerBeforeConsumers,
     "ProducerBeforeConsumers",
     {"The producer creates the ring and publishes while no consumer is attached.",
      "Consumers attach only after the first publication."},
     {"No slot that a consumer may still ask for is written again before that consumer has joined.",
      "Every consumer ends at the producer's last sequence."}},
    {FailureClass::LateConsumerAttach,
     "LateConsumerAttach",
     {"One consumer at least is attached and the ring has wrapped.",
      "Another consumer attaches while events are being published."},
     {"The newcomer begins at the start position it asked for and misses nothing from there on.",
      "Joining takes bounded time, however fast the producer is."}},
    {FailureClass::CreateAttachChurn,
     "CreateAttachChurn",
     {"Creation of the ring races with attempts to attach to it.",
      "Participants leave and come back under the same name."},
     {"An attempt to attach gives a complete ring or an error that says why; never a half-made "
      "one.",
      "When all have left, no object and no name remains."}},
    {FailureClass::ProducerCrashAndRestart,
     "ProducerCrashAndRestart",
     {"The producer is killed between the first store of a claim and the end of its publication.",
      "A successor opens the same ring; consumers stay attached throughout."},
     {"The successor goes on behind the last published event, in the same ring, with no second "
      "one.",
      "Consumers see every published event whole and once, and of the interrupted one nothing."}},
    {FailureClass::ConsumerCrashAndRestart,
     "ConsumerCrashAndRestart",
     {"A consumer is killed with events handled but not yet committed.",
      "A process attaches again under its id."},
     {"Its cursor never moves backwards; at most the uncommitted batch is handled again.",
      "The producer waits for a dead consumer no longer than the liveness policy allows."}},
    {FailureClass::DiscoveryVisibilityLag,
     "DiscoveryVisibilityLag",
     {"A consumer's row becomes visible to the producer later than the consumer believes.",
      "Events are published in between."},
     {"The lag shows in the trace and ends: finally everybody sees everybody.",
      "Nobody waits for ever on a participant that is already there."}},
    {FailureClass::ReadinessGateViolation,
     "ReadinessGateViolation",
     {"The producer requires consumers that have not all arrived.",
      "It is asked to publish all the same."},
     {"It publishes nothing before the last required consumer has arrived.",
      "If that takes too long, it fails at its deadline and names who is missing."}},
}};

const Description& describe(FailureClass failure_class) noexcept {
  return descriptions[static_cast<std::size_t>(failure_class)];
}

constexpr auto classes = [] {
  std::array<FailureClass, descriptions.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = descriptions[i].failure_class;
  return all;
}();

constexpr bool are_in_declaration_order() {
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (static_cast<std::size_t>(classes[i]) != i) return false;
  }
  return true;
}
static_assert(are_in_declaration_order());

constexpr std::array<LifecycleAssertion, 5> lifecycle_assertions{{
    {"shared_segment_ownership",
     "A segment is unlinked by whoever owns its name at that moment, and by nobody else."},
    {"cursor_owner_consistency",
     "A cursor is written by the participant that holds its row, in the incarnation of the row."},
    {"discovery_state_transition",
     "A participant goes from absent to joining to joined, and each change can be observed."},
    {"producer_consumer_sequence_monotonicity",
     "No cursor moves backwards, and no consumer is ahead of the producer."},
    {"graceful_recovery_timeout",
     "After a death the others make progress again within the published bound."},
}};

}  // namespace

std::string_view to_string(FailureClass failure_class) noexcept {
  return describe(failure_class).name;
}

std::span<const FailureClass> all_failure_classes() noexcept { return classes; }

std::span<const std::string_view> preconditions(FailureClass failure_class) noexcept {
  return describe(failure_class).preconditions;
}

std::span<const std::string_view> postconditions(FailureClass failure_class) noexcept {
  return describe(failure_class).postconditions;
}

std::span<const LifecycleAssertion> LifecycleAssertion::all() noexcept {
  return lifecycle_assertions;
}

}  // namespace disruptor_mp::dst
