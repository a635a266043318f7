// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Graphs at the command line: `dmp sub --after`, `dmp inspect --graph`, `--dot`.
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <string>

#include "dmp/support/json.hpp"
#include "dmp/support/rings.hpp"

namespace disruptor_mp::test {
namespace {

/// journal and replica at the head, risk behind them, audit behind risk and one that never came.
class GraphTools : public testing::Test {
 protected:
  GraphTools() {
    producer.wait_for_consumers(4, std::chrono::seconds(60));
    for (int i = 0; i < 3; ++i) publish();
    EXPECT_TRUE(eventually([&] {
      return has_committed(ring, "replica", 3) && has_committed(ring, "journal", 3) &&
             has_committed(ring, "risk", 3);
    }));
    replica.command.stop();
    publish();
    EXPECT_TRUE(eventually([&] { return has_committed(ring, "journal", 4); }));
  }
  void TearDown() override {
    for (Subscriber* sub : {&risk, &audit, &journal, &replica}) {
      sub->command.kill();
      sub->command.finish();
    }
    std::filesystem::remove(path_of(ring));
  }
  void publish() {
    ASSERT_EQ(producer.publish([](std::span<std::byte> bytes) { bytes[0] = std::byte{7}; }),
              Publish::ok);
  }
  [[nodiscard]] Outcome inspect(const std::string& option) const {
    const Outcome outcome = run_dmp({"inspect", ring, option});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome;
  }
  [[nodiscard]] std::string line_of(const std::string& text, const std::string& id) const {
    for (const std::string& line : lines_of(text)) {
      if (line.starts_with("  " + id + " ")) return line;
    }
    ADD_FAILURE() << id << " is not in\n" << text;
    return {};
  }

  std::string ring = unique_ring_name();
  Producer<Bytes> producer = Producer<Bytes>::create(
      ring, {.size = 8, .align = 8, .name = "word", .schema = {}}, {.capacity = 16});
  Subscriber risk{ring, "risk", {"--after", "journal,replica"}};
  Subscriber audit{ring, "audit", {"--after", "risk", "--after", "ghost"}};
  Subscriber journal{ring, "journal"};
  Subscriber replica{ring, "replica", {"--kind", "required"}};
};

TEST_F(GraphTools, The_text_shows_stages_and_who_stands_at_whom) {
  const std::string text = inspect("--graph").out;
  EXPECT_TRUE(text.starts_with(ring + "\n")) << text;
  EXPECT_TRUE(
      std::regex_search(line_of(text, "journal"), std::regex(" 1  gating +alive +4 +0 +- +-$")))
      << text;
  EXPECT_TRUE(
      std::regex_search(line_of(text, "replica"), std::regex(" 1  required +stopped +3 +1 +- +-$")))
      << text;
  EXPECT_TRUE(std::regex_search(line_of(text, "risk"),
                                std::regex(" 2  gating +alive +3 +1 +journal, replica +replica$")))
      << text;
  EXPECT_TRUE(std::regex_search(line_of(text, "audit"),
                                std::regex(" 3  gating +alive +0 +4 +risk, ghost +ghost$")))
      << text;
  EXPECT_TRUE(std::regex_search(line_of(text, "ghost"), std::regex(" 1  - +never +- +- +- +-$")))
      << text;
  EXPECT_LT(text.find("journal"), text.find("audit"));
}

TEST_F(GraphTools, Json_has_it_too) {
  const Json graph = json_of_stdout(inspect("--json"))["graph"];
  ASSERT_EQ(graph.size(), 5U);
  for (const Json& node : graph) {
    EXPECT_EQ(node["known"], node["id"] != "ghost");
    if (node["id"] != "risk") continue;
    EXPECT_EQ(node["stage"], 2);
    EXPECT_EQ(node["after"], Json({"journal", "replica"}));
    EXPECT_EQ(node["stands_at"], "replica");
  }
  const Outcome both = run_dmp({"inspect", ring, "--graph", "--json"});
  EXPECT_EQ(json_of_stdout(both)["graph"], graph);
  EXPECT_EQ(run_dmp({"inspect", ring, "--dot", "--json"}).exit_code, 2);
}

TEST_F(GraphTools, Dot_is_what_graphviz_reads) {
  const std::string dot = inspect("--dot").out;
  EXPECT_TRUE(dot.starts_with("digraph \"" + ring + "\" {\n")) << dot;
  EXPECT_TRUE(dot.ends_with("}\n")) << dot;
  for (const char* edge :
       {"producers -> \"consumer journal\";", "producers -> \"consumer replica\";",
        "\"consumer journal\" -> \"consumer risk\";",
        "\"consumer replica\" -> \"consumer risk\" [style=bold, label=\"waits\"];",
        "\"consumer ghost\" -> \"consumer audit\" [style=bold, label=\"waits\"];",
        "[label=\"ghost\\nnever there\", style=dashed];"}) {
    EXPECT_NE(dot.find(edge), std::string::npos) << edge << "\n" << dot;
  }
  // Every string ends, and every line is a statement.
  for (const std::string& line : lines_of(dot)) {
    EXPECT_EQ(std::count(line.begin(), line.end(), '"') % 2, 0) << line;
    EXPECT_TRUE(line.ends_with(";") || line.ends_with("{") || line == "}") << line;
  }
}

TEST_F(GraphTools, A_sub_that_waits_too_long_says_for_whom) {
  const Outcome late =
      run_dmp({"sub", ring, "--id", "late", "--after", "ghost", "--timeout", "50ms"});
  EXPECT_EQ(late.exit_code, 4);
  EXPECT_NE(late.err.find("ghost, which has never been there"), std::string::npos) << late.err;
  const Outcome circle = run_dmp({"sub", ring, "--id", "ghost", "--after", "audit"});
  EXPECT_EQ(circle.exit_code, 6);
  EXPECT_NE(circle.err.find("ghost waits for audit waits for ghost"), std::string::npos)
      << circle.err;
  EXPECT_EQ(run_dmp({"sub", ring, "--id", "x", "--after", "x"}).exit_code, 2);
  EXPECT_EQ(run_dmp({"sub", ring, "--id", "x", "--after", "a b"}).exit_code, 2);
}

TEST(GraphText, What_is_no_text_does_not_drive_the_terminal_or_end_a_string) {
  const std::string ring = unique_ring_name();
  auto producer = Producer<Bytes>::create(
      ring, {.size = 8, .align = 8, .name = "word", .schema = {}}, {.capacity = 16});
  auto consumer = Consumer<Bytes>::attach(ring, {.id = "a"});
  format::Row& row = const_cast<Segment&>(consumer.segment()).row(1);
  row.after[0] = 0x22222222221B5B33;  // 3 [ ESC " " " " "
  const std::string dot = run_dmp({"inspect", ring, "--dot"}).out;
  EXPECT_NE(dot.find("3[?\\\"\\\""), std::string::npos) << dot;
  const std::string text = run_dmp({"inspect", ring, "--graph"}).out;
  EXPECT_EQ(text.find('\x1B'), std::string::npos);
  EXPECT_EQ(run_dmp({"inspect", ring, "--json"}).exit_code, 0);
}

}  // namespace
}  // namespace disruptor_mp::test
