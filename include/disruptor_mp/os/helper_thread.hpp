// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <string>
#include <thread>

namespace disruptor_mp::os {

/// A thread of the library's own in a user's process: no signal is delivered to it, so that signal
/// handlers, signalfd(2) and sigwait(3) work as if it were not there.
class HelperThread {
 public:
  /// @param object for whom, for the error's text
  /// @throws Error{system_error} if there can be no thread
  HelperThread(const std::string& object, void (*run)(void*) noexcept, void* context);
  HelperThread(const HelperThread&) = delete;
  HelperThread& operator=(const HelperThread&) = delete;
  /// Waits for its end.
  ~HelperThread();

 private:
  std::thread thread_;
};

}  // namespace disruptor_mp::os
