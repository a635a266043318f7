// SPDX-License-Identifier: MIT OR Apache-2.0
#include "processes.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <system_error>

#include "disruptor_mp/os/memory_object.hpp"

namespace disruptor_mp::kill {
namespace {

[[noreturn]] void fail_call(const std::string& call) {
  throw std::system_error(errno, std::generic_category(), call);
}

std::filesystem::path make_folder() {
  std::string path = (std::filesystem::temp_directory_path() / "dst-kill-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) fail_call("mkdtemp " + path);
  return path;
}

}  // namespace

Place::Place()
    : folder_(make_folder()),
      shm_ring_("shm:" + folder_.filename().string() + "-" + std::to_string(getpid())),
      logs_(os::ObjectName::parse(shm_ring_ + ".logs").path()) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail_call("pipe2");
  sweeper_ = fork();
  if (sweeper_ < 0) fail_call("fork");
  if (sweeper_ == 0) {
    setsid();  // Ctrl-C is for the others
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
    close(ends[1]);
    char byte = 0;
    while (read(ends[0], &byte, 1) < 0 && errno == EINTR) {
    }
    remove_all();
    _exit(0);
  }
  close(ends[0]);
  users_ = ends[1];
}

Place::~Place() {
  close(users_);
  while (waitpid(sweeper_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Place::remove_all() const {
  std::error_code ignored;
  std::filesystem::remove(os::ObjectName::parse(shm_ring_).path(), ignored);
  std::filesystem::remove_all(folder_, ignored);
  std::filesystem::remove_all(logs_, ignored);
}

HeldSignals::HeldSignals() {
  sigset_t held;
  sigemptyset(&held);
  sigaddset(&held, SIGCHLD);
  sigprocmask(SIG_BLOCK, &held, nullptr);
}

std::optional<int> await_change(pid_t pid, Clock::time_point deadline) {
  sigset_t held;
  sigemptyset(&held);
  sigaddset(&held, SIGCHLD);
  for (;;) {
    int status = 0;
    const pid_t changed = waitpid(pid, &status, WNOHANG | WUNTRACED | __WALL);
    if (changed == pid) return status;
    if (changed < 0 && errno != EINTR) fail_call("waitpid");
    const auto left = deadline - Clock::now();
    if (left <= Clock::duration::zero()) return std::nullopt;
    // Not longer: signals of several children may come as one.
    const auto nap = std::min<std::chrono::nanoseconds>(left, std::chrono::milliseconds(5));
    const timespec limit{.tv_sec = 0, .tv_nsec = nap.count()};
    sigtimedwait(&held, nullptr, &limit);
  }
}

pid_t start_process(const std::function<void()>& part,
                    const std::function<void(const char*)>& fail) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) fail_call("fork");
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // it died before the line above
  int code = 0;
  try {
    part();
  } catch (const std::exception& error) {
    fail(error.what());
    code = 1;
  }
  _exit(code);  // without the parent's buffers and destructors
}

}  // namespace disruptor_mp::kill
