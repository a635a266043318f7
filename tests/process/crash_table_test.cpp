// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The rows of docs/crashes.md that need no tracer: the process kills itself at the named moment.
// (Rows of joining, leaving, closing, taking over and cleaning up: kill_at_call_test.cpp.)
#include "support/local.hpp"
#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

class CrashTable : public ProcessTestWithSetting {
 protected:
  static constexpr std::uint64_t capacity = 16;

  Peer start_producer(const std::string& script, std::uint64_t incarnation = 1) const {
    PeerSpec producer = spec("producer", script, "--kind=producer");
    producer.capacity = capacity;
    producer.incarnation = incarnation;
    return start(producer);
  }
  Peer start_consumer(const std::string& kind, const std::string& script,
                      std::uint64_t incarnation = 1) const {
    PeerSpec consumer =
        spec("victim", script,
             "--kind=" + kind + (kind == "observer" ? " --start=oldest" : " --start=resume") +
                 " --timeout-ms=20000");
    consumer.incarnation = incarnation;
    return start(consumer);
  }
  LocalProducer local_producer(ProducerBirth birth, std::uint64_t incarnation,
                               std::chrono::nanoseconds patience = 1s) const {
    return {
        scratch(), setting_.form, birth, incarnation,
        ProducerOptions{.capacity = capacity, .required_patience = patience, .timeout = hang_time}};
  }

  /// A successor goes on at `next`; readers get everything, once, to the end.
  void succeed_at(std::uint64_t next, const std::vector<LocalConsumer*>& readers) const {
    LocalProducer successor = local_producer(ProducerBirth::attach, 50);
    EXPECT_EQ(successor.next(), next);
    EXPECT_EQ(successor->predecessor(), ProducerPresence::dead);
    for (int lap = 0; lap < 3; ++lap) {
      ASSERT_EQ(successor.publish(capacity), Publish::ok);
      for (LocalConsumer* reader : readers)
        ASSERT_EQ(reader->read_to(successor.next()), Poll::events);
    }
    successor.finish();
    for (LocalConsumer* reader : readers) EXPECT_EQ(reader->drain(), Poll::closed);
    for (LocalConsumer* reader : readers) reader->leave();
    expect_no_violation();
    expect_nothing_remains();
  }

  /// An observer that dies while it handles the events of one lap: nobody notices, and its next
  /// life is a new one.
  void expect_no_disturbance_by(const std::string& script) const {
    LocalProducer producer = local_producer(ProducerBirth::create, 1);
    LocalConsumer reader(scratch(), "reader", 1);
    Peer observer = start_consumer("observer", script);
    observer.expect("attached");
    ASSERT_EQ(producer.publish(capacity), Publish::ok);
    observer.wait_killed();
    ASSERT_EQ(reader.read_to(capacity), Poll::events);
    Peer returned = start_consumer("observer", "join drain leave", 2);
    returned.expect("attached");
    ASSERT_EQ(producer.publish(capacity), Publish::ok);
    producer.finish();
    EXPECT_EQ(reader.drain(), Poll::closed);
    reader.leave();
    returned.wait_success();
    expect_no_violation();
    expect_nothing_remains();
  }
};

// --- Producer

TEST_P(CrashTable, Producer_killed_while_idle_is_seen_as_dead_and_succeeded) {
  Peer producer = start_producer("create publish:10 sleep");
  producer.skip_to("published");
  LocalConsumer reader(scratch(), "reader", 1);
  LocalConsumer observer(scratch(), "observer", 1, {.kind = ConsumerKind::observer});
  producer.kill();
  EXPECT_EQ(reader.drain(), Poll::producer_dead);  // after the last event, not instead of it
  EXPECT_EQ(observer.drain(), Poll::producer_dead);
  EXPECT_EQ(reader.next(), 10U);
  EXPECT_EQ(observer.next(), 10U);
  succeed_at(10, {&reader, &observer});
}

TEST_P(CrashTable, Producer_killed_inside_publish_leaves_no_event) {
  Peer producer = start_producer("create publish:10 await publish:10 fill_then:kill");
  producer.skip_to("published");
  LocalConsumer reader(scratch(), "reader", 1);
  ASSERT_EQ(reader.read_to(10), Poll::events);
  producer.tell();
  // In the second lap: half of the new event lies over an old one that was good.
  EXPECT_EQ(reader.drain(), Poll::producer_dead);
  EXPECT_EQ(reader.next(), 20U);
  producer.wait_killed();

  LocalConsumer late(scratch(), "late", 1);
  EXPECT_EQ(late.drain(), Poll::producer_dead);
  LocalConsumer observer(scratch(), "observer", 1, {.kind = ConsumerKind::observer});
  EXPECT_EQ(observer.drain(), Poll::producer_dead);
  succeed_at(20, {&reader, &late, &observer});
}

