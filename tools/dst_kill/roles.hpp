// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What the processes do: ordinary users of the library, which write down what they did.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "board.hpp"
#include "profiles.hpp"

namespace disruptor_mp::kill {

struct Life {
  std::uint64_t number = 0;  ///< unique among all processes of a round
  std::uint64_t seed = 0;
  std::string ring;
  std::filesystem::path logs;
};

/// Attaches, works until told to end, leaves. Runs in a process of its own.
/// @throws std::exception for whatever an ordinary user would not expect.
void play(const Profile& profile, const Part& part, const Life& life, Board& board, Seat& seat);

}  // namespace disruptor_mp::kill
