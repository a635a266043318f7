// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A death: a victim and a survivor open a ring, the survivor begins to wait, and at a random moment
// of its waiting the parent kills the victim. Then two clocks stop: the parent's when waitpid says
// that the victim is gone, the survivor's when the library has told it.
#include "dmp_bench/recovery.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

#include "disruptor_mp/disruptor_mp.hpp"
#include "disruptor_mp/os/memory_object.hpp"
#include "dmp_bench/child.hpp"
#include "dmp_bench/clock.hpp"
#include "dmp_bench/payload.hpp"
#include "dmp_bench/processes.hpp"
#include "dmp_bench/shared_area.hpp"

namespace disruptor_mp::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 30s;
constexpr std::uint64_t capacity = 64;
constexpr std::string_view consumer_id = "reader";

using Number = Event<8, format::SlotLayout::stamped>;

/// What the three processes of a death share, apart from the ring.
struct Board {
  std::atomic<bool> victim_is_there;
  std::atomic<bool> survivor_waits;
  std::atomic<std::uint64_t> noticed_ns;
  std::atomic<std::uint64_t> queued_ns;  ///< the survivor's, when it had noticed
};

/// The name of a ring; nothing may remain under it, whoever was killed.
class RingName {
 public:
  RingName() : text_(fmt::format("shm:dmp-bench-{}-recovery", getpid())) {}
  ~RingName() {
    std::error_code ignored;
    std::filesystem::remove(os::ObjectName::parse(text_).path(), ignored);
  }
  RingName(const RingName&) = delete;
  RingName& operator=(const RingName&) = delete;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

Producer<Number> create(const std::string& ring, WaitStrategy wait = WaitStrategy::block(),
                        ProducerKind producers = ProducerKind::single) {
  // Runs free, or it would go on waiting when its only reader is dead: for another one.
  return Producer<Number>::create(ring, {.capacity = capacity,
                                         .when_alone = WhenAlone::run_free,
                                         .producers = producers,
                                         .wait = wait,
                                         .required_patience = Duration::zero()});
}
Consumer<Number> join(const std::string& ring, WaitStrategy wait = WaitStrategy::block(),
                      ConsumerKind kind = ConsumerKind::gating) {
  return Consumer<Number>::attach(
      ring, {.id = std::string(consumer_id), .kind = kind, .wait = wait, .timeout = patience});
}
/// Tells a death as soon as it is proved; the victim, which reads nothing, is not to be stalled.
Liveness death_policy() {
  return {.required_consumer_ids = {std::string(consumer_id)},
          .startup_wait_timeout = patience,
          .progress_timeout = 2 * patience,
          .absence_grace_period = Duration::zero()};
}

bool kills_required(Waiting waiting) {
  return waiting == Waiting::for_required || waiting == Waiting::with_policy ||
         waiting == Waiting::watching;
}
bool kills_producer(Waiting waiting) {
  return waiting != Waiting::for_room && waiting != Waiting::for_id && !kills_required(waiting);
}

void await(const std::atomic<bool>& flag) {
  while (!flag.load(std::memory_order_acquire)) std::this_thread::sleep_for(100us);
}

[[noreturn]] void wait_for_the_end(Board& board) {
  board.victim_is_there.store(true, std::memory_order_release);
  for (;;) pause();
}

[[noreturn]] void be_victim(const std::string& ring, Waiting waiting, Board& board) {
  if (kills_producer(waiting)) {
    const Producer<Number> producer = create(ring);
    wait_for_the_end(board);
  }
  const Consumer<Number> consumer =
      join(ring, WaitStrategy::block(),
           kills_required(waiting) ? ConsumerKind::required : ConsumerKind::gating);
  wait_for_the_end(board);
}

class Survivor {
 public:
  Survivor(const Situation& situation, const std::string& ring, Board& board)
      : situation_(situation), ring_(ring), board_(board) {}

  void run() {
    switch (situation_.waiting) {
      case Waiting::for_room:
        return wait_for_room(Publish::ok);
      case Waiting::for_required:
      case Waiting::with_policy:
        return wait_for_room(Publish::consumer_missing);
      case Waiting::watching:
        return watch();
      case Waiting::for_event:
        return wait_for_event(
            [](auto& consumer, auto&& handler) { return consumer.wait_poll(handler).outcome; });
      case Waiting::between_polls:
        return wait_for_event([](auto& consumer, auto&& handler) {
          Poll outcome = Poll::idle;
          while (outcome == Poll::idle) outcome = consumer.poll(handler).outcome;
          return outcome;
        });
      case Waiting::to_succeed:
        return wait_to_succeed();
      case Waiting::for_id:
        return wait_for_id();
    }
  }

 private:
  void wait_for_room(Publish expected) {
    Producer<Number> producer = create(ring_, situation_.wait, situation_.producers);
    await(board_.victim_is_there);
    if (situation_.waiting == Waiting::with_policy) producer.enable_liveness(death_policy());
    const auto fill_slot = [](Number& number) { fill(number, 0); };
    while (producer.try_publish(fill_slot) == Publish::ok) {
    }
    begin_waiting();
    const Publish result = producer.publish(fill_slot);
    has_noticed();
    if (result != expected) fail(to_string(result));
  }

  void watch() {
    const Producer<Number> producer = create(ring_, situation_.wait, situation_.producers);
    Watcher watcher = Watcher::attach(ring_, death_policy());
    begin_waiting();
    const auto& failure = watcher.watch_until(never);
    has_noticed();
    if (!failure || failure->trouble != ConsumerTrouble::dead) fail("nothing");
  }

