// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A ring of several producers that revokes the claims of those who are stopped: the others go on
// after its time, for many laps; the one that was stopped learns it when it goes on, or dies there,
// and everybody has seen the same events. (Without such a time: several_producers_test.cpp.)
#include <chrono>
#include <vector>

#include "support/local.hpp"
#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

class SeveralProducersRevoked : public ProcessTestWithSetting {
 protected:
  static constexpr std::uint64_t capacity = 32;
  static constexpr Duration patience = 100ms;

  LocalProducer local_producer(const std::string& id, ProducerBirth birth,
                               std::uint64_t incarnation) const {
    return {scratch(), setting_.form, birth, incarnation,
            ProducerOptions{.capacity = capacity,
                            .producers = ProducerKind::multi,
                            .max_participants = 8,
                            .revoke_stopped_after = patience,
                            .timeout = hang_time,
                            .id = id}};
  }
  Peer start_producer(const std::string& id, const std::string& script,
                      std::uint64_t incarnation) const {
    PeerSpec producer = spec(id, script, "--kind=producer");
    producer.capacity = capacity;
    producer.incarnation = incarnation;
    return start(producer);
  }
  LocalConsumer reader(const std::string& id = "reader") const { return {scratch(), id, 1}; }

  /// Several laps by one producer, read by all.
  static void stream(LocalProducer& producer, const std::vector<LocalConsumer*>& readers,
                     int laps = 5) {
    for (int round = 0; round < 4 * laps; ++round) {
      ASSERT_EQ(producer.publish(capacity / 4), Publish::ok);
      for (LocalConsumer* reader : readers)
        ASSERT_EQ(reader->read_to(producer.next()), Poll::events);
    }
  }
  /// The stream ends for everybody, who agree on all of it; nobody saw what was revoked.
  Verdict end(LocalProducer& producer, const std::vector<LocalConsumer*>& readers) const {
    producer.finish_for_all();
    for (LocalConsumer* reader : readers) EXPECT_EQ(reader->drain(), Poll::closed);
    for (std::size_t i = 1; i < readers.size(); ++i)
      EXPECT_EQ((*readers[i])->voids(), (*readers[0])->voids());
    for (LocalConsumer* reader : readers) reader->leave();
    expect_nothing_remains();
    Verdict verdict = expect_no_violation();
    EXPECT_EQ(verdict.in_doubt_seen, 0U);
    return verdict;
  }
};

TEST_P(SeveralProducersRevoked, One_stopped_in_an_event_learns_it_and_goes_on) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  LocalConsumer fast = reader("fast");
  LocalConsumer slow = reader("slow");
  Peer stopped = start_producer("one", "attach publish:5 fill_then:stop publish:50 close", 1);
  stopped.wait_stopped();
  stream(two, {&fast, &slow});
  EXPECT_EQ(fast->voids(), 1U + 5 * capacity / (capacity - 1));  // its slot, once in each lap
  stopped.resume();
  EXPECT_EQ(stopped.skip_to("revoked"), "5");
  ASSERT_EQ(fast.read_to(two.next() + 20), Poll::events);
  ASSERT_EQ(slow.read_to(two.next() + 20), Poll::events);
  ASSERT_EQ(fast.read_to(two.next() + 50), Poll::events);
  ASSERT_EQ(slow.read_to(two.next() + 50), Poll::events);
  stopped.wait_success();
  const std::uint64_t voids = fast->voids();
  stream(two, {&fast, &slow});
  EXPECT_EQ(fast->voids(), voids) << "its slot is in use again";
  const Verdict verdict = end(two, {&fast, &slow});
  EXPECT_EQ(verdict.in_doubt, 1U);
  EXPECT_EQ(verdict.acknowledged, 55U + 2 * 5 * capacity);
}

TEST_P(SeveralProducersRevoked, One_killed_where_it_was_stopped_gives_its_slots_back) {
  for (const std::string step : {"fill_then:stop", "claim_then:4,0,stop", "claim_then:4,2,stop"}) {
    SCOPED_TRACE(step);
    LocalProducer two = local_producer("two", ProducerBirth::create, 2);
    LocalConsumer one = reader("one");
    LocalConsumer other = reader("other");
    Peer stopped = start_producer("stopped", "attach publish:5 " + step, 1);
    stopped.wait_stopped();
    stream(two, {&one, &other});
    const std::uint64_t held_back = one->voids();
    stopped.kill();
    stream(two, {&one, &other}, 1);  // each of them is met, and proven to be nobody's, once
    const std::uint64_t voids = one->voids();
    EXPECT_LE(voids, held_back + 4);
    stream(two, {&one, &other});
    EXPECT_EQ(one->voids(), voids) << "its slots are in use again";
    end(two, {&one, &other});
    scratch().clear_logs();
  }
}

