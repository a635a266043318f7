// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

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
class Producer;

/// A range of slots to be filled in place; from Producer::claim. Published when it goes out of
/// scope, unless an exception is on its way or `abandon` was called: then nobody ever sees it and
/// the slots are claimed again next (of several producers: consumers skip them).
///
/// What an event holds before it is filled is old bytes or zeros: fill every field. References into
/// a claim end with it, or when it is moved. One claim or burst at a time: while one is open, what
/// else the producer shall publish or claim is refused (`claim_open`). If it is closed, detached or
/// moved, the claim is abandoned. It must outlive the claim. If the claim failed it is empty, and
/// `status` says why.
template <class E>
class Claim {
 public:
  /// `E&`; of events of a size known at run time, a span of bytes.
  using Reference = typename SlotGeometry<E>::Reference;

  /// Over the slots, in order of their sequences.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = E;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Reference;

    Reference operator*() const noexcept { return claim_->at(sequence_); }
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
    friend class Claim;
    Iterator(const Claim* claim, std::uint64_t sequence) noexcept
        : claim_(claim), sequence_(sequence) {}
    const Claim* claim_;
    std::uint64_t sequence_;
  };

  /// What is moved from may only be destroyed.
  Claim(Claim&& other) noexcept
      : producer_(std::exchange(other.producer_, nullptr)),
        slots_(other.slots_),
        staging_(other.staging_),
        first_(other.first_),
        size_(std::exchange(other.size_, 0)),
        published_(other.published_),
        status_(other.status_),
        exceptions_(other.exceptions_) {}
  Claim(const Claim&) = delete;
  Claim& operator=(Claim&&) = delete;
  [[gnu::always_inline]] ~Claim() {
    if (producer_ == nullptr) return;
    if (std::uncaught_exceptions() <= exceptions_) {
      publish();
    } else {
      abandon();
    }
  }

  /// What became of claiming it.
  [[nodiscard]] Publish status() const noexcept { return status_; }
  /// Whether it was claimed.
  explicit operator bool() const noexcept { return status_ == Publish::ok; }

  /// How many slots it has; 0 if it was not claimed.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// How many of the events are published, once `publish` was called.
  [[nodiscard]] std::size_t published() const noexcept { return published_; }
  /// The sequence of its first event.
  [[nodiscard]] Sequence first() const noexcept { return Sequence(first_); }
  /// The first slot.
  [[nodiscard]] Iterator begin() const noexcept { return {this, first_}; }
  /// Behind the last slot.
  [[nodiscard]] Iterator end() const noexcept { return {this, first_ + size_}; }
  /// `index` must be less than size().
  Reference operator[](std::size_t index) const noexcept { return at(first_ + index); }

  /// Publishes all of it now. @return as below.
  [[gnu::always_inline]] Publish publish() noexcept { return publish(size_); }
  /// Publishes the first `count` events (at most size()) and gives the rest back.
  /// @return `ok`; `closed` or `used_after_fork` if the claim counts as abandoned; `revoked`, in a
  /// ring with `revoke_stopped_after`, if it was revoked from some event on. The events before that
  /// one, `published()` of them, are published; of the others nobody sees any. `status` says the
  /// same afterwards. Who leaves publishing to the destructor does not learn it.
  [[gnu::always_inline]] Publish publish(std::size_t count) noexcept {
    if (producer_ != nullptr && count != 0) {
      const auto done = producer_->commit(count < size_ ? count : size_, staging_);
      status_ = done.result;
      published_ = done.count;
      producer_ = nullptr;
    }
    abandon();
    return status_;
  }
  /// Gives all slots back unpublished.
  void abandon() noexcept {
    if (producer_ != nullptr) producer_->abandon_claim();
    producer_ = nullptr;
    size_ = 0;
  }

 private:
  friend class Producer<E>;
  [[gnu::always_inline]] Reference at(std::uint64_t sequence) const noexcept {
    if constexpr (Staging<E>::count != 0) {
      if (sequence - first_ < Staging<E>::count) return staging_.event(sequence - first_);
    }
    return slots_.event(sequence);
  }
  explicit Claim(Publish failure) noexcept
      : slots_(nullptr, format::Shape{.capacity = 1}), status_(failure) {}
  Claim(Producer<E>* producer, std::uint64_t first, std::size_t size) noexcept
      : producer_(producer),
        slots_(producer->slots_),
        staging_{},  // zeros: no bytes of our stack travel in what is left unfilled
        first_(first),
        size_(size),
        exceptions_(std::uncaught_exceptions()) {}

  Producer<E>* producer_ = nullptr;
  Slots<E, std::byte> slots_;   ///< a copy, so that the compiler need not look for it again
  mutable Staging<E> staging_;  ///< a const claim still has events to fill, like a const span
  std::uint64_t first_ = 0;
  std::size_t size_ = 0;
  std::size_t published_ = 0;
  Publish status_ = Publish::ok;
  int exceptions_ = 0;
};

}  // namespace disruptor_mp
