// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A ring made of arbitrary bytes, and what participants do with it, while somebody writes arbitrary
// words into it. Attaching is refused, or gives a view of the ring and of nothing else; whatever is
// done with that ends by its deadline.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "disruptor_mp/disruptor_mp.hpp"
#include "disruptor_mp/membership/housekeeping.hpp"
#include "fuzz/support/image.hpp"
#include "fuzz/support/script.hpp"

namespace disruptor_mp::fuzz {
namespace {

using namespace std::chrono_literals;

/// How long one call with a deadline may last, on a machine that has other things to do.
constexpr auto longest_call = 5s;

[[noreturn]] void finding(const char* text) {
  std::fprintf(stderr, "FINDING: %s\n", text);
  std::abort();
}

/// Reads every byte, and knows whether it is the ring's.
class Toucher {
 public:
  Toucher(const Segment& segment, bool is_copied) : segment_(&segment), is_copied_(is_copied) {}

  void operator()(std::span<const std::byte> event) const { touch(event); }
  void operator()(const Tick& event) const { touch(std::as_bytes(std::span(&event, 1))); }

 private:
  void touch(std::span<const std::byte> event) const {
    const std::byte* const first = segment_->slots();
    const std::byte* const end = first + segment_->header().sections.slots.size;
    if (!is_copied_ && (event.data() < first || event.data() + event.size() > end))
      finding("an event that lies outside of the slots");
    if (event.size() != segment_->shape().event_size) finding("an event of another size");
    for (const std::byte& byte : event) asm volatile("" ::"r"(byte));
  }
  const Segment* segment_;
  bool is_copied_;
};

template <class Call>
void in_time(Call&& call) {
  const auto start = std::chrono::steady_clock::now();
  std::forward<Call>(call)();
  if (std::chrono::steady_clock::now() - start > longest_call) finding("a call past its deadline");
}

/// Nobody waits in the kernel for what never comes.
ConsumerOptions consumer_options(std::uint8_t argument) {
  static constexpr std::array kinds = {ConsumerKind::required, ConsumerKind::gating,
                                       ConsumerKind::observer, ConsumerKind::gating};
  static constexpr std::array starts = {Start::oldest, Start::latest, Start::resume, Start::resume};
  ConsumerOptions options;
  options.kind = kinds[argument % 4];
  options.start = starts[(argument >> 2U) % 4];
  options.id = (argument & 16U) != 0 ? "first" : "second";
  if (options.kind == ConsumerKind::observer) {
    options.id.clear();
    if (options.start == Start::resume) options.start = Start::oldest;
  }
  if (options.kind != ConsumerKind::observer) {
    const std::string other = (argument & 16U) != 0 ? "second" : "first";
    if ((argument & 96U) == 32U) options.after = {other};
    if ((argument & 96U) == 64U) options.after = {other, "nobody"};
    if ((argument & 96U) == 96U) options.after = {"nobody"};
  }
  options.predecessor_patience = Duration::zero();
  if ((argument & 128U) != 0) options.commit = Commit::by_hand;
  options.timeout = Duration::zero();
  options.successor_patience = Duration::zero();
  options.wait = WaitStrategy::spin_then_yield(4);
  return options;
}

/// Of the two ids that consumers have here; everybody is late at once.
Liveness policy(std::uint8_t argument) {
  static constexpr std::array actions = {FailureAction::report, FailureAction::alert_only,
                                         FailureAction::continue_without,
                                         FailureAction::stop_topology};
  Liveness policy{.required_consumer_ids = {"first"},
                  .startup_wait_timeout = 1us,
                  .progress_timeout = 2us,
                  .progress_check_interval = 1us,
                  .shutdown_grace_period = Duration::zero(),
                  .failure_action = actions[argument % 4],
                  .absence_grace_period = Duration::zero(),
                  .absence_action = actions[argument % 4]};
  if ((argument & 16U) != 0) policy.required_consumer_ids.emplace_back("second");
  return policy;
}

ProducerOptions producer_options(std::uint8_t argument) {
  ProducerOptions options;
  if ((argument & 2U) != 0) options.id = "writer";
  options.bias_after = argument >> 2U & 3U;
  options.timeout = Duration::zero();
  options.required_patience = Duration::zero();
  options.wait = WaitStrategy::spin_then_yield(4);
  return options;
}

template <class E>
class Cast {
 public:
  explicit Cast(const Folder& folder) : folder_(&folder) {}

  void play(const Step& step) {
    try {
      in_time([&] { act(step); });
    } catch (const Error&) {  // refused, in words
    }
  }

  void leave_all() {
    for (auto& consumer : consumers_) consumer.reset();
    for (auto& producer : producers_) producer.reset();
  }

