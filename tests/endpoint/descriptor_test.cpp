// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Consumer::fd: readable exactly when a poll has something to say that was not said; whatever that
// is, whoever it comes from, and on a kernel with futex_waitv and on one without.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "disruptor_mp/os/several_futexes.hpp"
#include "endpoint/drain.hpp"
#include "support/child.hpp"
#include "support/sanitizers.hpp"

namespace disruptor_mp::test {
namespace {

using Event = StampedTick;

constexpr Duration long_enough = 20s;  // for what has to come
constexpr Duration a_while = 60ms;     // for what must not: longer than the longest nap

/// Whether it is readable, or becomes so in this time.
bool readable(int descriptor, Duration patience = Duration::zero()) {
  pollfd polled{.fd = descriptor, .events = POLLIN, .revents = 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  return ::poll(&polled, 1, static_cast<int>(ms)) == 1 && (polled.revents & POLLIN) != 0;
}

/// How many threads this process has.
std::ptrdiff_t threads() {
  // A sanitizer's own thread begins with the first of ours.
  static const bool has_begun = (std::thread([] {}).join(), true);
  static_cast<void>(has_begun);
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                       std::filesystem::directory_iterator());
}

/// Whether it has so many, or soon: one that was joined may be seen for a moment.
bool has_threads(std::ptrdiff_t count) {
  const TimePoint limit = std::chrono::steady_clock::now() + long_enough;
  while (threads() != count) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

class Descriptor : public testing::TestWithParam<bool> {
 protected:
  Descriptor() { os::pretend_to_be_before_futex_waitv(GetParam()); }
  ~Descriptor() override { os::pretend_to_be_before_futex_waitv(false); }

  /// A poll until it has nothing to say. @return the numbers; the last outcome is in `end`.
  Numbers read(Consumer<Event>& consumer) { return drain(consumer, &end); }

  std::string name = unique_ring_name();
  Poll end = Poll::events;
};
INSTANTIATE_TEST_SUITE_P(, Descriptor, testing::Values(false, true), [](const auto& is_old) {
  return is_old.param ? "One_thread_each" : "One_thread_for_all";
});

TEST_P(Descriptor, Is_readable_at_first_and_not_after_a_poll_that_found_nothing) {
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name);
  const int fd = consumer.fd();
  EXPECT_EQ(consumer.fd(), fd);
  EXPECT_TRUE(readable(fd));
  EXPECT_EQ(read(consumer), Numbers{});
  EXPECT_EQ(end, Poll::idle);
  EXPECT_FALSE(readable(fd, a_while));
}

TEST_P(Descriptor, Becomes_readable_by_an_event_and_stays_so_until_all_is_read) {
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name, {.max_batch = 2});
  const int fd = consumer.fd();
  read(consumer);
  for (std::uint64_t round = 0; round < 50; ++round) {
    ASSERT_FALSE(readable(fd));
    publish_numbers(producer, 3);
    ASSERT_TRUE(readable(fd, long_enough)) << round;
    EXPECT_EQ(consumer.poll([](const Event&) {}).count, 2U);
    ASSERT_TRUE(readable(fd));
    EXPECT_EQ(read(consumer), Numbers{3 * round + 2});
  }
}

TEST_P(Descriptor, Does_not_lose_what_comes_between_the_poll_and_the_wait) {
  auto producer = Producer<Event>::create(name, {.capacity = 16});
  auto consumer = Consumer<Event>::attach(name);
  constexpr std::uint64_t count = 3000;
  const int fd = consumer.fd();
  std::thread publishing([&] {
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i % 16 == 0) std::this_thread::yield();
      producer.publish(Event::of(i));
    }
  });
  Numbers seen;
  while (seen.size() < count && readable(fd, long_enough)) {
    const Numbers more = read(consumer);
    seen.insert(seen.end(), more.begin(), more.end());
  }
  publishing.join();
  EXPECT_EQ(seen, numbers(0, count));
}

