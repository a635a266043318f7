// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The library, used as a user uses it: events are written and read in place, nothing is copied.
#pragma once

#include <cstdint>
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
    require(producer_.publish([n](E& event) { fill(event, n); }));
  }

  void produce(std::uint64_t first, std::uint64_t end, std::uint64_t batch) {
    if (batch == 1) {
      for (std::uint64_t n = first; n != end; ++n) publish(n);
      return;
    }
    for (std::uint64_t n = first; n < end;) {
      Claim<E> claim = producer_.claim(batch);
      require(claim.status());
      for (E& event : claim) fill(event, n++);
    }
  }

 private:
  static void require(Publish result) {
    if (result != Publish::ok) [[unlikely]]
      throw std::runtime_error("publish: " + std::string(to_string(result)));
  }
  Producer<E> producer_;
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
