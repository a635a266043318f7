// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/feed_message.hpp"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "market_feed/decimal.hpp"
#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

using Json = nlohmann::json;

/// nlohmann's event interface: every token is checked, but no document tree is built.
/// Depth 1 is the envelope {"stream":…,"data":…}, depth 2 the message; anything deeper is skipped.
class MessageHandler {
 public:
  explicit MessageHandler(FeedMessage& message) : message_(message) {}

  // The names and signatures below are those nlohmann::json::sax_parse calls; false stops it.
  bool null() { return refuse_if_wanted("null"); }
  bool boolean(bool value) {
    if (!in_message() || key_ != "m") return refuse_if_wanted("a boolean");
    message_.buyer_is_maker = value;
    return true;
  }
  bool number_integer(Json::number_integer_t value) {
    return refuse_if_wanted("the number", std::to_string(value));
  }
  bool number_unsigned(Json::number_unsigned_t value) {
    auto* const field = integer_field();
    const bool fits = value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    if (field == nullptr || !fits) return refuse_if_wanted("the number", std::to_string(value));
    *field = static_cast<std::int64_t>(value);
    return true;
  }
  bool number_float(Json::number_float_t /*value*/, const std::string& text) {
    return refuse_if_wanted("the number", text);
  }
  bool string(std::string& text) {
    if (depth_ == 1 && key_ == "stream") {
      message_.stream = text;
    } else if (in_message() && key_ == "s") {
      message_.symbol = text;
    } else if (auto* const field = decimal_field()) {
      read_decimal(text, *field);
    } else {
      return refuse_if_wanted("the string", text);
    }
    return true;
  }
  bool binary(Json::binary_t& /*value*/) { return true; }  // never in text
  bool key(std::string& text) {
    key_ = text;
    if (depth_ == 1 && key_ == "lastUpdateId") message_.is_snapshot = true;
    return true;
  }
  bool start_object(std::size_t /*elements*/) { return open("an object"); }
  bool end_object() { return close(); }
  bool start_array(std::size_t /*elements*/) { return open("an array"); }
  bool end_array() { return close(); }
  [[noreturn]] bool parse_error(std::size_t position, const std::string& token,
                                const Json::exception& /*error*/) {
    throw BadLine("no JSON at byte " + std::to_string(position) + ", after " + excerpt(token),
                  "a JSON object");
  }

 private:
  [[nodiscard]] bool in_message() const { return depth_ == 2 && in_data_ && key_.size() == 1; }

  std::optional<std::int64_t>* integer_field() {
    if (!in_message()) return nullptr;
    switch (key_.front()) {
      case 'u':
        return &message_.update_id;
      case 't':
        return &message_.trade_id;
      case 'E':
        return &message_.event_time_ms;
      case 'T':
        return &message_.transaction_time_ms;
      default:
        return nullptr;
    }
  }

  std::optional<std::int64_t>* decimal_field() {
    if (!in_message()) return nullptr;
    switch (key_.front()) {
      case 'b':
        return &message_.bid_price;
      case 'B':
        return &message_.bid_quantity;
      case 'a':
        return &message_.ask_price;
      case 'A':
        return &message_.ask_quantity;
      case 'p':
        return &message_.price;
      case 'q':
        return &message_.quantity;
      default:
        return nullptr;
    }
  }

  void read_decimal(const std::string& text, std::optional<std::int64_t>& field) {
    const auto parsed = parse_decimal(text);
    if (!parsed) {
      remember(excerpt(text) + ", " + std::string(describe(parsed.fault)),
               "a decimal number >= 0 with at most 8 decimals");
    } else if (parsed.value < 0) {
      remember(excerpt(text), "a decimal number >= 0");
    } else {
      field = parsed.value;
    }
  }

  /// A value of the wrong type: remembered in a field this program uses, of no interest in any
  /// other.
  bool refuse_if_wanted(std::string_view what, std::string_view text = {}) {
    if (depth_ == 0) throw BadLine(std::string(what), "a JSON object");
    const char* const expected = expected_here();
    if (expected == nullptr) return true;
    remember(std::string(what) + (text.empty() ? "" : " " + excerpt(text)), expected);
    return true;
  }

  /// What the field whose value comes now must hold; null if this program does not use it.
  const char* expected_here() {
    if (depth_ == 1 && key_ == "stream") return "a string";
    if (!in_message()) return nullptr;
    if (integer_field() != nullptr) return "a whole number from 0 to 2^63 - 1";
    if (decimal_field() != nullptr) return "a decimal number as a string";
    if (key_ == "s") return "a string";
    if (key_ == "m") return "true or false";
    return nullptr;
  }

  void remember(const std::string& found, std::string expected) {
    if (message_.wrong_field) return;
    message_.wrong_field.emplace("in field \"" + key_ + "\" " + found, std::move(expected));
  }

  bool open(std::string_view what) {
    const bool is_envelope = depth_ == 0 && what == "an object";
    if (!is_envelope) refuse_if_wanted(what);
    if (depth_ == 1) in_data_ = key_ == "data";
    ++depth_;
    return true;
  }

  bool close() {
    --depth_;
    return true;
  }

  FeedMessage& message_;
  std::string key_;  // the latest one: in an array, that of the array
  int depth_ = 0;
  bool in_data_ = false;
};

}  // namespace

FeedMessage read_message(std::string_view json) {
  FeedMessage message;
  MessageHandler handler(message);
  Json::sax_parse(json, &handler);
  return message;
}

}  // namespace disruptor_mp::market_feed