TEST_P(Descriptor, Tells_edge_triggered_epoll_of_each_change) {
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name);
  const int fd = consumer.fd();
  const int loop = epoll_create1(0);
  epoll_event wanted{.events = EPOLLIN | EPOLLET, .data = {.fd = fd}};
  ASSERT_EQ(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &wanted), 0);
  epoll_event got{};
  ASSERT_EQ(epoll_wait(loop, &got, 1, 0), 1);
  read(consumer);
  for (std::uint64_t i = 0; i < 20; ++i) {
    publish_numbers(producer, 1);
    ASSERT_EQ(epoll_wait(loop, &got, 1, 20'000), 1);
    EXPECT_EQ(read(consumer), Numbers{i});
  }
  close(loop);
}

TEST_P(Descriptor, Tells_of_the_end_for_good) {
  auto producer = std::make_optional(Producer<Event>::create(name));
  auto consumer = Consumer<Event>::attach(name);
  const int fd = consumer.fd();
  read(consumer);
  ASSERT_FALSE(readable(fd));
  producer.reset();
  EXPECT_TRUE(readable(fd, long_enough));
  for (int i = 0; i < 3; ++i) {
    read(consumer);
    EXPECT_EQ(end, Poll::closed);
    EXPECT_TRUE(readable(fd));
  }
}

TEST_P(Descriptor, Is_readable_if_the_end_was_polled_before_it_was_noticed) {
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name);
  const int fd = consumer.fd();
  read(consumer);
  producer.close();
  read(consumer);  // perhaps before the helper
  EXPECT_EQ(end, Poll::closed);
  EXPECT_TRUE(readable(fd));
}

TEST_P(Descriptor, Tells_once_that_the_producer_has_died_and_then_of_its_successor) {
  std::optional<Consumer<Event>> consumer;
  int ready[2];
  int go[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(go), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto producer = Producer<Event>::create(name);
    char byte = 0;
    if (write(ready[1], "x", 1) != 1 || ::read(go[0], &byte, 1) != 1) _exit(1);
    kill(getpid(), SIGKILL);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  consumer.emplace(Consumer<Event>::attach(name));
  const int fd = consumer->fd();
  read(*consumer);
  EXPECT_EQ(end, Poll::idle);
  ASSERT_FALSE(readable(fd, a_while));
  ASSERT_EQ(write(go[1], "x", 1), 1);
  EXPECT_TRUE(readable(fd, long_enough));
  int status = 0;
  waitpid(child, &status, 0);
  read(*consumer);
  EXPECT_EQ(end, Poll::producer_dead);
  EXPECT_FALSE(readable(fd, a_while));
  read(*consumer);
  EXPECT_EQ(end, Poll::producer_dead);  // a poll says it as often as it is asked
  EXPECT_FALSE(readable(fd, a_while));

  auto successor = Producer<Event>::attach(name);
  EXPECT_TRUE(readable(fd, long_enough));
  read(*consumer);
  EXPECT_EQ(end, Poll::idle);
  EXPECT_FALSE(readable(fd, a_while));
  publish_numbers(successor, 1);
  EXPECT_TRUE(readable(fd, long_enough));
  EXPECT_EQ(read(*consumer), Numbers{0});
  successor.detach();
  EXPECT_TRUE(readable(fd, long_enough));
  read(*consumer);
  EXPECT_EQ(end, Poll::producer_left);
  EXPECT_FALSE(readable(fd, a_while));
  for (const int one : {ready[0], ready[1], go[0], go[1]}) close(one);
  auto last = Producer<Event>::attach(name);  // closes the ring
}

TEST_P(Descriptor, Tells_that_the_name_leads_elsewhere_for_good) {
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name);
  const int fd = consumer.fd();
  read(consumer);
  std::filesystem::remove(os::ObjectName::parse(name).path());
  producer.detach();
  EXPECT_TRUE(readable(fd, long_enough));
  for (int i = 0; i < 2; ++i) {
    read(consumer);
    EXPECT_EQ(end, Poll::gone);
    EXPECT_TRUE(readable(fd));
  }
}

