// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What g++ and clang call for each memory access of code compiled with -fsanitize=thread. The
// sanitizer's own library is not linked: these are our definitions. Accesses that are not to
// simulated shared memory, or not by a simulated process, are just done.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine.hpp"

namespace {

using disruptor_mp::sim::Engine;
using disruptor_mp::sim::engine;
using disruptor_mp::sim::Order;

Order order_of(int order) noexcept { return static_cast<Order>(order & 7); }

bool is_simulated(const volatile void* address) noexcept {
  return Engine::is_shared(address) && engine().is_inside();
}

void read(const volatile void* address, std::size_t size) {
  if (is_simulated(address)) engine().plain_read(address, size);
}
void write(const volatile void* address, std::size_t size) {
  if (is_simulated(address)) engine().plain_write(address, size);
}

std::uint64_t replace(std::uint64_t, std::uint64_t operand) { return operand; }
std::uint64_t add(std::uint64_t value, std::uint64_t operand) { return value + operand; }
std::uint64_t sub(std::uint64_t value, std::uint64_t operand) { return value - operand; }
std::uint64_t bit_and(std::uint64_t value, std::uint64_t operand) { return value & operand; }
std::uint64_t bit_or(std::uint64_t value, std::uint64_t operand) { return value | operand; }
std::uint64_t bit_xor(std::uint64_t value, std::uint64_t operand) { return value ^ operand; }

template <class T>
T load(const volatile T* address, int order) {
  if (!is_simulated(address)) return __atomic_load_n(address, __ATOMIC_SEQ_CST);
  return static_cast<T>(engine().atomic_load(address, sizeof(T), order_of(order)));
}
template <class T>
void store(volatile T* address, T value, int order) {
  if (!is_simulated(address)) return __atomic_store_n(address, value, __ATOMIC_SEQ_CST);
  engine().atomic_store(address, sizeof(T), value, order_of(order));
}
template <class T>
bool compare_exchange(volatile T* address, T* expected, T desired, int success, int failure) {
  if (!is_simulated(address)) {
    return __atomic_compare_exchange_n(address, expected, desired, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
  }
  std::uint64_t found = *expected;
  const bool done = engine().compare_exchange(address, sizeof(T), found, desired, order_of(success),
                                              order_of(failure));
  *expected = static_cast<T>(found);
  return done;
}

}  // namespace

// Not in any header of the compilers; signatures as in LLVM's tsan_interface.h and
// tsan_interface_atomic.h.
#pragma GCC diagnostic ignored "-Wmissing-declarations"

// The names are the compilers', and a type does not stand in parentheses.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming,bugprone-macro-parentheses)
extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

#define DMP_PLAIN(size)                                                      \
  void __tsan_read##size(void* address) { read(address, size); }             \
  void __tsan_write##size(void* address) { write(address, size); }           \
  void __tsan_read_write##size(void* address) {                              \
    read(address, size);                                                     \
    write(address, size);                                                    \
  }                                                                          \
  void __tsan_unaligned_read##size(void* address) { read(address, size); }   \
  void __tsan_unaligned_write##size(void* address) { write(address, size); } \
  void __tsan_unaligned_read_write##size(void* address) {                    \
    read(address, size);                                                     \
    write(address, size);                                                    \
  }
DMP_PLAIN(1)
DMP_PLAIN(2)
DMP_PLAIN(4)
DMP_PLAIN(8)
DMP_PLAIN(16)
#undef DMP_PLAIN

void __tsan_read_range(void* address, std::size_t size) { read(address, size); }
void __tsan_write_range(void* address, std::size_t size) { write(address, size); }

#define DMP_UPDATE(bits, type, name, update, builtin)                                     \
  type __tsan_atomic##bits##_##name(volatile type* address, type operand, int order) {    \
    if (!is_simulated(address)) return builtin(address, operand, __ATOMIC_SEQ_CST);       \
    return static_cast<type>(                                                             \
        engine().atomic_update(address, sizeof(type), order_of(order), update, operand)); \
  }
#define DMP_ATOMIC(bits, type)                                                                \
  type __tsan_atomic##bits##_load(const volatile type* address, int order) {                  \
    return load(address, order);                                                              \
  }                                                                                           \
  void __tsan_atomic##bits##_store(volatile type* address, type value, int order) {           \
    store(address, value, order);                                                             \
  }                                                                                           \
  DMP_UPDATE(bits, type, exchange, replace, __atomic_exchange_n)                              \
  DMP_UPDATE(bits, type, fetch_add, add, __atomic_fetch_add)                                  \
  DMP_UPDATE(bits, type, fetch_sub, sub, __atomic_fetch_sub)                                  \
  DMP_UPDATE(bits, type, fetch_and, bit_and, __atomic_fetch_and)                              \
  DMP_UPDATE(bits, type, fetch_or, bit_or, __atomic_fetch_or)                                 \
  DMP_UPDATE(bits, type, fetch_xor, bit_xor, __atomic_fetch_xor)                              \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile type* address, type* expected,   \
                                                    type desired, int success, int failure) { \
    return compare_exchange(address, expected, desired, success, failure);                    \
  }                                                                                           \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile type* address, type* expected,     \
                                                  type desired, int success, int failure) {   \
    return compare_exchange(address, expected, desired, success, failure);                    \
  }                                                                                           \
  type __tsan_atomic##bits##_compare_exchange_val(volatile type* address, type expected,      \
                                                  type desired, int success, int failure) {   \
    compare_exchange(address, &expected, desired, success, failure);                          \
    return expected;                                                                          \
  }
DMP_ATOMIC(8, std::uint8_t)
DMP_ATOMIC(16, std::uint16_t)
DMP_ATOMIC(32, std::uint32_t)
DMP_ATOMIC(64, std::uint64_t)
#undef DMP_ATOMIC
#undef DMP_UPDATE

void __tsan_atomic_thread_fence(int order) {
  const Engine* sim = disruptor_mp::sim::the_engine;
  if (sim != nullptr && sim->is_inside()) {
    engine().thread_fence(order_of(order));
  } else {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
  }
}
void __tsan_atomic_signal_fence(int) { asm volatile("" ::: "memory"); }

// Neither compiler instruments these calls; the linker sends them here (--wrap).
void* __real_memcpy(void* to, const void* from, std::size_t size);
void* __real_memmove(void* to, const void* from, std::size_t size);
void* __real_memset(void* to, int value, std::size_t size);

void* __wrap_memcpy(void* to, const void* from, std::size_t size) {
  if (size != 0) {
    read(from, size);
    write(to, size);
  }
  return __real_memcpy(to, from, size);
}
void* __wrap_memmove(void* to, const void* from, std::size_t size) {
  if (size != 0) {
    read(from, size);
    write(to, size);
  }
  return __real_memmove(to, from, size);
}
void* __wrap_memset(void* to, int value, std::size_t size) {
  if (size != 0) write(to, size);
  return __real_memset(to, value, size);
}
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming,bugprone-macro-parentheses)
