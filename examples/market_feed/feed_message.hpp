// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace disruptor_mp::market_feed {

/// A line that is not of the form. The reader adds the file and the line number.
class BadLine : public std::runtime_error {
 public:
  BadLine(std::string found, std::string expected)
      : std::runtime_error("found " + found + "; expected " + expected),
        found_(std::move(found)),
        expected_(std::move(expected)) {}

  [[nodiscard]] const std::string& found() const noexcept { return found_; }
  [[nodiscard]] const std::string& expected() const noexcept { return expected_; }

 private:
  std::string found_;
  std::string expected_;
};

/// The fields of one exchange message that matter here; behind each, its name in the JSON. Nothing
/// where the field was missing. Decimals are already exact integers (1e-8).
struct FeedMessage {
  std::string stream;
  bool is_snapshot = false;  ///< has "lastUpdateId" instead of a stream name

  std::string symbol;                               ///< "s"
  std::optional<std::int64_t> update_id;            ///< "u", of the order book
  std::optional<std::int64_t> trade_id;             ///< "t"
  std::optional<std::int64_t> event_time_ms;        ///< "E"
  std::optional<std::int64_t> transaction_time_ms;  ///< "T"
  std::optional<std::int64_t> bid_price;            ///< "b", best bid
  std::optional<std::int64_t> bid_quantity;         ///< "B"
  std::optional<std::int64_t> ask_price;            ///< "a", best ask
  std::optional<std::int64_t> ask_quantity;         ///< "A"
  std::optional<std::int64_t> price;                ///< "p", of a trade
  std::optional<std::int64_t> quantity;             ///< "q", of a trade
  std::optional<bool> buyer_is_maker;               ///< "m": then the seller was the aggressor

  std::optional<BadLine> wrong_field;  ///< the first one
};

/// Reads the JSON text of one message. Throws BadLine for text that is not a JSON object. A field
/// above with another type or value than those of a quote or trade (negative, too precise, not a
/// number) is left out and told in `wrong_field`, because in messages of other streams the same
/// name may mean something else.
[[nodiscard]] FeedMessage read_message(std::string_view json);

}  // namespace disruptor_mp::market_feed
