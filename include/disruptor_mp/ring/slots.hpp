// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Where events lie and how a reader knows that one is there.
//
//   packed:   │ event │ event │ event │ …        one cursor, Control::published, says how many
//   there are stamped:  │ event  stamp │ event  stamp │ …  each slot says which sequence it holds:
//   stamp = sequence + 1
//
// Packed slots are dense, and a batch becomes visible at once by one store: best for batches of
// small events. In stamped slots event and news travel in one cache line: best for round trips and
// for events published one by one. Which layout a ring has depends on the event alone
// (`slot_layout_of`), by the figures of docs/performance.md.
//
// In a ring of several producers slots are always stamped, and may become visible out of order. A
// slot whose claimer gave up or died gets a tombstone: the stamp with its highest bit set. In a
// ring that revokes the claims of stopped producers a tombstone may also be quarantined (the next
// bit): somebody may still be writing into the slot, so nobody else does.
//
// A stamp belongs to one sequence for ever (64 bits, no lap to confuse), so what an older lap left
// in a slot can never be taken for the event that is expected there.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "disruptor_mp/segment/event_type.hpp"
#include "disruptor_mp/segment/format.hpp"
#include "disruptor_mp/segment/geometry.hpp"

namespace disruptor_mp {

/// The layout for events of a size, if nothing else is said.
constexpr format::SlotLayout default_slot_layout(std::uint64_t event_size) {
  return event_size <= 128 ? format::SlotLayout::stamped : format::SlotLayout::packed;
}

/// The layout of rings of `E`. Specialise it to choose otherwise; all processes must agree, and
/// attach checks it.
template <class E>
inline constexpr format::SlotLayout slot_layout_of = default_slot_layout(sizeof(E));

/// Sizes known at compile time.
template <class E>
struct SlotGeometry {
  static constexpr format::SlotLayout layout = slot_layout_of<E>;
  static constexpr std::uint64_t stride = format::slot_stride(layout, sizeof(E), alignof(E));
  static constexpr std::uint64_t stamp = format::stamp_offset(sizeof(E));

  explicit constexpr SlotGeometry(const format::Shape& /*unused*/) noexcept {}

  using Reference = E&;
  using ConstReference = const E&;
  [[nodiscard]] static Reference event_at(std::byte* slot) noexcept {
    return *reinterpret_cast<E*>(slot);
  }
  [[nodiscard]] static ConstReference event_at(const std::byte* slot) noexcept {
    return *reinterpret_cast<const E*>(slot);
  }
};

/// Sizes known when the ring is.
template <>
struct SlotGeometry<Bytes> {
  format::SlotLayout layout;
  std::uint64_t stride;
  std::uint64_t stamp;
  std::uint64_t event_size;

  explicit constexpr SlotGeometry(const format::Shape& shape) noexcept
      : layout(shape.slot_layout),
        stride(shape.slot_stride),
        stamp(format::stamp_offset(shape.event_size)),
        event_size(shape.event_size) {}

  using Reference = std::span<std::byte>;
  using ConstReference = std::span<const std::byte>;
  [[nodiscard]] Reference event_at(std::byte* slot) const noexcept { return {slot, event_size}; }
  [[nodiscard]] ConstReference event_at(const std::byte* slot) const noexcept {
    return {slot, event_size};
  }
};

/// Where the first events of a claim of stamped slots are written until it is published, if several
/// slots share a cache line: those of the line that the consumers are looking at. Written in place,
/// that line would be taken from the producer again and again between the events and their stamps.
/// (A slot with a line of its own is better written in place: docs/performance.md.)
template <class E>
struct Staging {
  static constexpr std::size_t event_size = sizeof(E);
  static constexpr std::size_t count =
      SlotGeometry<E>::layout == format::SlotLayout::stamped && SlotGeometry<E>::stride <= 32
          ? 64 / SlotGeometry<E>::stride
          : 0;
  [[nodiscard]] E& event(std::size_t i) noexcept {
    return *reinterpret_cast<E*>(room + i * sizeof(E));
  }
  [[nodiscard]] const std::byte* bytes(std::size_t i) const noexcept {
    return room + i * sizeof(E);
  }
  alignas(count == 0 ? 1 : alignof(E)) std::byte room[count == 0 ? 1 : count * sizeof(E)];
};
template <>
struct Staging<Bytes> {
  static constexpr std::size_t event_size = 0;
  static constexpr std::size_t count = 0;
  [[nodiscard]] static const std::byte* bytes(std::size_t /*i*/) noexcept { return nullptr; }
};

/// The slots of one ring, as the producer sees them (`Byte` = std::byte) or a consumer (const
/// std::byte).
template <class E, class Byte>
class Slots {
 public:
  using Reference =
      std::conditional_t<std::is_const_v<Byte>, typename SlotGeometry<E>::ConstReference,
                         typename SlotGeometry<E>::Reference>;

  Slots(Byte* first, const format::Shape& shape) noexcept
      : geometry_(shape), first_(first), mask_(shape.capacity - 1) {}

