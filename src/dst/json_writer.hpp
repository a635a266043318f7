// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace disruptor_mp::dst {

/// Writes JSON text as serde_json does. The caller keeps the calls balanced: begin/end in pairs,
/// one key before each value inside an object.
class JsonWriter {
 public:
  enum class Style { compact, pretty };

  explicit JsonWriter(Style style) : style_(style) {}

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }
  void key(std::string_view name);
  void string(std::string_view text);
  void number(std::uint64_t value);
  void boolean(bool value);

  /// `{"tag": value}`, the form of an enum variant that carries data.
  template <class WriteValue>
  void tagged(std::string_view tag, WriteValue write_value) {
    begin_object();
    key(tag);
    write_value();
    end_object();
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void begin(char bracket);
  void end(char bracket);
  void before_value();
  void separate();
  void newline();
  void quote(std::string_view text);

  Style style_;
  std::string text_;
  std::size_t depth_ = 0;
  bool is_first_ = true;  // of the innermost open container
  bool follows_key_ = false;
};

}  // namespace disruptor_mp::dst