TEST_P(Descriptor, Calls_the_hook_by_the_poll_it_asks_for) {
  auto producer = Producer<Event>::create(name);
  std::vector<StreamState> told;
  auto consumer = Consumer<Event>::attach(
      name, {.producer_hook = [&](StreamState state) { told.push_back(state); }});
  const int fd = consumer.fd();
  read(consumer);
  producer.detach();
  ASSERT_TRUE(readable(fd, long_enough));
  read(consumer);
  EXPECT_EQ(told, std::vector{StreamState::left});
  auto successor = Producer<Event>::attach(name);
  ASSERT_TRUE(readable(fd, long_enough));
  read(consumer);
  EXPECT_EQ(told, (std::vector{StreamState::left, StreamState::alive}));
}

TEST_P(Descriptor, Of_an_observer_tells_of_events_also_of_those_behind_which_it_fell) {
  auto producer = Producer<Event>::create(name, {.capacity = 8, .when_alone = WhenAlone::run_free});
  auto observer = Consumer<Event>::attach(name, {.kind = ConsumerKind::observer});
  const int fd = observer.fd();
  read(observer);
  ASSERT_FALSE(readable(fd, a_while));
  publish_numbers(producer, 20);
  EXPECT_TRUE(readable(fd, long_enough));
  const Numbers seen = read(observer);
  EXPECT_EQ(seen.size() + observer.missed(), 20U);
  EXPECT_FALSE(readable(fd, a_while));
}

TEST_P(Descriptor, Of_an_observer_that_may_not_write_the_ring_tells_within_a_nap) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can act as somebody else";
  if (under_tsan)
    GTEST_SKIP() << "a thread sanitizer starts no thread in the child of a process with threads";
  auto producer = Producer<Event>::create(name, {.mode = 0644});
  int idle[2];
  ASSERT_EQ(pipe(idle), 0);
  std::thread publishing([&] {
    char byte = 0;
    if (::read(idle[0], &byte, 1) == 1) publish_numbers(producer, 1);
  });
  const std::string said = in_child([&]() -> std::string {
    constexpr uid_t nobody = 65534;
    if (setresgid(nobody, nobody, nobody) != 0 || setresuid(nobody, nobody, nobody) != 0)
      return "still root";
    auto observer = Consumer<Event>::attach(name, {.kind = ConsumerKind::observer});
    if (observer.segment().can_ring()) return "may write";
    const int fd = observer.fd();
    read(observer);
    if (readable(fd) || write(idle[1], "x", 1) != 1) return "not idle";
    return readable(fd, long_enough) && read(observer) == Numbers{0} ? "told" : "not told";
  });
  EXPECT_EQ(said, "told");
  close(idle[1]);
  publishing.join();
  close(idle[0]);
}

TEST_P(Descriptor, Of_a_member_of_a_graph_tells_when_those_before_have_committed) {
  auto producer = Producer<Event>::create(name);
  auto journal = Consumer<Event>::attach(name, {.id = "journal", .kind = ConsumerKind::required});
  auto risk = Consumer<Event>::attach(name, {.id = "risk", .after = {"journal"}});
  const int fd = risk.fd();
  read(risk);
  EXPECT_EQ(end, Poll::idle);
  for (std::uint64_t i = 0; i < 10; ++i) {
    publish_numbers(producer, 1);
    // It may be told once more, that it waits for another now.
    while (readable(fd, a_while / 10)) {
      EXPECT_EQ(read(risk), Numbers{});
      EXPECT_EQ(end, Poll::gated);
    }
    EXPECT_EQ(drain(journal), Numbers{i});
    ASSERT_TRUE(readable(fd, long_enough)) << i;
    EXPECT_EQ(read(risk), Numbers{i});
    EXPECT_EQ(end, Poll::idle);
  }
}

