// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Rights and room: what a user without rights is told, and what a too small /dev/shm or disk says.
// Root passes every check of permissions, so these tests act as nobody, in a child.
#include <grp.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <bit>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

constexpr uid_t nobody = 65534;

/// Runs `body` as a user who owns nothing here; says the code and the text of the Error it throws.
template <class Body>
std::string as_nobody(Body&& body) {
  return in_child([&]() -> std::string {
    if (setgroups(0, nullptr) != 0 || setresgid(nobody, nobody, nobody) != 0 ||
        setresuid(nobody, nobody, nobody) != 0) {
      return "cannot become nobody";
    }
    try {
      return body();
    } catch (const Error& error) {
      return std::string(to_string(error.code())) + " | " + error.what();
    }
  });
}

class Rights : public testing::Test {
 protected:
  using E = StampedTick;
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can act as somebody else";
    chmod(folder.path().c_str(), 0755);
  }
  static void expect_denied(const std::string& said, const std::string& object,
                            const std::string& remedy = "wider mode") {
    EXPECT_TRUE(said.starts_with("permission_denied | " + object)) << said;
    EXPECT_TRUE(contains(said, "Permission denied, as user 65534")) << said;
    EXPECT_TRUE(contains(said, remedy)) << said;
  }

  TempFolder folder;
};

TEST_F(Rights, A_ring_of_mode_0600_is_its_owners_alone) {
  for (const std::string& name : {unique_ring_name(), folder.ring_name()}) {
    auto producer = Producer<E>::create(name);
    for (const auto kind : {ConsumerKind::required, ConsumerKind::gating, ConsumerKind::observer}) {
      expect_denied(as_nobody([&] {
                      Consumer<E>::attach(name, {.id = "x", .kind = kind});
                      return std::string("attached");
                    }),
                    name);
    }
    expect_denied(as_nobody([&] {
                    Producer<E>::attach(name);
                    return std::string("attached");
                  }),
                  name);
    expect_denied(as_nobody([&] {
                    Producer<E>::create_or_attach(name);
                    return std::string("attached");
                  }),
                  name);
  }
}

TEST_F(Rights, A_ring_that_others_may_read_can_be_observed_and_no_more) {
  const std::string name = unique_ring_name();
  auto producer = Producer<E>::create(name, {.mode = 0644});
  publish_numbers(producer, 3);
  EXPECT_EQ(as_nobody([&] {
              auto observer = Consumer<E>::attach(name, {.kind = ConsumerKind::observer});
              const bool can_ring = observer.segment().can_ring();
              return std::to_string(drain(observer).size()) + (can_ring ? " rings" : " only looks");
            }),
            "3 only looks");
  expect_denied(as_nobody([&] {
                  Consumer<E>::attach(name);
                  return std::string("attached");
                }),
                name);
}

TEST_F(Rights, An_observer_that_only_looks_notices_what_happens) {
  const std::string name = unique_ring_name();
  auto producer = Producer<E>::create(name, {.mode = 0644});
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  std::thread publisher([&] {
    char byte = 0;
    if (read(ready[0], &byte, 1) != 1) return;
    publish_numbers(producer, 3);
    producer.close();
  });
  EXPECT_EQ(as_nobody([&] {
              auto observer = Consumer<E>::attach(name, {.kind = ConsumerKind::observer});
              if (write(ready[1], "!", 1) != 1) return std::string("no pipe");
              std::size_t seen = 0;
              const Poll end = observer.run([&](const E&) { ++seen; });
              return std::to_string(seen) + " " + std::string(to_string(end));
            }),
            "3 closed");
  publisher.join();
  close(ready[0]);
  close(ready[1]);
}

TEST_F(Rights, A_ring_that_others_may_write_can_be_joined) {
  const std::string name = unique_ring_name();
  auto producer = Producer<E>::create(name, {.mode = 0666});
  publish_numbers(producer, 3);
  EXPECT_EQ(as_nobody([&] {
              auto consumer = Consumer<E>::attach(name);
              return std::to_string(drain(consumer).size());
            }),
            "3");
}

TEST_F(Rights, The_group_may_what_the_mode_gives_it) {
  const std::string name = unique_ring_name();
  auto producer = Producer<E>::create(name, {.mode = 0660, .group = nobody});
  EXPECT_EQ(as_nobody([&] {
              auto consumer = Consumer<E>::attach(name);
              return std::string("attached");
            }),
            "attached");
}

TEST_F(Rights, Nothing_is_created_in_a_folder_of_somebody_else) {
  const std::string said = as_nobody([&] {
    Producer<E>::create(folder.ring_name());
    return std::string("created");
  });
  // A wider mode of a ring that is not there would be of no help.
  expect_denied(said, folder.ring_name(), "a directory that this user may write");
  EXPECT_TRUE(contains(said, "the right to make files in " + folder.path().string())) << said;
  EXPECT_TRUE(folder.is_empty());
}