  template <class Wait>
  void wait_for_event(Wait&& wait) {
    Consumer<Number> consumer = join(ring_, situation_.wait);
    begin_waiting();
    const Poll outcome = wait(consumer, [](const Number&) {});
    has_noticed();
    if (outcome != Poll::producer_dead) fail(to_string(outcome));
  }

  void wait_to_succeed() {
    await(board_.victim_is_there);
    begin_waiting();
    const auto producer = Producer<Number>::attach(ring_, {.timeout = 2 * patience});
    has_noticed();
    if (producer.predecessor() != ProducerPresence::dead) fail("its predecessor is not dead");
  }

  void wait_for_id() {
    const Producer<Number> producer = create(ring_);
    await(board_.victim_is_there);
    begin_waiting();
    const Consumer<Number> consumer =
        Consumer<Number>::attach(ring_, {.id = std::string(consumer_id), .timeout = 2 * patience});
    has_noticed();
  }

  void begin_waiting() { board_.survivor_waits.store(true, std::memory_order_release); }
  void has_noticed() {
    board_.noticed_ns = now_ns();
    board_.queued_ns = queued_ns(getpid());
  }
  [[noreturn]] static void fail(std::string_view what) {
    throw std::runtime_error("instead of a death: " + std::string(what));
  }

  const Situation& situation_;
  const std::string& ring_;
  Board& board_;
};

/// Sleeps in short naps until it is so. @return false if it is not after 30 s.
template <class Condition>
bool sleep_until(const HeldSignals& signals, Condition&& condition) {
  const std::uint64_t deadline = now_ns() + std::chrono::nanoseconds(patience).count();
  while (!condition()) {
    if (now_ns() > deadline) return false;
    signals.wait(200us);
  }
  return true;
}

void kill_one(const HeldSignals& signals, std::chrono::nanoseconds waits_already,
              Recovery& recovery) {
  const Situation& situation = recovery.situation;
  const std::vector<int> cores = usable_cores();
  const Shared<Board> board;
  const RingName ring;  // outlives both
  Child survivor(signals, cores.front(), situation.name + ", survivor",
                 [&] { Survivor(situation, ring.text(), *board).run(); });
  Child victim(signals, cores.back(), situation.name + ", victim",
               [&] { be_victim(ring.text(), situation.waiting, *board); });

  if (!sleep_until(signals, [&] {
        if (survivor.has_ended() || victim.has_ended())
          throw std::runtime_error(situation.name + ": a process ended before the kill");
        return board->victim_is_there && board->survivor_waits;
      }))
    throw std::runtime_error(situation.name + ": the processes did not begin within 30 s");
  const std::uint64_t until = now_ns() + waits_already.count();
  for (std::uint64_t now = now_ns(); now < until; now = now_ns())
    signals.wait(std::chrono::nanoseconds(until - now));

  const std::uint64_t queued_before = queued_ns(survivor.pid());
  const std::uint64_t killed_ns = now_ns();
  victim.kill();
  const std::uint64_t released = now_ns() - killed_ns;
  if (!sleep_until(signals, [&] { return survivor.has_ended(); }))
    throw std::runtime_error(situation.name + ": a death was not noticed within 30 s");

  const std::uint64_t noticed = board->noticed_ns - killed_ns;
  const std::uint64_t queued = std::min(board->queued_ns - queued_before, noticed);
  const auto bound =
      static_cast<std::uint64_t>(std::chrono::nanoseconds(situation.bound + slack).count());
  recovery.noticed.record(noticed);
  recovery.released.record(released);
  recovery.queued.record(queued);
  if (noticed > released + bound + queued) ++recovery.beyond;
}

}  // namespace

std::vector<Situation> all_situations() {
  const auto spin = WaitStrategy::busy_spin();
  const auto yield = WaitStrategy::spin_then_yield();
  const auto block = WaitStrategy::block();
  return {
      {"full-ring/busy_spin", Waiting::for_room, spin, 500us, 2ms},
      {"full-ring/spin_then_yield", Waiting::for_room, yield, 500us, 2ms},
      {"full-ring/block", Waiting::for_room, block, 5ms, 15ms},
      {"required/patience", Waiting::for_required, block, 5ms, 15ms},
      {"required/policy", Waiting::with_policy, block, 5ms, 15ms},
      {"required-several/patience", Waiting::for_required, block, 5ms, 15ms, ProducerKind::multi},
      {"required-several/policy", Waiting::with_policy, block, 5ms, 15ms, ProducerKind::multi},
      {"required/watcher", Waiting::watching, block, 5ms, 15ms},
      {"no-event/busy_spin", Waiting::for_event, spin, 500us, 2ms},
      {"no-event/spin_then_yield", Waiting::for_event, yield, 500us, 2ms},
      {"no-event/block", Waiting::for_event, block, 50ms, 80ms},
      {"no-event/poll", Waiting::between_polls, block, 1ms, 2ms},
      {"successor", Waiting::to_succeed, block, 1ms, 2ms},
      {"same-id", Waiting::for_id, block, 1ms, 2ms}};
}

Recovery measure_recovery(const Situation& situation, unsigned deaths) {
  Recovery recovery{.situation = situation};
  const HeldSignals signals;
  // The kills are spread evenly over the survivor's naps.
  std::mt19937_64 random(deaths);
  std::uniform_int_distribution<std::int64_t> phase(
      0, std::chrono::nanoseconds(situation.bound).count());
  for (unsigned i = 0; i < deaths; ++i)
    kill_one(signals, situation.settling + std::chrono::nanoseconds(phase(random)), recovery);
  return recovery;
}

}  // namespace disruptor_mp::bench
