// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/segment/event_type.hpp"

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/segment/hash.hpp"

namespace disruptor_mp {

std::uint64_t EventType::fingerprint() const noexcept {
  // NUL bytes keep ("ab", "c") and ("a", "bc") apart.
  const std::string text =
      name + '\0' + schema + '\0' + std::to_string(size) + '\0' + std::to_string(align);
  return fnv1a(std::as_bytes(std::span(text)));
}

std::string detail::make_schema(std::string_view type, const std::vector<Field>& fields) {
  std::string schema;
  for (const Field& field : fields) {
    for (const Field& other : fields) {
      if (other.offset < field.offset || other.offset >= field.offset + field.size ||
          &other == &field) {
        continue;
      }
      throw Error(Errc::invalid_option,
                  {.object = "event type '" + std::string(type) + "'",
                   .problem = "two of its fields overlap",
                   .found = "'" + field.name + "' and '" + other.name + "'",
                   .expected = "each byte in one field",
                   .remedy = "Describe one member of a union, or the union as a whole."});
    }
    if (!schema.empty()) schema += ' ';
    schema += field.name + ":" + field.type;
    if (field.count != 1) schema += "[" + std::to_string(field.count) + "]";
    schema += "@" + std::to_string(field.offset);
  }
  return schema;
}

}  // namespace disruptor_mp