TEST_P(Descriptor, Tells_of_a_predecessor_that_is_missing_and_when_it_is_back) {
  auto producer = Producer<Event>::create(name);
  auto journal = std::make_optional(Consumer<Event>::attach(
      name, {.id = "journal", .kind = ConsumerKind::required, .start = Start::resume}));
  auto risk = Consumer<Event>::attach(
      name, {.id = "risk", .after = {"journal"}, .predecessor_patience = 5ms});
  const int fd = risk.fd();
  publish_numbers(producer, 1);
  read(risk);
  EXPECT_EQ(end, Poll::gated);
  EXPECT_FALSE(readable(fd, a_while));
  journal.reset();
  ASSERT_TRUE(readable(fd, long_enough));
  read(risk);
  EXPECT_EQ(end, Poll::predecessor_missing);
  EXPECT_FALSE(readable(fd, a_while));
  journal.emplace(Consumer<Event>::attach(
      name, {.id = "journal", .kind = ConsumerKind::required, .start = Start::resume}));
  ASSERT_TRUE(readable(fd, long_enough));
  read(risk);
  EXPECT_EQ(end, Poll::gated);
  drain(*journal);
  ASSERT_TRUE(readable(fd, long_enough));
  EXPECT_EQ(read(risk), Numbers{0});
}

TEST_P(Descriptor, Gets_past_a_gating_predecessor_that_died) {
  auto producer = Producer<Event>::create(name);
  ASSERT_EQ(in_child([&] {
              auto gone = Consumer<Event>::attach(name, {.id = "gone"});
              die();
            }),
            died);
  auto risk = Consumer<Event>::attach(name, {.id = "risk", .after = {"gone"}});
  const int fd = risk.fd();
  publish_numbers(producer, 1);
  Numbers seen;
  while (seen.empty() && readable(fd, long_enough)) seen = read(risk);
  EXPECT_EQ(seen, Numbers{0});
}

TEST_P(Descriptor, Tells_of_what_a_dead_one_of_several_producers_left_void) {
  auto producer = Producer<Event>::create(name, {.producers = ProducerKind::multi});
  auto consumer = Consumer<Event>::attach(name);
  const int fd = consumer.fd();
  read(consumer);
  ASSERT_EQ(in_child([&] {
              auto other = Producer<Event>::attach(name);
              auto claim = other.claim(2);
              die();
            }),
            died);
  publish_numbers(producer, 0);
  EXPECT_EQ(producer.publish(Event::of(2)), Publish::ok);
  Numbers seen;
  while (seen.empty() && readable(fd, long_enough)) seen = read(consumer);
  EXPECT_EQ(seen, Numbers{2});
  EXPECT_EQ(consumer.voids(), 2U);
}

TEST_P(Descriptor, Revokes_the_claim_of_one_that_does_not_go_on) {
  auto producer = Producer<Event>::create(
      name, {.producers = ProducerKind::multi, .revoke_stopped_after = 5ms});
  auto other = Producer<Event>::attach(name);
  auto consumer = Consumer<Event>::attach(name);
  const int fd = consumer.fd();
  read(consumer);
  auto claim = other.claim(1);
  EXPECT_EQ(producer.publish(Event::of(1)), Publish::ok);
  Numbers seen;
  while (seen.empty() && readable(fd, long_enough)) seen = read(consumer);
  EXPECT_EQ(seen, Numbers{1});
  EXPECT_EQ(claim.publish(), Publish::revoked);
}

