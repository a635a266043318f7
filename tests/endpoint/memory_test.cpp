// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a ring's memory is made of: huge pages and what is had instead of them, page faults taken in
// advance, memory that stays, memory nodes. Tests that need what this machine lacks check the note.
#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>
#include <optional>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/child.hpp"
#include "support/sanitizers.hpp"

namespace disruptor_mp::test {
namespace {

using E = StampedTick;
constexpr std::uint64_t huge = std::uint64_t{2} << 20U;
constexpr std::uint64_t large_capacity = std::uint64_t{1} << 18U;  // 8 MiB of slots

class Memory : public testing::TestWithParam<const char*> {
 protected:
  /// A name that nobody has, of the back-end under test.
  std::string name() {
    const std::string backend = GetParam();
    return backend == "shm"     ? unique_ring_name()
           : backend == "memfd" ? "memfd:ring"
                                : folder.ring_name("ring-" + std::to_string(files++));
  }

  TempFolder folder;
  int files = 0;
};
INSTANTIATE_TEST_SUITE_P(, Memory, testing::Values("shm", "file", "memfd"),
                         [](const auto& backend) { return std::string(backend.param); });

TEST_P(Memory, Is_as_usual_if_nothing_is_asked) {
  auto producer = Producer<E>::create(name());
  const MemoryReport memory = producer.memory();
  EXPECT_EQ(memory.size, producer.segment().header().sections.total_size);
  EXPECT_EQ(memory.page_size, os::page_size());
  EXPECT_EQ(memory.huge_pages_asked, HugePages::none);
  EXPECT_EQ(memory.huge_pages, HugePages::none);
  EXPECT_EQ(memory.numa_node_asked, std::nullopt);
  EXPECT_FALSE(memory.is_prefaulted);
  EXPECT_FALSE(memory.is_locked);
  EXPECT_EQ(memory.note, "");
}

/// Kilobytes of a line of smaps ("ShmemPmdMapped:"), for the mapping that begins here or of which
/// mprotect has made several.
std::uint64_t smaps_sum(const std::byte* begin, std::uint64_t size, const std::string& key) {
  std::ifstream file("/proc/self/smaps");
  const auto low = reinterpret_cast<std::uintptr_t>(begin);
  std::uint64_t sum = 0;
  bool is_ours = false;
  for (std::string line; std::getline(file, line);) {
    if (std::isxdigit(static_cast<unsigned char>(line.front())) != 0 &&
        line.find('-') < line.find(' ')) {
      const std::uintptr_t at = std::strtoull(line.c_str(), nullptr, 16);
      is_ours = at >= low && at < low + size;
    } else if (is_ours && line.starts_with(key)) {
      sum += std::strtoull(line.c_str() + key.size(), nullptr, 10);
    }
  }
  return sum;
}

TEST_P(Memory, Of_transparent_huge_pages_is_mapped_so_or_says_why_not) {
  auto producer = Producer<E>::create(
      name(), {.capacity = large_capacity, .huge_pages = HugePages::transparent, .prefault = true});
  const MemoryReport memory = producer.memory();
  EXPECT_EQ(memory.huge_pages_asked, HugePages::transparent);
  EXPECT_EQ(memory.page_size, os::page_size());  // rights are those of usual pages
  if (memory.huge_pages == HugePages::none) {
    EXPECT_TRUE(contains(memory.note, "no transparent huge pages: ")) << memory.note;
    // A file may lie on a disk or in a tmpfs.
    if (GetParam() != std::string("file")) {
      EXPECT_FALSE(contains(memory.note, "objects of this kind")) << memory.note;
    }
  } else {
    ASSERT_EQ(memory.huge_pages, HugePages::transparent);
    const Segment& segment = producer.segment();
    const std::uint64_t mapped = smaps_sum(segment.slots() - segment.header().sections.slots.offset,
                                           memory.size, "ShmemPmdMapped:");
    if (memory.note.empty()) {
      EXPECT_GE(mapped, large_capacity * sizeof(E) / 1024 / 2);
    }
    std::printf("%s: %llu kB are mapped as huge pages\n", GetParam(),
                static_cast<unsigned long long>(mapped));
  }
  std::printf("%s: %s %s\n", GetParam(), std::string(to_string(memory.huge_pages)).c_str(),
              memory.note.c_str());
  // It works all the same.
  auto consumer =
      Consumer<E>::attach(GetParam() == std::string("memfd") ? share_ring(producer.segment()).name()
                                                             : producer.segment().name());
  EXPECT_EQ(consumer.memory().note, memory.note);
  EXPECT_EQ(consumer.memory().huge_pages, memory.huge_pages);
  if (memory.huge_pages == HugePages::transparent) {
    // Else the kernel could not map them as such.
    for (const Segment* segment : {&producer.segment(), &consumer.segment()}) {
      const auto begin = reinterpret_cast<std::uintptr_t>(segment->slots()) -
                         segment->header().sections.slots.offset;
      EXPECT_EQ(begin % huge, 0U);
    }
  }
  publish_numbers(producer, 1000);
  EXPECT_EQ(drain(consumer), numbers(0, 1000));
}

TEST_P(Memory, Smaller_than_a_huge_page_has_none_and_says_so) {
  auto producer =
      Producer<E>::create(name(), {.capacity = 16, .huge_pages = HugePages::transparent});
  EXPECT_EQ(producer.memory().huge_pages, HugePages::none);
  EXPECT_TRUE(contains(producer.memory().note, "no transparent huge pages: "))
      << producer.memory().note;
}

TEST_P(Memory, Of_hugetlb_pages_that_are_not_there_says_so_and_works) {
  if (GetParam() == std::string("memfd")) GTEST_SKIP() << "depends on the pool: see below";
  auto producer =
      Producer<E>::create(name(), {.capacity = large_capacity, .huge_pages = HugePages::hugetlb});
  const MemoryReport memory = producer.memory();
  EXPECT_EQ(memory.huge_pages_asked, HugePages::hugetlb);
  EXPECT_NE(memory.huge_pages, HugePages::hugetlb);
  EXPECT_TRUE(contains(memory.note, "no hugetlb pages: objects of this kind")) << memory.note;
  publish_numbers(producer, 10);
}

// --- Prefault

/// Page faults of this process until now that needed no disk.
std::int64_t faults() {
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/// Faults taken while every slot is written.
std::int64_t faults_of_publishing(Producer<E>& producer) {
  const std::int64_t before = faults();
  for (std::uint64_t i = 0; i != large_capacity; ++i)
    EXPECT_EQ(producer.try_publish(E::of(i)), Publish::ok);
  return faults() - before;
}

constexpr std::int64_t pages_of_large =
    static_cast<std::int64_t>(large_capacity * 32 / 4096);  // or fewer, if they are larger

TEST_P(Memory, Prefaulted_takes_no_page_fault_when_it_is_used) {
  if (under_asan || under_tsan || os::page_size() != 4096)
    GTEST_SKIP() << "other faults are counted too";
  auto cold = Producer<E>::create(name(), {.capacity = large_capacity});
  auto warm = Producer<E>::create(name(), {.capacity = large_capacity, .prefault = true});
  EXPECT_FALSE(cold.memory().is_prefaulted);
  EXPECT_TRUE(warm.memory().is_prefaulted);
  // A file on a disk may take faults again after its pages were written back.
  if (GetParam() != std::string("file")) {
    EXPECT_LT(faults_of_publishing(warm), pages_of_large / 8);
  }
  EXPECT_GE(faults_of_publishing(cold), pages_of_large / 2);
}

TEST_P(Memory, Prefaulted_by_a_consumer_takes_no_page_fault_when_it_is_read) {
  if (under_asan || under_tsan || os::page_size() != 4096)
    GTEST_SKIP() << "other faults are counted too";
  auto producer = Producer<E>::create(name(), {.capacity = large_capacity});
  EXPECT_GT(faults_of_publishing(producer), 0);
  std::optional<os::Descriptor> ring;
  if (GetParam() == std::string("memfd")) ring = share_ring(producer.segment());
  const std::string there = ring ? ring->name() : producer.segment().name();
  auto consumer = Consumer<E>::attach(there, {.prefault = true});
  EXPECT_TRUE(consumer.memory().is_prefaulted);
  const std::int64_t before = faults();
  std::uint64_t seen = 0;
  while (consumer.poll([&](const E&) { ++seen; }).outcome == Poll::events) {
  }
  EXPECT_EQ(seen, large_capacity);
  EXPECT_LT(faults() - before, pages_of_large / 32);
}

TEST_P(Memory, Prefaulted_while_others_write_it_loses_no_store) {
  if (GetParam() == std::string("memfd")) GTEST_SKIP() << "as shm";
  const std::string ring = name();
  auto producer = Producer<E>::create(ring, {.capacity = 4096, .producers = ProducerKind::multi});
  std::atomic<bool> is_over = false;
  std::uint64_t lost = 0;
  std::thread writer([&] {
    // What only its author writes: a slot that is not published, and so nobody else's.
    auto& word = *reinterpret_cast<std::atomic<std::uint64_t>*>(producer.segment().slots());
    for (std::uint64_t i = 0; !is_over.load(std::memory_order_relaxed); ++i) {
      word.store(i, std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_seq_cst);
      for (int look = 0; look < 20; ++look) lost += word.load(std::memory_order_relaxed) != i;
    }
  });
  for (int i = 0; i < 300; ++i) {
    auto other = Producer<E>::attach(ring, {.prefault = true});
    EXPECT_TRUE(other.memory().is_prefaulted);
  }
  is_over = true;
  writer.join();
  EXPECT_EQ(lost, 0U);
}

// --- Locked memory

/// "VmLck:" of this process.
std::uint64_t locked_kilobytes() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmLck:")) return std::strtoull(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

TEST_P(Memory, Locked_stays_until_the_ring_is_left) {
  if (under_asan || under_tsan) GTEST_SKIP() << "sanitizers lock nothing";
  const std::uint64_t before = locked_kilobytes();
  {
    auto producer = Producer<E>::create(name(), {.lock_memory = true});
    EXPECT_TRUE(producer.memory().is_locked);
    EXPECT_EQ(locked_kilobytes() - before, producer.memory().size / 1024);
    std::optional<os::Descriptor> ring;
    if (GetParam() == std::string("memfd")) ring = share_ring(producer.segment());
    const std::string there = ring ? ring->name() : producer.segment().name();
    auto consumer = Consumer<E>::attach(there, {.lock_memory = true});
    EXPECT_TRUE(consumer.memory().is_locked);
    EXPECT_EQ(locked_kilobytes() - before, 2 * producer.memory().size / 1024);
  }
  EXPECT_EQ(locked_kilobytes(), before);
}

TEST(Locked_memory, Beyond_the_limit_is_refused_by_naming_it) {
  if (under_asan || under_tsan) GTEST_SKIP() << "sanitizers lock nothing";
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody with another limit";
  const std::string name = unique_ring_name();
  auto producer = Producer<E>::create(name, {.mode = 0666});
  const std::string said = in_child([&]() -> std::string {
    const rlimit little{.rlim_cur = 8192, .rlim_max = 8192};
    constexpr uid_t nobody = 65534;
    if (setrlimit(RLIMIT_MEMLOCK, &little) != 0 || setgroups(0, nullptr) != 0 ||
        setresgid(nobody, nobody, nobody) != 0 || setresuid(nobody, nobody, nobody) != 0) {
      return "cannot become nobody";
    }
    const auto refusal = [](auto&& call) {
      const Error error = error_of(call);
      return std::string(to_string(error.code())) + " | " + error.what() + "\n";
    };
    return refusal([&] { (void)Consumer<E>::attach(name, {.lock_memory = true}); }) + refusal([&] {
             (void)Consumer<E>::attach(name, {.kind = ConsumerKind::observer, .lock_memory = true});
           }) +
           refusal([] { (void)Producer<E>::create("memfd:mine", {.lock_memory = true}); });
  });
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 3) << said;
  for (std::size_t at = 0; at < said.size(); at = said.find('\n', at) + 1) {
    const std::string line = said.substr(at, said.find('\n', at) - at);
    EXPECT_TRUE(line.starts_with("permission_denied | ")) << line;
    EXPECT_TRUE(contains(line, "found RLIMIT_MEMLOCK of 8192 bytes")) << line;
    EXPECT_TRUE(contains(line, "ulimit -l")) << line;
  }
  // Nobody who was refused is in the ring.
  EXPECT_EQ(producer.participants().size(), 1U);
}

// --- Memory nodes

TEST(Memory_node, Is_taken_or_the_report_says_why_not) {
  auto producer = Producer<E>::create(unique_ring_name(), {.numa_node = 0});
  const MemoryReport memory = producer.memory();
  EXPECT_EQ(memory.numa_node_asked, 0U);
  const bool has_one_node = !std::filesystem::exists("/sys/devices/system/node/node1");
  if (has_one_node) {
    EXPECT_TRUE(memory.is_on_node);
    EXPECT_EQ(memory.note, "memory node 0: this machine has one memory node only");
  } else {
    EXPECT_EQ(memory.is_on_node, memory.note.empty()) << memory.note;
  }
  publish_numbers(producer, 10);
}

TEST(Memory_node, That_is_not_there_is_refused) {
  for (const std::uint32_t node : {777U, 0xFFFFFFFFU}) {
    expect_error(Errc::invalid_option,
                 {.problem = "no such memory node",
                  .found = "numa_node " + std::to_string(node),
                  .expected = "one of 0",
                  .remedy = "leave it to the kernel"},
                 [&] { (void)Producer<E>::create(unique_ring_name(), {.numa_node = node}); });
  }
}

// --- hugetlb

/// More huge pages in the pool while it lives, if this process may: one test at a time.
class Pool {
 public:
  Pool() {
    lock_ = open(testing::TempDir().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    flock(lock_, LOCK_EX);
    before_ = size();
    write(before_ + wanted);
    has_room_ = size() >= before_ + wanted;
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    write(before_);
    close(lock_);
  }
  [[nodiscard]] bool has_room() const { return has_room_; }
  static constexpr std::uint64_t wanted = 12;

 private:
  static constexpr const char* path = "/proc/sys/vm/nr_hugepages";
  static std::uint64_t size() {
    std::uint64_t pages = 0;
    std::ifstream(path) >> pages;
    return pages;
  }
  static void write(std::uint64_t pages) { std::ofstream(path) << pages; }

  int lock_ = -1;
  std::uint64_t before_ = 0;
  bool has_room_ = false;
};

class Hugetlb : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists("/sys/kernel/mm/hugepages/hugepages-2048kB"))
      GTEST_SKIP() << "huge pages of another size";
    if (!pool.has_room()) GTEST_SKIP() << "no right to enlarge the pool of huge pages, or no room";
  }
  Pool pool;
};

