// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Rings without a name: made as memfd:LABEL, handed over by fork or by a socket, attached as
// fd:NUMBER. (By exec: tests/dmp and examples/memfd_over_socket.)
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>

#include <bit>
#include <optional>

#include "endpoint/drain.hpp"
#include "support/child.hpp"
#include "support/sanitizers.hpp"

namespace disruptor_mp::test {
namespace {

using E = StampedTick;

/// Two connected sockets.
struct Sockets {
  explicit Sockets(int type = SOCK_STREAM) {
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) ADD_FAILURE() << "no sockets";
  }
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;
  ~Sockets() {
    close_end(0);
    close_end(1);
  }
  void close_end(int end) {
    if (ends[end] >= 0) close(std::exchange(ends[end], -1));
  }
  int ends[2] = {-1, -1};
};

/// What a stranger could send: any text, with any descriptors.
void send_by_hand(int socket, const std::string& text, const std::vector<int>& fds) {
  iovec piece{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(8 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(head), fds.data(), fds.size() * sizeof(int));
  }
  ASSERT_EQ(sendmsg(socket, &message, MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

class Ring_without_a_name : public testing::Test {
 protected:
  std::optional<Producer<E>> producer = Producer<E>::create("memfd:ring", {.capacity = 16});
};

TEST_F(Ring_without_a_name, Is_attached_by_who_has_a_descriptor_of_it) {
  publish_numbers(*producer, 3);
  std::optional<os::Descriptor> ring = share_ring(producer->segment());
  EXPECT_EQ(ring->name(), "fd:" + std::to_string(ring->number()));
  auto consumer = Consumer<E>::attach(ring->name(), {.id = "risk"});
  EXPECT_EQ(consumer.segment().name(), ring->name());
  ring.reset();  // needed for attaching only
  publish_numbers(*producer, 2);
  EXPECT_EQ(drain(consumer), numbers(0, 5));
  EXPECT_EQ(producer->participants().size(), 2U);
  producer->close();
  Poll end{};
  drain(consumer, &end);
  EXPECT_EQ(end, Poll::closed);
}

TEST_F(Ring_without_a_name, Has_none_that_would_be_left_behind) {
  const auto before = list_rings();
  EXPECT_FALSE(std::filesystem::exists("/dev/shm/ring"));
  for (const RingSummary& ring : before.rings) EXPECT_NE(ring.name, "memfd:ring");
  const os::Descriptor ring = share_ring(producer->segment());
  producer.reset();
  EXPECT_EQ(clean_ring(os::ObjectName::parse(ring.name()), {.force = true}).reason,
            "has no name: it goes with its last descriptor");
}

TEST_F(Ring_without_a_name, Is_attached_by_a_child_of_who_has_a_descriptor) {
  publish_numbers(*producer, 3);
  const os::Descriptor ring = share_ring(producer->segment());
  EXPECT_EQ(in_child([&] {
              auto consumer = Consumer<E>::attach(ring.name(), {.id = "child"});
              return std::to_string(drain(consumer).size());
            }),
            "3");
  EXPECT_EQ(inspect_ring(ring.name(), "child").participants.size(), 1U);
}

TEST_F(Ring_without_a_name, Is_found_in_another_process_by_who_may_look_into_it) {
  publish_numbers(*producer, 3);
  const os::Descriptor ring = share_ring(producer->segment());
  const std::string name = "fd:" + std::to_string(getpid()) + "/" + std::to_string(ring.number());
  EXPECT_EQ(in_child([&] {
              close(ring.number());
              auto observer = Consumer<E>::attach(name, {.kind = ConsumerKind::observer});
              return std::to_string(drain(observer).size());
            }),
            "3");
}

TEST_F(Ring_without_a_name, Is_known_as_dead_though_others_have_its_descriptor) {
  producer.reset();
  Sockets sockets;
  EXPECT_EQ(in_child([&] {
              auto mine = Producer<E>::create("memfd:ring", {.capacity = 16});
              publish_numbers(mine, 3);
              send_ring(sockets.ends[1], mine.segment());
              die();
            }),
            died);
  std::optional<os::Descriptor> ring = receive_ring(sockets.ends[0], 5s);
  auto consumer = Consumer<E>::attach(ring->name(), {.id = "risk", .kind = ConsumerKind::required});
  ring.reset();
  Poll end{};
  EXPECT_EQ(drain(consumer, &end), numbers(0, 3));
  EXPECT_EQ(end, Poll::producer_dead);  // and not gone: whoever has the ring can hand it on
  ring = share_ring(consumer.segment());
  auto successor = Producer<E>::attach(ring->name());
  EXPECT_EQ(successor.next_sequence(), Sequence(3));
  publish_numbers(successor, 2);
  EXPECT_EQ(drain(consumer), numbers(3, 2));
}

TEST_F(Ring_without_a_name, Knows_a_dead_consumer_though_its_parent_has_the_descriptor) {
  producer.emplace(
      Producer<E>::create("memfd:ring", {.capacity = 16, .when_alone = WhenAlone::run_free}));
  const os::Descriptor ring = share_ring(producer->segment());
  EXPECT_EQ(in_child([&] {
              auto consumer = Consumer<E>::attach(ring.name(), {.id = "victim"});
              die();
            }),
            died);
  const auto there = inspect_ring(ring.name(), "victim").participants;
  ASSERT_EQ(there.size(), 1U);
  EXPECT_EQ(there.front().presence, Participant::Presence::dead);
  for (int i = 0; i < 40; ++i)  // more than its capacity
    ASSERT_EQ(producer->publish_until(os::now() + 5s, E::of(1)), Publish::ok) << i;
}

TEST_F(Ring_without_a_name, Cannot_be_cut_short_by_who_gets_it) {
  const os::Descriptor ring = share_ring(producer->segment());
  EXPECT_EQ(ftruncate(ring.number(), 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(ftruncate(ring.number(), 1 << 30), -1);
  EXPECT_EQ(fcntl(ring.number(), F_ADD_SEALS, F_SEAL_WRITE), -1);
}

TEST_F(Ring_without_a_name, Is_inherited_by_programs_only_if_told_so) {
  os::Descriptor ring = share_ring(producer->segment());
  EXPECT_EQ(fcntl(ring.number(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(ring.let_inherit(), ring.name());
  EXPECT_EQ(fcntl(ring.number(), F_GETFD) & FD_CLOEXEC, 0);
  auto closed = os::Descriptor::adopt(-1);
  expect_error(Errc::system_error, {.object = "fd:-1", .found = "Bad file descriptor"},
               [&] { closed.let_inherit(); });
}

TEST_F(Ring_without_a_name, Is_not_shared_by_the_child_that_does_not_own_it) {
  EXPECT_EQ(in_child([&] {
              return std::string(
                  to_string(error_of([&] { (void)share_ring(producer->segment()); }).code()));
            }),
            "used_after_fork");
}

TEST(Ring_of_a_descriptor, That_is_none_is_refused) {
  const TempFolder folder;
  const std::string file = folder.path() / "file";
  const int plain = open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  const int unsealed = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  const int empty = memfd_create("empty", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(fcntl(empty, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
  int pipe_ends[2];
  ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
  const Sockets sockets;

  const auto attach = [](int fd) { (void)Consumer<E>::attach("fd:" + std::to_string(fd)); };
  expect_error(Errc::not_a_ring, {.found = "no memfd", .remedy = "by that name"},
               [&] { attach(plain); });
  expect_error(Errc::not_a_ring, {.found = "seals 0", .expected = "memfd:LABEL, with seals 7"},
               [&] { attach(unsealed); });
  expect_error(Errc::not_a_ring, {.found = "an empty object"}, [&] { attach(empty); });
  expect_error(Errc::not_a_ring, {.problem = "not a regular file"}, [&] { attach(pipe_ends[0]); });
  expect_error(Errc::not_a_ring, {.problem = "not a regular file"},
               [&] { attach(sockets.ends[0]); });
  expect_error(Errc::not_found,
               {.object = "fd:99999", .found = "/proc/self/fd/99999", .remedy = "Keep it open"},
               [&] { attach(99999); });
  for (const int fd : {plain, unsealed, empty, pipe_ends[0], pipe_ends[1]}) close(fd);
}

TEST(Ring_of_a_descriptor, Of_a_ring_with_a_name_is_refused) {
  const std::string name = unique_ring_name();
  auto producer = Producer<E>::create(name);
  expect_error(Errc::invalid_name, {.object = name, .remedy = "by its name"},
               [&] { (void)share_ring(producer.segment()); });
  // It would not be removed by who leaves last.
  const int fd = open(shm_path(name).c_str(), O_RDWR | O_CLOEXEC);
  expect_error(Errc::not_a_ring, {.found = "seals 1"},
               [&] { (void)Consumer<E>::attach("fd:" + std::to_string(fd)); });
  close(fd);
}

TEST(Ring_of_a_descriptor, Is_made_as_memfd_and_attached_as_fd) {
  auto producer = Producer<E>::create("memfd:ring");
  auto namesake = Producer<E>::create("memfd:ring");  // two labels are not two names of one
  const os::Descriptor ring = share_ring(producer.segment());
  expect_error(Errc::invalid_name, {.object = "memfd:ring", .remedy = "share_ring"},
               [&] { (void)Consumer<E>::attach("memfd:ring", {.timeout = 1h}); });
  expect_error(Errc::invalid_name, {.object = "memfd:ring", .remedy = "share_ring"},
               [&] { (void)Producer<E>::create_or_attach("memfd:ring"); });
  expect_error(Errc::invalid_name, {.object = ring.name(), .remedy = "Create it as memfd:LABEL"},
               [&] { (void)Producer<E>::create(ring.name()); });
  expect_error(Errc::producer_alive, {.object = ring.name()},
               [&] { (void)Producer<E>::create_or_attach(ring.name()); });
}

TEST(Ring_of_a_descriptor, Needs_proc) {
  auto producer = Producer<E>::create("memfd:ring");
  const os::Descriptor ring = share_ring(producer.segment());
  const std::string said = in_child([&]() -> std::string {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", "/proc", "tmpfs", 0, nullptr) != 0) {
      return "no right to hide /proc";
    }
    return error_of([&] { (void)Consumer<E>::attach(ring.name()); }).what();
  });
  if (said == "no right to hide /proc") GTEST_SKIP() << said;
  EXPECT_TRUE(contains(said, "rings without a name need /proc")) << said;
  EXPECT_TRUE(contains(said, "Mount it")) << said;
}

TEST(Ring_of_a_descriptor, Larger_than_the_memory_is_refused) {
  struct sysinfo info {};
  ASSERT_EQ(sysinfo(&info), 0);
  const EventType event{.size = max_event_size, .align = 1, .name = "big", .schema = {}};
  const std::uint64_t memory = std::uint64_t{info.totalram} * info.mem_unit;
  const std::uint64_t capacity = std::bit_ceil(memory / max_event_size + 1);
  expect_error(Errc::no_space,
               {.object = "memfd:ring",
                .problem = "the memory is too small",
                .found = "bytes free",
                .remedy = "Lower the capacity"},
               [&] { (void)Producer<Bytes>::create("memfd:ring", event, {.capacity = capacity}); });
}

// --- Rights

constexpr uid_t nobody = 65534;

template <class Body>
std::string as_nobody_with_the_ring(std::uint32_t mode, Body&& body) {
  auto producer = Producer<E>::create("memfd:ring", {.mode = mode});
  publish_numbers(producer, 3);
  Sockets sockets;
  send_ring(sockets.ends[1], producer.segment());
  return in_child([&]() -> std::string {
    if (setgroups(0, nullptr) != 0 || setresgid(nobody, nobody, nobody) != 0 ||
        setresuid(nobody, nobody, nobody) != 0) {
      return "cannot become nobody";
    }
    try {
      const os::Descriptor ring = receive_ring(sockets.ends[0], 5s);
      return body(ring.name());
    } catch (const Error& error) {
      return std::string(to_string(error.code())) + " | " + error.what();
    }
  });
}

TEST(Ring_of_another_user, Is_observed_if_its_mode_says_so) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can act as somebody else";
  const auto observe = [](const std::string& name) {
    auto observer = Consumer<E>::attach(name, {.kind = ConsumerKind::observer});
    return std::to_string(drain(observer).size());
  };
  EXPECT_EQ(as_nobody_with_the_ring(0644, observe), "3");
  const std::string refused = as_nobody_with_the_ring(0600, observe);
  EXPECT_TRUE(refused.starts_with("permission_denied | fd:")) << refused;
  EXPECT_TRUE(contains(refused, "wider mode")) << refused;
}

TEST(Ring_of_another_user, Is_joined_only_if_its_mode_says_so) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can act as somebody else";
  const auto join = [](const std::string& name) {
    auto consumer = Consumer<E>::attach(name, {.id = "x", .kind = ConsumerKind::required});
    return std::to_string(drain(consumer).size());
  };
  EXPECT_EQ(as_nobody_with_the_ring(0777, join), "3");  // x means nothing here, and hurts nobody
  const std::string refused = as_nobody_with_the_ring(0644, join);
  EXPECT_TRUE(refused.starts_with("permission_denied | fd:")) << refused;
  EXPECT_TRUE(contains(refused, "user 65534")) << refused;
}

// --- Sending

TEST(Sending_a_ring, Works_over_every_kind_of_connected_socket) {
  for (const int type : {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM}) {
    Sockets sockets(type);
    auto producer = Producer<E>::create("memfd:ring");
    auto another = Producer<Bytes>::create("memfd:another", event_type_of<E>(), {});
    publish_numbers(producer, 3);
    send_ring(sockets.ends[1], producer.segment());
    send_ring(sockets.ends[1], another.segment());
    const os::Descriptor first = receive_ring(sockets.ends[0], 5s);
    const os::Descriptor second = receive_ring(sockets.ends[0], 5s);
    auto consumer = Consumer<E>::attach(first.name());
    EXPECT_EQ(drain(consumer), numbers(0, 3));
    EXPECT_EQ(inspect_ring(second.name()).ring.position.published, Sequence(0));
  }
}

TEST(Sending_a_ring, That_was_attached_read_only_gives_no_more) {
  auto producer = Producer<E>::create("memfd:ring", {.mode = 0644});
  const os::Descriptor mine = share_ring(producer.segment());
  const auto looked =
      Segment::try_attach(os::ObjectName::parse(mine.name()), SegmentRole::inspector, EventType{});
  ASSERT_TRUE(looked);
  const os::Descriptor ring = share_ring(*looked);
  EXPECT_EQ(fcntl(ring.number(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

TEST(Sending_a_ring, To_nobody_says_so) {
  auto producer = Producer<E>::create("memfd:ring");
  Sockets sockets;
  sockets.close_end(0);
  expect_error(Errc::not_found,
               {.object = "socket ", .problem = "nobody at the other end", .found = "Broken pipe"},
               [&] { send_ring(sockets.ends[1], producer.segment()); });
  expect_error(Errc::system_error, {.problem = "sendmsg failed", .found = "Bad file descriptor"},
               [&] { send_ring(-1, producer.segment()); });
  const int file = memfd_create("file", MFD_CLOEXEC);
  expect_error(Errc::system_error,
               {.found = "Socket operation on non-socket", .remedy = "socketpair(2)"},
               [&] { send_ring(file, producer.segment()); });
  expect_error(Errc::system_error, {.found = "Socket operation on non-socket"},
               [&] { (void)receive_ring(file, 5s); });
  close(file);
}

TEST(Sending_a_ring, That_nobody_reads_does_not_wait) {
  auto producer = Producer<E>::create("memfd:ring");
  Sockets sockets;
  const std::string full(4096, 'x');
  while (send(sockets.ends[1], full.data(), full.size(), MSG_DONTWAIT) > 0) {
  }
  while (send(sockets.ends[1], "x", 1, MSG_DONTWAIT) > 0) {
  }
  expect_error(Errc::system_error, {.problem = "sendmsg failed", .remedy = "read what it was sent"},
               [&] { send_ring(sockets.ends[1], producer.segment()); });
}

TEST(Receiving_a_ring, Waits_for_it_and_no_longer_than_asked) {
  Sockets sockets;
  const TimePoint begin = os::now();
  expect_error(Errc::not_found,
               {.problem = "no ring was received", .found = "nothing before the deadline"},
               [&] { (void)receive_ring(sockets.ends[0], 20ms); });
  EXPECT_GE(os::now() - begin, 20ms);
  sockets.close_end(1);
  expect_error(Errc::not_found, {.found = "its other end was closed"},
               [&] { (void)receive_ring(sockets.ends[0], 1h); });
  expect_error(Errc::system_error, {.found = "Bad file descriptor"},
               [&] { (void)receive_ring(99999, 1h); });
}

TEST(Receiving_a_ring, That_comes_in_parts_waits_for_all_of_them) {
  auto producer = Producer<E>::create("memfd:ring");
  const os::Descriptor mine = share_ring(producer.segment());
  Sockets sockets;
  send_by_hand(sockets.ends[1], "DMP", {mine.number()});
  expect_error(Errc::not_found, {.found = "nothing before the deadline"},
               [&] { (void)receive_ring(sockets.ends[0], 10ms); });
  send_by_hand(sockets.ends[1], "DMP", {mine.number()});
  send_by_hand(sockets.ends[1], "-RING", {});
  EXPECT_EQ(inspect_ring(receive_ring(sockets.ends[0], 5s).name()).ring.capacity, 4096U);
}

TEST(Receiving_a_ring, Refuses_what_is_none) {
  auto producer = Producer<E>::create("memfd:ring");
  const os::Descriptor mine = share_ring(producer.segment());
  const int other = memfd_create("other", MFD_CLOEXEC);
  const std::size_t before = open_descriptors();
  const auto refuse = [](const std::string& text, const std::vector<int>& fds, const Says& says) {
    Sockets sockets;
    send_by_hand(sockets.ends[1], text, fds);
    expect_error(Errc::not_a_ring, says, [&] { (void)receive_ring(sockets.ends[0], 5s); });
  };
  refuse("hello, world", {}, {.problem = "something else came", .remedy = "for rings only"});
  refuse("DMP-ROPE", {mine.number()}, {.problem = "something else came"});
  refuse("DMP-RING", {}, {.found = "0 descriptors", .remedy = "send_ring"});
  refuse("DMP-RING", {mine.number(), other}, {.found = "2 descriptors"});
  refuse("DMP-RING", {other}, {.object = "fd:", .problem = "cut short", .found = "seals"});
  EXPECT_EQ(open_descriptors(), before);  // what came with it was closed
  close(other);
}

TEST(Receiving_a_ring, Without_room_for_a_descriptor_names_the_limit) {
  if (under_asan) GTEST_SKIP() << "the sanitizer needs descriptors of its own";
  auto producer = Producer<E>::create("memfd:ring");
  Sockets sockets;
  send_ring(sockets.ends[1], producer.segment());
  const std::string said = in_child([&] {
    const rlimit none{.rlim_cur = 3, .rlim_max = 3};
    setrlimit(RLIMIT_NOFILE, &none);
    return std::string(error_of([&] { (void)receive_ring(sockets.ends[0], 5s); }).what());
  });
  EXPECT_TRUE(contains(said, "the descriptor of the ring was lost")) << said;
  EXPECT_TRUE(contains(said, "RLIMIT_NOFILE")) << said;
}

}  // namespace
}  // namespace disruptor_mp::test
