// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace disruptor_mp::test {

/// Dies here and now, in a child: nothing is tidied up. `in_child` then says `died`.
[[noreturn]] inline void die() {
  kill(getpid(), SIGKILL);
  std::abort();
}
inline const std::string died = "killed by signal 9";

/// Runs `body` in a forked child and returns the text it returned, if it returns any. An exception
/// or a deadly signal becomes a text, too ("exception: …", "killed by signal 11").
template <class Body>
std::string in_child(Body&& body) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child < 0) return "no child";
  if (child == 0) {
    // A sanitizer would report the signal and exit in an orderly way; we want to see the signal.
    for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGSYS}) std::signal(signal, SIG_DFL);
    std::string text;
    try {
      if constexpr (std::is_void_v<decltype(body())>) {
        std::forward<Body>(body)();
      } else {
        text = std::forward<Body>(body)();
      }
    } catch (const std::exception& error) {
      text = std::string("exception: ") + error.what();
    }
    std::size_t done = 0;
    while (done < text.size()) {
      const ssize_t n = write(ends[1], text.data() + done, text.size() - done);
      if (n <= 0) _exit(1);
      done += static_cast<std::size_t>(n);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[512];
  for (;;) {
    const ssize_t n = read(ends[0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return "exit code " + std::to_string(WEXITSTATUS(status));
  return text;
}

}  // namespace disruptor_mp::test
