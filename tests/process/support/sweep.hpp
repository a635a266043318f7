// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The same story again and again; each time the victim is killed one place later.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "support/peer.hpp"
#include "support/process_test.hpp"
#include "support/tracer.hpp"
#include "support/world.hpp"

namespace disruptor_mp::process_test {

/// A story with a victim. Its script has two marks; it is killed somewhere between them.
struct Story {
  std::string kind;  ///< of the victim: producer, required, gating, observer, none
  std::string script;
  std::string options = {};
  std::uint64_t stride = 1;  ///< for long operations: every n-th place (all in a soak run)
  std::function<void(World&)> before = [](World&) {};   ///< the victim is started
  std::function<void(World&)> at_mark = [](World&) {};  ///< it has reached the first mark
  /// It is dead. The rest must go well.
  std::function<void(World&)> after = [](World& world) { world.go_on_and_end(); };
};

/// Kills at every entry and every exit of a system call between the marks. (Under a sanitizer:
/// at some of them, as these processes take long to start.) @return how many places.
std::uint64_t kill_at_every_call(Setting setting, const Story& story);

/// Where single-stepping begins.
enum class StepFrom : std::uint8_t {
  mark,           ///< at the first mark
  identity_read,  ///< after the last close(2): a participant that joins has then read its identity
                  ///< from /proc, and shows its row with the instructions that follow
  row_locked,     ///< after the last lock before that: a producer then buries what the row's last
                  ///< holder claimed. Only for the instructions that takes
};
/// Kills after instruction k, for `samples` evenly spread k between that place and the second mark;
/// all k in a soak run. @return how many places.
std::uint64_t kill_at_instructions(Setting setting, const Story& story, std::uint64_t samples,
                                   StepFrom from = StepFrom::mark);

/// Stops the victim (SIGSTOP) at the exit of every system call between the marks, lets `meanwhile`
/// happen, lets it go on (also with what its script says after the second mark), and lets the story
/// be finished. `Story::after` is not told.
std::uint64_t stop_at_every_call(Setting setting, const Story& story,
                                 const std::function<void(World&)>& meanwhile,
                                 const std::function<void(World&, Peer&)>& finish);

}  // namespace disruptor_mp::process_test
