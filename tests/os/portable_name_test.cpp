// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/portable_name.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "support/child.hpp"

namespace disruptor_mp::os {
namespace {

/// Without the random part.
std::string prefix_of(const std::string& name) { return name.substr(0, name.size() - 8); }

// Reference: test_unique_test_segment_stays_within_macos_budget,
// generated_names_stay_within_portable_budget.
TEST(Portable_name, Stays_within_the_budget_however_long_the_prefix_is) {
  for (const char* prefix :
       {"", "q", "quotes", "a-very-long-prefix-of-a-service", "ÄÖÜ", "x/../y"}) {
    const std::string name = portable_name(prefix);
    EXPECT_LE(name.size(), portable_name_max);
    EXPECT_TRUE(is_portable_name(name)) << name;
    EXPECT_TRUE(std::regex_match(name, std::regex("[a-z0-9]{1,6}[a-z0-9]{8}"))) << name;
  }
}

TEST(Portable_name, Begins_with_six_letters_and_digits_of_the_prefix_in_lower_case) {
  EXPECT_EQ(prefix_of(portable_name("quotes-of-today")), "quotes");
  EXPECT_EQ(prefix_of(portable_name("Risk-1:x")), "risk1x");
  EXPECT_EQ(prefix_of(portable_name("a")), "a");
}

// Reference: empty_prefix_falls_back_to_default_prefix.
TEST(Portable_name, Of_a_prefix_without_letters_and_digits_begins_with_d) {
  EXPECT_EQ(prefix_of(portable_name("")), "d");
  EXPECT_EQ(prefix_of(portable_name("-_/")), "d");
}

// Reference: generated_names_change_across_calls.
TEST(Portable_name, Is_another_each_time) {
  std::set<std::string> names;
  for (int i = 0; i < 10'000; ++i) names.insert(portable_name("n"));
  EXPECT_EQ(names.size(), 10'000U);
}

TEST(Portable_name, Of_the_child_of_a_fork_is_another) {
  const std::string of_child = test::in_child([] { return portable_name("n"); });
  EXPECT_TRUE(is_portable_name(of_child)) << of_child;
  EXPECT_NE(of_child, portable_name("n"));
}

TEST(Portable_name, What_is_one) {
  for (const char* name : {"a", "A-b_9", "12345678901234"}) EXPECT_TRUE(is_portable_name(name));
  for (const char* name : {"", "123456789012345", "a b", "a.b", "a/b", "shm:a", "ä"})
    EXPECT_FALSE(is_portable_name(name)) << name;
}

}  // namespace
}  // namespace disruptor_mp::os
