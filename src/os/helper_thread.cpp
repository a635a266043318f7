// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/helper_thread.hpp"

#include <pthread.h>
#include <signal.h>

#include <system_error>

#include "disruptor_mp/base/error.hpp"

namespace disruptor_mp::os {
namespace {

/// A thread begins with the mask of the one that starts it.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

HelperThread::HelperThread(const std::string& object, void (*run)(void*) noexcept, void* context) {
  const SignalsBlocked blocked;
  try {
    thread_ = std::thread(run, context);
  } catch (const std::system_error& error) {
    throw Error(Errc::system_error,
                {.object = object,
                 .problem = "the kernel gives no thread to look out for events with",
                 .found = error.what(),
                 .expected = "one more thread",
                 .remedy = "End threads that are not needed, or raise the limit (ulimit -u, or the "
                           "cgroup's pids.max)."});
  }
  pthread_setname_np(thread_.native_handle(), "dmp-lookout");
}

HelperThread::~HelperThread() { thread_.join(); }

}  // namespace disruptor_mp::os
