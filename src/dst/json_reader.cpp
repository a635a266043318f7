// SPDX-License-Identifier: MIT OR Apache-2.0
#include "dst/json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "dst/json_writer.hpp"
#include "dst/utf8.hpp"

namespace disruptor_mp::dst {
namespace {

// Recursion bound for hostile input; serde_json has the same.
constexpr std::size_t max_depth = 128;

constexpr std::size_t longest_quotation = 40;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string shorten(std::string_view text) {
  if (text.size() <= longest_quotation) return std::string(text);
  std::size_t end = longest_quotation;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // not in the middle of a character
  return std::string(text.substr(0, end)) + "...";
}

std::string quoted(std::string_view text) {
  JsonWriter writer(JsonWriter::Style::compact);
  writer.string(shorten(text));
  return writer.take();
}

std::string alternatives(std::initializer_list<JsonReader::Variant> variants) {
  std::string tags;
  for (const auto& variant : variants) {
    if (!tags.empty()) tags += ", ";
    tags += variant.tag;
  }
  return "one of " + tags;
}

}  // namespace

std::string to_string(const JsonError& error) {
  std::string text =
      "line " + std::to_string(error.line) + ", column " + std::to_string(error.column);
  if (!error.path.empty()) text += ", " + error.path;
  return text + ": expected " + error.expected + ", found " + error.found;
}

bool JsonReader::read(std::string& out) {
  skip_space();
  if (!expect('"', "a string")) return false;
  out.clear();
  while (true) {
    if (at_end()) return fail("the closing quote of a string");
    if (consume('"')) return true;
    if (peek() == '\\') {
      if (!escape(out)) return false;
      continue;
    }
    if (static_cast<unsigned char>(peek()) < 0x20) {
      return fail("a printable character or an escape sequence in a string");
    }
    const auto length = utf8_sequence_length(text_.substr(at_));
    if (length == 0) return fail("UTF-8 in a string");
    out += text_.substr(at_, length);
    at_ += length;
  }
}

bool JsonReader::read(std::uint64_t& out) {
  return read_integer(out, std::numeric_limits<std::uint64_t>::max(), "an unsigned 64-bit integer");
}

bool JsonReader::read(std::uint32_t& out) {
  std::uint64_t wide = 0;
  if (!read_integer(wide, std::numeric_limits<std::uint32_t>::max(),
                    "an unsigned 32-bit integer")) {
    return false;
  }
  out = static_cast<std::uint32_t>(wide);
  return true;
}

bool JsonReader::read(bool& out) {
  skip_space();
  if (literal("true")) {
    out = true;
    return true;
  }
  if (literal("false")) {
    out = false;
    return true;
  }
  return fail("true or false");
}

bool JsonReader::object(std::initializer_list<Field> fields) {
  std::vector<bool> seen(fields.size(), false);
  const bool is_read = members([&](std::size_t at, const std::string& key) {
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& candidate) { return candidate.name == key; });
    if (field == fields.end()) return skip_value();
    const auto index = static_cast<std::size_t>(field - fields.begin());
    if (seen[index]) {
      return refuse(at, "each field once", "a second " + quoted(key));
    }
    seen[index] = true;
    return field->read();
  });
  if (!is_read) return false;
  const auto missing = std::find(seen.begin(), seen.end(), false);
  if (missing == seen.end()) return true;
  const auto name = fields.begin()[missing - seen.begin()].name;
  return refuse(at_ - 1, "field " + quoted(name), "the end of the object");
}

bool JsonReader::map(const std::function<bool(const std::string& key)>& value) {
  return members([&](std::size_t, const std::string& key) { return value(key); });
}

bool JsonReader::array(const Read& element) {
  if (!enter('[', "an array")) return false;
  std::size_t index = 0;
  while (true) {
    skip_space();
    if (index == 0 && consume(']')) break;
    path_.push_back("[" + std::to_string(index) + "]");
    if (!element()) return false;
    path_.pop_back();
    ++index;
    skip_space();
    if (consume(']')) break;
    if (!expect(',', "',' or ']' after an array element")) return false;
  }
  --depth_;
  return true;
}

