// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "disruptor_mp/os/pages.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

using os::HugePages;

/// What a ring's memory is made of, and what its creator had asked for.
struct MemoryReport {
  std::uint64_t size = 0;                        ///< bytes of the object
  std::uint64_t page_size = 0;                   ///< bytes; that of the pool for `hugetlb`
  HugePages huge_pages_asked = HugePages::none;  ///< by the creator
  HugePages huge_pages = HugePages::none;        ///< what it got
  std::optional<std::uint32_t> numa_node_asked;  ///< by the creator
  bool is_on_node = false;                       ///< whether it got it
  bool is_prefaulted = false;                    ///< this process: no page fault is left
  bool is_locked = false;                        ///< this process: it stays in memory
  /// Why something is not as it was asked, in a sentence each; empty if all is.
  std::string note;
};

/// Of an attached or looked-at ring.
[[nodiscard]] MemoryReport memory_report(const Segment& segment);

}  // namespace disruptor_mp
