// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A handler that runs in a thread: what it is told, what its exceptions do, how it ends.
#include "disruptor_mp/endpoint/event_processor.hpp"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include "endpoint/drain.hpp"
#include "support/sanitizers.hpp"

namespace disruptor_mp::test {
namespace {

using Calls = std::vector<std::string>;

int exit_code_of(pid_t child) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

template <class E>
class Processing : public testing::Test {
 protected:
  Consumer<E> attach(ConsumerOptions options = {}) { return Consumer<E>::attach(name, options); }
  std::size_t room() { return publish_until_full(producer); }

  std::string name = unique_ring_name();
  Producer<E> producer = Producer<E>::create(name, {.capacity = 16});
};
TYPED_TEST_SUITE(Processing, BothLayouts, LayoutName);

/// Notes every call, and throws where it is told to.
struct Notes {
  Calls calls = {};
  std::string throws_at = {};  ///< the call that throws
  int throws = 1'000'000;      ///< how often
  OnError answer = OnError::stop;

  void note(const std::string& call) {
    calls.push_back(call);
    if (call == throws_at && throws-- > 0) throw std::runtime_error(call);
  }
};

struct Recorder {
  Notes* notes;
  void on_start() { notes->note("start"); }
  void on_batch_start(std::size_t size, std::uint64_t depth) {
    notes->note("batch of " + std::to_string(size) + " of " + std::to_string(depth));
  }
  template <class E>
  void on_event(const E& tick, Sequence sequence, bool end_of_batch) {
    EXPECT_EQ(tick.number, sequence.value());
    notes->note(std::to_string(tick.number) + (end_of_batch ? "." : ""));
  }
  void on_batch_end() { notes->note("end of batch"); }
  void on_stop(Poll reason) { notes->note("stop: " + std::string(to_string(reason))); }
  OnError on_error(const std::exception_ptr& error, Sequence sequence) {
    try {
      std::rethrow_exception(error);
    } catch (const std::runtime_error& e) {
      notes->calls.push_back(std::string("error ") + e.what() + " at " +
                             std::to_string(sequence.value()));
    }
    return notes->answer;
  }
};

template <class E>
auto recorder(Consumer<E> consumer, Notes& notes, ProcessorOptions options = {}) {
  return EventProcessor<E, Recorder>(std::move(consumer), Recorder{&notes}, options);
}

TYPED_TEST(Processing, A_handler_is_called_in_the_order_of_a_life) {
  Notes notes;
  auto processor = recorder(this->attach({.max_batch = 2}), notes);
  publish_numbers(this->producer, 3);
  this->producer.close();
  EXPECT_EQ(processor.run(), Poll::closed);
  EXPECT_EQ(notes.calls, (Calls{"start", "batch of 2 of 3", "0", "1.", "end of batch",
                                "batch of 1 of 1", "2.", "end of batch", "stop: closed"}));
  EXPECT_EQ(processor.consumer().next_sequence(), Sequence(3));
}

TYPED_TEST(Processing, A_plain_function_is_a_handler) {
  Numbers seen;
  EventProcessor processor(this->attach(),
                           [&](const TypeParam& tick) { seen.push_back(tick.number); });
  processor.start();
  for (std::uint64_t i = 0; i < 1000; ++i)
    EXPECT_EQ(this->producer.publish(TypeParam::of(i)), Publish::ok);
  this->producer.close();
  EXPECT_EQ(processor.join(), Poll::closed);
  EXPECT_FALSE(processor.is_running());
  EXPECT_EQ(seen, numbers(0, 1000));
}

TYPED_TEST(Processing, Whole_batches_are_handled_and_released_early) {
  struct Batches {
    Producer<TypeParam>* producer;
    EventProcessor<TypeParam, Batches>* processor = nullptr;
    std::vector<std::size_t> sizes = {};
    std::size_t room_inside = 0;
    void on_batch(Lease<TypeParam>& batch) {
      sizes.push_back(batch.size());
      processor->stop();
      batch.release_first(6);
      room_inside = producer->remaining_capacity();
    }
  };
  EventProcessor processor(this->attach(), Batches{.producer = &this->producer});
  EXPECT_EQ(this->room(), 16U);
  processor.handler().processor = &processor;
  EXPECT_EQ(processor.run(), Poll::interrupted);
  EXPECT_EQ(processor.handler().sizes, (std::vector<std::size_t>{16}));
  EXPECT_EQ(processor.handler().room_inside, 6U);
  EXPECT_EQ(this->producer.remaining_capacity(), 16U) << "stopped, and the batch was finished";
}

TYPED_TEST(Processing, An_observer_processes_copies_one_by_one) {
  Numbers seen;
  EventProcessor processor(this->attach({.kind = ConsumerKind::observer}),
                           [&](const TypeParam& tick, Sequence) { seen.push_back(tick.number); });
  publish_numbers(this->producer, 5);
  this->producer.close();
  EXPECT_EQ(processor.run(), Poll::closed);
  EXPECT_EQ(seen, numbers(0, 5));
}

// --- Exceptions

TYPED_TEST(Processing, Without_an_error_callback_the_first_exception_ends_it) {
  EventProcessor processor(this->attach({.id = "risk"}), [](const TypeParam& tick) {
    if (tick.number == 3) throw std::runtime_error("three");
  });
  publish_numbers(this->producer, 6);
  processor.start();
  EXPECT_THROW(processor.join(), std::runtime_error);
  EXPECT_EQ(processor.consumer().next_sequence(), Sequence(3)) << "it comes again";
  EXPECT_EQ(this->producer.remaining_capacity(), 13U) << "what came before is committed";
  processor.start();
  EXPECT_THROW(processor.join(), std::runtime_error) << "and throws again";
  EXPECT_EQ(drain(processor.consumer()), numbers(3, 3));
}

TYPED_TEST(Processing, The_error_callback_may_stop) {
  Notes notes{.throws_at = "1", .answer = OnError::stop};
  auto processor = recorder(this->attach(), notes);
  publish_numbers(this->producer, 3);
  EXPECT_THROW(processor.run(), std::runtime_error);
  EXPECT_EQ(notes.calls,
            (Calls{"start", "batch of 3 of 3", "0", "1", "error 1 at 1", "stop: idle"}));
  EXPECT_EQ(processor.consumer().next_sequence(), Sequence(0)) << "no end of batch has stored 0";
  EXPECT_EQ(this->producer.remaining_capacity(), 13U);
}

TYPED_TEST(Processing, The_error_callback_may_skip_the_event) {
  for (const std::string at : {"0", "1", "2."}) {
    Notes notes{.throws_at = at, .answer = OnError::skip};
    auto producer = Producer<TypeParam>::create(unique_ring_name(), {.capacity = 4});
    auto processor = recorder(Consumer<TypeParam>::attach(producer.segment().name()), notes);
    publish_numbers(producer, 3);
    producer.close();
    EXPECT_EQ(processor.run(), Poll::closed);
    Calls expected{"start", "batch of 3 of 3", "0", "1", "2.", "end of batch", "stop: closed"};
    const auto place = std::find(expected.begin(), expected.end(), at);
    expected.insert(place + 1, "error " + at + " at " + at.substr(0, 1));
    EXPECT_EQ(notes.calls, expected);
    EXPECT_EQ(processor.consumer().next_sequence(), Sequence(3));
  }
}

TYPED_TEST(Processing, The_error_callback_may_begin_the_batch_anew) {
  for (const std::string at : {"batch of 3 of 3", "0", "1", "2.", "end of batch"}) {
    Notes notes{.throws_at = at, .throws = 2, .answer = OnError::retry_batch};
    auto producer = Producer<TypeParam>::create(unique_ring_name(), {.capacity = 4});
    auto processor = recorder(Consumer<TypeParam>::attach(producer.segment().name()), notes);
    publish_numbers(producer, 3);
    producer.close();
    EXPECT_EQ(processor.run(), Poll::closed);
    const Calls batch{"batch of 3 of 3", "0", "1", "2.", "end of batch"};
    const auto last = std::find(batch.begin(), batch.end(), at) + 1;
    const std::string error_at = at[0] == 'b' ? "0" : at[0] == 'e' ? "3" : at.substr(0, 1);
    Calls expected{"start"};
    for (int attempt = 0; attempt < 2; ++attempt) {
      expected.insert(expected.end(), batch.begin(), last);
      expected.push_back("error " + at + " at " + error_at);
    }
    expected.insert(expected.end(), batch.begin(), batch.end());
    expected.emplace_back("stop: closed");
    EXPECT_EQ(notes.calls, expected);
  }
}

TYPED_TEST(Processing, A_batch_begins_anew_only_so_often) {
  Notes notes{.throws_at = "1.", .answer = OnError::retry_batch};
  auto processor = recorder(this->attach(), notes, {.most_retries = 3});
  publish_numbers(this->producer, 2);
  EXPECT_THROW(processor.run(), std::runtime_error);
  EXPECT_EQ(std::count(notes.calls.begin(), notes.calls.end(), "1."), 4);
  EXPECT_EQ(processor.consumer().next_sequence(), Sequence(0));
}

TYPED_TEST(Processing, Each_batch_has_retries_of_its_own) {
  struct FailsOnceAnEvent {
    std::uint64_t failed_on = ~std::uint64_t{0};
    void on_event(const TypeParam& tick) {
      if (std::exchange(failed_on, tick.number) != tick.number) throw std::runtime_error("once");
    }
    OnError on_error(const std::exception_ptr&, Sequence) { return OnError::retry_batch; }
  };
  EventProcessor processor(this->attach({.max_batch = 1}), FailsOnceAnEvent{}, {.most_retries = 1});
  publish_numbers(this->producer, 8);
  this->producer.close();
  EXPECT_EQ(processor.run(), Poll::closed);
}

TYPED_TEST(Processing, With_progress_per_event_a_batch_begins_anew_behind_what_is_committed) {
  Notes notes{.throws_at = "2.", .throws = 1, .answer = OnError::retry_batch};
  auto processor = recorder(this->attach({.commit = Commit::per_event}), notes);
  publish_numbers(this->producer, 3);
  this->producer.close();
  EXPECT_EQ(processor.run(), Poll::closed);
  EXPECT_EQ(notes.calls, (Calls{"start", "batch of 3 of 3", "0", "1", "2.", "error 2. at 2",
                                "batch of 1 of 1", "2.", "end of batch", "stop: closed"}));
}

TYPED_TEST(Processing, What_belongs_to_no_event_is_told_and_skipped_or_ends_it) {
  Notes skipping{.throws_at = "start", .answer = OnError::skip};
  auto first = recorder(this->attach({.id = "first"}), skipping);
  Notes stopping{.throws_at = "start", .answer = OnError::retry_batch};
  auto second = recorder(this->attach({.id = "second"}), stopping);
  Notes late{.throws_at = "stop: closed"};
  auto third = recorder(this->attach({.id = "third"}), late);
  publish_numbers(this->producer, 1);
  this->producer.close();
  EXPECT_EQ(first.run(), Poll::closed);
  EXPECT_EQ(skipping.calls, (Calls{"start", "error start at 0", "batch of 1 of 1", "0.",
                                   "end of batch", "stop: closed"}));
  EXPECT_THROW(second.run(), std::runtime_error);
  EXPECT_EQ(stopping.calls, (Calls{"start", "error start at 0", "stop: idle"}));
  EXPECT_THROW(third.run(), std::runtime_error);
  EXPECT_EQ(third.consumer().next_sequence(), Sequence(1));
}

TYPED_TEST(Processing, An_end_of_batch_that_throws_commits_nothing) {
  Notes notes{.throws_at = "end of batch", .throws = 1};
  auto processor = recorder(this->attach(), notes);
  publish_numbers(this->producer, 3);
  EXPECT_THROW(processor.run(), std::runtime_error);
  EXPECT_EQ(notes.calls.back(), "stop: idle");
  EXPECT_EQ(this->producer.remaining_capacity(), 13U);
  this->producer.close();
  EXPECT_EQ(processor.run(), Poll::closed);
  EXPECT_EQ(std::count(notes.calls.begin(), notes.calls.end(), "2."), 2) << "they came again";
}

TYPED_TEST(Processing, The_error_callback_may_skip_what_stands_around_a_batch) {
  for (const std::string at : {"batch of 2 of 2", "end of batch"}) {
    Notes notes{.throws_at = at, .answer = OnError::skip};
    auto producer = Producer<TypeParam>::create(unique_ring_name(), {.capacity = 4});
    auto processor = recorder(Consumer<TypeParam>::attach(producer.segment().name()), notes);
    publish_numbers(producer, 2);
    producer.close();
    EXPECT_EQ(processor.run(), Poll::closed);
    EXPECT_EQ(notes.calls.size(), 7U);
    EXPECT_EQ(processor.consumer().next_sequence(), Sequence(2));
  }
}

/// Its error callback throws too.
struct ThrowsTwice {
  template <class E>
  void on_event(const E& tick) {
    if (tick.number == 2) throw std::runtime_error("the event");
  }
  OnError on_error(const std::exception_ptr&, Sequence) {
    throw std::logic_error("the error callback");
  }
};
struct ThrowsTwiceAndEndsBatches : ThrowsTwice {
  void on_batch_end() {}
};

TYPED_TEST(Processing, What_the_error_callback_throws_ends_it) {
  publish_numbers(this->producer, 4);
  EventProcessor first(this->attach(), ThrowsTwice{});
  EventProcessor second(this->attach(), ThrowsTwiceAndEndsBatches{});
  EXPECT_THROW(first.run(), std::logic_error);
  EXPECT_EQ(first.consumer().next_sequence(), Sequence(2)) << "what came before is handled";
  EXPECT_THROW(second.run(), std::logic_error);
  EXPECT_EQ(second.consumer().next_sequence(), Sequence(0)) << "or not, before its batch's end";
}

TYPED_TEST(Processing, What_is_thrown_while_idle_is_told) {
  struct Handler {
    OnError answer;
    int calls = 0;
    void on_event(const TypeParam&) {}
    void on_idle() {
      if (++calls == 2) answer = OnError::retry_batch;  // there is none: it ends
      throw std::runtime_error("idle");
    }
    OnError on_error(const std::exception_ptr&, Sequence) { return answer; }
  };
  EventProcessor processor(this->attach(), Handler{.answer = OnError::skip}, {.idle_after = 1ms});
  EXPECT_THROW(processor.run(), std::runtime_error);
  EXPECT_EQ(processor.handler().calls, 2);
}

/// Throws on its first batches, having released one event of each.
template <class E>
struct FailingBatches {
  OnError answer;
  int failures = 2;
  bool releases_all = false;
  Numbers seen = {};
  int ends = 0;
  std::function<void()> at_end = [] {};
  void on_batch(Lease<E>& batch) {
    for (const E& tick : batch) seen.push_back(tick.number);
    if (failures-- <= 0) return;
    batch.release_first(releases_all ? batch.size() : 1);
    throw std::runtime_error("a batch");
  }
  void on_batch_end() {
    ++ends;
    at_end();
  }
  OnError on_error(const std::exception_ptr&, Sequence) { return answer; }
};

TYPED_TEST(Processing, A_batch_begins_anew_behind_what_was_released_early) {
  for (const Commit commit : {Commit::per_batch, Commit::by_hand}) {
    EventProcessor processor(this->attach({.commit = commit}),
                             FailingBatches<TypeParam>{.answer = OnError::retry_batch});
    const std::uint64_t first = this->producer.next_sequence().value();
    EXPECT_EQ(processor.consumer().next_sequence().value(), 0U);
    while (processor.consumer().try_next() != std::nullopt) continue;
    publish_numbers(this->producer, 3);
    processor.handler().at_end = [&] { processor.stop(); };
    EXPECT_EQ(processor.run(), Poll::interrupted);
    EXPECT_EQ(processor.handler().seen,
              (Numbers{first, first + 1, first + 2, first + 1, first + 2, first + 2}));
    EXPECT_EQ(processor.handler().ends, 1);
  }
}

TYPED_TEST(Processing, Of_a_batch_that_throws_the_rest_may_be_skipped_or_come_again) {
  publish_numbers(this->producer, 4);
  EventProcessor skips(this->attach(),
                       FailingBatches<TypeParam>{.answer = OnError::skip, .failures = 1});
  EventProcessor stops(this->attach(), FailingBatches<TypeParam>{.answer = OnError::stop});
  EventProcessor has_all(this->attach(), FailingBatches<TypeParam>{.answer = OnError::retry_batch,
                                                                   .releases_all = true});
  this->producer.close();
  EXPECT_EQ(skips.run(), Poll::closed);
  EXPECT_EQ(skips.handler().seen, numbers(0, 4));
  EXPECT_EQ(skips.consumer().next_sequence(), Sequence(4));
  EXPECT_THROW(stops.run(), std::runtime_error);
  EXPECT_EQ(stops.consumer().next_sequence(), Sequence(1)) << "one was released";
  EXPECT_EQ(has_all.run(), Poll::closed);
  EXPECT_EQ(has_all.handler().seen, numbers(0, 4)) << "nothing was left to begin anew";
  EXPECT_EQ(has_all.handler().ends, 1);
}

// --- Progress

TYPED_TEST(Processing, Progress_by_hand_is_committed_where_the_handler_says) {
  struct Blocks {
    Consumer<TypeParam>* consumer = nullptr;
    Producer<TypeParam>* producer = nullptr;
    std::vector<std::uint64_t> room = {};
    bool fails = true;
    std::function<void()> at_end = [] {};
    void on_start(Consumer<TypeParam>& its) { consumer = &its; }
    void on_event(const TypeParam& tick) {
      if (tick.number == 2) consumer->commit();  // 0 and 1
      room.push_back(producer->remaining_capacity());
    }
    void on_batch_end() {
      if (std::exchange(fails, false)) throw std::runtime_error("the disk is full");
      consumer->commit();
      room.push_back(producer->remaining_capacity());
      at_end();
    }
    OnError on_error(const std::exception_ptr&, Sequence) { return OnError::retry_batch; }
    void on_stop(Poll) { room.push_back(producer->remaining_capacity()); }
  };
  EventProcessor processor(this->attach({.commit = Commit::by_hand}),
                           Blocks{.producer = &this->producer});
  publish_numbers(this->producer, 4);
  processor.handler().at_end = [&] { processor.stop(); };
  EXPECT_EQ(processor.run(), Poll::interrupted);
  // Two events of four, then again from the third, which is the first that is not committed.
  EXPECT_EQ(processor.handler().room, (std::vector<std::uint64_t>{12, 12, 14, 14, 14, 14, 16, 16}));
}

TYPED_TEST(Processing, A_batch_that_is_stopped_is_brought_to_an_end) {
  struct Gathers {
    EventProcessor<TypeParam, Gathers>* processor = nullptr;
    Numbers gathered = {};
    Numbers stored = {};
    void on_event(const TypeParam& tick) {
      gathered.push_back(tick.number);
      if (tick.number == 2) processor->stop();
    }
    void on_batch_end() { stored = gathered; }
  };
  EventProcessor processor(this->attach(), Gathers{});
  processor.handler().processor = &processor;
  publish_numbers(this->producer, 10);
  EXPECT_EQ(processor.run(), Poll::interrupted);
  EXPECT_EQ(processor.handler().stored, numbers(0, 3));
  EXPECT_EQ(this->producer.remaining_capacity(), 9U) << "what is stored is committed, no more";
}

// --- Ending

TYPED_TEST(Processing, It_stops_after_the_event_in_hand) {
  std::promise<void> in_hand;
  std::promise<void> goes_on;
  EventProcessor processor(this->attach(), [&](const TypeParam& tick) {
    if (tick.number != 2) return;
    in_hand.set_value();
    goes_on.get_future().wait();
  });
  publish_numbers(this->producer, 10);
  processor.start();
  in_hand.get_future().wait();
  EXPECT_TRUE(processor.is_running());
  processor.stop();
  goes_on.set_value();
  EXPECT_EQ(processor.join(), Poll::interrupted);
  EXPECT_EQ(processor.consumer().next_sequence(), Sequence(3));
  EXPECT_EQ(drain(processor.consumer()), numbers(3, 7)) << "nothing is lost";
}

TYPED_TEST(Processing, It_stops_at_once_while_it_waits_in_the_kernel) {
  std::promise<void> idle;
  struct Handler {
    std::promise<void>* idle;
    bool has_told = false;
    void on_event(const TypeParam&) {}
    void on_idle() {
      if (!std::exchange(has_told, true)) idle->set_value();
    }
  };
  EventProcessor processor(this->attach({.wait = WaitStrategy::block(0)}), Handler{.idle = &idle},
                           {.idle_after = 1ms});
  processor.start();
  idle.get_future().wait();
  processor.stop();
  EXPECT_EQ(processor.join(), Poll::interrupted);
}

TYPED_TEST(Processing, It_stops_though_every_event_throws) {
  struct Handler {
    OnError answer;
    EventProcessor<TypeParam, Handler>* processor = nullptr;
    int calls = 0;
    void on_event(const TypeParam&) {
      if (++calls == 3) processor->stop();
      throw std::runtime_error("each");
    }
    OnError on_error(const std::exception_ptr&, Sequence) { return answer; }
  };
  publish_numbers(this->producer, 10);
  EventProcessor skips(this->attach(), Handler{.answer = OnError::skip});
  EventProcessor retries(this->attach(), Handler{.answer = OnError::retry_batch},
                         {.most_retries = ~std::uint64_t{0}});
  for (auto* processor : {&skips, &retries}) {
    processor->handler().processor = processor;
    EXPECT_EQ(processor->run(), Poll::interrupted);
    EXPECT_EQ(processor->handler().calls, 3);
  }
  EXPECT_EQ(skips.consumer().next_sequence(), Sequence(3));
  EXPECT_EQ(retries.consumer().next_sequence(), Sequence(0));
}

TYPED_TEST(Processing, A_stop_that_races_with_the_start_is_not_lost) {
  EventProcessor processor(this->attach(), [](const TypeParam&) {});
  for (int round = 0; round < 200; ++round) {
    processor.start();
    processor.stop();
    ASSERT_EQ(processor.join(), Poll::interrupted);
  }
}

TYPED_TEST(Processing, It_may_be_started_again_and_goes_on_where_it_stopped) {
  Numbers seen;
  EventProcessor processor(this->attach(),
                           [&](const TypeParam& tick) { seen.push_back(tick.number); });
  publish_numbers(this->producer, 4);
  processor.start();
  while (processor.is_running() && this->producer.remaining_capacity() != 16)
    std::this_thread::yield();
  processor.stop();
  EXPECT_EQ(processor.join(), Poll::interrupted);
  publish_numbers(this->producer, 4);
  this->producer.close();
  processor.start();
  EXPECT_EQ(processor.join(), Poll::closed);
  EXPECT_EQ(seen, numbers(0, 8));
}

TYPED_TEST(Processing, A_second_start_is_refused) {
  EventProcessor processor(this->attach(), [](const TypeParam&) {});
  processor.start();
  expect_error(Errc::invalid_option, {.problem = "started already", .remedy = "join"},
               [&] { processor.start(); });
  expect_error(Errc::invalid_option, {.found = "a second start"}, [&] { processor.run(); });
  processor.stop();
  EXPECT_EQ(processor.join(), Poll::interrupted);
}

TYPED_TEST(Processing, One_that_has_ended_is_joined_before_it_starts_again) {
  EventProcessor processor(this->attach(), [](const TypeParam&) {});
  this->producer.close();
  processor.start();
  while (processor.is_running()) std::this_thread::yield();
  expect_error(Errc::invalid_option, {.remedy = "join"}, [&] { processor.start(); });
  EXPECT_FALSE(processor.is_running()) << "the refused start changed nothing";
  EXPECT_EQ(processor.join(), Poll::closed);
  processor.start();
  EXPECT_EQ(processor.join(), Poll::closed);
}

TYPED_TEST(Processing, Without_a_thread_it_does_not_run) {
  pthread_attr_t usual;
  pthread_attr_t huge;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  ASSERT_EQ(pthread_getattr_default_np(&huge), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&huge, std::size_t{1} << 50U), 0);
  EventProcessor processor(this->attach(), [](const TypeParam&) {});
  ASSERT_EQ(pthread_setattr_default_np(&huge), 0);
  EXPECT_THROW(processor.start(), std::system_error);
  ASSERT_EQ(pthread_setattr_default_np(&usual), 0);
  EXPECT_FALSE(processor.is_running());
  this->producer.close();
  EXPECT_EQ(processor.run(), Poll::closed);
}

TYPED_TEST(Processing, One_that_was_never_started_has_nothing_to_tell) {
  EventProcessor processor(this->attach(), [](const TypeParam&) {});
  processor.stop();
  EXPECT_EQ(processor.join(), Poll::idle);
  this->producer.close();
  EXPECT_EQ(processor.run(), Poll::closed) << "an earlier stop has no effect";
}

TYPED_TEST(Processing, In_the_child_of_a_fork_there_is_no_thread) {
  EventProcessor processor(this->attach(), [](const TypeParam&) {});
  processor.start();
  const pid_t child = fork();
  if (child == 0) {
    std::thread own;  // which may get the identity of the one that is not there
    if (!under_tsan) own = std::thread([] {});
    const bool refused = processor.join() == Poll::used_after_fork && !processor.is_running();
    if (own.joinable()) own.join();
    _exit(refused && processor.run() == Poll::used_after_fork ? 7 : 8);
  }
  EXPECT_EQ(exit_code_of(child), 7);
  processor.stop();
  EXPECT_EQ(processor.join(), Poll::interrupted);
}

TYPED_TEST(Processing, A_handler_that_forks_goes_on_in_the_parent_alone) {
  int exit_code = -1;
  int handled = 0;
  EventProcessor processor(this->attach(), [&](const TypeParam& tick) {
    ++handled;
    if (tick.number != 1) return;
    const pid_t child = fork();
    exit_code = child == 0 ? 0 : exit_code_of(child);
  });
  publish_numbers(this->producer, 4);
  this->producer.close();
  const Poll end = processor.run();
  if (exit_code == 0) _exit(end == Poll::used_after_fork && handled == 2 ? 7 : 8);
  EXPECT_EQ(end, Poll::closed);
  EXPECT_EQ(exit_code, 7);
  EXPECT_EQ(handled, 4);
}

TYPED_TEST(Processing, A_consumer_whose_lease_is_open_is_told_so) {
  auto consumer = this->attach();
  publish_numbers(this->producer, 2);
  const auto lease = consumer.try_lease();
  EventProcessor processor(std::move(consumer), [](const TypeParam&) {});
  EXPECT_EQ(processor.run(), Poll::lease_open);
}

TYPED_TEST(Processing, An_idle_time_of_nothing_is_refused) {
  const auto make = [&] {
    EventProcessor<TypeParam, void (*)(const TypeParam&)> processor(
        this->attach(), [](const TypeParam&) {}, {.idle_after = Duration::zero()});
  };
  expect_error(Errc::invalid_option, {.problem = "idle_after", .found = "0 ns"}, make);
}

TYPED_TEST(Processing, An_endless_idle_time_is_no_deadline) {
  struct Handler {
    void on_event(const TypeParam&) {}
    void on_idle() { ADD_FAILURE() << "idle before the end of time"; }
  };
  EventProcessor processor(this->attach(), Handler{}, {.idle_after = Duration::max()});
  processor.start();
  std::this_thread::sleep_for(5ms);  // enough to be idle, if the end of time were in the past
  processor.stop();
  EXPECT_EQ(processor.join(), Poll::interrupted);
}

// --- What compiles

struct WrongIdle {
  void on_event(const StampedTick&) {}
  void on_idle(int) {}
};
struct WrongError {
  void on_event(const StampedTick&) {}
  void on_error(const std::exception_ptr&, Sequence) {}
};
struct WrongStop {
  void on_event(const StampedTick&) {}
  void on_stop() {}
};
struct WrongBatch {
  void on_batch(const std::vector<StampedTick>&) {}
};
struct WrongBatchStart {
  void on_event(const StampedTick&) {}
  void on_batch_start(const std::string&) {}
};
struct WrongStart {
  void on_event(const StampedTick&) {}
  void on_start(Producer<StampedTick>&) {}
};
struct WrongBatchEnd {
  void on_event(const StampedTick&) {}
  void on_batch_end(std::size_t) {}
};
struct WrongEvent {
  void on_event(Sequence) {}
  void operator()(const StampedTick&) {}
};
template <class... Handlers>
constexpr bool none_fits = !(detail::CallbacksFit<Handlers, StampedTick> || ...);
static_assert(none_fits<WrongIdle, WrongError, WrongStop, WrongBatch, WrongBatchStart, WrongStart,
                        WrongBatchEnd, WrongEvent>);
static_assert(detail::CallbacksFit<Recorder, StampedTick>);
static_assert(detail::CallbacksFit<void (*)(const StampedTick&), StampedTick>);

TYPED_TEST(Processing, Its_end_waits_for_the_thread) {
  std::atomic<bool> stopped = false;
  struct Handler {
    std::atomic<bool>* stopped;
    void on_event(const TypeParam&) {}
    void on_stop(Poll) {
      std::this_thread::sleep_for(2ms);
      *stopped = true;
    }
  };
  {
    EventProcessor processor(this->attach(), Handler{.stopped = &stopped});
    processor.start();
  }
  EXPECT_TRUE(stopped);
}

TYPED_TEST(Processing, A_producer_that_is_gone_ends_it_by_name) {
  EventProcessor processor(this->attach(), [](const TypeParam&) {});
  this->producer.detach();
  EXPECT_EQ(processor.run(), Poll::producer_left);
  Producer<TypeParam>::attach(this->name).close();
  EXPECT_EQ(processor.run(), Poll::closed) << "it can go on with a successor";
}

}  // namespace
}  // namespace disruptor_mp::test
