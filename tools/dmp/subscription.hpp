// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "byte_stream.hpp"
#include "disruptor_mp/disruptor_mp.hpp"
#include "event_lines.hpp"
#include "exit_code.hpp"
#include "failure.hpp"
#include "report.hpp"
#include "stop_signal.hpp"

namespace disruptor_mp::tool {

struct SubOptions {
  std::string ring;
  std::optional<std::uint64_t> count;
  std::optional<Duration> timeout;
  EventFormat format = EventFormat::raw;
  bool shows_frames = false;  ///< events of `dmp pub` are printed with their length and padding
  bool follows = false;
  bool is_quiet = false;
  bool json = false;
  ConsumerOptions consumer;
};

/// One run of `dmp sub`: waits for the ring, and writes its events to stdout.
class Subscription {
 public:
  explicit Subscription(const SubOptions& options);

  /// @throws Error, Failure
  ExitCode run();

 private:
  struct CountReached {};
  struct Ending {
    std::string outcome;
    ExitCode code = ExitCode::ok;
    std::optional<Failure> failure = std::nullopt;
  };

  std::optional<Consumer<Bytes>> attach();
  Ending read_stream();
  std::optional<Ending> poll_once();
  [[nodiscard]] std::optional<Ending> look_after_silence(Poll outcome) const;
  void handle(std::span<const std::byte> event, Sequence sequence, bool is_last);
  void write_out();
  [[noreturn]] void fail_frame(Sequence sequence, std::size_t size);
  [[nodiscard]] Ending interrupted() const;
  void show_progress();
  void tell_summary(const std::string& outcome);
  [[noreturn]] void end_as_if_killed(const std::string& outcome, ExitCode code);

  const SubOptions& options_;
  StopSignal stop_;
  ByteOutput output_;
  ProgressLine progress_;
  std::optional<Consumer<Bytes>> consumer_;
  EventLines lines_;
  TimePoint started_;
  TimePoint last_event_;
  std::uint64_t events_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace disruptor_mp::tool
