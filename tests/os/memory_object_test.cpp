// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Memory objects: born whole or not at all, locked per object and not per process, gone when they
// should be.
#include "disruptor_mp/os/memory_object.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>

#include "disruptor_mp/os/fork_guard.hpp"
#include "support/child.hpp"
#include "support/errors.hpp"
#include "support/ring_names.hpp"

namespace disruptor_mp::test {
namespace {

using os::Access;
using os::LockMode;
using os::MemoryObject;
using os::ObjectName;

class Memory_object : public testing::TestWithParam<const char*> {
 protected:
  MemoryObject create(std::uint64_t size = 8192) {
    return MemoryObject::create_unnamed(name, size, {});
  }
  MemoryObject create_named(std::uint64_t size = 8192) {
    auto object = create(size);
    EXPECT_TRUE(object.publish_name());
    return object;
  }
  MemoryObject open(Access access = Access::read_write) {
    auto object = MemoryObject::open(name, access);
    EXPECT_TRUE(object);
    return std::move(*object);
  }
  void TearDown() override { std::filesystem::remove(name.path()); }

  TempFolder folder;
  ObjectName name =
      ObjectName::parse(GetParam() == std::string("shm") ? unique_ring_name() : folder.ring_name());
};
INSTANTIATE_TEST_SUITE_P(, Memory_object, testing::Values("shm", "file"),
                         [](const auto& backend) { return std::string(backend.param); });

TEST_P(Memory_object, Is_all_zero_and_fully_allocated_when_it_is_born) {
  const auto object = create(1 << 20);
  EXPECT_EQ(object.size(), 1U << 20U);
  std::vector<std::byte> bytes(1 << 20, std::byte{1});
  EXPECT_EQ(object.read_at(0, bytes), bytes.size());
  EXPECT_EQ(std::count(bytes.begin(), bytes.end(), std::byte{0}), 1 << 20);
}

TEST_P(Memory_object, Has_no_name_until_it_is_published) {
  auto object = create();
  EXPECT_FALSE(MemoryObject::open(name, Access::read_only));
  EXPECT_FALSE(object.is_named());
  EXPECT_TRUE(object.publish_name());
  EXPECT_TRUE(object.is_named());
  EXPECT_TRUE(MemoryObject::open(name, Access::read_only));
}

TEST_P(Memory_object, Leaves_nothing_if_it_is_dropped_or_its_maker_dies_before) {
  { auto object = create(); }
  EXPECT_EQ(in_child([&] {
              auto object = create();
              die();
            }),
            died);
  EXPECT_FALSE(std::filesystem::exists(name.path()));
  EXPECT_TRUE(folder.is_empty());
}

TEST_P(Memory_object, Never_replaces_another_of_its_name) {
  auto first = create_named();
  auto second = create();
  EXPECT_FALSE(second.publish_name());
  EXPECT_TRUE(first.is_named());
  EXPECT_FALSE(second.is_named());
  EXPECT_TRUE(first.remove_name());
  EXPECT_TRUE(second.publish_name());
}

TEST_P(Memory_object, Is_the_same_memory_for_all_who_map_it) {
  auto writer = create_named();
  const os::PageRange second_page{.offset = 4096, .size = 4096};
  std::byte* written = writer.map(8192, {&second_page, 1});
  auto reader = open(Access::read_only);
  const std::byte* read = reader.map(8192, {});
  EXPECT_NE(written, read);
  written[5000] = std::byte{42};
  EXPECT_EQ(read[5000], std::byte{42});
  std::byte through_file{};
  EXPECT_EQ(reader.read_at(5000, {&through_file, 1}), 1U);
  EXPECT_EQ(through_file, std::byte{42});
}

TEST_P(Memory_object, Is_read_as_far_as_it_goes) {
  const auto object = create(100);
  std::vector<std::byte> bytes(200);
  EXPECT_EQ(object.read_at(0, bytes), 100U);
  EXPECT_EQ(object.read_at(90, bytes), 10U);
  EXPECT_EQ(object.read_at(100, bytes), 0U);
  EXPECT_EQ(object.read_at(5000, bytes), 0U);
}

TEST_P(Memory_object, Has_locks_that_belong_to_it_and_not_to_the_process) {
  auto a = create_named();
  auto b = open();
  EXPECT_TRUE(a.try_lock(7, LockMode::exclusive));
  EXPECT_TRUE(a.try_lock(7, LockMode::exclusive));  // its own is not in the way
  EXPECT_FALSE(b.try_lock(7, LockMode::exclusive));
  EXPECT_FALSE(b.try_lock(7, LockMode::shared));
  EXPECT_TRUE(b.try_lock(8, LockMode::exclusive));  // another byte
  EXPECT_FALSE(a.is_locked_elsewhere(7));
  EXPECT_TRUE(b.is_locked_elsewhere(7));
  a.unlock(7);
  EXPECT_FALSE(b.is_locked_elsewhere(7));
  EXPECT_TRUE(b.try_lock(7, LockMode::exclusive));
}

TEST_P(Memory_object, Has_shared_locks_that_only_an_exclusive_one_excludes) {
  auto a = create_named();
  auto b = open();
  auto reader = open(Access::read_only);
  EXPECT_TRUE(a.try_lock(7, LockMode::shared));
  EXPECT_TRUE(b.try_lock(7, LockMode::shared));
  EXPECT_TRUE(reader.try_lock(7, LockMode::shared));
  EXPECT_FALSE(a.try_lock(7, LockMode::exclusive));
  EXPECT_TRUE(a.is_locked_elsewhere(7));
  b.unlock(7);
  reader.unlock(7);
  EXPECT_TRUE(a.try_lock(7, LockMode::exclusive));  // turned from shared into exclusive
  EXPECT_FALSE(reader.try_lock(7, LockMode::exclusive));
}

TEST_P(Memory_object, That_is_read_only_takes_no_exclusive_lock) {
  create_named();
  auto reader = open(Access::read_only);
  EXPECT_EQ(reader.access(), Access::read_only);
  EXPECT_FALSE(reader.try_lock(7, LockMode::exclusive));
}

TEST_P(Memory_object, Drops_its_locks_when_it_goes_or_its_process_dies) {
  auto survivor = create_named();
  {
    auto other = open();
    EXPECT_TRUE(other.try_lock(7, LockMode::exclusive));
    EXPECT_TRUE(survivor.is_locked_elsewhere(7));
  }
  EXPECT_FALSE(survivor.is_locked_elsewhere(7));
  EXPECT_EQ(in_child([&] {
              auto other = open();
              if (!other.try_lock(7, LockMode::exclusive)) return;
              die();
            }),
            died);
  EXPECT_TRUE(survivor.try_lock(7, LockMode::exclusive));
}

TEST_P(Memory_object, Keeps_its_locks_when_it_moves) {
  auto survivor = create_named();
  auto first = open();
  EXPECT_TRUE(first.try_lock(7, LockMode::exclusive));
  auto second = std::move(first);
  EXPECT_TRUE(survivor.is_locked_elsewhere(7));
  EXPECT_EQ(second.name().text(), name.text());
}

TEST_P(Memory_object, Locks_bytes_far_beyond_any_content) {
  auto a = create_named();
  auto b = open();
  const std::uint64_t far = (std::uint64_t{1} << 63U) - 2;
  EXPECT_TRUE(a.try_lock(far, LockMode::exclusive));
  EXPECT_TRUE(b.is_locked_elsewhere(far));
}

TEST_P(Memory_object, Removes_its_name_only_while_that_leads_to_it) {
  auto first = create_named();
  EXPECT_TRUE(first.remove_name());
  EXPECT_FALSE(first.is_named());
  EXPECT_FALSE(first.remove_name());
  auto second = create_named();
  EXPECT_FALSE(first.is_named());
  EXPECT_FALSE(first.remove_name());  // the name is another's now
  EXPECT_TRUE(second.is_named());
}

TEST_P(Memory_object, Is_taken_from_the_child_of_a_fork) {
  auto object = create_named();
  const os::PageRange all{.offset = 0, .size = 8192};
  std::byte* bytes = object.map(8192, {&all, 1});
  bytes[0] = std::byte{1};
  auto other = open();
  EXPECT_TRUE(object.try_lock(7, LockMode::exclusive));
  EXPECT_EQ(in_child([&] {
              if (!object.is_orphaned_by_fork() || bytes[0] != std::byte{1}) return "wrong";
              bytes[0] = std::byte{2};  // a copy of its own
              object.unlock(7);
              { const auto gone = std::move(object); }
              return "tidied up";
            }),
            "tidied up");
  EXPECT_FALSE(object.is_orphaned_by_fork());
  EXPECT_EQ(bytes[0], std::byte{1});
  EXPECT_TRUE(other.is_locked_elsewhere(7));
  EXPECT_TRUE(object.is_named());
}

TEST_P(Memory_object, Says_in_the_child_of_a_fork_whose_it_is) {
  auto object = create_named();
  const auto refused = [&](auto call) {
    return in_child([&] {
      try {
        call();
      } catch (const Error& error) {
        return std::string(to_string(error.code())) + " " + error.object();
      }
      return std::string("done");
    });
  };
  const std::string expected = "used_after_fork " + name.text();
  EXPECT_EQ(refused([&] { (void)object.try_lock(7, LockMode::shared); }), expected);
  EXPECT_EQ(refused([&] { (void)object.is_locked_elsewhere(7); }), expected);
}

TEST(Memory_objects, Of_shared_memory_are_listed_by_prefix) {
  const auto b = ObjectName::parse(unique_ring_name() + "-b");
  const auto a = ObjectName::parse(b.text().substr(0, b.text().size() - 1) + "a");
  auto object_b = MemoryObject::create_unnamed(b, 4096, {});
  auto object_a = MemoryObject::create_unnamed(a, 4096, {});
  ASSERT_TRUE(object_b.publish_name() && object_a.publish_name());
  const std::string prefix = a.text().substr(4, a.text().size() - 5);
  const auto listed = os::list_shm_objects(prefix);
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].text(), a.text());
  EXPECT_EQ(listed[1].text(), b.text());
  EXPECT_TRUE(os::list_shm_objects(prefix + "nothing").empty());
  object_a.remove_name();
  object_b.remove_name();
}

TEST(Fork_guards, Are_called_in_the_child_in_the_order_of_their_making) {
  static std::string called;
  const auto note = [](void* text) noexcept { called += static_cast<const char*>(text); };
  char a[] = "a";
  char b[] = "b";
  char c[] = "c";
  char d[] = "d";
  os::ForkGuard first(note, a);
  auto second = std::make_unique<os::ForkGuard>(note, b);
  os::ForkGuard third(note, c);
  EXPECT_EQ(in_child([] { return called; }), "abc");
  second.reset();
  EXPECT_EQ(in_child([] { return called; }), "ac");
  third.set_context(d);
  EXPECT_EQ(in_child([] { return called; }), "ad");
  EXPECT_EQ(called, "");  // never in the parent
}

TEST(Fork_guards, Are_called_again_in_a_grandchild) {
  static int calls = 0;
  const os::ForkGuard guard([](void*) noexcept { ++calls; }, nullptr);
  EXPECT_EQ(in_child([] { return in_child([] { return std::to_string(calls); }); }), "2");
}

}  // namespace
}  // namespace disruptor_mp::test