bool JsonReader::variant(std::initializer_list<Variant> variants) {
  const auto find = [&](std::string_view tag) {
    return std::find_if(variants.begin(), variants.end(),
                        [&](const Variant& candidate) { return candidate.tag == tag; });
  };
  const auto start = offset();
  std::string tag;
  if (peek() == '"') {
    if (!read(tag)) return false;
    const auto found = find(tag);
    if (found == variants.end()) return refuse(start, alternatives(variants), quoted(tag));
    if (found->has_data) {
      return refuse(start, "an object {\"" + tag + "\": ...}", "the bare string " + quoted(tag));
    }
    return found->read();
  }
  if (peek() != '{') return fail(alternatives(variants));
  std::size_t count = 0;
  const bool is_read = members([&](std::size_t at, const std::string& key) {
    if (++count > 1) return refuse(at, "an object with one variant", "a second " + quoted(key));
    const auto found = find(key);
    if (found == variants.end()) return refuse(at, alternatives(variants), quoted(key));
    if (!found->has_data) {
      return refuse(at, "the bare string " + quoted(key), "an object with that key");
    }
    return found->read();
  });
  if (is_read && count == 0) {
    return refuse(start, "an object with one variant", "an empty object");
  }
  return is_read;
}

bool JsonReader::end() {
  skip_space();
  return at_end() || fail("nothing after the value");
}

bool JsonReader::refuse(std::size_t at, std::string expected, std::string found) {
  if (has_failed_) return false;
  has_failed_ = true;
  const auto before = text_.substr(0, at);
  const auto last_newline = before.rfind('\n');
  error_.path = joined_path();
  error_.offset = at;
  error_.line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  error_.column = 1 + (last_newline == before.npos ? at : at - last_newline - 1);
  error_.expected = std::move(expected);
  error_.found = std::move(found);
  return false;
}

std::size_t JsonReader::offset() {
  skip_space();
  return at_;
}

bool JsonReader::fail(std::string expected) {
  return refuse(at_, std::move(expected), describe_here());
}

bool JsonReader::consume(char wanted) {
  if (at_end() || peek() != wanted) return false;
  ++at_;
  return true;
}

bool JsonReader::expect(char wanted, std::string_view expected) {
  return consume(wanted) || fail(std::string(expected));
}

bool JsonReader::enter(char bracket, std::string_view expected) {
  skip_space();
  if (!expect(bracket, expected)) return false;
  if (++depth_ <= max_depth) return true;
  return refuse(at_ - 1, "at most " + std::to_string(max_depth) + " nested containers", "one more");
}

bool JsonReader::members(
    const std::function<bool(std::size_t at, const std::string& key)>& member) {
  if (!enter('{', "an object")) return false;
  bool is_first = true;
  while (true) {
    skip_space();
    if (is_first && consume('}')) break;
    is_first = false;
    const auto key_at = at_;
    std::string key;
    if (peek() != '"') return fail("a key in quotes");
    if (!read(key)) return false;
    skip_space();
    if (!expect(':', "':' after a key")) return false;
    path_.push_back(path_.empty() ? key : "." + key);
    if (!member(key_at, key)) return false;
    path_.pop_back();
    skip_space();
    if (consume('}')) break;
    if (!expect(',', "',' or '}' after a member")) return false;
  }
  --depth_;
  return true;
}

bool JsonReader::read_integer(std::uint64_t& out, std::uint64_t max, std::string_view expected) {
  const auto start = offset();
  if (peek() != '-' && !is_digit(peek())) return fail(std::string(expected));
  std::string_view token;
  if (!number_token(token)) return false;
  const auto parsed = std::from_chars(token.data(), token.data() + token.size(), out);
  // from_chars stops at a fraction or an exponent: those are not integers, even if they are whole.
  if (parsed.ec != std::errc{} || parsed.ptr != token.data() + token.size() || out > max) {
    return refuse(start, std::string(expected), shorten(token));
  }
  return true;
}

