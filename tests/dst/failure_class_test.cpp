// SPDX-License-Identifier: MIT OR Apache-2.0
// The catalogue of failure classes, profiles and coverage is complete and true.
#include "disruptor_mp/dst/failure_class.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "disruptor_mp/dst/mapping.hpp"
#include "disruptor_mp/dst/profiles.hpp"
#include "dst/support/printers.hpp"

namespace disruptor_mp::dst {
namespace {

using ::testing::ElementsAre;

TEST(FailureClass, There_are_seven_each_listed_once) {
  std::vector<std::string_view> names;
  for (const auto failure_class : all_failure_classes()) names.push_back(to_string(failure_class));
  EXPECT_THAT(names,
              ElementsAre("ProducerBeforeConsumers", "LateConsumerAttach", "CreateAttachChurn",
                          "ProducerCrashAndRestart", "ConsumerCrashAndRestart",
                          "DiscoveryVisibilityLag", "ReadinessGateViolation"));
}

TEST(FailureClass, Each_has_two_preconditions_and_two_postconditions_of_its_own) {
  std::set<std::string_view> sentences;
  for (const auto failure_class : all_failure_classes()) {
    for (const auto& conditions : {preconditions(failure_class), postconditions(failure_class)}) {
      EXPECT_EQ(conditions.size(), 2u);
      for (const auto sentence : conditions) {
        EXPECT_GT(sentence.size(), 20u);
        EXPECT_EQ(sentence.back(), '.');
        EXPECT_TRUE(sentences.insert(sentence).second) << "said twice: " << sentence;
      }
    }
  }
}

TEST(LifecycleAssertion, Each_name_is_there_once_with_a_description) {
  std::vector<std::string_view> names;
  for (const auto& assertion : LifecycleAssertion::all()) {
    names.push_back(assertion.name);
    EXPECT_FALSE(assertion.description.empty());
  }
  EXPECT_THAT(names,
              ElementsAre("shared_segment_ownership", "cursor_owner_consistency",
                          "discovery_state_transition", "producer_consumer_sequence_monotonicity",
                          "graceful_recovery_timeout"));
}

TEST(Profiles, The_catalogue_is_complete_and_sound) {
  const auto outcome = validate_profile_contract();
  EXPECT_TRUE(outcome) << outcome.error();
}

// name | processes | budget | expected | replay | seeds
std::string row(const ProfileSpec& profile) {
  const auto initials = [](std::span<const ProfileAssertion> assertions) {
    std::string text;
    for (const auto assertion : assertions) {
      for (const char c : to_string(assertion)) {
        if (c >= 'A' && c <= 'Z') text += c;
      }
      text += ' ';
    }
    return text;
  };
  std::ostringstream text;
  text << profile.name() << " | " << profile.producers << "+" << profile.consumers << " | "
       << profile.timeout_ms() << " | " << initials(profile.expected_assertions) << "| "
       << initials(profile.replay_assertions) << "| " << std::hex << profile.seed_envelope.min_seed
       << "-" << profile.seed_envelope.max_seed << std::dec << "," << profile.seed_envelope.step
       << " -> " << profile.seed_envelope.sample_count();
  return text.str();
}

TEST(Profiles, Are_those_of_the_contract) {
  std::vector<std::string> rows;
  for (const auto& profile : profile_catalog()) rows.push_back(row(profile));
  EXPECT_THAT(
      rows,
      ElementsAre(
          "producer_before_consumers | 1+1 | 800 | ND MC BS NSO | ND MC NSO | 1001-1001,1 -> 1",
          "late_consumer_attach | 1+2 | 1200 | ND MC NSO | ND MC | 2001-2010,3 -> 6",
          "create_attach_churn | 1+2 | 1200 | ND BS RPAR | ND BS RPAR | 2001-2010,3 -> 6",
          "producer_crash_and_restart | 1+1 | 1500 | ND RPAR MC BS | ND RPAR MC | "
          "3001-3010,3 -> 6",
          "consumer_crash_and_restart | 1+2 | 1500 | ND RPAR MC NSO | ND MC NSO | "
          "3001-3010,3 -> 6",
          "discovery_visibility_lag | 1+3 | 1000 | ND DVC BS | DVC BS | 4001-4010,2 -> 8",
          "readiness_gate_violation | 1+2 | 1000 | ND BS NSO | BS NSO | 5001-5008,1 -> 8"));
}

TEST(Profiles, Are_found_by_class_and_by_name) {
  for (const auto failure_class : all_failure_classes()) {
    const auto& profile = profile_for(failure_class);
    EXPECT_EQ(profile.kind, failure_class);
    EXPECT_EQ(profile_named(profile.name()), &profile);
  }
  EXPECT_EQ(profile_named("steady"), nullptr);
  EXPECT_EQ(profile_named(""), nullptr);
}

TEST(Profiles, Every_assertion_has_a_description_of_its_own) {
  std::set<std::string_view> descriptions;
  for (const auto& profile : profile_catalog()) {
    for (const auto assertion : profile.expected_assertions) {
      descriptions.insert(description(assertion));
    }
  }
  EXPECT_EQ(descriptions.size(), 6u);
}

TEST(SeedEnvelope, Counts_the_seeds_it_gives_out) {
  constexpr ProfileSeedEnvelope envelope{0x2001, 0x2010, 3, ""};
  static_assert(envelope.sample_count() == 6);
  EXPECT_EQ(envelope.seed_at(0), 0x2001u);
  EXPECT_EQ(envelope.seed_at(5), 0x2010u);
}

TEST(SeedEnvelope, Is_empty_when_inverted_or_without_a_step) {
  EXPECT_EQ((ProfileSeedEnvelope{2, 1, 1, ""}.sample_count()), 0u);
  EXPECT_EQ((ProfileSeedEnvelope{1, 9, 0, ""}.sample_count()), 0u);
  EXPECT_EQ((ProfileSeedEnvelope{5, 5, 9, ""}.sample_count()), 1u);
}

TEST(SeedEnvelope, Of_all_seeds_counts_as_many_as_fit) {
  EXPECT_EQ((ProfileSeedEnvelope{0, UINT64_MAX, 1, ""}.sample_count()), UINT64_MAX);
  EXPECT_EQ((ProfileSeedEnvelope{1, UINT64_MAX, 1, ""}.sample_count()), UINT64_MAX);
  EXPECT_EQ((ProfileSeedEnvelope{0, UINT64_MAX, UINT64_MAX, ""}.sample_count()), 2u);
}

/// Every test of the repository, as "Suite.Name", from the sources.
std::set<std::string> tests_in_sources() {
  std::set<std::string> names;
  const std::filesystem::path root = std::string(DMP_SOURCE_DIR) + "/tests";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".cpp") continue;
    std::ifstream file(entry.path());
    std::string line;
    while (std::getline(file, line)) {
      const auto comma = line.find(", ");
      const auto close = line.find(") {");
      if (line.rfind("TEST(", 0) != 0 || comma == line.npos || close == line.npos) continue;
      names.insert(line.substr(5, comma - 5) + "." + line.substr(comma + 2, close - comma - 2));
    }
  }
  return names;
}

