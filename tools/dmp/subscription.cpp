// SPDX-License-Identifier: MIT OR Apache-2.0
#include "subscription.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "byte_frame.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "option_values.hpp"
#include "terminal.hpp"

namespace disruptor_mp::tool {
namespace {

constexpr const char* stdout_closed = "nobody reads stdout any more";

Failure no_producer(const Consumer<Bytes>& consumer, Poll outcome) {
  const Error error = consumer.explain(outcome);
  return {ExitCode::producer_gone,
          std::string(to_string(outcome)),
          {.object = error.object(),
           .problem = error.problem(),
           .found = error.found(),
           .expected = error.expected(),
           .remedy = outcome == Poll::gone ? "Subscribe again to read what has this name now."
                                           : "Start a successor; with --follow it is waited for."}};
}

Failure too_quiet(const Consumer<Bytes>& consumer) {
  if (const auto blocker = consumer.gated_by()) {
    return {ExitCode::timed_out,
            "timed_out",
            {.object = consumer.segment().name(),
             .problem = "a consumer that this one waits for did not go on in time",
             .found = describe(*blocker),
             .expected = "it to commit an event within --timeout",
             .remedy = "Look at it with `dmp inspect --graph`, start it, or wait longer."}};
  }
  return {ExitCode::timed_out,
          "timed_out",
          {.object = consumer.segment().name(),
           .problem = "no event came in time",
           .found = fmt::format("nothing after {} events", consumer.next_sequence().value()),
           .expected = "an event within --timeout",
           .remedy = "Look at the producer with `dmp inspect`, or wait longer."}};
}

}  // namespace

Subscription::Subscription(const SubOptions& options)
    : options_(options), progress_(!options.is_quiet && !is_terminal(STDOUT_FILENO)) {}

ExitCode Subscription::run() {
  if (auto consumer = attach()) {
    consumer_.emplace(std::move(*consumer));
  } else {
    return interrupted().code;
  }
  const Segment& segment = consumer_->segment();
  lines_ =
      EventLines(segment, options_.format, options_.shows_frames,
                 shows_fields(options_.format) ? require_fields(segment) : std::vector<Field>());
  started_ = last_event_ = os::now();
  const Ending ending = read_stream();
  tell_summary(ending.outcome);
  if (ending.failure) throw *ending.failure;
  return ending.code;
}

/// @return nothing if a signal came first.
std::optional<Consumer<Bytes>> Subscription::attach() {
  const TimePoint deadline = deadline_after(options_.timeout);
  ConsumerOptions options = options_.consumer;
  if (options_.follows) options.successor_patience = wait_slice / 2;
  while (stop_.received() == 0) {
    options.timeout = std::clamp(deadline - os::now(), Duration::zero(), wait_slice);
    try {
      // Asked before anything is taken: a required consumer that was refused would hold the
      // producer.
      if (shows_fields(options_.format)) {
        if (const auto ring = Segment::try_attach(os::ObjectName::parse(options_.ring),
                                                  SegmentRole::inspector, EventType{})) {
          static_cast<void>(require_fields(*ring));
        }
      }
      return Consumer<Bytes>::attach(options_.ring, options);
    } catch (const Error& error) {
      const bool may_change = error.code() == Errc::not_found ||
                              (error.code() == Errc::consumer_alive && options_.timeout);
      if (!may_change || os::now() >= deadline) throw;
    }
    if (progress_.is_due()) progress_.show(options_.ring + ": waiting for the ring to appear");
  }
  return std::nullopt;
}

Subscription::Ending Subscription::read_stream() {
  try {
    for (;;) {
      if (auto ending = poll_once()) return *ending;
    }
  } catch (const BrokenPipe&) {
    return {.outcome = stdout_closed};
  } catch (const Failure& failure) {
    return {.outcome = "failed", .code = failure.exit_code(), .failure = failure};
  }
}

std::optional<Subscription::Ending> Subscription::poll_once() {
  PollResult result;
  TimePoint wake = os::now() + wait_slice;
  if (options_.timeout) wake = std::min(wake, last_event_ + *options_.timeout);
  try {
    result =
        consumer_->poll_until(wake, [this](std::span<const std::byte> event, Sequence sequence,
                                           bool is_last) { handle(event, sequence, is_last); });
  } catch (const CountReached&) {
    result.outcome = Poll::events;
  }
  if (options_.count == events_) return Ending{.outcome = "count reached"};
  if (stop_.received() != 0) return interrupted();
  if (result.outcome != Poll::events) return look_after_silence(result.outcome);
  last_event_ = os::now();
  show_progress();
  return std::nullopt;
}

/// Nothing came: is there still something to wait for?
std::optional<Subscription::Ending> Subscription::look_after_silence(Poll outcome) const {
  if (outcome == Poll::closed) return Ending{.outcome = "closed"};
  const bool may_come = outcome == Poll::timed_out || outcome == Poll::predecessor_missing ||
                        (options_.follows && outcome != Poll::gone);
  if (!may_come) {
    return Ending{.outcome = std::string(to_string(outcome)),
                  .code = ExitCode::producer_gone,
                  .failure = no_producer(*consumer_, outcome)};
  }
  if (options_.timeout && os::now() - last_event_ >= *options_.timeout) {
    return Ending{
        .outcome = "timed_out", .code = ExitCode::timed_out, .failure = too_quiet(*consumer_)};
  }
  if (ByteOutput::is_broken()) throw BrokenPipe{};
  return std::nullopt;
}

/// Writes at the end of a batch, so before the batch is committed: who dies in between repeats
/// events after a resume, but loses none.
void Subscription::handle(std::span<const std::byte> event, Sequence sequence, bool is_last) {
  // What a handler throws on is not counted as read; so this one is the next to be read.
  if (events_ == options_.count) throw CountReached{};
  const auto payload = lines_.payload(event);
  if (!payload) fail_frame(sequence, event.size());
  lines_.append(output_, sequence.value(), *payload);
  ++events_;
  bytes_ += payload->size();
  if (is_last || events_ == options_.count || output_.is_full()) write_out();
}

void Subscription::write_out() {
  const bool may_lose = options_.consumer.kind != ConsumerKind::required;
  try {
    output_.flush();
  } catch (const BrokenPipe&) {
    if (may_lose) throw;
    end_as_if_killed(stdout_closed, ExitCode::ok);
  } catch (const Failure& failure) {
    if (may_lose) throw;
    report(failure, options_.json);
    end_as_if_killed("failed", failure.exit_code());
  }
}

/// An exception out of a handler commits what was handled before, also the part of a batch that
/// stdout did not take. A required consumer may lose nothing, so it goes like one that was killed:
/// the ring keeps the position of its last whole batch.
void Subscription::end_as_if_killed(const std::string& outcome, ExitCode code) {
  tell_summary(outcome);
  std::fflush(nullptr);
  std::_Exit(static_cast<int>(code));
}

void Subscription::fail_frame(Sequence sequence, std::size_t size) {
  write_out();
  throw Failure(ExitCode::failure, "corrupt",
                {.object = consumer_->segment().name(),
                 .problem = fmt::format("event {} is not what dmp pub writes", sequence.value()),
                 .found = "a length beyond the event's end",
                 .expected = fmt::format("at most {}", size - frame_header_size),
                 .remedy = "Look at the bytes with --frames."});
}

Subscription::Ending Subscription::interrupted() const {
  return {.outcome = "interrupted", .code = exit_code_of_signal(stop_.received())};
}

void Subscription::show_progress() {
  if (!progress_.is_due()) return;
  progress_.show(consumer_->segment().name() + ": " +
                 describe_flow(events_, bytes_, os::now() - started_));
}

void Subscription::tell_summary(const std::string& outcome) {
  progress_.clear();
  if (options_.is_quiet) return;
  report(StreamSummary{.command = "sub",
                       .ring = consumer_->segment().name(),
                       .outcome = outcome,
                       .events = events_,
                       .bytes = bytes_,
                       .missed = consumer_->missed(),
                       .voids = consumer_->voids(),
                       .first = consumer_->start_sequence().value(),
                       .next = consumer_->next_sequence().value(),
                       .elapsed = os::now() - started_},
         options_.json);
}

}  // namespace disruptor_mp::tool
