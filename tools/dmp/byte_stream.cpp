// SPDX-License-Identifier: MIT OR Apache-2.0
#include "byte_stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "failure.hpp"

namespace disruptor_mp::tool {
namespace {

[[noreturn]] void fail(const std::string& object, const std::string& problem, int error) {
  throw Failure(ExitCode::failure, "io_error",
                {.object = object,
                 .problem = problem,
                 .found = std::generic_category().message(error),
                 .expected = "a stream without errors",
                 .remedy = "Check where it leads to."});
}

bool is_interruption(int error) { return error == EINTR || error == EAGAIN; }

}  // namespace

void reserve_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    // The lowest free descriptor is taken, which is this one.
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) != fd) ::_exit(1);
  }
}

void fail_stdout(int error) { fail("stdout", "it cannot be written", error); }

ByteInput::Result ByteInput::read(std::span<std::byte> into, int wake_fd) {
  for (;;) {
    std::array<pollfd, 2> fds = {pollfd{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                                 pollfd{.fd = wake_fd, .events = POLLIN, .revents = 0}};
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR)
      fail("stdin", "poll failed", errno);
    if (fds[1].revents != 0) return {.outcome = Outcome::woken, .size = 0};
    if (fds[0].revents == 0) continue;
    const ssize_t n = ::read(STDIN_FILENO, into.data(), into.size());
    if (n > 0) return {.outcome = Outcome::bytes, .size = static_cast<std::size_t>(n)};
    if (n == 0) return {.outcome = Outcome::end, .size = 0};
    if (!is_interruption(errno)) fail("stdin", "it cannot be read", errno);
  }
}

void ByteOutput::flush() {
  std::span<const std::byte> left = buffer_;
  while (!left.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, left.data(), left.size());
    if (n >= 0) {
      left = left.subspan(static_cast<std::size_t>(n));
      continue;
    }
    if (errno == EPIPE) throw BrokenPipe{};
    if (!is_interruption(errno)) fail_stdout(errno);
    pollfd writable{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    ::poll(&writable, 1, -1);  // stdout may be non-blocking if it is shared with others
  }
  buffer_.clear();
}

bool ByteOutput::is_broken() noexcept {
  pollfd state{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace disruptor_mp::tool
