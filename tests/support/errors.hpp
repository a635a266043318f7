// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "disruptor_mp/base/error.hpp"

namespace disruptor_mp {

inline void PrintTo(Errc code, std::ostream* out) { *out << to_string(code); }

namespace test {

/// What the parts of an error must contain. Every part that is given must occur in it.
struct Says {
  std::string object = {};
  std::string problem = {};
  std::string found = {};
  std::string expected = {};
  std::string remedy = {};
};

/// The Error that `call` throws; a failure of the test if it throws none.
template <class Call>
Error error_of(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no Error was thrown";
  return Error(
      Errc::system_error,
      {.object = "nothing was thrown", .problem = {}, .found = {}, .expected = {}, .remedy = {}});
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// `call` fails with this code, and its text names object, found, expected and remedy.
template <class Call>
void expect_error(Errc code, const Says& says, Call&& call) {
  const Error error = error_of(std::forward<Call>(call));
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_TRUE(contains(error.object(), says.object)) << "object: " << error.object();
  EXPECT_TRUE(contains(error.problem(), says.problem)) << "problem: " << error.problem();
  EXPECT_TRUE(contains(error.found(), says.found)) << "found: " << error.found();
  EXPECT_TRUE(contains(error.expected(), says.expected)) << "expected: " << error.expected();
  EXPECT_TRUE(contains(error.remedy(), says.remedy)) << "remedy: " << error.remedy();

  EXPECT_FALSE(error.object().empty()) << error.what();
  EXPECT_FALSE(error.problem().empty()) << error.what();
  EXPECT_FALSE(error.found().empty()) << error.what();
  EXPECT_FALSE(error.expected().empty()) << error.what();
  EXPECT_TRUE(error.remedy().ends_with('.')) << "not a sentence: " << error.remedy();
  const std::string line = error.what();
  for (const std::string& part :
       {error.object(), error.problem(), error.found(), error.expected(), error.remedy()}) {
    EXPECT_TRUE(contains(line, part)) << "'" << part << "' is missing in: " << line;
  }
  EXPECT_FALSE(contains(line, "\n")) << line;
}

}  // namespace test
}  // namespace disruptor_mp