  [[nodiscard]] std::uint64_t capacity() const noexcept { return mask_ + 1; }

  /// The event of a sequence, in place. Whether it may be touched is the caller's business.
  [[nodiscard]] Reference event(std::uint64_t sequence) const noexcept {
    return geometry_.event_at(slot(sequence));
  }
  [[nodiscard]] Byte* slot(std::uint64_t sequence) const noexcept {
    return first_ + (sequence & mask_) * geometry_.stride;
  }

  /// Producer: makes [first, end) visible. Dying before the store: nobody sees the event, a
  /// successor writes the slot anew. Dying after it: it is published. In a stamped batch the events
  /// become visible one by one, in order. The release pairs with the acquire in `published_end`.
  void publish(format::Control& control, std::uint64_t first, std::uint64_t end) const noexcept {
    if (geometry_.layout == format::SlotLayout::packed) {
      control.published.store(end, std::memory_order_release);
      return;
    }
    const Slots slots = *this;  // in registers: the stores cannot have changed it
    for (std::uint64_t sequence = first; sequence != end;) {
      Byte* slot = slots.slot(sequence);
      // Up to the last slot of the ring there is nothing to compute.
      const std::uint64_t run = slots.capacity() - (sequence & slots.mask_);
      const std::uint64_t stop = sequence + std::min(end - sequence, run);
      for (; sequence != stop; slot += slots.geometry_.stride)
        slots.stamp_of(slot).store(++sequence, std::memory_order_release);
    }
  }

  /// The same for a claim whose first events were written aside (see Staging).
  void publish(format::Control& control, std::uint64_t first, std::uint64_t end,
               const Staging<E>& staging) const noexcept {
    const Slots slots = *this;
    std::uint64_t sequence = first;
    for (std::size_t i = 0; i < Staging<E>::count && sequence != end; ++i, ++sequence) {
      Byte* const slot = slots.slot(sequence);
      std::memcpy(slot, staging.bytes(i), Staging<E>::event_size);
      slots.stamp_of(slot).store(sequence + 1, std::memory_order_release);
    }
    slots.publish(control, sequence, end);
  }

  /// Only the copying of it.
  void unstage(std::uint64_t first, std::uint64_t end, const Staging<E>& staging) const noexcept {
    std::uint64_t sequence = first;
    for (std::size_t i = 0; i < Staging<E>::count && sequence != end; ++i, ++sequence)
      std::memcpy(slot(sequence), staging.bytes(i), Staging<E>::event_size);
  }

  /// The same for one event whose slot is at hand.
  void publish_one(format::Control& control, Byte* slot, std::uint64_t sequence) const noexcept {
    if (geometry_.layout == format::SlotLayout::packed) {
      control.published.store(sequence + 1, std::memory_order_release);
    } else {
      stamp_of(slot).store(sequence + 1, std::memory_order_release);
    }
  }

  /// Consumer: the end of what is published, from `next` on, looking no further than `limit` (≤
  /// next + capacity). A cursor that makes no sense counts as "nothing new". The acquire pairs with
  /// the release in `publish`.
  [[nodiscard]] std::uint64_t published_end(const format::Control& control, std::uint64_t next,
                                            std::uint64_t limit) const noexcept {
    if (geometry_.layout == format::SlotLayout::packed) {
      const std::uint64_t published = control.published.load(std::memory_order_acquire);
      if (published - next > capacity()) return next;
      return published < limit ? published : limit;
    }
    const Slots slots = *this;  // in registers, as in `publish`
    std::uint64_t end = next;
    while (end != limit && slots.is_stamped_as(end)) ++end;
    return end;
  }

  /// Several producers: whether the claim of this sequence has come to its end: it is published, or
  /// given up, or the slot holds a later one already.
  [[nodiscard]] bool is_settled(std::uint64_t sequence) const noexcept {
    return sequence_part(stamp_of(slot(sequence)).load(std::memory_order_acquire)) > sequence;
  }
  /// Several producers: how far the claimer of [first, end), which publishes in order, has come. A
  /// slot may hold a later lap's event by now, if consumers have passed the sequence.
  [[nodiscard]] std::uint64_t settled_end(std::uint64_t first, std::uint64_t end) const noexcept {
    while (first != end && is_settled(first)) ++first;
    return first;
  }
  /// Several producers: whether nothing will ever be published at this sequence.
  [[nodiscard]] bool is_tombstone(std::uint64_t sequence) const noexcept {
    // The acquire pairs with the release in `bury`.
    return (stamp_of(slot(sequence)).load(std::memory_order_acquire) & ~quarantine_flag) ==
           (tombstone_flag | (sequence + 1));
  }
  /// Several producers: the tombstone of a dead claimer, or of one that has passed a quarantined
  /// slot over, if the slot still waits for its event. Consumers may have skipped it without one,
  /// and another may have published the next lap's event there since anybody looked: therefore an
  /// exchange, from exactly what was found. A quarantine is another's, and stays.
  /// @return whether it was this call that gave the sequence up.
  bool bury_if_unsettled(std::uint64_t sequence) const noexcept {
    return settle(sequence, [&](std::uint64_t seen) {
      return (seen & quarantine_flag) | tombstone_flag | (sequence + 1);
    });
  }
  /// Several producers: gives [first, end) up for ever. By who claimed them: while it lives nobody
  /// passes them. Dying in it leaves fewer to bury.
  void bury(std::uint64_t first, std::uint64_t end) const noexcept {
    for (std::uint64_t sequence = first; sequence != end; ++sequence) {
      stamp_of(slot(sequence)).store(tombstone_flag | (sequence + 1), std::memory_order_release);
    }
  }