TEST_P(CrashTable, Producer_killed_inside_a_batch_claim_leaves_none_of_it) {
  for (const std::string written : {"0", "1", "3", "4"}) {
    SCOPED_TRACE(written + " of 4 written");
    Peer producer = start_producer("create publish:10 claim_then:4," + written + ",kill");
    producer.wait_killed();
    LocalConsumer reader(scratch(), "reader", 1);
    EXPECT_EQ(reader.drain(), Poll::producer_dead);
    EXPECT_EQ(reader.next(), 10U);
    succeed_at(10, {&reader});
    scratch().clear_logs();
  }
}

TEST_P(CrashTable, Producer_killed_inside_a_burst_leaves_what_it_published) {
  for (const std::uint64_t published : {0U, 1U, 3U}) {
    SCOPED_TRACE(std::to_string(published) + " of 4 published");
    Peer producer =
        start_producer("create publish:10 burst_then:4," + std::to_string(published) + ",kill");
    producer.wait_killed();
    LocalConsumer reader(scratch(), "reader", 1);
    EXPECT_EQ(reader.drain(), Poll::producer_dead);
    EXPECT_EQ(reader.next(), 10 + published);
    succeed_at(10 + published, {&reader});
    scratch().clear_logs();
  }
}

TEST_P(CrashTable, Producer_killed_while_it_waits_for_room_is_succeeded) {
  Peer producer = start_producer("create await fill publish:1");
  producer.skip_to("attached");
  LocalConsumer reader(scratch(), "reader", 1);
  producer.tell();
  EXPECT_EQ(producer.skip_to("full"), "16");
  producer.wait_asleep();
  producer.kill();
  EXPECT_EQ(reader.drain(), Poll::producer_dead);
  succeed_at(capacity, {&reader});
}

TEST_P(CrashTable, Death_of_the_producer_is_seen_in_every_way_of_waiting) {
  Peer producer = start_producer("create publish:10 sleep");
  producer.skip_to("published");
  std::vector<Peer> readers;
  for (const char* wait : {"busy_spin", "spin_with_hint", "spin_then_yield", "sleep", "block"}) {
    readers.push_back(
        start(spec(wait, "join handle:10 drain", std::string("--kind=gating --wait=") + wait)));
  }
  for (Peer& reader : readers) reader.skip_to("handled");
  producer.kill();
  for (Peer& reader : readers) {
    EXPECT_EQ(reader.expect("ended"), "producer_dead 10 0");
    reader.wait_success();
  }
}

// --- Required consumer

TEST_P(CrashTable, Required_consumer_killed_while_idle_gates_until_it_returns) {
  LocalProducer producer = local_producer(ProducerBirth::create, 1, 1ms);
  Peer consumer = start_consumer("required", "join handle:8 drain");
  ASSERT_EQ(producer.publish(8), Publish::ok);
  consumer.skip_to("handled");
  consumer.wait_asleep();
  consumer.kill();
  EXPECT_EQ(producer.fill(), capacity);  // nothing it has not read is overwritten
  EXPECT_EQ(producer.publish(1), Publish::consumer_missing);
  EXPECT_EQ(producer->slowest_consumer()->presence, Participant::Presence::dead);

  Peer returned = start_consumer("required", "join drain leave", 2);
  EXPECT_EQ(returned.expect("attached"), "8");
  EXPECT_EQ(producer.publish(100), Publish::ok);
  producer.finish();
  returned.wait_success();
  EXPECT_EQ(expect_no_violation().handled_again, 0U);
  expect_nothing_remains();
}

TEST_P(CrashTable, Required_consumer_killed_inside_a_handler_handles_the_batch_again) {
  LocalProducer producer = local_producer(ProducerBirth::create, 1);
  ASSERT_EQ(producer.publish(16), Publish::ok);
  // In the handler of the sixth event of the second batch of eight.
  Peer consumer = start_consumer("required", "join handler_then:13,kill");
  consumer.wait_killed();
  Peer returned = start_consumer("required", "join drain leave", 2);
  EXPECT_EQ(returned.expect("attached"), "8");
  producer.finish();
  returned.wait_success();
  EXPECT_EQ(expect_no_violation().handled_again, 5U);
  expect_nothing_remains();
}

