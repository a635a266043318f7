// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace disruptor_mp::market_feed {

/// 64-bit checksum against torn and damaged records, not against an adversary. Eight bytes a step,
/// so that a state of several kilobytes can be checkpointed after every batch. The mixing constants
/// are those of the finaliser of MurmurHash3 (Appleby, public domain).
[[nodiscard]] inline std::uint64_t checksum(std::span<const std::byte> bytes,
                                            std::uint64_t seed = 0) noexcept {
  constexpr std::uint64_t multiplier = 0xff51afd7ed558ccdULL;
  constexpr std::uint64_t finisher = 0xc4ceb9fe1a85ec53ULL;
  std::uint64_t hash = (seed ^ bytes.size()) * multiplier + 1;
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t count = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), count);
    hash = std::rotl(hash ^ word, 27) * multiplier;
    bytes = bytes.subspan(count);
  }
  hash ^= hash >> 33U;
  hash *= finisher;
  return hash ^ (hash >> 29U);
}

}  // namespace disruptor_mp::market_feed
