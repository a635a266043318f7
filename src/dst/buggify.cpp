// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/dst/buggify.hpp"

#include <charconv>
#include <cstdlib>
#include <utility>

namespace disruptor_mp::dst {
namespace {

constexpr const char* variable = "DMP_DST_BUGGIFY";

thread_local BuggifyPlan* current_plan = nullptr;

// FNV-1a, 64 bits: the same for a name on every machine and compiler, which std::hash is not.
std::uint64_t hash_name(std::string_view name) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

// The finaliser of splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
// generators"): every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

// Sites and calls are hashed one after the other, not added up, so that call 1 of one site is not
// related to call 0 of another.
bool chance(std::uint8_t percent, std::uint64_t seed, std::uint64_t site, std::uint64_t call) {
  return mix(mix(mix(seed) ^ site) + call) % 100 < percent;
}

constexpr std::uint64_t activation_call = ~0ULL;  // a call number that no call reaches

}  // namespace

Result<std::optional<BuggifyConfig>, std::string> BuggifyConfig::from_environment() {
  const char* value = std::getenv(variable);
  std::string_view text = value == nullptr ? "" : value;
  if (text.empty() || text == "off") return std::optional<BuggifyConfig>();

  const bool is_hex = text.starts_with("0x");
  const auto digits = text.substr(is_hex ? 2 : 0);
  BuggifyConfig config;
  const auto parsed =
      std::from_chars(digits.data(), digits.data() + digits.size(), config.seed, is_hex ? 16 : 10);
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size()) {
    return Failure{std::string(variable) + " is '" + std::string(text) +
                   "'; expected a seed below 2^64, decimal or 0x hexadecimal, or 'off'"};
  }
  return std::optional(config);
}

bool BuggifyPlan::fires(std::string_view name) {
  const std::uint64_t id = hash_name(name);
  auto found = sites_.find(name);
  if (found == sites_.end()) {
    const bool is_active = chance(config_.activation_percent, config_.seed, id, activation_call);
    found = sites_.emplace(std::string(name), Site{is_active, 0, 0}).first;
  }
  Site& site = found->second;
  const std::uint64_t call = site.calls++;
  const bool is_fired = site.is_active && chance(config_.fire_percent, config_.seed, id, call);
  if (is_fired) ++site.fired;
  return is_fired;
}

bool buggify(std::string_view site) { return current_plan != nullptr && current_plan->fires(site); }

BuggifyPlan* exchange_buggify_plan(BuggifyPlan* plan) noexcept {
  return std::exchange(current_plan, plan);
}

}  // namespace disruptor_mp::dst
