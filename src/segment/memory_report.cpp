// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/segment/memory_report.hpp"

#include <string_view>

namespace disruptor_mp {
namespace {

void append(std::string& note, std::string_view what, std::string_view why) {
  if (!note.empty()) note += "; ";
  note += what;
  note += ": ";
  note += why;
}

}  // namespace

MemoryReport memory_report(const Segment& segment) {
  // Checked when the header was read (read_header).
  const format::Memory& memory = segment.header().memory;
  MemoryReport report{.size = segment.header().sections.total_size,
                      .page_size = segment.shape().page_size,
                      .huge_pages_asked = static_cast<HugePages>(memory.huge_pages_asked),
                      .huge_pages = static_cast<HugePages>(memory.huge_pages),
                      .numa_node_asked = std::nullopt,
                      .is_prefaulted = segment.is_prefaulted(),
                      .is_locked = segment.is_locked(),
                      .note = {}};
  if (const auto why = static_cast<os::PageNote>(memory.hugetlb_note);
      why != os::PageNote::as_asked) {
    append(report.note, "no hugetlb pages", os::explain(why));
  }
  if (const auto why = static_cast<os::PageNote>(memory.transparent_note);
      why != os::PageNote::as_asked) {
    const bool has_some = report.huge_pages == HugePages::transparent;
    append(report.note, has_some ? "few transparent huge pages" : "no transparent huge pages",
           os::explain(why));
  }
  if (memory.node_asked == 0) return report;
  const auto why = static_cast<os::NodeNote>(memory.node_note);
  report.numa_node_asked = memory.node_asked - 1;
  report.is_on_node = why == os::NodeNote::as_asked || why == os::NodeNote::one_node;
  if (why != os::NodeNote::as_asked)
    append(report.note, "memory node " + std::to_string(memory.node_asked - 1), os::explain(why));
  return report;
}

}  // namespace disruptor_mp
