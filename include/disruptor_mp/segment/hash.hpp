// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace disruptor_mp {

/// FNV-1a, 64 bits (Fowler, Noll, Vo): the same on every machine and in every build, unlike
/// std::hash. Guards against accidents, not against malice.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::span<const std::byte> bytes) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const std::byte byte : bytes) {
    hash ^= static_cast<std::uint64_t>(byte);
    hash *= 0x00000100000001b3U;
  }
  return hash;
}

}  // namespace disruptor_mp
