// SPDX-License-Identifier: MIT OR Apache-2.0
// Seeded perturbation of the code under test: a named site asks "shall I misbehave now?".
//
// A site may delay, yield, refuse or hand out less than it could. It may never lie about a gate, a
// cursor or a payload: a run with perturbation must satisfy every invariant that a run without
// does.
//
//   if (buggify("consumer.poll_returns_early")) return 0;
//
// Whether a site fires depends on the seed, the site's name and how often this plan was asked
// there, and on nothing else: not on other threads, not on line numbers, not on the environment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "disruptor_mp/dst/result.hpp"

namespace disruptor_mp::dst {

/// How much to perturb.
struct BuggifyConfig {
  std::uint64_t seed = 0;
  std::uint8_t activation_percent = 25;  ///< share of the sites that misbehave at all under a seed
  std::uint8_t fire_percent = 25;        ///< share of the calls at which an active site does

  /// Reads DMP_DST_BUGGIFY once, now: absent, empty or "off" means no perturbation; otherwise it is
  /// the seed, decimal or 0x hexadecimal. Anything else is an error that says so.
  [[nodiscard]] static Result<std::optional<BuggifyConfig>, std::string> from_environment();

  friend bool operator==(const BuggifyConfig&, const BuggifyConfig&) = default;
};

/// The decisions of one seed for one process of a run. Not thread-safe: every simulated process and
/// every thread has its own, so that its decisions do not depend on how it interleaves with others.
class BuggifyPlan {
 public:
  /// What happened at a site.
  struct Site {
    bool is_active = false;
    std::uint64_t calls = 0;
    std::uint64_t fired = 0;
  };
  using Sites = std::map<std::string, Site, std::less<>>;

  explicit BuggifyPlan(BuggifyConfig config) : config_(config) {}

  /// Decides one call at the site of that name.
  [[nodiscard]] bool fires(std::string_view name);

  [[nodiscard]] const BuggifyConfig& config() const noexcept { return config_; }
  /// Every site asked so far, by name.
  [[nodiscard]] const Sites& sites() const noexcept { return sites_; }

 private:
  BuggifyConfig config_;
  Sites sites_;
};

/// Asks the plan of this thread; false if there is none, at the cost of one load.
[[nodiscard]] bool buggify(std::string_view site);

/// Makes a plan that of this thread and returns the one before; nullptr is "none". For a scheduler
/// that runs several simulated processes on one thread.
BuggifyPlan* exchange_buggify_plan(BuggifyPlan* plan) noexcept;

/// Perturbs this thread for the life of the object; scopes nest, and the end of one brings back the
/// one around it.
class ScopedBuggify {
 public:
  explicit ScopedBuggify(BuggifyConfig config)
      : plan_(config), outer_(exchange_buggify_plan(&plan_)) {}
  explicit ScopedBuggify(std::uint64_t seed) : ScopedBuggify(BuggifyConfig{.seed = seed}) {}
  ~ScopedBuggify() { exchange_buggify_plan(outer_); }

  ScopedBuggify(const ScopedBuggify&) = delete;
  ScopedBuggify& operator=(const ScopedBuggify&) = delete;

  [[nodiscard]] const BuggifyPlan& plan() const noexcept { return plan_; }

 private:
  BuggifyPlan plan_;
  BuggifyPlan* outer_;
};

}  // namespace disruptor_mp::dst
