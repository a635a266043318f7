// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/endpoint/consumer.hpp"
#include "disruptor_mp/endpoint/lease.hpp"
#include "disruptor_mp/endpoint/options.hpp"

namespace disruptor_mp {

/// What shall become of an exception in a handler.
enum class OnError : std::uint8_t {
  stop,         ///< the processor ends; the event comes again to whoever resumes
  skip,         ///< the event counts as handled
  retry_batch,  ///< the batch begins anew, at its first event; at most
                ///< `ProcessorOptions::most_retries` times in a row, then `stop`
};

/// How an EventProcessor runs.
struct ProcessorOptions {
  /// Without an event for so long, `on_idle` is called, and again after each further such time.
  Duration idle_after = std::chrono::milliseconds(100);
  /// How often one batch may begin anew.
  std::uint64_t most_retries = 10;
};

namespace detail {

template <class Handler, class Event>
concept HandlesEvents = std::invocable<Handler&, Event, Sequence, bool> ||
    std::invocable<Handler&, Event, Sequence> || std::invocable<Handler&, Event>;

template <class Handler, class E>
concept HasOnBatch = requires(Handler& handler, Lease<E>& batch) {
  handler.on_batch(batch);
};

template <class Handler, class Event>
concept HasOnEvent = requires(Handler& handler, Event event, Sequence sequence) {
  handler.on_event(event, sequence, true);
}
|| requires(Handler& handler, Event event, Sequence sequence) { handler.on_event(event, sequence); }
|| requires(Handler& handler, Event event) { handler.on_event(event); };

}  // namespace detail

/// Runs a handler over the events of a consumer, in a thread of its own (`start`) or in the
/// caller's (`run`), until the stream ends, it is stopped, or the handler gives up.
///
/// The handler is a function as for Consumer::poll, or an object with `on_event`, of the same
/// arguments: (event), (event, sequence) or (event, sequence, end_of_batch). Or an object with
/// `on_batch(Lease<E>&)`, which gets whole batches, and may release their first events early. An
/// object may have some of these too; all are called by the thread that runs:
///
///   on_start()                     before the first event
///   on_batch_start(size)           before the first event of a batch, with how many it has;
///   on_batch_start(size, depth)    and how many are published and not handled, these included
///   on_batch_end()                 when all events of a batch are handled, before they are
///   committed on_idle()                      no event came for `ProcessorOptions::idle_after`
///   on_error(exception, sequence)  an OnError; any of the others threw; `sequence` is that of the
///                                  event, or of the next one. Without it: stop
///   on_stop(reason)                at the end, a Poll: why; `idle` if by an exception
///
/// An event whose handler threw and that is not skipped is not committed. What `on_error` throws
/// ends the processor in place of the exception it was asked about.
///
/// `stop` may be called by any thread; start, run and join by one. Whatever the load, it ends after
/// the event in hand (with `on_batch`: the batch); those behind it come again. (The idea is LMAX's
/// BatchEventProcessor, with a batch handler's rewind.)
template <class E, class Handler>
class EventProcessor {
 public:
  /// Takes the consumer over.
  EventProcessor(Consumer<E> consumer, Handler handler, ProcessorOptions options = {})
      : consumer_(std::move(consumer)), handler_(std::move(handler)), options_(options) {
    static_assert(detail::HasOnBatch<Handler, E> || detail::HasOnEvent<Handler, Event> ||
                      detail::HandlesEvents<Handler, Event>,
                  "a handler takes (event), (event, sequence) or (event, sequence, end_of_batch), "
                  "itself or by its on_event; or batches, by on_batch(Lease<E>&)");
    if (options.idle_after <= Duration::zero()) {
      throw Error(Errc::invalid_option,
                  {.object = object(),
                   .problem = "idle_after is no time",
                   .found = std::to_string(options.idle_after.count()) + " ns",
                   .expected = "more than zero",
                   .remedy = "Correct the processor's options."});
    }
  }
  /// Neither: its thread knows where it is.
  EventProcessor(const EventProcessor&) = delete;
  EventProcessor& operator=(const EventProcessor&) = delete;
  /// Stops, and waits for that. What `join` would throw is lost.
  ~EventProcessor() {
    stop();
    if (thread_.joinable()) thread_.join();
  }

  /// Begins, in a thread of its own. May be called again after `join`: it goes on where it stopped.
  /// @throws Error{invalid_option} if it runs.
  void start() {
    begin();
    try {
      thread_ = std::thread([this] { work(); });
    } catch (...) {
      is_running_ = false;
      throw;
    }
  }
  /// Asks it to end: after the event in hand, or at once if it waits. Does not wait for that.
  /// Before `start` or `run` it has no effect.
  void stop() noexcept {
    must_stop_.store(true, std::memory_order_relaxed);  // a flag; nothing is told by it
    consumer_.interrupt();
  }
  /// Waits for the end of what `start` began. @return why it ended: `interrupted` if it was
  /// stopped, else what a poll said; `idle` if it was never started.
  /// @throws what its handler threw, if that ended it
  Poll join() {
    if (thread_.joinable()) thread_.join();
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    return ended_;
  }
  /// As start and join, in this thread.
  Poll run() {
    begin();
    work();
    return join();
  }

