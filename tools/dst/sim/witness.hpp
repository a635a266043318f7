// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>

#include "kernel.hpp"

namespace disruptor_mp::sim {

/// How a futex wait ended.
enum class SleepEnd : std::uint8_t {
  rung,      ///< somebody woke it
  nap,       ///< its time was up
  spurious,  ///< for no reason
  refused,   ///< the word had changed before it could sleep
};

/// Told by the engine what the running process does, after it was done. Changes nothing, so a run
/// is the same with and without one. Must not allocate: it is called in the middle of processes.
class Witness {
 public:
  using Tag = std::uint16_t;

  virtual ~Witness() = default;
  /// A word of its own choice for a place; asked once per run and place.
  virtual Tag tag_of(unsigned object, std::uint64_t offset) = 0;
  virtual void loaded(Tag place, std::uint64_t value, unsigned age) = 0;
  virtual void stored(Tag place, std::uint64_t value) = 0;
  virtual void exchange_refused(Tag place) = 0;
  virtual void wrote_plainly(Tag place) = 0;
  virtual void falls_asleep(Tag bell) = 0;
  virtual void woke(Tag bell, SleepEnd end) = 0;
  /// Of its plain stores since the last release, so many reached memory and so many did not.
  virtual void died(unsigned kept, unsigned lost) = 0;
  /// Null: nothing had reached the disk.
  virtual void lost_power(const Kernel::Survivor* found) = 0;
  virtual void removed_name() = 0;
  virtual void lock_refused(std::uint64_t byte) = 0;
};

}  // namespace disruptor_mp::sim
