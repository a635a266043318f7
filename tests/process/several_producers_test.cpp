// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Several producers on one ring, some of them killed, some of them stopped. What a dead one had
// claimed and not published is a void: everybody skips it, and counts it. (At every instruction and
// every system call: several_producers_sweep_test.cpp.)
#include <chrono>
#include <memory>
#include <vector>

#include "disruptor_mp/membership/claims.hpp"
#include "support/local.hpp"
#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;
using Presence = Participant::Presence;

class WithSeveralProducers : public ProcessTestWithSetting {
 protected:
  /// More than a producer publishes alone before it takes the tail for itself.
  static constexpr std::uint64_t capacity = 128;
  static constexpr const char* until_biased = "publish:100";

  Peer start_producer(const std::string& id, const std::string& script,
                      std::uint64_t incarnation) const {
    PeerSpec producer = spec(id, script, "--kind=producer");
    producer.capacity = capacity;
    producer.incarnation = incarnation;
    return start(producer);
  }
  LocalProducer local_producer(const std::string& id, ProducerBirth birth,
                               std::uint64_t incarnation) const {
    return {scratch(), setting_.form, birth, incarnation,
            ProducerOptions{.capacity = capacity,
                            .producers = ProducerKind::multi,
                            .max_participants = 8,
                            .timeout = hang_time,
                            .id = id}};
  }
  LocalProducer join(const std::string& id, std::uint64_t incarnation) const {
    return local_producer(id, ProducerBirth::attach, incarnation);
  }
  LocalConsumer reader(const std::string& id = "reader") const { return {scratch(), id, 1}; }

  static void read_to(std::uint64_t next, const std::vector<LocalConsumer*>& readers) {
    for (LocalConsumer* reader : readers) ASSERT_EQ(reader->read_to(next), Poll::events);
  }
  /// They take turns, for several laps; readers get everything.
  static void stream(const std::vector<LocalProducer*>& producers,
                     const std::vector<LocalConsumer*>& readers) {
    for (int round = 0; round < 12; ++round) {
      LocalProducer& producer = *producers[round % producers.size()];
      ASSERT_EQ(producer.publish(capacity / 4), Publish::ok);
      read_to(producer.next(), readers);
    }
  }
  /// Nobody is missing any more: the stream ends, and everybody agrees on all of it.
  Verdict end(const std::vector<LocalProducer*>& producers,
              const std::vector<LocalConsumer*>& readers) const {
    for (LocalProducer* producer : producers)
      producer == producers.back() ? producer->finish_for_all() : producer->finish();
    for (LocalConsumer* reader : readers) EXPECT_EQ(reader->drain(), Poll::closed);
    for (LocalConsumer* reader : readers) reader->leave();
    expect_nothing_remains();
    return expect_no_violation();
  }
};

// --- Killed

class SeveralProducersKilled : public WithSeveralProducers {};

TEST_P(SeveralProducersKilled, The_last_one_inside_publish_leaves_a_void_that_nobody_waits_for) {
  Peer dying = start_producer("one", "create publish:10 fill_then:kill", 1);
  dying.wait_killed();
  LocalConsumer early = reader("early");
  LocalConsumer observer(scratch(), "observer", 1, {.kind = ConsumerKind::observer});
  for (LocalConsumer* consumer : {&early, &observer}) {
    EXPECT_EQ(consumer->drain(), Poll::producer_dead);
    EXPECT_EQ(consumer->next(), 11U);
    EXPECT_EQ((*consumer)->voids(), 1U);
  }
  LocalProducer two = join("two", 2);
  EXPECT_EQ(two->predecessor(), ProducerPresence::dead);
  EXPECT_EQ(two.next(), 11U);
  LocalConsumer late = reader("late");
  stream({&two}, {&early, &late, &observer});
  EXPECT_EQ(late->voids(), 1U);
  EXPECT_EQ(end({&two}, {&early, &late, &observer}).voids, 1U);
}

