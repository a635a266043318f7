// SPDX-License-Identifier: MIT OR Apache-2.0
#include "profiles.hpp"

#include <stdexcept>

namespace disruptor_mp::kill {
namespace {

std::vector<Part> parts(unsigned producers, unsigned required, unsigned gating,
                        unsigned observers) {
  std::vector<Part> all;
  const auto add = [&all](unsigned count, Role role) {
    for (unsigned i = 1; i <= count; ++i)
      all.push_back({.role = role, .id = to_string(role) + std::to_string(i)});
  };
  add(producers, Role::producer);
  add(required, Role::required);
  add(gating, Role::gating);
  add(observers, Role::observer);
  return all;
}

}  // namespace

std::string to_string(Role role) {
  switch (role) {
    case Role::producer:
      return "producer";
    case Role::required:
      return "required";
    case Role::gating:
      return "gating";
    case Role::observer:
      return "observer";
  }
  return "unknown";
}

const std::vector<Profile>& all_profiles() {
  static const std::vector<Profile> profiles = {
      {.name = "pair", .what = "one producer, one required consumer", .parts = parts(1, 1, 0, 0)},
      {.name = "crowd",
       .what = "one producer; two required, a gating, an observing consumer; packed slots",
       .has_large_events = true,
       .parts = parts(1, 2, 1, 1)},
      {.name = "several",
       .what = "three producers; a required, a gating, an observing consumer",
       .producers = ProducerKind::multi,
       .capacity = 64,
       .parts = parts(3, 1, 1, 1)},
      {.name = "revoking",
       .what = "three producers whose claims are revoked after 2 ms; a required, a gating consumer",
       .producers = ProducerKind::multi,
       .capacity = 64,
       .revoke_stopped_after = std::chrono::milliseconds(2),
       .parts = parts(3, 1, 1, 0)},
      {.name = "file",
       .what = "over file: one producer; a required, a gating consumer; packed slots",
       .backend = os::Backend::file,
       .has_large_events = true,
       .parts = parts(1, 1, 1, 0)},
      {.name = "several-file",
       .what = "over file: two producers; a required, a gating consumer",
       .backend = os::Backend::file,
       .producers = ProducerKind::multi,
       .capacity = 64,
       .parts = parts(2, 1, 1, 0)},
  };
  return profiles;
}

const Profile& profile_named(const std::string& name) {
  std::string names;
  for (const Profile& profile : all_profiles()) {
    if (profile.name == name) return profile;
    names += (names.empty() ? "" : ", ") + profile.name;
  }
  throw std::runtime_error("--profile: found '" + name + "', expected one of " + names);
}

}  // namespace disruptor_mp::kill
