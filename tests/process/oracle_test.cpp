// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The oracle must be able to say no: each kind of violation, made up in logs.
#include <memory>
#include <vector>

#include "evidence/event_log.hpp"
#include "evidence/oracle.hpp"
#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using What = LogRecord::What;

class Oracle : public ProcessTest {
 protected:
  EventLog& log(const std::string& id, std::uint64_t incarnation, LogKind kind,
                std::uint64_t start = 0, bool is_resumed = false) {
    logs_.push_back(std::make_unique<EventLog>(scratch().logs(), id, incarnation, kind, 1000));
    logs_.back()->note_attached(start, is_resumed, 8);
    return *logs_.back();
  }
  static LogRecord record(std::uint64_t sequence, What what, std::uint64_t incarnation = 1) {
    return {.sequence = sequence,
            .origin = {.incarnation = incarnation, .number = sequence},
            .what = what,
            .is_proven = 1};
  }
  static void publish(EventLog& log, std::uint64_t first, std::uint64_t end,
                      std::uint64_t incarnation = 1) {
    for (std::uint64_t sequence = first; sequence < end; ++sequence) {
      log.append(record(sequence, What::started, incarnation));
      log.append(record(sequence, What::acknowledged, incarnation));
    }
  }
  static void handle(EventLog& log, std::uint64_t first, std::uint64_t end) {
    for (std::uint64_t sequence = first; sequence < end; ++sequence)
      log.append(record(sequence, What::handled));
  }
  static void handle_all(EventLog& log, std::uint64_t first, std::uint64_t end,
                         std::uint64_t incarnation, std::uint64_t voids) {
    for (std::uint64_t sequence = first; sequence < end; ++sequence) {
      LogRecord handled = record(sequence, What::handled, incarnation);
      handled.voids = voids;
      log.append(handled);
    }
  }
  void expect_violation(const std::string& text) const {
    EXPECT_THAT(judge(scratch().logs()).violations, Contains(HasSubstr(text)));
  }

 private:
  std::vector<std::unique_ptr<EventLog>> logs_;
};

TEST_F(Oracle, Accepts_a_run_in_which_everything_went_well) {
  EventLog& producer = log("producer", 1, LogKind::producer);
  publish(producer, 0, 20);
  producer.append(record(20, What::started));  // in doubt, and seen
  handle(log("journal", 1, LogKind::required), 0, 12);
  EventLog& resumed = log("journal", 2, LogKind::required, 8, true);
  handle(resumed, 8, 21);
  resumed.note_end(21, 0, 0);
  const Verdict verdict = judge(scratch().logs());
  EXPECT_THAT(verdict.violations, IsEmpty());
  EXPECT_EQ(verdict.acknowledged, 20U);
  EXPECT_EQ(verdict.in_doubt, 1U);
  EXPECT_EQ(verdict.in_doubt_seen, 1U);
  EXPECT_EQ(verdict.handled_again, 4U);
}

TEST_F(Oracle, Finds_an_event_that_a_required_consumer_never_got) {
  publish(log("producer", 1, LogKind::producer), 0, 20);
  EventLog& journal = log("journal", 1, LogKind::required);
  handle(journal, 0, 19);
  journal.note_end(20, 0, 0);
  expect_violation("was lost");
  expect_violation("its count is not complete");
}

TEST_F(Oracle, Finds_a_gap_between_two_lives) {
  publish(log("producer", 1, LogKind::producer), 0, 20);
  handle(log("journal", 1, LogKind::required), 0, 10);
  handle(log("journal", 2, LogKind::required, 11, true), 11, 20);
  expect_violation("skipped what came from 10 on");
  expect_violation("was lost");
}

TEST_F(Oracle, Finds_a_redelivery_of_more_than_a_batch) {
  publish(log("producer", 1, LogKind::producer), 0, 20);
  handle(log("journal", 1, LogKind::required), 0, 10);
  handle(log("journal", 2, LogKind::required, 1, true), 1, 20);
  expect_violation("began more than a batch before 10");
}

TEST_F(Oracle, Finds_an_event_that_is_handled_twice_in_one_life) {
  publish(log("producer", 1, LogKind::producer), 0, 20);
  EventLog& journal = log("journal", 1, LogKind::gating);
  handle(journal, 0, 10);
  handle(journal, 9, 20);
  expect_violation("handled where 10 was next");
}

TEST_F(Oracle, Finds_a_torn_event) {
  publish(log("producer", 1, LogKind::producer), 0, 1);
  LogRecord torn = record(0, What::handled);
  torn.is_proven = 0;
  log("journal", 1, LogKind::gating).append(torn);
  expect_violation("handled a torn event");
}

TEST_F(Oracle, Finds_an_event_that_nobody_published) {
  publish(log("producer", 1, LogKind::producer), 0, 10);
  handle(log("journal", 1, LogKind::gating), 0, 11);
  expect_violation("nobody published event 10 of producer 1");
}

TEST_F(Oracle, Finds_an_acknowledged_event_that_a_successor_overwrote) {
  publish(log("producer", 1, LogKind::producer), 0, 10);
  publish(log("producer", 2, LogKind::producer, 9), 9, 12, 2);
  expect_violation("but it was already as event 9 of producer 1");
}