  // --- Where claims may be revoked: every change of a stamp is an exchange, from a value that does
  // not settle the sequence to one that does. So of its claimer and all who revoke it exactly one
  // wins, and no stamp ever comes twice.

  /// By the claimer: makes the event visible, unless the claim was revoked. Dying before it: not
  /// published. Dying after it: published.
  [[nodiscard]] bool publish_unless_revoked(std::uint64_t sequence) const noexcept {
    return settle(sequence, [&](std::uint64_t) { return sequence + 1; });
  }
  /// By anybody who has found the sequence claimed: nothing will be published there, and nobody
  /// touches the slot before its claimer has said that it is done with it. Pairs, by acquire and
  /// release, with whoever finds that.
  [[nodiscard]] bool revoke(std::uint64_t sequence) const noexcept {
    return settle(sequence,
                  [&](std::uint64_t) { return tombstone_flag | quarantine_flag | (sequence + 1); });
  }
  /// By the claimer, which does not write there any more: gives the sequence up, or if it was
  /// revoked lets others use the slot again. Release: whoever writes there next does it after us.
  /// Dying before it: who meets the quarantine proves our death (`lift_quarantine`).
  void give_up(std::uint64_t sequence) const noexcept {
    if (settle(sequence, [&](std::uint64_t) { return tombstone_flag | (sequence + 1); })) return;
    auto& stamp = stamp_of(slot(sequence));
    std::uint64_t seen = stamp.load(std::memory_order_relaxed);
    // Others who pass the slot over may change it meanwhile; the quarantine goes on being ours.
    while ((seen & quarantine_flag) != 0 &&
           !stamp.compare_exchange_weak(seen, seen & ~quarantine_flag, std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
    }
  }
  /// The newest sequence of a slot that is in quarantine; nothing if it is not.
  [[nodiscard]] std::optional<std::uint64_t> quarantined(std::uint64_t sequence) const noexcept {
    // Acquire: whoever does not find the quarantine any more writes after the one it was there for.
    const std::uint64_t seen = stamp_of(slot(sequence)).load(std::memory_order_acquire);
    if ((seen & quarantine_flag) == 0) return std::nullopt;
    return sequence_part(seen) - 1;
  }
  /// By whoever has proved that nobody can still write there, from exactly what it found before.
  bool lift_quarantine(std::uint64_t newest) const noexcept {
    std::uint64_t seen = tombstone_flag | quarantine_flag | (newest + 1);
    return stamp_of(slot(newest))
        .compare_exchange_strong(seen, tombstone_flag | (newest + 1), std::memory_order_acq_rel,
                                 std::memory_order_relaxed);
  }

  [[nodiscard]] const SlotGeometry<E>& geometry() const noexcept { return geometry_; }

 private:
  static constexpr std::uint64_t tombstone_flag = std::uint64_t{1} << 63U;
  static constexpr std::uint64_t quarantine_flag = std::uint64_t{1} << 62U;
  /// Several producers only: their sequences leave two bits free.
  static constexpr std::uint64_t sequence_part(std::uint64_t stamp) noexcept {
    return stamp & ~(tombstone_flag | quarantine_flag);
  }

  /// Settles a sequence in one way, unless it is settled. @return whether this call did.
  template <class Settled>
  bool settle(std::uint64_t sequence, Settled&& settled) const noexcept {
    auto& stamp = stamp_of(slot(sequence));
    std::uint64_t seen = stamp.load(std::memory_order_acquire);
    while (sequence_part(seen) <= sequence) {
      if (stamp.compare_exchange_weak(seen, settled(seen), std::memory_order_acq_rel,
                                      std::memory_order_acquire))
        return true;
    }
    return false;
  }

  /// The acquire pairs with the release in `publish`.
  [[nodiscard]] bool is_stamped_as(std::uint64_t sequence) const noexcept {
    return stamp_of(slot(sequence)).load(std::memory_order_acquire) == sequence + 1;
  }
  [[nodiscard]] auto& stamp_of(Byte* slot) const noexcept {
    using Stamp = std::conditional_t<std::is_const_v<Byte>, const std::atomic<std::uint64_t>,
                                     std::atomic<std::uint64_t>>;
    return *reinterpret_cast<Stamp*>(slot + geometry_.stamp);
  }

  [[no_unique_address]] SlotGeometry<E> geometry_;
  Byte* first_;
  std::uint64_t mask_;
};

}  // namespace disruptor_mp
