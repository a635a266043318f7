// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/endpoint/consumer.hpp"
#include "disruptor_mp/endpoint/detail/settings.hpp"
#include "disruptor_mp/endpoint/lease.hpp"
#include "disruptor_mp/endpoint/options.hpp"

namespace disruptor_mp {

/// What shall become of an exception in a handler.
enum class OnError : std::uint8_t {
  stop,         ///< the processor ends; the event comes again to whoever resumes
  skip,         ///< the event counts as handled; with `on_batch`, the whole batch
  retry_batch,  ///< the batch begins anew, at its first event that is not committed; at most
                ///< `ProcessorOptions::most_retries` times, then `stop`
};

/// How an EventProcessor runs.
struct ProcessorOptions {
  /// Without an event for so long, `on_idle` is called, and again after each further such time.
  Duration idle_after = std::chrono::milliseconds(100);
  /// How often one batch may begin anew.
  std::uint64_t most_retries = 10;
  /// The core to which the thread that runs is pinned, while it runs. Not set: as the environment
  /// says (DISRUPTOR_MP_PROCESSOR_CORE, DISRUPTOR_MP_PROCESS_CORE; docs/waiting.md), else it is not
  /// pinned, and `start` gives it the cores of the thread that calls.
  std::optional<unsigned> core = std::nullopt;
};

namespace detail {

template <class H, class E, class Event = typename Consumer<E>::Reference>
concept TakesEvents = std::invocable<H&, Event, Sequence, bool> ||
    std::invocable<H&, Event, Sequence> || std::invocable<H&, Event>;

template <class H, class E>
concept HasOnBatch = requires(H& handler, Lease<E>& batch) {
  handler.on_batch(batch);
};
template <class H>
concept HasOnBatchEnd = requires(H& handler) {
  handler.on_batch_end();
};
template <class H, class Event>
concept HasOnEvent3 = requires(H& handler, Event event, Sequence sequence) {
  handler.on_event(event, sequence, true);
};
template <class H, class Event>
concept HasOnEvent2 = requires(H& handler, Event event, Sequence sequence) {
  handler.on_event(event, sequence);
};
template <class H, class Event>
concept HasOnEvent1 = requires(H& handler, Event event) {
  handler.on_event(event);
};
template <class H, class E, class Event = typename Consumer<E>::Reference>
concept HasOnEvent = HasOnEvent3<H, Event> || HasOnEvent2<H, Event> || HasOnEvent1<H, Event>;
template <class H, class E>
concept HasOnStartOf = requires(H& handler, Consumer<E>& consumer) {
  handler.on_start(consumer);
};
template <class H>
concept HasOnStart = requires(H& handler) {
  handler.on_start();
};
template <class H>
concept HasOnBatchStart2 = requires(H& handler, std::size_t size, std::uint64_t depth) {
  handler.on_batch_start(size, depth);
};
template <class H>
concept HasOnBatchStart1 = requires(H& handler, std::size_t size) {
  handler.on_batch_start(size);
};
template <class H>
concept HasOnIdle = requires(H& handler) {
  handler.on_idle();
};
template <class H>
concept HasOnError = requires(H& handler, Sequence sequence) {
  { handler.on_error(std::current_exception(), sequence) } -> std::same_as<OnError>;
};
template <class H>
concept HasOnStop = requires(H& handler) {
  handler.on_stop(Poll::closed);
};

/// A callback of a known name and other arguments would never be called: better that it does not
/// compile.
template <class H, class E>
concept CallbacksFit = (HasOnStart<H> || HasOnStartOf<H, E> || !requires { &H::on_start; }) &&
                       (HasOnBatchStart1<H> || HasOnBatchStart2<H> ||
                        !requires { &H::on_batch_start; }) &&
                       (HasOnEvent<H, E> || !requires { &H::on_event; }) &&
                       (HasOnBatch<H, E> || !requires { &H::on_batch; }) &&
                       (HasOnBatchEnd<H> || !requires { &H::on_batch_end; }) &&
                       (HasOnIdle<H> || !requires { &H::on_idle; }) &&
                       (HasOnError<H> || !requires { &H::on_error; }) &&
                       (HasOnStop<H> || !requires { &H::on_stop; });

}  // namespace detail

/// Runs a handler over the events of a consumer, in a thread of its own (`start`) or in the
/// caller's (`run`), until the stream ends, it is stopped, or the handler gives up.
///
/// The handler is a function as for Consumer::poll, or an object with `on_event`, of the same
/// arguments: (event), (event, sequence) or (event, sequence, end_of_batch). Or an object with
/// `on_batch(Lease<E>&)`, which gets whole batches, and may release their first events early. An
/// object may have some of these too; all are called by the thread that runs:
///
/// | callback                      | called                                                      |
/// |-------------------------------|-------------------------------------------------------------|
/// | on_start()                    | before the first event; (consumer) gives it what it needs   |
/// |                               | to commit by hand                                           |
/// | on_batch_start(size)          | before the first event of a batch, with how many it has;    |
/// |                               | (size, depth) also with how many are published and not      |
/// |                               | handled, these included                                     |
/// | on_batch_end()                | after the last event of a batch, or after the one in hand   |
/// |                               | when it is stopped, before what was handled is committed    |
/// | on_idle()                     | no event came for `ProcessorOptions::idle_after`            |
/// | on_error(exception, sequence) | one of those above, or the handler of events, threw; with   |
/// |                               | the event's sequence, or the next one's; returns an OnError |
/// | on_stop(reason)               | at the end; a Poll says why, `idle` if an exception ended it |
///
/// A batch is what is there, at most `ConsumerOptions::max_batch` (of an observer or one that may
/// be passed over: one event), and is committed at its end, or as `ConsumerOptions::commit` says.
/// The event whose handler threw is not committed, unless it is skipped. With an `on_batch_end`
/// nothing of its batch is committed before that has returned, so that events may be gathered in
/// `on_event` and stored there; with `Commit::by_hand` it is where to commit.
///
/// Without `on_error` every exception ends the processor. If `on_error` throws, that ends it in the
/// place of what it was asked about. Of an `on_start` or `on_idle` that threw, `skip` goes on and
/// `retry_batch` is `stop`; of the two around a batch, `skip` goes on too.
///
/// `stop` may be called by any thread, also by the handler; the others by one. Whatever the load,
/// it ends after the event in hand (with `on_batch`: the batch); those behind it come again. (The
/// idea is LMAX's BatchEventProcessor, with a batch handler's rewind.)
template <class E, class Handler>
class EventProcessor {
 public:
  /// Takes the consumer over, which has no open lease.
  /// @throws Error{invalid_option} if `idle_after` is no time, or `core` cannot be had
  EventProcessor(Consumer<E> consumer, Handler handler, ProcessorOptions options = {})
      : consumer_(std::move(consumer)), handler_(std::move(handler)), options_(options) {
    static_assert(
        takes_batches || detail::HasOnEvent<Handler, E> || detail::TakesEvents<Handler, E>,
        "a handler takes (event), (event, sequence) or (event, sequence, end_of_batch), "
        "itself or by its on_event; or batches, by on_batch(Lease<E>&)");
    static_assert(detail::CallbacksFit<Handler, E>,
                  "a callback of the handler takes other arguments than it gets, or cannot be "
                  "called, or its on_error returns no OnError");
    if (options.idle_after <= Duration::zero()) {
      throw Error(Errc::invalid_option,
                  {.object = object(),
                   .problem = "idle_after is no time",
                   .found = std::to_string(options.idle_after.count()) + " ns",
                   .expected = "more than zero",
                   .remedy = "Correct the processor's options."});
    }
    // Here, where it can be caught, and taken back at once.
    core_ = detail::CorePin(object(), options.core, detail::SettingRole::processor).core();
  }
  /// Neither: its thread knows where it is.
  EventProcessor(const EventProcessor&) = delete;
  EventProcessor& operator=(const EventProcessor&) = delete;
  /// Stops, and waits for that. What `join` would throw is lost.
  ~EventProcessor() {
    stop();
    wait_for_thread();
  }

