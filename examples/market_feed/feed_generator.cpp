// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/feed_generator.hpp"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "market_feed/decimal.hpp"
#include "market_feed/error.hpp"
#include "market_feed/int128.hpp"
#include "market_feed/symbol.hpp"

namespace disruptor_mp::market_feed {
namespace {

constexpr std::int64_t start_time_ns = 1'723'161'255'000'000'000;  // 2024-08-08, as the recordings
constexpr std::uint64_t snapshot_line = 2;       // the third, as in the recordings
constexpr std::int64_t snapshot_levels = 1'000;  // per side: about 64 KB of text

/// Shares of the stream, in percent, close to those of the recordings.
constexpr std::int64_t quote_share = 70;
constexpr std::int64_t trade_share = 23;

/// Bounds within which neither the walk (up to twice the start) nor a thousand levels beside it can
/// leave the range of the scaled integers.
constexpr std::int64_t max_price = 10'000'000'000 * decimal_scale;
constexpr std::int64_t min_start_ticks = 10'000;
constexpr std::int64_t max_lot = 1'000 * decimal_scale;

void check(const GeneratedInstrument& instrument) {
  const auto refuse = [&](std::string found, std::string expected) {
    throw Error({.object = "generated instrument " + excerpt(instrument.symbol),
                 .found = std::move(found),
                 .expected = std::move(expected)});
  };
  if (!Symbol::from(instrument.symbol)) {
    refuse("a symbol no event can hold", "1 to 12 characters of A-Z, 0-9, '_', '-' and '.'");
  }
  if (instrument.tick <= 0) refuse("tick " + format_decimal(instrument.tick), "a tick above 0");
  if (instrument.lot <= 0 || instrument.lot > max_lot) {
    refuse("lot " + format_decimal(instrument.lot), "a lot above 0 and at most 1000");
  }
  if (instrument.price > max_price || instrument.price % instrument.tick != 0 ||
      instrument.price / instrument.tick < min_start_ticks) {
    refuse("price " + format_decimal(instrument.price),
           "a multiple of the tick, at least 10000 ticks and at most 10000000000");
  }
}

std::int64_t scaled(std::string_view text) { return parse_decimal(text).value; }

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');  // no locale takes part
  }
  return text;
}

/// How many decimals it takes to write multiples of `step`.
int decimals_of(std::int64_t step) {
  int decimals = decimal_places;
  for (; decimals > 0 && step % 10 == 0; --decimals) step /= 10;
  return decimals;
}

}  // namespace

std::vector<GeneratedInstrument> default_instruments() {
  return {
      {.symbol = "BTCUSDT",
       .price = scaled("61800.2"),
       .tick = scaled("0.1"),
       .lot = scaled("0.001")},
      {.symbol = "ETHUSDT",
       .price = scaled("2641.58"),
       .tick = scaled("0.01"),
       .lot = scaled("0.001")},
      {.symbol = "SOLUSDT", .price = scaled("158.33"), .tick = scaled("0.001"), .lot = scaled("1")},
  };
}

