// SPDX-License-Identifier: MIT OR Apache-2.0
#include "oracle.hpp"

#include <algorithm>
#include <string_view>

#include "engine.hpp"
#include "situations.hpp"

namespace disruptor_mp::sim {
namespace {

void violated(const std::string& what) { engine().fail(Verdict::safety, what); }

std::string consumer_name(unsigned consumer) { return "consumer " + std::to_string(consumer); }

}  // namespace

Oracle& oracle() noexcept {
  static Oracle instance;
  return instance;
}

void Oracle::reset(std::uint64_t first, std::uint64_t events, std::uint64_t capacity,
                   bool may_overwrite) noexcept {
  *this = Oracle();
  first_ = first;
  events_ = std::min<std::uint64_t>(events, max_events);
  capacity_ = capacity;
  may_overwrite_ = may_overwrite;
  acknowledged_end_ = first;
  started_end_ = first;
}

void Oracle::ring_exists(const Instance& instance) {
  if (ring_exists_ && instance != instance_)
    violated("a successor has made a second ring instead of going on in the first");
  ring_exists_ = true;
  instance_ = instance;
}

void Oracle::producer_attached(std::uint64_t next) {
  if (engine().incarnation() != 0 && producers_ != 0 && is_anybody_reading())
    situations().reach(Situation::successor_in_same_ring);
  ++producers_;
  if (next > acknowledged_end_) {
    situations().reach(Situation::in_doubt_published);
    if (next < publishing_end_) situations().reach(Situation::half_claim_taken_over);
  } else if (publishing_by_ != nobody) {
    situations().reach(Situation::in_doubt_lost);
  }
  publishing_by_ = nobody;
  if (next < acknowledged_end_) {
    violated("O1: a producer takes over at " + std::to_string(next) + ", but everything before " +
             std::to_string(acknowledged_end_) + " was acknowledged");
  }
  if (next > started_end_) {
    violated("O2: a producer takes over at " + std::to_string(next) +
             ", but nobody began to publish beyond " + std::to_string(started_end_));
  }
}

void Oracle::publishing(std::uint64_t sequence, unsigned count, unsigned incarnation) {
  publishing_by_ = engine().current();
  publishing_first_ = sequence;
  publishing_end_ = sequence + count;
  for (std::uint64_t s = sequence; s != sequence + count; ++s) {
    if (!knows(s)) violated("the scenario publishes more events than it said");
    event(s).started_by |= 1U << incarnation;
    if (event(s).acknowledged_by != nobody)
      violated("O3: sequence " + std::to_string(s) + " is published a second time");
  }
  started_end_ = std::max(started_end_, sequence + count);
}

bool Oracle::may_be_owed(std::uint64_t sequence) const noexcept {
  // Who waits for room has not published what it is about to.
  return sequence < (publishing_by_ == engine().current() ? publishing_first_ : started_end_);
}

void Oracle::published(std::uint64_t sequence, unsigned count, unsigned incarnation) {
  publishing_by_ = nobody;
  for (std::uint64_t s = sequence; s != sequence + count; ++s) {
    Event& e = event(s);
    e.acknowledged_by = static_cast<std::uint8_t>(incarnation);
    if (e.seen_from != nobody && e.seen_from != incarnation) {
      violated("O2: sequence " + std::to_string(s) + " was seen from incarnation " +
               std::to_string(e.seen_from) + " and is acknowledged by " +
               std::to_string(incarnation));
    }
  }
  acknowledged_end_ = std::max(acknowledged_end_, sequence + count);
}

void Oracle::consumer_attached(unsigned consumer, SimKind kind, std::uint64_t start, bool resumes,
                               std::uint64_t max_batch) {
  Consumer& c = consumers_[consumer];
  if (start - first_ > events_) {
    violated("O5: " + consumer_name(consumer) + " begins at " + std::to_string(start) +
             ", outside of the stream");
  }
  if (start > started_end_) {
    violated("O5: " + consumer_name(consumer) + " begins at " + std::to_string(start) +
             ", beyond everything published");
  }
  // Who resigned, or died doing so, may find that it was not waited for.
  if (c.was_here && resumes && kind == SimKind::required && c.kind == SimKind::required) {
    if (start > c.next) {
      violated("O1: " + consumer_name(consumer) + " resumes at " + std::to_string(start) +
               ", but had handled only what is before " + std::to_string(c.next));
    }
  }
  if (c.was_here && resumes && start < c.committed) {
    violated("O4: " + consumer_name(consumer) + " resumes at " + std::to_string(start) +
             ", but had committed everything before " + std::to_string(c.committed));
  }
  if (c.was_here && start < c.next && kind != SimKind::observer)
    situations().reach(Situation::handled_again);
  if (acknowledged() != 0 && !is_anybody_reading()) situations().reach(Situation::nobody_was_there);
  if (acknowledged() > capacity_ && is_anybody_reading())
    situations().reach(Situation::joins_wrapped_ring);
  if (!c.was_here) c.first = start;
  c.was_here = true;
  c.kind = kind;
  c.next = start;
  c.committed = start;
  c.maybe_passed = std::max(c.reached, start);
  c.reached = c.maybe_passed;
  c.batch_first = start;
  c.max_batch = max_batch;
  c.is_waiting = false;
  c.process = engine().current();
}

void Oracle::handled(unsigned consumer, std::uint64_t sequence, const EventWords& found) {
  Consumer& c = consumers_[consumer];
  if (sequence != c.next) {
    violated("O5: " + consumer_name(consumer) + " handles " + std::to_string(sequence) + " where " +
             std::to_string(c.next) + " is next");
  }
  if (found.sequence != sequence || found.checksum != checksum_of(found.sequence, found.origin)) {
    violated("O6: " + consumer_name(consumer) + " handles a torn or wrong event at " +
             std::to_string(sequence) + ": sequence " + std::to_string(found.sequence) +
             ", origin " + std::to_string(found.origin));
  }
  if (!knows(sequence) || found.origin >= 32 ||
      (event(sequence).started_by >> found.origin & 1U) == 0)
    violated("O2: sequence " + std::to_string(sequence) + " was never published by its origin");
  Event& e = event(sequence);
  if (e.acknowledged_by != nobody && e.acknowledged_by != found.origin) {
    violated("O2: sequence " + std::to_string(sequence) + " was acknowledged by incarnation " +
             std::to_string(e.acknowledged_by) + " but comes from " + std::to_string(found.origin));
  }
  if (e.seen_from != nobody && e.seen_from != found.origin)
    violated("O2: two readers see different events at " + std::to_string(sequence));
  e.seen_from = static_cast<std::uint8_t>(found.origin);
  if (c.poll != 0 && c.seen_in_poll == c.poll) {
    violated("O15: an event is handled that " + consumer_name(consumer) +
             " had handled and not committed");
  }
  check_predecessors(consumer, sequence);
  c.next = sequence + 1;
  c.reached = std::max(c.reached, c.next);
  c.is_waiting = false;
  if (c.next - c.committed > c.max_batch) {
    violated("O4: " + consumer_name(consumer) + " has handled more than a batch since its commit");
  }
}

void Oracle::missed(unsigned consumer, std::uint64_t count) {
  Consumer& c = consumers_[consumer];
  c.next += count;
  c.committed = c.next;
  if (c.next > started_end_)
    violated("O5: " + consumer_name(consumer) + " misses events that nobody published");
}

void Oracle::committed(unsigned consumer) noexcept {
  consumers_[consumer].committed = consumers_[consumer].next;
}

void Oracle::polls(unsigned consumer, bool may_sleep) noexcept {
  Consumer& c = consumers_[consumer];
  c.is_waiting = may_sleep;
  c.producers = producers_;
  c.batch_first = c.next;
  ++c.poll;
}

bool Oracle::has_departed(unsigned consumer) const {
  // In the profiles of graphs consumers come right behind the producer.
  const auto& process = engine().process(1 + consumer);
  return consumers_[consumer].has_left || process.incarnation != 0 ||
         process.state == Engine::State::Crashed;
}

bool Oracle::must_hold(unsigned consumer) const {
  const Consumer& p = consumers_[consumer];
  if (p.began_to_resign) return false;
  // Where it begins is not known yet; it may be behind others who are waiting for it.
  if (!p.was_here && p.has_begun_to_attach) return false;
  // One that came back is seen a moment later; one that only gates did not hold before that.
  return (p.was_here && p.kind == SimKind::required) || !has_departed(consumer);
}

void Oracle::check_predecessors(unsigned consumer, std::uint64_t sequence) {
  for (unsigned i = 0; i < max_consumers; ++i) {
    if ((consumers_[consumer].after >> i & 1U) == 0) continue;
    Consumer& p = consumers_[i];
    if (!must_hold(i)) {
      if (p.was_here && sequence >= p.reached) situations().reach(Situation::went_on_without);
      continue;
    }
    if (!p.was_here || sequence >= p.reached) {
      violated("O15: " + consumer_name(consumer) + " handles " + std::to_string(sequence) +
               " before " + consumer_name(i) + ", which it waits for");
    }
    // If that one goes on in the same batch, it cannot have committed this event.
    if (sequence >= p.batch_first && sequence >= p.maybe_passed) p.seen_in_poll = p.poll;
  }
}

void Oracle::predecessor_absent(unsigned consumer) {
  const Consumer& c = consumers_[consumer];
  for (unsigned i = 0; i < max_consumers; ++i) {
    if ((c.after >> i & 1U) != 0 && (!was_here(i) || has_departed(i))) return;
  }
  violated("O15: " + consumer_name(consumer) +
           " is told that somebody is away, but all were there all the time");
}

void Oracle::stream_ended(unsigned consumer) {
  Consumer& c = consumers_[consumer];
  if (!closing_) violated("O2: the stream ends, but nobody closed it");
  if (c.next != end()) {
    violated("O1: " + consumer_name(consumer) + " is told the end at " + std::to_string(c.next) +
             " of " + std::to_string(end()));
  }
  for (unsigned i = 0; i < max_consumers; ++i) {
    if ((c.after >> i & 1U) != 0 && must_hold(i) && consumers_[i].reached < end()) {
      violated("O15: " + consumer_name(consumer) + " is told the end before " + consumer_name(i) +
               ", which it waits for, has handled all");
    }
  }
  c.finished = true;
}

void Oracle::producer_absent(unsigned consumer, const char* outcome, bool is_named_left_or_gone) {
  const Consumer& c = consumers_[consumer];
  if (std::string_view(outcome) == "producer_dead" && engine().kills() == 0)
    violated(consumer_name(consumer) + " is told that the producer is dead, but nobody has died");
  if (is_named_left_or_gone) {
    violated(consumer_name(consumer) + " is told '" + outcome +
             "', but every producer either closed the ring or died");
  }
  // The answer is about the producer that was there when it was asked; a successor may have come.
  if (c.next < acknowledged_end_ && c.producers == producers_) {
    violated(consumer_name(consumer) + " is told '" + outcome + "' at " + std::to_string(c.next) +
             ", but everything before " + std::to_string(acknowledged_end_) + " was acknowledged");
  }
}

bool Oracle::is_anybody_reading() const {
  return std::any_of(consumers_.begin(), consumers_.end(), [](const Consumer& c) {
    const Engine::State state = engine().process(c.process).state;
    return c.was_here && !c.finished && !c.resigned &&
           (state == Engine::State::Running || state == Engine::State::Paused);
  });
}

unsigned Oracle::slowest_reader() const noexcept {
  unsigned slowest = max_consumers;
  for (unsigned i = 0; i < max_consumers; ++i) {
    const Consumer& c = consumers_[i];
    if (!c.was_here || c.resigned || c.kind == SimKind::observer) continue;
    if (slowest == max_consumers || c.committed < consumers_[slowest].committed) slowest = i;
  }
  return slowest;
}

std::string Oracle::find_lost_wake_up() const {
  const Engine& sim = engine();
  // A ringer that died with the bell in its hand is another matter: the nap ends by itself.
  if (sim.kills() != 0) return {};
  std::uint64_t slowest = ~std::uint64_t{0};
  bool all_known = true;
  for (unsigned i = 0; i < max_consumers; ++i) {
    const Consumer& c = consumers_[i];
    if (!c.was_here || c.kind == SimKind::observer) continue;
    if (c.finished || c.resigned) all_known = false;
    slowest = std::min(slowest, c.committed);
    std::uint64_t there = acknowledged_end_;
    for (unsigned other = 0; other < max_consumers; ++other) {
      const Consumer& p = consumers_[other];
      if ((c.after >> other & 1U) == 0 || p.resigned) continue;
      there = p.was_here ? std::min(there, p.committed) : first_;
    }
    if (c.is_waiting && sim.process(c.process).futex != 0 && c.next < there) {
      return "O12: lost wake-up: " + consumer_name(i) + " sleeps at " + std::to_string(c.next) +
             " although everything before " + std::to_string(there) + " is there";
    }
  }
  if (publishing_by_ != nobody && all_known && slowest != ~std::uint64_t{0} &&
      sim.process(publishing_by_).futex != 0 && publishing_end_ - slowest <= capacity_) {
    return "O12: lost wake-up: the producer sleeps although there is room up to " +
           std::to_string(slowest + capacity_);
  }
  return {};
}

std::string Oracle::check_end() const {
  if (acknowledged_end_ != end() && !closed_ && !closing_ && !has_begun_anew_)
    return "O12: the producer did not finish";
  for (unsigned i = 0; i < max_consumers; ++i) {
    const Consumer& c = consumers_[i];
    if (!c.was_here || c.resigned) continue;
    if (c.kind == SimKind::gating && engine().process(c.process).state == Engine::State::Crashed)
      continue;  // nobody waits for it
    if (c.kind != SimKind::observer && !c.finished)
      return "O1: " + consumer_name(i) + " ended at " + std::to_string(c.next) + " of " +
             std::to_string(end());
  }
  // Whoever dies may leave a name behind, for `dmp clean`; whoever lives may not.
  for (unsigned i = 0; engine().kills() == 0 && i < engine().kernel().object_count(); ++i) {
    if (engine().kernel().is_named(i))
      return "O13: everybody has left, but the name is still there";
  }
  return {};
}

}  // namespace disruptor_mp::sim