TEST_P(Descriptor, Tells_one_that_a_producer_went_on_without_it) {
  auto producer = Producer<Event>::create(name, {.capacity = 4});
  auto consumer = Consumer<Event>::attach(name, {.id = "slow",
                                                 .kind = ConsumerKind::required,
                                                 .may_be_passed_over = true,
                                                 .commit = Commit::by_hand});
  const int fd = consumer.fd();
  publish_until_full(producer);
  read(consumer);  // and commits nothing: there is nothing else to be told
  ASSERT_EQ(end, Poll::idle);
  ASSERT_FALSE(readable(fd, a_while));
  producer.enable_liveness({.required_consumer_ids = {"slow"},
                            .progress_timeout = 5ms,
                            .progress_check_interval = 1ms,
                            .shutdown_grace_period = 1ms,
                            .failure_action = FailureAction::continue_without});
  while (!consumer.passed_over()) {
    producer.watch();
    std::this_thread::sleep_for(1ms);
  }
  ASSERT_TRUE(readable(fd, long_enough));
  read(consumer);
  EXPECT_EQ(end, Poll::passed_over);
  EXPECT_TRUE(readable(fd));
  read(consumer);
  EXPECT_EQ(end, Poll::idle);
  EXPECT_FALSE(readable(fd, a_while));
}

TEST_P(Descriptor, Is_made_readable_by_an_interrupt_which_the_next_poll_tells_once) {
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name);
  const int fd = consumer.fd();
  read(consumer);
  std::thread([&] { consumer.interrupt(); }).join();
  ASSERT_TRUE(readable(fd, long_enough));
  read(consumer);
  EXPECT_EQ(end, Poll::interrupted);
  read(consumer);
  EXPECT_EQ(end, Poll::idle);
  EXPECT_FALSE(readable(fd, a_while));
}

TEST_P(Descriptor, Goes_with_a_consumer_that_moves_and_is_closed_when_it_leaves) {
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name);
  const int fd = consumer.fd();
  read(consumer);
  {
    auto moved = std::move(consumer);
    EXPECT_EQ(moved.fd(), fd);
    publish_numbers(producer, 1);
    EXPECT_TRUE(readable(fd, long_enough));
    EXPECT_EQ(read(moved), Numbers{0});
    EXPECT_FALSE(readable(fd, a_while));
    moved.resign();
  }
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

TEST_P(Descriptor, Needs_one_thread_for_all_or_one_each_and_none_afterwards) {
  auto producer = Producer<Event>::create(name);
  const std::ptrdiff_t before = threads();
  {
    std::vector<Consumer<Event>> consumers;
    for (int i = 0; i < 5; ++i) {
      consumers.push_back(Consumer<Event>::attach(name));
      EXPECT_TRUE(has_threads(before + (os::can_sleep_on_several() ? (i == 0 ? 0 : 1) : i)));
      static_cast<void>(consumers.back().fd());
    }
    for (auto& consumer : consumers) read(consumer);
    publish_numbers(producer, 1);
    for (auto& consumer : consumers) EXPECT_TRUE(readable(consumer.fd(), long_enough));
    while (consumers.size() > 1) consumers.pop_back();
    EXPECT_TRUE(has_threads(before + 1));
  }
  EXPECT_TRUE(has_threads(before));
  auto late = Consumer<Event>::attach(name);
  EXPECT_TRUE(readable(late.fd()));
  EXPECT_TRUE(has_threads(before + 1));
}

TEST_P(Descriptor, Serves_more_consumers_than_a_thread_can_sleep_for) {
  if (!os::can_sleep_on_several()) GTEST_SKIP() << "one thread each";
  constexpr std::size_t count = os::most_futexes + 20;
  auto producer = Producer<Event>::create(name);
  const std::ptrdiff_t before = threads();
  std::vector<Consumer<Event>> consumers;
  for (std::size_t i = 0; i < count; ++i) {
    consumers.push_back(Consumer<Event>::attach(name, {.kind = ConsumerKind::observer}));
    static_cast<void>(consumers.back().fd());
    read(consumers.back());
  }
  EXPECT_TRUE(has_threads(before + 2));
  publish_numbers(producer, 1);
  for (auto& consumer : consumers) EXPECT_TRUE(readable(consumer.fd(), long_enough));
}

