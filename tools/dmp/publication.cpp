// SPDX-License-Identifier: MIT OR Apache-2.0
#include "publication.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <vector>

#include "byte_frame.hpp"
#include "byte_stream.hpp"
#include "disruptor_mp/membership/housekeeping.hpp"
#include "disruptor_mp/os/thread.hpp"
#include "failure.hpp"
#include "option_values.hpp"

namespace disruptor_mp::tool {
namespace {

using namespace std::chrono_literals;

/// Without --timeout: how long a predecessor is waited for that is just leaving.
constexpr Duration predecessor_patience = 1s;
/// How long a ring may stay full before the user is told that a consumer is missing.
constexpr Duration silence_when_full = 1s;

EventType event_type_of(const PubOptions& options) {
  if (!options.is_raw) return framed_event_type(options.event_size);
  EventType type = options.raw_type;
  type.size = options.event_size;
  return type;
}

/// 4096 slots, but not more than 16 MiB of them: large events come in small numbers.
std::uint64_t default_capacity(std::uint64_t event_size) {
  constexpr std::uint64_t most_bytes = std::uint64_t{16} << 20U;
  return std::min<std::uint64_t>(4096, std::bit_floor(most_bytes / event_size));
}

/// Whoever waits for more consumers than the ring has rows for, waits for ever.
void require_rows(const std::string& ring, std::uint64_t consumers, std::uint32_t rows) {
  if (consumers < rows) return;
  throw Error(Errc::invalid_option,
              {.object = ring,
               .problem = "--wait-for is more than the ring has room for",
               .found = std::to_string(consumers),
               .expected = fmt::format("0 to {}, beside the producer", rows - 1),
               .remedy = "Wait for fewer, or let a program of yours make the ring with a larger "
                         "max_participants."});
}

/// Of the ring that is there, or that would be made.
std::uint32_t rows_of(const PubOptions& options) {
  const auto there =
      Segment::try_attach(os::ObjectName::parse(options.ring), SegmentRole::inspector, EventType{});
  return there ? there->header().shape.rows : options.producer.max_participants;
}

bool is_away(const Participant& participant) {
  using Presence = Participant::Presence;
  return participant.presence == Presence::dead || participant.presence == Presence::left;
}

}  // namespace

Publication::Publication(const PubOptions& options)
    : options_(options),
      type_(event_type_of(options)),
      payload_size_(type_.size - (options.is_raw ? 0 : frame_header_size)),
      producer_(open()),
      batch_(std::min(options.batch, producer_.capacity())),
      progress_(!options.is_quiet),
      started_(os::now()),
      first_(producer_.next_sequence()) {}

Producer<Bytes> Publication::open() {
  ProducerOptions producer = options_.producer;
  producer.capacity = options_.capacity.value_or(default_capacity(type_.size));
  producer.required_patience = Duration::max();  // we do the waiting, in slices
  const TimePoint deadline = deadline_after(options_.timeout.value_or(predecessor_patience));
  // Before a ring is made: consumers that wait for one would see it come and go.
  if (options_.wait_for >= producer.max_participants)
    require_rows(options_.ring, options_.wait_for, rows_of(options_));
  for (;;) {
    producer.timeout = std::clamp(deadline - os::now(), Duration::zero(), wait_slice);
    try {
      return Producer<Bytes>::create_or_attach(options_.ring, type_, producer);
    } catch (const Error& error) {
      const bool may_change = error.code() == Errc::producer_alive || error.code() == Errc::closed;
      if (!may_change || stop_.received() != 0 || os::now() >= deadline) throw;
    }
  }
}

ExitCode Publication::run() {
  if (producer_.took_over()) tell_takeover();
  try {
    wait_for_consumers();
    started_ = os::now();
    publish_input();
  } catch (...) {
    tell_summary("failed");
    leave_ring(true);
    throw;
  }
  const int signal = stop_.received();
  tell_summary(signal != 0 ? "interrupted" : options_.leaves_open ? "left open" : "closed");
  leave_ring(false);
  return signal == 0 ? ExitCode::ok : exit_code_of_signal(signal);
}

bool Publication::is_one_of_several() const {
  return producer_.segment().shape().producer_kind == ProducerKind::multi;
}

void Publication::tell_takeover() {
  if (options_.is_quiet) return;
  if (is_one_of_several()) {
    warn(fmt::format("{}: joined its other producers", ring()), options_.json);
    return;
  }
  warn(fmt::format("{}: going on at event {}, where a producer that {} stopped", ring(),
                   first_.value(),
                   producer_.predecessor() == ProducerPresence::dead ? "died" : "left"),
       options_.json);
}

void Publication::wait_for_consumers() {
  if (options_.wait_for == 0) return;
  require_rows(ring(), options_.wait_for, producer_.segment().header().shape.rows);
  const TimePoint deadline = deadline_after(options_.timeout);
  while (stop_.received() == 0) {
    try {
      const Duration patience = std::clamp(deadline - os::now(), Duration::zero(), wait_slice);
      return producer_.wait_for_consumers(options_.wait_for, patience);
    } catch (const Error& error) {
      if (error.code() != Errc::consumers_missing || os::now() >= deadline) throw;
    }
    if (progress_.is_due())
      progress_.show(fmt::format("{}: waiting for {} consumer(s)", ring(), options_.wait_for));
  }
}

void Publication::publish_input() {
  constexpr std::uint64_t read_size = 256 * 1024;
  std::vector<std::byte> buffer(std::max(payload_size_, read_size));
  ByteInput input;
  while (stop_.received() == 0) {
    const auto [outcome, size] = input.read(std::span(buffer).subspan(pending_), stop_.fd());
    if (outcome != ByteInput::Outcome::bytes) break;
    pending_ += size;
    const std::uint64_t read = pending_;
    publish_whole(std::span(buffer).first(read / payload_size_ * payload_size_));
    std::memmove(buffer.data(), buffer.data() + (read - pending_), pending_);
  }
  publish_rest(std::span(buffer).first(pending_));
}

/// The end of the input, less than an event (or more, if a signal came while the ring was full).
void Publication::publish_rest(std::span<const std::byte> rest) {
  if (rest.empty()) return;
  if (!options_.is_raw) {
    if (rest.size() < payload_size_) publish_batch(rest, 1);
    return;
  }
  if (stop_.received() != 0) return;
  throw Failure(ExitCode::failure, "incomplete_event",
                {.object = ring(),
                 .problem = "the input ends inside an event",
                 .found = fmt::format("{} bytes after {} events", rest.size(), events_),
                 .expected = fmt::format("a multiple of {} bytes", options_.event_size),
                 .remedy = "Complete the input, or publish without --raw."});
}

/// Publishes all, or less if a signal came.
void Publication::publish_whole(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::uint64_t count = std::min(batch_, bytes.size() / payload_size_);
    const auto batch = bytes.first(count * payload_size_);
    if (!publish_batch(batch, count)) return;
    bytes = bytes.subspan(batch.size());
  }
}

