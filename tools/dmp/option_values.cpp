// SPDX-License-Identifier: MIT OR Apache-2.0
#include "option_values.hpp"

#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <string_view>

#include "disruptor_mp/os/thread.hpp"

namespace disruptor_mp::tool {

Duration parse_duration(const std::string& text) {
  using namespace std::chrono_literals;
  static const std::map<std::string_view, Duration> units = {{"", 1s},  {"us", 1us}, {"ms", 1ms},
                                                             {"s", 1s}, {"m", 1min}, {"h", 1h}};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto unit = units.find(std::string_view(end, text.data() + text.size()));
  constexpr double longest = 1e9;  // seconds; about 30 years, far from overflow
  if (error != std::errc() || unit == units.end() || number < 0 ||
      number * std::chrono::duration<double>(unit->second).count() > longest) {
    throw CLI::ValidationError("'" + text +
                               "' is no duration; write for example 10s, 250ms, 2m or 1h");
  }
  return std::chrono::duration_cast<Duration>(number * std::chrono::duration<double>(unit->second));
}

CLI::Option* add_duration(CLI::App& app, const std::string& name, std::optional<Duration>& value,
                          const std::string& description) {
  return app
      .add_option_function<std::string>(
          name, [&value](const std::string& text) { value = parse_duration(text); }, description)
      ->type_name("TIME");
}

CLI::Option* add_wait_strategy(CLI::App& app, WaitStrategy& value) {
  static const std::map<std::string, WaitStrategy> strategies = {
      {"block", WaitStrategy::block()},
      {"sleep", WaitStrategy::sleep()},
      {"yield", WaitStrategy::spin_then_yield()},
      {"spin", WaitStrategy::spin_with_hint()},
      {"busy", WaitStrategy::busy_spin()}};
  return app
      .add_option_function<std::string>(
          "--wait", [&value](const std::string& name) { value = strategies.at(name); },
          "how to wait: block (default), sleep, yield,\nspin, busy; the last three use a whole "
          "core")
      ->type_name("STRATEGY")
      ->check(CLI::IsMember({"block", "sleep", "yield", "spin", "busy"}));
}

CLI::Option* add_directories(CLI::App& app, std::vector<std::string>& values) {
  return app.add_option("--dir", values, "also the files of this directory; repeatable")
      ->type_name("PATH")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->transform([](const std::string& path) {
        return std::filesystem::absolute(path).lexically_normal().string();
      });
}

TimePoint deadline_after(std::optional<Duration> timeout) {
  return timeout ? os::now() + *timeout : never;
}

}  // namespace disruptor_mp::tool
