// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Looking at a ring from the test's side, to know when a step of a story is done.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "disruptor_mp/disruptor_mp.hpp"

namespace disruptor_mp::test {

/// Waits until the claim holds; fails the test if it never does.
template <class Claim>
[[nodiscard]] bool eventually(Claim&& claim) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (!claim()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

inline std::optional<Segment> look_at(const std::string& ring) {
  return Segment::try_attach(os::ObjectName::parse(ring), SegmentRole::inspector, EventType{});
}

inline bool exists(const std::string& ring) { return look_at(ring).has_value(); }

inline std::optional<Participant> find_participant(const std::string& ring, const std::string& id) {
  if (const auto segment = look_at(ring)) {
    for (Participant& participant : list_participants(*segment)) {
      if (participant.id == id) return std::move(participant);
    }
  }
  return std::nullopt;
}

inline bool is_present(const std::string& ring, const std::string& id) {
  const auto participant = find_participant(ring, id);
  return participant && (participant->presence == Participant::Presence::alive ||
                         participant->presence == Participant::Presence::stopped);
}

/// Has this consumer committed everything before `position`?
inline bool has_committed(const std::string& ring, const std::string& id, std::uint64_t position) {
  const auto participant = find_participant(ring, id);
  return participant && participant->cursor >= Sequence(position);
}

inline std::uint64_t published(const std::string& ring) {
  const auto segment = look_at(ring);
  return segment ? stream_position(*segment).published.value() : 0;
}

/// Does the process have a handler for the signal? (proc(5), SigCgt)
inline bool catches_signal(pid_t pid, int signal) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("SigCgt:"))
      return ((std::stoull(line.substr(7), nullptr, 16) >> (signal - 1)) & 1U) != 0;
  }
  return false;
}

/// The same bytes in every run.
inline std::string random_bytes(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

}  // namespace disruptor_mp::test
