// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "dmp/support/command.hpp"

namespace disruptor_mp::test {

using Json = nlohmann::json;

/// The whole of stdout, which must be one JSON value on one line.
inline Json json_of_stdout(const Outcome& outcome) {
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1) << outcome.out;
  return Json::parse(outcome.out);
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Every line of stderr must be a JSON value.
inline std::vector<Json> jsons_of_stderr(const Outcome& outcome) {
  std::vector<Json> values;
  for (const std::string& line : lines_of(outcome.err)) values.push_back(Json::parse(line));
  return values;
}

/// Exactly these fields, of these kinds: "string", "number", "boolean", "object", "array", or
/// "null" for what may be missing and is null then.
inline void expect_fields(const Json& object, const std::map<std::string, std::string>& kinds) {
  ASSERT_TRUE(object.is_object()) << object;
  for (const auto& [name, kind] : kinds) {
    ASSERT_TRUE(object.contains(name)) << name << " is missing in " << object;
    if (kind == "any") continue;
    EXPECT_EQ(object[name].type_name(), kind) << name << " in " << object;
  }
  for (const auto& [name, value] : object.items())
    EXPECT_TRUE(kinds.contains(name)) << name << " is not documented";
}

inline void expect_error_fields(const Json& line, const std::string& code, int exit_code) {
  expect_fields(line, {{"error", "object"}});
  expect_fields(line["error"], {{"code", "string"},
                                {"object", "string"},
                                {"problem", "string"},
                                {"found", "string"},
                                {"expected", "string"},
                                {"remedy", "string"},
                                {"exit_code", "number"}});
  EXPECT_EQ(line["error"]["code"], code);
  EXPECT_EQ(line["error"]["exit_code"], exit_code);
}

}  // namespace disruptor_mp::test
