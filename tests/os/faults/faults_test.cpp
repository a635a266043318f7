// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Kernels that lack a call and file systems that lack a feature: the error says which, or there is
// another way that works as well.
#include <fcntl.h>
#include <sys/resource.h>

#include <fstream>
#include <optional>

#include "endpoint/drain.hpp"
#include "os/faults/kernel.hpp"
#include "support/child.hpp"
#include "support/sanitizers.hpp"

namespace disruptor_mp::test {
namespace {

using E = StampedTick;

class A_kernel : public testing::Test {
 protected:
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder.path()), {}));
  }

  Faults faults;
  TempFolder folder;
  std::string name = folder.ring_name();
};

// --- Locks

TEST_F(A_kernel, Without_locks_of_open_file_descriptions_makes_no_ring) {
  for (const int error : {EINVAL, ENOLCK, EOPNOTSUPP}) {
    kernel.ofd_lock_error = error;
    expect_error(Errc::locks_unsupported,
                 {.object = name,
                  .problem = folder.path().string(),
                  .found = std::generic_category().message(error),
                  .expected = "F_OFD_SETLK",
                  .remedy = "Use shm:"},
                 [&] { Producer<E>::create(name); });
    EXPECT_TRUE(folder.is_empty());
  }
}

TEST_F(A_kernel, Without_locks_of_open_file_descriptions_attaches_to_no_ring) {
  auto producer = Producer<E>::create(name);
  auto reader = Consumer<E>::attach(name);
  for (const int error : {EINVAL, ENOLCK}) {
    kernel.ofd_lock_error = error;
    for (const auto kind : {ConsumerKind::gating, ConsumerKind::observer}) {
      expect_error(Errc::locks_unsupported, {.object = name},
                   [&] { Consumer<E>::attach(name, {.kind = kind}); });
    }
    expect_error(Errc::locks_unsupported, {.object = name}, [&] { Producer<E>::attach(name); });
    expect_error(Errc::locks_unsupported, {.object = name}, [&] { (void)producer.participants(); });
  }
  kernel.ofd_lock_error = 0;
  auto consumer = Consumer<E>::attach(name);
}

// --- Room

TEST_F(A_kernel, That_finds_the_disk_full_while_allocating_says_how_much_was_needed) {
  for (const int error : {ENOSPC, EFBIG, ENOMEM}) {
    kernel.allocate_error = error;
    const Error refused = error_of([&] { Producer<E>::create(name); });
    EXPECT_EQ(refused.code(), Errc::no_space);
    EXPECT_EQ(refused.object(), name);
    EXPECT_TRUE(contains(refused.problem(), folder.path())) << refused.problem();
    EXPECT_TRUE(refused.found().ends_with(" bytes free")) << refused.found();
    EXPECT_TRUE(refused.expected().ends_with(" bytes")) << refused.expected();
    EXPECT_TRUE(contains(refused.remedy(), "free some disk space")) << refused.remedy();
    EXPECT_TRUE(folder.is_empty());
  }
}

TEST_F(A_kernel, That_finds_shared_memory_full_names_the_remedies_for_that) {
  kernel.allocate_error = ENOSPC;
  const std::string shm = unique_ring_name();
  expect_error(Errc::no_space,
               {.object = shm, .problem = "/dev/shm is too small", .remedy = "--shm-size"},
               [&] { Producer<E>::create(shm); });
  EXPECT_FALSE(std::filesystem::exists(shm_path(shm)));
}

TEST_F(A_kernel, That_does_not_know_the_free_space_finds_out_by_allocating) {
  kernel.free_space_is_unknown = true;
  { auto producer = Producer<E>::create(name); }
  kernel.allocate_error = ENOSPC;
  expect_error(Errc::no_space, {.found = "an unknown number of bytes free"},
               [&] { Producer<E>::create(name); });
}

TEST_F(A_kernel, That_has_no_inode_left_or_no_quota_says_so) {
  for (const int error : {ENOSPC, EDQUOT}) {
    kernel.unnamed_file_error = error;
    expect_error(Errc::no_space,
                 {.object = name,
                  .problem = "creating a file",
                  .found = std::generic_category().message(error),
                  .expected = "an inode",
                  .remedy = "df -i"},
                 [&] { Producer<E>::create(name); });
    kernel.unnamed_file_error = EOPNOTSUPP;
    kernel.rename_error = error;
    expect_error(Errc::no_space,
                 {.object = name, .problem = "naming the object", .expected = "quota"},
                 [&] { Producer<E>::create(name); });
    EXPECT_TRUE(folder.is_empty());
  }
}

