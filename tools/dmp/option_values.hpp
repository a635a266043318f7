// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/ring/wait_strategy.hpp"

namespace disruptor_mp::tool {

/// An option has a value that it cannot have.
class BadValue : public CLI::ValidationError {
 public:
  /// @param name as it was given to CLI11: "-b,--batch"
  BadValue(const std::string& name, std::string found, std::string expected);

  [[nodiscard]] const std::string& option() const noexcept { return option_; }  ///< "--batch"
  [[nodiscard]] const std::string& found() const noexcept { return found_; }
  [[nodiscard]] const std::string& expected() const noexcept { return expected_; }

 private:
  std::string option_;
  std::string found_;
  std::string expected_;
};

/// The whole numbers an option may have.
struct NumberRange {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::string expected = {};  ///< how an error says it; if empty, made of the bounds
};

/// An option whose value is a whole number, in decimal digits.
template <class Number>
CLI::Option* add_number(CLI::App& app, const std::string& name, Number& value,
                        const NumberRange& range, const std::string& description);

/// An option whose value is one of these words.
template <class Value>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Value& value,
                        const std::map<std::string, Value>& choices,
                        const std::string& description);

/// An option whose value is a duration ("10s", "250ms", "2m", "1h", or a plain number of seconds);
/// nothing if it was not given.
CLI::Option* add_duration(CLI::App& app, const std::string& name, std::optional<Duration>& value,
                          const std::string& description);

/// `--wait STRATEGY`; nothing if it was not given.
CLI::Option* add_wait_strategy(CLI::App& app, std::optional<WaitStrategy>& value);

/// `--dir PATH`, repeatable, for commands that look at file rings too. Paths become absolute, as
/// names of rings are.
CLI::Option* add_directories(CLI::App& app, std::vector<std::string>& values);

/// The time point after which patience is at its end; `never` without a limit.
[[nodiscard]] TimePoint deadline_after(std::optional<Duration> timeout);

namespace detail {

/// @throws BadValue
[[nodiscard]] std::uint64_t parse_number(const std::string& name, const NumberRange& range,
                                         const std::string& text);
[[nodiscard]] std::string join(const std::vector<std::string>& words);

}  // namespace detail

template <class Number>
CLI::Option* add_number(CLI::App& app, const std::string& name, Number& value,
                        const NumberRange& range, const std::string& description) {
  return app.add_option_function<std::string>(
      name,
      [name, range, &value](const std::string& text) {
        value = detail::parse_number(name, range, text);
      },
      description);
}

template <class Value>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Value& value,
                        const std::map<std::string, Value>& choices,
                        const std::string& description) {
  return app.add_option_function<std::string>(
      name,
      [name, choices, &value](const std::string& word) {
        if (const auto choice = choices.find(word); choice != choices.end()) {
          value = choice->second;
          return;
        }
        std::vector<std::string> words;
        words.reserve(choices.size());
        for (const auto& [known, ignored] : choices) words.push_back(known);
        throw BadValue(name, word, detail::join(words));
      },
      description);
}

}  // namespace disruptor_mp::tool