TEST_F(Hugetlb, Pages_make_a_ring_that_works_as_any_other) {
  auto producer = Producer<E>::create(
      "memfd:ring", {.capacity = large_capacity / 4, .huge_pages = HugePages::hugetlb});
  const MemoryReport memory = producer.memory();
  ASSERT_EQ(memory.huge_pages, HugePages::hugetlb) << memory.note;
  EXPECT_EQ(memory.note, "");
  EXPECT_EQ(memory.page_size, huge);
  EXPECT_EQ(memory.size % huge, 0U);
  const format::Sections& sections = producer.segment().header().sections;
  for (const auto section : {sections.bells, sections.control, sections.slots})
    EXPECT_EQ(section.offset % huge, 0U);

  const os::Descriptor ring = share_ring(producer.segment());
  auto consumer = Consumer<E>::attach(ring.name(), {.prefault = true});
  auto observer = Consumer<E>::attach(ring.name(), {.kind = ConsumerKind::observer});
  publish_numbers(producer, 1000);
  EXPECT_EQ(drain(consumer), numbers(0, 1000));
  EXPECT_EQ(drain(observer), numbers(0, 1000));
  EXPECT_EQ(consumer.memory().huge_pages, HugePages::hugetlb);

  // A consumer has no business in the slots, whatever the size of the pages.
  EXPECT_EQ(in_child([&] {
              auto own = Consumer<E>::attach(ring.name());
              *own.segment().slots() = std::byte{1};
              return std::string("written");
            }),
            "killed by signal 11");
  // And a child that dies holds nobody up, nor does it write into its parent's ring.
  EXPECT_EQ(in_child([&] {
              std::memset(producer.segment().slots(), 0xFF, 4096);
              auto victim = Consumer<E>::attach(ring.name(), {.id = "victim"});
              die();
            }),
            died);
  EXPECT_EQ(inspect_ring(ring.name(), "victim").participants.front().presence,
            Participant::Presence::dead);
}

