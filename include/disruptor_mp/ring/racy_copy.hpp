// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace disruptor_mp {

/// Copies bytes that a producer may be overwriting at this moment. The result is worth something
/// only if a later look (at the horizon) shows that it was not. Relaxed atomic loads, word by word
/// where the address allows: neither the compiler nor the machine may invent or repeat them. The
/// acquire fence at the end keeps the later look later.
inline void racy_copy(std::byte* to, const std::byte* from, std::size_t size) noexcept {
  // std::atomic_ref wants a non-const object; nothing is written (the mapping may even be
  // read-only).
  auto* source = const_cast<std::byte*>(from);
  std::size_t done = 0;
  if (reinterpret_cast<std::uintptr_t>(source) % sizeof(std::uint64_t) == 0) {
    for (; done + sizeof(std::uint64_t) <= size; done += sizeof(std::uint64_t)) {
      const std::uint64_t word =
          std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(source + done))
              .load(std::memory_order_relaxed);
      __builtin_memcpy(to + done, &word, sizeof word);
    }
  }
  for (; done < size; ++done)
    to[done] = std::atomic_ref<std::byte>(source[done]).load(std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
}

}  // namespace disruptor_mp
