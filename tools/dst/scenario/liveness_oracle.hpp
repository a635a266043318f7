// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Judges what liveness policies say of the first consumer: when they may say it, and how often.
// Each process that looks is judged by what it has read itself, so that old stores, which the
// memory model lets it see, are no fault of its.
#pragma once

#include <array>
#include <cstdint>

#include "memory_model.hpp"

namespace disruptor_mp {
struct ConsumerAlert;
}

namespace disruptor_mp::sim {

/// The times of every simulated policy; in microseconds. That of a stalled one is drawn
/// (Setting::stall_grace).
inline constexpr unsigned simulated_progress_timeout = 1'000;
inline constexpr unsigned simulated_check_interval = 500;
inline constexpr unsigned simulated_absence_grace = 1'000;

class LivenessOracle {
 public:
  void reset() noexcept;

  // --- Told by the witness: what the running process has read of the first consumer's row
  void read_cursor(std::uint64_t value) noexcept;
  void read_incarnation(std::uint32_t value) noexcept;
  void read_taking(std::uint32_t value) noexcept;

  // --- Told by roles, of the running process
  /// Its hook was called.
  void alerted(const ConsumerAlert& alert);
  /// It was told of a failure, where nobody is ever passed over.
  void failed(const ConsumerAlert& failure);
  /// It acknowledged one: the consumer has all its time once more.
  void acknowledged() noexcept;
  /// It is done with its policy, which counted so many alerts.
  void counted(std::uint64_t stalls, std::uint64_t absences);

 private:
  /// What a process knows of the first consumer.
  struct Looker {
    std::uint64_t cursor = ~std::uint64_t{0};
    std::uint32_t incarnation = 0;
    std::uint32_t taking = 0;     ///< how often the row was taken; seen before the incarnation is
    std::uint64_t since = 0;      ///< when it read first what it knows now
    bool is_stall_told = false;   ///< since then
    std::uint64_t absent_at = 0;  ///< when it was told first, since the cursor moved; 0: not
    std::uint64_t stalls = 0;
    std::uint64_t absences = 0;
  };
  Looker& self() noexcept;
  void meet_life(std::uint32_t& known, std::uint32_t value) noexcept;

  std::array<Looker, max_processes> lookers_{};
};

LivenessOracle& liveness_oracle() noexcept;

}  // namespace disruptor_mp::sim