 private:
  void act(const Step& step) {
    const std::size_t slot = step.argument % consumers_.size();
    auto& consumer = consumers_[slot];
    const auto touch = [&] { return Toucher(consumer->segment(), hands_out_copies_[slot]); };
    auto& producer = producers_[step.argument % producers_.size()];
    switch (step.action) {
      case Action::attach_consumer:
        consumer.reset();
        consumer.emplace(
            Consumer<E>::attach(folder_->ring_name(), consumer_options(step.argument)));
        hands_out_copies_[slot] = consumer_options(step.argument).kind == ConsumerKind::observer;
        break;
      case Action::poll:
        if (consumer) consumer->poll(touch());
        break;
      case Action::poll_until:
        if (consumer) consumer->poll_until(deadline(step), touch());
        break;
      case Action::iterate:
        iterate(consumer);
        break;
      case Action::leave_consumer:
        if (consumer && (step.argument & 4U) != 0) consumer->resign();
        consumer.reset();
        break;
      case Action::attach_producer:
        producer.reset();
        producer.emplace(attach_producer(step.argument));
        break;
      case Action::try_publish:
        if (producer) (void)producer->try_publish([](auto&& event) { fill(event); });
        break;
      case Action::publish_until:
        if (producer)
          (void)producer->publish_until(deadline(step), [](auto&& event) { fill(event); });
        break;
      case Action::claim:
        if (producer) claim(*producer, step);
        break;
      case Action::close:
        if (producer) producer->close();
        break;
      case Action::close_for_all:
        if (producer) producer->close_for_all();
        break;
      case Action::detach:
        if (producer) producer->detach();
        producer.reset();
        break;
      case Action::look:
        look();
        break;
      case Action::write_word:
        write_word(step);
        break;
      case Action::leave_all:
        leave_all();
        break;
      case Action::lease:
        if (consumer) hold_lease(*consumer, touch(), step);
        break;
      case Action::enable_liveness:
        if (producer) producer->enable_liveness(policy(step.argument));
        break;
      case Action::watch:
        if ((step.argument & 1U) != 0) return look_after(step.argument);
        if (producer && producer->watch()) {
          (void)producer->explain(Publish::consumer_missing);
          producer->acknowledge_failure();
        }
        break;
      case Action::nothing:
        break;
    }
  }

  static TimePoint deadline(const Step& step) {
    return (step.value & 1U) == 0 ? TimePoint::min() : os::now() + 50us;
  }
  static void fill(std::span<std::byte> event) {
    std::fill(event.begin(), event.end(), std::byte{1});
  }
  static void fill(Tick& event) { event = {.number = 1, .check = 1}; }

