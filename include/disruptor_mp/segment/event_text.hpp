// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Events as text, by the fields that their ring describes: for logs, and for tools that know
// nothing of the type.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/segment/event_type.hpp"

namespace disruptor_mp {

/// The fields of a schema (EventType::schema, Segment::schema), which anybody may have written:
/// nothing if it is empty, not of that form, or speaks of bytes beyond the event.
[[nodiscard]] std::optional<std::vector<Field>> parse_schema(std::string_view schema,
                                                             std::size_t event_size);

/// `instrument=7 price=-12 note="abc" history=[1,2,3] rest=00ff`, of an event that is as long as
/// its fields say. Text ends at its first NUL; what is not printable is written as \xNN.
[[nodiscard]] std::string event_text(const std::vector<Field>& fields,
                                     std::span<const std::byte> event);
/// The same as a JSON object. Numbers that JSON does not have (NaN, infinities) are null, bytes are
/// a text of hexadecimal digits.
[[nodiscard]] std::string event_json(const std::vector<Field>& fields,
                                     std::span<const std::byte> event);

/// Of a described type.
template <class E>
requires detail::DescribedByField<E>
[[nodiscard]] std::string event_text(const E& event) {
  return event_text(fields_of<E>(), std::as_bytes(std::span(&event, 1)));
}
/// Of a described type.
template <class E>
requires detail::DescribedByField<E>
[[nodiscard]] std::string event_json(const E& event) {
  return event_json(fields_of<E>(), std::as_bytes(std::span(&event, 1)));
}

}  // namespace disruptor_mp
