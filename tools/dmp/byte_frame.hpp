// SPDX-License-Identifier: MIT OR Apache-2.0
//
// How `dmp pub` puts a stream of bytes into events of one size, so that `dmp sub` gives back
// exactly these bytes, also if their number is no multiple of the event size:
//
//   │ length (4 bytes) │ length bytes of the stream │ zeros up to the event's size │
//
// Every event is full except the last one of a publisher. A ring of such events carries the type
// name "dmp.bytes".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "disruptor_mp/segment/event_type.hpp"

namespace disruptor_mp::tool {

inline constexpr std::string_view framed_type_name = "dmp.bytes";
inline constexpr std::uint64_t frame_header_size = sizeof(std::uint32_t);

/// The type of events that carry up to `payload_size` bytes of a stream. The largest event of the
/// library is not enlarged: there the length takes its four bytes from the payload.
inline EventType framed_event_type(std::uint64_t payload_size) {
  const std::uint64_t size = std::min(payload_size + frame_header_size, max_event_size);
  return {.size = size,
          .align = 1,
          .name = std::string(framed_type_name),
          .schema = "length:u32@0 payload:bytes[" + std::to_string(size - frame_header_size) +
                    "]@" + std::to_string(frame_header_size)};
}

/// `payload` must fit.
inline void write_frame(std::span<std::byte> event, std::span<const std::byte> payload) {
  const auto length = static_cast<std::uint32_t>(payload.size());
  std::memcpy(event.data(), &length, sizeof length);
  const auto body = event.subspan(frame_header_size);
  std::copy(payload.begin(), payload.end(), body.begin());
  // The slot holds an older event; its bytes are nobody's business any more.
  std::fill(body.begin() + static_cast<std::ptrdiff_t>(payload.size()), body.end(), std::byte{0});
}

/// The bytes of the stream in this event; nothing if its length cannot be true.
inline std::optional<std::span<const std::byte>> read_frame(std::span<const std::byte> event) {
  std::uint32_t length = 0;
  if (event.size() < sizeof length) return std::nullopt;
  std::memcpy(&length, event.data(), sizeof length);
  if (length > event.size() - frame_header_size) return std::nullopt;
  return event.subspan(frame_header_size, length);
}

}  // namespace disruptor_mp::tool
