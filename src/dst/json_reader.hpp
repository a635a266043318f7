// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads JSON straight into typed values, so that a mistake is reported where it stands in the text
// (a document tree would have lost the position) and 64-bit integers are exact. Follows serde_json
// in what it accepts, apart from the two alternative spellings nobody writes: a struct as an array
// and a bare variant as {"Tag": null}.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "disruptor_mp/dst/json_error.hpp"

namespace disruptor_mp::dst {

/// Every reading function returns false once anything was wrong; the first error is kept.
class JsonReader {
 public:
  using Read = std::function<bool()>;

  /// A named member of an object and how to read its value.
  struct Field {
    std::string_view name;
    Read read;
  };

  /// An enum variant: `read` reads the data of its tag, or just sets the value if it has none.
  struct Variant {
    std::string_view tag;
    bool has_data;
    Read read;
  };

  explicit JsonReader(std::string_view text) : text_(text) {}

  bool read(std::string& out);
  bool read(std::uint64_t& out);
  bool read(std::uint32_t& out);
  bool read(bool& out);

  /// Every field exactly once, in any order; other members are skipped.
  bool object(std::initializer_list<Field> fields);
  /// An object with free keys; `value` reads the value of the key it is given.
  bool map(const std::function<bool(const std::string& key)>& value);
  bool array(const Read& element);
  bool variant(std::initializer_list<Variant> variants);
  /// Nothing but white space is left.
  bool end();

  /// For values that are well-formed but not acceptable; `at` is an offset() taken before reading.
  bool refuse(std::size_t at, std::string expected, std::string found);
  [[nodiscard]] std::size_t offset();

  [[nodiscard]] const JsonError& error() const noexcept { return error_; }

 private:
  bool fail(std::string expected);
  bool consume(char wanted);
  bool expect(char wanted, std::string_view expected);
  bool enter(char bracket, std::string_view expected);
  bool members(const std::function<bool(std::size_t at, const std::string& key)>& member);
  bool read_integer(std::uint64_t& out, std::uint64_t max, std::string_view expected);
  bool number_token(std::string_view& token);
  bool literal(std::string_view word);
  bool escape(std::string& out);
  bool hex4(std::uint32_t& out);
  bool skip_value();
  void skip_space();
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] bool at_end() const noexcept { return at_ == text_.size(); }
  [[nodiscard]] std::string describe_here() const;
  [[nodiscard]] std::string joined_path() const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::vector<std::string> path_;
  bool has_failed_ = false;
  JsonError error_;
};

}  // namespace disruptor_mp::dst
