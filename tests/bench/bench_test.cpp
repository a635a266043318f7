// SPDX-License-Identifier: MIT OR Apache-2.0
//
// That the benchmark runs and says what it did. What it measures is no test's business.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "support/program.hpp"

namespace disruptor_mp {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using test::ProgramRun;

ProgramRun run_bench(const std::string& arguments, const std::string& stdout_to = "") {
  return test::run_program("dmp-bench", arguments, "", stdout_to);
}

/// The shortest run there is: one round, one slice a contender.
std::string tiny(const std::string& cases) {
  return "--quick --rounds 1 --seconds 0.001 --slice-ms 0.2 --capacity 256 --case '" + cases + "'";
}

json measure(const std::string& cases) {
  const ProgramRun outcome = run_bench(tiny(cases) + " --json -");
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  return json::parse(outcome.output);
}

std::set<std::string> rings_of(const json& run) {
  const std::string prefix = "dmp-bench-" + std::to_string(run.at("process").get<int>()) + "-";
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    const std::string name = entry.path().filename();
    if (name.starts_with(prefix)) names.insert(name);
  }
  return names;
}

TEST(Bench, A_tiny_stream_gives_figures_of_every_contender) {
  const json run = measure("^stream/8/1$");
  ASSERT_EQ(run.at("cases").size(), 1U);
  const json& work = run.at("cases")[0];
  EXPECT_EQ(work.at("name"), "stream/8/1");
  EXPECT_EQ(work.at("event_size"), 8);
  ASSERT_EQ(work.at("contenders").size(), 3U);
  for (const json& contender : work.at("contenders")) {
    EXPECT_FALSE(contender.at("samples").empty());
    for (const json& sample : contender.at("samples")) {
      EXPECT_GT(sample.at("events").get<double>(), 0);
      EXPECT_GT(sample.at("ns").get<double>(), 0);
      EXPECT_THAT(sample.at("placement"), testing::AnyOf("near", "far", "mixed"));
      EXPECT_EQ(sample.at("calibration_ns").size(), 2U);
    }
    for (const json& summary : contender.at("summaries"))
      EXPECT_GT(summary.at("million_events_per_second").get<double>(), 0);
  }
}

TEST(Bench, A_tiny_ping_pong_gives_round_trip_percentiles) {
  const json run = measure("^ping-pong/32$");
  for (const json& contender : run.at("cases").at(0).at("contenders")) {
    for (const json& summary : contender.at("summaries")) {
      EXPECT_GT(summary.at("typical_round_trip_ns").get<double>(), 0);
      EXPECT_GT(summary.at("round_trip_ns").at("count").get<double>(), 0);
      EXPECT_LE(summary.at("round_trip_ns").at("p50").get<double>(),
                summary.at("round_trip_ns").at("max").get<double>());
    }
  }
}

TEST(Bench, The_library_is_compared_with_a_limit_of_the_same_placement) {
  const json run = measure("^stream/32/64$");
  const json& contenders = run.at("cases").at(0).at("contenders");
  const auto placements = [](const json& contender) {
    std::set<std::string> names;
    for (const json& summary : contender.at("summaries")) names.insert(summary.at("placement"));
    return names;
  };
  for (const json& contender : contenders) {
    if (contender.at("kind") != "library") continue;
    for (const json& summary : contender.at("summaries")) {
      const bool has_limit = placements(contenders[0]).count(summary.at("placement")) != 0 ||
                             placements(contenders[1]).count(summary.at("placement")) != 0;
      EXPECT_EQ(summary.at("ratio_to_best_limit").is_number(), has_limit);
    }
  }
}

TEST(Bench, Two_consumers_are_compared_with_the_limit_and_marked_if_the_cores_are_too_few) {
  const json run = measure("^(stream-1p2c/8/64|ping-pong-1p2c/8)$");
  ASSERT_EQ(run.at("cases").size(), 2U);
  for (const json& work : run.at("cases")) {
    EXPECT_EQ(work.at("oversubscribed"), std::thread::hardware_concurrency() < 3);
    EXPECT_EQ(work.at("consumers"), 2);
    const bool is_stream = work.at("pattern") == "stream";
    for (const json& contender : work.at("contenders")) {
      for (const json& summary : contender.at("summaries")) {
        // However short the slices: a round trip takes some time.
        const char* figure = is_stream ? "million_events_per_second" : "typical_round_trip_ns";
        EXPECT_GT(summary.at(figure).get<double>(), 0) << work.at("name") << contender;
      }
    }
  }
}

TEST(Bench, Two_producers_without_a_reader_are_compared_on_two_cores) {
  const json run = measure("^multi-2p/32/1$");
  const json& work = run.at("cases").at(0);
  EXPECT_EQ(work.at("producers"), 2);
  EXPECT_EQ(work.at("consumers"), 0);
  EXPECT_EQ(work.at("oversubscribed"), std::thread::hardware_concurrency() < 2);
  for (const json& contender : work.at("contenders"))
    EXPECT_FALSE(contender.at("samples").empty()) << contender.at("label");
  EXPECT_EQ(rings_of(run), std::set<std::string>{});
}

TEST(Bench, Several_producers_in_claims_and_with_a_consumer_work_too) {
  const json run = measure("^multi-(1p1c/8/8|2p/8/64|2p1c/8/1)$");
  ASSERT_EQ(run.at("cases").size(), 3U);
  for (const json& work : run.at("cases")) {
    for (const json& contender : work.at("contenders"))
      EXPECT_FALSE(contender.at("samples").empty()) << work.at("name") << contender.at("label");
  }
}