TEST_P(SeveralProducersKilled, One_inside_a_batch_claim_leaves_voids_and_the_others_go_on) {
  for (const std::string written : {"0", "1", "3", "4"}) {
    SCOPED_TRACE(written + " of 4 written");
    LocalProducer two = local_producer("two", ProducerBirth::create, 2);
    LocalConsumer consumer = reader();
    Peer dying = start_producer("one", "attach publish:10 claim_then:4," + written + ",kill", 1);
    dying.wait_killed();
    ASSERT_EQ(two.publish(5), Publish::ok);
    EXPECT_EQ(two.next(), 19U);
    read_to(19, {&consumer});
    EXPECT_EQ(consumer->voids(), 4U);
    LocalProducer three = join("three", 3);
    stream({&two, &three}, {&consumer});
    EXPECT_EQ(end({&two, &three}, {&consumer}).voids, 4U);
    scratch().clear_logs();
  }
}

TEST_P(SeveralProducersKilled, One_inside_a_burst_leaves_what_it_published_and_voids) {
  for (const std::string before : {"publish:10", until_biased}) {
    for (const std::uint64_t published : {0U, 1U, 3U}) {
      SCOPED_TRACE(before + ", " + std::to_string(published) + " of 4 published");
      LocalProducer two = local_producer("two", ProducerBirth::create, 2);
      LocalConsumer consumer = reader();
      const std::uint64_t first = before == until_biased ? 100 : 10;
      Peer dying = start_producer(
          "one", "attach " + before + " burst_then:4," + std::to_string(published) + ",kill", 1);
      read_to(first + published, {&consumer});
      dying.wait_killed();
      ASSERT_EQ(two.publish(5), Publish::ok);
      EXPECT_EQ(two.next(), first + 9);
      read_to(first + 9, {&consumer});
      EXPECT_EQ(consumer->voids(), 4 - published);
      LocalProducer three = join("three", 3);
      stream({&two, &three}, {&consumer});
      EXPECT_EQ(end({&two, &three}, {&consumer}).voids, 4 - published);
      scratch().clear_logs();
    }
  }
}

TEST_P(SeveralProducersKilled, One_that_has_the_tail_for_itself_and_is_idle_leaves_nothing) {
  Peer dying = start_producer("one", std::string("create ") + until_biased + " sleep", 1);
  dying.skip_to("published");
  LocalProducer two = join("two", 2);
  LocalConsumer consumer = reader();
  dying.kill();
  read_to(100, {&consumer});
  ASSERT_EQ(two.publish(10), Publish::ok);
  EXPECT_EQ(two.next(), 110U);
  read_to(110, {&consumer});
  LocalProducer three = join("three", 3);
  stream({&two, &three}, {&consumer});
  EXPECT_EQ(end({&two, &three}, {&consumer}).voids, 0U);
}

TEST_P(SeveralProducersKilled, One_that_has_the_tail_for_itself_inside_publish_leaves_one_void) {
  for (const bool is_other_there : {true, false}) {
    SCOPED_TRACE(is_other_there ? "another goes on" : "another comes later");
    Peer dying =
        start_producer("one", std::string("create ") + until_biased + " await fill_then:kill", 1);
    dying.skip_to("published");
    std::unique_ptr<LocalProducer> two;
    const auto join_two = [&] { two.reset(new LocalProducer(join("two", 2))); };
    if (is_other_there) join_two();
    LocalConsumer consumer = reader();
    dying.tell();
    dying.wait_killed();
    if (!two) {
      EXPECT_EQ(consumer.drain(), Poll::producer_dead);
      join_two();
    }
    ASSERT_EQ(two->publish(10), Publish::ok);
    EXPECT_EQ(two->next(), 111U);
    read_to(111, {&consumer});
    EXPECT_EQ(consumer->voids(), 1U);
    LocalProducer three = join("three", 3);
    stream({&*two, &three}, {&consumer});
    EXPECT_EQ(end({&*two, &three}, {&consumer}).voids, 1U);
    scratch().clear_logs();
  }
}

