// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The library, used as a user uses it: events are written and read in place, nothing is copied.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "disruptor_mp/disruptor_mp.hpp"
#include "dmp_bench/payload.hpp"

namespace disruptor_mp::bench {

[[gnu::cold, noreturn]] inline void fail(Publish result) {
  throw std::runtime_error("publish: " + std::string(to_string(result)));
}
[[gnu::always_inline]] inline void require_ok(Publish result) {
  if (result != Publish::ok) [[unlikely]]
    fail(result);
}
inline void require_events(Poll outcome) {
  if (outcome != Poll::events) [[unlikely]]
    throw std::runtime_error("poll: " + std::string(to_string(outcome)));
}

/// Publishes events [first, end), each at once, in bursts.
template <class E>
[[gnu::always_inline]] inline void produce_bursts(Producer<E>& producer, std::uint64_t first,
                                                  std::uint64_t end, std::uint64_t size) {
  for (std::uint64_t n = first; n != end;) {
    Burst<E> burst = producer.burst(std::min(size, end - n));
    require_ok(burst.status());
    for (; burst.room() != 0; ++n) burst.publish([n](E& event) { fill(event, n); });
  }
}

/// Into `owner`, which holds what is left of a producer that was moved from. What std::optional
/// calls for it is not inlined in a large source, and whoever is handed the address of a local
/// variable keeps it out of registers, also in the loop before.
template <class E>
[[gnu::always_inline]] inline void give_back(std::optional<Producer<E>>& owner,
                                             Producer<E>&& producer) {
  Producer<E>* const place = std::addressof(*owner);
  place->~Producer();
  ::new (static_cast<void*>(place)) Producer<E>(std::move(producer));
}

template <class E>
class LibraryWriter {
 public:
  /// @param burst events per burst; 0: singly or in claims.
  explicit LibraryWriter(Producer<E> producer, std::uint64_t burst = 0)
      : producer_(std::move(producer)), burst_(burst) {}

  void publish(std::uint64_t n) {
    require_ok(producer_->publish([n](E& event) { fill(event, n); }));
  }

  void produce(std::uint64_t first, std::uint64_t end, std::uint64_t batch) {
    if (burst_ != 0) {
      produce_in_bursts(first, end);
    } else if (batch == 1) {
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
      require_ok(producer.publish([n](E& event) { fill(event, n); }));
    }
    give_back(producer_, std::move(producer));
  }

  void produce_in_bursts(std::uint64_t first, std::uint64_t end) {
    Producer<E> producer = std::move(*producer_);
    produce_bursts(producer, first, end, burst_);
    give_back(producer_, std::move(producer));
  }

  void produce_batches(std::uint64_t first, std::uint64_t end, std::uint64_t batch) {
    Producer<E> producer = std::move(*producer_);
    for (std::uint64_t n = first; n < end;) {
      Claim<E> claim = producer.claim(batch);
      require_ok(claim.status());
      for (E& event : claim) fill(event, n++);
    }
    give_back(producer_, std::move(producer));
  }

  std::optional<Producer<E>> producer_;
  std::uint64_t burst_;
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
      require_events(result.outcome);
    }
    return wrong;
  }

 private:
  Consumer<E> consumer_;
};

/// One of several producers; `producer` is its place among them.
template <class E>
class LibrarySharedWriter {
 public:
  LibrarySharedWriter(Producer<E> producer, unsigned place, std::uint64_t burst)
      : producer_(std::move(producer)), place_(place), burst_(burst) {}

  void produce(std::uint64_t first, std::uint64_t end, std::uint64_t batch) {
    Producer<E> producer = std::move(*producer_);
    if (burst_ != 0) {
      produce_bursts(producer, number_of(place_, first), number_of(place_, end), burst_);
    } else if (batch == 1) {
      for (std::uint64_t n = number_of(place_, first); n != number_of(place_, end); ++n)
        require_ok(producer.publish([n](E& event) { fill(event, n); }));
    } else {
      for (std::uint64_t n = number_of(place_, first); n != number_of(place_, end);) {
        Claim<E> claim = producer.claim(batch);
        require_ok(claim.status());
        for (E& event : claim) fill(event, n++);
      }
    }
    give_back(producer_, std::move(producer));
  }

 private:
  std::optional<Producer<E>> producer_;
  unsigned place_;
  std::uint64_t burst_;
};

template <class E>
class LibrarySharedReader {
 public:
  LibrarySharedReader(Consumer<E> consumer, unsigned producers)
      : consumer_(std::move(consumer)), producers_(producers) {}

  std::uint64_t consume(std::uint64_t first, std::uint64_t end) {
    Arrivals arrivals(first);
    std::uint64_t left = producers_ * (end - first);
    while (left != 0) {
      const PollResult result = consumer_.wait_poll([&](const E& event) {
        arrivals.take(event);
        --left;
      });
      require_events(result.outcome);
    }
    return arrivals.wrong();
  }

 private:
  Consumer<E> consumer_;
  unsigned producers_;
};

/// Reads the ring when all producers have stopped, as an observer who comes late.
template <class E>
class LibrarySweeper {
 public:
  LibrarySweeper(std::string name, std::uint64_t capacity)
      : name_(std::move(name)), capacity_(capacity) {}

  bool sweep(Arrivals& arrivals) const {
    auto observer = Consumer<E>::attach(name_, {.kind = ConsumerKind::observer});
    std::uint64_t count = 0;
    while (observer
               .poll([&](const E& event) {
                 arrivals.take(event);
                 ++count;
               })
               .outcome == Poll::events) {
    }
    // What lies before the horizon less a lap is not promised to be whole.
    return count >= capacity_ / 2 && observer.missed() == 0 && observer.voids() == 0;
  }

 private:
  std::string name_;
  std::uint64_t capacity_;
};

}  // namespace disruptor_mp::bench