TEST_F(Rights, Nobody_gives_a_ring_to_a_group_that_is_not_his) {
  const std::string name = unique_ring_name();
  const std::string said = as_nobody([&] {
    Producer<E>::create(name, {.group = 1});
    return std::string("created");
  });
  EXPECT_TRUE(said.starts_with("permission_denied | " + name + ": fchown to group 1")) << said;
  EXPECT_TRUE(contains(said, "a group that this user belongs to")) << said;
}

TEST_F(Rights, Mode_owner_and_group_hold_in_spite_of_the_umask) {
  const mode_t before = umask(0777);
  auto in_memory =
      Producer<E>::create(unique_ring_name(), {.mode = 0666, .group = 1, .owner = nobody});
  auto in_a_file =
      Producer<E>::create(folder.ring_name(), {.mode = 0640, .group = nobody, .owner = 1});
  auto nameless = Producer<E>::create("memfd:ring", {.mode = 0664, .group = 2, .owner = 3});
  umask(before);
  const auto expect = [](const struct stat& info, mode_t mode, uid_t owner, gid_t group) {
    EXPECT_EQ(info.st_mode & 07777U, mode);
    EXPECT_EQ(info.st_uid, owner);
    EXPECT_EQ(info.st_gid, group);
  };
  struct stat info {};
  ASSERT_EQ(stat(shm_path(in_memory.segment().name()).c_str(), &info), 0);
  expect(info, 0666, nobody, 1);
  ASSERT_EQ(stat((folder.path() / "ring").c_str(), &info), 0);
  expect(info, 0640, 1, nobody);
  ASSERT_EQ(fstat(share_ring(nameless.segment()).number(), &info), 0);
  expect(info, 0664, 3, 2);
}

TEST_F(Rights, The_new_owner_may_what_an_owner_may) {
  const std::string name = unique_ring_name();
  auto producer = Producer<E>::create(name, {.owner = nobody});
  EXPECT_EQ(as_nobody([&] {
              auto consumer = Consumer<E>::attach(name);
              return std::string("attached");
            }),
            "attached");
}

TEST_F(Rights, Nobody_gives_a_ring_away_without_the_right_to) {
  const std::string name = unique_ring_name();
  for (const std::string& ring : {name, std::string("memfd:ring")}) {
    const std::string said = as_nobody([&] {
      Producer<E>::create(ring, {.owner = 1});
      return std::string("created");
    });
    EXPECT_TRUE(said.starts_with("permission_denied | " + ring + ": fchown to user 1")) << said;
    EXPECT_TRUE(contains(said, "CAP_CHOWN")) << said;
  }
  EXPECT_FALSE(std::filesystem::exists(shm_path(name)));
}

TEST_F(Rights, A_file_system_that_makes_no_files_is_told_with_a_way_out) {
  // /proc is one that no test can write to, whoever runs it; which error it says differs.
  const Error error = error_of([&] { Producer<E>::create("file:/proc/ring"); });
  EXPECT_TRUE(error.code() == Errc::permission_denied || error.code() == Errc::system_error)
      << error.what();
  EXPECT_EQ(error.object(), "file:/proc/ring");
  EXPECT_TRUE(contains(error.remedy(), "Choose a directory")) << error.what();
}

/// A capacity of the largest events that no machine has room for.
void expect_too_small(const std::string& name, const std::string& where) {
  struct statvfs info {};
  ASSERT_EQ(statvfs(where.c_str(), &info), 0);
  const std::uint64_t free = std::uint64_t{info.f_bavail} * info.f_frsize;
  const EventType event{.size = max_event_size, .align = 1, .name = "big", .schema = {}};
  const std::uint64_t capacity = std::bit_ceil(free / max_event_size + 2);
  const Error error =
      error_of([&] { Producer<Bytes>::create(name, event, {.capacity = capacity}); });
  EXPECT_EQ(error.code(), Errc::no_space) << error.what();
  EXPECT_EQ(error.object(), name);
  EXPECT_TRUE(contains(error.problem(), where + " is too small")) << error.problem();
  EXPECT_TRUE(error.found().ends_with(" bytes free")) << error.found();
  EXPECT_GE(std::stoull(error.expected()), capacity * max_event_size) << error.expected();
  EXPECT_TRUE(contains(error.remedy(), "Lower the capacity")) << error.remedy();
  ASSERT_EQ(statvfs(where.c_str(), &info), 0);
  // It was not filled to find out.
  EXPECT_GT(std::uint64_t{info.f_bavail} * info.f_frsize, free / 2);
}

TEST(Room, A_ring_larger_than_shared_memory_is_refused) {
  expect_too_small(unique_ring_name(), "/dev/shm");
}

TEST(Room, A_ring_larger_than_the_disk_is_refused) {
  const TempFolder folder;
  expect_too_small(folder.ring_name(), folder.path());
  EXPECT_TRUE(folder.is_empty());
}

}  // namespace
}  // namespace disruptor_mp::test