TEST_P(CrashTable, Required_consumer_killed_between_the_events_of_a_batch_handles_it_again) {
  LocalProducer producer = local_producer(ProducerBirth::create, 1);
  ASSERT_EQ(producer.publish(16), Publish::ok);
  // After the last event of the first batch, before it is committed: the worst case, all of it.
  Peer consumer = start_consumer("required", "join between_then:8,kill");
  consumer.wait_killed();
  Peer returned = start_consumer("required", "join drain leave", 2);
  EXPECT_EQ(returned.expect("attached"), "0");
  producer.finish();
  returned.wait_success();
  EXPECT_EQ(expect_no_violation().handled_again, 8U);
  expect_nothing_remains();
}

TEST_P(CrashTable, Required_consumer_killed_with_its_producer_gets_everything_from_the_successor) {
  Peer producer = start_producer("create await fill publish:1");
  producer.skip_to("attached");
  Peer consumer = start_consumer("required", "join handler_then:3,kill");
  consumer.expect("attached");
  producer.tell();
  consumer.wait_killed();
  producer.skip_to("full");
  producer.kill();

  LocalProducer successor = local_producer(ProducerBirth::attach, 2, 1ms);
  EXPECT_EQ(successor.publish(1), Publish::consumer_missing);
  Peer returned = start_consumer("required", "join drain leave", 2);
  returned.expect("attached");
  EXPECT_EQ(successor.publish(50), Publish::ok);
  successor.finish();
  returned.wait_success();
  expect_no_violation();
  expect_nothing_remains();
}

// --- Gating consumer

TEST_P(CrashTable, Gating_consumer_killed_while_idle_stops_gating) {
  LocalProducer producer = local_producer(ProducerBirth::create, 1);
  LocalConsumer survivor(scratch(), "survivor", 1);
  Peer consumer = start_consumer("gating", "join drain");
  consumer.expect("attached");
  consumer.wait_asleep();
  consumer.kill();
  for (int lap = 0; lap < 3; ++lap) {
    ASSERT_EQ(producer.publish(capacity), Publish::ok);
    ASSERT_EQ(survivor.read_to(producer.next()), Poll::events);
  }
  producer.finish();
  EXPECT_EQ(survivor.drain(), Poll::closed);
  survivor.leave();
  expect_no_violation();
  expect_nothing_remains();
}

TEST_P(CrashTable, Gating_consumer_killed_inside_a_handler_stops_gating) {
  LocalProducer producer = local_producer(ProducerBirth::create, 1);
  LocalConsumer survivor(scratch(), "survivor", 1);
  Peer consumer = start_consumer("gating", "join handler_then:3,kill");
  consumer.expect("attached");
  ASSERT_EQ(producer.publish(8), Publish::ok);
  ASSERT_EQ(survivor.read_to(8), Poll::events);
  consumer.wait_killed();
  for (int lap = 0; lap < 3; ++lap) {
    ASSERT_EQ(producer.publish(capacity), Publish::ok);
    ASSERT_EQ(survivor.read_to(producer.next()), Poll::events);
  }
  // Back again, it goes on with the oldest event that is still there.
  Peer returned = start_consumer("gating", "join drain leave", 2);
  EXPECT_GE(std::stoull(returned.expect("attached")), 8 + 2 * capacity);
  producer.finish();
  returned.wait_success();
  EXPECT_EQ(survivor.drain(), Poll::closed);
  survivor.leave();
  expect_no_violation();
  expect_nothing_remains();
}

TEST_P(CrashTable, Gating_consumer_killed_between_the_events_of_a_batch_may_handle_it_again) {
  LocalProducer producer = local_producer(ProducerBirth::create, 1);
  ASSERT_EQ(producer.publish(10), Publish::ok);
  Peer consumer = start_consumer("gating", "join between_then:5,kill");
  consumer.wait_killed();
  Peer returned = start_consumer("gating", "join drain leave", 2);
  EXPECT_EQ(returned.expect("attached"), "0");  // nobody needed its room: all is still there
  producer.finish();
  returned.wait_success();
  EXPECT_EQ(expect_no_violation().handled_again, 5U);
  expect_nothing_remains();
}

