// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "market_feed/between_lines.hpp"

namespace disruptor_mp::market_feed {

/// Which of the exchange's two forms the lines have (they differ in fields and in number of
/// decimals).
enum class FeedForm : std::uint8_t { spot, usd_futures };

/// An instrument of the generated feed. `price`, `tick` and `lot` are in units of 1e-8.
struct GeneratedInstrument {
  std::string symbol;
  std::int64_t price;  ///< where the walk starts
  std::int64_t tick;   ///< smallest step of a price
  std::int64_t lot;    ///< smallest step of a quantity
};

[[nodiscard]] std::vector<GeneratedInstrument> default_instruments();  // BTCUSDT, ETHUSDT, SOLUSDT

struct GeneratorOptions {
  std::uint64_t seed = 1;
  std::uint64_t lines = 100'000;
  FeedForm form = FeedForm::usd_futures;
  std::vector<GeneratedInstrument> instruments = default_instruments();
  BetweenLines between_lines = {};
};

/// Writes a feed of the recorded form from a seed, for people without a recording: quotes, trades,
/// depth changes and one order-book snapshot of about 64 KB in the third line; prices walk at
/// random; receive times strictly increase, in bursts as on a real wire.
///
/// The same options give the same bytes on every machine: the engine's output is fixed by the C++
/// standard, its use is integer arithmetic only, and no standard distribution (whose output is not
/// fixed) takes part.
class FeedGenerator {
 public:
  /// Throws Error for no instruments, for one whose symbol an event cannot hold, and for a price,
  /// tick or lot the walk cannot start from.
  explicit FeedGenerator(const GeneratorOptions& options);

  /// The next line without its '\n'; nothing after the last. The view holds until the next call.
  [[nodiscard]] std::optional<std::string_view> next();

 private:
  struct Book {
    std::string symbol;
    std::string stream;  // symbol in lower case
    std::int64_t tick;
    std::int64_t lot;
    std::int64_t bid_ticks;
    std::int64_t max_bid_ticks;
    std::int64_t spread_ticks = 1;
    std::int64_t bid_lots = 1;
    std::int64_t ask_lots = 1;
    std::int64_t update_id;
    std::int64_t trade_id;

    [[nodiscard]] std::int64_t ask_ticks() const { return bid_ticks + spread_ticks; }
  };

  [[nodiscard]] std::int64_t below(std::int64_t bound);
  [[nodiscard]] std::int64_t random_lots();
  void advance_time();
  void walk(Book& book);

  void write_quote(Book& book);
  void write_trade(Book& book);
  void write_depth(Book& book);
  void write_snapshot(Book& book);

  void begin_stream(const Book& book, std::string_view stream);
  void append_number(std::string_view key, std::int64_t value);
  void append_text(std::string_view key, std::string_view value);
  void append_price(std::string_view key, const Book& book, std::int64_t ticks);
  void append_quantity(std::string_view key, const Book& book, std::int64_t lots);
  void append_levels(std::string_view key, const Book& book, std::int64_t best, int step,
                     std::int64_t count, bool with_empty);
  [[nodiscard]] std::string price_text(const Book& book, std::int64_t ticks) const;
  [[nodiscard]] std::string quantity_text(const Book& book, std::int64_t lots) const;
  [[nodiscard]] bool is_futures() const { return form_ == FeedForm::usd_futures; }

  std::mt19937_64 random_;
  std::uint64_t lines_;
  std::uint64_t written_ = 0;
  FeedForm form_;
  std::vector<Book> books_;
  std::int64_t receive_time_ns_;
  std::int64_t exchange_time_ms_ = 0;
  std::string line_;
};

/// Writes the whole feed to a file; compressed when the name ends in .gz (the text is the same
/// everywhere, compressed bytes depend on the version of zlib). Throws Error when it cannot be
/// written.
void write_generated_feed(const std::filesystem::path& path, const GeneratorOptions& options);

}  // namespace disruptor_mp::market_feed
