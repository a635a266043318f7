// SPDX-License-Identifier: MIT OR Apache-2.0
//
// operator new for simulated processes: each has a heap of its own, so that what a killed process
// leaves behind costs nothing. Freed blocks are kept by size; nothing is ever merged.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

#include "engine.hpp"
#include "engine_detail.hpp"

namespace {

using disruptor_mp::sim::Engine;
using disruptor_mp::sim::heap_is_ours;
using disruptor_mp::sim::the_engine;

bool is_process_running() noexcept {
  return the_engine != nullptr && the_engine->is_inside() && !heap_is_ours;
}
bool is_of_a_process(const void* block) noexcept {
  return the_engine != nullptr && the_engine->owns_heap_address(block);
}

/// Before each block; keeps the block aligned to 16.
struct alignas(16) Header {
  std::uint64_t size_class;
};

void* allocate(std::size_t size) {
  if (!is_process_running()) return std::malloc(size);
  Engine::Heap& heap = the_engine->heap();
  const auto size_class =
      static_cast<unsigned>(std::bit_width((std::max<std::size_t>(size, 1) + 31) / 32 - 1));
  if (size_class < heap.free.size() && heap.free[size_class] != nullptr) {
    void* block = heap.free[size_class];
    heap.free[size_class] = *static_cast<void**>(block);
    return block;
  }
  const std::size_t whole = (std::size_t{32} << size_class) + sizeof(Header);
  if (static_cast<std::size_t>(heap.end - heap.next) < whole) return nullptr;
  auto* header = reinterpret_cast<Header*>(heap.next);
  header->size_class = size_class;
  heap.next += whole;
  return header + 1;
}

void release(void* block) noexcept {
  if (block == nullptr) return;
  if (!is_of_a_process(block)) {
    std::free(block);
    return;
  }
  if (!the_engine->is_inside()) return;  // the run is over, and its heaps with it
  Engine::Heap& heap = the_engine->heap();
  const auto size_class = (static_cast<Header*>(block) - 1)->size_class;
  if (size_class >= heap.free.size()) return;
  *static_cast<void**>(block) = heap.free[size_class];
  heap.free[size_class] = block;
}

void* allocate_or_throw(std::size_t size) {
  if (void* block = allocate(size)) return block;
  throw std::bad_alloc();
}

void* allocate_aligned(std::size_t size, std::size_t alignment) {
  if (alignment <= 16) return allocate_or_throw(size);
  // Only the observer's copy asks for this. The block is not found again by `release`: not freed
  // inside a process, where it dies with the heap.
  if (!is_process_running()) {
    if (void* block = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment))
      return block;
    throw std::bad_alloc();
  }
  auto* raw = static_cast<std::byte*>(allocate_or_throw(size + alignment));
  const auto address = reinterpret_cast<std::uintptr_t>(raw);
  return raw + (alignment - address % alignment) % alignment;
}

void release_aligned(void* block, std::size_t alignment) noexcept {
  if (alignment <= 16) {
    release(block);
  } else if (!is_of_a_process(block)) {
    std::free(block);
  }
}

}  // namespace

void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate_aligned(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate_aligned(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { release(block); }
void operator delete[](void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
void operator delete[](void* block, std::size_t) noexcept { release(block); }
void operator delete(void* block, std::align_val_t alignment) noexcept {
  release_aligned(block, static_cast<std::size_t>(alignment));
}
void operator delete[](void* block, std::align_val_t alignment) noexcept {
  release_aligned(block, static_cast<std::size_t>(alignment));
}
void operator delete(void* block, std::size_t, std::align_val_t alignment) noexcept {
  release_aligned(block, static_cast<std::size_t>(alignment));
}
void operator delete[](void* block, std::size_t, std::align_val_t alignment) noexcept {
  release_aligned(block, static_cast<std::size_t>(alignment));
}
