// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Whatever a trace file says: it is refused in words, or it is what it says.
#include "trace_file.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace disruptor_mp::sim {
namespace {

/// With one of its values written as `found`.
std::string text_with(const std::string& value, const std::string& found) {
  std::string text = R"({"profile":"steady","seed":1,"memory":"weak","crashes":0,)"
                     R"("exhaustive":false,"verdict":"pass","problem":"","steps":9,"hash":5,)"
                     R"("decisions":[[1,2,"read",3]]})";
  text.replace(text.find(value), value.size(), found);
  return text;
}

TEST(Trace_file, Is_read_back_as_written) {
  const Trace trace = trace_from_json(text_with("", ""));
  ASSERT_EQ(trace.decisions.size(), 1U);
  EXPECT_EQ(trace.decisions[0],
            (Decision{.process = 1, .choice = Choice::read, .pick = 3, .step = 2}));
  EXPECT_EQ(to_json(trace_from_json(to_json(trace))), to_json(trace));
}

TEST(Trace_file, Is_refused_in_words_if_it_is_something_else) {
  for (const auto& [value, found] : {std::pair{"{", ""},
                                     {"\"seed\":1", "\"seed\":-1"},
                                     {"\"seed\":1", "\"seed\":1e300"},
                                     {"\"seed\":1,", ""},
                                     {"\"crashes\":0", "\"crashes\":4294967296"},
                                     {"[1,2", "[16,2"},
                                     {"[1,2", "[256,2"},
                                     {"[1,2", "[1,4294967296"},
                                     {",3]", ",65536]"},
                                     {",3]", "]"},
                                     {"\"read\"", "7"},
                                     {"\"read\"", "\"dance\""},
                                     {"\"steady\"", "\"stead\\u0000y\""},
                                     {"[[1", "[1,[1"}}) {
    try {
      (void)trace_from_json(text_with(value, found));
      ADD_FAILURE() << found << " was accepted";
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find("trace"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace disruptor_mp::sim
