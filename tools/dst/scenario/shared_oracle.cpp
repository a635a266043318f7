// SPDX-License-Identifier: MIT OR Apache-2.0
#include "shared_oracle.hpp"

#include "engine.hpp"
#include "scenario.hpp"

namespace disruptor_mp::sim {
namespace {

void violated(const std::string& what) { engine().fail(Verdict::safety, what); }

std::string consumer_name(unsigned consumer) { return "consumer " + std::to_string(consumer); }
std::string event_name(unsigned origin, unsigned number) {
  return "event " + std::to_string(number) + " of life " + std::to_string(origin);
}

}  // namespace

SharedOracle& shared_oracle() noexcept {
  static SharedOracle instance;
  return instance;
}

void SharedOracle::reset(std::uint64_t first) noexcept {
  *this = SharedOracle();
  first_ = first;
}

void SharedOracle::publishing(unsigned origin, unsigned number, unsigned count) {
  for (unsigned n = number; n != number + count; ++n) started_.try_emplace({origin, n}, false);
}

void SharedOracle::published(unsigned origin, unsigned number, unsigned count) {
  for (unsigned n = number; n != number + count; ++n) started_[{origin, n}] = true;
}

void SharedOracle::revoked(unsigned origin, unsigned number, unsigned count) {
  for (unsigned n = number; n != number + count; ++n) {
    revoked_[{origin, n}] = true;
    for (const auto& [sequence, name] : at_) {
      if (name == Name(origin, n))
        violated("O2: " + event_name(origin, n) + " was seen, and is said to be revoked");
    }
  }
}

void SharedOracle::attached(unsigned consumer, SimKind kind, std::uint64_t start, bool resumes) {
  Consumer& c = consumers_[consumer];
  if (start < first_) violated("O5: " + consumer_name(consumer) + " begins before the stream");
  // It may have died after it had skipped voids, and before it could say so.
  if (c.was_here && resumes && kind == SimKind::required && start > c.next)
    skipped(consumer, start - c.next);
  if (c.was_here && resumes && start < c.committed) {
    violated("O4: " + consumer_name(consumer) + " resumes at " + std::to_string(start) +
             ", but had committed everything before " + std::to_string(c.committed));
  }
  if (!c.was_here) c.first = start;
  c.was_here = true;
  c.kind = kind;
  c.next = c.committed = start;
  c.newest.clear();
  c.process = engine().current();
}

void SharedOracle::handled(unsigned consumer, std::uint64_t sequence, const EventWords& found) {
  Consumer& c = consumers_[consumer];
  const auto origin = static_cast<unsigned>(found.origin);
  const auto number = static_cast<unsigned>(found.sequence);
  if (sequence != c.next) {
    violated("O5: " + consumer_name(consumer) + " handles " + std::to_string(sequence) + " where " +
             std::to_string(c.next) + " is next");
  }
  if (found.checksum != checksum_of(found.sequence, found.origin))
    violated("O6: " + consumer_name(consumer) + " handles a torn event at " +
             std::to_string(sequence));
  if (!started_.contains({origin, number}))
    violated("O2: " + event_name(origin, number) + " was never published");
  if (revoked_.contains({origin, number}))
    violated("O2: " + event_name(origin, number) + " was revoked");
  const auto [at, is_new] = at_.try_emplace(sequence, origin, number);
  if (!is_new && at->second != Name(origin, number))
    violated("O2: two readers see different events at " + std::to_string(sequence));
  if (voids_.contains(sequence))
    violated("O1: " + std::to_string(sequence) + " holds an event, and was skipped as void");
  const auto [seen, first_time] = c.events.try_emplace({origin, number}, sequence);
  if (!first_time && seen->second != sequence)
    violated("O3: " + event_name(origin, number) + " comes at two places");
  const auto [newest, is_first] = c.newest.try_emplace(origin, number);
  if (!is_first && newest->second >= number)
    violated("O5: " + event_name(origin, number) + " comes after a later one of its producer");
  newest->second = number;
  c.next = sequence + 1;
}

void SharedOracle::missed(unsigned consumer, std::uint64_t count) {
  consumers_[consumer].next += count;
  committed(consumer);
}

void SharedOracle::skipped(unsigned consumer, std::uint64_t count) {
  Consumer& c = consumers_[consumer];
  for (; count != 0; --count, ++c.next) {
    voids_[c.next] = true;
    if (at_.contains(c.next)) {
      violated("O1: " + consumer_name(consumer) + " skips " + std::to_string(c.next) +
               " as void, where another saw an event");
    }
  }
}

void SharedOracle::stream_ended(unsigned consumer, unsigned producers) {
  if (!have_closed(producers))
    violated("O2: the stream ends, but not all of its producers have closed");
  consumers_[consumer].finished = true;
}

void SharedOracle::joined(unsigned producer) noexcept {
  joined_.set(producer);
  stays_[producer] = {.number = ++stay_count_, .process = engine().current()};
}

unsigned SharedOracle::stay_of(unsigned producer) const {
  const Stay& stay = stays_[producer];
  const Engine::State state = engine().process(stay.process).state;
  const bool lives = state == Engine::State::Running || state == Engine::State::Paused;
  return stay.number != 0 && lives ? stay.number : 0;
}

void SharedOracle::polls(unsigned consumer) noexcept {
  for (unsigned i = 0; i < max_producers; ++i) consumers_[consumer].stays[i] = stay_of(i);
}

void SharedOracle::require_absence(unsigned consumer, const char* outcome) const {
  for (unsigned i = 0; i < max_producers; ++i) {
    const unsigned stay = stay_of(i);
    if (stay == 0 || stay != consumers_[consumer].stays[i]) continue;
    violated(consumer_name(consumer) + " is told '" + outcome + "', but producer " +
             std::to_string(i) + " was there all the time");
  }
}

void SharedOracle::told_dead(unsigned consumer) {
  if (engine().kills() == 0)
    violated(consumer_name(consumer) + " is told that the producers are dead, but nobody has died");
  require_absence(consumer, "producer_dead");
}

void SharedOracle::told_left(unsigned consumer) {
  if (!setting.producer_detaches)
    violated("poll returned producer_left, but every producer either closed or died");
  require_absence(consumer, "producer_left");
}

bool SharedOracle::needs_ring(unsigned consumer) const {
  const Consumer& c = consumers_[consumer];
  if (!c.was_here || c.kind != SimKind::required) return false;
  for (const auto& [name, is_acknowledged] : started_) {
    if (is_acknowledged && !has_got(c, name)) return true;
  }
  return false;
}

bool SharedOracle::has_got(const Consumer& c, const Name& name) const {
  if (c.events.contains(name)) return true;
  for (const auto& [sequence, other] : at_) {
    if (other == name && sequence < c.first) return true;  // it stands before its time
  }
  return false;
}

std::string SharedOracle::check_end(unsigned consumers) const {
  for (unsigned i = 0; i < consumers; ++i) {
    const Consumer& c = consumers_[i];
    if (!c.was_here || c.kind == SimKind::observer) continue;
    const bool is_dead = engine().process(c.process).state == Engine::State::Crashed;
    if (is_dead && c.kind == SimKind::gating) continue;
    // One that was passed over, or does not gate while it is away, is not waited for, so it may
    // find nothing when it returns.
    const bool may_be_late = c.is_late || (c.kind == SimKind::passable && is_dead);
    if (!c.finished && !may_be_late && (c.kind != SimKind::required || needs_ring(i)))
      return "O1: " + consumer_name(i) + " did not come to the end";
    if (c.kind != SimKind::required) continue;  // one that died may have lost what passed meanwhile
    for (const auto& [name, is_acknowledged] : started_) {
      if (is_acknowledged && !has_got(c, name)) {
        return "O1: " + consumer_name(i) + " never got " + event_name(name.first, name.second) +
               ", which was acknowledged";
      }
    }
  }
  for (unsigned i = 0; engine().kills() == 0 && i < engine().kernel().object_count(); ++i) {
    if (engine().kernel().is_named(i))
      return "O13: everybody has left, but the name is still there";
  }
  return {};
}

}  // namespace disruptor_mp::sim