TEST(Bench, Rings_in_files_work_too) {
  const json run = measure("^file/stream/32/1$");
  EXPECT_EQ(run.at("cases").at(0).at("contenders").back().at("storage"), "file");
}

TEST(Bench, The_environment_is_recorded) {
  const json run = measure("^stream/8/64$");
  for (const char* field : {"date", "cpu", "kernel", "governor", "page_size", "compiler", "flags"})
    EXPECT_FALSE(run.at("environment").at(field).get<std::string>().empty()) << field;
  EXPECT_EQ(run.at("before").at("load_average").size(), 3U);
}

void expect_no_line_longer_than(std::size_t limit, const std::string& output) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("compiler") || line.starts_with("cpu")) continue;  // as long as they are
    EXPECT_LE(line.size(), limit) << line;
  }
}

TEST(Bench, The_table_fits_into_a_hundred_columns) {
  const ProgramRun outcome = run_bench(
      "--rounds 1 --seconds 0.001 --slice-ms 0.2 --case '^(wait/ping-pong/32|stream/8/8)$'");
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("spin_then_yield"), HasSubstr("limit packed")));
  expect_no_line_longer_than(100, outcome.output);
}

TEST(Bench, Json_goes_to_stdout_unless_a_file_is_named) {
  const std::string tiny_case = tiny("^stream/8/64$");
  for (const std::string& arguments :
       {"--json " + tiny_case, tiny_case + " --json", tiny_case + " --json=-"}) {
    const ProgramRun outcome = run_bench(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_EQ(json::parse(outcome.output).at("cases").size(), 1U);
  }
  const auto file = std::filesystem::temp_directory_path() /
                    ("dmp-bench-test-" + std::to_string(getpid()) + ".json");
  const ProgramRun outcome = run_bench(tiny_case + " --json " + file.string());
  EXPECT_THAT(outcome.output, HasSubstr("stream/8/64"));
  EXPECT_EQ(json::parse(std::ifstream(file)).at("cases").size(), 1U);
  std::filesystem::remove(file);
}

TEST(Bench, Output_that_cannot_be_written_is_an_error) {
  for (const std::string& arguments : {std::string("--list"), tiny("^stream/8/64$") + " --json"}) {
    const ProgramRun outcome = run_bench(arguments, ">/dev/full");
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.output, HasSubstr("stdout: cannot write"));
  }
}

TEST(Bench, Nothing_of_it_remains) {
  EXPECT_EQ(rings_of(measure("^(ping-pong/8|file/ping-pong/32)$")), std::set<std::string>{});
}

TEST(Bench, A_pattern_that_matches_no_case_is_a_usage_error) {
  const ProgramRun outcome = run_bench("--case no-such-case");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.output, HasSubstr("no-such-case"));
}

TEST(Bench, The_list_names_every_case_and_runs_none) {
  const ProgramRun outcome = run_bench("--list");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("ping-pong/32\n"), HasSubstr("layout/stream/16/1"),
                                    Not(HasSubstr("near"))));
}

TEST(Recovery, Each_survivor_notices_the_death_of_the_other_one) {
  const ProgramRun outcome = run_bench("--recovery --deaths 2 --json");
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  const json run = json::parse(outcome.output);
  std::set<std::string> names;
  for (const json& situation : run.at("recovery")) {
    names.insert(situation.at("name"));
    EXPECT_GT(situation.at("bound_ns"), 0);
    for (const char* clock : {"noticed_ns", "waitpid_ns"}) {
      EXPECT_EQ(situation.at(clock).at("count"), 2) << situation;
      EXPECT_GT(situation.at(clock).at("p50"), 0) << situation;
      EXPECT_LT(situation.at(clock).at("max"), 30'000'000'000) << situation;
    }
  }
  EXPECT_EQ(names, (std::set<std::string>{"full-ring/busy_spin", "full-ring/spin_then_yield",
                                          "full-ring/block", "required/patience", "required/policy",
                                          "required-several/patience", "required-several/policy",
                                          "required/watcher", "no-event/busy_spin",
                                          "no-event/spin_then_yield", "no-event/block",
                                          "no-event/poll", "successor", "same-id"}));
  EXPECT_EQ(rings_of(run), std::set<std::string>{});
}

TEST(Recovery, The_table_fits_into_eighty_columns) {
  const ProgramRun outcome = run_bench("--recovery --deaths 1 --case '^(full-ring/.*|same-id)$'");
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("full-ring/spin_then_yield    500      1  noticed "),
                    HasSubstr("waitpid"), HasSubstr("\nsame-id "), Not(HasSubstr("\nsuccessor "))));
  const std::string table = outcome.output.substr(outcome.output.find("recovery, us"));
  expect_no_line_longer_than(80, table);
}

TEST(Recovery, Options_that_do_not_fit_it_are_usage_errors) {
  for (const char* arguments : {"--deaths 3", "--recovery --deaths 0", "--recovery --deaths many",
                                "--recovery --seconds 1", "--recovery --case no-such-situation"}) {
    const ProgramRun outcome = run_bench(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments << '\n' << outcome.output;
  }
}

TEST(Recovery, The_list_names_the_situations) {
  const ProgramRun outcome = run_bench("--recovery --list --case full-ring");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.output, "full-ring/busy_spin\nfull-ring/spin_then_yield\nfull-ring/block\n");
}

}  // namespace
}  // namespace disruptor_mp