/// Publishes `bytes` as `count` events, of which the last one may be short.
/// @return false if a signal came before there was room.
bool Publication::publish_batch(std::span<const std::byte> bytes, std::uint64_t count) {
  const TimePoint begin = os::now();
  const TimePoint deadline = deadline_after(options_.timeout);
  for (;;) {
    auto claim = producer_.claim_until(std::min(deadline, os::now() + wait_slice), count);
    if (claim) {
      fill(claim, bytes);
      const bool is_revoked = claim.publish() == Publish::revoked;
      const std::uint64_t done =
          is_revoked ? claim.published() * payload_size_ : std::uint64_t{bytes.size()};
      events_ += is_revoked ? claim.published() : count;
      bytes_ += done;
      pending_ -= done;
      if (is_revoked) {  // we were stopped for too long; nobody has seen the rest
        bytes = bytes.subspan(done);
        count -= claim.published();
        continue;
      }
      if (progress_.is_due())
        progress_.show(ring() + ": " + describe_flow(events_, bytes_, os::now() - started_));
      return true;
    }
    const bool may_change = claim.status() == Publish::timed_out && os::now() < deadline;
    if (stop_.received() != 0) return false;
    if (!may_change) throw producer_.explain(claim.status(), count);
    if (os::now() - begin >= silence_when_full) warn_of_missing_consumer();
  }
}

void Publication::fill(Claim<Bytes>& claim, std::span<const std::byte> bytes) const {
  for (const std::span<std::byte> event : claim) {
    const auto part = bytes.first(std::min<std::size_t>(payload_size_, bytes.size()));
    bytes = bytes.subspan(part.size());
    if (options_.is_raw) {
      std::copy(part.begin(), part.end(), event.begin());
    } else {
      write_frame(event, part);
    }
  }
}

/// Told once: we wait for somebody who is not there.
void Publication::warn_of_missing_consumer() {
  if (has_warned_ || options_.is_quiet) return;
  const auto slowest = producer_.slowest_consumer();
  if (slowest && !is_away(*slowest)) return;
  has_warned_ = true;
  progress_.clear();
  warn(ring() + ": the ring is full; waiting for " +
           (slowest ? describe(*slowest) + " to come back" : "a consumer"),
       options_.json);
}

/// Whoever failed before its first event leaves a ring that it took over as it found it. Beside
/// others that live it closes: the ring is theirs, and does not wait for us.
void Publication::leave_ring(bool failed) {
  const bool has_company =
      is_one_of_several() && producer_.predecessor() == ProducerPresence::alive;
  if (options_.leaves_open || (failed && producer_.took_over() && events_ == 0 && !has_company)) {
    producer_.detach();
  } else {
    producer_.close();
  }
}

void Publication::tell_summary(const std::string& outcome) {
  progress_.clear();
  if (options_.is_quiet) return;
  report(StreamSummary{.command = "pub",
                       .ring = ring(),
                       .outcome = outcome,
                       .events = events_,
                       .bytes = bytes_,
                       .missed = 0,
                       .voids = 0,
                       .first = first_.value(),
                       .next = producer_.next_sequence().value(),
                       .elapsed = os::now() - started_},
         options_.json);
  warn_of_loss();
}

void Publication::warn_of_loss() const {
  if (pending_ != 0) {
    warn(fmt::format("{}: {} bytes of the input were read but not published", ring(), pending_),
         options_.json);
  }
  const auto everybody = producer_.participants();
  const bool is_awaited =
      std::any_of(everybody.begin(), everybody.end(), [](const Participant& participant) {
        return participant.kind != format::RowKind::producer && participant.gates;
      });
  const ProducerCount producers = count_producers(everybody);
  const bool is_last = producers.alive + producers.stopped + producers.dead + producers.left == 1;
  if (events_ != 0 && !is_awaited && is_last && !options_.leaves_open) {
    warn(ring() + ": no consumer is attached; events that none has read are gone", options_.json);
  }
}

}  // namespace disruptor_mp::tool
