// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A million events of 32 bytes, published singly, and read in the same process whenever the ring is
// full. scripts/count-instructions counts what publishing takes, and what reading does; a clock
// would also say what the machine did meanwhile. It uses only what the library always had, so that
// commits can be compared; `several` for an argument makes it a ring of several producers, where
// there are such, `liveness` gives the producer a policy for its consumer, where it can have one,
// `singly` lets the consumer commit each event.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "disruptor_mp/disruptor_mp.hpp"

using namespace disruptor_mp;

namespace {

struct Event {
  std::array<std::uint64_t, 4> words;
};

constexpr std::uint64_t capacity = 4096;
constexpr std::uint64_t events = 1'000'000;

template <class Options>
Options options_for(bool several) {
  Options options;
  options.capacity = capacity;
  options.fences = FenceChoice::asymmetric;  // what a ring has where nothing forbids it
  if constexpr (requires { options.producers; }) {
    using Kind = decltype(options.producers);
    if (several) options.producers = Kind::multi;
  }
  return options;
}

template <class P>
void enable_liveness(P& producer, const char* id) {
  if constexpr (requires { producer.enable_liveness({}); })
    producer.enable_liveness({.required_consumer_ids = {id}});
}

}  // namespace

// Both have the names that the counter goes by: publishing is the second without the first.

extern "C" [[gnu::noinline]] std::uint64_t count_reading(Consumer<Event>& consumer,
                                                         std::uint64_t there) {
  std::uint64_t count = 0;
  const auto read = [&count](const Event& event) { count += event.words[3] != 0 ? 1 : 0; };
  // Not to the first idle poll: that asks the kernel now and then, by the clock.
  while (count < there && consumer.poll(read).outcome == Poll::events) {
  }
  return count;
}

extern "C" [[gnu::noinline]] std::uint64_t count_publishing(std::optional<Producer<Event>>& owner,
                                                            Consumer<Event>& consumer) {
  std::uint64_t count = 0;
  Producer<Event> producer = std::move(*owner);  // a local variable, as in docs/performance.md
  for (std::uint64_t n = 1; n <= events; ++n) {
    const Publish result = producer.publish([n](Event& event) { event = {{n, n, n, n}}; });
    if (result != Publish::ok) break;
    if (n % capacity == 0) count += count_reading(consumer, capacity);
  }
  owner.emplace(std::move(producer));
  return count;
}

int main(int argc, char** argv) {
  try {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    const auto is_asked = [&](std::string_view what) {
      return std::find(arguments.begin(), arguments.end(), what) != arguments.end();
    };
    const bool several = is_asked("several");
    const std::string name = "publish-loop-" + std::to_string(getpid());
    std::optional<Producer<Event>> producer(
        Producer<Event>::create(name, options_for<ProducerOptions>(several)));
    const char* const id = "reader";
    ConsumerOptions reading;
    reading.id = id;
    reading.kind = ConsumerKind::required;
    if (is_asked("singly")) reading.max_batch = 1;
    auto consumer = Consumer<Event>::attach(name, reading);
    if (is_asked("liveness")) enable_liveness(*producer, id);
    const std::uint64_t count =
        count_publishing(producer, consumer) + count_reading(consumer, events % capacity);
    producer->close();
    if (count == events) return 0;
    std::fprintf(stderr, "publish-loop: %llu of %llu events arrived\n",
                 static_cast<unsigned long long>(count), static_cast<unsigned long long>(events));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "publish-loop: %s\n", error.what());
  }
  return 1;
}