TEST_P(SeveralProducersKilled, All_at_once_leave_one_and_the_same_stream_to_everybody) {
  constexpr std::uint64_t endless = 1'000'000'000;
  std::vector<Peer> dying;
  dying.push_back(start_producer("p0", "create stream:" + std::to_string(endless), 1));
  dying[0].expect("attached");
  for (const int more : {1, 2}) {
    dying.push_back(start_producer("p" + std::to_string(more),
                                   "attach stream:" + std::to_string(endless),
                                   static_cast<std::uint64_t>(more) + 1));
    dying.back().expect("attached");
  }
  LocalConsumer one = reader("one");
  LocalConsumer two = reader("two");
  for (std::uint64_t next = 0; next < 5'000; next += capacity / 4) read_to(next, {&one, &two});
  for (const Peer& producer : dying) ::kill(producer.pid(), SIGKILL);
  for (Peer& producer : dying) producer.wait_killed();
  EXPECT_EQ(one.drain(), Poll::producer_dead);
  EXPECT_EQ(two.drain(), Poll::producer_dead);
  EXPECT_EQ(one.next(), two.next());
  EXPECT_EQ(one->voids(), two->voids());

  LocalProducer first = join("first", 11);
  LocalProducer second = join("second", 12);
  stream({&first, &second}, {&one, &two});
  // One of three is not replaced yet.
  first.finish();
  second.finish();
  EXPECT_EQ(one.drain(), Poll::producer_dead);
  LocalProducer third = join("third", 13);
  stream({&third}, {&one, &two});
  end({&third}, {&one, &two});
}

TEST_P(SeveralProducersKilled, One_that_comes_back_gets_its_row_and_its_voids_are_buried) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  LocalConsumer consumer = reader();
  Peer dying = start_producer("one", "attach publish:3 claim_then:2,1,kill", 1);
  dying.wait_killed();
  EXPECT_FALSE(has_tombstone(two->segment(), 3));
  Peer returned = start_producer("one", "attach publish:3 await close detach", 3);
  EXPECT_EQ(returned.expect("attached"), "5");
  returned.skip_to("published");
  EXPECT_TRUE(has_tombstone(two->segment(), 3));
  EXPECT_TRUE(has_tombstone(two->segment(), 4));
  std::size_t rows = 0;
  for (const Participant& participant : two->participants()) {
    if (participant.id != "one") continue;
    ++rows;
    EXPECT_EQ(participant.presence, Presence::alive);
    EXPECT_EQ(participant.incarnation, 2U);
  }
  EXPECT_EQ(rows, 1U);
  stream({&two}, {&consumer});
  EXPECT_EQ(consumer->voids(), 2U);
  returned.tell();
  returned.wait_success();
  EXPECT_EQ(end({&two}, {&consumer}).voids, 2U);
}

TEST_P(SeveralProducersKilled, One_after_the_other_they_never_use_the_table_up) {
  LocalProducer keeper = local_producer("keeper", ProducerBirth::create, 1);
  LocalConsumer consumer = reader();
  constexpr std::uint64_t deaths = 20;  // of eight rows
  for (std::uint64_t death = 0; death < deaths; ++death) {
    Peer dying = start_producer("p" + std::to_string(death), "attach publish:2 claim_then:3,2,kill",
                                10 + death);
    dying.wait_killed();
    ASSERT_EQ(keeper.publish(1), Publish::ok);
    read_to(keeper.next(), {&consumer});
  }
  EXPECT_EQ(consumer->voids(), 3 * deaths);
  EXPECT_LE(keeper->participants().size(), 8U);  // the dead are kept until their rows are needed
  LocalProducer heir = join("heir", 2);
  stream({&keeper, &heir}, {&consumer});
  EXPECT_EQ(end({&keeper, &heir}, {&consumer}).voids, 3 * deaths);
}

