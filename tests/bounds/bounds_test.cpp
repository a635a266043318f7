// SPDX-License-Identifier: MIT OR Apache-2.0
//
// docs/crashes.md, "How soon": each of its bounds, to the microsecond and on any machine. The
// deaths are real ones of real processes, and so are the locks that prove them; only the clock is
// not (clock.hpp). How soon it is on a real clock is shown by `dmp bench --recovery`.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>

#include "bounds/clock.hpp"
#include "disruptor_mp/endpoint/watcher.hpp"
#include "endpoint/drain.hpp"

namespace disruptor_mp::test {
namespace {

using E = StampedTick;

/// A process that does what it is told by a byte, then waits for the next, until it is killed.
class Victim {
 public:
  /// @param work gets ready and returns what to do for each byte.
  explicit Victim(const std::function<std::function<void()>()>& work) {
    EXPECT_EQ(pipe(orders_), 0);
    EXPECT_EQ(pipe(answers_), 0);
    pid_ = fork();
    if (pid_ == 0) {
      char byte = 0;
      const auto act = work();
      while (write(answers_[1], &byte, 1) == 1 && read(orders_[0], &byte, 1) == 1) act();
      _exit(1);
    }
    await_answer();
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;
  ~Victim() {
    if (pid_ > 0) die();
    for (const int end : {orders_[0], orders_[1], answers_[0], answers_[1]}) close(end);
  }
  void act() {
    const char byte = 0;
    EXPECT_EQ(write(orders_[1], &byte, 1), 1);
    await_answer();
  }
  /// When it returns, the kernel has dropped its locks.
  void die() {
    kill(pid_, SIGKILL);
    EXPECT_EQ(waitpid(pid_, nullptr, 0), pid_);
    pid_ = -1;
  }

 private:
  void await_answer() {
    char byte = 0;
    ASSERT_EQ(read(answers_[0], &byte, 1), 1);
  }
  int orders_[2] = {-1, -1};
  int answers_[2] = {-1, -1};
  pid_t pid_ = -1;
};

/// A way to wait, and how long it may take at most to notice a death that a sleeper in
/// `WaitStrategy::block` notices within `in_block`.
struct Way {
  const char* name;
  WaitStrategy strategy;
  Duration bound;
};

class Bounds : public testing::Test {
 protected:
  static std::vector<Way> ways(Duration in_block) {
    return {{"busy_spin", WaitStrategy::busy_spin(), 500us},
            {"spin_with_hint", WaitStrategy::spin_with_hint(), 500us},
            {"spin_then_yield", WaitStrategy::spin_then_yield(), 500us},
            {"sleep 100 us", WaitStrategy::sleep(), 500us + 100us},
            {"sleep 2 ms", WaitStrategy::sleep(2ms), 500us + 2ms},
            {"sleep 1 s", WaitStrategy::sleep(1s), in_block},
            {"block", WaitStrategy::block(), in_block}};
  }

  /// Everybody looks at the clock now and then, and a look takes its time.
  static constexpr Duration slack = 20 * Clock::look;

  /// Lets it happen at many moments of the waiting. `attempt(delay)` sets the event `delay` from
  /// the beginning of a wait on, waits, and returns when the event was.
  void expect_noticed_within(Duration bound,
                             const std::function<TimePoint(Duration delay)>& attempt) {
    constexpr int phases = 19;
    const Duration settled = 3 * bound;  // by then naps are as long as they get
    const Duration sweep = 3 * bound;    // also if they were longer than they should be
    Duration longest{};
    for (int phase = 0; phase < phases; ++phase) {
      const TimePoint happened = attempt(settled + phase * sweep / phases);
      const Duration taken = virtual_clock.now() - happened;
      EXPECT_LE(taken, bound + slack) << "phase " << phase;
      longest = std::max(longest, taken);
    }
    // Else it was not the end of a wait that was measured.
    EXPECT_GE(longest, bound / 2);
  }

