// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Events that prove themselves. Every word follows from (sequence, producer's incarnation, the
// producer's own number), and the checksum is keyed by the full 64-bit sequence: an event of an
// earlier lap, half of one, a mixture of two, or one delivered under another sequence cannot pass.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "disruptor_mp/segment/event_type.hpp"

namespace disruptor_mp::evidence {

/// Who made an event, and which of its events it is.
struct Origin {
  std::uint64_t incarnation = 0;  ///< of the producer; unique in a test
  std::uint64_t number = 0;       ///< counts the events of that incarnation

  bool operator==(const Origin&) const = default;
};

/// words: incarnation, number, body …, checksum
template <std::size_t Words>
struct ProofEvent {
  std::array<std::uint64_t, Words> words;
};

/// 40 bytes: goes into stamped slots.
using SmallEvent = ProofEvent<5>;
/// 192 bytes: goes into packed slots, and is large enough to be torn visibly.
using LargeEvent = ProofEvent<24>;

/// One step of a strong 64-bit mixer (the finaliser of MurmurHash3).
constexpr std::uint64_t mix(std::uint64_t value) noexcept {
  value ^= value >> 33U;
  value *= 0xff51afd7ed558ccdU;
  value ^= value >> 33U;
  value *= 0xc4ceb9fe1a85ec53U;
  return value ^ (value >> 33U);
}

/// What word `index` of an event with `count` words must be.
constexpr std::uint64_t proof_word(std::uint64_t sequence, const Origin& origin, std::size_t index,
                                   std::size_t count) noexcept {
  if (index == 0) return origin.incarnation;
  if (index == 1) return origin.number;
  const std::uint64_t key = mix(sequence + 1) ^ mix(mix(origin.incarnation) + origin.number);
  return mix(key + (index + 1 == count ? ~std::uint64_t{0} : index));
}

/// Writes the event word by word and calls `half_way` when half of it is written.
template <class HalfWay>
void write_proof(std::span<std::byte> event, std::uint64_t sequence, const Origin& origin,
                 HalfWay&& half_way) {
  const std::size_t count = event.size() / sizeof(std::uint64_t);
  for (std::size_t index = 0; index < count; ++index) {
    if (index == count / 2) half_way();
    const std::uint64_t word = proof_word(sequence, origin, index, count);
    std::memcpy(event.data() + index * sizeof word, &word, sizeof word);
  }
}
inline void write_proof(std::span<std::byte> event, std::uint64_t sequence, const Origin& origin) {
  write_proof(event, sequence, origin, [] {});
}

inline Origin origin_of(std::span<const std::byte> event) {
  Origin origin;
  std::memcpy(&origin.incarnation, event.data(), sizeof origin.incarnation);
  std::memcpy(&origin.number, event.data() + sizeof origin.incarnation, sizeof origin.number);
  return origin;
}

/// Is this, byte for byte, the event its own first words say it is, and was it written for this
/// sequence?
inline bool is_proven(std::span<const std::byte> event, std::uint64_t sequence) {
  const Origin origin = origin_of(event);
  const std::size_t count = event.size() / sizeof(std::uint64_t);
  for (std::size_t index = 0; index < count; ++index) {
    std::uint64_t word = 0;
    std::memcpy(&word, event.data() + index * sizeof word, sizeof word);
    if (word != proof_word(sequence, origin, index, count)) return false;
  }
  return true;
}

}  // namespace disruptor_mp::evidence

template <>
struct disruptor_mp::EventTraits<disruptor_mp::evidence::SmallEvent> {
  static constexpr std::string_view name = "evidence::SmallEvent";
};
template <>
struct disruptor_mp::EventTraits<disruptor_mp::evidence::LargeEvent> {
  static constexpr std::string_view name = "evidence::LargeEvent";
};
