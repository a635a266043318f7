// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/feed_parser.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "market_feed/error.hpp"

namespace disruptor_mp::market_feed {
namespace {

constexpr std::string_view quote_suffix = "@bookTicker";
constexpr std::string_view trade_suffix = "@trade";
constexpr std::string_view depth_mark = "@depth";

LineKind kind_of_stream(std::string_view stream) {
  if (stream.ends_with(quote_suffix)) return LineKind::quote;
  if (stream.ends_with(trade_suffix)) return LineKind::trade;
  if (stream.find(depth_mark) != std::string_view::npos) return LineKind::depth;
  return LineKind::other;
}

/// The kind by the first bytes alone, for lines written the way the exchange writes them. Nothing
/// when they are written otherwise (blanks, another order of fields): then the JSON decides.
std::optional<LineKind> kind_at_a_glance(std::string_view json) {
  constexpr std::string_view stream_prefix = R"({"stream":")";
  constexpr std::string_view snapshot_prefix = R"({"lastUpdateId":)";
  if (json.starts_with(snapshot_prefix)) return LineKind::snapshot;
  if (!json.starts_with(stream_prefix)) return std::nullopt;
  json.remove_prefix(stream_prefix.size());
  return kind_of_stream(json.substr(0, json.find('"')));
}

/// Takes "<ns> " off the front of the line.
std::int64_t take_receive_time(std::string_view& line) {
  std::int64_t time_ns = 0;
  const char* const end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data(), end, time_ns);
  if (error != std::errc{} || time_ns < 0 || stop == end || *stop != ' ') {
    throw BadLine(excerpt(line), "\"<receive time, ns since 1970> <JSON>\"");
  }
  line.remove_prefix(static_cast<std::size_t>(stop - line.data()) + 1);
  return time_ns;
}

template <typename Value>
const Value& require(const std::optional<Value>& field, const char* name, const char* where) {
  if (!field)
    throw BadLine(std::string("no field \"") + name + "\"", std::string("it in ") + where);
  return *field;
}

Symbol require_symbol(const std::string& text) {
  const auto symbol = Symbol::from(text);
  if (!symbol) {
    throw BadLine("the symbol " + excerpt(text), "1 to " + std::to_string(Symbol::max_length) +
                                                     " characters of A-Z, 0-9, '_', '-' and '.'");
  }
  return *symbol;
}

void set_exchange_time(MarketEvent& event, const FeedMessage& message) {
  // The transaction time is when the matching engine acted; the event time only when the message
  // left.
  const auto& time_ms =
      message.transaction_time_ms ? message.transaction_time_ms : message.event_time_ms;
  if (time_ms && !event.set_exchange_time_ms(*time_ms)) {
    throw BadLine("the exchange time " + std::to_string(*time_ms) + " ms",
                  "a time within 24 days of the receive time " +
                      std::to_string(event.receive_time_ns / 1'000'000) + " ms");
  }
}

void fill_quote(MarketEvent& event, const FeedMessage& message) {
  constexpr const char* where = "a bookTicker message";
  event.kind = EventKind::quote;
  event.id = require(message.update_id, "u", where);
  event.price = require(message.bid_price, "b", where);
  event.quantity = require(message.bid_quantity, "B", where);
  event.ask_price = require(message.ask_price, "a", where);
  event.ask_quantity = require(message.ask_quantity, "A", where);
}

void fill_trade(MarketEvent& event, const FeedMessage& message) {
  constexpr const char* where = "a trade message";
  event.kind = EventKind::trade;
  event.id = require(message.trade_id, "t", where);
  event.price = require(message.price, "p", where);
  event.quantity = require(message.quantity, "q", where);
  event.aggressor =
      require(message.buyer_is_maker, "m", where) ? Aggressor::seller : Aggressor::buyer;
}

}  // namespace

ParsedLine FeedParser::parse(std::string_view line) {
  const std::int64_t receive_time_ns = take_receive_time(line);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!line.ends_with('}')) {
    const auto tail = line.substr(line.size() - std::min<std::size_t>(line.size(), 30));
    throw BadLine("a line ending in " + excerpt(tail), "a JSON object, closed by '}'");
  }

  ParsedLine result;
  const auto glance = kind_at_a_glance(line);
  if (glance && *glance != LineKind::quote && *glance != LineKind::trade) {
    result.kind = *glance;
    return result;
  }

  const FeedMessage message = read_message(line);
  if (message.stream.empty() && !message.is_snapshot) {
    if (message.wrong_field) throw *message.wrong_field;
    throw BadLine("neither \"stream\" nor \"lastUpdateId\"", "a stream message or a snapshot");
  }
  result.kind = message.stream.empty() ? LineKind::snapshot : kind_of_stream(message.stream);
  if (!result.has_event()) return result;
  if (message.wrong_field) throw *message.wrong_field;

  MarketEvent& event = result.event;
  event.receive_time_ns = receive_time_ns;
  event.source = source_;
  event.symbol = require_symbol(message.symbol);
  result.kind == LineKind::quote ? fill_quote(event, message) : fill_trade(event, message);
  set_exchange_time(event, message);
  event.instrument =
      instruments_.id_of(event.symbol);  // last: a bad line must not leave an id behind
  return result;
}

}  // namespace disruptor_mp::market_feed
