// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/endpoint/wait_set.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "disruptor_mp/endpoint/detail/settings.hpp"
#include "disruptor_mp/os/thread.hpp"

namespace disruptor_mp {
namespace {

using namespace std::chrono_literals;

/// Who does not sleep on descriptors asks for the dead, and interrupts, at least this often; as a
/// waiter does.
constexpr Duration longest_round = 50ms;

bool is_absence(Poll outcome) {
  return outcome == Poll::producer_dead || outcome == Poll::producer_left ||
         outcome == Poll::predecessor_missing;
}

}  // namespace

WaitSet::WaitSet(std::optional<WaitStrategy> wait)
    : wait_(detail::wait_setting(wait, detail::SettingRole::consumer)), interrupt_("a wait set") {}

std::size_t WaitSet::add(Entry entry) {
  entries_.push_back(entry);
  descriptors_.clear();
  return entries_.size() - 1;
}

void WaitSet::remove(std::size_t index) noexcept {
  if (index < entries_.size()) entries_[index].consumer = nullptr;
  descriptors_.clear();
}

std::optional<WaitSet::Result> WaitSet::look() {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const std::size_t index = (first_ + i) % entries_.size();
    Entry& entry = entries_[index];
    if (entry.consumer == nullptr) continue;
    const Poll outcome = entry.peek(entry.consumer);
    if (outcome == Poll::idle || outcome == Poll::gated) continue;
    const Poll told = std::exchange(entry.told, outcome);
    if (is_absence(outcome) && outcome == told) continue;
    first_ = index + 1;
    return Result{.outcome = outcome, .index = index};
  }
  return std::nullopt;
}

WaitSet::Result WaitSet::wait_until(TimePoint deadline) {
  for (std::uint64_t round = 0;; ++round) {
    if (const auto found = look()) return *found;
    // Acquire: pairs with the release in `interrupt`.
    if (is_interrupted_.exchange(false, std::memory_order_acquire))
      return {.outcome = Poll::interrupted, .index = entries_.size()};
    if (os::now() >= deadline) return {.outcome = Poll::timed_out, .index = entries_.size()};
    pause(deadline, round);
  }
}

void WaitSet::pause(TimePoint deadline, std::uint64_t round) {
  using Kind = WaitStrategy::Kind;
  switch (wait_.kind()) {
    case Kind::busy_spin:
      return;
    case Kind::spin_with_hint:
      return os::relax();
    case Kind::spin_then_yield:
      return round < wait_.spins() ? os::relax() : os::yield();
    case Kind::sleep:
      return os::sleep_until(
          std::min(deadline, os::now() + std::min(wait_.period(), longest_round)));
    case Kind::block:
      if (round < wait_.spins()) return os::relax();
      collect_descriptors();
      return doze(deadline);
    case Kind::custom:
      break;
  }
  collect_descriptors();
  const TimePoint until = std::min(deadline, os::now() + longest_round);
  auto sleep = [&]() noexcept { doze(until); };
  WaitRound told(
      round, until, [](void* context) noexcept { (*static_cast<decltype(sleep)*>(context))(); },
      &sleep);
  wait_.call(told);
}

void WaitSet::collect_descriptors() {
  if (!descriptors_.empty()) return;
  // One that is made now is readable at first, so nothing that came before is slept through; the
  // others are not, since the look found nothing.
  descriptors_.push_back(interrupt_.descriptor());
  for (const Entry& entry : entries_) {
    if (entry.consumer != nullptr) descriptors_.push_back(entry.descriptor(entry.consumer));
  }
}

void WaitSet::doze(TimePoint until) {
  os::wait_until_readable(descriptors_, until);
  // The flag was stored before the descriptor was set, and is looked at after this.
  interrupt_.clear();
}

}  // namespace disruptor_mp
