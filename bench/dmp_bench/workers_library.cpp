// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/library.hpp"
#include "dmp_bench/patterns.hpp"
#include "dmp_bench/worker.hpp"

namespace disruptor_mp::bench {
namespace {

using namespace std::chrono_literals;

WaitStrategy wait_strategy(const Part& part) {
  return part.yields ? WaitStrategy::spin_then_yield() : part.contender->wait;
}

template <class E>
LibraryWriter<E> make_writer(const Part& part, const std::string& name) {
  return LibraryWriter<E>(Producer<E>::create(name, {.capacity = part.work->capacity,
                                                     .counters = part.contender->counters,
                                                     .wait = wait_strategy(part)}),
                          part.contender->burst);
}

template <class E>
LibraryReader<E> make_reader(const Part& part, const std::string& name) {
  return LibraryReader<E>(Consumer<E>::attach(name, {.wait = wait_strategy(part), .timeout = 10s}));
}

template <class E>
std::unique_ptr<Worker> make_ping_pong(const Part& part) {
  using Writer = LibraryWriter<E>;
  using Reader = LibraryReader<E>;
  // Each makes its own ring before it waits for another's.
  Writer writer = make_writer<E>(
      part, part.process == 0 ? part.ring_name : ring_back_from(part.ring_name, part.process));
  if (part.process > 0)
    return std::make_unique<Pong<Writer, Reader>>(std::move(writer),
                                                  make_reader<E>(part, part.ring_name));
  std::vector<Reader> answers;
  for (unsigned process = 1; process <= part.work->consumers; ++process)
    answers.push_back(make_reader<E>(part, ring_back_from(part.ring_name, process)));
  return std::make_unique<Ping<Writer, Reader>>(std::move(writer), std::move(answers), *part.ticks);
}

template <class E>
Producer<E> make_shared_producer(const Part& part) {
  if (part.process != 0)
    return Producer<E>::attach(part.ring_name, {.wait = wait_strategy(part), .timeout = 10s});
  return Producer<E>::create(
      part.ring_name,
      {.capacity = part.work->capacity,
       .when_alone = part.work->consumers == 0 ? WhenAlone::run_free : WhenAlone::block,
       .producers = ProducerKind::multi,
       .counters = part.contender->counters,
       .wait = wait_strategy(part)});
}

template <class E>
std::unique_ptr<Worker> make_shared_stream(const Part& part) {
  using Writer = LibrarySharedWriter<E>;
  if (!part.is_producer())
    return std::make_unique<StreamConsumer<LibrarySharedReader<E>>>(LibrarySharedReader<E>(
        Consumer<E>::attach(part.ring_name, {.wait = wait_strategy(part), .timeout = 10s}),
        part.work->producers));
  Writer writer(make_shared_producer<E>(part), part.process, part.contender->burst);
  if (part.work->consumers != 0)
    return std::make_unique<StreamProducer<Writer>>(std::move(writer), part.work->batch);
  return std::make_unique<SweptProducer<Writer, LibrarySweeper<E>>>(
      std::move(writer), LibrarySweeper<E>(part.ring_name, part.work->capacity), part.work->batch);
}

template <class E>
std::unique_ptr<Worker> make_stream(const Part& part) {
  if (part.contender->producers == ProducerKind::multi) return make_shared_stream<E>(part);
  if (part.process == 0)
    return std::make_unique<StreamProducer<LibraryWriter<E>>>(make_writer<E>(part, part.ring_name),
                                                              part.work->batch);
  return std::make_unique<StreamConsumer<LibraryReader<E>>>(make_reader<E>(part, part.ring_name));
}

}  // namespace

std::unique_ptr<Worker> make_library_worker(const Part& part) {
  return with_event_type(part.work->event_size, part.contender->layout, [&](auto type) {
    using E = typename decltype(type)::type;
    return part.work->pattern == Pattern::ping_pong ? make_ping_pong<E>(part)
                                                    : make_stream<E>(part);
  });
}

}  // namespace disruptor_mp::bench
