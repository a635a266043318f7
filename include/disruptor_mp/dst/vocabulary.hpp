// SPDX-License-Identifier: MIT OR Apache-2.0
// The words of a trace: who acted, what they did, how it ended. Enumerators are spelled as they are
// written in trace JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace disruptor_mp::dst {

/// A process of a run. Consumers are told apart by index, from 0.
class ProcessRole {
 public:
  enum class Kind : std::uint8_t { Producer, Consumer, Orchestrator };

  static constexpr ProcessRole producer() noexcept { return {Kind::Producer, 0}; }
  static constexpr ProcessRole consumer(std::uint32_t index) noexcept {
    return {Kind::Consumer, index};
  }
  /// The harness itself: starts, pauses and ends the run.
  static constexpr ProcessRole orchestrator() noexcept { return {Kind::Orchestrator, 0}; }

  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  /// Empty unless this is a consumer.
  [[nodiscard]] constexpr std::optional<std::uint32_t> consumer_index() const noexcept {
    if (kind_ != Kind::Consumer) return std::nullopt;
    return index_;
  }

  friend constexpr bool operator==(const ProcessRole&, const ProcessRole&) noexcept = default;

 private:
  constexpr ProcessRole(Kind kind, std::uint32_t index) noexcept : kind_(kind), index_(index) {}

  Kind kind_;
  std::uint32_t index_;
};

/// "Producer", "Consumer(3)" or "Orchestrator".
[[nodiscard]] std::string to_string(const ProcessRole& role);
[[nodiscard]] std::string_view to_string(ProcessRole::Kind kind) noexcept;

/// What a scheduler asks of a process.
class SchedulerAction {
 public:
  enum class Kind : std::uint8_t {
    Spawn,         ///< create the process; also stands for "no action" in a trace
    SleepMs,       ///< let that many milliseconds pass
    Attach,        ///< map the ring
    Start,         ///< begin to work
    PublishBatch,  ///< publish that many events
    ConsumeBatch,  ///< handle that many events
    Kill,          ///< end the process without notice
    Restart,       ///< bring it back
    Shutdown,      ///< end it in order
  };

  static constexpr SchedulerAction spawn() noexcept { return {Kind::Spawn, 0}; }
  static constexpr SchedulerAction sleep_ms(std::uint64_t ms) noexcept {
    return {Kind::SleepMs, ms};
  }
  static constexpr SchedulerAction attach() noexcept { return {Kind::Attach, 0}; }
  static constexpr SchedulerAction start() noexcept { return {Kind::Start, 0}; }
  static constexpr SchedulerAction publish_batch(std::uint32_t events) noexcept {
    return {Kind::PublishBatch, events};
  }
  static constexpr SchedulerAction consume_batch(std::uint32_t events) noexcept {
    return {Kind::ConsumeBatch, events};
  }
  static constexpr SchedulerAction kill() noexcept { return {Kind::Kill, 0}; }
  static constexpr SchedulerAction restart() noexcept { return {Kind::Restart, 0}; }
  static constexpr SchedulerAction shutdown() noexcept { return {Kind::Shutdown, 0}; }

  [[nodiscard]] constexpr Kind kind() const noexcept { return kind_; }
  /// Milliseconds of SleepMs, events of PublishBatch and ConsumeBatch, otherwise 0.
  [[nodiscard]] constexpr std::uint64_t amount() const noexcept { return amount_; }

  friend constexpr bool operator==(const SchedulerAction&,
                                   const SchedulerAction&) noexcept = default;

 private:
  constexpr SchedulerAction(Kind kind, std::uint64_t amount) noexcept
      : kind_(kind), amount_(amount) {}

  Kind kind_;
  std::uint64_t amount_;
};

/// "Kill", "SleepMs(25)", "PublishBatch(64)".
[[nodiscard]] std::string to_string(const SchedulerAction& action);
[[nodiscard]] std::string_view to_string(SchedulerAction::Kind kind) noexcept;

/// How a traced event ended.
class TraceStatus {
 public:
  enum class Kind : std::uint8_t { Planned, Success, Retry, Failed };

  static TraceStatus planned() { return {Kind::Planned, {}}; }
  static TraceStatus success() { return {Kind::Success, {}}; }
  static TraceStatus retry() { return {Kind::Retry, {}}; }
  static TraceStatus failed(std::string reason) { return {Kind::Failed, std::move(reason)}; }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  /// Why it failed; empty for the other kinds.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

  friend bool operator==(const TraceStatus&, const TraceStatus&) = default;

 private:
  TraceStatus(Kind kind, std::string reason) : kind_(kind), reason_(std::move(reason)) {}

  Kind kind_;
  std::string reason_;
};

/// "Success", "Failed(out of disk)".
[[nodiscard]] std::string to_string(const TraceStatus& status);
[[nodiscard]] std::string_view to_string(TraceStatus::Kind kind) noexcept;

}  // namespace disruptor_mp::dst
