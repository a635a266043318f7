// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A stopped process (SIGSTOP, a debugger, a paused virtual machine) is slow, not dead: nobody takes
// its place, nothing it holds is released, and after SIGCONT it goes on as if nothing had happened.
#include <chrono>

#include "support/local.hpp"
#include "support/process_test.hpp"
#include "support/sweep.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;
using Presence = Participant::Presence;

TimePoint soon() { return std::chrono::steady_clock::now() + 20ms; }

class Stopped : public ProcessTestWithSetting {
 protected:
  LocalProducer create(std::chrono::nanoseconds patience = 1s) const {
    return {scratch(), setting_.form, ProducerBirth::create, 1,
            ProducerOptions{.capacity = 16, .max_participants = 4, .required_patience = patience}};
  }
  static Participant find(const Segment& segment, const std::string& id) {
    for (Participant& participant : list_participants(segment)) {
      if (participant.id == id) return std::move(participant);
    }
    ADD_FAILURE() << "nobody is called " << id;
    return {};
  }
  /// Nobody may take the place of the producer.
  void expect_producer_is_held() const {
    try {
      LocalProducer usurper(scratch(), setting_.form, ProducerBirth::attach, 99);
      FAIL() << "a second producer was let in";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::producer_alive) << error.what();
    }
  }
};

TEST_P(Stopped, A_stopped_producer_is_not_dead_and_goes_on_where_it_stopped) {
  Peer producer =
      start(spec("producer", "create publish:5 await publish:5 close", "--kind=producer"));
  producer.skip_to("published");
  LocalConsumer reader(scratch(), "reader", 1);
  ASSERT_EQ(reader.read_to(5), Poll::events);
  producer.stop();
  EXPECT_EQ(reader->poll([](auto) {}).outcome, Poll::idle);
  EXPECT_EQ(reader->poll_until(soon(), [](auto) {}).outcome, Poll::timed_out);
  EXPECT_EQ(find(reader->segment(), "producer").presence, Presence::stopped);
  expect_producer_is_held();
  producer.resume();
  producer.tell();
  EXPECT_EQ(reader.drain(), Poll::closed);
  EXPECT_EQ(reader.next(), 10U);
  producer.wait_success();
  expect_no_violation();
}

TEST_P(Stopped, A_producer_stopped_in_the_middle_of_an_event_shows_nothing_of_it) {
  Peer producer =
      start(spec("producer", "create publish:5 fill_then:stop publish:4 close", "--kind=producer"));
  producer.wait_stopped();
  LocalConsumer reader(scratch(), "reader", 1);
  LocalConsumer observer(scratch(), "observer", 1, {.kind = ConsumerKind::observer});
  ASSERT_EQ(reader.read_to(5), Poll::events);
  ASSERT_EQ(observer.read_to(5), Poll::events);
  EXPECT_EQ(reader->poll_until(soon(), [](auto) {}).outcome, Poll::timed_out);
  EXPECT_EQ(observer->poll_until(soon(), [](auto) {}).outcome, Poll::timed_out);
  expect_producer_is_held();
  producer.resume();
  EXPECT_EQ(reader.drain(), Poll::closed);
  EXPECT_EQ(observer.drain(), Poll::closed);
  EXPECT_EQ(reader.next(), 10U);
  producer.wait_success();
  expect_no_violation();
}

TEST_P(Stopped, A_producer_stopped_inside_a_batch_claim_shows_nothing_of_it) {
  Peer producer =
      start(spec("producer", "create publish:5 claim_then:5,3,stop close", "--kind=producer"));
  producer.wait_stopped();
  LocalConsumer reader(scratch(), "reader", 1);
  ASSERT_EQ(reader.read_to(5), Poll::events);
  EXPECT_EQ(reader->poll_until(soon(), [](auto) {}).outcome, Poll::timed_out);
  producer.resume();
  EXPECT_EQ(reader.drain(), Poll::closed);
  EXPECT_EQ(reader.next(), 10U);
  producer.wait_success();
  expect_no_violation();
}

