// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dmp_bench/limit.hpp"
#include "dmp_bench/patterns.hpp"
#include "dmp_bench/worker.hpp"

namespace disruptor_mp::bench {
namespace {

/// Bytes of one ring; in a ping-pong the rings that lead back stand right behind the first.
std::size_t ring_size(const Case& work, const Contender& contender) {
  const std::uint64_t stride =
      format::slot_stride(contender.layout, work.event_size, alignof(std::uint64_t));
  return format::align_up(4096 + work.capacity * stride, 4096);
}

template <class E>
std::unique_ptr<Worker> make_ping_pong(const Part& part, Spin spin) {
  const std::uint64_t capacity = part.work->capacity;
  const RawRing<E> there(part.raw->data(), capacity, part.work->consumers);
  const auto back_from = [&](unsigned process) {
    return RawRing<E>(part.raw->data() + process * ring_size(*part.work, *part.contender), capacity,
                      1);
  };
  using Writer = LimitWriter<E>;
  using Reader = LimitReader<E>;
  if (part.process > 0)
    return std::make_unique<Pong<Writer, Reader>>(Writer(back_from(part.process), spin),
                                                  Reader(there, part.process - 1, spin));
  std::vector<Reader> answers;
  for (unsigned process = 1; process <= part.work->consumers; ++process)
    answers.emplace_back(back_from(process), 0, spin);
  return std::make_unique<Ping<Writer, Reader>>(Writer(there, spin), std::move(answers),
                                                *part.ticks);
}

template <class E>
std::unique_ptr<Worker> make_shared_stream(const Part& part, Spin spin) {
  const Case& work = *part.work;
  const bool is_alone = work.consumers == 0;
  const RawRing<E> ring(part.raw->data(), work.capacity,
                        is_alone ? work.producers : work.consumers);
  using Writer = LimitSharedWriter<E>;
  if (!part.is_producer())
    return std::make_unique<StreamConsumer<LimitSharedReader<E>>>(
        LimitSharedReader<E>(ring, work.producers, part.consumer(), spin));
  const Writer writer(ring, part.process, is_alone, spin);
  if (!is_alone) return std::make_unique<StreamProducer<Writer>>(writer, work.batch);
  return std::make_unique<SweptProducer<Writer, LimitSweeper<E>>>(writer, LimitSweeper<E>(ring),
                                                                  work.batch);
}

template <class E>
std::unique_ptr<Worker> make_stream(const Part& part, Spin spin) {
  if constexpr (RawRing<E>::is_stamped) {
    if (part.work->producers > 1) return make_shared_stream<E>(part, spin);
  }
  const RawRing<E> ring(part.raw->data(), part.work->capacity, part.work->consumers);
  if (part.process == 0)
    return std::make_unique<StreamProducer<LimitWriter<E>>>(LimitWriter<E>(ring, spin),
                                                            part.work->batch);
  return std::make_unique<StreamConsumer<LimitReader<E>>>(
      LimitReader<E>(ring, part.process - 1, spin));
}

}  // namespace

std::size_t raw_size(const Case& work, const Contender& contender) {
  return ring_size(work, contender) * (work.pattern == Pattern::ping_pong ? work.processes() : 1);
}

std::unique_ptr<Worker> make_limit_worker(const Part& part) {
  const Spin spin(part.yields);
  return with_event_type(part.work->event_size, part.contender->layout, [&](auto type) {
    using E = typename decltype(type)::type;
    return part.work->pattern == Pattern::ping_pong ? make_ping_pong<E>(part, spin)
                                                    : make_stream<E>(part, spin);
  });
}

}  // namespace disruptor_mp::bench
