// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Events of any ring as bytes or lines for stdout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "byte_stream.hpp"
#include "disruptor_mp/segment/event_text.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp::tool {

enum class EventFormat : std::uint8_t {
  raw,     ///< the bytes, one event after the other
  hex,     ///< a line per event: sequence and bytes
  fields,  ///< a line per event: sequence and fields, as the ring describes them
  json,    ///< the same as a JSON object per line; bytes as hexadecimal digits if it does not
};

/// Does this format need to know the fields?
[[nodiscard]] constexpr bool shows_fields(EventFormat format) noexcept {
  return format == EventFormat::fields || format == EventFormat::json;
}

/// What the ring says of its events' fields, which anybody may have written.
/// @throws Failure if it says nothing, or what makes no sense
[[nodiscard]] std::vector<Field> require_fields(const Segment& segment);

/// The events of one ring in one format.
class EventLines {
 public:
  EventLines() = default;
  /// @param shows_frames events of `dmp pub` are shown with their length and padding
  /// @param fields as parsed from the ring's schema; none are needed for raw bytes and hex
  EventLines(const Segment& segment, EventFormat format, bool shows_frames,
             std::vector<Field> fields);

  /// What of an event is to be shown; nothing if it claims to be of `dmp pub` and is not.
  [[nodiscard]] std::optional<std::span<const std::byte>> payload(
      std::span<const std::byte> event) const;
  void append(ByteOutput& output, std::uint64_t sequence, std::span<const std::byte> payload) const;

 private:
  EventFormat format_ = EventFormat::raw;
  bool is_framed_ = false;
  std::vector<Field> fields_;
};

}  // namespace disruptor_mp::tool
