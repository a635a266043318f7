// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace disruptor_mp::sim {

/// What lies at an offset of a ring.
struct Place {
  enum class Kind : std::uint8_t {
    other,
    data_bell,
    gates_bell,
    published,
    horizon,
    end,
    epoch,
    producer,
    producer_row,
    row_status,
    row_cursor,
    row_hold,
    row_other,
    tail,
    slot_word,
    stamp,
  };
  Kind kind = Kind::other;
  std::uint8_t index = 0;  ///< of the row or the slot
  std::uint16_t word = 0;  ///< within it

  friend bool operator==(const Place&, const Place&) = default;
};
/// In a ring of the present setting.
[[nodiscard]] Place ring_place(std::uint64_t offset);
/// The same in words, for messages.
[[nodiscard]] std::string ring_place_name(unsigned object, std::uint64_t offset);

}  // namespace disruptor_mp::sim
