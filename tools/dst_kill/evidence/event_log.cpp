// SPDX-License-Identifier: MIT OR Apache-2.0
#include "evidence/event_log.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace disruptor_mp::evidence {

struct EventLog::File {
  std::atomic<std::uint64_t> count;
  std::uint64_t capacity;
  LogSummary summary;
  std::atomic<std::uint32_t> is_attached;  // set after the fields of the summary it vouches for
  std::atomic<std::uint32_t> has_ended;
  LogRecord records[1];  // as many as `capacity` says

  static std::size_t size_for(std::uint64_t capacity) {
    return sizeof(File) + capacity * sizeof(LogRecord);
  }
};

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void* map_file(const std::filesystem::path& path, int flags, std::size_t create_size,
               std::size_t& size) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) fail("open " + path.string());
  if (create_size != 0 && ftruncate(fd, static_cast<off_t>(create_size)) != 0) fail("ftruncate");
  size = create_size != 0 ? create_size : std::filesystem::file_size(path);
  void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (address == MAP_FAILED) fail("mmap " + path.string());
  return address;
}

}  // namespace

EventLog::EventLog(const std::filesystem::path& directory, const std::string& id,
                   std::uint64_t incarnation, LogKind kind, std::uint64_t capacity) {
  const auto path = directory / (id + "." + std::to_string(incarnation) + ".log");
  // Exclusive: two incarnations must never write one log.
  file_ = static_cast<File*>(
      map_file(path, O_RDWR | O_CREAT | O_EXCL, File::size_for(capacity), size_));
  file_->capacity = capacity;
  file_->summary.kind = kind;
}

EventLog::~EventLog() { munmap(file_, size_); }

void EventLog::append(const LogRecord& record) noexcept {
  const std::uint64_t count = file_->count.load(std::memory_order_relaxed);
  if (count == file_->capacity) {
    std::fprintf(stderr, "event log full after %llu records\n",
                 static_cast<unsigned long long>(count));
    std::_Exit(90);
  }
  file_->records[count] = record;
  file_->count.store(count + 1, std::memory_order_release);
}

void EventLog::note_attached(std::uint64_t start, bool is_resumed,
                             std::uint64_t max_batch) noexcept {
  file_->summary.start = start;
  file_->summary.is_resumed = is_resumed;
  file_->summary.max_batch = max_batch;
  file_->is_attached.store(1, std::memory_order_release);
}

void EventLog::note_end(std::uint64_t end, std::uint64_t missed, std::uint64_t voids) noexcept {
  file_->summary.end = end;
  file_->summary.missed = missed;
  file_->summary.voids = voids;
  file_->has_ended.store(1, std::memory_order_release);
}

FinishedLog EventLog::read(const std::filesystem::path& path) {
  FinishedLog log;
  const std::string name = path.filename().string();  // id.incarnation.log
  const auto second_dot = name.rfind('.');
  const auto first_dot = name.rfind('.', second_dot - 1);
  log.id = name.substr(0, first_dot);
  log.incarnation = std::stoull(name.substr(first_dot + 1, second_dot - first_dot - 1));
  if (std::filesystem::file_size(path) < sizeof(File)) return log;

  std::size_t size = 0;
  auto* file = static_cast<File*>(map_file(path, O_RDWR, 0, size));
  log.summary = file->summary;
  log.summary.is_attached = file->is_attached.load(std::memory_order_acquire) != 0;
  log.summary.has_ended = file->has_ended.load(std::memory_order_acquire) != 0;
  const std::uint64_t count = file->count.load(std::memory_order_acquire);
  log.records.assign(file->records, file->records + count);
  munmap(file, size);
  return log;
}

std::vector<FinishedLog> read_logs(const std::filesystem::path& directory) {
  std::vector<FinishedLog> logs;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".log") logs.push_back(EventLog::read(entry.path()));
  }
  std::sort(logs.begin(), logs.end(), [](const FinishedLog& a, const FinishedLog& b) {
    return std::pair(a.id, a.incarnation) < std::pair(b.id, b.incarnation);
  });
  return logs;
}

}  // namespace disruptor_mp::evidence
