// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/plan.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "market_feed/decimal.hpp"
#include "market_feed/error.hpp"
#include "market_feed/int128.hpp"

namespace disruptor_mp::market_feed {
namespace {

constexpr std::array roles = {Role::gateway, Role::journal, Role::analytics, Role::monitor};
constexpr std::uint32_t whole_share = 10'000;  // 100 % in hundredths of a percent
constexpr int share_places = 2;

constexpr std::string_view kill_form =
    "ROLE@PERCENT% with ROLE gateway, journal, analytics or monitor";

[[noreturn]] void refuse_kill(std::string_view text, const std::string& found) {
  throw Error({.object = "--kill " + excerpt(text),
               .found = found,
               .expected = std::string(kill_form),
               .remedy = "write for example --kill analytics@50% or --kill gateway@12.5%"});
}

std::optional<Role> role_of(std::string_view name) {
  const auto found = std::ranges::find_if(roles, [&](Role role) { return name_of(role) == name; });
  if (found == roles.end()) return std::nullopt;
  return *found;
}

std::uint32_t index_of(std::string_view text, std::string_view digits) {
  std::uint32_t index = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, index);
  if (digits.empty() || error != std::errc{} || stop != end) {
    refuse_kill(text, "the index " + excerpt(digits));
  }
  return index;
}

std::uint32_t share_of(std::string_view text, std::string_view percent) {
  const auto parsed = parse_wide_decimal(percent, share_places);
  if (!parsed || percent.starts_with('-') || parsed.value > whole_share) {
    refuse_kill(text,
                "the percentage " + excerpt(percent) + ", not 0 to 100 with at most 2 decimals");
  }
  return static_cast<std::uint32_t>(parsed.value);
}

/// Decimal digits and nothing else: no sign, no blank, no unit.
std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

[[noreturn]] void refuse_number(std::string_view option, std::string_view text,
                                std::string expected, std::string_view example) {
  throw Error({.object = std::string(option),
               .found = excerpt(text),
               .expected = std::move(expected),
               .remedy = "write for example " + std::string(option) + " " + std::string(example)});
}

}  // namespace

std::string_view name_of(Role role) noexcept {
  switch (role) {
    case Role::gateway:
      return "gateway";
    case Role::journal:
      return "journal";
    case Role::analytics:
      return "analytics";
    case Role::monitor:
      return "monitor";
  }
  return "unknown";
}

std::string process_name(Role role, std::uint32_t index) {
  return std::string(name_of(role)) + (index > 0 ? "." + std::to_string(index) : "");
}

std::uint64_t KillOrder::due_at(std::uint64_t total_events) const noexcept {
  return static_cast<std::uint64_t>(static_cast<UInt128>(total_events) * share / whole_share);
}

KillOrder parse_kill(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) refuse_kill(text, "no '@'");
  std::string_view process = text.substr(0, at);
  std::string_view percent = text.substr(at + 1);
  if (!percent.ends_with('%')) refuse_kill(text, "no '%' at the end");
  percent.remove_suffix(1);

  KillOrder order;
  if (const auto dot = process.find('.'); dot != std::string_view::npos) {
    order.index = index_of(text, process.substr(dot + 1));
    process = process.substr(0, dot);
  }
  const auto role = role_of(process);
  if (!role) refuse_kill(text, "the role " + excerpt(process));
  order.role = *role;
  order.share = share_of(text, percent);
  return order;
}

std::string text_of(const KillOrder& order) {
  return process_name(order.role, order.index) + "@" + format_decimal(order.share, share_places) +
         "%";
}

void require_consistent(std::size_t gateways, std::size_t feeds,
                        const std::vector<KillOrder>& kills) {
  const std::string count = std::to_string(gateways);
  if (feeds != 0 && feeds != gateways) {
    throw Error(
        {.object = "--feed",
         .found =
             std::to_string(feeds) + (feeds == 1 ? " feed" : " feeds") + " for --gateways " + count,
         .expected = "one for each gateway, or none",
         .remedy = feeds > gateways
                       ? "pass --gateways " + std::to_string(feeds) + " as well"
                       : "give --feed " + count + " times, or leave it out for generated feeds"});
  }
  for (const KillOrder& kill : kills) {
    const bool is_one_of_several = kill.role == Role::gateway && gateways > 1;
    if (is_one_of_several ? kill.index >= 1 && kill.index <= gateways : kill.index == 0) continue;
    throw Error(
        {.object = "--kill " + text_of(kill),
         .found = process_name(kill.role, kill.index),
         .expected = is_one_of_several
                         ? "gateway.1 to gateway." + count
                         : "no index: there is one " + std::string(name_of(kill.role)) + " here",
         .remedy = is_one_of_several
                       ? "write for example --kill gateway.1@50%"
                       : "write --kill " + text_of({.role = kill.role, .share = kill.share})});
  }
}

std::uint64_t parse_lines(std::string_view text) {
  constexpr std::uint64_t most = 1'000'000'000;
  const auto lines = whole_number(text);
  if (!lines || *lines == 0 || *lines > most)
    refuse_number("--lines", text, "a whole number from 1 to " + std::to_string(most), "200000");
  return *lines;
}

std::uint64_t parse_seed(std::string_view text) {
  const auto seed = whole_number(text);
  if (!seed) refuse_number("--seed", text, "a whole number from 0 to 2^64 - 1", "1");
  return *seed;
}

std::uint64_t parse_capacity(std::string_view text) {
  constexpr std::uint64_t most = 1U << 30U;  // the library's format::max_capacity
  const auto capacity = whole_number(text);
  if (!capacity || !std::has_single_bit(*capacity) || *capacity > most)
    refuse_number("--capacity", text, "a power of two from 1 to 2^30", "4096");
  return *capacity;
}

Pace Pace::parse(std::string_view text) {
  Pace pace;
  if (text == "max") return pace;
  const auto parsed = parse_decimal(text);
  if (!parsed || parsed.value <= 0) {
    throw Error(
        {.object = "--pace " + excerpt(text),
         .found = parsed ? "a number that is not above 0" : std::string(describe(parsed.fault)),
         .expected = "a number above 0, or max",
         .remedy = "write --pace 1 for recorded speed, --pace 10 for ten times that, or leave it "
                   "out for full speed"});
  }
  pace.scaled_factor_ = parsed.value;
  return pace;
}

std::int64_t Pace::due_after_ns(std::int64_t recorded_ns) const noexcept {
  if (is_full_speed()) return 0;
  const Int128 due = static_cast<Int128>(recorded_ns) * decimal_scale / scaled_factor_;
  using Limits = std::numeric_limits<std::int64_t>;  // 292 years either way are never
  return static_cast<std::int64_t>(std::clamp<Int128>(due, Limits::min(), Limits::max()));
}

std::string Pace::argument() const {
  return is_full_speed() ? "max" : format_decimal(scaled_factor_);
}

std::string Pace::text() const {
  if (is_full_speed()) return "max";
  return format_decimal(scaled_factor_) + " x recorded speed";
}

}  // namespace disruptor_mp::market_feed
