// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What the kernel is asked for when pages are placed. (What a ring makes of it: tests/endpoint/
// memory_test.cpp.)
#include "os/mapped_pages.hpp"

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <set>

#include "disruptor_mp/os/memory_object.hpp"
#include "support/errors.hpp"
#include "support/ring_names.hpp"

namespace disruptor_mp::test {
namespace {

using os::NodeNote;
using os::ObjectName;
using os::PageNote;

TEST(Pages, Are_bound_to_the_node_that_is_asked_for) {
  auto object = os::MemoryObject::create_unnamed(ObjectName::parse("memfd:pages"), 65536, {});
  const os::PageRange all{.offset = 0, .size = 65536};
  std::byte* const data = object.map(65536, std::span(&all, 1));
  std::memset(data, 7, 65536);
  const NodeNote note = os::bind_to_node(data, 65536, 0);
  if (note == NodeNote::unsupported || note == NodeNote::refused) GTEST_SKIP() << os::explain(note);
  int mode = -1;
  ASSERT_EQ(syscall(SYS_get_mempolicy, &mode, nullptr, 0, data + 4096, MPOL_F_ADDR), 0);
  EXPECT_EQ(mode, MPOL_BIND);
  int node = -1;
  ASSERT_EQ(syscall(SYS_get_mempolicy, &node, nullptr, 0, data, MPOL_F_NODE | MPOL_F_ADDR), 0);
  EXPECT_EQ(node, 0);
  EXPECT_EQ(data[65535], std::byte{7});
  EXPECT_EQ(os::bind_to_node(data, 65536, 1000), NodeNote::refused);
}

TEST(Pages, Are_larger_in_a_pool_only) {
  EXPECT_EQ(os::page_size_of(ObjectName::parse("shm:x")), os::page_size());
  EXPECT_EQ(os::page_size_of(ObjectName::parse("file:/var/tmp/x")), os::page_size());
  EXPECT_EQ(os::hugetlb_page_size(ObjectName::parse("shm:x")), std::nullopt);
  EXPECT_EQ(os::hugetlb_page_size(ObjectName::parse("file:/no/such/folder/x")), std::nullopt);
}

TEST(Notes, Differ_and_say_something) {
  std::set<std::string_view> texts;
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(os::last_page_note); ++i)
    EXPECT_TRUE(texts.insert(os::explain(static_cast<PageNote>(i))).second) << i;
  EXPECT_EQ(os::explain(static_cast<PageNote>(99)), "unknown");
  texts.clear();
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(os::last_node_note); ++i)
    EXPECT_TRUE(texts.insert(os::explain(static_cast<NodeNote>(i))).second) << i;
  EXPECT_EQ(os::explain(static_cast<NodeNote>(99)), "unknown");
  EXPECT_EQ(os::to_string(os::HugePages::none), "none");
  EXPECT_EQ(os::to_string(os::HugePages::transparent), "transparent");
  EXPECT_EQ(os::to_string(os::HugePages::hugetlb), "hugetlb");
  EXPECT_EQ(os::to_string(static_cast<os::HugePages>(99)), "unknown");
}

}  // namespace
}  // namespace disruptor_mp::test
