// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/descriptor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <system_error>
#include <vector>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/os/thread.hpp"

namespace disruptor_mp::os {
namespace {

/// What the descriptor travels with, so that a message for somebody else is not taken for one.
constexpr std::string_view greeting = "DMP-RING";
/// More descriptors than any sane message has; they are closed, not leaked.
constexpr std::size_t most_descriptors = 16;

std::string object_of(int socket) { return "socket " + std::to_string(socket); }

[[noreturn]] void fail(int socket, std::string_view call, int error) {
  if (error == EPIPE || error == ECONNRESET || error == ENOTCONN || error == ECONNREFUSED) {
    throw Error(Errc::not_found, {.object = object_of(socket),
                                  .problem = "there is nobody at the other end",
                                  .found = std::generic_category().message(error),
                                  .expected = "a connected socket",
                                  .remedy = "Connect again; see whether the other process lives."});
  }
  throw Error(Errc::system_error,
              {.object = object_of(socket),
               .problem = std::string(call) + " failed",
               .found = std::generic_category().message(error),
               .expected = "a connected socket of the Unix domain with room for a message",
               .remedy = error == EAGAIN ? "Let the other process read what it was sent."
                                         : "Use socketpair(2), or connect(2) to a path."});
}

[[noreturn]] void fail_message(int socket, std::string problem, std::string found,
                               std::string remedy) {
  throw Error(Errc::not_a_ring, {.object = object_of(socket),
                                 .problem = std::move(problem),
                                 .found = std::move(found),
                                 .expected = "what send_ring sends",
                                 .remedy = std::move(remedy)});
}

[[noreturn]] void fail_nothing(int socket, std::string found, std::string remedy) {
  throw Error(Errc::not_found, {.object = object_of(socket),
                                .problem = "no ring was received",
                                .found = std::move(found),
                                .expected = "a message of send_ring",
                                .remedy = std::move(remedy)});
}

/// Waits until something can be received, or the other end is closed.
void wait_for_message(int socket, TimePoint deadline) {
  for (;;) {
    const TimePoint now = os::now();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::clamp<Duration>(deadline - now, Duration::zero(), std::chrono::hours(1)));
    pollfd entry{.fd = socket, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left.count()));
    if (ready > 0 && (entry.revents & POLLNVAL) != 0) fail(socket, "poll", EBADF);
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) fail(socket, "poll", errno);
    if (now >= deadline)
      fail_nothing(socket, "nothing before the deadline", "Wait longer, or see who should send.");
  }
}

/// One part of the message, and the descriptors that came with it.
struct Part {
  std::size_t size = 0;
  bool is_cut = false;  ///< the kernel could not give us all descriptors
};

Part receive_part(int socket, char* into, std::size_t size, std::vector<Descriptor>& descriptors) {
  iovec piece{.iov_base = into, .iov_len = size};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(most_descriptors * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (got < 0) fail(socket, "recvmsg", errno);
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
      descriptors.push_back(Descriptor::adopt(fd));
    }
  }
  if (got == 0) {
    fail_nothing(socket, "its other end was closed",
                 "See why the other process closed it; it may have died.");
  }
  return {.size = static_cast<std::size_t>(got), .is_cut = (message.msg_flags & MSG_CTRUNC) != 0};
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

std::string Descriptor::let_inherit() {
  const int flags = fcntl(fd_, F_GETFD);
  if (flags < 0 || fcntl(fd_, F_SETFD, flags & ~FD_CLOEXEC) != 0) {
    throw Error(Errc::system_error, {.object = name(),
                                     .problem = "the descriptor cannot be inherited",
                                     .found = std::generic_category().message(errno),
                                     .expected = "an open descriptor",
                                     .remedy = "Keep it open until the program is started."});
  }
  return name();
}

void send_descriptor(int socket, const Descriptor& descriptor) {
  std::string text(greeting);
  iovec piece{.iov_base = text.data(), .iov_len = text.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = descriptor.number();
  std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) fail(socket, "sendmsg", errno);
  // A message so small goes whole or not at all (unix(7)).
}

Descriptor receive_descriptor(int socket, TimePoint deadline) {
  std::array<char, greeting.size()> text{};
  std::vector<Descriptor> descriptors;
  std::size_t done = 0;
  bool is_cut = false;
  while (done < text.size()) {  // a stream may bring it in parts
    wait_for_message(socket, deadline);
    const Part part = receive_part(socket, text.data() + done, text.size() - done, descriptors);
    done += part.size;
    is_cut = is_cut || part.is_cut;
    if (std::string_view(text.data(), done) != greeting.substr(0, done)) {
      fail_message(socket, "something else came than a ring", "a message that begins otherwise",
                   "Use this socket for rings only.");
    }
  }
  if (is_cut && descriptors.empty()) {
    fail_message(socket, "the descriptor of the ring was lost",
                 "no room for one more descriptor in this process",
                 "Close some, or raise RLIMIT_NOFILE (ulimit -n).");
  }
  if (descriptors.size() != 1) {
    fail_message(socket, "a ring comes with one descriptor",
                 std::to_string(descriptors.size()) + " descriptors", "Send it with send_ring.");
  }
  return std::move(descriptors.front());
}

}  // namespace disruptor_mp::os
