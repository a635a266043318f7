// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/pages.hpp"

namespace disruptor_mp::os {

std::string_view to_string(HugePages pages) noexcept {
  switch (pages) {
    case HugePages::none:
      return "none";
    case HugePages::transparent:
      return "transparent";
    case HugePages::hugetlb:
      return "hugetlb";
  }
  return "unknown";
}

std::string_view explain(PageNote note) noexcept {
  switch (note) {
    case PageNote::as_asked:
      return "as asked";
    case PageNote::back_end:
      return "objects of this kind cannot have them (hugetlb: memfd:, or file: in a hugetlbfs; "
             "transparent: in memory)";
    case PageNote::pool:
      return "the pool of huge pages has not enough free ones (vm.nr_hugepages)";
    case PageNote::unsupported:
      return "this kernel cannot make them on demand";
    case PageNote::too_small:
      return "the ring is smaller than a huge page";
    case PageNote::no_room:
      return "the kernel found no room for any";
    case PageNote::partly:
      return "the kernel found room for some of them only";
  }
  return "unknown";
}

std::string_view explain(NodeNote note) noexcept {
  switch (note) {
    case NodeNote::as_asked:
      return "as asked";
    case NodeNote::one_node:
      return "this machine has one memory node only";
    case NodeNote::refused:
      return "the kernel refused to place it (mbind)";
    case NodeNote::unsupported:
      return "this kernel knows no memory nodes";
  }
  return "unknown";
}

}  // namespace disruptor_mp::os