  /// The death of the victim, so much later. @return when that is.
  static TimePoint kill_in(Duration delay, Victim& victim) {
    const TimePoint at = virtual_clock.now() + delay;
    virtual_clock.set_event(at, [&victim] { victim.die(); });
    return at;
  }

  ~Bounds() override { EXPECT_FALSE(std::filesystem::exists(shm_path(name))); }

  static ProducerOptions free_running(WaitStrategy wait = WaitStrategy::block()) {
    // Else it would go on waiting for another consumer.
    return {.capacity = 4, .when_alone = WhenAlone::run_free, .wait = wait};
  }

  /// Who waits for an event of a producer that dies.
  void expect_consumer_notices_within(Duration bound, WaitStrategy wait,
                                      const std::function<Poll(Consumer<E>&)>& read) {
    expect_noticed_within(bound, [&](Duration delay) {
      Victim victim([this] {
        auto producer = std::make_shared<Producer<E>>(Producer<E>::create(name));
        return [producer] {};
      });
      auto consumer = Consumer<E>::attach(name, {.wait = wait});
      const TimePoint death = kill_in(delay, victim);
      EXPECT_EQ(read(consumer), Poll::producer_dead);
      std::filesystem::remove(shm_path(name));
      return death;
    });
  }

  std::string name = unique_ring_name();
};

TEST_F(Bounds, Of_a_producer_whose_gating_consumer_dies) {
  for (const Way& way : ways(5ms)) {
    SCOPED_TRACE(way.name);
    expect_noticed_within(way.bound, [&](Duration delay) {
      auto producer = Producer<E>::create(name, free_running(way.strategy));
      Victim victim([this] {
        auto consumer = std::make_shared<Consumer<E>>(Consumer<E>::attach(name));
        return [consumer] {};
      });
      publish_until_full(producer);
      const TimePoint death = kill_in(delay, victim);
      EXPECT_EQ(producer.publish(E::of(0)), Publish::ok);
      return death;
    });
  }
}

TEST_F(Bounds, Of_a_producer_whose_required_consumer_dies) {
  constexpr auto patience = 20ms;
  expect_noticed_within(patience + 10ms, [&](Duration delay) {
    auto producer = Producer<E>::create(name, {.capacity = 4, .required_patience = patience});
    Victim victim([this] {
      auto consumer = std::make_shared<Consumer<E>>(
          Consumer<E>::attach(name, {.id = "journal", .kind = ConsumerKind::required}));
      return [consumer] {};
    });
    publish_until_full(producer);
    const TimePoint death = kill_in(delay, victim);
    EXPECT_EQ(producer.publish(E::of(0)), Publish::consumer_missing);
    EXPECT_GE(virtual_clock.now() - death, patience);  // it was given its time
    std::filesystem::remove(shm_path(name));
    return death;
  });
}

TEST_F(Bounds, Of_a_liveness_policy) {
  constexpr auto patience = 20ms;
  expect_noticed_within(patience + 10ms, [&](Duration delay) {
    auto producer = Producer<E>::create(name, {.capacity = 4});
    Victim victim([this] {
      auto consumer = std::make_shared<Consumer<E>>(
          Consumer<E>::attach(name, {.id = "journal", .kind = ConsumerKind::required}));
      return [consumer] {};
    });
    TimePoint told{};
    producer.enable_liveness(
        {.required_consumer_ids = {"journal"},
         .progress_timeout = 1s,
         .absence_grace_period = patience,
         .alert_hook = [&](const ConsumerAlert&) { told = virtual_clock.now(); }});
    publish_until_full(producer);
    const TimePoint death = kill_in(delay, victim);
    EXPECT_EQ(producer.publish(E::of(0)), Publish::consumer_missing);
    EXPECT_LE(told - death, 5ms + slack);  // the kernel's proof needs no patience
    EXPECT_GE(virtual_clock.now() - death, patience);
    std::filesystem::remove(shm_path(name));
    return death;
  });
}

TEST_F(Bounds, Of_a_watcher_however_seldom_it_looks) {
  for (const Duration interval : {5ms, 20ms, 100ms}) {
    auto producer = Producer<E>::create(name, {.capacity = 4});
    Victim victim([this] {
      auto consumer = std::make_shared<Consumer<E>>(
          Consumer<E>::attach(name, {.id = "journal", .kind = ConsumerKind::required}));
      return [consumer] {};
    });
    TimePoint told{};
    Watcher watcher = Watcher::attach(
        name, {.required_consumer_ids = {"journal"},
               .progress_timeout = 100ms,
               .progress_check_interval = interval,
               .shutdown_grace_period = 200ms,
               .alert_hook = [&](const ConsumerAlert&) { told = virtual_clock.now(); }});
    EXPECT_FALSE(watcher.look());
    publish_until_full(producer);
    const TimePoint owed = virtual_clock.now();
    ASSERT_TRUE(watcher.watch_until(virtual_clock.now() + 1s));
    EXPECT_GE(told - owed, 100ms);
    EXPECT_LE(told - owed, 100ms + 2 * interval + slack);
    EXPECT_GE(virtual_clock.now() - owed, 300ms);
    EXPECT_LE(virtual_clock.now() - owed, 300ms + 3 * interval + slack);
    std::filesystem::remove(shm_path(name));
  }
}

TEST_F(Bounds, Of_a_producer_that_tries_and_never_waits) {
  auto producer = Producer<E>::create(name, free_running());
  Victim victim([this] {
    auto consumer = std::make_shared<Consumer<E>>(Consumer<E>::attach(name));
    return [consumer] {};
  });
  publish_until_full(producer);
  victim.die();
  EXPECT_EQ(producer.try_publish(E::of(0)), Publish::ok);  // at once
}

TEST_F(Bounds, Of_a_consumer_whose_producer_dies) {
  for (const Way& way : ways(50ms)) {
    SCOPED_TRACE(way.name);
    expect_consumer_notices_within(way.bound, way.strategy, [](Consumer<E>& consumer) {
      return consumer.wait_poll([](const E&) {}).outcome;
    });
  }
}

TEST_F(Bounds, Of_a_consumer_that_waits_for_a_gating_one_that_dies) {
  for (const Way& way : ways(5ms)) {
    SCOPED_TRACE(way.name);
    expect_noticed_within(way.bound, [&](Duration delay) {
      auto producer = Producer<E>::create(name, {.capacity = 4});
      Victim victim([this] {
        auto first = std::make_shared<Consumer<E>>(Consumer<E>::attach(name, {.id = "first"}));
        return [first] {};
      });
      auto second = Consumer<E>::attach(name, {.wait = way.strategy, .after = {"first"}});
      EXPECT_EQ(producer.publish(E::of(0)), Publish::ok);
      const TimePoint death = kill_in(delay, victim);
      EXPECT_EQ(second.wait_poll([](const E&) {}).outcome, Poll::events);
      return death;
    });
  }
}

TEST_F(Bounds, Of_a_consumer_that_waits_for_a_required_one_that_dies) {
  constexpr auto patience = 20ms;
  expect_noticed_within(patience + 10ms, [&](Duration delay) {
    auto producer = Producer<E>::create(name, {.capacity = 4});
    Victim victim([this] {
      auto first = std::make_shared<Consumer<E>>(
          Consumer<E>::attach(name, {.id = "first", .kind = ConsumerKind::required}));
      return [first] {};
    });
    auto second = Consumer<E>::attach(name, {.after = {"first"}, .predecessor_patience = patience});
    EXPECT_EQ(producer.publish(E::of(0)), Publish::ok);
    const TimePoint death = kill_in(delay, victim);
    EXPECT_EQ(second.wait_poll([](const E&) {}).outcome, Poll::predecessor_missing);
    EXPECT_GE(virtual_clock.now() - death, patience);  // it was given its time
    std::filesystem::remove(shm_path(name));
    return death;
  });
}

TEST_F(Bounds, Of_a_consumer_that_polls_again_and_again) {
  expect_consumer_notices_within(1ms, WaitStrategy::block(), [](Consumer<E>& consumer) {
    Poll outcome = Poll::idle;
    while (outcome == Poll::idle) outcome = consumer.poll([](const E&) {}).outcome;
    return outcome;
  });
}

TEST_F(Bounds, Of_a_consumer_that_waits_for_the_claim_of_a_dead_producer) {
  for (const Way& way : ways(50ms)) {
    SCOPED_TRACE(way.name);
    expect_noticed_within(way.bound, [&](Duration delay) {
      auto producer = Producer<E>::create(name, {.producers = ProducerKind::multi});
      auto consumer = Consumer<E>::attach(name, {.wait = way.strategy});
      Victim victim([this] {
        auto other = std::make_shared<Producer<E>>(Producer<E>::attach(name));
        auto claim = std::make_shared<Claim<E>>(other->claim(1));
        return [other, claim] {};
      });
      EXPECT_EQ(producer.publish(E::of(1)), Publish::ok);  // behind the claim
      const TimePoint death = kill_in(delay, victim);
      EXPECT_EQ(consumer.wait_poll([](const E&) {}).outcome, Poll::events);
      EXPECT_EQ(consumer.voids(), 1U);
      return death;
    });
  }
}

TEST_F(Bounds, Of_a_consumer_that_is_not_woken_because_the_publisher_died_before) {
  expect_noticed_within(50ms, [&](Duration delay) {
    Victim victim([this] {
      auto producer = std::make_shared<Producer<E>>(Producer<E>::create(name));
      return [producer] { producer->publish(E::of(0)); };
    });
    auto consumer = Consumer<E>::attach(name);
    const TimePoint death = virtual_clock.now() + delay;
    virtual_clock.set_event(death, [&victim] {
      victim.act();  // nobody on this clock hears the bell
      victim.die();
    });
    EXPECT_EQ(consumer.wait_poll([](const E&) {}).outcome, Poll::events);
    std::filesystem::remove(shm_path(name));
    return death;
  });
}

TEST_F(Bounds, Of_a_producer_that_is_not_woken_because_the_reader_died_before) {
  expect_noticed_within(5ms, [&](Duration delay) {
    auto producer = Producer<E>::create(name, {.capacity = 4});
    Victim victim([this] {
      auto consumer = std::make_shared<Consumer<E>>(Consumer<E>::attach(name));
      return [consumer] { consumer->poll([](const E&) {}); };
    });
    auto bystander = Consumer<E>::attach(name);
    publish_until_full(producer);
    drain(bystander);
    const TimePoint death = virtual_clock.now() + delay;
    virtual_clock.set_event(death, [&victim] {
      victim.act();
      victim.die();
    });
    EXPECT_EQ(producer.publish(E::of(0)), Publish::ok);
    return death;
  });
}

TEST_F(Bounds, Of_a_successor) {
  expect_noticed_within(1ms, [&](Duration delay) {
    Victim victim([this] {
      auto producer = std::make_shared<Producer<E>>(Producer<E>::create(name));
      return [producer] {};
    });
    const TimePoint death = kill_in(delay, victim);
    auto successor = Producer<E>::attach(name, {.timeout = 10s});
    EXPECT_EQ(successor.predecessor(), ProducerPresence::dead);
    return death;
  });
}

TEST_F(Bounds, Of_the_next_holder_of_an_id) {
  for (const auto kind : {ConsumerKind::gating, ConsumerKind::required}) {
    auto producer = Producer<E>::create(name);
    expect_noticed_within(1ms, [&](Duration delay) {
      Victim victim([this, kind] {
        auto consumer =
            std::make_shared<Consumer<E>>(Consumer<E>::attach(name, {.id = "risk", .kind = kind}));
        return [consumer] {};
      });
      const TimePoint death = kill_in(delay, victim);
      auto next = Consumer<E>::attach(name, {.id = "risk", .kind = kind, .timeout = 10s});
      EXPECT_GE(virtual_clock.now(), death);
      next.resign();
      return death;
    });
  }
}

}  // namespace
}  // namespace disruptor_mp::test
