// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Participants inside the test's own process: the survivors. They keep logs like the others, so the
// oracle judges them too, and every wait of theirs ends at the hang deadline.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "disruptor_mp/disruptor_mp.hpp"
#include "evidence/event_log.hpp"
#include "support/peer.hpp"
#include "support/scratch.hpp"

namespace disruptor_mp::process_test {

using namespace evidence;

[[nodiscard]] EventType event_type_of_form(EventForm form);

enum class ProducerBirth : std::uint8_t { create, attach, create_or_attach };

class LocalProducer {
 public:
  /// `incarnation` must differ from that of every other producer of the test.
  LocalProducer(const Scratch& scratch, EventForm form, ProducerBirth birth,
                std::uint64_t incarnation,
                ProducerOptions options = {.capacity = 64, .max_participants = 8});

  /// Publishes one event after the other; stops at the first that does not succeed by `deadline`.
  Publish publish(std::uint64_t count, TimePoint deadline);
  Publish publish(std::uint64_t count);  ///< with the hang deadline
  /// Publishes until there is no room at once. @return how many.
  std::uint64_t fill();

  [[nodiscard]] std::uint64_t next() const { return producer_->next_sequence().value(); }
  Producer<Bytes>& operator*() { return *producer_; }
  Producer<Bytes>* operator->() { return &*producer_; }
  /// Closes and leaves.
  void finish() { producer_.reset(); }
  /// The same; of several producers also for those who died and will not come back.
  void finish_for_all() {
    producer_->close_for_all();
    finish();
  }

 private:
  EventLog log_;
  std::uint64_t incarnation_;
  std::uint64_t number_ = 0;
  std::optional<Producer<Bytes>> producer_;
};

class LocalConsumer {
 public:
  LocalConsumer(const Scratch& scratch, const std::string& id, std::uint64_t incarnation,
                ConsumerOptions options = {});

  /// Handles events until `next` is reached. @return the outcome of the last poll: `events`, or
  /// what kept it from going on.
  Poll read_to(std::uint64_t next);
  /// Handles what comes until something else comes.
  Poll drain();

  [[nodiscard]] std::uint64_t next() const { return consumer_->next_sequence().value(); }
  Consumer<Bytes>& operator*() { return *consumer_; }
  Consumer<Bytes>* operator->() { return &*consumer_; }
  void leave() { consumer_.reset(); }

 private:
  Poll poll_once(TimePoint deadline);

  EventLog log_;
  std::optional<Consumer<Bytes>> consumer_;
};

}  // namespace disruptor_mp::process_test
