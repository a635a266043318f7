// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Queues of others for the same work. Both copy every event twice, out of the producer's variable
// into the queue and into the consumer's variable; neither allocates anything after it was made.
// With nobody reading along a slice is as long as the queue, and is read when it is over.
#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/lockfree/queue.hpp>

#include <new>

#include "dmp_bench/patterns.hpp"
#include "dmp_bench/spin.hpp"
#include "dmp_bench/worker.hpp"

namespace disruptor_mp::bench {
namespace {

constexpr std::size_t queue_capacity = 4096;

/// Each node has cache lines of its own, and there is one more than fits in.
constexpr std::size_t lockfree_size(std::size_t event_size) {
  constexpr std::size_t line = 64;
  return 4096 + (queue_capacity + 1) * format::align_up(event_size + sizeof(std::uint64_t), line);
}

/// boost::lockfree::queue, its nodes inside of it, so that it works in shared memory. Push and pop
/// each do several compare-and-exchanges on its head, its tail and its list of free nodes.
template <class E>
class LockfreeQueue {
 public:
  explicit LockfreeQueue(const Part& part)
      : shared_(reinterpret_cast<InMemory*>(part.raw->data())), spin_(part.yields) {
    // The memory is zeroed; release and acquire: whoever sees `is_made` sees the queue.
    if (part.process == 0) {
      new (&shared_->queue) Queue;
      shared_->is_made.store(true, std::memory_order_release);
    }
    while (!shared_->is_made.load(std::memory_order_acquire)) spin_();
  }

  void push(const E& event) {
    while (!shared_->queue.bounded_push(event)) spin_();
  }
  bool try_pop(E& event) { return shared_->queue.pop(event); }
  void pop(E& event) {
    while (!try_pop(event)) spin_();
  }

 private:
  // Not Case::capacity: it is part of the type.
  using Queue = boost::lockfree::queue<E, boost::lockfree::capacity<queue_capacity>>;
  struct InMemory {
    std::atomic<bool> is_made;
    Queue queue;
  };
  static_assert(sizeof(InMemory) <= lockfree_size(sizeof(E)));
  InMemory* shared_;
  Spin spin_;
};

/// boost::interprocess::message_queue: a mutex, conditions to wait on, and an index sorted by
/// priority, of which all messages here have the same.
template <class E>
class MessageQueue {
 public:
  explicit MessageQueue(const Part& part)
      : name_(part.ring_name.substr(part.ring_name.find(':') + 1)),
        is_owner_(part.process == 0),
        queue_(std::make_unique<Queue>(boost::interprocess::open_or_create, name_.c_str(),
                                       queue_capacity, sizeof(E))) {}
  ~MessageQueue() {
    if (is_owner_ && queue_) Queue::remove(name_.c_str());
  }
  MessageQueue(MessageQueue&&) noexcept = default;
  MessageQueue(const MessageQueue&) = delete;
  MessageQueue& operator=(MessageQueue&&) = delete;

  void push(const E& event) { queue_->send(&event, sizeof event, 0); }
  bool try_pop(E& event) { return queue_->try_receive(&event, sizeof event, received_, priority_); }
  void pop(E& event) { queue_->receive(&event, sizeof event, received_, priority_); }

 private:
  using Queue = boost::interprocess::message_queue;
  std::string name_;
  bool is_owner_;
  std::unique_ptr<Queue> queue_;
  Queue::size_type received_ = 0;
  unsigned priority_ = 0;
};

template <class Queue, class E>
class PeerProducer final : public Worker {
 public:
  explicit PeerProducer(const Part& part)
      : queue_(part),
        place_(part.process),
        longest_slice_(part.work->consumers != 0 ? ~std::uint64_t{0}
                                                 : queue_capacity / part.work->producers) {}

  std::uint64_t run(std::uint64_t first, std::uint64_t end, RoundTrips& /*round_trips*/) override {
    E event;
    for (std::uint64_t n = number_of(place_, first); n != number_of(place_, end); ++n) {
      fill(event, n);
      queue_.push(event);
    }
    return 0;
  }

  std::uint64_t read_what_is_left(std::uint64_t end) override {
    if (longest_slice_ > queue_capacity) return 0;  // there are consumers
    Arrivals arrivals;
    E event;
    while (queue_.try_pop(event)) arrivals.take(event);
    return arrivals.wrong() | std::uint64_t{!arrivals.are_complete(end)};
  }

  [[nodiscard]] std::uint64_t longest_slice() const override { return longest_slice_; }

 private:
  Queue queue_;
  unsigned place_;
  std::uint64_t longest_slice_;
};

template <class Queue, class E>
class PeerConsumer final : public Worker {
 public:
  explicit PeerConsumer(const Part& part) : queue_(part), producers_(part.work->producers) {}

  std::uint64_t run(std::uint64_t first, std::uint64_t end, RoundTrips& /*round_trips*/) override {
    Arrivals arrivals(first);
    E event;
    for (std::uint64_t left = producers_ * (end - first); left != 0; --left) {
      queue_.pop(event);
      arrivals.take(event);
    }
    return arrivals.wrong();
  }

 private:
  Queue queue_;
  unsigned producers_;
};

template <class Queue, class E>
std::unique_ptr<Worker> make_part(const Part& part) {
  if (part.is_producer()) return std::make_unique<PeerProducer<Queue, E>>(part);
  return std::make_unique<PeerConsumer<Queue, E>>(part);
}

}  // namespace

std::size_t peer_size(const Case& work, const Contender& /*contender*/) {
  return lockfree_size(work.event_size);
}

std::unique_ptr<Worker> make_peer_worker(const Part& part) {
  return with_event_type(part.work->event_size, part.contender->layout, [&](auto type) {
    using E = typename decltype(type)::type;
    return part.contender->kind == Kind::boost_lockfree ? make_part<LockfreeQueue<E>, E>(part)
                                                        : make_part<MessageQueue<E>, E>(part);
  });
}

}  // namespace disruptor_mp::bench
