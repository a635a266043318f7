// SPDX-License-Identifier: MIT OR Apache-2.0
#include "option_values.hpp"

#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <string_view>
#include <utility>

#include "disruptor_mp/os/thread.hpp"

namespace disruptor_mp::tool {

namespace {

std::string long_name(const std::string& name) { return name.substr(name.rfind(',') + 1); }

/// @throws BadValue
Duration parse_duration(const std::string& name, const std::string& text) {
  using namespace std::chrono_literals;
  static const std::map<std::string_view, Duration> units = {{"", 1s},  {"us", 1us}, {"ms", 1ms},
                                                             {"s", 1s}, {"m", 1min}, {"h", 1h}};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto unit = units.find(std::string_view(end, text.data() + text.size()));
  constexpr double longest = 1e9;  // seconds; about 30 years, far from overflow
  const auto is_possible = [&] {   // and a number: "nan" is read as one
    return number >= 0 && number * std::chrono::duration<double>(unit->second).count() <= longest;
  };
  if (error != std::errc() || unit == units.end() || !is_possible())
    throw BadValue(name, text, "a time such as 10s, 250ms, 2m or 1h");
  return std::chrono::duration_cast<Duration>(number * std::chrono::duration<double>(unit->second));
}

std::string words_of(const NumberRange& range) {
  if (!range.expected.empty()) return range.expected;
  const std::string least = "a whole number from " + std::to_string(range.least);
  return range.most == NumberRange{}.most ? least + " on"
                                          : least + " to " + std::to_string(range.most);
}

}  // namespace

BadValue::BadValue(const std::string& name, std::string found, std::string expected)
    : ValidationError(long_name(name), found),
      option_(long_name(name)),
      found_(found.empty() ? "an empty value" : std::move(found)),
      expected_(std::move(expected)) {}

namespace detail {

std::uint64_t parse_number(const std::string& name, const NumberRange& range,
                           const std::string& text) {
  std::uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || end != last || number < range.least || number > range.most)
    throw BadValue(name, text, words_of(range));
  return number;
}

std::string join(const std::vector<std::string>& words) {
  std::string text = "one of ";
  for (const std::string& word : words) text += (&word == &words.front() ? "" : ", ") + word;
  return text;
}

}  // namespace detail

CLI::Option* add_duration(CLI::App& app, const std::string& name, std::optional<Duration>& value,
                          const std::string& description) {
  return app
      .add_option_function<std::string>(
          name, [name, &value](const std::string& text) { value = parse_duration(name, text); },
          description)
      ->type_name("TIME");
}

CLI::Option* add_wait_strategy(CLI::App& app, std::optional<WaitStrategy>& value) {
  return add_choice<std::optional<WaitStrategy>>(
             app, "--wait", value,
             {{"block", WaitStrategy::block()},
              {"sleep", WaitStrategy::sleep()},
              {"yield", WaitStrategy::spin_then_yield()},
              {"spin", WaitStrategy::spin_with_hint()},
              {"busy", WaitStrategy::busy_spin()}},
             "how to wait: block (default), sleep, yield,\nspin, busy; the last "
             "three use a whole core")
      ->type_name("STRATEGY");
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