TEST_F(A_kernel, That_may_not_write_the_file_system_does_not_speak_of_owners) {
  kernel.unnamed_file_error = EROFS;
  const Error refused = error_of([&] { Producer<E>::create(name); });
  EXPECT_EQ(refused.code(), Errc::permission_denied);
  EXPECT_EQ(refused.found(), "Read-only file system");
  EXPECT_TRUE(contains(refused.remedy(), "Use a writable file system")) << refused.remedy();
  EXPECT_FALSE(contains(refused.what(), "as user")) << refused.what();
}

TEST_F(A_kernel, That_fails_to_allocate_for_another_reason_is_quoted) {
  kernel.allocate_error = EIO;
  expect_error(Errc::system_error,
               {.object = name,
                .problem = "posix_fallocate",
                .found = std::generic_category().message(EIO),
                .expected = "the call to succeed"},
               [&] { Producer<E>::create(name); });
}

// --- Memory barriers

TEST_F(A_kernel, Without_membarrier_makes_rings_of_portable_fences) {
  kernel.membarrier_error = ENOSYS;
  auto producer = Producer<E>::create(name);
  EXPECT_EQ(producer.segment().shape().fence_mode, format::FenceMode::portable);
  auto consumer = Consumer<E>::attach(name);
  publish_numbers(producer, 3);
  EXPECT_EQ(drain(consumer), numbers(0, 3));
}

TEST_F(A_kernel, With_membarrier_makes_rings_of_asymmetric_fences_unless_told_otherwise) {
  for (const auto& [choice, mode] :
       {std::pair(FenceChoice::automatic, format::FenceMode::asymmetric),
        std::pair(FenceChoice::asymmetric, format::FenceMode::asymmetric),
        std::pair(FenceChoice::portable, format::FenceMode::portable)}) {
    auto producer = Producer<E>::create(name, {.fences = choice});
    EXPECT_EQ(producer.segment().shape().fence_mode, mode);
  }
}

TEST_F(A_kernel, Without_membarrier_makes_no_ring_that_was_to_rely_on_it) {
  for (const int error : {ENOSYS, EPERM}) {
    kernel.membarrier_error = error;
    expect_error(Errc::membarrier_unavailable,
                 {.object = name,
                  .problem = "membarrier",
                  .found = "refused",
                  .expected = "MEMBARRIER_CMD_GLOBAL_EXPEDITED",
                  .remedy = "portable"},
                 [&] { Producer<E>::create(name, {.fences = FenceChoice::asymmetric}); });
    EXPECT_TRUE(folder.is_empty());
  }
}

TEST_F(A_kernel, Without_membarrier_joins_no_ring_that_relies_on_it_but_may_observe_it) {
  auto producer = Producer<E>::create(name, {.fences = FenceChoice::asymmetric});
  publish_numbers(producer, 3);
  kernel.membarrier_error = EPERM;
  expect_error(Errc::membarrier_unavailable, {.object = name}, [&] { Consumer<E>::attach(name); });
  expect_error(Errc::membarrier_unavailable, {.object = name}, [&] { Producer<E>::attach(name); });
  auto observer = Consumer<E>::attach(name, {.kind = ConsumerKind::observer});
  EXPECT_FALSE(observer.segment().can_ring());
  EXPECT_EQ(drain(observer), numbers(0, 3));
  producer.close();
  EXPECT_EQ(observer.run([](const E&) {}), Poll::closed);
}

// --- Unnamed files

class A_kernel_without_unnamed_files : public A_kernel {
 protected:
  void SetUp() override { kernel.unnamed_file_error = EOPNOTSUPP; }
};

TEST_F(A_kernel_without_unnamed_files, Makes_rings_all_the_same) {
  for (const int error : {EOPNOTSUPP, EISDIR, EINVAL}) {
    kernel.unnamed_file_error = error;
    kernel.fallbacks = 0;
    {
      auto producer = Producer<E>::create(name);
      auto consumer = Consumer<E>::attach(name);
      EXPECT_EQ(kernel.fallbacks, 1);
      EXPECT_EQ(files(), 1U);  // the temporary name has become the final one
      publish_numbers(producer, 3);
      EXPECT_EQ(drain(consumer), numbers(0, 3));
    }
    EXPECT_TRUE(folder.is_empty());
  }
}

TEST_F(A_kernel_without_unnamed_files, Says_that_the_folder_is_missing) {
  kernel.unnamed_file_error = ENOENT;
  expect_error(Errc::not_found,
               {.object = "file:/no-such-folder/ring",
                .found = "No such file or directory: /no-such-folder"},
               [&] { Producer<E>::create("file:/no-such-folder/ring"); });
}

