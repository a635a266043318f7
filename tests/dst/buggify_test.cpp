// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/buggify.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace disruptor_mp::dst {
namespace {

std::vector<bool> decisions(BuggifyPlan& plan, std::string_view site, int calls) {
  std::vector<bool> all;
  for (int i = 0; i < calls; ++i) all.push_back(plan.fires(site));
  return all;
}

constexpr BuggifyConfig always_active{.seed = 5, .activation_percent = 100, .fire_percent = 50};

TEST(Buggify, Without_a_plan_nothing_fires) {
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(buggify("site"));
}

TEST(Buggify, The_same_seed_decides_the_same_and_another_one_otherwise) {
  BuggifyPlan plan(always_active);
  BuggifyPlan same(always_active);
  BuggifyPlan other({.seed = 6, .activation_percent = 100, .fire_percent = 50});
  const auto expected = decisions(plan, "site", 200);
  EXPECT_EQ(decisions(same, "site", 200), expected);
  EXPECT_NE(decisions(other, "site", 200), expected);
}

TEST(Buggify, Decisions_do_not_depend_on_the_library_compiler_or_machine) {
  // Recorded once. If this fails, every seed that is written down anywhere has lost its meaning.
  BuggifyPlan plan(always_active);
  std::string bits;
  for (const bool fires : decisions(plan, "ring.publish.before_fill", 32)) {
    bits += fires ? '1' : '0';
  }
  EXPECT_EQ(bits, "00011000110001010110100001000001");
}

TEST(Buggify, A_site_decides_the_same_whatever_other_sites_do) {
  BuggifyPlan alone(always_active);
  BuggifyPlan busy(always_active);
  const auto expected = decisions(alone, "site", 100);
  std::vector<bool> interleaved;
  for (int i = 0; i < 100; ++i) {
    static_cast<void>(decisions(busy, "noise " + std::to_string(i % 7), i % 3));
    interleaved.push_back(busy.fires("site"));
  }
  EXPECT_EQ(interleaved, expected);
}

TEST(Buggify, Sites_decide_differently_from_each_other) {
  BuggifyPlan plan(always_active);
  EXPECT_NE(decisions(plan, "a", 100), decisions(plan, "b", 100));
}

TEST(Buggify, About_the_configured_share_of_sites_is_active_and_of_calls_fires) {
  BuggifyPlan plan({.seed = 1, .activation_percent = 25, .fire_percent = 25});
  for (int i = 0; i < 1000; ++i) {
    static_cast<void>(decisions(plan, "site " + std::to_string(i), 100));
  }
  std::uint64_t active = 0;
  std::uint64_t fired = 0;
  for (const auto& [name, site] : plan.sites()) {
    active += site.is_active ? 1 : 0;
    fired += site.fired;
    EXPECT_EQ(site.calls, 100u);
    if (!site.is_active) {
      EXPECT_EQ(site.fired, 0u);
    }
  }
  // Fixed seed, so these are exact statements about one outcome; the bounds say what is plausible.
  EXPECT_GT(active, 200u);
  EXPECT_LT(active, 300u);
  EXPECT_GT(fired, active * 22);
  EXPECT_LT(fired, active * 28);
}

TEST(Buggify, Zero_percent_never_and_a_hundred_percent_always_fires) {
  BuggifyPlan never({.seed = 1, .activation_percent = 100, .fire_percent = 0});
  BuggifyPlan inactive({.seed = 1, .activation_percent = 0, .fire_percent = 100});
  BuggifyPlan always({.seed = 1, .activation_percent = 100, .fire_percent = 100});
  EXPECT_EQ(decisions(never, "site", 50), std::vector<bool>(50, false));
  EXPECT_EQ(decisions(inactive, "site", 50), std::vector<bool>(50, false));
  EXPECT_EQ(decisions(always, "site", 50), std::vector<bool>(50, true));
}

constexpr BuggifyConfig certain{.seed = 1, .activation_percent = 100, .fire_percent = 100};
constexpr BuggifyConfig impossible{.seed = 1, .activation_percent = 0, .fire_percent = 0};

TEST(ScopedBuggify, Holds_for_its_scope_and_nests) {
  {
    const ScopedBuggify outer(certain);
    EXPECT_TRUE(buggify("site"));
    {
      const ScopedBuggify inner(impossible);
      EXPECT_FALSE(buggify("site"));
      EXPECT_EQ(inner.plan().sites().at("site").calls, 1u);
    }
    EXPECT_TRUE(buggify("site"));
    EXPECT_EQ(outer.plan().sites().at("site").fired, 2u);
  }
  EXPECT_FALSE(buggify("site"));
}

TEST(ScopedBuggify, Starts_each_scope_at_the_first_call_again) {
  const auto run = [] {
    const ScopedBuggify scope(std::uint64_t{77});
    std::vector<bool> all;
    for (int i = 0; i < 400; ++i) all.push_back(buggify("site " + std::to_string(i % 20)));
    return all;
  };
  EXPECT_EQ(run(), run());
}

TEST(ScopedBuggify, Perturbs_its_own_thread_only) {
  const ScopedBuggify scope(certain);
  bool other_thread_fired = true;
  std::thread([&] { other_thread_fired = buggify("site"); }).join();
  EXPECT_FALSE(other_thread_fired);
  EXPECT_TRUE(buggify("site"));
}

TEST(BuggifyPlan, Can_be_exchanged_by_a_scheduler_between_processes_on_one_thread) {
  BuggifyPlan one(certain);
  BuggifyPlan two(impossible);
  EXPECT_EQ(exchange_buggify_plan(&one), nullptr);
  EXPECT_TRUE(buggify("site"));
  EXPECT_EQ(exchange_buggify_plan(&two), &one);
  EXPECT_FALSE(buggify("site"));
  EXPECT_EQ(exchange_buggify_plan(nullptr), &two);
  EXPECT_EQ(one.sites().at("site").calls, 1u);
  EXPECT_EQ(two.sites().at("site").calls, 1u);
}

/// Sets DMP_DST_BUGGIFY for a test; nullptr removes it.
class Environment {
 public:
  explicit Environment(const char* value) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Environment() { set(before_ ? before_->c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  static void set(const char* value) {
    if (value == nullptr) {
      unsetenv(name);
    } else {
      setenv(name, value, 1);
    }
  }
  static constexpr const char* name = "DMP_DST_BUGGIFY";
  std::optional<std::string> before_;
};

TEST(BuggifyConfig, Is_off_unless_the_environment_names_a_seed) {
  for (const char* value : {static_cast<const char*>(nullptr), "", "off"}) {
    const Environment environment(value);
    EXPECT_EQ(BuggifyConfig::from_environment().value(), std::nullopt);
  }
}

TEST(BuggifyConfig, Takes_the_seed_from_the_environment_zero_included) {
  const auto seed_of = [](const char* value) {
    const Environment environment(value);
    return BuggifyConfig::from_environment().value().value().seed;
  };
  EXPECT_EQ(seed_of("0"), 0u);
  EXPECT_EQ(seed_of("6145"), 6145u);
  EXPECT_EQ(seed_of("0x1801"), 0x1801u);
  EXPECT_EQ(seed_of("18446744073709551615"), UINT64_MAX);
}

TEST(BuggifyConfig, Refuses_what_is_not_a_seed_and_says_so) {
  for (const char* value : {"yes", "-1", "0x", "12 ", "18446744073709551616", "0xG"}) {
    const Environment environment(value);
    const auto config = BuggifyConfig::from_environment();
    ASSERT_FALSE(config) << value;
    EXPECT_EQ(config.error(), "DMP_DST_BUGGIFY is '" + std::string(value) +
                                  "'; expected a seed below 2^64, decimal or 0x hexadecimal, or "
                                  "'off'");
  }
}

}  // namespace
}  // namespace disruptor_mp::dst
