// SPDX-License-Identifier: MIT OR Apache-2.0
#include "support/sweep.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <random>

namespace disruptor_mp::process_test {
namespace {

/// The world of one round, with its victim standing at the first mark.
struct Round {
  Round(Setting setting, const Story& story) : world(setting), peer(start(story)), tracer(peer) {
    tracer.run_to_mark();
    story.at_mark(world);
  }

  Peer start(const Story& story) {
    story.before(world);
    PeerSpec spec = world.victim(story.kind, story.script);
    spec.options += " " + story.options;
    spec.is_traced = true;
    return Peer::start(world.scratch(), spec);
  }

  World world;
  Peer peer;
  Tracer tracer;
};

bool has_failed() { return testing::Test::HasFailure(); }

/// @return false if it met the second mark before.
bool go_to_call_stop(Tracer& tracer, std::uint64_t number) {
  for (std::uint64_t i = 0; i < number; ++i) {
    if (!tracer.next_call_stop()) return false;
  }
  return true;
}

void kill_here(Round& round, const Story& story) {
  const std::string place = round.tracer.place();
  SCOPED_TRACE("killed at " + place);
  round.tracer.kill();
  story.after(round.world);
}

/// How many stops of system calls there are up to the place where stepping begins.
std::uint64_t calls_before(Setting setting, const Story& story, StepFrom from) {
  if (from == StepFrom::mark) return 0;
  Round round(setting, story);
  std::uint64_t closed = 0;
  std::uint64_t locked = 0;
  std::uint64_t locked_before_read = 0;
  for (std::uint64_t stops = 1; round.tracer.next_call_stop(); ++stops) {
    if (!round.tracer.is_at_entry()) continue;
    const std::uint64_t call = round.tracer.call_number();
    if (call == SYS_close) closed = stops + 1;
    if (call == SYS_fcntl) locked = stops + 1;
    if (call == SYS_openat) locked_before_read = locked;
  }
  round.tracer.kill();
  return from == StepFrom::row_locked ? locked_before_read : closed;
}

/// About what burying a claim of some slots takes.
constexpr std::uint64_t burial = 1000;

std::uint64_t count_instructions(Setting setting, const Story& story, std::uint64_t skipped_calls,
                                 std::uint64_t most) {
  Round round(setting, story);
  if (!go_to_call_stop(round.tracer, skipped_calls)) return 0;
  std::uint64_t count = 0;
  while (count < most && round.tracer.step()) ++count;
  round.tracer.kill();
  return count;
}

/// Odd, so that entries and exits are met.
std::uint64_t stride_of(const Story& story) {
  return soak_factor() > 1 ? 1 : story.stride * (is_sanitized() ? 7 : 1);
}

}  // namespace

std::uint64_t kill_at_every_call(Setting setting, const Story& story) {
  const std::uint64_t stride = stride_of(story);
  std::uint64_t rounds = 0;
  bool met_mark = false;
  for (std::uint64_t stop = 1; !met_mark && !has_failed(); stop += stride, ++rounds) {
    SCOPED_TRACE("stop " + std::to_string(stop));
    Round round(setting, story);
    met_mark = !go_to_call_stop(round.tracer, stop);
    kill_here(round, story);
  }
  return rounds;
}

std::uint64_t kill_at_instructions(Setting setting, const Story& story, std::uint64_t samples,
                                   StepFrom from) {
  const std::uint64_t skipped_calls = calls_before(setting, story, from);
  const std::uint64_t most = from == StepFrom::row_locked ? burial : ~std::uint64_t{0};
  const std::uint64_t all = count_instructions(setting, story, skipped_calls, most);
  testing::Test::RecordProperty("instructions", std::to_string(all));
  const std::uint64_t rounds = soak_factor() > 1 ? all : std::min(samples, all);
  std::mt19937_64 random(all);  // the same places in every run of the same program
  for (std::uint64_t i = 0; i < rounds && !has_failed(); ++i) {
    const std::uint64_t first = i * all / rounds;
    const std::uint64_t width = std::max<std::uint64_t>(1, (i + 1) * all / rounds - first);
    const std::uint64_t steps = first + random() % width;
    Round round(setting, story);
    go_to_call_stop(round.tracer, skipped_calls);
    for (std::uint64_t step = 0; step <= steps && round.tracer.step(); ++step) {
    }
    kill_here(round, story);
  }
  return rounds;
}

std::uint64_t stop_at_every_call(Setting setting, const Story& story,
                                 const std::function<void(World&)>& meanwhile,
                                 const std::function<void(World&, Peer&)>& finish) {
  const std::uint64_t stride = 2 * stride_of(story);  // exits only
  std::uint64_t rounds = 0;
  bool met_mark = false;
  for (std::uint64_t stop = 2; !met_mark && !has_failed(); stop += stride, ++rounds) {
    Round round(setting, story);
    met_mark = !go_to_call_stop(round.tracer, stop);
    SCOPED_TRACE("stopped at stop " + std::to_string(stop) + ", " + round.tracer.place());
    round.tracer.stop_and_detach();
    meanwhile(round.world);
    round.peer.resume();
    finish(round.world, round.peer);
  }
  return rounds;
}

}  // namespace disruptor_mp::process_test
