// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/endpoint/detail/lookout.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

#include "disruptor_mp/endpoint/detail/consumer_core.hpp"
#include "disruptor_mp/membership/claims.hpp"
#include "disruptor_mp/os/fork_guard.hpp"
#include "disruptor_mp/os/helper_thread.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "disruptor_mp/ring/slots.hpp"
#include "disruptor_mp/ring/window.hpp"

namespace disruptor_mp::detail {
namespace {

using namespace std::chrono_literals;

/// As of a waiter that sleeps.
constexpr Duration first_nap = 1ms;

/// Whether there was an event, or a void, at `next`. The consumer may have read it since it said
/// where it stands, and its slot may hold a later one: whoever asks for exactly this one would
/// sleep for ever. (In damaged memory it may seem so for ever; then the descriptor stays readable.)
bool has_been_published(const Segment& segment, std::uint64_t next) noexcept {
  // Acquire, here and in is_settled: who is told finds what it was told of.
  if (segment.shape().slot_layout == format::SlotLayout::packed)
    return segment.control().published.load(std::memory_order_acquire) > next;
  return Slots<Bytes, const std::byte>(segment.slots(), segment.shape()).is_settled(next);
}

}  // namespace

/// A thread that looks out for consumers of its process: for all of them where the kernel lets it
/// sleep on several bells, else for one. It lives as long as there is one.
class LookoutThread {
 public:
  static void add(Lookout& lookout, const std::string& object);
  static void remove(Lookout& lookout) noexcept;

  /// After something was changed that it has seen, or is to see: it looks again.
  void call() noexcept {
    // Pairs with the fence in `run`: it sees the change, or we see its bit.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    bell_.ring_if_awaited();
  }

  explicit LookoutThread(const std::string& object)
      : thread_(
            object, [](void* self) noexcept { static_cast<LookoutThread*>(self)->run(); }, this) {}
  LookoutThread(const LookoutThread&) = delete;
  LookoutThread& operator=(const LookoutThread&) = delete;
  /// Waits for its end.
  ~LookoutThread();

 private:
  /// Every thread of this process, for whoever needs one. In the child of a fork there is none, and
  /// what was there is forgotten as it stands: others may have held its locks.
  struct Office {
    std::mutex mutex;
    std::vector<LookoutThread*> threads;
    os::ForkGuard guard{&Office::forget, this};

    static void forget(void* self) noexcept {
      std::construct_at(&static_cast<Office*>(self)->mutex);
      std::construct_at(&static_cast<Office*>(self)->threads);
    }
    static Office& instance() {
      static auto* office = new Office;  // never destroyed: consumers may outlive static objects
      return *office;
    }
  };

  [[nodiscard]] static std::size_t most_lookouts() noexcept {
    return os::can_sleep_on_several() ? os::most_futexes - 1 : 1;  // one word is our own bell
  }
  void run() noexcept;

  format::BellWord word_{};  ///< not in shared memory: within the process
  Bell bell_{word_};
  std::mutex mutex_;
  std::vector<Lookout*> lookouts_;
  bool must_end_ = false;
  os::HelperThread thread_;  ///< last: it sees the others whole
};

void LookoutThread::add(Lookout& lookout, const std::string& object) {
  Office& office = Office::instance();
  const std::lock_guard office_lock(office.mutex);
  for (LookoutThread* thread : office.threads) {
    const std::lock_guard lock(thread->mutex_);
    if (thread->lookouts_.size() >= most_lookouts()) continue;
    thread->lookouts_.push_back(&lookout);
    lookout.thread_ = thread;
    return;
  }
  office.threads.reserve(office.threads.size() + 1);
  auto thread = std::make_unique<LookoutThread>(object);
  {
    const std::lock_guard lock(thread->mutex_);
    thread->lookouts_.reserve(os::most_futexes);
    thread->lookouts_.push_back(&lookout);
  }
  lookout.thread_ = thread.get();
  office.threads.push_back(thread.release());
}

void LookoutThread::remove(Lookout& lookout) noexcept {
  LookoutThread* const thread = lookout.thread_;
  std::unique_ptr<LookoutThread> last;  // ends behind the lock of the office
  Office& office = Office::instance();
  const std::lock_guard office_lock(office.mutex);
  {
    const std::lock_guard lock(thread->mutex_);
    std::erase(thread->lookouts_, &lookout);
    if (thread->lookouts_.empty()) last.reset(thread);
    thread->must_end_ = last != nullptr;
  }
  if (last) std::erase(office.threads, thread);
  thread->call();
  // Where it sleeps on one word only, that may be the consumer's.
  if (lookout.bell_ != nullptr && !os::can_sleep_on_several()) lookout.bell_->ring();
}

LookoutThread::~LookoutThread() {
  {
    const std::lock_guard lock(mutex_);
    must_end_ = true;
  }
  call();
}

void LookoutThread::run() noexcept {
  for (;;) {
    FutexWords words;
    TimePoint until = never;
    const std::uint32_t announced = bell_.announce_sleep();
    // Pairs with the fence in `call`.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    {
      const std::lock_guard lock(mutex_);
      if (must_end_) return;
      Fences fences(format::FenceMode::portable);
      for (Lookout* lookout : lookouts_) {
        if (lookout->announce()) fences = lookout->stricter(fences);
      }
      // Pairs with the light fence of whoever rings: it sees one of our bits, or we see its news.
      fences.heavy();
      const TimePoint now = os::now();
      for (Lookout* lookout : lookouts_) lookout->look(now, words, until);
    }
    words.add({.word = &bell_.word(), .expected = announced});
    os::futex_wait_any({words.words.data(), words.count}, until);
  }
}

