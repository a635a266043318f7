// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a process did, in a file that outlives it. The file is mapped shared, so every record that
// was written is still there after a SIGKILL: the kernel keeps the pages. Append only; the writer
// stores the record first and the count after it, so whoever reads sees whole records.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "evidence/proof_event.hpp"

namespace disruptor_mp::evidence {

enum class LogKind : std::uint64_t { none, producer, required, gating, observer, one_of_several };

/// One line of a log.
struct LogRecord {
  /// Producer: what it was about to publish, or what was acknowledged. Consumer: what it handled.
  enum class What : std::uint32_t { started, acknowledged, handled };

  std::uint64_t sequence = 0;
  Origin origin;
  What what = What::handled;
  std::uint32_t is_proven = 0;  ///< consumers: the event passed `is_proven`
  std::uint64_t missed = 0;     ///< observers: Consumer::missed() at that moment
  std::uint64_t voids = 0;      ///< consumers: Consumer::voids() at that moment
};

/// Facts about the whole life of the writer, beside the records.
struct LogSummary {
  LogKind kind = LogKind::none;
  bool is_attached = false;  ///< it joined: `start` is valid
  bool is_resumed = false;
  std::uint64_t start = 0;  ///< consumer: first sequence; producer: first sequence to publish
  std::uint64_t max_batch = 0;
  bool has_ended = false;  ///< it reached the end of the stream: the three below are valid
  std::uint64_t end = 0;
  std::uint64_t missed = 0;
  std::uint64_t voids = 0;
};

/// A log as its reader sees it, during the writer's life or after.
struct FinishedLog {
  std::string id;
  std::uint64_t incarnation = 0;
  LogSummary summary;
  std::vector<LogRecord> records;
};

/// Writer's side; one per process and incarnation.
class EventLog {
 public:
  /// Makes `directory/id.incarnation.log` with room for `capacity` records (the file is sparse).
  EventLog(const std::filesystem::path& directory, const std::string& id, std::uint64_t incarnation,
           LogKind kind, std::uint64_t capacity);
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  /// Ends the process if the log is full: a test that outgrows its log must not pass.
  void append(const LogRecord& record) noexcept;
  void note_attached(std::uint64_t start, bool is_resumed, std::uint64_t max_batch) noexcept;
  void note_end(std::uint64_t end, std::uint64_t missed, std::uint64_t voids) noexcept;

  /// Reader's side. An empty log if the writer died while it made the file.
  [[nodiscard]] static FinishedLog read(const std::filesystem::path& path);

 private:
  struct File;
  File* file_;
  std::size_t size_;
};

/// All logs of a directory, in order of id and incarnation.
[[nodiscard]] std::vector<FinishedLog> read_logs(const std::filesystem::path& directory);

}  // namespace disruptor_mp::evidence
