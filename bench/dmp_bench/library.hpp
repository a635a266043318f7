// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The library, used as a user uses it: events are written and read in place, nothing is copied.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "disruptor_mp/disruptor_mp.hpp"
#include "dmp_bench/payload.hpp"

namespace disruptor_mp::bench {

template <class E>
class LibraryWriter {
 public:
  explicit LibraryWriter(Producer<E> producer) : producer_(std::move(producer)) {}

  void publish(std::uint64_t n) {
    require(producer_->publish([n](E& event) { fill(event, n); }));
  }

  void produce(std::uint64_t first, std::uint64_t end, std::uint64_t batch) {
    if (batch == 1) {
      produce_singly(end);
    } else {
      produce_batches(first, end, batch);
    }
  }

 private:
  // The producer is a local variable, as in a program whose loop owns it: the compiler keeps its
  // state in registers (docs/performance.md, "One store too many").

  void produce_singly(std::uint64_t end) {
    Producer<E> producer = std::move(*producer_);
    while (producer.next_sequence().value() != end) {
      const std::uint64_t n = producer.next_sequence().value();
      require(producer.publish([n](E& event) { fill(event, n); }));
    }
    producer_.emplace(std::move(producer));
  }

  void produce_batches(std::uint64_t first, std::uint64_t end, std::uint64_t batch) {
    Producer<E> producer = std::move(*producer_);
    for (std::uint64_t n = first; n < end;) {
      Claim<E> claim = producer.claim(batch);
      require(claim.status());
      for (E& event : claim) fill(event, n++);
    }
    producer_.emplace(std::move(producer));
  }

  [[gnu::always_inline]] static void require(Publish result) {
    if (result != Publish::ok) [[unlikely]]
      fail(result);
  }
  [[gnu::cold, noreturn]] static void fail(Publish result) {
    throw std::runtime_error("publish: " + std::string(to_string(result)));
  }
  std::optional<Producer<E>> producer_;
};

template <class E>
class LibraryReader {
 public:
  explicit LibraryReader(Consumer<E> consumer) : consumer_(std::move(consumer)) {}

  std::uint64_t receive(std::uint64_t n) { return consume(n, n + 1); }

  std::uint64_t consume(std::uint64_t first, std::uint64_t end) {
    std::uint64_t n = first;
    std::uint64_t wrong = 0;
    while (n != end) {
      const PollResult result = consumer_.wait_poll([&](const E& event) {
        wrong |= difference(event, n);
        ++n;
      });
      if (result.outcome != Poll::events) [[unlikely]]
        throw std::runtime_error("poll: " + std::string(to_string(result.outcome)));
    }
    return wrong;
  }

 private:
  Consumer<E> consumer_;
};

}  // namespace disruptor_mp::bench
