// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A mapping of a file has neighbours that the address sanitizer does not know. Here each shared one
// is put between two stretches of address space that nobody may touch, so that a look outside is a
// fault. Linked with --wrap=mmap,--wrap=munmap.
#include <sys/mman.h>

#include <cstddef>
#include <map>

namespace {

constexpr std::size_t guard = std::size_t{16} << 20U;
constexpr std::size_t page = 4096;

std::map<void*, std::size_t>& guarded() {
  static auto* const sizes = new std::map<void*, std::size_t>;  // outlives whoever unmaps at exit
  return *sizes;
}

std::size_t whole_pages(std::size_t size) { return (size + page - 1) / page * page; }

}  // namespace

extern "C" {
void* __real_mmap(void* address, std::size_t size, int protection, int flags, int fd, off_t offset);
int __real_munmap(void* address, std::size_t size);

void* __wrap_mmap(void* address, std::size_t size, int protection, int flags, int fd,
                  off_t offset) {
  if (address != nullptr || (flags & MAP_SHARED) == 0 || size == 0)
    return __real_mmap(address, size, protection, flags, fd, offset);
  const std::size_t all = whole_pages(size) + 2 * guard;
  void* const room =
      __real_mmap(nullptr, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return MAP_FAILED;
  void* const middle = static_cast<std::byte*>(room) + guard;
  void* const mapped = __real_mmap(middle, size, protection, flags | MAP_FIXED, fd, offset);
  if (mapped == MAP_FAILED) {
    __real_munmap(room, all);
    return MAP_FAILED;
  }
  guarded()[mapped] = all;
  return mapped;
}

int __wrap_munmap(void* address, std::size_t size) {
  const auto found = guarded().find(address);
  if (found == guarded().end()) return __real_munmap(address, size);
  const std::size_t all = found->second;
  guarded().erase(found);
  return __real_munmap(static_cast<std::byte*>(address) - guard, all);
}
}
