// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <utility>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/endpoint/options.hpp"
#include "disruptor_mp/ring/slots.hpp"

namespace disruptor_mp {

template <class E>
class Consumer;
template <class E, class Handler>
class EventProcessor;

/// Events held where they lie, until it goes out of scope; from Consumer::lease. No producer
/// overwrites them meanwhile. When it ends they are handled, as if a poll had handled them, and
/// committed as `ConsumerOptions::commit` says; unless an exception is on its way or `give_back`
/// was called: then they come again. Whoever dies with a lease has committed what was released.
///
/// An observer, and a consumer that may be passed over, holds a private copy, so a lease of theirs
/// is one event. What they give back may be overwritten by then; it counts as missed.
///
/// One lease at a time: while it is open all other reading of the consumer finds
/// `Poll::lease_open`. A consumer may be moved meanwhile; if it leaves or is destroyed the lease is
/// given back, and its events must not be looked at any more. In the child of a fork a lease ends,
/// and nothing is committed. Belongs to the thread that reads; nothing here is a system call,
/// unless a producer sleeps for room.
template <class E>
class Lease {
 public:
  /// `const E&`; of events of a size known at run time, a span of const bytes.
  using Reference = typename SlotGeometry<E>::ConstReference;

  /// Over the events, in order of their sequences; valid until the lease is moved.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = E;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Reference;

    Reference operator*() const noexcept { return lease_->at(sequence_); }
    Iterator& operator++() noexcept {
      ++sequence_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++sequence_;
      return before;
    }
    bool operator==(const Iterator& other) const noexcept { return sequence_ == other.sequence_; }

   private:
    friend class Lease;
    Iterator(const Lease* lease, std::uint64_t sequence) noexcept
        : lease_(lease), sequence_(sequence) {}
    const Lease* lease_;
    std::uint64_t sequence_;
  };

  /// What is moved from may only be destroyed.
  Lease(Lease&& other) noexcept
      : consumer_(std::exchange(other.consumer_, nullptr)),
        slots_(other.slots_),
        copy_(other.copy_),
        first_(other.first_),
        end_(std::exchange(other.end_, other.first_)),
        outcome_(other.outcome_),
        exceptions_(other.exceptions_) {
    if (consumer_ != nullptr) consumer_->hold(this);
  }
  Lease(const Lease&) = delete;
  Lease& operator=(Lease&&) = delete;
  ~Lease() {
    if (std::uncaught_exceptions() > exceptions_) {
      give_back();
    } else {
      release();
    }
  }

  /// `events` if it holds any; else what a poll would have said.
  [[nodiscard]] Poll outcome() const noexcept { return outcome_; }
  /// Whether it was granted.
  explicit operator bool() const noexcept { return outcome_ == Poll::events; }

  /// How many events it holds; 0 when it has ended, or was not granted.
  [[nodiscard]] std::size_t size() const noexcept { return end_ - first_; }
  /// Whether it holds none.
  [[nodiscard]] bool empty() const noexcept { return first_ == end_; }
  /// The sequence of its first event. The others follow without a gap.
  [[nodiscard]] Sequence first() const noexcept { return Sequence(first_); }
  /// The first event.
  [[nodiscard]] Iterator begin() const noexcept { return {this, first_}; }
  /// Behind the last event.
  [[nodiscard]] Iterator end() const noexcept { return {this, end_}; }
  /// `index` must be less than size().
  Reference operator[](std::size_t index) const noexcept { return at(first_ + index); }

  /// All events are handled; ends the lease.
  void release() noexcept { release_first(size()); }
  /// The first `count` events are handled, and producers may overwrite them: the lease is of the
  /// others from now on. Ends it if there are none.
  void release_first(std::size_t count) noexcept {
    if (consumer_ == nullptr) return;
    first_ += std::min(count, size());
    if (empty()) {
      consumer_->end_lease(first_);
      consumer_ = nullptr;
    } else {
      consumer_->commit_by_itself(first_);
    }
  }
  /// None of the events it still holds is handled: they come again. Ends the lease.
  void give_back() noexcept {
    if (consumer_ != nullptr) consumer_->end_lease(first_);
    disown();
  }

 private:
  friend class Consumer<E>;
  template <class Event, class Handler>
  friend class EventProcessor;

  /// Ends it for itself alone.
  void disown() noexcept {
    consumer_ = nullptr;
    end_ = first_;
  }
  /// Where one that began at `began` can begin anew: not at what is committed, nor when it ended.
  [[nodiscard]] std::uint64_t begins_anew(std::uint64_t began) const noexcept {
    return consumer_ == nullptr ? first_ : std::max(began, consumer_->committed());
  }
  [[nodiscard]] Reference at(std::uint64_t sequence) const noexcept {
    return copy_ == nullptr ? slots_.event(sequence) : slots_.geometry().event_at(copy_);
  }
  explicit Lease(Poll outcome) noexcept
      : slots_(nullptr, format::Shape{.capacity = 1}), outcome_(outcome) {}
  Lease(Consumer<E>* consumer, const std::byte* copy, std::uint64_t first,
        std::uint64_t end) noexcept
      : consumer_(consumer),
        slots_(consumer->slots_),
        copy_(copy),
        first_(first),
        end_(end),
        exceptions_(std::uncaught_exceptions()) {
    consumer_->hold(this);
  }

  Consumer<E>* consumer_ = nullptr;  ///< null when it has ended
  Slots<E, const std::byte> slots_;
  const std::byte* copy_ = nullptr;  ///< of the one event, if not held in its slot
  std::uint64_t first_ = 0;          ///< not handled yet, from here
  std::uint64_t end_ = 0;
  Poll outcome_ = Poll::events;
  int exceptions_ = 0;
};

}  // namespace disruptor_mp
