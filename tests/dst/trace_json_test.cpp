// SPDX-License-Identifier: MIT OR Apache-2.0
// Trace JSON: round trips of any value, agreement with another JSON library, tolerance and limits.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "disruptor_mp/dst/dst.hpp"
#include "dst/support/printers.hpp"

namespace disruptor_mp::dst {
namespace {

// Valid UTF-8, with everything that needs escaping and every length of sequence.
rc::Gen<std::string> any_text() {
  const auto piece = rc::gen::weightedOneOf<std::string>(
      {{8, rc::gen::map(rc::gen::inRange(0x20, 0x7F),
                        [](int c) { return std::string(1, static_cast<char>(c)); })},
       {2, rc::gen::map(rc::gen::inRange(0, 0x20),
                        [](int c) { return std::string(1, static_cast<char>(c)); })},
       {2, rc::gen::element<std::string>("\"", "\\", "\\u0041", "/", "\x7f", "é", "ß", "\u2028",
                                         "€", "\uFFFF", "𝄞", "\U0010FFFF")}});
  // Short texts and traces: their shape matters, and many of them say more than a few long ones.
  return rc::gen::map(rc::gen::resize(12, rc::gen::container<std::vector<std::string>>(piece)),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const auto& p : pieces) text += p;
                        return text;
                      });
}

rc::Gen<std::uint64_t> any_u64() {
  return rc::gen::oneOf(rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>()),
                        rc::gen::element<std::uint64_t>(0, UINT32_MAX, 1ULL << 53, (1ULL << 53) + 1,
                                                        1ULL << 63, UINT64_MAX));
}

rc::Gen<std::uint32_t> any_u32() {
  return rc::gen::oneOf(rc::gen::resize(100, rc::gen::arbitrary<std::uint32_t>()),
                        rc::gen::element<std::uint32_t>(0, UINT32_MAX));
}

rc::Gen<ProcessRole> any_role() {
  return rc::gen::oneOf(rc::gen::just(ProcessRole::producer()),
                        rc::gen::just(ProcessRole::orchestrator()),
                        rc::gen::map(any_u32(), &ProcessRole::consumer));
}

rc::Gen<SchedulerAction> any_action() {
  using A = SchedulerAction;
  return rc::gen::oneOf(
      rc::gen::element(A::spawn(), A::attach(), A::start(), A::kill(), A::restart(), A::shutdown()),
      rc::gen::map(any_u64(), &A::sleep_ms), rc::gen::map(any_u32(), &A::publish_batch),
      rc::gen::map(any_u32(), &A::consume_batch));
}

rc::Gen<TraceStatus> any_status() {
  return rc::gen::oneOf(
      rc::gen::element(TraceStatus::planned(), TraceStatus::success(), TraceStatus::retry()),
      rc::gen::map(any_text(), &TraceStatus::failed));
}

rc::Gen<TraceArtifact> any_trace() {
  const auto metadata =
      rc::gen::resize(4, rc::gen::container<TraceMetadata>(any_text(), any_text()));
  const auto event = rc::gen::construct<TraceEvent>(any_u64(), any_role(), any_action(),
                                                    any_status(), any_u32(), any_text(), metadata);
  return rc::gen::construct<TraceArtifact>(
      any_text(), any_text(), any_u64(),
      rc::gen::resize(8, rc::gen::container<std::vector<TraceEvent>>(event)));
}

TraceArtifact small_trace() {
  TraceArtifact trace{"run", "profile", 9, {}};
  trace.push(ProcessRole::consumer(3), SchedulerAction::sleep_ms(25), TraceStatus::failed("no"),
             "shm:x");
  trace.set_metadata("key", "value");
  return trace;
}

RC_GTEST_PROP(TraceJsonProperty, Any_trace_survives_the_round_trip, ()) {
  const auto trace = *any_trace();
  const auto text = trace.to_json();
  const auto parsed = TraceArtifact::from_json(text);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed.value() == trace);
  RC_ASSERT(parsed.value().to_json() == text);
}

