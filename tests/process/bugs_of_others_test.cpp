// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Faults that other rings had when their processes were killed, stopped or put into containers,
// where no other test comes by them. The list of all: docs/bugs-of-others.md.
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "support/local.hpp"
#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;
using Presence = Participant::Presence;

TimePoint soon() { return std::chrono::steady_clock::now() + 120ms; }  // > a long nap

// --- Of several producers one dies

class ADeadClaim : public ProcessTest {
 public:
  ADeadClaim() : ProcessTest({os::Backend::shm, EventForm::small, ProducerKind::multi}) {}

 protected:
  static constexpr std::uint64_t capacity = 8;

  LocalProducer survivor() const {
    return {scratch(), setting_.form, ProducerBirth::create, 2,
            ProducerOptions{.capacity = capacity,
                            .producers = ProducerKind::multi,
                            .max_participants = 8,
                            .timeout = hang_time,
                            .id = "survivor"}};
  }
  Peer start_dying(const std::string& script) const {
    return start(spec("dying", script, "--kind=producer"));
  }
  void end(LocalProducer& producer, LocalConsumer& consumer, std::uint64_t voids) const {
    producer.finish_for_all();
    EXPECT_EQ(consumer.drain(), Poll::closed);
    EXPECT_EQ(consumer->voids(), voids);
    consumer.leave();
    EXPECT_EQ(expect_no_violation().voids, voids);
    expect_nothing_remains();
    scratch().clear_logs();
  }
};

TEST_F(ADeadClaim, In_a_full_ring_is_passed_and_makes_room) {
  LocalProducer producer = survivor();
  LocalConsumer consumer(scratch(), "reader", 1);
  Peer dying = start_dying("attach publish:3 fill_then:kill");
  dying.wait_killed();
  producer.fill();
  EXPECT_EQ(producer.next(), 8U);  // three events, the claim, four events
  EXPECT_EQ(producer.publish(1, soon()), Publish::timed_out);
  ASSERT_EQ(consumer.read_to(8), Poll::events);
  producer.fill();
  EXPECT_EQ(producer.next(), 16U);
  ASSERT_EQ(consumer.read_to(16), Poll::events);
  end(producer, consumer, 1);
}

TEST_F(ADeadClaim, That_fills_the_ring_is_passed_and_makes_room) {
  LocalProducer producer = survivor();
  LocalConsumer consumer(scratch(), "reader", 1);
  Peer dying = start_dying("attach claim_then:8,5,kill");
  dying.wait_killed();
  EXPECT_EQ(producer.fill(), 0U);
  std::jthread reader([&] { EXPECT_EQ(consumer.read_to(9), Poll::events); });
  ASSERT_EQ(producer.publish(1), Publish::ok);  // waits until the consumer has proved the death
  reader.join();
  end(producer, consumer, 8);
}

TEST_F(ADeadClaim, Across_the_end_of_the_ring_is_passed_wherever_it_begins) {
  for (std::uint64_t begin = 1; begin <= capacity; ++begin) {
    SCOPED_TRACE(begin);
    LocalProducer producer = survivor();
    LocalConsumer consumer(scratch(), "reader", 1);
    Peer dying =
        start_dying("attach publish:" + std::to_string(begin) + " await claim_then:4,2,kill");
    dying.skip_to("published");
    ASSERT_EQ(consumer.read_to(begin), Poll::events);
    dying.tell();
    dying.wait_killed();
    producer.fill();
    EXPECT_EQ(producer.next(), begin + capacity);
    ASSERT_EQ(consumer.read_to(begin + capacity), Poll::events);
    end(producer, consumer, 4);
  }
}

// --- Who waits beside the dead or the stopped

class WaitingBeside : public ADeadClaim {
 protected:
  static std::chrono::nanoseconds cpu_in_a_second(const Peer& peer) {
    const std::uint64_t before = peer.cpu_time_ns();
    std::this_thread::sleep_for(1s);
    return std::chrono::nanoseconds(peer.cpu_time_ns() - before);
  }
  static constexpr auto hardly_any = is_sanitized() ? 100ms : 20ms;
};

TEST_F(WaitingBeside, Dead_producers_a_consumer_sleeps) {
  Peer dying = start_dying("create publish:1 sleep");
  dying.skip_to("published");
  Peer consumer =
      start(spec("consumer", "join handle:1 drain", "--kind=gating --successor-ms=3600000"));
  consumer.skip_to("handled");
  dying.kill();
  consumer.wait_asleep();
  EXPECT_LE(cpu_in_a_second(consumer), hardly_any);
}

