// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Which pages an object's memory is made of, where they lie, and whether they stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace disruptor_mp::os {

class ObjectName;

/// Fewer and larger pages: fewer misses of the TLB in a large ring. What cannot be had is told
/// (MemoryReport), and the next weaker kind is tried.
enum class HugePages : std::uint32_t {
  none = 0,         ///< pages of the usual size
  transparent = 1,  ///< where the kernel finds room for it, usual ones are put together
  hugetlb = 2,      ///< of the pool that the administrator has set aside (vm.nr_hugepages)
};
inline constexpr HugePages last_huge_pages = HugePages::hugetlb;
/// "none", …
[[nodiscard]] std::string_view to_string(HugePages pages) noexcept;

/// Why huge pages were not had, or only in part.
enum class PageNote : std::uint32_t {
  as_asked = 0,     ///< had, or not asked for
  back_end = 1,     ///< this kind of object cannot have them
  pool = 2,         ///< the pool has not enough free ones
  unsupported = 3,  ///< this kernel cannot
  too_small = 4,    ///< the ring is smaller than one
  no_room = 5,      ///< the kernel found no room for any
  partly = 6,       ///< the kernel found room for some
};
inline constexpr PageNote last_page_note = PageNote::partly;
/// In a sentence: "the pool of huge pages has not enough free ones (vm.nr_hugepages)".
[[nodiscard]] std::string_view explain(PageNote note) noexcept;

/// What became of the wish for a memory node.
enum class NodeNote : std::uint32_t {
  as_asked = 0,     ///< placed there, or not asked for
  one_node = 1,     ///< this machine has one: there is nothing to choose
  refused = 2,      ///< the kernel refused (a seccomp filter, a cpuset, no memory there)
  unsupported = 3,  ///< this kernel knows no nodes
};
inline constexpr NodeNote last_node_note = NodeNote::unsupported;
/// In a sentence.
[[nodiscard]] std::string_view explain(NodeNote note) noexcept;

/// Which memory a new object shall have.
struct NewMemory {
  HugePages huge_pages = HugePages::none;                 ///< or the next weaker kind
  std::optional<std::uint32_t> numa_node = std::nullopt;  ///< the kernel's choice
};

/// The granularity of mappings and protections.
[[nodiscard]] std::uint64_t page_size() noexcept;
/// That of an object of this name, which is larger in a hugetlbfs.
[[nodiscard]] std::uint64_t page_size_of(const ObjectName& name);
/// The size of the pages of the pool that a new object of this name could have; nothing if it
/// cannot have any.
[[nodiscard]] std::optional<std::uint64_t> hugetlb_page_size(const ObjectName& name);

/// Is this memory node there? @throws Error{invalid_option} that names those that are.
void require_node(const ObjectName& name, std::uint32_t node);

}  // namespace disruptor_mp::os