TEST_F(A_kernel_without_unnamed_files, Never_replaces_a_ring_that_was_faster) {
  std::optional<Producer<E>> winner;
  kernel.before_rename = [&] {
    kernel.before_rename = {};
    winner.emplace(Producer<E>::create(name));
  };
  expect_error(Errc::already_exists, {.object = name}, [&] { Producer<E>::create(name); });
  EXPECT_EQ(files(), 1U);  // the loser's temporary file is gone
  publish_numbers(*winner, 1);
  auto consumer = Consumer<E>::attach(name);
  EXPECT_EQ(drain(consumer), Numbers{0});
}

TEST_F(A_kernel_without_unnamed_files, Lets_the_loser_of_a_race_attach_to_the_winner) {
  kernel.before_rename = [&] {
    kernel.before_rename = {};
    auto winner = Producer<E>::create(name);
    publish_numbers(winner, 2);
    winner.detach();
  };
  auto loser = Producer<E>::create_or_attach(name);
  EXPECT_TRUE(loser.took_over());
  EXPECT_EQ(loser.next_sequence(), Sequence(2));
  EXPECT_EQ(files(), 1U);
}

TEST_F(A_kernel_without_unnamed_files, Leaves_nothing_when_making_a_ring_fails) {
  kernel.allocate_error = ENOSPC;
  expect_error(Errc::no_space, {.object = name}, [&] { Producer<E>::create(name); });
  EXPECT_TRUE(folder.is_empty());
  kernel.allocate_error = 0;
  kernel.ofd_lock_error = ENOLCK;
  expect_error(Errc::locks_unsupported, {.object = name}, [&] { Producer<E>::create(name); });
  EXPECT_TRUE(folder.is_empty());
}

TEST_F(A_kernel_without_unnamed_files,
       Leaves_a_file_of_a_dead_maker_that_can_be_found_and_removed) {
  EXPECT_EQ(in_child([&] {
              kernel.before_rename = [] { die(); };
              Producer<E>::create(name);
            }),
            died);
  EXPECT_EQ(files(), 1U);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "ring"));  // nobody sees half a ring

  // Only of a dead one: a living maker's file, and files of others, stay.
  std::ofstream(folder.path() / "precious") << "not ours";
  auto in_the_making = os::MemoryObject::create_unnamed(os::ObjectName::parse(name), 4096, {});
  EXPECT_EQ(files(), 3U);
  const auto would = os::remove_abandoned_temporaries(folder.path(), true);
  EXPECT_EQ(would.size(), 1U);
  EXPECT_EQ(files(), 3U);  // so far it only looked
  EXPECT_EQ(os::remove_abandoned_temporaries(folder.path(), false), would);
  EXPECT_EQ(files(), 2U);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "precious"));
  EXPECT_TRUE(in_the_making.publish_name());  // the living one was not disturbed
  EXPECT_EQ(os::remove_abandoned_temporaries(folder.path(), false).size(), 0U);
}

TEST_F(A_kernel_without_unnamed_files, Keeps_a_forked_child_from_removing_the_parents_file) {
  auto object = os::MemoryObject::create_unnamed(os::ObjectName::parse(name), 4096, {});
  EXPECT_EQ(in_child([&] {
              { const auto gone = std::move(object); }
              return std::string("tidied up");
            }),
            "tidied up");
  EXPECT_EQ(files(), 1U);
  EXPECT_TRUE(object.publish_name());
  EXPECT_TRUE(object.remove_name());
}

TEST_F(A_kernel, Without_a_folder_to_clean_cleans_nothing) {
  EXPECT_TRUE(os::remove_abandoned_temporaries("/no-such-folder", false).empty());
}

// --- Memory

constexpr std::uint64_t large_capacity = std::uint64_t{1} << 18U;  // 8 MiB of slots
constexpr int populate_read = 22;                                  // MADV_POPULATE_READ, since 5.14
constexpr int collapse = 25;                                       // MADV_COLLAPSE, since 6.1

