// SPDX-License-Identifier: MIT OR Apache-2.0
#include "evidence/oracle.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace disruptor_mp::evidence {
namespace {

std::string describe(const Origin& origin) {
  return "event " + std::to_string(origin.number) + " of producer " +
         std::to_string(origin.incarnation);
}

class Judge {
 public:
  explicit Judge(std::vector<FinishedLog> logs) : logs_(std::move(logs)) {}

  Verdict run() {
    for (const FinishedLog& log : logs_) {
      if (is_producer(log)) read_producer(log);
    }
    for (const FinishedLog& log : logs_) {
      if (is_consumer(log)) read_life(log);
    }
    // Logs are in order of id and incarnation: the lives of one consumer stand together.
    for (auto first = logs_.begin(); first != logs_.end();) {
      const auto last =
          std::find_if(first, logs_.end(), [&](const auto& log) { return log.id != first->id; });
      if (is_consumer(*first) && first->summary.kind != LogKind::observer)
        compare_lives({&*first, &*first + (last - first)});
      first = last;
    }
    check_voids();
    count_doubts();
    return std::move(verdict_);
  }

 private:
  struct Fact {
    std::vector<Origin> started;
    std::optional<Origin> acknowledged;
    std::optional<Origin> seen;
    const FinishedLog* skipped_by = nullptr;
  };

  static bool is_producer(const FinishedLog& log) {
    return log.summary.kind == LogKind::producer || log.summary.kind == LogKind::one_of_several;
  }

  static bool is_consumer(const FinishedLog& log) {
    return log.summary.kind == LogKind::required || log.summary.kind == LogKind::gating ||
           log.summary.kind == LogKind::observer;
  }

  void violate(const FinishedLog& log, std::uint64_t sequence, const std::string& what) {
    constexpr std::size_t enough = 20;
    if (verdict_.violations.size() < enough) {
      verdict_.violations.push_back(log.id + ", life " + std::to_string(log.incarnation) +
                                    ", sequence " + std::to_string(sequence) + ": " + what);
    }
  }

  void read_producer(const FinishedLog& log) {
    const bool is_alone = log.summary.kind == LogKind::producer;
    has_several_ = has_several_ || !is_alone;
    std::optional<LogRecord> last;
    for (const LogRecord& record : log.records) {
      Fact& fact = facts_[record.sequence];
      if (record.what == LogRecord::What::started) {
        fact.started.push_back(record.origin);
        continue;
      }
      ++verdict_.acknowledged;
      if (fact.acknowledged) {
        violate(log, record.sequence,
                "acknowledged as " + describe(record.origin) + ", but it was already as " +
                    describe(*fact.acknowledged));
      }
      fact.acknowledged = record.origin;
      const std::uint64_t next = last ? last->sequence + 1 : log.summary.start;
      if (is_alone ? record.sequence != next : last && record.sequence < next)
        violate(log, record.sequence, "does not follow the producer's last");
      if (last && record.origin.number <= last->origin.number)
        violate(log, record.sequence, "is out of the producer's order");
      last = record;
    }
  }

  /// One life of one consumer.
  void read_life(const FinishedLog& log) {
    const bool observes = log.summary.kind == LogKind::observer;
    std::uint64_t next = log.summary.start;
    std::uint64_t count = 0;
    std::uint64_t missed = 0;
    std::uint64_t voids = 0;
    for (const LogRecord& record : log.records) {
      ++verdict_.handled;
      if (record.is_proven == 0) violate(log, record.sequence, "handled a torn event");
      if (observes ? record.sequence < next : record.sequence != next + record.voids - voids)
        violate(log, record.sequence, "handled where " + std::to_string(next) + " was next");
      if (record.sequence != log.summary.start + count + record.missed + record.voids) {
        violate(log, record.sequence,
                "after " + std::to_string(count) + " handled, " + std::to_string(record.missed) +
                    " missed and " + std::to_string(record.voids) + " voids from " +
                    std::to_string(log.summary.start));
      }
      // Where an observer skipped and missed, nobody knows which was which.
      if (record.missed == missed) skip(log, next, record.sequence);
      missed = record.missed;
      voids = record.voids;
      next = record.sequence + 1;
      ++count;
      compare_with_producers(log, record);
    }
    if (log.summary.has_ended) {
      check_end(log, count);
      if (log.summary.missed == missed) skip(log, next, log.summary.end);
    }
    if (observes && log.summary.has_ended) verdict_.missed += log.summary.missed;
  }