TEST_P(Descriptor, May_be_made_and_closed_by_several_threads_at_once) {
  auto producer = Producer<Event>::create(name);
  const std::ptrdiff_t before = threads();
  std::vector<std::thread> all;
  for (int i = 0; i < 4; ++i) {
    all.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        auto consumer = Consumer<Event>::attach(name);
        EXPECT_TRUE(readable(consumer.fd()));
        Poll outcome = Poll::events;
        drain(consumer, &outcome);
        EXPECT_EQ(outcome, Poll::idle);
        consumer.interrupt();
        EXPECT_TRUE(readable(consumer.fd(), long_enough));
      }
    });
  }
  for (auto& thread : all) thread.join();
  EXPECT_TRUE(has_threads(before));
}

TEST_P(Descriptor, Asks_soon_for_the_death_of_one_it_has_begun_to_wait_for) {
  // What was asked last, long ago, was whether the producer lives; now somebody else is in the way.
  auto producer = Producer<Event>::create(name);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto gone = Consumer<Event>::attach(name, {.id = "gone"});
    char byte = 0;
    close(ends[1]);
    _exit(::read(ends[0], &byte, 1) == 0 ? 0 : 1);  // without leaving
  }
  close(ends[0]);
  producer.wait_for_consumers({"gone"}, long_enough);
  auto risk = Consumer<Event>::attach(name, {.id = "risk", .after = {"gone"}});
  const int fd = risk.fd();
  read(risk);
  EXPECT_FALSE(readable(fd, 300ms));  // its naps are long by now
  publish_numbers(producer, 1);
  EXPECT_FALSE(readable(fd, 20ms));  // the bell rang, and it is gated
  close(ends[1]);
  int status = 0;
  waitpid(child, &status, 0);
  const TimePoint death = std::chrono::steady_clock::now();
  EXPECT_TRUE(readable(fd, long_enough));
  EXPECT_LT(std::chrono::steady_clock::now() - death, 2s);  // 5 ms, on an idle machine
  EXPECT_EQ(read(risk), Numbers{0});
}

TEST_P(Descriptor, Lets_the_helper_sleep_on_the_bell_that_is_rung_for_what_is_lacking) {
  auto producer = Producer<Event>::create(name);
  auto journal = Consumer<Event>::attach(name, {.id = "journal"});
  auto risk = Consumer<Event>::attach(name, {.id = "risk", .after = {"journal"}});
  const format::Bells& bells = producer.segment().bells();
  const int fd = risk.fd();
  for (std::uint64_t i = 0; i < 5; ++i) {
    read(risk);
    ASSERT_TRUE(has_sleeper(bells.data));
    publish_numbers(producer, 1);
    ASSERT_TRUE(has_sleeper(bells.gates));
    EXPECT_FALSE(readable(fd));
    drain(journal);
    ASSERT_TRUE(readable(fd, long_enough));
    EXPECT_EQ(read(risk), Numbers{i});
  }
}

/// The helper is kept from looking while a consumer that is told to have nothing to read reads on
/// its own: behind a lap its slot holds another event.
template <class E>
void expect_told_behind_a_lap(const std::string& ring) {
  auto producer = Producer<E>::create(ring, {.capacity = 1});
  auto consumer = Consumer<E>::attach(ring);
  const int fd = consumer.fd();

  // One thread looks out for both; another consumer's hook keeps it waiting.
  const std::string other = unique_ring_name();
  auto leaving = Producer<E>::create(other);
  std::atomic<bool> is_held = false;
  std::atomic<bool> may_go_on = false;
  auto holding = Consumer<E>::attach(other, {.producer_hook = [&](StreamState state) {
                                       if (state != StreamState::left) return;
                                       is_held = true;
                                       while (!may_go_on) std::this_thread::sleep_for(1ms);
                                     }});
  static_cast<void>(holding.fd());
  leaving.detach();
  std::thread held([&] {
    while (!is_held) holding.poll([](const E&) {});
  });
  while (!is_held) std::this_thread::yield();

  drain(consumer);  // is told there is nothing
  publish_numbers(producer, 1);
  EXPECT_EQ(consumer.poll([](const E&) {}).count, 1U);
  publish_numbers(producer, 1);
  may_go_on = true;
  held.join();
  EXPECT_TRUE(readable(fd, long_enough));
  EXPECT_EQ(drain(consumer), Numbers{1});
  auto last = Producer<E>::attach(other);  // closes it
}

