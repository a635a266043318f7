// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Who takes part, around which ring.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "disruptor_mp/disruptor_mp.hpp"
#include "disruptor_mp/os/memory_object.hpp"

namespace disruptor_mp::kill {

enum class Role : std::uint8_t { producer, required, gating, observer };
[[nodiscard]] std::string to_string(Role role);

/// One that is started again under the same id whenever it was killed.
struct Part {
  Role role = Role::producer;
  std::string id;
};

struct Profile {
  std::string name;
  std::string what;  ///< for people
  os::Backend backend = os::Backend::shm;
  ProducerKind producers = ProducerKind::single;
  bool has_large_events = false;  ///< 192 bytes in packed slots; else 40 in stamped ones
  std::uint64_t capacity = 16;
  std::chrono::milliseconds revoke_stopped_after{0};
  std::vector<Part> parts;
};

[[nodiscard]] const std::vector<Profile>& all_profiles();
/// @throws std::runtime_error that lists what there is.
[[nodiscard]] const Profile& profile_named(const std::string& name);

}  // namespace disruptor_mp::kill
