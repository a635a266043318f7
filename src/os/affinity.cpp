// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/os/affinity.hpp"

#include <sched.h>

#include <climits>

namespace disruptor_mp::os {
namespace {

constexpr unsigned bits = sizeof(unsigned long) * CHAR_BIT;

}  // namespace

CoreMask CoreMask::all() noexcept {
  CoreMask mask;
  mask.words.fill(~0UL);
  return mask;
}

std::optional<CoreMask> CoreMask::only(unsigned core) noexcept {
  CoreMask mask;
  if (core / bits >= mask.words.size()) return std::nullopt;
  mask.words[core / bits] = 1UL << (core % bits);
  return mask;
}

std::vector<unsigned> CoreMask::cores() const {
  std::vector<unsigned> found;
  for (unsigned core = 0; core < words.size() * bits; ++core) {
    if ((words[core / bits] >> (core % bits) & 1UL) != 0) found.push_back(core);
  }
  return found;
}

std::optional<CoreMask> cores_of_this_thread() noexcept {
  CoreMask mask;
  // 0: the calling thread, not the process (sched_setaffinity(2), NOTES).
  if (sched_getaffinity(0, sizeof mask.words, reinterpret_cast<cpu_set_t*>(mask.words.data())) != 0)
    return std::nullopt;
  return mask;
}

bool run_this_thread_on(const CoreMask& mask) noexcept {
  return sched_setaffinity(0, sizeof mask.words,
                           reinterpret_cast<const cpu_set_t*>(mask.words.data())) == 0;
}

std::vector<unsigned> usable_cores() {
  const auto before = cores_of_this_thread();
  if (!before) return {};
  // What the cpuset allows is not written in one place that every container shows: the kernel is
  // asked by doing it.
  if (!run_this_thread_on(CoreMask::all())) return before->cores();
  const auto widest = cores_of_this_thread();
  static_cast<void>(run_this_thread_on(*before));
  return widest ? widest->cores() : before->cores();
}

}  // namespace disruptor_mp::os