  /// Begins, in a thread of its own. May be called again after `join`: it goes on where it stopped.
  /// @throws Error{invalid_option} if it was started and not joined; std::system_error if there can
  /// be no thread
  void start() {
    begin();
    try {
      thread_ = std::thread([this] { work(); });
    } catch (...) {
      is_running_.store(false, std::memory_order_release);
      throw;
    }
  }
  /// Asks it to end: after the event in hand, or at once if it waits (an observer that may not
  /// write the ring: within 50 ms). Does not wait for that. What the caller did before is seen by
  /// an `on_stop` that is told `interrupted`. Before `start` or `run` it has no effect on them;
  /// afterwards the next wait of its consumer may be interrupted once more.
  void stop() noexcept {
    must_stop_.store(true, std::memory_order_release);  // pairs with the acquire in must_stop
    consumer_.interrupt();
  }
  /// Waits for the end of what `start` began. @return why it ended: `interrupted` if it was
  /// stopped, else what a poll said; `idle` if it was never started. In the child of a fork there
  /// is no thread: `used_after_fork`, at once.
  /// @throws what its handler threw, if that ended it
  Poll join() {
    wait_for_thread();
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    return ended_;
  }
  /// As start and join, in this thread.
  Poll run() {
    begin();
    work();
    return join();
  }

