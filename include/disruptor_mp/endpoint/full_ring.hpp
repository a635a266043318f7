// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>

#include "disruptor_mp/base/types.hpp"

namespace disruptor_mp {

/// What `publish`, `claim` and `burst` do while there is no room: those that are told nothing else.
/// (`try_…` never waits, `…_until` waits for its own deadline, whatever stands here.)
///
/// | policy        | without room                                     | returns              |
/// |---------------|--------------------------------------------------|----------------------|
/// | block         | waits, as long as those who hold it full live    | the default          |
/// | wait_for      | waits so long, measured anew by each call        | Publish::timed_out   |
/// | refuse        | does not wait                                    | Publish::full        |
/// | drop_newest   | does not wait; the event is counted and gone     | Publish::dropped     |
///
/// Only who waits finds out that a required consumer is away (`Publish::consumer_missing`), unless
/// a liveness policy asks. Dead gating consumers are got past by all.
class WhenFull {
 public:
  /// See the table.
  enum class Kind : std::uint8_t { block, wait_for, refuse, drop_newest };

  /// Waits for room without limit.
  static constexpr WhenFull block() noexcept { return {Kind::block, {}}; }
  /// Waits for room, at most so long.
  static constexpr WhenFull wait_for(Duration patience) noexcept {
    return {Kind::wait_for, patience};
  }
  /// Never waits: `Publish::full`.
  static constexpr WhenFull refuse() noexcept { return {Kind::refuse, {}}; }
  /// Never waits: the new event is dropped and counted (`Producer::dropped`).
  static constexpr WhenFull drop_newest() noexcept { return {Kind::drop_newest, {}}; }

  /// Which of them.
  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  /// Of wait_for.
  [[nodiscard]] constexpr Duration patience() const noexcept { return patience_; }

 private:
  constexpr WhenFull(Kind kind, Duration patience) noexcept : kind_(kind), patience_(patience) {}

  Kind kind_;
  Duration patience_;
};

}  // namespace disruptor_mp
