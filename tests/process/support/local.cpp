// SPDX-License-Identifier: MIT OR Apache-2.0
#include "support/local.hpp"

#include <utility>

#include "evidence/proof_event.hpp"
#include "support/deadline.hpp"

namespace disruptor_mp::process_test {
namespace {

constexpr std::uint64_t log_capacity = std::uint64_t{1} << 16U;

LogKind log_kind(ConsumerKind kind) {
  switch (kind) {
    case ConsumerKind::required:
      return LogKind::required;
    case ConsumerKind::gating:
      return LogKind::gating;
    case ConsumerKind::observer:
      break;
  }
  return LogKind::observer;
}

Producer<Bytes> make(const Scratch& scratch, EventForm form, ProducerBirth birth,
                     const ProducerOptions& options) {
  const EventType type = event_type_of_form(form);
  switch (birth) {
    case ProducerBirth::create:
      return Producer<Bytes>::create(scratch.ring(), type, options);
    case ProducerBirth::attach:
      return Producer<Bytes>::attach(scratch.ring(), type, options);
    case ProducerBirth::create_or_attach:
      break;
  }
  return Producer<Bytes>::create_or_attach(scratch.ring(), type, options);
}

}  // namespace

EventType event_type_of_form(EventForm form) {
  return form == EventForm::small ? event_type_of<SmallEvent>() : event_type_of<LargeEvent>();
}

LocalProducer::LocalProducer(const Scratch& scratch, EventForm form, ProducerBirth birth,
                             std::uint64_t incarnation, ProducerOptions options)
    : log_(scratch.logs(), options.id, incarnation,
           options.producers == ProducerKind::multi ? LogKind::one_of_several : LogKind::producer,
           log_capacity),
      incarnation_(incarnation),
      producer_(make(scratch, form, birth, options)) {
  log_.note_attached(next(), producer_->took_over(), 0);
}

Publish LocalProducer::publish(std::uint64_t count, TimePoint deadline) {
  Publish result = Publish::ok;
  for (std::uint64_t i = 0; i < count && result == Publish::ok; ++i) {
    LogRecord record{.sequence = 0,
                     .origin = {.incarnation = incarnation_, .number = number_},
                     .what = LogRecord::What::started};
    result = producer_->publish_until(deadline, [&](std::span<std::byte> event) {
      record.sequence = next();  // one of several producers knows it only here
      log_.append(record);
      write_proof(event, record.sequence, record.origin);
    });
    if (result != Publish::ok) break;
    record.what = LogRecord::What::acknowledged;
    log_.append(record);
    ++number_;
  }
  return result;
}

Publish LocalProducer::publish(std::uint64_t count) { return publish(count, hang_deadline()); }

std::uint64_t LocalProducer::fill() {
  const std::uint64_t before = next();
  while (publish(1, TimePoint::min()) == Publish::ok) {
  }
  return next() - before;
}

LocalConsumer::LocalConsumer(const Scratch& scratch, const std::string& id,
                             std::uint64_t incarnation, ConsumerOptions options)
    : log_(scratch.logs(), id, incarnation, log_kind(options.kind), log_capacity) {
  if (options.kind != ConsumerKind::observer) options.id = id;
  consumer_.emplace(Consumer<Bytes>::attach(scratch.ring(), options));
  log_.note_attached(consumer_->start_sequence().value(), consumer_->resumed(), options.max_batch);
}

Poll LocalConsumer::poll_once(TimePoint deadline) {
  const PollResult result =
      consumer_->poll_until(deadline, [&](std::span<const std::byte> event, Sequence sequence) {
        log_.append({.sequence = sequence.value(),
                     .origin = origin_of(event),
                     .what = LogRecord::What::handled,
                     .is_proven = is_proven(event, sequence.value()) ? 1U : 0U,
                     .missed = consumer_->missed(),
                     .voids = consumer_->voids()});
      });
  if (result.outcome == Poll::closed)
    log_.note_end(next(), consumer_->missed(), consumer_->voids());
  return result.outcome;
}

Poll LocalConsumer::read_to(std::uint64_t end) {
  using namespace std::chrono_literals;
  const TimePoint deadline = hang_deadline();
  Poll outcome = Poll::events;
  while (next() < end) {
    // A little at a time: voids that lead up to `end` are skipped without an event.
    outcome = poll_once(std::chrono::steady_clock::now() + 10ms);
    if (outcome == Poll::timed_out && std::chrono::steady_clock::now() < deadline)
      outcome = Poll::events;
    if (outcome != Poll::events) break;
  }
  return outcome;
}

Poll LocalConsumer::drain() {
  Poll outcome = Poll::events;
  while (outcome == Poll::events) outcome = poll_once(hang_deadline());
  return outcome;
}

}  // namespace disruptor_mp::process_test