RC_GTEST_PROP(TraceJsonProperty, Another_library_reads_the_same_and_would_write_the_same, ()) {
  const auto trace = *any_trace();
  const auto text = trace.to_json();
  const auto document = nlohmann::ordered_json::parse(text);
  RC_ASSERT(document.at("run_id").get<std::string>() == trace.run_id);
  RC_ASSERT(document.at("seed").get<std::uint64_t>() == trace.seed);
  RC_ASSERT(document.at("events").size() == trace.events.size());
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    const auto& event = document.at("events")[i];
    RC_ASSERT(event.at("resource").get<std::string>() == trace.events[i].resource);
    RC_ASSERT(event.at("metadata").get<TraceMetadata>() == trace.events[i].metadata);
  }
  // The layouts agree too, except that the other library escapes U+007F.
  if (text.find('\x7f') == std::string::npos) RC_ASSERT(document.dump(2) == text);
}

RC_GTEST_PROP(TraceJsonProperty, What_the_other_library_writes_compactly_is_read_back, ()) {
  const auto trace = *any_trace();
  const bool escapes_non_ascii = *rc::gen::arbitrary<bool>();
  const auto text = nlohmann::json::parse(trace.to_json()).dump(-1, ' ', escapes_non_ascii);
  const auto parsed = TraceArtifact::from_json(text);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed.value() == trace);
}

RC_GTEST_PROP(TraceJsonProperty, A_damaged_text_gives_a_stable_value_or_an_error_inside_the_text,
              ()) {
  auto text = (*any_trace()).to_json();
  const auto damages = *rc::gen::inRange(1, 4);
  for (int i = 0; i < damages; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    const auto byte = *rc::gen::oneOf(
        rc::gen::arbitrary<char>(), rc::gen::element('{', '}', '[', ']', '"', ',', ':', '0', '-'));
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.erase(at, *rc::gen::inRange<std::size_t>(1, 8));
        break;
      default:
        text.insert(text.begin() + static_cast<std::ptrdiff_t>(at), byte);
    }
    if (text.empty()) break;
  }
  const auto parsed = TraceArtifact::from_json(text);
  if (parsed) {
    const auto again = TraceArtifact::from_json(parsed.value().to_json());
    RC_ASSERT(again.has_value());
    RC_ASSERT(again.value() == parsed.value());
  } else {
    RC_ASSERT(parsed.error().offset <= text.size());
    RC_ASSERT(parsed.error().line >= 1u);
    RC_ASSERT(parsed.error().column >= 1u);
    RC_ASSERT(!parsed.error().expected.empty());
    RC_ASSERT(!parsed.error().found.empty());
  }
}

RC_GTEST_PROP(TraceJsonProperty, Schedules_and_fault_plans_survive_the_round_trip,
              (std::uint64_t seed)) {
  const auto consumers = *rc::gen::inRange<std::uint32_t>(0, 9);
  const auto steps = *rc::gen::inRange<std::uint64_t>(0, 30);
  const auto schedule = StartupSchedule::from_seed(*any_text(), seed, consumers, steps);
  RC_ASSERT(StartupSchedule::from_json(schedule.to_json()).value() == schedule);
  const auto plan = DeterministicFaultInjector::from_seed(seed, consumers, steps);
  RC_ASSERT(DeterministicFaultInjector::from_json(plan.to_json()).value() == plan);
}

TEST(TraceJson, Every_prefix_of_a_trace_is_an_error_at_or_before_its_end) {
  const auto text = small_trace().to_json();
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto parsed = TraceArtifact::from_json(std::string_view(text).substr(0, length));
    ASSERT_FALSE(parsed) << length;
    ASSERT_LE(parsed.error().offset, length);
  }
}

TEST(TraceJson, Fields_may_come_in_any_order_and_unknown_ones_are_skipped) {
  const auto parsed = TraceArtifact::from_json(
      R"({"later": [1e5, {"a": [null, true, false, -0.5E-7, "\u00e9"]}, {}, []],)"
      R"( "events": [], "seed": 7, "profile_id": "p", "run_id": "r"})");
  ASSERT_TRUE(parsed) << to_string(parsed.error());
  EXPECT_EQ(parsed.value(), (TraceArtifact{"r", "p", 7, {}}));
}

TEST(TraceJson, Escapes_are_understood_in_every_spelling) {
  const auto parsed = TraceArtifact::from_json(
      R"({"run_id": "\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud834\udd1E", "profile_id": "",)"
      R"( "seed": 0, "events": []})");
  ASSERT_TRUE(parsed) << to_string(parsed.error());
  EXPECT_EQ(parsed.value().run_id, "\"\\/\b\f\n\r\tAé€𝄞");
}