TEST_P(Stopped, A_stopped_gating_consumer_is_waited_for_and_loses_nothing) {
  LocalProducer producer = create();
  Peer consumer = start(spec("slow", "join handler_then:3,stop drain leave", "--kind=gating"));
  consumer.expect("attached");
  ASSERT_EQ(producer.publish(8), Publish::ok);
  consumer.wait_stopped();
  producer.fill();
  for (int attempt = 0; attempt < 3; ++attempt)  // each of them examines who holds it back
    EXPECT_EQ(producer.publish(1, soon()), Publish::timed_out);
  const Participant slow = find(producer->segment(), "slow");
  EXPECT_EQ(slow.presence, Presence::stopped);
  EXPECT_TRUE(slow.gates);
  EXPECT_EQ(producer->slowest_consumer()->id, "slow");
  consumer.resume();
  EXPECT_EQ(producer.publish(100), Publish::ok);
  producer.finish();
  consumer.skip_to("ended closed");
  consumer.wait_success();
  expect_no_violation();
  expect_nothing_remains();
}

TEST_P(Stopped, A_stopped_required_consumer_is_never_called_missing) {
  LocalProducer producer = create(1ns);  // no patience with those who are away
  Peer consumer = start(spec("slow", "join between_then:3,stop drain leave", "--kind=required"));
  consumer.expect("attached");
  ASSERT_EQ(producer.publish(8), Publish::ok);
  consumer.wait_stopped();
  producer.fill();
  EXPECT_EQ(producer.publish(1, soon()), Publish::timed_out);
  consumer.resume();
  EXPECT_EQ(producer.publish(100), Publish::ok);
  producer.finish();
  consumer.wait_success();
  expect_no_violation();
}

TEST_P(Stopped, A_stopped_observer_holds_nobody_up_and_is_told_what_it_missed) {
  LocalProducer producer = create();
  LocalConsumer reader(scratch(), "reader", 1);
  Peer observer =
      start(spec("observer", "join handler_then:3,stop drain leave", "--kind=observer"));
  observer.expect("attached");
  std::uint64_t sent = 0;
  for (; sent < 160; sent += 8) {
    ASSERT_EQ(producer.publish(8), Publish::ok);
    ASSERT_EQ(reader.read_to(producer.next()), Poll::events);
    if (sent == 0) observer.wait_stopped();
  }
  observer.resume();
  producer.finish();
  EXPECT_EQ(reader.drain(), Poll::closed);
  observer.wait_success();
  const Verdict verdict = expect_no_violation();
  EXPECT_GE(verdict.missed, sent - 16 - 8);  // but for the last ring and its first batch
}

INSTANTIATE_TEST_SUITE_P(, Stopped, testing::ValuesIn(both_backends), SettingName());

// --- Stopped at every system call of the rare operations

class StoppedAtEveryCall : public ProcessTestWithSetting {
 protected:
  void SetUp() override {
    if (!Tracer::is_permitted()) GTEST_SKIP() << "ptrace is not permitted here";
  }

  static void publish_ten_to_reader(World& world) {
    world.create(10);
    world.join_reader();
    world.read_all();
  }
  /// More than the ring holds. If somebody stands in the way it is the victim, stopped, with its
  /// row in the gate; and it stays there.
  static void publish_what_is_possible(World& world) {
    for (std::uint64_t i = 0; i < 2 * World::capacity; ++i) {
      const Publish result = world.producer->publish(1, soon());
      if (result == Publish::ok) {
        world.read_all();
        continue;
      }
      ASSERT_EQ(result, Publish::timed_out);
      const auto holder = (*world.producer)->slowest_consumer();
      ASSERT_TRUE(holder.has_value());
      EXPECT_EQ(holder->id, "victim");
      EXPECT_EQ(holder->presence, Presence::stopped);
      return;
    }
  }
  static void stream_to_the_end(World& world, Peer& victim) {
    world.stream();
    world.close();
    victim.wait_success();
    world.expect_over();
  }
  void expect_sweep(const Story& story, const std::function<void(World&)>& meanwhile,
                    const std::function<void(World&, Peer&)>& finish) {
    EXPECT_GT(stop_at_every_call(GetParam(), story, meanwhile, finish), 1U);
  }
};