  /// Whether it runs. If not, what it did is seen by who asks.
  [[nodiscard]] bool is_running() const noexcept {
    return is_running_.load(std::memory_order_acquire);
  }
  /// The core its thread is pinned to while it runs; nothing: it is not pinned. (If it cannot be
  /// pinned any more when it starts, it ends at once, and `join` throws that.)
  [[nodiscard]] std::optional<unsigned> pinned_core() const noexcept { return core_; }
  /// Its consumer and handler; while it runs only for the handler's own calls, which may commit and
  /// ask and must not read.
  [[nodiscard]] Consumer<E>& consumer() noexcept { return consumer_; }
  /// See `consumer`.
  [[nodiscard]] Handler& handler() noexcept { return handler_; }

 private:
  using Event = typename Consumer<E>::Reference;
  static constexpr bool takes_batches = detail::HasOnBatch<Handler, E>;
  /// Where a batch stands: the call that comes next.
  enum class Step : std::uint8_t { start, events, end, done };

  [[nodiscard]] std::string object() const {
    return "the processor of " + consumer_.id() + " at " + consumer_.segment().name();
  }

  void begin() {
    if (thread_.joinable() || is_running_.exchange(true, std::memory_order_acq_rel)) {
      throw Error(Errc::invalid_option, {.object = object(),
                                         .problem = "this processor was started already",
                                         .found = "a second start",
                                         .expected = "one, or a join between them",
                                         .remedy = "Stop and join it first."});
    }
    must_stop_.store(false, std::memory_order_relaxed);
    error_ = nullptr;
    ended_ = Poll::idle;
  }

  void work() noexcept {
    std::optional<detail::CorePin>
        pin;  // of `run`: the caller's thread has its cores back behind it
    try {
      if (core_) pin.emplace(object(), core_, detail::SettingRole::processor);
      ended_ = handle_all();
    } catch (...) {
      error_ = std::current_exception();
    }
    try {
      if constexpr (detail::HasOnStop<Handler>) handler_.on_stop(ended_);
    } catch (...) {
      if (!error_) error_ = std::current_exception();
    }
    // Release: who sees that we have ended sees what we did.
    is_running_.store(false, std::memory_order_release);
  }

  void wait_for_thread() {
    if (!thread_.joinable()) return;
    if (!consumer_.segment().object().is_orphaned_by_fork()) return thread_.join();
    // The child of a fork has no such thread, and may have another of its identity by now: it can
    // be neither joined nor detached, only forgotten.
    std::construct_at(&thread_);
    error_ = nullptr;
    ended_ = Poll::used_after_fork;
    is_running_.store(false, std::memory_order_relaxed);
  }

  [[nodiscard]] bool must_stop() const noexcept {
    // Acquire: pairs with the release in `stop`.
    return must_stop_.load(std::memory_order_acquire);
  }

  Poll handle_all();
  void handle(Lease<E>& batch);
  Step take(Step step, Lease<E>& batch, std::uint64_t& began);
  Step skip(Step step, Lease<E>& batch);
  Step pass(Lease<E>& batch);

  /// What is to become of the exception that is being handled.
  OnError ask(Sequence sequence) {
    if constexpr (detail::HasOnError<Handler>) {
      return handler_.on_error(std::current_exception(), sequence);
    } else {
      return OnError::stop;
    }
  }
  /// Calls what belongs to no event; there is nothing that could begin anew.
  template <class Call>
  void guard(Call call) {
    try {
      call();
    } catch (...) {
      if (ask(consumer_.next_sequence()) != OnError::skip) throw;
    }
  }

  void call_start() {
    if constexpr (detail::HasOnStartOf<Handler, E>) {
      handler_.on_start(consumer_);
    } else if constexpr (detail::HasOnStart<Handler>) {
      handler_.on_start();
    }
  }
  void call_batch_start(const Lease<E>& batch) {
    if constexpr (detail::HasOnBatchStart2<Handler>) {
      handler_.on_batch_start(batch.size(), consumer_.lag());
    } else if constexpr (detail::HasOnBatchStart1<Handler>) {
      handler_.on_batch_start(batch.size());
    }
  }
  void call_event(Event event, Sequence sequence, bool end_of_batch) {
    if constexpr (detail::HasOnEvent3<Handler, Event>) {
      handler_.on_event(event, sequence, end_of_batch);
    } else if constexpr (detail::HasOnEvent2<Handler, Event>) {
      handler_.on_event(event, sequence);
    } else if constexpr (detail::HasOnEvent1<Handler, Event>) {
      handler_.on_event(event);
    } else if constexpr (std::invocable<Handler&, Event, Sequence, bool>) {
      handler_(event, sequence, end_of_batch);
    } else if constexpr (std::invocable<Handler&, Event, Sequence>) {
      handler_(event, sequence);
    } else {
      handler_(event);
    }
  }