TEST_P(SeveralProducersKilled, One_that_waits_for_room_leaves_nothing) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  LocalConsumer consumer = reader();
  Peer dying = start_producer("one", "attach fill publish:1", 1);
  dying.skip_to("full");
  dying.wait_asleep();
  dying.kill();
  read_to(capacity, {&consumer});
  LocalProducer three = join("three", 3);
  stream({&two, &three}, {&consumer});
  EXPECT_EQ(end({&two, &three}, {&consumer}).voids, 0U);
}

TEST_P(SeveralProducersKilled, One_that_has_closed_is_not_waited_for) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  LocalConsumer consumer = reader();
  Peer dying = start_producer("one", "attach publish:3 close sleep", 1);
  dying.skip_to("closed");
  dying.kill();
  ASSERT_EQ(two.publish(3), Publish::ok);
  EXPECT_EQ(end({&two}, {&consumer}).voids, 0U);
}

TEST_P(SeveralProducersKilled, A_required_consumer_killed_among_them_gets_everything) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  const auto consumer = [&](const std::string& script, std::uint64_t incarnation) {
    PeerSpec life = spec("journal", script, "--kind=required --start=resume --timeout-ms=20000");
    life.incarnation = incarnation;
    return start(life);
  };
  LocalConsumer survivor = reader();
  Peer dying = start_producer("one", "attach publish:3 claim_then:4,2,kill", 1);
  dying.wait_killed();
  ASSERT_EQ(two.publish(20), Publish::ok);  // 0 to 2, four voids, 7 to 26
  // In the third handler behind the voids, which it has passed and committed.
  Peer first = consumer("join handler_then:5,kill", 1);
  first.wait_killed();
  ASSERT_EQ(two.publish(20), Publish::ok);
  Peer second = consumer("join drain leave", 2);
  EXPECT_EQ(second.expect("attached"), "7");
  LocalProducer three = join("three", 3);
  stream({&two, &three}, {&survivor});
  const Verdict verdict = [&] {
    two.finish();
    three.finish_for_all();  // "one" does not come back
    second.wait_success();
    return end({}, {&survivor});
  }();
  EXPECT_EQ(verdict.voids, 4U);
  EXPECT_EQ(verdict.handled_again, 2U);
}

INSTANTIATE_TEST_SUITE_P(, SeveralProducersKilled, testing::ValuesIn(settings_of_several),
                         SettingName());

// --- Stopped

class SeveralProducersStopped : public WithSeveralProducers {
 protected:
  static TimePoint soon() { return std::chrono::steady_clock::now() + 120ms; }  // > a long nap

  /// It stands in the middle of the event that is next; two goes on, and nobody gets past it.
  void expect_waiting(LocalProducer& two, LocalConsumer& consumer, Peer& stopped) const {
    const std::uint64_t next = consumer.next();
    ASSERT_EQ(two.publish(3), Publish::ok);
    EXPECT_EQ(consumer->poll([](auto) {}).outcome, Poll::idle);
    EXPECT_EQ(consumer->poll_until(soon(), [](auto) {}).outcome, Poll::timed_out);
    two.fill();
    EXPECT_EQ(two.publish(1, soon()), Publish::timed_out);
    two.finish();  // nobody else is left: it is waited for all the same
    EXPECT_EQ(consumer->poll_until(soon(), [](auto) {}).outcome, Poll::timed_out);
    EXPECT_EQ(consumer.next(), next);
    EXPECT_EQ(consumer->voids(), 0U);
    stopped.resume();
    EXPECT_EQ(consumer.drain(), Poll::closed);
    stopped.wait_success();
    EXPECT_EQ(consumer->voids(), 0U);
    consumer.leave();
    EXPECT_EQ(expect_no_violation().voids, 0U);
    expect_nothing_remains();
  }
};

