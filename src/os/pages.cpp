// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/pages.hpp"

#include <linux/magic.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/os/memory_object.hpp"
#include "os/mapped_pages.hpp"

// Of headers that are newer than the oldest we build with (asm-generic/mman-common.h).
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

namespace disruptor_mp::os {
namespace {

/// "Hugepagesize:    2048 kB" of proc(5); 0 where the kernel has none.
std::uint64_t default_huge_page_size() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Hugepagesize:"))
      return std::strtoull(line.c_str() + line.find(':') + 1, nullptr, 10) * 1024;
  }
  return 0;
}

/// Bit n: memory node n is there. From a list such as "0-1,3".
std::vector<bool> memory_nodes() {
  std::vector<bool> nodes;
  std::ifstream file("/sys/devices/system/node/online");
  constexpr unsigned most_nodes = 1024;  // CONFIG_NODES_SHIFT is at most 10
  unsigned first = 0;
  while (file >> first) {
    unsigned last = first;
    char next = '\0';
    if (file.get(next) && next == '-') file >> last&& file.get(next);
    for (unsigned node = first; node <= last && node < most_nodes; ++node) {
      nodes.resize(std::max<std::size_t>(nodes.size(), node + 1));
      nodes[node] = true;
    }
  }
  return nodes.empty() ? std::vector<bool>{true} : nodes;
}

}  // namespace

std::uint64_t page_size() noexcept { return static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)); }

std::uint64_t page_size_of(const ObjectName& name) {
  struct statfs info {};
  const bool is_hugetlbfs = name.backend() == Backend::file &&
                            statfs(name.directory().c_str(), &info) == 0 &&
                            info.f_type == HUGETLBFS_MAGIC;
  return is_hugetlbfs ? static_cast<std::uint64_t>(info.f_bsize) : page_size();
}

std::optional<std::uint64_t> hugetlb_page_size(const ObjectName& name) {
  const std::uint64_t size =
      name.backend() == Backend::memfd ? default_huge_page_size() : page_size_of(name);
  return size > page_size() ? std::optional(size) : std::nullopt;
}

void require_node(const ObjectName& name, std::uint32_t node) {
  const std::vector<bool> nodes = memory_nodes();
  if (node < nodes.size() && nodes[node]) return;
  std::string there;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i]) there += (there.empty() ? "" : ", ") + std::to_string(i);
  }
  throw Error(Errc::invalid_option, {.object = name.text(),
                                     .problem = "there is no such memory node",
                                     .found = "numa_node " + std::to_string(node),
                                     .expected = "one of " + there,
                                     .remedy = "Choose one of these, or leave it to the kernel."});
}

std::uint64_t transparent_page_size() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
  std::uint64_t size = 0;
  file >> size;
  return size;
}

PageNote collapse(std::byte* data, std::uint64_t size) {
  const std::uint64_t huge = transparent_page_size();
  // No bytes: asks whether the advice is known, which it is since Linux 6.1.
  if (huge == 0 || madvise(data, 0, MADV_COLLAPSE) != 0) return PageNote::unsupported;
  if (size < huge) return PageNote::too_small;
  std::uint64_t had = 0;
  std::uint64_t wanted = 0;
  for (std::uint64_t at = 0; at + huge <= size; at += huge, ++wanted) {
    // Once more where pages were on their way elsewhere just now.
    int error = EAGAIN;
    for (int attempt = 0; error == EAGAIN && attempt < 3; ++attempt)
      error = madvise(data + at, huge, MADV_COLLAPSE) == 0 ? 0 : errno;
    if (error == EINVAL && had == 0) return PageNote::back_end;  // a file on a disk
    if (error == 0) ++had;
  }
  return had == wanted ? PageNote::as_asked : had == 0 ? PageNote::no_room : PageNote::partly;
}

NodeNote place_on_node(std::byte* data, std::uint64_t size, std::uint32_t node) {
  const std::vector<bool> nodes = memory_nodes();
  if (std::count(nodes.begin(), nodes.end(), true) < 2) return NodeNote::one_node;
  return bind_to_node(data, size, node);
}

NodeNote bind_to_node(std::byte* data, std::uint64_t size, std::uint32_t node) {
  constexpr std::size_t bits = 8 * sizeof(unsigned long);
  std::vector<unsigned long> mask(node / bits + 1);
  mask[node / bits] = 1UL << (node % bits);
  // One bit more than there are: the kernel looks at one less than it is told (mbind(2), BUGS).
  // MOVE: the pages are there already, and nobody else has mapped them yet.
  if (syscall(SYS_mbind, data, size, MPOL_BIND, mask.data(), mask.size() * bits + 1,
              MPOL_MF_MOVE) == 0) {
    return NodeNote::as_asked;
  }
  return errno == ENOSYS ? NodeNote::unsupported : NodeNote::refused;
}

void prefault(const std::byte* data, std::uint64_t size, bool is_writable) {
  // Neither advice changes a byte, also not for a moment: others may be writing there. (A store of
  // what was read would undo what somebody else stored between the two.)
  auto* const begin = const_cast<std::byte*>(data);
  if (is_writable && madvise(begin, size, MADV_POPULATE_WRITE) == 0) return;
  if (madvise(begin, size, MADV_POPULATE_READ) == 0) return;
  // Before Linux 5.14. Volatile: nobody uses what is read.
  for (std::uint64_t at = 0; at < size; at += page_size())
    static_cast<void>(*static_cast<const volatile std::byte*>(data + at));
}

void lock_pages(const ObjectName& name, const std::byte* data, std::uint64_t size) {
  if (mlock(data, size) == 0) return;
  const int error = errno;
  struct rlimit limit {};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  const bool is_limited = error == ENOMEM || error == EPERM || error == EAGAIN;
  throw Error(is_limited ? Errc::permission_denied : Errc::system_error,
              {.object = name.text(),
               .problem = "the ring's memory cannot be locked (mlock: " +
                          std::generic_category().message(error) + ")",
               .found = "RLIMIT_MEMLOCK of " + std::to_string(limit.rlim_cur) + " bytes",
               .expected = std::to_string(size) + " bytes, besides what else is locked",
               .remedy = "Raise it (ulimit -l, LimitMEMLOCK= of systemd), give the program "
                         "CAP_IPC_LOCK, or leave lock_memory off."});
}

}  // namespace disruptor_mp::os
