// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Other processes, as a test sees them.
//
//   test process                                       child: bin/ring_peer
//   ────────────                                       ────────────────────
//   Peer::start(spec)  ── fork, exec ────────────────▶ does the steps of its script in order
//   expect("attached") ◀──────────── stdout ────────── "attached 0", "published 10", …
//   tell()             ──────────── stdin ───────────▶ lets a step `await` go on
//   kill/stop/resume   ──────────── signals ─────────▶
//
// A child dies with the test (PR_SET_PDEATHSIG), whatever becomes of either. Every wait has a
// deadline; running into it throws, which GoogleTest reports as the test's failure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/base/types.hpp"
#include "support/scratch.hpp"

namespace disruptor_mp::process_test {

enum class EventForm : std::uint8_t { small, large };

/// What a ring_peer is to do. The steps are described at the top of ring_peer.cpp.
struct PeerSpec {
  std::string id = "peer";
  std::uint64_t incarnation = 1;
  EventForm form = EventForm::small;
  std::uint64_t capacity = 64;
  std::uint64_t max_batch = 8;
  std::uint32_t rows = 8;
  std::string options = {};  ///< further options, "--name=value --name=value"
  std::string script = {};   ///< steps, separated by blanks
  bool is_traced = false;    ///< starts stopped, for a Tracer
};

/// How a process ended.
struct Ending {
  bool was_signalled = false;
  int code = 0;  ///< the signal's number, or the exit code
  bool operator==(const Ending&) const = default;
};
[[nodiscard]] std::string to_string(const Ending& ending);

class Peer {
 public:
  static Peer start(const Scratch& scratch, const PeerSpec& spec);

  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&& other) noexcept;
  ~Peer();  ///< kills it, if it has not ended

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool is_running() const noexcept { return pid_ > 0; }

  /// The next line of its report, which must begin with `prefix`; returns what follows the prefix.
  std::string expect(std::string_view prefix);
  /// The same, after skipping reports of other steps (but not of errors).
  std::string skip_to(std::string_view prefix);
  /// The next line, whatever it is; empty at the end of the report.
  std::string next_line();
  /// Lets the step `await` go on.
  void tell();
  /// Closes its stdin: for whoever waits for the end of it.
  void hang_up();

  void kill();    ///< SIGKILL, and reaps it: when this returns the kernel has released its locks
  void stop();    ///< SIGSTOP; returns when it is stopped
  void resume();  ///< SIGCONT
  /// Waits until it has stopped itself.
  void wait_stopped();
  /// Waits until it sleeps in the kernel (not: stopped, not: running).
  void wait_asleep() const;

  /// Waits for its end.
  Ending wait();
  /// Waits for its end, which must be an orderly one.
  void wait_success();
  /// Waits for its end, which must be by SIGKILL.
  void wait_killed();
  /// CPU time it has used, by the kernel's account. Nanoseconds.
  [[nodiscard]] std::uint64_t cpu_time_ns() const;
  /// How often its main thread has gone to sleep in the kernel.
  [[nodiscard]] std::uint64_t sleeps() const;

  /// For Tracer, which reaps it by itself.
  void forget() noexcept { pid_ = -1; }

 private:
  Peer(pid_t pid, int to, int from) noexcept : pid_(pid), to_(to), from_(from) {}
  void close_pipes() noexcept;
  [[noreturn]] void fail_report(const std::string& line, std::string_view expected);

  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string buffer_;
};

/// The state letter of /proc/PID/stat: R, S, D, T, t, Z; '?' if there is no such process.
[[nodiscard]] char process_state(pid_t pid);

}  // namespace disruptor_mp::process_test
