// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a fork must not duplicate: open file descriptions carry the locks that prove a participant
// alive, and a shared mapping lets whoever has it write. The child of a fork has both for free. So
// in the child, before fork() returns there, every registered guard is told; MemoryObject then
// closes its descriptor and puts a private copy in place of its mapping, and the endpoints empty
// their cached bounds so that their next call meets the slow path, which refuses.
#include "disruptor_mp/os/fork_guard.hpp"

#include <pthread.h>

#include <mutex>

namespace disruptor_mp::os {

/// The only process-wide state of the library: the list of guards, in order of registration.
struct ForkRegistry {
  std::mutex mutex;
  ForkGuard* first = nullptr;
  ForkGuard* last = nullptr;

  static ForkRegistry& instance() {
    static auto* registry =
        new ForkRegistry;  // never destroyed: endpoints may outlive static objects
    return *registry;
  }

  ForkRegistry() {
    pthread_atfork(&ForkRegistry::before, &ForkRegistry::parent, &ForkRegistry::child);
  }

  void append(ForkGuard& guard) {
    const std::lock_guard lock(mutex);
    guard.previous_ = last;
    (last != nullptr ? last->next_ : first) = &guard;
    last = &guard;
  }

  void remove(ForkGuard& guard) {
    const std::lock_guard lock(mutex);
    (guard.previous_ != nullptr ? guard.previous_->next_ : first) = guard.next_;
    (guard.next_ != nullptr ? guard.next_->previous_ : last) = guard.previous_;
  }

  // The list is locked over the fork, so the child never sees it half-changed by another thread.
  static void before() { instance().mutex.lock(); }
  static void parent() { instance().mutex.unlock(); }
  static void child() {
    for (ForkGuard* guard = instance().first; guard != nullptr; guard = guard->next_) {
      guard->on_fork_(guard->context_);
    }
    instance().mutex.unlock();
  }
};

ForkPause::ForkPause() { ForkRegistry::instance().mutex.lock(); }
ForkPause::~ForkPause() { ForkRegistry::instance().mutex.unlock(); }

ForkGuard::ForkGuard(Callback on_fork, void* context) : on_fork_(on_fork), context_(context) {
  ForkRegistry::instance().append(*this);
}

ForkGuard::~ForkGuard() { ForkRegistry::instance().remove(*this); }

void ForkGuard::set_context(void* context) noexcept {
  const std::lock_guard lock(ForkRegistry::instance().mutex);
  context_ = context;
}

}  // namespace disruptor_mp::os