  Consumer<E> consumer_;
  Handler handler_;
  ProcessorOptions options_;
  std::optional<unsigned> core_;
  std::atomic<bool> must_stop_ = false;
  std::atomic<bool> is_running_ = false;
  Poll ended_ = Poll::idle;
  std::exception_ptr error_;
  std::thread thread_;
};

template <class E, class Handler>
Poll EventProcessor<E, Handler>::handle_all() {
  guard([this] { call_start(); });
  while (!must_stop()) {
    TimePoint deadline = never;
    if constexpr (detail::HasOnIdle<Handler>) {
      const TimePoint now = std::chrono::steady_clock::now();
      if (options_.idle_after < never - now) deadline = now + options_.idle_after;
    }
    Lease<E> batch = consumer_.lease_until(deadline);
    switch (batch.outcome()) {
      case Poll::events:
        handle(batch);
        break;
      case Poll::timed_out:
        if constexpr (detail::HasOnIdle<Handler>) guard([this] { handler_.on_idle(); });
        break;
      case Poll::idle:
      case Poll::interrupted:  // perhaps by a stop before this start
      case Poll::passed_over:  // it goes on like an observer
        break;
      default:
        return batch.outcome();
    }
  }
  return Poll::interrupted;
}

template <class E, class Handler>
void EventProcessor<E, Handler>::handle(Lease<E>& batch) {
  std::uint64_t began = batch.first_;
  std::uint64_t retries = 0;
  for (Step step = Step::start; step != Step::done;) {
    try {
      step = take(step, batch, began);
    } catch (...) {
      const std::uint64_t at = batch.first_;
      if (takes_batches && step == Step::events) began = at;  // what it released stays so
      const std::uint64_t anew = batch.begins_anew(began);
      // If it ends here, also by an exception of on_error, the lease commits up to its first event.
      if (detail::HasOnBatchEnd<Handler>) batch.first_ = anew;
      const OnError answer = ask(Sequence(at));
      if (answer == OnError::skip) {
        batch.first_ = at;
        step = skip(step, batch);
      } else if (answer == OnError::retry_batch && must_stop()) {
        break;
      } else if (answer == OnError::retry_batch && retries++ < options_.most_retries) {
        batch.first_ = anew;
        step = batch.empty() ? Step::end : Step::start;
      } else {
        throw;
      }
    }
  }
  batch.give_back();  // what is not handled, because it was stopped; the rest is committed
}

/// Does a step of the batch. @return the next one
template <class E, class Handler>
auto EventProcessor<E, Handler>::take(Step step, Lease<E>& batch, std::uint64_t& began) -> Step {
  switch (step) {
    case Step::start:
      call_batch_start(batch);
      return Step::events;
    case Step::events:
      if constexpr (takes_batches) {
        handler_.on_batch(batch);
        began = batch.first_;
        return skip(step, batch);
      } else {
        for (;;) {
          call_event(batch[0], batch.first(), batch.size() == 1);
          if (pass(batch) == Step::end) return Step::end;
        }
      }
    case Step::end:
      if constexpr (detail::HasOnBatchEnd<Handler>) handler_.on_batch_end();
      break;
    case Step::done:
      break;
  }
  return Step::done;
}

/// Does without what a step has not done. @return the next one
template <class E, class Handler>
auto EventProcessor<E, Handler>::skip(Step step, Lease<E>& batch) -> Step {
  if (step == Step::start) return Step::events;
  if (step != Step::events) return Step::done;
  if (!takes_batches) return pass(batch);
  batch.first_ = batch.end_;
  return Step::end;
}

/// The first event is handled. @return the next step: the next event, or the batch's end
template <class E, class Handler>
auto EventProcessor<E, Handler>::pass(Lease<E>& batch) -> Step {
  if (batch.empty()) return Step::end;  // the handler has forked, and we are the child
  if (consumer_.commit_mode() == Commit::per_event && batch.size() > 1) {
    batch.release_first(1);
  } else {
    ++batch.first_;  // committed at the end of the batch, as a whole, or by hand
  }
  return batch.empty() || must_stop() ? Step::end : Step::events;
}

}  // namespace disruptor_mp