TEST_P(Descriptor, Tells_of_an_event_whose_predecessor_was_read_before_the_helper_saw_it) {
  expect_told_behind_a_lap<StampedTick>(unique_ring_name());
  expect_told_behind_a_lap<PackedTick>(unique_ring_name());
}

TEST_P(Descriptor, Sleeps_when_there_is_nothing_to_do) {
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name);
  const int fd = consumer.fd();
  read(consumer);
  const auto switches = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw + usage.ru_nivcsw;
  };
  readable(fd, 150ms);  // until its naps are long
  const auto before = switches();
  readable(fd, 500ms);
  EXPECT_LT(switches() - before, 60);  // a nap is 50 ms
}

TEST_P(Descriptor, Stays_the_parents_over_a_fork) {
  if (under_asan || under_tsan)
    GTEST_SKIP() << "a sanitizer may hold a lock of its own in a thread that the child has not got";
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name);
  const int fd = consumer.fd();
  read(consumer);
  const std::string said = in_child([&]() -> std::string {
    std::string text(to_string(consumer.poll([](const Event&) {}).outcome));
    try {
      static_cast<void>(consumer.fd());
    } catch (const Error& error) {
      text += " " + std::string(to_string(error.code()));
    }
    // One of its own has a thread of its own.
    auto own = Consumer<Event>::attach(name);
    const int descriptor = own.fd();
    read(own);
    if (readable(descriptor, a_while)) return "readable";
    own.interrupt();
    return text + (readable(descriptor, long_enough) ? " rung" : " not rung");
  });
  EXPECT_EQ(said, "used_after_fork used_after_fork rung");
  EXPECT_FALSE(readable(fd, a_while));
  publish_numbers(producer, 1);
  EXPECT_TRUE(readable(fd, long_enough));
  EXPECT_EQ(read(consumer), Numbers{0});
}

TEST_P(Descriptor, Is_not_there_before_it_is_asked_for) {
  auto producer = Producer<Event>::create(name);
  const std::ptrdiff_t before = threads();
  auto consumer = Consumer<Event>::attach(name);
  read(consumer);
  consumer.interrupt();
  read(consumer);
  EXPECT_EQ(end, Poll::idle);  // only who waits, or has a descriptor, is interrupted
  EXPECT_TRUE(has_threads(before));
}

TEST_P(Descriptor, Does_not_disturb_calls_that_wait) {
  auto producer = Producer<Event>::create(name);
  auto consumer = Consumer<Event>::attach(name);
  const int fd = consumer.fd();
  read(consumer);
  std::thread publishing([&] {
    for (std::uint64_t i = 0; i < 500; ++i) producer.publish(Event::of(i));
    producer.close();
  });
  Numbers seen;
  for (const Event& event : consumer) seen.push_back(event.number);
  publishing.join();
  EXPECT_EQ(seen, numbers(0, 500));
  EXPECT_TRUE(readable(fd, long_enough));
}

TEST_P(Descriptor, That_cannot_be_had_is_an_error) {
  if (under_asan) GTEST_SKIP() << "the sanitizer needs descriptors of its own";
  auto producer = Producer<Event>::create(name);
  const std::string said = in_child([&]() -> std::string {
    auto consumer = Consumer<Event>::attach(name);
    rlimit none{.rlim_cur = 0, .rlim_max = 0};
    if (setrlimit(RLIMIT_NOFILE, &none) != 0) return "no limit";
    expect_error(
        Errc::system_error,
        {.object = name, .problem = "no descriptor", .found = "eventfd: ", .remedy = "ulimit"},
        [&] { static_cast<void>(consumer.fd()); });
    return testing::Test::HasFailure() ? "failed" : "refused";
  });
  EXPECT_EQ(said, "refused");
}

}  // namespace
}  // namespace disruptor_mp::test
