// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/segment/event_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace disruptor_mp {
namespace {

enum class Form { text, json };

std::size_t element_size(std::string_view type) {
  if (type == "u8" || type == "i8" || type == "char" || type == "bool" || type == "bytes") return 1;
  if (type == "u16" || type == "i16") return 2;
  if (type == "u32" || type == "i32" || type == "f32") return 4;
  if (type == "u64" || type == "i64" || type == "f64") return 8;
  return 0;
}

/// Takes what stands before `end` off the text; all of it, if there is no `end` any more.
std::string_view take_until(std::string_view& text, char end) {
  const auto at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

std::optional<std::size_t> parse_number(std::string_view text) {
  std::size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return number;
}

/// "history:u32[3]@40"
std::optional<Field> parse_field(std::string_view text, std::size_t event_size) {
  const std::string_view name = take_until(text, ':');
  std::string_view type = take_until(text, '@');
  const auto offset = parse_number(text);
  std::optional<std::size_t> count = 1;
  if (type.ends_with(']')) {
    std::string_view rest = type.substr(0, type.size() - 1);
    type = take_until(rest, '[');
    count = parse_number(rest);
  }
  const std::size_t size = element_size(type);
  // Compared without a product or a sum that could overflow.
  if (!detail::is_identifier(name) || size == 0 || !count || !offset || *count == 0 ||
      *offset >= event_size || *count > (event_size - *offset) / size) {
    return std::nullopt;
  }
  return Field{.name = std::string(name),
               .type = std::string(type),
               .count = *count,
               .offset = *offset,
               .size = *count * size};
}

template <class Number>
Number read(const std::byte* from) {
  Number number{};
  std::memcpy(&number, from, sizeof number);  // fields of foreign types may lie anywhere
  return number;
}

template <class Number>
void append_number(std::string& out, const std::byte* from, Form form) {
  const auto number = read<Number>(from);
  if constexpr (std::is_floating_point_v<Number>) {
    if (form == Form::json && !std::isfinite(number)) {
      out += "null";
      return;
    }
  }
  std::array<char, 40> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), result.ptr);
}

void append_hex(std::string& out, std::byte byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += digits[std::to_integer<unsigned>(byte) >> 4U];
  out += digits[std::to_integer<unsigned>(byte) & 15U];
}

void append_element(std::string& out, std::string_view type, const std::byte* from, Form form) {
  const bool is_truth = type == "bool" && std::to_integer<unsigned>(*from) <= 1;
  if (is_truth) {
    out += std::to_integer<unsigned>(*from) == 0 ? "false" : "true";
  } else if (type == "u16") {
    append_number<std::uint16_t>(out, from, form);
  } else if (type == "u32") {
    append_number<std::uint32_t>(out, from, form);
  } else if (type == "u64") {
    append_number<std::uint64_t>(out, from, form);
  } else if (type == "i8") {
    append_number<std::int8_t>(out, from, form);
  } else if (type == "i16") {
    append_number<std::int16_t>(out, from, form);
  } else if (type == "i32") {
    append_number<std::int32_t>(out, from, form);
  } else if (type == "i64") {
    append_number<std::int64_t>(out, from, form);
  } else if (type == "f32") {
    append_number<float>(out, from, form);
  } else if (type == "f64") {
    append_number<double>(out, from, form);
  } else {
    append_number<std::uint8_t>(out, from, form);  // also a bool that is none, as what it is
  }
}

void append_characters(std::string& out, std::span<const std::byte> bytes, Form form) {
  out += '"';
  for (const std::byte byte : bytes) {
    const char c = static_cast<char>(byte);
    if (c == '\0') break;
    if (c == '"' || c == '\\') out += '\\';
    if (c >= ' ' && c <= '~') {
      out += c;
    } else {
      out += form == Form::json ? "\\u00" : "\\x";
      append_hex(out, byte);
    }
  }
  out += '"';
}

void append_value(std::string& out, const Field& field, std::span<const std::byte> event,
                  Form form) {
  const auto bytes = event.subspan(field.offset, field.size);
  if (field.type == "char") return append_characters(out, bytes, form);
  if (field.type == "bytes") {
    if (form == Form::json) out += '"';
    for (const std::byte byte : bytes) append_hex(out, byte);
    if (form == Form::json) out += '"';
    return;
  }
  if (field.count != 1) out += '[';
  const std::size_t size = field.size / field.count;
  for (std::size_t i = 0; i < field.count; ++i) {
    if (i != 0) out += ',';
    append_element(out, field.type, bytes.data() + i * size, form);
  }
  if (field.count != 1) out += ']';
}

}  // namespace

std::optional<std::vector<Field>> parse_schema(std::string_view schema, std::size_t event_size) {
  std::vector<Field> fields;
  if (schema.ends_with(' ')) return std::nullopt;
  while (!schema.empty()) {
    auto field = parse_field(take_until(schema, ' '), event_size);
    if (!field) return std::nullopt;
    fields.push_back(std::move(*field));
  }
  return fields.empty() ? std::nullopt : std::optional(std::move(fields));
}

std::string event_text(const std::vector<Field>& fields, std::span<const std::byte> event) {
  std::string text;
  for (const Field& field : fields) {
    if (!text.empty()) text += ' ';
    text += field.name + "=";
    append_value(text, field, event, Form::text);
  }
  return text;
}

std::string event_json(const std::vector<Field>& fields, std::span<const std::byte> event) {
  std::string text = "{";
  for (const Field& field : fields) {
    if (text.size() > 1) text += ',';
    text += '"' + field.name + "\":";
    append_value(text, field, event, Form::json);
  }
  return text + '}';
}

}  // namespace disruptor_mp
