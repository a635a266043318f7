// SPDX-License-Identifier: MIT OR Apache-2.0
#include "stop_signal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace disruptor_mp::tool {
namespace {

// A signal handler can reach nothing but globals.
std::atomic<int> noted_signal{0};
std::array<int, 2> wake_pipe = {-1, -1};

void note(int signal) {
  const int saved_errno = errno;
  noted_signal.store(signal, std::memory_order_relaxed);
  const char byte = 0;
  [[maybe_unused]] const auto written = ::write(wake_pipe[1], &byte, 1);
  errno = saved_errno;
}

}  // namespace

StopSignal::StopSignal() {
  if (::pipe2(wake_pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe2");
  struct sigaction action {};
  action.sa_handler = note;
  // Restart: a write to a slow pipe goes on. Reset: the second signal is deadly.
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    // Who was started with the signal ignored (nohup, a background job of a script) keeps it so.
    if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
  }
}

int StopSignal::received() const noexcept { return noted_signal.load(std::memory_order_relaxed); }
int StopSignal::fd() const noexcept { return wake_pipe[0]; }

}  // namespace disruptor_mp::tool