TEST_F(WaitingBeside, A_stopped_producers_claim_a_consumer_sleeps) {
  Peer stopped = start_dying("create publish:1 fill_then:stop");
  stopped.wait_stopped();
  Peer consumer = start(spec("consumer", "join handle:1 drain", "--kind=gating"));
  consumer.skip_to("handled");
  consumer.wait_asleep();
  EXPECT_LE(cpu_in_a_second(consumer), hardly_any);
}

// --- Containers

/// A gating consumer in a process that is number 1 of a pid namespace of its own.
class InAContainer {
 public:
  InAContainer(const std::string& ring, const std::string& id) {
    int ends[2];
    if (pipe(ends) != 0) return;
    parent_ = fork();
    if (parent_ == 0) {
      close(ends[0]);
      live_outside(ends[1], ring, id);
    }
    close(ends[1]);
    // The pid as it is seen from here, and as it sees itself, once it has attached.
    if (read(ends[0], &pid_, sizeof pid_) != sizeof pid_) pid_ = -1;
    if (pid_ > 0 && read(ends[0], &own_pid_, sizeof own_pid_) != sizeof own_pid_) own_pid_ = -1;
    close(ends[0]);
  }
  InAContainer(const InAContainer&) = delete;
  InAContainer& operator=(const InAContainer&) = delete;
  ~InAContainer() { kill(); }

  [[nodiscard]] bool is_possible() const { return pid_ > 0; }
  [[nodiscard]] pid_t own_pid() const { return own_pid_; }
  void kill() {
    if (parent_ <= 0) return;
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    waitpid(parent_, nullptr, 0);  // which waits for it
    parent_ = -1;
  }

 private:
  [[noreturn]] static void live_outside(int to, const std::string& ring, const std::string& id) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pid_t child = -1;
    if (unshare(CLONE_NEWPID) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0) child = fork();
    if (child == 0) live_inside(to, ring, id);
    (void)!write(to, &child, sizeof child);
    close(to);
    if (child > 0) waitpid(child, nullptr, 0);
    _exit(0);
  }
  [[noreturn]] static void live_inside(int to, const std::string& ring, const std::string& id) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      const auto consumer = Consumer<Bytes>::attach(ring, {.id = id});
      std::this_thread::sleep_for(20ms);  // the pid from outside comes first
      const pid_t self = getpid();
      (void)!write(to, &self, sizeof self);
      for (;;) pause();
    } catch (...) {
      _exit(1);
    }
  }

  pid_t parent_ = -1;
  pid_t pid_ = -1;
  pid_t own_pid_ = -1;
};

class Containers : public ProcessTest {};

TEST_F(Containers, Two_that_are_both_number_1_live_and_die_each_for_itself) {
  LocalProducer producer(scratch(), setting_.form, ProducerBirth::create, 1,
                         {.capacity = 8, .max_participants = 8});
  InAContainer one(ring(), "one");
  if (!one.is_possible()) GTEST_SKIP() << "no pid namespaces here";
  InAContainer two(ring(), "two");
  ASSERT_EQ(one.own_pid(), 1);
  ASSERT_EQ(two.own_pid(), 1);
  LocalConsumer third(scratch(), "third", 1);
  const auto presence_of = [&](const std::string& id) {
    for (const Participant& participant : producer->participants()) {
      if (participant.id == id) return participant.presence;
    }
    return Presence::left;
  };
  EXPECT_EQ(presence_of("one"), Presence::alive);
  EXPECT_EQ(presence_of("two"), Presence::alive);
  EXPECT_EQ(producer.fill(), 8U);
  ASSERT_EQ(third.read_to(8), Poll::events);

  one.kill();
  // The other has the same pid, and is waited for.
  EXPECT_EQ(producer.publish(1, soon()), Publish::timed_out);
  EXPECT_EQ(presence_of("one"), Presence::dead);
  EXPECT_EQ(presence_of("two"), Presence::alive);
  two.kill();
  EXPECT_EQ(producer.publish(8), Publish::ok);
  EXPECT_EQ(presence_of("two"), Presence::dead);
  producer.finish();
  EXPECT_EQ(third.drain(), Poll::closed);
  third.leave();
  expect_no_violation();
  expect_nothing_remains();
}

}  // namespace
}  // namespace disruptor_mp::process_test