  Producer<E> attach_producer(std::uint8_t argument) const {
    if constexpr (std::same_as<E, Bytes>) {
      return Producer<E>::attach(folder_->ring_name(), EventType{}, producer_options(argument));
    } else {
      return Producer<E>::attach(folder_->ring_name(), producer_options(argument));
    }
  }
  static void claim(Producer<E>& producer, const Step& step) {
    const auto count = static_cast<std::size_t>(step.place);
    auto claim = (step.value & 2U) == 0 ? producer.try_claim(count)
                                        : producer.claim_until(deadline(step), count);
    if (!claim) {
      (void)producer.explain(claim.status(), count);
      return;
    }
    for (auto&& event : claim) fill(event);
    if ((step.value & 4U) == 0) claim.publish(step.value >> 3U);
  }
  /// At most a few, where something is to be read; it would wait without limit for the next.
  static void iterate(std::optional<Consumer<E>>& consumer) {
    if constexpr (!std::same_as<E, Bytes>) {
      for (int i = 0; consumer && i < 3; ++i) (void)consumer->try_next();
    } else if (consumer) {
      (void)consumer->explain(Poll::timed_out);
    }
  }
  static void hold_lease(Consumer<E>& consumer, const Toucher& touch, const Step& step) {
    auto lease = (step.value & 1U) == 0 ? consumer.try_lease(step.place)
                                        : consumer.lease_until(deadline(step), step.place);
    for (auto&& event : lease) touch(event);
    lease.release_first(step.value >> 2U);
    if ((step.value & 2U) != 0) lease.give_back();
    consumer.commit();
  }
  void look_after(std::uint8_t argument) const {
    Liveness watched = policy(argument);
    watched.failure_action = watched.absence_action = FailureAction::report;
    Watcher watcher = Watcher::attach(folder_->ring_name(), std::move(watched));
    if (const auto& failure = watcher.watch_until(os::now() + 20us); failure)
      (void)watcher.explain(*failure);
    (void)watcher.is_over();
  }
  void look() const {
    for (const auto& consumer : consumers_) {
      if (!consumer) continue;
      (void)consumer->gated_by();
      (void)consumer->explain(Poll::gated);
      (void)consumer->explain(Poll::predecessor_missing);
      (void)consumer->lag();
      (void)list_participants(consumer->segment());
      (void)stream_position(consumer->segment());
      (void)is_finished(consumer->segment());
    }
    for (const auto& producer : producers_) {
      if (!producer) continue;
      (void)producer->participants();
      (void)producer->slowest_consumer();
      (void)producer->explain(Publish::full);
    }
    if (const auto segment = Segment::try_attach(os::ObjectName::parse(folder_->ring_name()),
                                                 SegmentRole::inspector, EventType{}))
      (void)summarize(*segment);
  }
  /// Through the file, as no participant of ours could: also into header and slots.
  void write_word(const Step& step) const {
    const int fd = ::open(folder_->ring_path().c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    const auto size = ::lseek(fd, 0, SEEK_END);
    const auto offset = static_cast<off_t>(step.place) * 8;
    if (offset + 8 <= size) (void)!::pwrite(fd, &step.value, sizeof step.value, offset);
    ::close(fd);
  }

  const Folder* folder_;
  std::array<std::optional<Consumer<E>>, 3> consumers_;
  std::array<bool, 3> hands_out_copies_{};
  std::array<std::optional<Producer<E>>, 2> producers_;
};

/// What everybody does with a ring, whatever else was done before.
constexpr Step ordinary[] = {
    {.action = Action::attach_consumer, .argument = 18},  // an observer
    {.action = Action::attach_consumer, .argument = 1},   // gating
    {.action = Action::attach_producer, .argument = 0},
    {.action = Action::try_publish, .argument = 0},
    {.action = Action::try_publish, .argument = 0},
    {.action = Action::poll, .argument = 0},
    {.action = Action::poll, .argument = 1},
    {.action = Action::look},
    {.action = Action::watch, .argument = 17},
    {.action = Action::poll_until, .argument = 0},
    {.action = Action::poll_until, .argument = 1, .value = 1},
    {.action = Action::detach, .argument = 0},
};

template <class E>
void play(const Folder& folder, const Script& script) {
  Cast<E> cast(folder);
  for (const Step& step : script) cast.play(step);
  for (const Step& step : ordinary) cast.play(step);
  in_time([&] { cast.leave_all(); });
}

const Folder& folder() {
  static const Folder it;
  return it;
}

}  // namespace
}  // namespace disruptor_mp::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace disruptor_mp::fuzz;
  if (size < sizeof(Script)) return 0;
  const Script script = script_of({data, size});
  folder().put({data + sizeof(Script), size - sizeof(Script)});
  // As somebody who knows the type would, or as a tool that takes any.
  if (script.front().flags % 4 == 1) {
    play<Tick>(folder(), script);
  } else {
    play<disruptor_mp::Bytes>(folder(), script);
  }
  folder().require_untouched();
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t room, unsigned seed) {
  using namespace disruptor_mp::fuzz;
  std::mt19937 random(seed);
  if (size <= sizeof(Script) + 64 || room <= sizeof(Script) + 64)
    return LLVMFuzzerMutate(data, size, room);
  if (random() % 3 != 0) {
    return sizeof(Script) + mutate_image(data + sizeof(Script), size - sizeof(Script),
                                         room - sizeof(Script), random);
  }
  Script script = script_of({data, size});
  Step& step = script[random() % script.size()];
  switch (random() % 4) {
    case 0:
      LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(&step), sizeof step, sizeof step);
      break;
    case 1:
      step.argument = static_cast<std::uint8_t>(random());
      step.value = random() % 32;
      break;
    case 2: {
      // A word that a mutation of the image finds worth writing.
      std::vector<std::uint8_t> before(data + sizeof script, data + size);
      std::vector<std::uint8_t> after = before;
      mutate_image(after.data(), after.size(), after.size(), random);
      for (std::size_t at = 0; at + 8 <= after.size(); at += 8) {
        if (std::memcmp(before.data() + at, after.data() + at, 8) == 0) continue;
        step = {.action = Action::write_word, .place = static_cast<std::uint32_t>(at / 8)};
        std::memcpy(&step.value, after.data() + at, 8);
        break;
      }
      break;
    }
    default:
      step = {.action = static_cast<Action>(random() % action_count),
              .argument = static_cast<std::uint8_t>(random()),
              .place = static_cast<std::uint32_t>(random() % 10),
              .value = random() % 32};
  }
  if (random() % 8 == 0) script.front().flags = static_cast<std::uint16_t>(random() % 4);
  std::memcpy(data, script.data(), sizeof script);
  return size;
}