TEST_F(Hugetlb, Pages_that_are_too_few_are_replaced_and_the_report_says_so) {
  auto producer = Producer<E>::create(
      "memfd:ring", {.capacity = large_capacity * 8, .huge_pages = HugePages::hugetlb});
  const MemoryReport memory = producer.memory();
  EXPECT_NE(memory.huge_pages, HugePages::hugetlb);
  EXPECT_EQ(memory.page_size, os::page_size());
  EXPECT_TRUE(contains(memory.note, "no hugetlb pages: the pool")) << memory.note;
  publish_numbers(producer, 10);
}

TEST_F(Hugetlb, File_systems_hold_rings_with_names) {
  const TempFolder folder;
  const std::string said = in_child([&]() -> std::string {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", folder.path().c_str(), "hugetlbfs", 0, nullptr) != 0) {
      return "no right to mount a hugetlbfs";
    }
    const std::string name = folder.ring_name();
    {
      // Not asked for, but there are no others there.
      auto producer = Producer<E>::create(name, {.capacity = 1024, .mode = 0640});
      publish_numbers(producer, 1000);
      if (producer.memory().huge_pages != HugePages::hugetlb) return producer.memory().note;
      struct stat info {};
      if (stat((folder.path() / "ring").c_str(), &info) != 0) return "no file";
      if ((info.st_mode & 0777) != 0640) return "another mode";
      auto consumer = Consumer<E>::attach(name, {.id = "x", .kind = ConsumerKind::required});
      if (drain(consumer) != numbers(0, 1000)) return "other events";
      if (list_ring_files(folder.path()).rings.size() != 1) return "not listed";
    }
    if (!folder.is_empty()) return "left behind";
    const Error error =
        error_of([&] { (void)Producer<E>::create(name, {.capacity = large_capacity * 8}); });
    return std::string(to_string(error.code())) + " " + error.what();
  });
  if (said == "no right to mount a hugetlbfs") GTEST_SKIP() << said;
  EXPECT_TRUE(said.starts_with("no_space file:")) << said;
  EXPECT_TRUE(contains(said, "the pool of huge pages is too small")) << said;
  EXPECT_TRUE(contains(said, "vm.nr_hugepages")) << said;
}

TEST(Without_a_pool, Hugetlb_pages_are_replaced_and_the_report_says_so) {
  const int lock = open(testing::TempDir().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  flock(lock, LOCK_EX);
  std::uint64_t free = 0;
  std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") >> free;
  auto producer = Producer<E>::create(
      "memfd:ring", {.capacity = large_capacity, .huge_pages = HugePages::hugetlb});
  const MemoryReport memory = producer.memory();
  close(lock);
  if (memory.huge_pages == HugePages::hugetlb) GTEST_SKIP() << "this machine has " << free;
  EXPECT_TRUE(contains(memory.note, "no hugetlb pages: ")) << memory.note;
  publish_numbers(producer, 10);
}

}  // namespace
}  // namespace disruptor_mp::test