TEST_P(StoppedAtEveryCall, A_stopped_joiner_is_in_the_gate_or_not_and_loses_nothing) {
  expect_sweep(
      {.kind = "gating", .script = "mark join mark drain leave", .before = publish_ten_to_reader},
      publish_what_is_possible, [](World& world, Peer& victim) {
        victim.expect("attached");  // later it would find the ring gone
        stream_to_the_end(world, victim);
      });
}

TEST_P(StoppedAtEveryCall, A_stopped_leaver_is_in_the_gate_or_not) {
  expect_sweep({.kind = "gating",
                .script = "join handle:10 mark leave mark",
                .before = publish_ten_to_reader},
               publish_what_is_possible, stream_to_the_end);
}

TEST_P(StoppedAtEveryCall, A_producer_stopped_while_closing_is_never_taken_for_dead) {
  expect_sweep(
      {.kind = "producer",
       .script = "create publish:10 mark close detach mark",
       .at_mark = [](World& world) { world.join_reader(); }},
      [](World& world) {
        EXPECT_EQ(world.reader->read_to(10), Poll::events);
        const Poll end = (*world.reader)->poll_until(soon(), [](auto) {}).outcome;
        EXPECT_TRUE(end == Poll::timed_out || end == Poll::closed) << to_string(end);
      },
      [](World& world, Peer& victim) {
        EXPECT_EQ(world.reader->drain(), Poll::closed);
        victim.wait_success();
        world.reader->leave();
        world.expect_over();
      });
}

TEST_P(StoppedAtEveryCall, A_stopped_successor_keeps_its_place_or_had_none_yet) {
  expect_sweep(
      {.kind = "producer",
       .script = "mark attach mark publish:10 close",
       .options = "--timeout-ms=20000",
       .before =
           [](World& world) {
             world.create(10);
             (*world.producer)->detach();
             world.producer.reset();
           }},
      [](World& world) {
        try {
          world.join_reader();
          world.succeed(Duration::zero());
        } catch (const Error& error) {
          EXPECT_EQ(error.code(), Errc::producer_alive) << error.what();
        }
      },
      [](World& world, Peer& victim) {
        // Whoever came second waits for the first to leave.
        if (world.producer) {
          world.stream();
          (*world.producer)->detach();
          world.producer.reset();
        }
        Poll end = Poll::producer_left;
        while (end == Poll::producer_left) end = world.reader->drain();
        EXPECT_EQ(end, Poll::closed);
        victim.wait_success();
        world.reader->leave();
        world.expect_over();
      });
}

TEST_P(StoppedAtEveryCall, A_stopped_remover_removes_the_unused_ring_or_nothing) {
  expect_sweep(
      {.kind = "none",
       .script = "mark clean:force mark",
       .before =
           [](World& world) {
             world.create(10);
             (*world.producer)->detach();
             world.producer.reset();
           }},
      [](World& world) {
        if (!world.scratch().ring_exists()) world.begin_anew();
        try {
          world.succeed(Duration::zero());
        } catch (const Error& error) {
          // It is about to remove the name: nobody can use the ring, and nobody waits for ever.
          EXPECT_EQ(error.code(), Errc::already_exists) << error.what();
        }
      },
      [](World& world, Peer& victim) {
        const bool was_held = !world.producer;
        const std::string removed = victim.expect("removed");
        victim.wait_success();
        if (was_held) {
          EXPECT_EQ(removed, "1");
          world.begin_anew();
          world.succeed();
        }
        EXPECT_TRUE((*world.producer)->segment().object().is_named());
        world.go_on_and_end();
      });
}

INSTANTIATE_TEST_SUITE_P(, StoppedAtEveryCall, testing::ValuesIn(both_backends), SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
