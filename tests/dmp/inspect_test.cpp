// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

#include "disruptor_mp/disruptor_mp.hpp"
#include "dmp/support/json.hpp"
#include "dmp/support/rings.hpp"

namespace disruptor_mp::test {
namespace {

Json inspect(const std::string& ring) {
  const Outcome outcome = run_dmp({"inspect", ring, "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return json_of_stdout(outcome);
}

Json participant(const Json& view, const std::string& id) {
  for (const Json& each : view["participants"]) {
    if (each["id"] == id) return each;
  }
  return {};
}

TEST(Inspect, Json_has_the_documented_fields) {
  Pair pair(unique_ring_name());
  const Json view = inspect(pair.ring);
  expect_fields(view, {{"name", "string"},
                       {"path", "string"},
                       {"header", "object"},
                       {"memory", "object"},
                       {"sections", "object"},
                       {"stream", "object"},
                       {"participants", "array"},
                       {"graph", "array"}});
  for (const Json& each : view["graph"]) {
    expect_fields(each, {{"id", "string"},
                         {"stage", "number"},
                         {"known", "boolean"},
                         {"after", "array"},
                         {"stands_at", "any"}});
  }
  expect_fields(view["memory"], {{"huge_pages_asked", "string"},
                                 {"huge_pages", "string"},
                                 {"numa_node_asked", "any"},
                                 {"on_node", "boolean"},
                                 {"note", "string"}});
  expect_fields(view["header"], {{"format_version", "number"},
                                 {"type", "string"},
                                 {"fields", "string"},
                                 {"fingerprint", "string"},
                                 {"event_size", "number"},
                                 {"event_align", "number"},
                                 {"capacity", "number"},
                                 {"slot_stride", "number"},
                                 {"slot_layout", "string"},
                                 {"producer_kind", "string"},
                                 {"fences", "string"},
                                 {"when_alone", "string"},
                                 {"revoke_stopped_after_ns", "number"},
                                 {"max_participants", "number"},
                                 {"page_size", "number"},
                                 {"first_sequence", "number"},
                                 {"total_size", "number"},
                                 {"instance", "string"},
                                 {"boot", "string"},
                                 {"from_earlier_boot", "boolean"},
                                 {"created_ns", "number"},
                                 {"creator_pid", "number"},
                                 {"creator_uid", "number"}});
  for (const char* section :
       {"header", "bells", "control", "rows", "counters", "claims", "slots"}) {
    expect_fields(view["sections"][section], {{"offset", "number"}, {"size", "number"}});
  }
  expect_fields(view["stream"], {{"producer", "string"},
                                 {"producer_incarnation", "number"},
                                 {"producers", "object"},
                                 {"oldest", "number"},
                                 {"published", "number"},
                                 {"horizon", "number"},
                                 {"revoked", "number"},
                                 {"closed", "boolean"},
                                 {"stopped", "null"},
                                 {"end", "null"}});
  for (const Json& each : view["participants"]) {
    expect_fields(each, {{"row", "number"},
                         {"id", "string"},
                         {"kind", "string"},
                         {"presence", "string"},
                         {"gates", "boolean"},
                         {"has_closed", "boolean"},
                         {"passed_over", "boolean"},
                         {"after", "array"},
                         {"incarnation", "number"},
                         {"position", "number"},
                         {"lag", "any"},
                         {"pid", "number"},
                         {"uid", "number"},
                         {"pid_namespace", "number"},
                         {"command", "string"},
                         {"joined_ns", "number"},
                         {"age_seconds", "number"}});
  }
  pair.close();
}

TEST(Inspect, Tells_header_stream_and_participants_of_a_living_ring) {
  Pair pair(unique_ring_name());
  const Json view = inspect(pair.ring);
  EXPECT_EQ(view["name"], pair.ring);
  EXPECT_EQ(view["header"]["type"], "dmp.bytes");
  EXPECT_EQ(view["header"]["event_size"], 12);
  EXPECT_EQ(view["header"]["capacity"], 16);
  EXPECT_EQ(view["header"]["creator_pid"], pair.pub.pid());
  EXPECT_EQ(view["stream"]["producer"], "alive");
  EXPECT_EQ(view["stream"]["published"], 3);
  EXPECT_EQ(view["sections"]["slots"]["offset"].get<std::uint64_t>() % 4096, 0U);

  const Json producer = participant(view, "producer");
  EXPECT_EQ(producer["kind"], "producer");
  EXPECT_EQ(producer["pid"], pair.pub.pid());
  EXPECT_EQ(producer["presence"], "alive");
  EXPECT_EQ(producer["command"], "dmp");
  EXPECT_TRUE(producer["lag"].is_null());
  const Json reader = participant(view, "reader");
  EXPECT_EQ(reader["kind"], "gating");
  EXPECT_EQ(reader["pid"], pair.sub.command.pid());
  EXPECT_EQ(reader["position"], 3);
  EXPECT_EQ(reader["lag"], 0);
  EXPECT_EQ(reader["incarnation"], 1);
  pair.close();
}

TEST(Inspect, Shows_how_far_a_stopped_consumer_is_behind) {
  Pair pair(unique_ring_name());
  pair.sub.command.stop();
  pair.pub.feed("event 4.event 5.");
  ASSERT_TRUE(eventually([&] { return published(pair.ring) == 5; }));
  const Json reader = participant(inspect(pair.ring), "reader");
  EXPECT_EQ(reader["presence"], "stopped");
  EXPECT_EQ(reader["position"], 3);
  EXPECT_EQ(reader["lag"], 2);
  pair.sub.command.signal(SIGCONT);
  pair.close();
}

TEST(Inspect, Shows_the_dead_and_their_return) {
  Pair pair(unique_ring_name(), "required");
  pair.sub.command.kill();
  pair.sub.command.finish();
  EXPECT_EQ(participant(inspect(pair.ring), "reader")["presence"], "dead");
  pair.pub.kill();
  pair.pub.finish();
  EXPECT_EQ(inspect(pair.ring)["stream"]["producer"], "dead");

  Subscriber returned(pair.ring, "reader", {"--kind", "required", "--start", "resume", "--follow"});
  EXPECT_TRUE(
      eventually([&] { return participant(inspect(pair.ring), "reader")["incarnation"] == 2; }));
  EXPECT_EQ(run_dmp({"pub", pair.ring, "--event-size", "8"}, "12345678").exit_code, 0);
  EXPECT_EQ(returned.command.finish().out, "12345678");
}

TEST(Inspect, Shows_the_end_of_a_closed_ring) {
  Pair pair(unique_ring_name());
  pair.sub.command.stop();
  EXPECT_EQ(pair.pub.finish().exit_code, 0);
  const Json stream = inspect(pair.ring)["stream"];
  EXPECT_EQ(stream["producer"], "closed");
  EXPECT_EQ(stream["closed"], true);
  EXPECT_EQ(stream["end"], 3);
  pair.sub.command.signal(SIGCONT);
  EXPECT_EQ(pair.sub.command.finish().exit_code, 0);
}

TEST(Inspect, Text_shows_the_same_in_eighty_columns) {
  const std::string id = "a-consumer-whose-name-is-as-long-as-a-name-may-be-which-is-63..";
  Pair pair(unique_ring_name());
  Subscriber second(pair.ring, id);
  const Outcome outcome = run_dmp({"inspect", pair.ring});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const std::string& line : lines_of(outcome.out)) EXPECT_LE(line.size(), 80U) << line;
  for (const std::string& part :
       {pair.ring, std::string("dmp.bytes, 12 bytes"), std::string("length:u32@0"),
        std::string("16 of 32 bytes, stamped"), std::string("alive, incarnation 1"),
        std::string("3 events"), std::string("\nparticipants\n"), std::string("reader"), id,
        std::to_string(pair.sub.command.pid())}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << " in\n" << outcome.out;
  }
  EXPECT_EQ(pair.pub.finish().exit_code, 0);
  EXPECT_EQ(pair.sub.command.finish().exit_code, 0);
  EXPECT_EQ(second.command.finish().exit_code, 0);
}

TEST(Inspect, Its_example_in_the_manual_has_the_lines_of_today) {
  if (sysconf(_SC_PAGESIZE) != 4096) GTEST_SKIP() << "the example is of a machine with small pages";
  std::ifstream manual(DMP_SOURCE_DIR "/docs/cli.md");
  const std::string text{std::istreambuf_iterator<char>(manual), {}};
  const std::string ring = unique_ring_name();
  Command pub = Command::dmp({"pub", ring, "--event-size", "8", "--wait-for", "0"});
  ASSERT_TRUE(eventually([&] { return run_dmp({"inspect", ring}).exit_code == 0; }));
  std::istringstream lines(run_dmp({"inspect", ring}).out);
  int of_the_format = 0;
  bool is_section = false;
  for (std::string line; std::getline(lines, line);) {
    is_section = line == "sections" || (is_section && !line.empty());
    const bool is_format = line.starts_with("  type ") || line.starts_with("  fields ") ||
                           line.starts_with("  slots ") || line.starts_with("  object ");
    if (!is_section && !is_format) continue;
    ++of_the_format;
    EXPECT_NE(text.find("\n" + line + "\n"), std::string::npos) << line;
  }
  EXPECT_EQ(of_the_format, 4 + 9);
  EXPECT_EQ(pub.finish().exit_code, 0);
}

TEST(Inspect, Shows_after_what_time_claims_are_revoked) {
  const std::string ring = unique_ring_name();
  auto producer = Producer<Bytes>::create(
      ring, {.size = 8, .align = 8, .name = "Event", .schema = {}},
      {.producers = ProducerKind::multi, .revoke_stopped_after = std::chrono::milliseconds(250)});
  EXPECT_EQ(inspect(ring)["header"]["revoke_stopped_after_ns"], 250'000'000);
  EXPECT_EQ(inspect(ring)["stream"]["revoked"], 0);
  EXPECT_NE(run_dmp({"inspect", ring}).out.find("claims are revoked after 250 ms; 0 were"),
            std::string::npos);
}

/// A required reader that is going to be stopped, or killed; and what the producer makes of it.
class Inspect_of_the_missing : public testing::TestWithParam<bool> {
 protected:
  ~Inspect_of_the_missing() override {
    if (!has_ended) end_reader();
    producer.reset();  // else the ring is in use
    clean_ring(os::ObjectName::parse(ring), {.force = true});
  }

  /// @return what publish says when the ring is full and the policy has done what it says.
  Publish lose_reader(FailureAction action) {
    using namespace std::chrono_literals;
    producer->enable_liveness({.required_consumer_ids = {"reader"},
                               .progress_timeout = 20ms,
                               .shutdown_grace_period = 0s,
                               .failure_action = action,
                               .absence_grace_period = 0s,
                               .absence_action = action});
    is_dead ? end_reader() : reader.command.stop();
    Publish result = Publish::ok;
    for (int i = 0; i < 6 && result == Publish::ok; ++i)
      result = producer->publish([](std::span<std::byte> event) { event[0] = std::byte{'x'}; });
    return result;
  }

  void end_reader() {
    reader.command.kill();
    reader.command.finish();
    has_ended = true;
  }

  const bool is_dead = GetParam();
  bool has_ended = false;
  const std::string ring = unique_ring_name();
  std::optional<Producer<Bytes>> producer = Producer<Bytes>::create(
      ring, {.size = 8, .align = 8, .name = "Event", .schema = {}}, {.capacity = 4});
  Subscriber reader{ring, "reader", {"--kind", "required"}};
};

TEST_P(Inspect_of_the_missing, Death_and_stall_are_told_apart) {
  EXPECT_EQ(lose_reader(FailureAction::report),
            is_dead ? Publish::consumer_missing : Publish::consumer_stalled);
  const Json view = participant(inspect(ring), "reader");
  EXPECT_EQ(view["presence"], is_dead ? "dead" : "stopped");
  EXPECT_EQ(view["gates"], true);
  EXPECT_EQ(view["lag"], 4);
  const std::string text = run_dmp({"inspect", ring}).out;
  EXPECT_NE(text.find(is_dead ? " dead " : " stopped "), std::string::npos) << text;
}

TEST_P(Inspect_of_the_missing, So_is_the_reason_of_a_stop) {
  EXPECT_EQ(lose_reader(FailureAction::stop_topology), Publish::stopped);
  const std::string trouble = is_dead ? "dead" : "stalled";
  const Json stream = inspect(ring)["stream"];
  EXPECT_EQ(stream["closed"], true);
  EXPECT_EQ(stream["stopped"]["consumer"], "reader");
  EXPECT_EQ(stream["stopped"]["trouble"], trouble);
  const std::string text = run_dmp({"inspect", ring}).out;
  EXPECT_NE(text.find("because of reader, " + trouble), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(Readers, Inspect_of_the_missing, testing::Bool(),
                         [](const auto& info) { return info.param ? "killed" : "stopped"; });

TEST(Inspect, Shows_who_was_passed_over_and_from_where_it_may_miss_events) {
  using namespace std::chrono_literals;
  const std::string ring = unique_ring_name();
  auto producer =
      Producer<Bytes>::create(ring, {.size = 8, .align = 8, .name = "Event", .schema = {}},
                              {.capacity = 4, .when_alone = WhenAlone::run_free});
  Subscriber reader(ring, "reader", {"--kind", "required"});
  const auto publish = [&] {
    EXPECT_EQ(producer.publish([](std::span<std::byte>) {}), Publish::ok);
  };
  publish();
  EXPECT_TRUE(eventually([&] { return has_committed(ring, "reader", 1); }));
  producer.enable_liveness({.required_consumer_ids = {"reader"},
                            .absence_grace_period = 0s,
                            .absence_action = FailureAction::continue_without});
  reader.command.kill();
  reader.command.finish();
  for (int i = 0; i < 8; ++i) publish();
  const Json view = participant(inspect(ring), "reader");
  EXPECT_EQ(view["passed_over"], true);
  EXPECT_EQ(view["gates"], false);
  EXPECT_EQ(view["presence"], "dead");
  EXPECT_EQ(view["position"], 1);
  EXPECT_NE(run_dmp({"inspect", ring}).out.find("passed over"), std::string::npos);
}

TEST(Inspect, Does_not_keep_a_ring_that_everybody_leaves) {
  Pair pair(unique_ring_name());
  for (int i = 0; i < 3; ++i) inspect(pair.ring);
  pair.close();
  EXPECT_FALSE(object_exists(pair.ring));
}

TEST(Inspect, A_ring_that_is_not_there_is_not_found) {
  const std::string ring = unique_ring_name();
  const Outcome outcome = run_dmp({"inspect", ring, "--json"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.out, "");
  const auto errors = jsons_of_stderr(outcome);
  ASSERT_EQ(errors.size(), 1U);
  expect_error_fields(errors[0], "not_found", 3);
}

TEST(Inspect, Something_else_and_a_damaged_ring_are_named_as_such) {
  TempFolder folder;
  const std::string foreign = folder.ring_name("foreign");
  make_foreign_object(foreign);
  const Outcome other = run_dmp({"inspect", foreign});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_NE(other.err.find("this is not a ring; found 'somebody'; expected 'DMP-RING'"),
            std::string::npos)
      << other.err;

  const std::string damaged = folder.ring_name("damaged");
  make_open_ring(damaged);
  corrupt(damaged);
  const Outcome outcome = run_dmp({"inspect", damaged});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("the header's checksum is wrong"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace disruptor_mp::test
