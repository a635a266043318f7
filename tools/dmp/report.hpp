// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What commands say about themselves, on stderr; stdout belongs to the data.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/base/types.hpp"
#include "failure.hpp"

namespace disruptor_mp::tool {

/// One line on stderr: text, or with `json` {"error": {…}}.
void report(const Error& error, bool json);
void report(const Failure& failure, bool json);
/// The same for a wrong command line, whose object is the command itself: "dmp pub --batch".
void report_usage(const ErrorText& text, bool json);
/// A remark of one line: text, or {"warning": "…"}.
void warn(const std::string& text, bool json);

/// What a pub or sub did, told at its end.
struct StreamSummary {
  std::string command;  ///< "pub"
  std::string ring;
  std::string outcome;  ///< "closed", "interrupted", …
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;   ///< of the stream, without frames
  std::uint64_t missed = 0;  ///< observers only
  std::uint64_t voids = 0;   ///< sequences without an event; of several producers only
  std::uint64_t first = 0;   ///< sequence of the first event
  std::uint64_t next = 0;    ///< sequence after the last event
  Duration elapsed = Duration::zero();
};
void report(const StreamSummary& summary, bool json);

/// A line that is written over again while a command runs; nothing unless stderr is a terminal.
class ProgressLine {
 public:
  explicit ProgressLine(bool enabled);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Is it time for another one? A few times a second.
  [[nodiscard]] bool is_due();
  void show(const std::string& text);
  void clear();

 private:
  bool enabled_;
  bool is_shown_ = false;
  TimePoint next_ = TimePoint::min();
};

/// "1234 events, 78976 bytes, 12345/s"
[[nodiscard]] std::string describe_flow(std::uint64_t events, std::uint64_t bytes,
                                        Duration elapsed);

}  // namespace disruptor_mp::tool
