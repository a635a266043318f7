// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The processes of one round.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "board.hpp"
#include "processes.hpp"
#include "profiles.hpp"

namespace disruptor_mp::kill {

/// What no round may show, with the exit code for it.
struct Violation : std::runtime_error {
  Violation(int exit_code, const std::string& text) : std::runtime_error(text), code(exit_code) {}
  int code;
};

class Crew {
 public:
  Crew(const Profile& profile, Board& board, std::string ring, std::filesystem::path logs,
       std::uint64_t seed, std::chrono::milliseconds patience);
  /// Kills whoever is left.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  [[nodiscard]] std::size_t size() const { return pids_.size(); }
  [[nodiscard]] const Part& part(std::size_t index) const { return profile_.parts[index]; }
  [[nodiscard]] Seat& seat(std::size_t index) { return board_.seats.at(index); }
  [[nodiscard]] pid_t pid(std::size_t index) const { return pids_[index]; }

  /// The next life of a part.
  /// @param wish where it shall stop and be traced.
  void start(std::size_t index, Phase wish = Phase::none);
  /// SIGKILL. @return when the kernel had confirmed the death.
  Clock::time_point kill(std::size_t index);
  /// SIGSTOP, and waits until it has stopped.
  void stop(std::size_t index);
  void go_on(std::size_t index);
  /// Waits until it has stopped by itself, as it was wished. @return false if it does not.
  [[nodiscard]] bool await_wish(std::size_t index);
  /// It was seen to end.
  void forget(std::size_t index) { pids_[index] = -1; }

  [[nodiscard]] bool is_attached(std::size_t index);
  void await_attached();
  /// From here on everybody shall get beyond what is published now.
  void set_goal();
  /// Until everybody has. @return when the last one had.
  Clock::time_point await_goal();
  /// Closes the stream and waits until all have left.
  void end();

 private:
  [[noreturn]] void fail(std::size_t index, int status);
  [[noreturn]] void hang(const std::string& expected);
  void require_alive();
  template <class Done>
  void await(const std::string& expected, Done&& done);

  const Profile& profile_;
  Board& board_;
  std::string ring_;
  std::filesystem::path logs_;
  std::uint64_t seed_;
  std::chrono::milliseconds patience_;
  std::uint64_t lives_ = 0;
  std::vector<pid_t> pids_;
  std::vector<std::uint64_t> current_lives_;
};

}  // namespace disruptor_mp::kill
