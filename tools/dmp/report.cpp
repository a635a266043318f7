// SPDX-License-Identifier: MIT OR Apache-2.0
#include "report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "disruptor_mp/os/thread.hpp"
#include "json_output.hpp"
#include "terminal.hpp"

namespace disruptor_mp::tool {
namespace {

void print_line(const Json& json) { print_json(stderr, json); }

void print_error(const std::string& line) {
  const Style style(STDERR_FILENO);
  fmt::print(stderr, "{} {}\n", style.paint(Tone::bad, "dmp:"), line);
}

Json error_json(std::string_view code, const std::string& object, const std::string& problem,
                const std::string& found, const std::string& expected, const std::string& remedy) {
  return {{"code", code},   {"object", object},     {"problem", problem},
          {"found", found}, {"expected", expected}, {"remedy", remedy}};
}

Json with_exit_code(Json error, ExitCode code) {
  error["exit_code"] = static_cast<int>(code);
  return {{"error", std::move(error)}};
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void report(const Error& error, bool json) {
  if (json) return print_line(with_exit_code(to_json(error), exit_code_of(error.code())));
  print_error(error.what());
}

void report(const Failure& failure, bool json) {
  if (!json) return print_error(failure.what());
  const ErrorText& text = failure.text();
  print_line(with_exit_code(
      error_json(failure.code(), text.object, text.problem, text.found, text.expected, text.remedy),
      failure.exit_code()));
}

void report_usage(const ErrorText& text, bool json) {
  const Failure failure(ExitCode::usage, "usage", text);
  if (json) return report(failure, json);
  const std::string line = failure.what();
  const std::string object = text.object + ":";
  const Style style(STDERR_FILENO);
  if (line.starts_with(object)) {
    fmt::print(stderr, "{}{}\n", style.paint(Tone::bad, object), line.substr(object.size()));
  } else {
    print_error(line);
  }
}

void warn(const std::string& text, bool json) {
  if (json) return print_line({{"warning", text}});
  const Style style(STDERR_FILENO);
  fmt::print(stderr, "{} {}\n", style.paint(Tone::warning, "dmp:"), text);
}

void report(const StreamSummary& summary, bool json) {
  if (json) {
    Json line = {{"command", summary.command}, {"ring", summary.ring},
                 {"outcome", summary.outcome}, {"events", summary.events},
                 {"bytes", summary.bytes},     {"missed", summary.missed},
                 {"voids", summary.voids},     {"first", summary.first},
                 {"next", summary.next},       {"seconds", seconds(summary.elapsed)}};
    return print_line(line);
  }
  const std::string missed =
      summary.missed != 0 ? fmt::format(", {} missed", summary.missed) : std::string();
  const std::string voids =
      summary.voids != 0 ? fmt::format(", {} void", summary.voids) : std::string();
  fmt::print(stderr, "dmp {} {}: {}{}{}; {}\n", summary.command, summary.ring,
             describe_flow(summary.events, summary.bytes, summary.elapsed), missed, voids,
             summary.outcome);
}

std::string describe_flow(std::uint64_t events, std::uint64_t bytes, Duration elapsed) {
  const double time = seconds(elapsed);
  const double rate = time > 0 ? static_cast<double>(events) / time : 0;
  return fmt::format("{} event{}, {} byte{} in {:.2f} s ({:.0f}/s)", events, events == 1 ? "" : "s",
                     bytes, bytes == 1 ? "" : "s", time, rate);
}

ProgressLine::ProgressLine(bool enabled) : enabled_(enabled && is_terminal(STDERR_FILENO)) {}

bool ProgressLine::is_due() {
  constexpr auto period = std::chrono::milliseconds(250);
  if (!enabled_) return false;
  const TimePoint now = os::now();
  if (now < next_) return false;
  next_ = now + period;
  return true;
}

void ProgressLine::show(const std::string& text) {
  if (!enabled_) return;
  fmt::print(stderr, "\r{}\x1b[K", text);
  std::fflush(stderr);
  is_shown_ = true;
}

void ProgressLine::clear() {
  if (!is_shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  is_shown_ = false;
}

}  // namespace disruptor_mp::tool
