// SPDX-License-Identifier: MIT OR Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "dmp/support/json.hpp"
#include "dmp/support/rings.hpp"

namespace disruptor_mp::test {
namespace {

/// The rings of this process only: other tests run at the same time.
Outcome list(std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"ls", "--prefix", ring_prefix()});
  return run_dmp(options);
}

Json listed(const std::string& ring, const std::vector<std::string>& options = {"--json"}) {
  const Outcome outcome = list(options);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json rings = json_of_stdout(outcome)["rings"];
  for (const Json& each : rings) {
    if (each["name"] == ring) return each;
  }
  return {};
}

TEST(Ls, Says_so_if_there_is_nothing) {
  const Outcome outcome = list();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "no rings\n");
  EXPECT_EQ(list({"--names"}).out, "");
  EXPECT_EQ(json_of_stdout(list({"--json"})), Json::parse(R"({"rings": [], "unreadable": []})"));
}

TEST(Ls, Shows_a_ring_in_one_line) {
  Pair pair(unique_ring_name());
  const auto lines = lines_of(list().out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].substr(0, 4), "NAME");
  std::istringstream line(lines[1]);
  std::vector<std::string> words;
  for (std::string word; line >> word;) words.push_back(word);
  EXPECT_EQ(words,
            (std::vector<std::string>{pair.ring, "dmp.bytes", "12", "16", "3", "1", "alive"}));
  EXPECT_EQ(list({"--names"}).out, pair.ring + "\n");
  pair.close();
}

TEST(Ls, Json_has_the_documented_fields) {
  Pair pair(unique_ring_name());
  const Json ring = listed(pair.ring);
  expect_fields(ring, {{"name", "string"},
                       {"type", "string"},
                       {"event_size", "number"},
                       {"capacity", "number"},
                       {"total_size", "number"},
                       {"created_ns", "number"},
                       {"oldest", "number"},
                       {"published", "number"},
                       {"closed", "boolean"},
                       {"producer", "string"},
                       {"producer_kind", "string"},
                       {"producers", "object"},
                       {"consumers", "object"}});
  expect_fields(
      ring["producers"],
      {{"alive", "number"}, {"stopped", "number"}, {"dead", "number"}, {"left", "number"}});
  expect_fields(ring["consumers"], {{"present", "number"}, {"away", "number"}});
  EXPECT_EQ(ring["total_size"], std::filesystem::file_size(path_of(pair.ring)));
  pair.close();
}

TEST(Ls, Tells_alive_stopped_dead_left_and_closed) {
  const std::string ring = unique_ring_name();
  {
    Pair pair(ring);
    EXPECT_EQ(listed(ring)["producer"], "alive");
    pair.pub.stop();
    EXPECT_EQ(listed(ring)["producer"], "stopped");
    pair.pub.signal(SIGCONT);
    pair.sub.command.stop();
    EXPECT_EQ(listed(ring)["producer"], "alive");
    EXPECT_EQ(pair.pub.finish().exit_code, 0);
    EXPECT_EQ(listed(ring)["producer"], "closed") << "kept by the reader that is stopped";
    pair.sub.command.signal(SIGCONT);
    EXPECT_EQ(pair.sub.command.finish().exit_code, 0);
    EXPECT_EQ(listed(ring), Json());
  }
  make_dead_ring(ring);
  EXPECT_EQ(listed(ring)["producer"], "dead");
  EXPECT_EQ(run_dmp({"clean", ring}).exit_code, 0);
  make_open_ring(ring);
  EXPECT_EQ(listed(ring)["producer"], "left");
  EXPECT_EQ(run_dmp({"clean", "--force", ring}).exit_code, 0);
}

TEST(Ls, Counts_required_consumers_that_are_away) {
  Pair pair(unique_ring_name(), "required");
  Subscriber gating(pair.ring, "gating");
  pair.sub.command.kill();
  pair.sub.command.finish();
  EXPECT_EQ(listed(pair.ring)["consumers"], Json::parse(R"({"present": 1, "away": 1})"));
  EXPECT_NE(list().out.find(" 1/2 "), std::string::npos) << list().out;
  pair.pub.kill();
  pair.pub.finish();
  gating.command.finish();
  EXPECT_EQ(run_dmp({"clean", pair.ring}).exit_code, 0);
}

TEST(Ls, Shows_file_rings_of_a_directory) {
  TempFolder folder;
  Pair pair(folder.ring_name());
  const Outcome outcome =
      run_dmp({"ls", "--prefix", "ring", "--dir", folder.path().string(), "--names"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(pair.ring + "\n"), std::string::npos) << outcome.out;
  pair.close();
}

TEST(Ls, A_directory_that_is_not_there_is_not_found) {
  const Outcome outcome = list({"--dir", "/nowhere/at/all"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.err.find("/nowhere/at/all: this directory cannot be listed"), std::string::npos)
      << outcome.err;
}

TEST(Ls, Shows_what_cannot_be_read_only_if_asked) {
  const std::string foreign = unique_ring_name();
  const std::string corrupted = unique_ring_name();
  make_foreign_object(foreign);
  make_open_ring(corrupted);
  corrupt(corrupted);

  const std::string quiet = list().out;
  EXPECT_EQ(quiet.find(foreign), std::string::npos);
  EXPECT_NE(quiet.find("1 more cannot be read: see `dmp ls --all`"), std::string::npos) << quiet;
  const std::string all = list({"--all"}).out;
  EXPECT_NE(all.find(foreign + "\n  this is not a ring: found 'somebody'"), std::string::npos)
      << all;
  EXPECT_NE(all.find(corrupted + "\n  the header's checksum is wrong"), std::string::npos) << all;

  const Json unreadable = json_of_stdout(list({"--json"}))["unreadable"];
  ASSERT_EQ(unreadable.size(), 2U);
  for (const Json& object : unreadable) {
    expect_fields(object, {{"name", "string"}, {"error", "object"}});
    expect_fields(object["error"], {{"code", "string"},
                                    {"object", "string"},
                                    {"problem", "string"},
                                    {"found", "string"},
                                    {"expected", "string"},
                                    {"remedy", "string"}});
  }
  EXPECT_EQ(unreadable[0]["error"]["code"], "not_a_ring");
  EXPECT_EQ(unreadable[1]["error"]["code"], "corrupt");
  EXPECT_EQ(run_dmp({"clean", "--force", foreign, corrupted}).exit_code, 0);
}

TEST(Ls, Fits_eighty_columns_and_cuts_no_name) {
  const std::string name = ring_prefix() + std::string(70, 'x');
  Producer<int>::create(name).detach();
  const std::string out = list().out;
  EXPECT_NE(out.find("shm:" + name + "\n"), std::string::npos) << out;
  const std::string short_name = unique_ring_name();
  Producer<double>::create(short_name).detach();
  for (const std::string& line : lines_of(list().out)) {
    EXPECT_TRUE(line.size() <= 80 || line == "shm:" + name) << line;
  }
  EXPECT_EQ(run_dmp({"clean", "--force", name, short_name}).exit_code, 0);
}

}  // namespace
}  // namespace disruptor_mp::test