FeedGenerator::FeedGenerator(const GeneratorOptions& options)
    : random_(options.seed),
      lines_(options.lines),
      form_(options.form),
      receive_time_ns_(start_time_ns) {
  if (options.instruments.empty()) {
    throw Error(
        {.object = "feed generator", .found = "no instruments", .expected = "at least one"});
  }
  for (const auto& instrument : options.instruments) {
    check(instrument);
    const auto number = static_cast<std::int64_t>(books_.size()) + 1;
    books_.push_back({.symbol = instrument.symbol,
                      .stream = lower_case(instrument.symbol),
                      .tick = instrument.tick,
                      .lot = instrument.lot,
                      .bid_ticks = instrument.price / instrument.tick,
                      .max_bid_ticks = 2 * (instrument.price / instrument.tick),
                      .update_id = number * 1'000'000'000'000,
                      .trade_id = number * 1'000'000'000});
  }
}

std::optional<std::string_view> FeedGenerator::next() {
  if (written_ == lines_) return std::nullopt;
  advance_time();
  line_ = std::to_string(receive_time_ns_);
  line_ += ' ';
  Book& book = books_[static_cast<std::size_t>(below(static_cast<std::int64_t>(books_.size())))];
  const std::int64_t share = below(100);
  if (written_ == snapshot_line) {
    write_snapshot(book);
  } else if (share < quote_share) {
    write_quote(book);
  } else if (share < quote_share + trade_share) {
    write_trade(book);
  } else {
    write_depth(book);
  }
  ++written_;
  return line_;
}

/// A number from 0 to bound - 1: the high half of a 128-bit product. Its bias, below bound / 2^64,
/// is of no matter here, and unlike a rejection loop it takes exactly one draw.
std::int64_t FeedGenerator::below(std::int64_t bound) {
  const auto product = static_cast<UInt128>(random_()) * static_cast<UInt128>(bound);
  return static_cast<std::int64_t>(product >> 64U);
}

/// Mostly small quantities, now and then a large one.
std::int64_t FeedGenerator::random_lots() {
  const std::int64_t magnitude = below(12);
  return 1 + below(std::int64_t{1} << magnitude);
}

void FeedGenerator::advance_time() {
  const std::int64_t share = below(100);
  std::int64_t step_ns = 100 + below(20'000);                // within a burst
  if (share >= 70) step_ns = 50'000 + below(5'000'000);      // between bursts
  if (share >= 98) step_ns = 5'000'000 + below(50'000'000);  // a quiet moment
  receive_time_ns_ += step_ns;
  // The exchange stamped it a few milliseconds earlier, never going backwards.
  exchange_time_ms_ = std::max(exchange_time_ms_, receive_time_ns_ / 1'000'000 - 1 - below(8));
}

void FeedGenerator::walk(Book& book) {
  book.update_id += 1 + below(1'000);
  switch (below(10)) {
    case 0:
      book.bid_ticks = std::max<std::int64_t>(1, book.bid_ticks - 1 - below(3));
      break;
    case 1:
      book.bid_ticks = std::min(book.max_bid_ticks, book.bid_ticks + 1 + below(3));
      break;
    case 2:
      book.spread_ticks = below(4) == 0 ? 2 + below(10) : 1;
      break;
    default:
      break;  // only quantities change, as most often in a real book
  }
  book.bid_lots = random_lots();
  book.ask_lots = random_lots();
}

void FeedGenerator::write_quote(Book& book) {
  walk(book);
  begin_stream(book, "@bookTicker");
  if (is_futures()) append_text("e", "bookTicker");
  append_number("u", book.update_id);
  append_text("s", book.symbol);
  append_price("b", book, book.bid_ticks);
  append_quantity("B", book, book.bid_lots);
  append_price("a", book, book.ask_ticks());
  append_quantity("A", book, book.ask_lots);
  if (is_futures()) {
    append_number("T", exchange_time_ms_);
    append_number("E", exchange_time_ms_);
  }
  line_ += "}}";
}

void FeedGenerator::write_trade(Book& book) {
  const bool buyer_is_maker = below(2) == 0;
  begin_stream(book, "@trade");
  append_text("e", "trade");
  append_number("E", exchange_time_ms_);
  if (is_futures()) append_number("T", exchange_time_ms_);
  append_text("s", book.symbol);
  append_number("t", ++book.trade_id);
  append_price("p", book, buyer_is_maker ? book.bid_ticks : book.ask_ticks());
  append_quantity("q", book, random_lots());
  if (is_futures()) {
    append_text("X", "MARKET");
  } else {
    append_number("T", exchange_time_ms_);
  }
  line_ += buyer_is_maker ? R"(,"m":true)" : R"(,"m":false)";
  if (!is_futures()) line_ += R"(,"M":true)";
  line_ += "}}";
}

void FeedGenerator::write_depth(Book& book) {
  const std::int64_t first_id = book.update_id + 1;
  walk(book);
  begin_stream(book, is_futures() ? "@depth@0ms" : "@depth@100ms");
  append_text("e", "depthUpdate");
  append_number("E", exchange_time_ms_);
  if (is_futures()) append_number("T", exchange_time_ms_);
  append_text("s", book.symbol);
  append_number("U", first_id);
  append_number("u", book.update_id);
  if (is_futures()) append_number("pu", first_id - 1);
  append_levels("b", book, book.bid_ticks, -1, below(40), true);
  append_levels("a", book, book.ask_ticks(), +1, below(40), true);
  line_ += "}}";
}

void FeedGenerator::write_snapshot(Book& book) {
  line_ += '{';
  append_number("lastUpdateId", book.update_id);
  if (is_futures()) {
    append_number("E", exchange_time_ms_);
    append_number("T", exchange_time_ms_);
  }
  append_levels("bids", book, book.bid_ticks, -1, snapshot_levels, false);
  append_levels("asks", book, book.ask_ticks(), +1, snapshot_levels, false);
  line_ += '}';
}

void FeedGenerator::begin_stream(const Book& book, std::string_view stream) {
  line_ += R"({"stream":")";
  line_ += book.stream;
  line_ += stream;
  line_ += R"(","data":{)";
}

void FeedGenerator::append_number(std::string_view key, std::int64_t value) {
  if (line_.back() != '{') line_ += ',';
  line_.append("\"").append(key).append("\":").append(std::to_string(value));
}

void FeedGenerator::append_text(std::string_view key, std::string_view value) {
  if (line_.back() != '{') line_ += ',';
  line_.append("\"").append(key).append("\":\"").append(value).append("\"");
}

void FeedGenerator::append_price(std::string_view key, const Book& book, std::int64_t ticks) {
  append_text(key, price_text(book, ticks));
}

void FeedGenerator::append_quantity(std::string_view key, const Book& book, std::int64_t lots) {
  append_text(key, quantity_text(book, lots));
}

/// Levels from the best price outwards; in a change of the book a quantity of 0 removes a level.
void FeedGenerator::append_levels(std::string_view key, const Book& book, std::int64_t best,
                                  int step, std::int64_t count, bool with_empty) {
  line_.append(",\"").append(key).append("\":[");
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t ticks = best + step * i;
    if (ticks < 1) break;
    const std::int64_t lots = with_empty && below(3) == 0 ? 0 : random_lots();
    if (i > 0) line_ += ',';
    line_.append("[\"").append(price_text(book, ticks)).append("\",\"");
    line_.append(quantity_text(book, lots)).append("\"]");
  }
  line_ += ']';
}

std::string FeedGenerator::price_text(const Book& book, std::int64_t ticks) const {
  // Spot writes all eight decimals, futures only those the instrument has.
  return format_fixed(ticks * book.tick, is_futures() ? decimals_of(book.tick) : decimal_places);
}

std::string FeedGenerator::quantity_text(const Book& book, std::int64_t lots) const {
  return format_fixed(lots * book.lot, is_futures() ? decimals_of(book.lot) : decimal_places);
}

void write_generated_feed(const std::filesystem::path& path, const GeneratorOptions& options) {
  const auto fail = [&](const std::string& what) {
    throw Error({.object = path.string(),
                 .found = "that it cannot be written: " + what,
                 .remedy = "check the folder, its permissions and the free space"});
  };
  struct Close {
    void operator()(gzFile file) const noexcept { gzclose_w(file); }
  };
  const bool compressed = path.extension() == ".gz";
  const std::unique_ptr<gzFile_s, Close> file(gzopen(path.c_str(), compressed ? "wb6" : "wbT"));
  if (!file) fail(std::strerror(errno));

  FeedGenerator generator(options);
  std::uint64_t lines = 0;
  while (const auto line = generator.next()) {
    const auto size = static_cast<unsigned>(line->size());
    if (gzwrite(file.get(), line->data(), size) != static_cast<int>(size) ||
        gzputc(file.get(), '\n') != '\n') {
      fail(std::strerror(errno));
    }
    options.between_lines(++lines);
  }
  // Closing writes what is still in zlib's buffer, so a full disk may show only here.
  const int code = gzflush(file.get(), Z_FINISH);
  if (code != Z_OK) fail(code == Z_ERRNO ? std::strerror(errno) : "zlib error");
}

}  // namespace disruptor_mp::market_feed