TEST(Coverage, Each_failure_class_is_covered_by_tests_that_exist) {
  const auto existing = tests_in_sources();
  ASSERT_TRUE(existing.contains("Coverage.Each_failure_class_is_covered_by_tests_that_exist"));
  ASSERT_EQ(failure_class_coverage().size(), all_failure_classes().size());
  for (const auto failure_class : all_failure_classes()) {
    const auto& coverage = coverage_for(failure_class);
    EXPECT_EQ(coverage.failure_class, failure_class);
    EXPECT_FALSE(coverage.class_description.empty());
    EXPECT_FALSE(coverage.test_names.empty()) << to_string(failure_class);
    for (const auto test : coverage.test_names) {
      EXPECT_TRUE(existing.contains(std::string(test))) << "no such test: " << test;
    }
  }
}

TEST(Coverage, Names_only_lifecycle_assertions_that_exist_and_all_of_them) {
  std::set<std::string_view> known;
  for (const auto& assertion : LifecycleAssertion::all()) known.insert(assertion.name);
  std::set<std::string_view> used;
  for (const auto& coverage : failure_class_coverage()) {
    EXPECT_FALSE(coverage.assertions.empty());
    used.insert(coverage.assertions.begin(), coverage.assertions.end());
  }
  EXPECT_EQ(used, known);
}

}  // namespace
}  // namespace disruptor_mp::dst
