// SPDX-License-Identifier: MIT OR Apache-2.0
#include "event_lines.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "byte_frame.hpp"
#include "failure.hpp"

namespace disruptor_mp::tool {
namespace {

std::string hex_digits(std::span<const std::byte> bytes) {
  std::string digits;
  for (const std::byte byte : bytes)
    fmt::format_to(std::back_inserter(digits), "{:02x}", std::to_integer<unsigned>(byte));
  return digits;
}

}  // namespace

std::vector<Field> require_fields(const Segment& segment) {
  const std::string schema = segment.schema();
  if (auto fields = parse_schema(schema, segment.shape().event_size)) return std::move(*fields);
  throw Failure(ExitCode::usage, "not_described",
                {.object = segment.name(),
                 .problem = schema.empty() ? "the ring does not describe the fields of its events"
                                           : "what the ring says of its fields makes no sense",
                 .found = schema.empty() ? "type " + segment.type_name() : schema,
                 .expected = "EventTraits<…>::fields in its producer, or dmp pub --schema",
                 .remedy = "Use --format hex."});
}

EventLines::EventLines(const Segment& segment, EventFormat format, bool shows_frames,
                       std::vector<Field> fields)
    : format_(format),
      is_framed_(segment.type_name() == framed_type_name && !shows_frames && fields.empty()),
      fields_(std::move(fields)) {}

std::optional<std::span<const std::byte>> EventLines::payload(
    std::span<const std::byte> event) const {
  return is_framed_ ? read_frame(event) : event;
}

void EventLines::append(ByteOutput& output, std::uint64_t sequence,
                        std::span<const std::byte> payload) const {
  std::string line;
  switch (format_) {
    case EventFormat::raw:
      output.append(payload);
      return;
    case EventFormat::hex:
      line = fmt::format("{} {}\n", sequence, hex_digits(payload));
      break;
    case EventFormat::fields:
      line = fmt::format("{} {}\n", sequence, event_text(fields_, payload));
      break;
    case EventFormat::json:
      line = fields_.empty() ? fmt::format("{{\"sequence\":{},\"hex\":\"{}\"}}\n", sequence,
                                           hex_digits(payload))
                             : fmt::format("{{\"sequence\":{},\"event\":{}}}\n", sequence,
                                           event_json(fields_, payload));
      break;
  }
  output.append(std::as_bytes(std::span(line)));
}

}  // namespace disruptor_mp::tool