TEST_P(SeveralProducersRevoked, One_stopped_in_a_batch_loses_all_of_it_at_once) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  LocalConsumer consumer = reader();
  Peer stopped = start_producer("one", "attach publish:5 claim_then:20,7,stop close", 1);
  stopped.wait_stopped();
  ASSERT_EQ(two.publish(1), Publish::ok);
  const TimePoint begin = std::chrono::steady_clock::now();
  ASSERT_EQ(consumer.read_to(two.next()), Poll::events);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10 * patience);  // not twenty times
  EXPECT_EQ(consumer->voids(), 20U);
  stopped.resume();
  EXPECT_EQ(stopped.skip_to("revoked"), "5");
  stopped.wait_success();
  stream(two, {&consumer});
  EXPECT_EQ(end(two, {&consumer}).in_doubt, 20U);
}

TEST_P(SeveralProducersRevoked, Several_stopped_at_once_are_in_nobodys_way) {
  LocalProducer keeper = local_producer("keeper", ProducerBirth::create, 9);
  LocalConsumer one = reader("one");
  LocalConsumer two = reader("two");
  std::vector<Peer> stopped;
  for (std::uint64_t i = 0; i < 3; ++i) {
    stopped.push_back(start_producer(
        "p" + std::to_string(i), "attach publish:3 claim_then:3,1,stop publish:3 close", i + 1));
    stopped.back().wait_stopped();
    ASSERT_EQ(keeper.publish(1), Publish::ok);
  }
  stream(keeper, {&one, &two});
  stopped[1].kill();
  for (const std::size_t i : {2U, 0U}) {
    stopped[i].resume();
    stopped[i].skip_to("revoked");
    stopped[i].wait_success();
  }
  stream(keeper, {&one, &two}, 2);
  const std::uint64_t voids = one->voids();
  stream(keeper, {&one, &two});
  EXPECT_EQ(one->voids(), voids);
  end(keeper, {&one, &two});
}

TEST_P(SeveralProducersRevoked, With_every_slot_held_back_the_others_wait_until_it_is_dead) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  LocalConsumer consumer = reader();
  Peer stopped =
      start_producer("one", "attach claim_then:" + std::to_string(capacity) + ",9,stop", 1);
  stopped.wait_stopped();
  EXPECT_EQ(two.publish(1, std::chrono::steady_clock::now() + 50ms), Publish::timed_out);
  EXPECT_EQ(
      consumer->poll_until(std::chrono::steady_clock::now() + 8 * patience, [](auto) {}).outcome,
      Poll::timed_out);
  EXPECT_EQ(consumer->voids(), capacity);
  EXPECT_EQ(two.publish(1, std::chrono::steady_clock::now() + 50ms), Publish::timed_out);
  stopped.kill();
  stream(two, {&consumer});
  EXPECT_EQ(consumer->voids(), capacity);
  end(two, {&consumer});
}

TEST_P(SeveralProducersRevoked, A_consumer_killed_while_it_waits_leaves_it_to_the_next) {
  LocalProducer two = local_producer("two", ProducerBirth::create, 2);
  Peer stopped = start_producer("one", "attach publish:5 claim_then:4,2,stop", 1);
  stopped.wait_stopped();
  PeerSpec spec_of_first = spec("journal", "join drain", "--kind=required --start=resume");
  spec_of_first.incarnation = 1;
  Peer first = start(spec_of_first);
  first.expect("attached");
  first.wait_asleep();
  first.kill();
  LocalConsumer second(scratch(), "journal", 2,
                       {.kind = ConsumerKind::required, .start = Start::resume});
  stream(two, {&second});
  stopped.resume();
  EXPECT_EQ(stopped.skip_to("revoked"), "5");
  stopped.wait_success();
  end(two, {&second});
}

INSTANTIATE_TEST_SUITE_P(, SeveralProducersRevoked, testing::ValuesIn(settings_of_several),
                         SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
