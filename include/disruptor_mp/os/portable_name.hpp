// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace disruptor_mp::os {

/// The longest name that stays within what every POSIX system takes, with room for suffixes: some
/// allow shared-memory names of 31 characters only.
inline constexpr std::size_t portable_name_max = 14;

/// True if the name has 1 to 14 characters, all of them A–Z a–z 0–9 _ -: it means the same as a
/// name of shared memory, of a file, and on a command line, on any system.
[[nodiscard]] bool is_portable_name(std::string_view name) noexcept;

/// A new name that nobody else has made: at most six letters and digits of the prefix, in lower
/// case (`d` if it has none), and eight random characters 0–9 a–z. It is a name, not a ring:
/// nothing is reserved. `list_rings` with the same six characters finds what was made of it.
[[nodiscard]] std::string portable_name(std::string_view prefix);

}  // namespace disruptor_mp::os