TEST_F(Oracle, Finds_two_consumers_that_saw_different_events) {
  EventLog& producer = log("producer", 1, LogKind::producer);
  producer.append(record(0, What::started, 1));
  EventLog& successor = log("producer", 2, LogKind::producer);
  successor.append(record(0, What::started, 2));
  log("first", 1, LogKind::gating).append(record(0, What::handled, 1));
  log("second", 1, LogKind::gating).append(record(0, What::handled, 2));
  expect_violation("where others saw event 0 of producer 1");
}

TEST_F(Oracle, Finds_an_observer_that_miscounts_what_it_missed) {
  publish(log("producer", 1, LogKind::producer), 0, 20);
  EventLog& monitor = log("monitor", 1, LogKind::observer);
  handle(monitor, 0, 5);
  LogRecord later = record(15, What::handled);
  later.missed = 9;  // it were ten
  monitor.append(later);
  expect_violation("after 5 handled, 9 missed and 0 voids from 0");
}

TEST_F(Oracle, Accepts_several_producers_that_leave_voids) {
  EventLog& one = log("one", 1, LogKind::one_of_several);
  EventLog& two = log("two", 2, LogKind::one_of_several, 5);
  publish(one, 0, 5);
  publish(two, 5, 8, 2);
  one.append(record(8, What::started));
  publish(two, 10, 12, 2);
  for (const std::string id : {"first", "second"}) {
    EventLog& reader = log(id, 1, LogKind::required);
    handle_all(reader, 0, 5, 1, 0);
    handle_all(reader, 5, 8, 2, 0);
    handle_all(reader, 10, 12, 2, 2);
    reader.note_end(13, 0, 3);
  }
  const Verdict verdict = judge(scratch().logs());
  EXPECT_THAT(verdict.violations, IsEmpty());
  EXPECT_EQ(verdict.voids, 3U);
}

TEST_F(Oracle, Finds_a_void_where_an_event_was_acknowledged) {
  publish(log("one", 1, LogKind::one_of_several), 0, 8);
  EventLog& reader = log("reader", 1, LogKind::gating);
  handle_all(reader, 0, 5, 1, 0);
  handle_all(reader, 6, 8, 1, 1);
  expect_violation("skipped event 5 of producer 1, which was acknowledged");
}

TEST_F(Oracle, Finds_a_void_where_another_saw_an_event) {
  EventLog& one = log("one", 1, LogKind::one_of_several);
  publish(one, 0, 5);
  one.append(record(5, What::started));
  handle_all(log("first", 1, LogKind::gating), 0, 6, 1, 0);
  EventLog& second = log("second", 1, LogKind::gating);
  handle_all(second, 0, 5, 1, 0);
  second.note_end(6, 0, 1);
  expect_violation("skipped where others saw event 5 of producer 1");
}

TEST_F(Oracle, Finds_a_miscounted_void) {
  publish(log("one", 1, LogKind::one_of_several), 0, 5);
  publish(log("two", 2, LogKind::one_of_several), 6, 8, 2);
  EventLog& reader = log("reader", 1, LogKind::gating);
  handle_all(reader, 0, 5, 1, 0);
  handle_all(reader, 6, 8, 2, 2);
  expect_violation("after 5 handled, 0 missed and 2 voids from 0");
}

TEST_F(Oracle, Finds_a_void_of_a_single_producer) {
  publish(log("one", 1, LogKind::producer), 0, 5);
  EventLog& reader = log("reader", 1, LogKind::gating);
  handle_all(reader, 0, 5, 1, 0);
  reader.note_end(6, 0, 1);
  expect_violation("skipped, with a single producer");
}

TEST_F(Oracle, Finds_a_producer_whose_events_changed_their_order) {
  EventLog& one = log("one", 1, LogKind::one_of_several);
  publish(one, 5, 6);
  publish(one, 3, 4);
  expect_violation("does not follow the producer's last");
  expect_violation("is out of the producer's order");
}

TEST_F(Oracle, A_torn_copy_of_an_event_does_not_prove_itself) {
  std::array<std::uint64_t, 24> words{};
  const auto event = std::as_writable_bytes(std::span(words));
  write_proof(event, 77, {.incarnation = 3, .number = 9});
  EXPECT_TRUE(is_proven(event, 77));
  EXPECT_FALSE(is_proven(event, 78)) << "the same event under another sequence";
  EXPECT_FALSE(is_proven(event, 77 + 64)) << "the same slot a lap later";
  for (std::size_t byte = 0; byte < event.size(); ++byte) {
    event[byte] ^= std::byte{1};
    EXPECT_FALSE(is_proven(event, 77)) << "byte " << byte;
    event[byte] ^= std::byte{1};
  }
  write_proof(event.first(96), 141, {.incarnation = 3, .number = 10});
  EXPECT_FALSE(is_proven(event, 77));
  EXPECT_FALSE(is_proven(event, 141));
}

}  // namespace
}  // namespace disruptor_mp::process_test