TEST_P(CrashTable, A_blocked_producer_goes_on_when_all_its_consumers_are_killed_at_once) {
  LocalProducer producer = local_producer(ProducerBirth::create, 1);
  std::vector<Peer> consumers;
  for (const char* id : {"first", "second", "third"})
    consumers.push_back(start(spec(id, "join sleep", "--kind=gating")));
  for (Peer& consumer : consumers) consumer.expect("attached");
  EXPECT_EQ(producer.fill(), capacity);
  for (Peer& consumer : consumers) consumer.kill();
  LocalConsumer late(scratch(), "late", 1);  // else nobody at all would be there to read
  ASSERT_EQ(late.read_to(capacity), Poll::events);
  EXPECT_EQ(producer.publish(capacity), Publish::ok);
  producer.finish();
  EXPECT_EQ(late.drain(), Poll::closed);
  late.leave();
  expect_no_violation();
  expect_nothing_remains();
}

// --- Observer

TEST_P(CrashTable, Observer_killed_while_idle_disturbs_nobody) {
  LocalProducer producer = local_producer(ProducerBirth::create, 1);
  LocalConsumer reader(scratch(), "reader", 1);
  Peer observer = start_consumer("observer", "join drain");
  observer.expect("attached");
  observer.wait_asleep();
  observer.kill();
  for (int lap = 0; lap < 3; ++lap) {
    ASSERT_EQ(producer.publish(capacity), Publish::ok);
    ASSERT_EQ(reader.read_to(producer.next()), Poll::events);
  }
  producer.finish();
  EXPECT_EQ(reader.drain(), Poll::closed);
  reader.leave();
  expect_no_violation();
  expect_nothing_remains();
}

TEST_P(CrashTable, Observer_killed_inside_a_handler_disturbs_nobody) {
  expect_no_disturbance_by("join handler_then:3,kill");
}

TEST_P(CrashTable, Observer_killed_between_the_events_of_a_batch_disturbs_nobody) {
  expect_no_disturbance_by("join between_then:3,kill");
}

// --- Everybody

// The stream is one that never ends before the kill, however late that comes.
TEST_P(CrashTable, A_whole_run_killed_at_once_is_taken_up_by_the_next_one) {
  Peer producer = start_producer("create_or_attach await stream:1000000000000 close");
  Peer required = start_consumer("required", "join drain leave");
  producer.expect("attached");
  required.expect("attached");
  producer.tell();
  LocalConsumer watcher(scratch(), "watcher", 1, {.kind = ConsumerKind::observer});
  while (watcher.next() < 200) ASSERT_EQ(watcher.read_to(watcher.next() + 1), Poll::events);
  producer.kill();
  required.kill();
  watcher.leave();
  EXPECT_TRUE(scratch().ring_exists());

  // Nobody is there, and the next run begins as if nothing special had happened.
  Peer next_producer = start_producer("create_or_attach publish:100 close", 2);
  next_producer.expect("attached");  // else the consumer may find its producer dead, and leave
  Peer next_required = start_consumer("required", "join drain leave", 2);
  next_producer.wait_success();
  next_required.wait_success();
  expect_no_violation();
  expect_nothing_remains();
}

TEST_P(CrashTable, A_cleaned_up_run_leaves_nothing_to_the_next_one) {
  Peer producer = start_producer("create await publish:16 sleep");
  producer.expect("attached");
  Peer required = start_consumer("required", "join handle:8 sleep");
  required.expect("attached");
  producer.tell();
  required.skip_to("handled");
  required.kill();

  // While somebody is attached nothing is removed.
  EXPECT_THAT(start(spec("cleaner", "clean")).expect("removed"),
              testing::StartsWith("0 in use by"));
  producer.kill();
  EXPECT_EQ(start(spec("cleaner", "clean")).expect("removed"), "1");
  expect_nothing_remains();
  expect_no_violation();
  scratch().clear_logs();

  // A ring of the same name is another ring: the same id begins anew.
  LocalProducer fresh = local_producer(ProducerBirth::create, 2);
  LocalConsumer victim(scratch(), "victim", 1,
                       {.kind = ConsumerKind::required, .start = Start::resume});
  EXPECT_FALSE(victim->resumed());
  ASSERT_EQ(fresh.publish(3), Publish::ok);
  fresh.finish();
  EXPECT_EQ(victim.drain(), Poll::closed);
  victim.leave();
  expect_no_violation();
  expect_nothing_remains();
}

INSTANTIATE_TEST_SUITE_P(, CrashTable, testing::ValuesIn(all_settings), SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
