// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Consumer::fd(): a descriptor that becomes readable when a consumer has something to read, or is
// to be told something. Nobody else in the ring knows of it: a thread of the consumer's own process
// sleeps on the bells in the consumer's place, exactly as the consumer would (ring/waiter.hpp).
//
//   the consumer's thread                          the helper thread
//   ---------------------                          -----------------
//   poll: nothing to read
//   arm(position, what it was told)  ──mutex──▶    announces its sleep on the bell
//     clears the descriptor                        heavy fence
//     rings for the helper                         looks: is there anything else to be told?
//   epoll_wait …                                   no: sleeps, and asks who is dead at every nap
//   poll                             ◀──readable── yes: sets the descriptor, and is done with it
//
// A wake-up cannot be lost: the helper looks after it was told the position, and announces before
// it looks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/endpoint/options.hpp"
#include "disruptor_mp/membership/barrier.hpp"
#include "disruptor_mp/membership/housekeeping.hpp"
#include "disruptor_mp/membership/revoking.hpp"
#include "disruptor_mp/os/readable_event.hpp"
#include "disruptor_mp/os/several_futexes.hpp"
#include "disruptor_mp/ring/bell.hpp"
#include "disruptor_mp/ring/fences.hpp"

namespace disruptor_mp::detail {

class ConsumerCore;
class LookoutThread;

/// What the helper sleeps on.
struct FutexWords {
  std::array<os::FutexWord, os::most_futexes> words{};
  std::size_t count = 0;
  void add(os::FutexWord word) noexcept { words[count++] = word; }
};

/// Looks out for one consumer. The consumer's own thread calls what is public; the helper's, the
/// rest.
class Lookout {
 public:
  /// The descriptor is readable at first: nobody knows better.
  /// @throws Error{system_error} if there is no descriptor or thread to be had
  Lookout(ConsumerCore& core, const std::vector<std::string>& after);
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;
  ~Lookout();

  [[nodiscard]] int descriptor() const noexcept { return event_.descriptor(); }

  /// Two threads of one process ask the kernel for the same locks and so exclude nobody from each
  /// other: whoever may take one (to get past the dead) holds this. So is all below.
  [[nodiscard]] std::unique_lock<std::mutex> exclude() { return std::unique_lock(mutex_); }

  /// What a consumer has been told, standing at `next`. Until there is something else to say, the
  /// descriptor is not readable.
  struct Told {
    std::uint64_t next = 0;
    Poll outcome = Poll::idle;                   ///< idle also if it was gated
    StreamState producers = StreamState::alive;  ///< as its hook was told
    bool passed_over = false;
    bool operator==(const Told&) const = default;
  };
  void arm(const Told& told);
  /// For what is final, and what is told once: whoever polls again learns more.
  void disarm();
  /// What the helper has found since `arm`; once.
  [[nodiscard]] std::optional<Poll> take_finding() noexcept;

 private:
  friend class LookoutThread;

  /// Chooses the bell that is rung for what is lacking, and announces a sleep on it, if that is not
  /// so already. @return whether it is new, so that a heavy fence and a look have to follow.
  bool announce() noexcept;
  /// The one that is right for both.
  [[nodiscard]] Fences stricter(Fences fences) const noexcept;
  /// Reports what there is to say, or adds what to sleep on to `words`, and until when at most.
  void look(TimePoint now, FutexWords& words, TimePoint& until) noexcept;

  [[nodiscard]] const Bell* choose_bell() const noexcept;
  [[nodiscard]] bool is_gated() const noexcept;
  /// As ConsumerCore::lacks_commit.
  [[nodiscard]] bool lacks_commit() const noexcept;
  [[nodiscard]] bool has_come() const noexcept;
  [[nodiscard]] bool has_other_news();
  [[nodiscard]] Poll absence();
  void report(Poll finding) noexcept;

  ConsumerCore* core_;
  os::ReadableEvent event_;
  mutable std::optional<Barrier> barrier_;  ///< its own: the consumer's belongs to its thread
  Patience patience_;
  std::optional<TimePoint> predecessor_absent_since_;

  std::mutex mutex_;
  bool is_armed_ = false;
  bool is_readable_ = true;
  Told told_;
  std::optional<Poll> finding_;
  const Bell* bell_ = nullptr;  ///< announced on; null: on none
  std::uint32_t announced_ = 0;
  Duration nap_ = Duration::zero();
  TimePoint next_question_;

  LookoutThread* thread_ = nullptr;
};

}  // namespace disruptor_mp::detail