// The grammar of RFC 8259, section 6.
bool JsonReader::number_token(std::string_view& token) {
  const auto start = at_;
  const auto digits = [this] {
    if (!is_digit(peek())) return fail("a digit");
    while (is_digit(peek())) ++at_;
    return true;
  };
  consume('-');
  if (consume('0')) {
    if (is_digit(peek())) return fail("no digit after a leading zero");
  } else if (!digits()) {
    return false;
  }
  if (consume('.') && !digits()) return false;
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (!digits()) return false;
  }
  token = text_.substr(start, at_ - start);
  return true;
}

bool JsonReader::literal(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) return false;
  at_ += word.size();
  return true;
}

bool JsonReader::escape(std::string& out) {
  const auto start = at_;
  ++at_;  // the backslash
  static constexpr std::string_view letters = "\"\\/bfnrt";
  static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const auto letter = at_end() ? letters.npos : letters.find(peek());
  if (letter != letters.npos) {
    out += meanings[letter];
    ++at_;
    return true;
  }
  if (!consume('u')) return fail("an escape: one of \" \\ / b f n r t u");
  std::uint32_t code = 0;
  if (!hex4(code)) return false;
  if (code >= 0xDC00 && code <= 0xDFFF) {
    return refuse(start, "a high surrogate before a low one", "a low surrogate alone");
  }
  if (code >= 0xD800 && code <= 0xDBFF) {
    std::uint32_t low = 0;
    if (!literal("\\u")) return fail("the low half of a surrogate pair");
    if (!hex4(low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) {
      return refuse(start, "a surrogate pair", "a high surrogate without its low half");
    }
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(out, code);
  return true;
}

bool JsonReader::hex4(std::uint32_t& out) {
  const auto digits = text_.substr(at_, 4);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
  if (digits.size() != 4 || parsed.ptr != digits.data() + 4) return fail("four hex digits");
  at_ += 4;
  return true;
}

bool JsonReader::skip_value() {
  skip_space();
  switch (peek()) {
    case '{':
      return members([this](std::size_t, const std::string&) { return skip_value(); });
    case '[':
      return array([this] { return skip_value(); });
    case '"': {
      std::string ignored;
      return read(ignored);
    }
    case 't':
      return literal("true") || fail("a value");
    case 'f':
      return literal("false") || fail("a value");
    case 'n':
      return literal("null") || fail("a value");
    default: {
      if (peek() != '-' && !is_digit(peek())) return fail("a value");
      std::string_view ignored;
      return number_token(ignored);
    }
  }
}

void JsonReader::skip_space() {
  while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') ++at_;
}

std::string JsonReader::describe_here() const {
  if (at_end()) return "the end of the text";
  const auto rest = text_.substr(at_);
  const auto is_word = [](char c) {
    return is_digit(c) || c == '-' || c == '+' || c == '.' || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  };
  const auto word =
      static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_word) - rest.begin());
  if (word > 0) return shorten(rest.substr(0, word));
  if (rest.front() == '{') return "an object";
  if (rest.front() == '[') return "an array";
  if (rest.front() == '"') return "a string";
  const auto byte = static_cast<unsigned char>(rest.front());
  if (byte >= 0x20 && byte < 0x7F) return std::string("'") + rest.front() + "'";
  return "byte " + std::to_string(byte);
}

std::string JsonReader::joined_path() const {
  std::string path;
  for (const auto& segment : path_) {
    const auto escaped = quoted(segment);  // a key may hold anything, the message stays one line
    path.append(escaped, 1, escaped.size() - 2);
  }
  return path;
}

}  // namespace disruptor_mp::dst