  /// Whether it runs.
  [[nodiscard]] bool is_running() const noexcept {
    return is_running_.load(std::memory_order_acquire);
  }
  /// Its consumer and handler; while it runs only for the handler's own calls.
  [[nodiscard]] Consumer<E>& consumer() noexcept { return consumer_; }
  /// See `consumer`.
  [[nodiscard]] Handler& handler() noexcept { return handler_; }

 private:
  using Event = typename Consumer<E>::Reference;

  [[nodiscard]] std::string object() const {
    return "the processor of " + consumer_.id() + " at " + consumer_.segment().name();
  }

  void begin() {
    if (is_running_.exchange(true, std::memory_order_acq_rel) || thread_.joinable()) {
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
    try {
      ended_ = handle_all();
    } catch (...) {
      error_ = std::current_exception();
    }
    try {
      if constexpr (requires { handler_.on_stop(ended_); }) handler_.on_stop(ended_);
    } catch (...) {
      if (!error_) error_ = std::current_exception();
    }
    // Release: who sees that we have ended sees what we did.
    is_running_.store(false, std::memory_order_release);
  }

  [[nodiscard]] bool must_stop() const noexcept {
    return must_stop_.load(std::memory_order_relaxed);
  }

  Poll handle_all();
  void handle(Lease<E>& batch);

  /// What is to become of the exception that is being handled.
  OnError ask(Sequence sequence) {
    if constexpr (requires { handler_.on_error(std::current_exception(), sequence); }) {
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

  void call_batch_start(const Lease<E>& batch) {
    if constexpr (requires { handler_.on_batch_start(std::size_t{}, std::uint64_t{}); }) {
      handler_.on_batch_start(batch.size(), consumer_.lag());
    } else if constexpr (requires { handler_.on_batch_start(std::size_t{}); }) {
      handler_.on_batch_start(batch.size());
    }
  }
  void call_event(Event event, Sequence sequence, bool end_of_batch) {
    if constexpr (requires { handler_.on_event(event, sequence, end_of_batch); }) {
      handler_.on_event(event, sequence, end_of_batch);
    } else if constexpr (requires { handler_.on_event(event, sequence); }) {
      handler_.on_event(event, sequence);
    } else if constexpr (requires { handler_.on_event(event); }) {
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
  std::atomic<bool> must_stop_ = false;
  std::atomic<bool> is_running_ = false;
  Poll ended_ = Poll::idle;
  std::exception_ptr error_;
  std::thread thread_;
};

template <class E, class Handler>
Poll EventProcessor<E, Handler>::handle_all() {
  if constexpr (requires { handler_.on_start(); }) guard([this] { handler_.on_start(); });
  while (!must_stop()) {
    TimePoint deadline = never;
    if constexpr (requires { handler_.on_idle(); })
      deadline = std::chrono::steady_clock::now() + options_.idle_after;
    Lease<E> batch = consumer_.lease_until(deadline);
    switch (batch.outcome()) {
      case Poll::events:
        handle(batch);
        break;
      case Poll::timed_out:
        if constexpr (requires { handler_.on_idle(); }) guard([this] { handler_.on_idle(); });
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
  enum class Step : std::uint8_t { start, events, end };
  const bool commits_each = consumer_.commit_mode() == Commit::per_event;
  Step step = Step::start;
  std::size_t handled = 0;  // of those the lease still holds
  for (std::uint64_t retries = 0;;) {
    try {
      if (step == Step::start) {
        call_batch_start(batch);
        step = Step::events;
      }
      if constexpr (detail::HasOnBatch<Handler, E>) {
        if (step == Step::events) handler_.on_batch(batch);
      } else {
        while (handled < batch.size()) {
          call_event(batch[handled], batch.first() + handled, handled + 1 == batch.size());
          ++handled;
          if (must_stop()) {
            batch.release_first(handled);
            return batch.give_back();
          }
          if (commits_each && handled < batch.size()) {
            batch.release_first(handled);
            handled = 0;
          }
        }
      }
      step = Step::end;
      if constexpr (requires { handler_.on_batch_end(); }) handler_.on_batch_end();
      return batch.release();
    } catch (...) {
      const OnError answer = ask(batch.first() + handled);
      if (answer == OnError::skip) {
        if (step == Step::end) return batch.release();
        if (step == Step::start) {
          step = Step::events;
        } else if (detail::HasOnBatch<Handler, E>) {
          return batch.release();
        } else {
          ++handled;
        }
      } else if (answer == OnError::retry_batch && retries++ < options_.most_retries) {
        step = Step::start;
        handled = 0;
      } else {
        if (step == Step::events) batch.release_first(handled);
        throw;
      }
    }
  }
}

}  // namespace disruptor_mp