TEST(TraceJson, Bytes_that_are_not_utf8_are_written_as_replacement_characters) {
  TraceArtifact trace;
  trace.run_id = std::string("a\xFF") + "\xC0\xAF" + "\xED\xA0\x80" + "b\xE2\x82";
  const auto parsed = TraceArtifact::from_json(trace.to_json());
  ASSERT_TRUE(parsed) << to_string(parsed.error());
  EXPECT_EQ(parsed.value().run_id, "a\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDb\uFFFD\uFFFD");
}

TEST(TraceJson, Nesting_beyond_all_reason_is_refused_before_the_stack_is_used_up) {
  const std::string deep(1'000'000, '[');
  const auto parsed = TraceArtifact::from_json(R"({"later": )" + deep);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().expected, "at most 128 nested containers");
}

TEST(TraceJson, Only_nesting_counts_as_depth_and_not_the_number_of_containers) {
  TraceArtifact trace = small_trace();
  for (int i = 0; i < 300; ++i) trace.events.push_back(trace.events.front());
  EXPECT_TRUE(TraceArtifact::from_json(trace.to_json()));

  std::string arrays = "[]";
  for (int i = 0; i < 300; ++i) arrays += ",[]";
  EXPECT_TRUE(
      TraceArtifact::from_json(R"({"later": [)" + arrays +
                               R"(], "run_id": "", "profile_id": "", "seed": 0, "events": []})"));
}

TEST(TraceJson, Exactly_the_well_formed_utf8_sequences_are_accepted) {
  const auto is_accepted = [](const std::string& bytes) {
    return TraceArtifact::from_json(R"({"run_id": ")" + bytes +
                                    R"(", "profile_id": "", "seed": 0, "events": []})")
        .has_value();
  };
  // The first and last sequence of each row of Unicode's table 3-7 …
  for (const char* good :
       {"\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xE0\xBF\xBF", "\xE1\x80\x80",
        "\xEC\xBF\xBF", "\xED\x80\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80", "\xF3\xBF\xBF\xBF", "\xF4\x80\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_accepted(good)) << good;
  }
  // … and their nearest neighbours: overlong forms, surrogates, too large, cut short.
  for (const char* bad : {"\x80",
                          "\xBF",
                          "\xC0\x80",
                          "\xC1\xBF",
                          "\xC2",
                          "\xC2\x7F",
                          "\xC2\xC0",
                          "\xE0\x9F\xBF",
                          "\xE1\x80",
                          "\xE1\x80\xC0",
                          "\xED\xA0\x80",
                          "\xED\xBF\xBF",
                          "\xF0\x8F\xBF\xBF",
                          "\xF0\x90\x80",
                          "\xF0\x90\x80\x7F",
                          "\xF0\x90\xC0\x80",
                          "\xF4\x90\x80\x80",
                          "\xF5\x80\x80\x80",
                          "\xFE",
                          "\xFF"}) {
    EXPECT_FALSE(is_accepted(bad)) << bad;
  }
}

TEST(TraceArtifact, Push_numbers_events_and_leaves_the_attempt_at_zero) {
  TraceArtifact trace = small_trace();
  trace.push(ProcessRole::producer(), SchedulerAction::kill(), TraceStatus::planned(), "y");
  EXPECT_EQ(trace.events[1], (TraceEvent{1,
                                         ProcessRole::producer(),
                                         SchedulerAction::kill(),
                                         TraceStatus::planned(),
                                         0,
                                         "y",
                                         {}}));
}

TEST(TraceArtifact, Metadata_goes_to_the_last_event_and_replaces_an_earlier_value) {
  TraceArtifact trace = small_trace();
  trace.push(ProcessRole::producer(), SchedulerAction::kill(), TraceStatus::planned(), "y");
  trace.set_metadata("k", "1");
  trace.set_metadata("k", "2");
  EXPECT_EQ(trace.events[0].metadata, (TraceMetadata{{"key", "value"}}));
  EXPECT_EQ(trace.events[1].metadata, (TraceMetadata{{"k", "2"}}));
}

TEST(TraceArtifact, Metadata_of_a_trace_without_events_goes_nowhere) {
  TraceArtifact trace{"run", "profile", 9, {}};
  trace.set_metadata("k", "v");
  EXPECT_EQ(trace, (TraceArtifact{"run", "profile", 9, {}}));
}

}  // namespace
}  // namespace disruptor_mp::dst
