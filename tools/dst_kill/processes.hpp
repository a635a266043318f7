// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Children of the orchestrator, and who tidies up after all of them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace disruptor_mp::kill {

using Clock = std::chrono::steady_clock;

/// A place for a ring and the logs around it. It is removed by a process of its own, which waits
/// until the orchestrator and all its children are gone, however they went.
class Place {
 public:
  Place();
  /// Waits until everything is removed.
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] const std::string& shm_ring() const { return shm_ring_; }
  [[nodiscard]] std::string file_ring() const { return "file:" + (folder_ / "events").string(); }
  /// In memory, like the rings: the first write into a file on a disk takes longer than an attach.
  [[nodiscard]] const std::filesystem::path& logs() const { return logs_; }

 private:
  void remove_all() const;

  std::filesystem::path folder_;
  std::string shm_ring_;
  std::filesystem::path logs_;
  int users_ = -1;  ///< the end of a pipe that everybody holds
  pid_t sweeper_ = -1;
};

/// SIGCHLD is blocked while this lives, so that a change can be waited for with a limit.
class HeldSignals {
 public:
  HeldSignals();
};

/// The next change of a child, as waitpid(2) says it: stopped, exited, killed.
/// @return nothing until the deadline.
[[nodiscard]] std::optional<int> await_change(pid_t pid, Clock::time_point deadline);

/// A child that runs `part` and ends with 0, or with 1 after an exception, whose text `fail` gets.
/// It dies with its parent.
[[nodiscard]] pid_t start_process(const std::function<void()>& part,
                                  const std::function<void(const char*)>& fail);

}  // namespace disruptor_mp::kill
