// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/endpoint/detail/producer_core.hpp"
#include "disruptor_mp/endpoint/options.hpp"
#include "disruptor_mp/ring/bell.hpp"
#include "disruptor_mp/ring/slots.hpp"

namespace disruptor_mp {

template <class E>
class Producer;

/// A range of slots to be published one by one; from Producer::burst. Each event is visible as soon
/// as its `publish` returns. What is left when the burst goes out of scope is given up: the slots
/// are claimed again next (of several producers: consumers skip and count them). Events that were
/// published stay, whether or not an exception is on its way.
///
/// It is what to use for a stream of single events in a ring of several producers: a claim there
/// costs a store into the producer's row and a look at the common end, and a burst pays them once
/// for all its events (docs/performance.md).
///
/// Of several producers: consumers wait at the next slot of an open burst, and so do all events
/// behind it. Do not hold one while there is nothing to publish: end it (`finish`, or its scope).
///
/// One burst or claim at a time: while one is open, what else the producer shall publish or claim
/// is refused (`claim_open`), and its `next_sequence` stands where the burst began. If it is
/// closed, detached or moved, the rest is given up. It must outlive the burst. If the burst failed
/// it has no room, and `status` says why.
template <class E>
class Burst {
 public:
  /// `E&`; of events of a size known at run time, a span of bytes.
  using Reference = typename SlotGeometry<E>::Reference;

  /// What is moved from may only be destroyed.
  [[gnu::always_inline]] Burst(Burst&& other) noexcept
      : producer_(std::exchange(other.producer_, nullptr)),
        slots_(other.slots_),
        control_(other.control_),
        data_bell_(other.data_bell_),
        next_(other.next_),
        status_(other.status_),
        is_revocable_(other.is_revocable_) {}
  Burst(const Burst&) = delete;
  /// A new burst would be claimed before the rest of this one is given up.
  Burst& operator=(Burst&&) = delete;
  [[gnu::always_inline]] ~Burst() { finish(); }

  /// What became of claiming it.
  [[nodiscard]] Publish status() const noexcept { return status_; }
  /// Whether it was claimed.
  explicit operator bool() const noexcept { return status_ == Publish::ok; }

  /// How many events may still be published. None once the producer was closed or has left, and in
  /// the child of a fork.
  [[nodiscard, gnu::always_inline]] std::size_t room() const noexcept {
    if (producer_ == nullptr || producer_->core_ == nullptr) return 0;
    const std::uint64_t end = producer_->core_->burst_end();
    return end > next_ ? end - next_ : 0;
  }
  /// The sequence of the event to be published next, if there is room.
  [[nodiscard]] Sequence next_sequence() const noexcept { return Sequence(next_); }

  /// Publishes a copy of the event, at once. `full` if there is no room left in the burst;
  /// `revoked`, in a ring with `revoke_stopped_after`, if others have revoked the rest of it.
  [[gnu::always_inline]] Publish publish(const E& event) requires(!std::same_as<E, Bytes>) {
    return publish([&event](E& slot) { slot = event; });
  }
  /// Publishes an event that `fill(E&)` writes in place. The slot holds old bytes: fill every
  /// field. If `fill` throws, nothing is published, and the slot is the next one still.
  template <std::invocable<Reference> Fill>
  [[gnu::always_inline]] Publish publish(Fill&& fill) {
    if (room() == 0) [[unlikely]]
      return refusal(status_, producer_ != nullptr, core());
    // Locals, because the compiler must assume that the event overlaps our members.
    const std::uint64_t sequence = next_;
    std::byte* const slot = slots_.slot(sequence);
    // Dying anywhere in here: as with a claim of several producers our row covers the sequence, and
    // who waits for it finds us dead; in a ring of one nobody looks before it is published.
    fill(slots_.geometry().event_at(slot));
    if (is_revocable_) [[unlikely]]
      return publish_unless_revoked(sequence);
    // The publish point: one release store. Dying before it: this one and the rest are not
    // published. Dying after it, before the bell: published; sleepers see it when their nap ends.
    slots_.publish_one(*control_, slot, sequence);
    next_ = sequence + 1;
    data_bell_.ring_if_awaited();
    return Publish::ok;
  }

  /// Gives the rest up now.
  [[gnu::always_inline]] void finish() noexcept {
    if (producer_ != nullptr) producer_->end_burst(next_);
    producer_ = nullptr;
  }

 private:
  friend class Producer<E>;
  [[gnu::always_inline]] Burst(Producer<E>* producer, Publish status) noexcept
      : producer_(status == Publish::ok ? producer : nullptr),
        slots_(producer->slots_),
        control_(producer->control_),
        data_bell_(producer->data_bell_),
        next_(producer->next_),
        status_(status),
        is_revocable_(producer->core_ != nullptr && producer->core_->revokes()) {}

  /// Once one event is revoked the rest is too, and the burst is over.
  Publish publish_unless_revoked(std::uint64_t sequence) noexcept {
    if (producer_->core_->publish_in_burst(sequence)) {
      next_ = sequence + 1;
      return Publish::ok;
    }
    producer_->open_claim_ = 0;
    producer_->next_ = sequence;
    producer_ = nullptr;
    status_ = Publish::revoked;
    return status_;
  }

  [[nodiscard]] const detail::ProducerCore* core() const noexcept {
    return producer_ == nullptr ? nullptr : producer_->core_.get();
  }
  /// By value: an address handed out would keep the burst out of registers.
  [[gnu::noinline, gnu::cold]] static Publish refusal(Publish status, bool is_open,
                                                      const detail::ProducerCore* core) {
    if (status != Publish::ok) return status;
    if (!is_open) return Publish::full;
    return core == nullptr ? Publish::closed : core->burst_refusal();
  }

  // All that a loop of publishes needs, so that a compiler can keep it in registers, also where the
  // producer is a data member of something else.
  Producer<E>* producer_;
  Slots<E, std::byte> slots_;
  format::Control* control_;
  HotBell data_bell_;
  std::uint64_t next_;
  Publish status_;
  bool is_revocable_;
};

}  // namespace disruptor_mp