  /// This consumer found nothing in [first, end).
  void skip(const FinishedLog& log, std::uint64_t first, std::uint64_t end) {
    constexpr std::uint64_t most = 1'000'000;  // a damaged log, which is a violation elsewhere
    if (end > first + most) return;
    for (std::uint64_t sequence = first; sequence < end; ++sequence)
      facts_[sequence].skipped_by = &log;
  }

  void check_voids() {
    for (const auto& [sequence, fact] : facts_) {
      if (fact.skipped_by == nullptr) continue;
      ++verdict_.voids;
      if (!has_several_) violate(*fact.skipped_by, sequence, "skipped, with a single producer");
      if (fact.acknowledged) {
        violate(*fact.skipped_by, sequence,
                "skipped " + describe(*fact.acknowledged) + ", which was acknowledged");
      }
      if (fact.seen)
        violate(*fact.skipped_by, sequence, "skipped where others saw " + describe(*fact.seen));
    }
  }

  void compare_with_producers(const FinishedLog& log, const LogRecord& record) {
    Fact& fact = facts_[record.sequence];
    if (std::find(fact.started.begin(), fact.started.end(), record.origin) == fact.started.end())
      violate(log, record.sequence, "nobody published " + describe(record.origin) + " there");
    if (fact.acknowledged && *fact.acknowledged != record.origin) {
      violate(log, record.sequence,
              "saw " + describe(record.origin) + " in place of " + describe(*fact.acknowledged));
    }
    if (fact.seen && *fact.seen != record.origin) {
      violate(log, record.sequence,
              "saw " + describe(record.origin) + " where others saw " + describe(*fact.seen));
    }
    fact.seen = record.origin;
  }

  void check_end(const FinishedLog& log, std::uint64_t count) {
    if (log.summary.start + count + log.summary.missed + log.summary.voids != log.summary.end)
      violate(log, log.summary.end, "reached the end, but its count is not complete");
    for (const auto& [sequence, fact] : facts_) {
      if (fact.acknowledged && sequence >= log.summary.end) {
        violate(log, sequence, "was acknowledged behind the end of the stream");
        return;
      }
    }
  }

  /// All lives of one required or gating consumer.
  void compare_lives(std::pair<const FinishedLog*, const FinishedLog*> lives) {
    std::optional<std::uint64_t> first;  // of what it was owed
    std::optional<std::uint64_t> next;   // after what it has handled
    bool has_ended = false;
    const bool is_required = lives.first->summary.kind == LogKind::required;
    for (const FinishedLog* life = lives.first; life != lives.second; ++life) {
      const LogSummary& summary = life->summary;
      if (!summary.is_attached && life->records.empty()) continue;  // died while joining
      if (!first) first = summary.start;
      if (next && summary.is_resumed) {
        if (summary.start > *next && is_required) {
          if (has_several_) {
            skip(*life, *next, summary.start);  // voids: it committed past them before it died
          } else {
            violate(*life, summary.start,
                    "skipped what came from " + std::to_string(*next) + " on");
          }
        }
        if (summary.start + summary.max_batch < *next)
          violate(*life, summary.start, "began more than a batch before " + std::to_string(*next));
        if (summary.start < *next) verdict_.handled_again += *next - summary.start;
      }
      const std::uint64_t stood =
          life->records.empty() ? summary.start : life->records.back().sequence + 1;
      next = next ? std::max(*next, stood) : stood;
      has_ended = has_ended || summary.has_ended;
    }
    if (!is_required || !first) return;
    for (const auto& [sequence, fact] : facts_) {
      if (fact.acknowledged && sequence >= *first && (has_ended || sequence < *next) &&
          !was_handled(lives, sequence)) {
        violate(*lives.first, sequence, describe(*fact.acknowledged) + " was lost");
      }
    }
  }

  static bool was_handled(std::pair<const FinishedLog*, const FinishedLog*> lives,
                          std::uint64_t sequence) {
    return std::any_of(lives.first, lives.second, [&](const FinishedLog& life) {
      return std::binary_search(
          life.records.begin(), life.records.end(), LogRecord{.sequence = sequence, .origin = {}},
          [](const LogRecord& a, const LogRecord& b) { return a.sequence < b.sequence; });
    });
  }

  void count_doubts() {
    for (const auto& [sequence, fact] : facts_) {
      for (const Origin& origin : fact.started) {
        if (fact.acknowledged == origin) continue;
        ++verdict_.in_doubt;
        if (fact.seen == origin) ++verdict_.in_doubt_seen;
      }
    }
  }

  std::vector<FinishedLog> logs_;
  std::map<std::uint64_t, Fact> facts_;
  bool has_several_ = false;
  Verdict verdict_;
};

}  // namespace

Verdict judge(const std::filesystem::path& logs) { return Judge(read_logs(logs)).run(); }

}  // namespace disruptor_mp::evidence