// --- One consumer

Lookout::Lookout(ConsumerCore& core, const std::vector<std::string>& after)
    : core_(&core), event_(core.segment().name()) {
  if (!after.empty()) barrier_.emplace(core.segment(), after);
  event_.set();
  LookoutThread::add(*this, core.segment().name());
}

Lookout::~Lookout() {
  // In the child of a fork there is no such thread.
  if (!core_->segment().object().is_orphaned_by_fork()) LookoutThread::remove(*this);
}

void Lookout::arm(const Told& told) {
  if (is_armed_ && told == told_) return;
  told_ = told;
  is_armed_ = true;
  finding_.reset();
  if (std::exchange(is_readable_, false)) event_.clear();
  nap_ = first_nap;
  next_question_ = os::now() + nap_;
  thread_->call();
  if (bell_ != nullptr && !os::can_sleep_on_several()) bell_->ring();
}

void Lookout::disarm() {
  is_armed_ = false;
  if (!std::exchange(is_readable_, true)) event_.set();
}

std::optional<Poll> Lookout::take_finding() noexcept { return std::exchange(finding_, {}); }

// --- The helper's

Fences Lookout::stricter(Fences fences) const noexcept {
  return fences.is_asymmetric() ? fences : core_->fences();
}

bool Lookout::announce() noexcept {
  const std::lock_guard lock(mutex_);
  if (!is_armed_) return false;
  const Bell* const bell = choose_bell();
  // Relaxed: if it is still what it was, nobody has rung since the fence that followed.
  if (bell != nullptr && bell == bell_ &&
      bell->word().load(std::memory_order_relaxed) == announced_) {
    return false;
  }
  bell_ = bell;
  if (bell == nullptr) return false;
  announced_ = bell->announce_sleep();
  return true;
}

void Lookout::look(TimePoint now, FutexWords& words, TimePoint& until) noexcept {
  const std::lock_guard lock(mutex_);
  if (!is_armed_) return;
  // What is lacking now may be something else, that another bell is rung for; as in Waiter::pause.
  if (choose_bell() != bell_) {
    until = TimePoint::min();
    return;
  }
  if (has_come()) return report(Poll::events);
  const Duration longest =
      lacks_commit() ? ConsumerCore::longest_gated_nap : ConsumerCore::longest_nap;
  if (now >= next_question_) {
    if (has_other_news() || has_come()) return report(finding_.value_or(Poll::events));
    nap_ = std::min(nap_ * 2, longest);
    next_question_ = now + nap_;
  }
  // It may have become gated since the question was put off.
  next_question_ = std::min(next_question_, now + longest);
  if (bell_ != nullptr) words.add({.word = &bell_->word(), .expected = announced_});
  until = std::min(until, next_question_);
}

void Lookout::report(Poll finding) noexcept {
  finding_ = finding;
  is_armed_ = false;
  if (!std::exchange(is_readable_, true)) event_.set();
}

const Bell* Lookout::choose_bell() const noexcept {
  if (lacks_commit()) return &*core_->gates_bell_;
  return core_->bell_ ? &*core_->bell_ : nullptr;
}

bool Lookout::lacks_commit() const noexcept {
  return barrier_ && (core_->is_published(told_.next) ||
                      stream_end(core_->segment_) <= told_.next || is_gated());
}

bool Lookout::is_gated() const noexcept {
  return barrier_ && core_->is_gated_by(barrier_->bound(), told_.next);
}

bool Lookout::has_come() const noexcept {
  // Relaxed: who takes the interrupt acquires it.
  if (core_->interrupted_.load(std::memory_order_relaxed)) return true;
  const Segment& segment = core_->segment_;
  std::uint64_t next = told_.next;
  const std::atomic<std::uint64_t>* const hold = core_->hold();
  const bool is_passed =
      hold != nullptr && (hold->load(std::memory_order_acquire) & HoldWord::passed_over_flag) != 0;
  if (is_passed && !told_.passed_over) return true;
  if (is_passed || core_->is_observer()) {
    // Acquire: the slots we look at next are at least as new as this promise.
    const std::uint64_t horizon = segment.control().horizon.load(std::memory_order_acquire);
    next = std::max(
        next, Window::oldest(horizon, segment.shape().capacity, segment.shape().first_sequence));
  }
  if (barrier_ && barrier_->bound() <= next) return stream_end(segment) <= next && !is_gated();
  return has_been_published(segment, next) || stream_end(segment) <= next;
}

bool Lookout::has_other_news() try {
  if (is_gated()) {
    const Poll found = core_->missing_predecessor(*barrier_, predecessor_absent_since_, told_.next);
    if (found == told_.outcome) return false;
    finding_ = found;
    return true;
  }
  predecessor_absent_since_.reset();
  if (core_->is_shared_ &&
      (is_void(core_->segment_, told_.next) ||
       (!core_->is_observer() && patience_.revoke_if_due(core_->segment_, told_.next)))) {
    return true;
  }
  if (core_->producer_hook_ && core_->producer_state() != told_.producers) return true;
  return absence() != told_.outcome;
} catch (...) {
  return false;  // no memory just now; it is asked again
}

Poll Lookout::absence() {
  const Poll name = core_->name_absence();
  // As in ConsumerCore::idle_result.
  return name != Poll::idle && barrier_ && core_->is_there(told_.next) ? Poll::idle : name;
}

}  // namespace disruptor_mp::detail
