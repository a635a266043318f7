// SPDX-License-Identifier: MIT OR Apache-2.0
#include "usage.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "option_values.hpp"

namespace disruptor_mp::tool {
namespace {

std::string on_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
  return text;
}

std::string commands_of(const CLI::App& app) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  return detail::join(names);
}

std::string options_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) names.push_back(option->get_name());
  }
  return detail::join(names);
}

/// What the help says about an option, or about an argument.
std::string description_of(const CLI::App& command, const std::string& name) {
  const CLI::Option* option = command.get_option_no_throw(name);
  return option == nullptr ? name : on_one_line(option->get_description());
}

/// The line up to one of these words, if it is in there.
std::string before(const std::string& line, std::string_view word) {
  const auto end = line.find(word);
  return end == std::string::npos ? std::string() : line.substr(0, end);
}

ErrorText explain_extra(const CLI::App& command, const std::string& word) {
  if (word.starts_with('-')) {
    return {.object = {},
            .problem = "there is no such option",
            .found = word,
            .expected = options_of(command),
            .remedy = {}};
  }
  if (command.get_parent() == nullptr) {
    return {.object = {},
            .problem = "there is no such command",
            .found = word,
            .expected = commands_of(command),
            .remedy = {}};
  }
  return {.object = {},
          .problem = "there are too many arguments",
          .found = word,
          .expected = "nothing more than `" + command.get_name() + " --help` shows",
          .remedy = {}};
}

/// A command or a value was not given.
ErrorText explain_missing(const CLI::App& command, const std::string& line) {
  if (const std::string name = before(line, " is required");
      command.get_option_no_throw(name) != nullptr) {
    return {.object = name,
            .problem = "it is required",
            .found = "nothing",
            .expected = description_of(command, name),
            .remedy = {}};
  }
  return {.object = {},
          .problem = "a command is required",
          .found = "none",
          .expected = commands_of(command),
          .remedy = {}};
}

ErrorText explain_number_of_values(const CLI::App& command, const std::string& line) {
  const std::string name = before(line, ": ");
  const CLI::Option* option = command.get_option_no_throw(name);
  const std::size_t count = option == nullptr ? 0 : option->results().size();
  return {.object = name,
          .problem = count == 0 ? "its value is missing" : "it has more than one value",
          .found = count == 0 ? "nothing" : std::to_string(count) + " values",
          .expected = description_of(command, name),
          .remedy = {}};
}

ErrorText explain_without_place(const CLI::App& command, const CLI::ParseError& error) {
  const std::string line = on_one_line(error.what());
  if (const auto* value = dynamic_cast<const BadValue*>(&error)) {
    return {.object = value->option(),
            .problem = "it cannot have this value",
            .found = value->found(),
            .expected = value->expected(),
            .remedy = {}};
  }
  if (const auto extras = command.remaining(); !extras.empty())
    return explain_extra(command, extras.front());
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr)
    return explain_missing(command, line);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
    return explain_number_of_values(command, line);
  if (dynamic_cast<const CLI::RequiresError*>(&error) != nullptr) {
    const std::string needed = line.substr(line.rfind(' ') + 1);
    return {.object = before(line, " requires "),
            .problem = "it requires " + needed,
            .found = "this option alone",
            .expected = needed + " with it",
            .remedy = {}};
  }
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
    return {.object = before(line, " excludes "),
            .problem = "it contradicts another argument",
            .found = line.substr(line.rfind(' ') + 1) + " beside it",
            .expected = "one of the two",
            .remedy = {}};
  }
  return {.object = before(line, ": "),
          .problem = "it cannot be understood",
          .found = line,
          .expected = "what the help shows",
          .remedy = {}};
}

}  // namespace

ErrorText explain(const CLI::App& app, const CLI::ParseError& error) {
  const auto named = app.get_subcommands();
  const CLI::App& command = named.empty() ? app : *named.front();
  const std::string name =
      named.empty() ? app.get_name() : app.get_name() + " " + command.get_name();
  ErrorText text = explain_without_place(command, error);
  text.object = text.object.empty() ? name : name + " " + text.object;
  text.remedy = "See `" + name + " --help`.";
  return text;
}

}  // namespace disruptor_mp::tool
