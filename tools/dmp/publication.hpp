// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "disruptor_mp/disruptor_mp.hpp"
#include "exit_code.hpp"
#include "report.hpp"
#include "stop_signal.hpp"

namespace disruptor_mp::tool {

struct PubOptions {
  std::string ring;
  std::uint64_t event_size = 0;  ///< bytes of stdin per event
  std::uint64_t batch = 256;
  std::size_t wait_for = 1;
  std::optional<Duration> timeout;
  bool is_raw = false;  ///< events are bare bytes, of this type:
  EventType raw_type;
  std::optional<std::uint64_t> capacity;  ///< default: see publication.cpp
  bool leaves_open = false;
  bool is_quiet = false;
  bool json = false;
  ProducerOptions producer;
};

/// One run of `dmp pub`: takes or makes the ring, waits for its consumers, and publishes stdin.
class Publication {
 public:
  /// @throws Error, Failure. Waiting for a living producer to leave ends with the first signal.
  explicit Publication(const PubOptions& options);

  /// @throws Error, Failure
  ExitCode run();

 private:
  Producer<Bytes> open();
  void tell_takeover();
  [[nodiscard]] bool is_one_of_several() const;
  void publish_input();
  void wait_for_consumers();
  void publish_rest(std::span<const std::byte> rest);
  void publish_whole(std::span<const std::byte> bytes);
  bool publish_batch(std::span<const std::byte> bytes, std::uint64_t count);
  void fill(Claim<Bytes>& claim, std::span<const std::byte> bytes) const;
  void warn_of_missing_consumer();
  void leave_ring(bool failed);
  void tell_summary(const std::string& outcome);
  void warn_of_loss() const;
  [[nodiscard]] const std::string& ring() const { return producer_.segment().name(); }

  const PubOptions& options_;
  EventType type_;
  std::uint64_t payload_size_;
  StopSignal stop_;
  Producer<Bytes> producer_;
  std::uint64_t batch_;
  ProgressLine progress_;
  TimePoint started_;
  Sequence first_;
  std::uint64_t events_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t pending_ = 0;  ///< bytes read but not yet published
  bool has_warned_ = false;
};

}  // namespace disruptor_mp::tool
