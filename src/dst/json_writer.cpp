// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dst/json_writer.hpp"

#include "dst/utf8.hpp"

namespace disruptor_mp::dst {

void JsonWriter::begin(char bracket) {
  before_value();
  text_ += bracket;
  ++depth_;
  is_first_ = true;
}

void JsonWriter::end(char bracket) {
  --depth_;
  if (!is_first_) newline();
  text_ += bracket;
  is_first_ = false;
}

void JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  text_ += style_ == Style::pretty ? ": " : ":";
  follows_key_ = true;
}

void JsonWriter::string(std::string_view text) {
  before_value();
  quote(text);
}

void JsonWriter::number(std::uint64_t value) {
  before_value();
  text_ += std::to_string(value);
}

void JsonWriter::boolean(bool value) {
  before_value();
  text_ += value ? "true" : "false";
}

void JsonWriter::before_value() {
  if (!follows_key_) separate();
  follows_key_ = false;
}

// Between two members of a container; nothing at the top level.
void JsonWriter::separate() {
  if (depth_ == 0) return;
  if (!is_first_) text_ += ',';
  is_first_ = false;
  newline();
}

void JsonWriter::newline() {
  if (style_ == Style::compact) return;
  text_ += '\n';
  text_.append(2 * depth_, ' ');
}

// Escapes exactly what serde_json escapes: the quote, the backslash and the control characters
// below U+0020. Everything else stays as it is.
void JsonWriter::quote(std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  static constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
  text_ += '"';
  while (!text.empty()) {
    const auto length = utf8_sequence_length(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (length == 0) {
      text_ += replacement;
    } else if (length > 1) {
      text_ += text.substr(0, length);
    } else if (byte == '"' || byte == '\\') {
      (text_ += '\\') += text.front();
    } else if (byte == '\b') {
      text_ += "\\b";
    } else if (byte == '\f') {
      text_ += "\\f";
    } else if (byte == '\n') {
      text_ += "\\n";
    } else if (byte == '\r') {
      text_ += "\\r";
    } else if (byte == '\t') {
      text_ += "\\t";
    } else if (byte < 0x20) {
      ((text_ += "\\u00") += hex[byte >> 4]) += hex[byte & 0xF];
    } else {
      text_ += text.front();
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  text_ += '"';
}

}  // namespace disruptor_mp::dst
