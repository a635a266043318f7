// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The patterns of work, written once for all contenders.
//   A writer has  publish(n)             publishes event n
//                 produce(first, end, batch)
//   A reader has  receive(n)             waits for event n; returns its difference()
//                 consume(first, end)    the same for a range
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "dmp_bench/payload.hpp"
#include "dmp_bench/worker.hpp"

namespace disruptor_mp::bench {

template <class Writer>
class StreamProducer final : public Worker {
 public:
  StreamProducer(Writer writer, std::uint64_t batch) : writer_(std::move(writer)), batch_(batch) {}
  std::uint64_t run(std::uint64_t first, std::uint64_t end, RoundTrips& /*round_trips*/) override {
    writer_.produce(first, end, batch_);
    return 0;
  }

 private:
  Writer writer_;
  std::uint64_t batch_;
};

template <class Reader>
class StreamConsumer final : public Worker {
 public:
  explicit StreamConsumer(Reader reader) : reader_(std::move(reader)) {}
  std::uint64_t run(std::uint64_t first, std::uint64_t end, RoundTrips& /*round_trips*/) override {
    return reader_.consume(first, end);
  }

 private:
  Reader reader_;
};

/// Of several producers with nobody reading along.
/// A sweeper has  sweep(arrivals)  takes the newest events in order; false if they are too few.
template <class Writer, class Sweeper>
class SweptProducer final : public Worker {
 public:
  SweptProducer(Writer writer, Sweeper sweeper, std::uint64_t batch)
      : writer_(std::move(writer)), sweeper_(std::move(sweeper)), batch_(batch) {}
  std::uint64_t run(std::uint64_t first, std::uint64_t end, RoundTrips& /*round_trips*/) override {
    writer_.produce(first, end, batch_);
    return 0;
  }
  std::uint64_t read_what_is_left(std::uint64_t end) override {
    Arrivals arrivals;
    const bool is_enough = sweeper_.sweep(arrivals);
    return arrivals.wrong() | std::uint64_t{!is_enough || !arrivals.are_complete(end)};
  }

 private:
  Writer writer_;
  Sweeper sweeper_;
  std::uint64_t batch_;
};

template <class Writer, class Reader>
class Ping final : public Worker {
 public:
  /// @param readers one for each process that answers.
  Ping(Writer writer, std::vector<Reader> readers, Ticks ticks)
      : writer_(std::move(writer)), readers_(std::move(readers)), ticks_(ticks) {}
  std::uint64_t run(std::uint64_t first, std::uint64_t end, RoundTrips& round_trips) override {
    constexpr std::uint64_t group = RoundTrips::group;
    std::uint64_t wrong = 0;
    std::uint64_t n = first;
    std::uint64_t before = Ticks::now();
    while (n + 2 * group <= end) {
      for (const std::uint64_t stop = n + group; n != stop; ++n) wrong |= round_trip(n);
      std::uint64_t after = Ticks::now();
      round_trips.groups.record(ticks_.to_ns(after - before));
      before = after;
      for (const std::uint64_t stop = n + group; n != stop; ++n) {
        wrong |= round_trip(n);
        after = Ticks::now();
        round_trips.single.record(ticks_.to_ns(after - before));
        before = after;
      }
    }
    for (; n != end; ++n) wrong |= round_trip(n);
    return wrong;
  }

 private:
  std::uint64_t round_trip(std::uint64_t n) {
    writer_.publish(n);
    std::uint64_t wrong = 0;
    for (Reader& reader : readers_) wrong |= reader.receive(n);
    return wrong;
  }

  Writer writer_;
  std::vector<Reader> readers_;
  Ticks ticks_;
};

template <class Writer, class Reader>
class Pong final : public Worker {
 public:
  Pong(Writer writer, Reader reader) : writer_(std::move(writer)), reader_(std::move(reader)) {}
  std::uint64_t run(std::uint64_t first, std::uint64_t end, RoundTrips& /*round_trips*/) override {
    std::uint64_t wrong = 0;
    for (std::uint64_t n = first; n != end; ++n) {
      wrong |= reader_.receive(n);
      writer_.publish(n);
    }
    return wrong;
  }

 private:
  Writer writer_;
  Reader reader_;
};

/// Calls `make` with std::type_identity<Event<size, layout>>.
template <class Make>
std::unique_ptr<Worker> with_event_type(std::size_t size, format::SlotLayout layout, Make&& make) {
  const auto with_size = [&]<std::size_t Size>() -> std::unique_ptr<Worker> {
    using format::SlotLayout;
    if (layout == SlotLayout::packed)
      return make(std::type_identity<Event<Size, SlotLayout::packed>>{});
    return make(std::type_identity<Event<Size, SlotLayout::stamped>>{});
  };
  switch (size) {
    case 8:
      return with_size.template operator()<8>();
    case 16:
      return with_size.template operator()<16>();
    case 24:
      return with_size.template operator()<24>();
    case 32:
      return with_size.template operator()<32>();
    case 48:
      return with_size.template operator()<48>();
    case 56:
      return with_size.template operator()<56>();
    case 64:
      return with_size.template operator()<64>();
    case 128:
      return with_size.template operator()<128>();
    case 256:
      return with_size.template operator()<256>();
    case 1024:
      return with_size.template operator()<1024>();
    default:
      throw std::invalid_argument("no event type of " + std::to_string(size) + " bytes");
  }
}

}  // namespace disruptor_mp::bench
