// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string>

#include "disruptor_mp/disruptor_mp.hpp"
#include "dmp/support/json.hpp"
#include "dmp/support/rings.hpp"

namespace disruptor_mp::test {
namespace {

Json stat(const std::string& ring) {
  const Outcome outcome = run_dmp({"stat", ring, "--json", "--interval", "0"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return json_of_stdout(outcome);
}

Json member(const Json& look, const std::string& id) {
  for (const Json& each : look["participants"]) {
    if (each["id"] == id) return each;
  }
  ADD_FAILURE() << id << " is not in " << look;
  return {};
}

/// The findings about one participant, in one text.
std::string findings(const Json& look, const std::string& id) {
  std::string text;
  for (const Json& each : look["findings"]) {
    if (each["participant"] == id)
      text += each["weight"].get<std::string>() + ": " + each["text"].get<std::string>() + "\n";
  }
  return text;
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in\n" << text;
}

TEST(Stat, Json_has_the_documented_fields) {
  Pair pair(unique_ring_name());
  const Json look = stat(pair.ring);
  expect_fields(look, {{"name", "string"},
                       {"seconds", "number"},
                       {"producer", "string"},
                       {"capacity", "number"},
                       {"published", "number"},
                       {"oldest", "number"},
                       {"closed", "boolean"},
                       {"participants", "array"},
                       {"findings", "array"}});
  EXPECT_EQ(look["findings"].size(), 0U);
  const Json producer = member(look, "producer");
  EXPECT_EQ(producer["counters"]["events_published"], 3);
  EXPECT_EQ(producer["counters"]["events_published_bytes"], 36) << "8 bytes and their length";
  EXPECT_TRUE(producer["blocked"].is_null());
  const Json reader = member(look, "reader");
  EXPECT_EQ(reader["counters"]["events_consumed"], 3);
  EXPECT_EQ(reader["lag"], 0);
  EXPECT_EQ(reader["batches"].size(), 16U);
  EXPECT_TRUE(reader["user_counters"].empty());
  EXPECT_TRUE(reader["rate_per_second"].is_null()) << "one look tells no rate";
  pair.close();
}

TEST(Stat, Text_fits_eighty_columns_and_says_that_nobody_is_held_up) {
  Pair pair(unique_ring_name());
  const Outcome outcome = run_dmp({"stat", pair.ring, "--all", "--interval", "10ms"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const std::string& line : lines_of(outcome.out)) EXPECT_LE(line.size(), 80U) << line;
  for (const char* part : {"alive, 3 published, 3 of 16 slots", "PRODUCER", "CONSUMER", "reader",
                           "events_consumed", "consumer_lag_max", "nobody is held up\n"}) {
    expect_contains(outcome.out, part);
  }
  pair.close();
}

TEST(Stat, A_producer_that_waits_for_a_stopped_consumer_is_told_with_both_names) {
  Pair pair(unique_ring_name());
  pair.sub.command.stop();
  pair.pub.feed(std::string(std::size_t{40} * 8, 'x'));
  Json look;
  ASSERT_TRUE(eventually([&] {
    look = stat(pair.ring);
    return !member(look, "producer")["blocked"].is_null();
  }));
  EXPECT_EQ(member(look, "producer")["blocked"]["by"], "reader");
  EXPECT_GE(member(look, "producer")["blocked"]["seconds"], 0);
  EXPECT_GE(member(look, "producer")["counters"]["producer_full_events"], 1);
  const std::string told = findings(look, "producer");
  expect_contains(told, "bad: producer (producer, alive, pid ");
  expect_contains(told, "for room, for reader (gating, stopped, pid ");
  expect_contains(told, "which has not read 16 events");
  expect_contains(findings(look, "reader"), "is stopped by a signal or a debugger");
  pair.sub.command.signal(SIGCONT);
  pair.close();
}

TEST(Stat, A_required_consumer_that_is_away_is_told_with_what_is_kept_for_it) {
  Pair pair(unique_ring_name(), "required");
  pair.sub.command.kill();
  pair.sub.command.finish();
  pair.pub.feed("event 4.event 5.");
  ASSERT_TRUE(eventually([&] { return published(pair.ring) == 5; }));
  const Json look = stat(pair.ring);
  expect_contains(findings(look, "reader"), "bad: reader (required, dead, pid ");
  expect_contains(findings(look, "reader"), "is away, and 2 events are kept for it");
  pair.pub.kill();
  pair.pub.finish();
  EXPECT_EQ(run_dmp({"clean", pair.ring, "--force"}).exit_code, 0);
}

TEST(Stat, Counters_can_be_read_when_everybody_is_dead) {
  const std::string ring = unique_ring_name();
  make_dead_ring(ring);
  const Json look = stat(ring);
  EXPECT_EQ(member(look, "producer")["counters"]["events_published"], 3);
  EXPECT_EQ(member(look, "reader")["counters"]["events_consumed"], 3);
  EXPECT_EQ(look["findings"][0]["text"], "its producer has died; consumers wait for a successor");
  EXPECT_EQ(run_dmp({"clean", ring}).exit_code, 0);
}

TEST(Stat, Rates_are_those_between_two_looks) {
  const std::string ring = unique_ring_name();
  auto producer = Producer<std::uint64_t>::create(ring, {.when_alone = WhenAlone::run_free});
  producer.counter(0x100, "orders").set(7);
  auto watch = Command::dmp({"stat", ring, "--json", "--watch", "--interval", "20ms"});
  watch.wait_for_output(1);  // one look is done, so the events come between two
  for (int i = 0; i != 1000; ++i) ASSERT_EQ(producer.publish(1), Publish::ok);
  watch.wait_for_output(10'000);
  watch.signal(SIGINT);
  const Outcome outcome = watch.finish();
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  double events = 0;
  for (const std::string& line : lines_of(outcome.out)) {
    const Json look = Json::parse(line);
    const Json who = member(look, "producer");
    EXPECT_EQ(who["user_counters"][0]["label"], "orders");
    EXPECT_EQ(who["user_counters"][0]["value"], 7);
    EXPECT_GE(look["seconds"], 0.02);
    events += who["rate_per_second"].get<double>() * look["seconds"].get<double>();
  }
  EXPECT_NEAR(events, 1000, 0.01);
}

TEST(Stat, Watching_shows_look_after_look_and_ends_when_the_ring_is_removed) {
  const std::string ring = unique_ring_name();
  std::optional producer =
      Producer<std::uint64_t>::create(ring, {.when_alone = WhenAlone::run_free});
  auto watch = Command::dmp({"stat", ring, "--watch", "--interval", "20ms"});
  watch.wait_for_output(1000);  // more than one look
  producer->close();
  producer.reset();
  std::filesystem::remove(path_of(ring));  // unless it went away with its producer
  const Outcome outcome = watch.finish();
  EXPECT_EQ(outcome.exit_code, 0);
  expect_contains(outcome.err, ring + ": the ring has been removed; this was the last look\n");
  std::size_t looks = 0;
  for (const std::string& line : lines_of(outcome.out)) looks += line.find("PRODUCER") == 0;
  EXPECT_GE(looks, 2U);
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos) << "no terminal";
}

TEST(Stat, A_ring_without_counters_says_so) {
  const std::string ring = unique_ring_name();
  auto producer = Producer<std::uint64_t>::create(ring, {.counters = false});
  const Outcome outcome = run_dmp({"stat", ring, "--interval", "0"});
  EXPECT_EQ(outcome.exit_code, 0);
  expect_contains(outcome.out, "this ring was made without counters");
  EXPECT_TRUE(member(stat(ring), "producer")["counters"].is_null());
}

TEST(Stat, What_is_no_ring_is_an_error_that_names_it) {
  const std::string ring = unique_ring_name();
  EXPECT_EQ(run_dmp({"stat", ring}).exit_code, 3);
  make_foreign_object(ring);
  const Outcome outcome = run_dmp({"stat", ring, "--json"});
  EXPECT_EQ(outcome.exit_code, 1);
  expect_error_fields(jsons_of_stderr(outcome)[0], "not_a_ring", 1);
  std::filesystem::remove(path_of(ring));
}

}  // namespace
}  // namespace disruptor_mp::test
