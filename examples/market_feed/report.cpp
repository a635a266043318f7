// SPDX-License-Identifier: MIT OR Apache-2.0
#include "market_feed/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "market_feed/columns.hpp"
#include "market_feed/decimal.hpp"

namespace disruptor_mp::market_feed {
namespace {

constexpr std::size_t name_width = 12;

std::string processes_text(const RunReport& report) {
  std::string text = fmt::format("{:<12}  {:<9}{:>16}{:>13}{:>12}{:>14}\n", "process", "kind",
                                 "events", "rate", "restarts", "missed");
  for (const auto& process : report.processes) {
    const auto rate = process.rate();
    fmt::format_to(std::back_inserter(text), "{:<12}  {:<9}{:>16}{:>13}{:>12}{:>14}\n",
                   fitted(process.role, name_width), fitted(process.kind, 9),
                   fitted(grouped(process.events), 15), rate ? fitted(rate_text(*rate), 12) : "-",
                   process.restarts, fitted(grouped(process.missed), 13));
  }
  return text;
}

std::string latencies_text(const RunReport& report) {
  std::string text;
  for (const auto& process : report.processes) {
    if (!process.latency) continue;
    if (text.empty()) {
      text = fmt::format("\n{:<12}{:>13}{:>13}{:>13}{:>13}{:>13}\n", "latency", "p50", "p90", "p99",
                         "p99.9", "max");
    }
    const auto& latency = *process.latency;
    const auto time = [](std::uint64_t ns) { return fitted(duration_text(ns), 12); };
    fmt::format_to(std::back_inserter(text), "{:<12}{:>13}{:>13}{:>13}{:>13}{:>13}\n",
                   fitted(process.role, name_width), time(latency.p50), time(latency.p90),
                   time(latency.p99), time(latency.p99_9), time(latency.max));
  }
  return text;
}

std::string instrument_text(const InstrumentStats& stats) {
  const auto count = [](std::int64_t value) { return grouped(static_cast<std::uint64_t>(value)); };
  const auto vwap = stats.vwap();
  std::vector<std::string> pieces = {"quotes " + count(stats.quotes),
                                     "trades " + count(stats.trades),
                                     "volume " + format_decimal(stats.volume),
                                     "vwap " + (vwap ? format_decimal(*vwap) : "-"),
                                     "last " + format_decimal(stats.last_price),
                                     "bid " + format_decimal(stats.last_bid),
                                     "ask " + format_decimal(stats.last_ask)};
  pieces.push_back(stats.has_spread()
                       ? fmt::format("spread {} to {}", format_decimal(stats.lowest_spread),
                                     format_decimal(stats.highest_spread))
                       : "spread -");
  if (stats.one_sided_quotes > 0) pieces.push_back("one-sided " + count(stats.one_sided_quotes));
  if (stats.crossed_quotes > 0) pieces.push_back("crossed " + count(stats.crossed_quotes));
  if (stats.source > 0) pieces.push_back(fmt::format("source {}", stats.source));
  return flowed(fmt::format("{:<12}  ", stats.symbol.text()), pieces);
}

std::string instruments_text(const RunReport& report) {
  std::string text;
  for (const auto& stats : report.analytics.instruments()) text += instrument_text(stats);
  return text.empty() ? text : "\n" + text;
}

std::string checks_text(const RunReport& report) {
  std::string text = "\n";
  for (const auto& check : report.checks) {
    text += flowed_words(check.passed ? "ok    " : "FAIL  ",
                         check.detail.empty() ? check.what : check.what + ": " + check.detail);
  }
  return text;
}

std::string verdict_text(const RunReport& report) {
  if (report.checks.empty()) return "verdict: FAIL, nothing was checked\n";
  const auto held = std::ranges::count_if(report.checks, &CheckReport::passed);
  return fmt::format("verdict: {}, {} of {} checks hold\n", report.passed() ? "PASS" : "FAIL", held,
                     report.checks.size());
}

}  // namespace

std::optional<double> ProcessReport::rate() const noexcept {
  if (busy_ns == 0) return std::nullopt;
  return static_cast<double>(events) * 1e9 / static_cast<double>(busy_ns);
}

bool RunReport::passed() const noexcept {
  return !checks.empty() && std::ranges::all_of(checks, &CheckReport::passed);
}

std::string text_of(const RunReport& report) {
  std::vector<std::string> pieces = {fitted(report.feed, report_width - 13),
                                     grouped(report.lines) + " lines",
                                     grouped(report.events) + " events"};
  if (report.voids > 0) pieces.push_back(grouped(report.voids) + " voids");
  pieces.insert(pieces.end(), {"ring on " + report.backend, "pace " + report.pace});
  return flowed("market_feed  ", pieces) + "\n" + processes_text(report) + latencies_text(report) +
         instruments_text(report) + checks_text(report) + verdict_text(report);
}

}  // namespace disruptor_mp::market_feed