TEST_P(SeveralProducersStopped, In_the_middle_of_an_event_it_is_waited_for) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  LocalConsumer consumer = reader();
  Peer stopped = start_producer("one", "attach publish:5 fill_then:stop publish:4 close", 1);
  stopped.wait_stopped();
  read_to(5, {&consumer});
  expect_waiting(two, consumer, stopped);
}

TEST_P(SeveralProducersStopped, Inside_a_batch_claim_it_is_waited_for) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  LocalConsumer consumer = reader();
  Peer stopped = start_producer("one", "attach publish:5 claim_then:4,2,stop publish:4 close", 1);
  stopped.wait_stopped();
  read_to(5, {&consumer});
  expect_waiting(two, consumer, stopped);
}

TEST_P(SeveralProducersStopped, Inside_a_burst_it_is_waited_for) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  LocalConsumer consumer = reader();
  Peer stopped = start_producer("one", "attach publish:5 burst_then:4,2,stop publish:4 close", 1);
  stopped.wait_stopped();
  read_to(7, {&consumer});
  expect_waiting(two, consumer, stopped);
}

TEST_P(SeveralProducersStopped,
       With_the_tail_for_itself_in_the_middle_of_an_event_it_is_waited_for) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  LocalConsumer consumer = reader();
  Peer stopped = start_producer(
      "one", std::string("attach ") + until_biased + " fill_then:stop publish:4 close", 1);
  stopped.wait_stopped();
  read_to(100, {&consumer});
  expect_waiting(two, consumer, stopped);
}

TEST_P(SeveralProducersStopped, With_the_tail_for_itself_and_idle_it_is_in_nobodys_way) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  LocalConsumer consumer = reader();
  Peer idle =
      start_producer("one", std::string("attach ") + until_biased + " await publish:50 close", 1);
  idle.skip_to("published");
  idle.stop();
  read_to(100, {&consumer});
  stream({&two}, {&consumer});
  two.finish();
  EXPECT_EQ(consumer->poll_until(soon(), [](auto) {}).outcome, Poll::timed_out);
  idle.resume();
  idle.tell();
  EXPECT_EQ(consumer.drain(), Poll::closed);
  idle.wait_success();
  consumer.leave();
  EXPECT_EQ(expect_no_violation().voids, 0U);
  expect_nothing_remains();
}

// Whoever starts behind the claim would not keep the others from coming round to its slot.
TEST_P(SeveralProducersStopped, In_the_middle_of_an_event_it_is_waited_for_by_who_comes_last) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  Peer stopped = start_producer("one", "attach publish:5 fill_then:stop publish:4 close", 1);
  stopped.wait_stopped();
  ASSERT_EQ(two.publish(3), Publish::ok);
  LocalConsumer consumer(scratch(), "reader", 1, {.start = Start::latest});
  EXPECT_EQ(consumer.next(), 5U);
  expect_waiting(two, consumer, stopped);
}

TEST_P(SeveralProducersStopped,
       One_is_stopped_where_another_died_and_only_the_dead_one_is_skipped) {
  LocalProducer three = local_producer("three", ProducerBirth::create, 3);
  LocalConsumer consumer = reader();
  Peer dead = start_producer("dead", "attach publish:2 fill_then:kill", 1);
  dead.wait_killed();
  Peer stopped = start_producer("stopped", "attach publish:2 fill_then:stop close", 2);
  stopped.wait_stopped();
  ASSERT_EQ(three.publish(2), Publish::ok);
  read_to(5, {&consumer});  // two events, a void, two events
  EXPECT_EQ(consumer->voids(), 1U);
  EXPECT_EQ(consumer->poll_until(soon(), [](auto) {}).outcome, Poll::timed_out);
  EXPECT_EQ(consumer.next(), 5U);
  stopped.resume();
  stopped.wait_success();
  read_to(8, {&consumer});
  EXPECT_EQ(end({&three}, {&consumer}).voids, 1U);
}

INSTANTIATE_TEST_SUITE_P(, SeveralProducersStopped, testing::ValuesIn(settings_of_several),
                         SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
