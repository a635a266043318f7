// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "support/peer.hpp"

namespace disruptor_mp::process_test {

/// Stops another process at an exact place (ptrace(2)) and kills or stops it there.
///
///   Peer::start(traced) ─▶ Tracer ─▶ run_to_mark ─▶ next_call_stop … or step … ─▶ kill
///
/// The child raises SIGUSR2 (step `mark`) where the interesting part begins and where it ends. A
/// system call has two stops: at its entry, where a kill keeps it from happening, and at its exit,
/// where it has happened and nothing after it.
///
/// If the test dies the kernel kills the child (PTRACE_O_EXITKILL).
class Tracer {
 public:
  /// `peer` was started with `is_traced`. It must outlive the tracer.
  explicit Tracer(Peer& peer);
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Is tracing permitted here? (Containers may refuse it.)
  [[nodiscard]] static bool is_permitted();

  /// Lets it run to its next mark.
  void run_to_mark();
  /// Lets it run to the next entry or exit of a system call. @return false if it met a mark first.
  bool next_call_stop();
  /// Executes one instruction. @return false if it met a mark.
  bool step();

  /// Where it stands, for messages: "entry of system call 72".
  [[nodiscard]] std::string place() const;
  /// The system call of the last stop.
  [[nodiscard]] std::uint64_t call_number() const;
  /// Whether it stands at an entry of a system call.
  [[nodiscard]] bool is_at_entry() const noexcept { return is_at_entry_; }

  /// SIGKILL where it stands, and reaps it.
  void kill();
  /// SIGSTOP where it stands; from then on it is an ordinary stopped process.
  void stop_and_detach();
  void detach();

 private:
  enum class Stop : std::uint8_t { call, step, mark };
  Stop resume(int request);

  Peer* peer_;
  bool is_at_entry_ = false;
  std::uint64_t steps_ = 0;
};

}  // namespace disruptor_mp::process_test
