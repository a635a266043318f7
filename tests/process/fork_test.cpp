// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A fork hands the child everything that could keep its parent alive in the eyes of others: the
// open file description that carries the locks, and the shared mapping. It must not.
#include <signal.h>

#include <chrono>
#include <thread>

#include "support/local.hpp"
#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

class Fork : public ProcessTestWithSetting {
 protected:
  /// The step `fork:…` has been done; the child lives on until the test hangs up.
  static pid_t child_of(Peer& parent) {
    return static_cast<pid_t>(std::stol(parent.skip_to("forked")));
  }
  static void expect_alive(pid_t child) { EXPECT_EQ(kill(child, 0), 0) << "the child has ended"; }
  /// The child is not ours to wait for; it ends at the end of its stdin.
  static void end(Peer& parent, pid_t child) {
    parent.hang_up();
    while (kill(child, 0) == 0 && process_state(child) != 'Z') std::this_thread::sleep_for(100us);
  }
};

TEST_P(Fork, A_child_of_a_killed_producer_does_not_keep_it_alive) {
  Peer parent = start(spec("producer", "create publish:5 fork:idle sleep", "--kind=producer"));
  const pid_t child = child_of(parent);
  LocalConsumer reader(scratch(), "reader", 1);
  parent.kill();
  EXPECT_EQ(reader.drain(), Poll::producer_dead);
  expect_alive(child);

  LocalProducer successor(scratch(), setting_.form, ProducerBirth::attach, 2,
                          {.timeout = hang_time});
  EXPECT_EQ(successor->predecessor(), ProducerPresence::dead);
  EXPECT_EQ(successor.publish(5), Publish::ok);
  successor.finish();
  EXPECT_EQ(reader.drain(), Poll::closed);
  expect_alive(child);
  reader.leave();
  expect_no_violation();
  expect_nothing_remains();  // the child does not keep the ring either
  end(parent, child);
}

TEST_P(Fork, A_child_of_a_killed_gating_consumer_does_not_hold_the_producer_back) {
  LocalProducer producer(scratch(), setting_.form, ProducerBirth::create, 1);
  Peer parent = start(spec("reader", "join fork:idle sleep", "--kind=gating"));
  const pid_t child = child_of(parent);
  LocalConsumer survivor(scratch(), "survivor", 1);
  parent.kill();
  for (int round = 0; round < 4; ++round) {
    ASSERT_EQ(producer.publish(producer->capacity()), Publish::ok);
    ASSERT_EQ(survivor.read_to(producer.next()), Poll::events);
  }
  expect_alive(child);
  end(parent, child);
}

TEST_P(Fork, A_child_of_a_killed_consumer_does_not_keep_its_id) {
  LocalProducer producer(scratch(), setting_.form, ProducerBirth::create, 1);
  ASSERT_EQ(producer.publish(16), Publish::ok);
  Peer parent = start(spec("reader", "join handle:8 fork:idle sleep", "--kind=required"));
  const pid_t child = child_of(parent);
  parent.kill();
  LocalConsumer returned(
      scratch(), "reader", 2,
      {.kind = ConsumerKind::required, .start = Start::resume, .timeout = hang_time});
  EXPECT_TRUE(returned->resumed());
  EXPECT_EQ(returned->start_sequence().value(), 8U);
  EXPECT_EQ(returned.read_to(16), Poll::events);
  expect_alive(child);
  expect_no_violation();
  end(parent, child);
}

TEST_P(Fork, A_child_can_neither_publish_nor_close_nor_leave_for_its_producer) {
  Peer parent =
      start(spec("producer", "create publish:3 fork:use await publish:3 close", "--kind=producer"));
  EXPECT_EQ(parent.skip_to("child"), "used_after_fork");
  const pid_t child = child_of(parent);
  LocalConsumer reader(scratch(), "reader", 1);
  EXPECT_EQ(reader.read_to(3), Poll::events);
  EXPECT_EQ(reader->poll([](auto) {}).outcome, Poll::idle);  // not closed, not left, not dead
  parent.tell();
  EXPECT_EQ(reader.drain(), Poll::closed);
  EXPECT_EQ(reader.next(), 6U);
  expect_no_violation();
  end(parent, child);
  parent.wait_success();
}

TEST_P(Fork, A_child_that_publishes_an_inherited_claim_changes_nothing) {
  Peer parent =
      start(spec("producer", "create fork:in_claim await publish:3 close", "--kind=producer"));
  EXPECT_EQ(parent.skip_to("child"), "used_after_fork");
  const pid_t child = child_of(parent);
  LocalConsumer reader(scratch(), "reader", 1);
  EXPECT_EQ(reader->poll([](auto) {}).outcome, Poll::idle);
  parent.tell();
  EXPECT_EQ(reader.drain(), Poll::closed);
  EXPECT_EQ(reader.next(), 3U);
  expect_no_violation();
  end(parent, child);
  parent.wait_success();
}

TEST_P(Fork, A_child_can_neither_read_nor_leave_for_its_consumer) {
  LocalProducer producer(scratch(), setting_.form, ProducerBirth::create, 1);
  Peer parent = start(spec("reader", "join fork:use await drain leave", "--kind=gating"));
  EXPECT_EQ(parent.skip_to("child"), "used_after_fork");
  const pid_t child = child_of(parent);
  // It still gates: the child's leaving was nobody's.
  EXPECT_EQ(producer.fill(), producer->capacity());
  EXPECT_EQ(producer.publish(1, TimePoint::min()), Publish::timed_out);
  parent.tell();
  EXPECT_EQ(producer.publish(producer->capacity()), Publish::ok);
  producer.finish();
  parent.skip_to("ended closed");
  end(parent, child);
  parent.wait_success();
  expect_no_violation();
  expect_nothing_remains();
}

INSTANTIATE_TEST_SUITE_P(, Fork, testing::ValuesIn(both_backends), SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
