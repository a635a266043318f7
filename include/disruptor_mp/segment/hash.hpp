// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace disruptor_mp {

/// Eight bytes as one word, the first lowest.
[[nodiscard]] constexpr std::uint64_t word_of(const std::byte* bytes) noexcept {
  std::uint64_t word = 0;
  if (!std::is_constant_evaluated() && std::endian::native == std::endian::little) {
    __builtin_memcpy(&word, bytes, sizeof word);  // one load
    return word;
  }
  for (unsigned i = 0; i < 8; ++i) word |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  return word;
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo): the same on every machine and in every build, unlike
/// std::hash. Guards against accidents, not against malice.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::span<const std::byte> bytes) noexcept {
  constexpr std::uint64_t prime = 0x00000100000001b3U;
  constexpr std::uint64_t prime_2 = prime * prime;
  constexpr std::uint64_t prime_8 = prime_2 * prime_2 * prime_2 * prime_2;
  std::uint64_t hash = 0xcbf29ce484222325U;
  std::size_t done = 0;
  for (; bytes.size() - done >= 8; done += 8) {
    std::uint64_t word = word_of(bytes.data() + done);
    if (word == 0) {  // as nearly all of a header: what is left of eight steps are the factors
      hash *= prime_8;
      continue;
    }
    for (int i = 0; i < 8; ++i, word >>= 8U) hash = (hash ^ (word & 0xFFU)) * prime;
  }
  for (; done < bytes.size(); ++done)
    hash = (hash ^ static_cast<std::uint64_t>(bytes[done])) * prime;
  return hash;
}

}  // namespace disruptor_mp
