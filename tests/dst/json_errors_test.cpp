// SPDX-License-Identifier: MIT OR Apache-2.0
// Malformed traces: what the reader says, and where it points.
#include <gtest/gtest.h>

#include <string>

#include "disruptor_mp/dst/dst.hpp"

namespace disruptor_mp::dst {
namespace {

std::string error_of(std::string_view text) {
  const auto parsed = TraceArtifact::from_json(text);
  return parsed ? "accepted" : to_string(parsed.error());
}

/// A trace in which one field of one event has another text.
std::string with_field(const std::string& name, const std::string& value) {
  const auto field = [&](const std::string& field_name, const std::string& usual) {
    return '"' + field_name + "\":" + (field_name == name ? value : usual);
  };
  return "{\"run_id\":\"r\",\"profile_id\":\"p\",\"seed\":1,\"events\":[\n{" + field("step", "0") +
         ",\n" + field("role", "\"Producer\"") + ",\n" + field("action", "\"Kill\"") + ",\n" +
         field("status", "\"Success\"") + ",\n" + field("attempt", "0") + ",\n" +
         field("resource", "\"x\"") + ",\n" + field("metadata", "{}") + "}]}";
}

std::string field_error(const std::string& name, const std::string& value) {
  return error_of(with_field(name, value));
}

TEST(JsonError, The_helper_of_these_tests_makes_valid_traces_otherwise) {
  EXPECT_EQ(field_error("step", "0"), "accepted");
}

TEST(JsonError, Nothing_at_all) {
  EXPECT_EQ(error_of(""), "line 1, column 1: expected an object, found the end of the text");
  EXPECT_EQ(error_of(" \n\t "), "line 2, column 3: expected an object, found the end of the text");
}

TEST(JsonError, Something_else_than_an_object) {
  EXPECT_EQ(error_of("[]"), "line 1, column 1: expected an object, found an array");
  EXPECT_EQ(error_of("null"), "line 1, column 1: expected an object, found null");
  EXPECT_EQ(error_of("\xEF\xBB\xBF{}"), "line 1, column 1: expected an object, found byte 239");
}

TEST(JsonError, A_missing_field_is_named) {
  EXPECT_EQ(error_of("{\"run_id\":\"r\",\"seed\":1,\"events\":[]}"),
            "line 1, column 35: expected field \"profile_id\", found the end of the object");
  EXPECT_EQ(error_of("{}"),
            "line 1, column 2: expected field \"run_id\", found the end of the object");
}

TEST(JsonError, A_repeated_field_is_named) {
  EXPECT_EQ(error_of("{\"run_id\":\"r\",\n \"run_id\":\"s\"}"),
            "line 2, column 2, run_id: expected each field once, found a second \"run_id\"");
}

TEST(JsonError, Text_after_the_value) {
  EXPECT_EQ(error_of("{\"run_id\":\"r\",\"profile_id\":\"p\",\"seed\":1,\"events\":[]}\n}"),
            "line 2, column 1: expected nothing after the value, found '}'");
}

TEST(JsonError, Integers_out_of_range_or_not_integers) {
  const std::string place = "line 2, column 9, events[0].step: ";
  const std::string expected = place + "expected an unsigned 64-bit integer, found ";
  EXPECT_EQ(field_error("step", "-1"), expected + "-1");
  EXPECT_EQ(field_error("step", "-0"), expected + "-0");
  EXPECT_EQ(field_error("step", "1.0"), expected + "1.0");
  EXPECT_EQ(field_error("step", "1e3"), expected + "1e3");
  EXPECT_EQ(field_error("step", "18446744073709551616"), expected + "18446744073709551616");
  EXPECT_EQ(field_error("step", "\"0\""), expected + "a string");
  EXPECT_EQ(field_error("step", "null"), expected + "null");
  EXPECT_EQ(field_error("step", "18446744073709551615"), "accepted");
  EXPECT_EQ(field_error("attempt", "4294967296"),
            "line 6, column 11, events[0].attempt: expected an unsigned 32-bit integer, found "
            "4294967296");
  EXPECT_EQ(field_error("attempt", "4294967295"), "accepted");
}

TEST(JsonError, Numbers_that_are_not_json) {
  EXPECT_EQ(field_error("step", "01"),
            "line 2, column 10, events[0].step: expected no digit after a leading zero, found 1");
  EXPECT_EQ(field_error("step", "1.x"),
            "line 2, column 11, events[0].step: expected a digit, found x");
  EXPECT_EQ(field_error("step", "+1"),
            "line 2, column 9, events[0].step: expected an unsigned 64-bit integer, found +1");
}

TEST(JsonError, Unknown_words_of_the_vocabulary_come_with_the_known_ones) {
  EXPECT_EQ(field_error("role", "\"Observer\""),
            "line 3, column 8, events[0].role: expected one of Producer, Consumer, Orchestrator, "
            "found \"Observer\"");
  EXPECT_EQ(field_error("status", "{\"Lost\":{}}"),
            "line 5, column 11, events[0].status.Lost: expected one of Planned, Success, Retry, "
            "Failed, found \"Lost\"");
  EXPECT_EQ(field_error("role", "3"),
            "line 3, column 8, events[0].role: expected one of Producer, Consumer, Orchestrator, "
            "found 3");
}

TEST(JsonError, Words_with_and_without_data_are_told_apart) {
  EXPECT_EQ(field_error("role", "\"Consumer\""),
            "line 3, column 8, events[0].role: expected an object {\"Consumer\": ...}, found the "
            "bare string \"Consumer\"");
  EXPECT_EQ(field_error("role", "{\"Producer\":{}}"),
            "line 3, column 9, events[0].role.Producer: expected the bare string \"Producer\", "
            "found an object with that key");
  EXPECT_EQ(field_error("role", "{}"),
            "line 3, column 8, events[0].role: expected an object with one variant, found an "
            "empty object");
  EXPECT_EQ(field_error("role", "{\"Consumer\":{\"index\":1},\"Producer\":1}"),
            "line 3, column 32, events[0].role.Producer: expected an object with one variant, "
            "found a second \"Producer\"");
  EXPECT_EQ(field_error("role", "{\"Consumer\":{}}"),
            "line 3, column 21, events[0].role.Consumer: expected field \"index\", found the end "
            "of the object");
  EXPECT_EQ(field_error("action", "{\"SleepMs\":{\"ms\":1}}"),
            "line 4, column 21, events[0].action.SleepMs: expected an unsigned 64-bit integer, "
            "found an object");
}

TEST(JsonError, Strings_that_are_not_json) {
  const std::string place = "events[0].resource: expected ";
  EXPECT_EQ(field_error("resource", "\"a\nb\""),
            "line 7, column 14, " + place +
                "a printable character or an escape sequence in a string, found byte 10");
  EXPECT_EQ(field_error("resource", "\"\\x\""),
            "line 7, column 14, " + place + "an escape: one of \" \\ / b f n r t u, found x");
  EXPECT_EQ(field_error("resource", "\"\\u12g4\""),
            "line 7, column 15, " + place + "four hex digits, found 12g4");
  EXPECT_EQ(field_error("resource", "\"\\udd1e\""),
            "line 7, column 13, " + place +
                "a high surrogate before a low one, found a low surrogate alone");
  EXPECT_EQ(field_error("resource", "\"\\ud834\\u0041\""),
            "line 7, column 13, " + place +
                "a surrogate pair, found a high surrogate without its low half");
  EXPECT_EQ(field_error("resource", "\"\\ud834\\ue000\""),
            "line 7, column 13, " + place +
                "a surrogate pair, found a high surrogate without its low half");
  EXPECT_EQ(field_error("resource", "\"\\ud834\""),
            "line 7, column 19, " + place + "the low half of a surrogate pair, found a string");
  EXPECT_EQ(field_error("resource", "\"\xC0\xAF\""),
            "line 7, column 13, " + place + "UTF-8 in a string, found byte 192");
}

TEST(JsonError, Structure_that_is_not_json) {
  EXPECT_EQ(error_of("{\"run_id\" \"r\"}"),
            "line 1, column 11: expected ':' after a key, found a string");
  EXPECT_EQ(error_of("{\"run_id\":\"r\" \"seed\":1}"),
            "line 1, column 15: expected ',' or '}' after a member, found a string");
  EXPECT_EQ(error_of("{\"run_id\":\"r\",}"),
            "line 1, column 15: expected a key in quotes, found '}'");
  EXPECT_EQ(error_of("{\"later\":[1 2]}"),
            "line 1, column 13, later: expected ',' or ']' after an array element, found 2");
  EXPECT_EQ(error_of("{\"later\":[1,]}"),
            "line 1, column 13, later[1]: expected a value, found ']'");
  EXPECT_EQ(error_of("{\"later\":nul}"), "line 1, column 10, later: expected a value, found nul");
}

TEST(JsonError, Metadata_values_are_strings) {
  EXPECT_EQ(field_error("metadata", "{\"k\":1}"),
            "line 8, column 17, events[0].metadata.k: expected a string, found 1");
}

TEST(JsonError, Long_and_strange_findings_are_shortened_and_kept_printable) {
  EXPECT_EQ(field_error("role", "\"" + std::string(100, 'x') + "\""),
            "line 3, column 8, events[0].role: expected one of Producer, Consumer, Orchestrator, "
            "found \"" +
                std::string(40, 'x') + "...\"");
  EXPECT_EQ(field_error("role", "\"a\\nb\""),
            "line 3, column 8, events[0].role: expected one of Producer, Consumer, Orchestrator, "
            "found \"a\\nb\"");
  EXPECT_EQ(field_error("metadata", "{\"a\\nb\":1}"),
            "line 8, column 20, events[0].metadata.a\\nb: expected a string, found 1");
}

TEST(JsonError, The_parts_of_an_error_are_available_on_their_own) {
  const auto parsed = TraceArtifact::from_json(with_field("attempt", "x"));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().path, "events[0].attempt");
  EXPECT_EQ(parsed.error().line, 6u);
  EXPECT_EQ(parsed.error().column, 11u);
  EXPECT_EQ(with_field("attempt", "x")[parsed.error().offset], 'x');
  EXPECT_EQ(parsed.error().expected, "an unsigned 32-bit integer");
  EXPECT_EQ(parsed.error().found, "x");
}

TEST(JsonError, Other_documents_are_read_with_the_same_care) {
  EXPECT_EQ(
      to_string(AssertionLog::from_json("{\"always_violations\":[],\"unreachable_violations\":[],"
                                        "\"sometimes\":{\"a\":1},\"reachable\":[]}")
                    .error()),
      "line 1, column 70, sometimes.a: expected true or false, found 1");
  EXPECT_EQ(to_string(StartupSchedule::from_json("{\"plan_id\":7}").error()),
            "line 1, column 12, plan_id: expected a string, found 7");
  EXPECT_EQ(to_string(DeterministicFaultInjector::from_json(
                          "{\"seed\":1,\"max_steps\":1,\"inject_at\":[{\"kind\":\"Explode\"}]}")
                          .error()),
            "line 1, column 46, inject_at[0].kind: expected one of DelayAttachMs, KillProcess, "
            "RestartProcess, DropConsumerAttach, Noop, found \"Explode\"");
}

}  // namespace
}  // namespace disruptor_mp::dst