TEST_F(A_kernel, That_takes_no_faults_on_advice_has_them_taken_by_reading) {
  if (under_asan || under_tsan || os::page_size() != 4096)
    GTEST_SKIP() << "other faults are counted too";
  auto producer = Producer<E>::create(name, {.capacity = large_capacity});
  publish_numbers(producer, large_capacity);
  const auto read_faults = [&](bool prefault) {
    auto consumer = Consumer<E>::attach(
        name, {.kind = ConsumerKind::observer, .prefault = prefault, .max_batch = 4096});
    EXPECT_EQ(consumer.memory().is_prefaulted, prefault);
    struct rusage before {};
    struct rusage after {};
    getrusage(RUSAGE_SELF, &before);
    std::uint64_t seen = 0;
    while (consumer.poll([&](const E& tick) { seen += tick.is_whole() ? 1 : 0; }).outcome ==
           Poll::events) {
    }
    getrusage(RUSAGE_SELF, &after);
    EXPECT_EQ(seen, large_capacity);
    return after.ru_minflt - before.ru_minflt;
  };
  kernel = {.madvise_error = EINVAL, .first_new_advice = populate_read};
  // The kernel takes 16 pages at a time where it is asked for nothing.
  EXPECT_GE(read_faults(false), 60);
  EXPECT_LT(read_faults(true), 30);
  // Nor was anything written.
  EXPECT_EQ(last_published(producer.segment()), Sequence(large_capacity - 1));
}

TEST_F(A_kernel, That_makes_no_huge_pages_on_demand_is_said_so) {
  kernel = {.madvise_error = EINVAL, .first_new_advice = collapse};
  auto producer = Producer<E>::create(
      unique_ring_name(), {.capacity = large_capacity, .huge_pages = HugePages::transparent});
  EXPECT_EQ(producer.memory().huge_pages, HugePages::none);
  EXPECT_EQ(producer.memory().note,
            "no transparent huge pages: this kernel cannot make them on demand");
  publish_numbers(producer, 10);
}

TEST_F(A_kernel, Without_room_for_huge_pages_is_said_so) {
  if (!std::filesystem::exists("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"))
    GTEST_SKIP() << "without any";
  for (const int error : {ENOMEM, EAGAIN, EBUSY}) {
    kernel = {.madvise_error = error, .first_new_advice = collapse};
    auto producer = Producer<E>::create(
        unique_ring_name(), {.capacity = large_capacity, .huge_pages = HugePages::transparent});
    EXPECT_EQ(producer.memory().huge_pages, HugePages::none);
    EXPECT_EQ(producer.memory().note,
              "no transparent huge pages: the kernel found no room for any");
  }
}

TEST_F(A_kernel, With_room_for_some_huge_pages_is_said_so) {
  kernel = {.madvise_error = ENOMEM, .first_new_advice = collapse, .let_through = 2};
  auto producer = Producer<E>::create(
      unique_ring_name(), {.capacity = large_capacity, .huge_pages = HugePages::transparent});
  const MemoryReport memory = producer.memory();
  if (memory.huge_pages == HugePages::none) GTEST_SKIP() << memory.note;
  EXPECT_EQ(memory.note, "few transparent huge pages: the kernel found room for some of them only");
  publish_numbers(producer, 10);
}

TEST_F(A_kernel, That_does_not_know_the_newest_flag_makes_rings_without_a_name) {
  kernel.memfd_error = EINVAL;
  auto producer = Producer<E>::create("memfd:ring");
  const os::Descriptor ring = share_ring(producer.segment());
  auto consumer = Consumer<E>::attach(ring.name());
  publish_numbers(producer, 10);
  EXPECT_EQ(drain(consumer).size(), 10U);
  kernel.memfd_error = EMFILE;
  expect_error(Errc::system_error, {.object = "memfd:ring", .found = "Too many open files"},
               [] { (void)Producer<E>::create("memfd:ring"); });
}

TEST_F(A_kernel, That_fails_to_lock_memory_is_told_apart_from_a_limit) {
  kernel.mlock_error = EAGAIN;
  expect_error(Errc::permission_denied,
               {.object = name, .found = "RLIMIT_MEMLOCK", .remedy = "CAP_IPC_LOCK"},
               [&] { (void)Producer<E>::create(name, {.lock_memory = true}); });
  EXPECT_TRUE(folder.is_empty());
  kernel.mlock_error = EINVAL;
  expect_error(Errc::system_error, {.object = name, .problem = "cannot be locked"},
               [&] { (void)Producer<E>::create(name, {.lock_memory = true}); });
  auto producer = Producer<E>::create(name);
  expect_error(Errc::system_error, {.object = name},
               [&] { (void)Producer<E>::attach(name, {.lock_memory = true}); });
  expect_error(Errc::system_error, {.object = name},
               [&] { (void)Consumer<E>::attach(name, {.id = "x", .lock_memory = true}); });
  EXPECT_EQ(producer.participants().size(), 1U);
}

}  // namespace
}  // namespace disruptor_mp::test
