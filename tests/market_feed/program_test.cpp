// SPDX-License-Identifier: MIT OR Apache-2.0
//
// market_feed as a user starts it, where it refuses or is asked to end. (Whole runs:
// CMakeLists.txt.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include "dmp/support/command.hpp"
#include "gzip.hpp"
#include "market_feed/feed_generator.hpp"
#include "temp_folder.hpp"

namespace disruptor_mp::market_feed {
namespace {

using test::Command;
using test::Outcome;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int exit_usage = 2;
constexpr int exit_failed = 3;

/// Temporary files of the programs of a test go to a folder of its own.
class Program : public testing::Test {
 protected:
  Program() { std::filesystem::create_directory(tmp()); }

  [[nodiscard]] std::filesystem::path tmp() const { return folder_ / "tmp"; }
  [[nodiscard]] std::string script(const std::string& arguments) const {
    return "TMPDIR='" + tmp().string() + "' exec market_feed " + arguments;
  }
  [[nodiscard]] Outcome run(const std::string& arguments) const {
    return Command::shell(script(arguments)).finish();
  }
  [[nodiscard]] std::uintmax_t bytes_in_tmp() const {
    std::uintmax_t bytes = 0;
    std::error_code ignored;  // files come and go
    for (const auto& entry : std::filesystem::recursive_directory_iterator(tmp(), ignored)) {
      const auto size = entry.file_size(ignored);
      if (!ignored) bytes += size;
    }
    return bytes;
  }
  /// A generated feed, which the test may read again and again.
  [[nodiscard]] std::string feed() const {
    write_generated_feed(folder_ / "feed.jsonl", {.lines = 500});
    return (folder_ / "feed.jsonl").string();
  }
  void expect_refused(const std::string& arguments, int exit_code, const std::string& object,
                      const std::string& found) const {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, exit_code) << arguments << ": " << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(object), HasSubstr("found " + found),
                                   HasSubstr("; expected "), HasSubstr("; remedy: ")))
        << arguments;
    EXPECT_THAT(outcome.err, Not(HasSubstr("starting gateway"))) << arguments;
    EXPECT_TRUE(std::filesystem::is_empty(tmp())) << arguments;
  }

  TempFolder folder_;
};

TEST_F(Program, Ends_when_it_is_asked_to_while_it_generates_a_feed) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Command command = Command::shell(script("--lines 1000000000"));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (bytes_in_tmp() == 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ASSERT_GT(bytes_in_tmp(), 0U);
    command.signal(signal);
    // A billion lines take an hour: killed then, and -9 is not what is expected.
    std::thread patience([pid = command.pid(), folder = tmp()] {
      for (int i = 0; i < 1000 && !std::filesystem::is_empty(folder); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      if (!std::filesystem::is_empty(folder)) ::kill(pid, SIGKILL);
    });
    const Outcome outcome = command.finish();
    patience.join();
    EXPECT_EQ(outcome.exit_code, exit_failed) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("found a request to end"));
    EXPECT_THAT(outcome.err, Not(HasSubstr("computing")));
    EXPECT_TRUE(std::filesystem::is_empty(tmp()));
  }
}

TEST_F(Program, Numbers_that_cannot_be_are_refused_before_anything_is_made) {
  for (const char* value : {"-1", "0", "18446744073709551615", "1000000001", "10x", "''", "' 5'"})
    expect_refused(std::string("--lines ") + value, exit_usage, "--lines", "");
  for (const char* value : {"-1", "18446744073709551616", "x", "0x10"})
    expect_refused(std::string("--lines 100 --seed ") + value, exit_usage, "--seed", "");
  for (const char* value : {"-1", "0", "3", "2147483648", "1k"})
    expect_refused(std::string("--lines 100 --capacity ") + value, exit_usage, "--capacity", "");
  expect_refused("--lines 100 --backend foo", exit_usage, "--backend", "\"foo\"");
}

TEST_F(Program, A_feed_that_can_be_read_only_once_is_refused_at_once) {
  const std::string feed_path = feed();
  std::filesystem::path fifo = folder_ / "fifo";
  ASSERT_EQ(Command::shell("mkfifo '" + fifo.string() + "'").finish().exit_code, 0);
  expect_refused("--feed '" + fifo.string() + "'", exit_failed, fifo.string(), "a pipe");
  expect_refused("--feed /dev/stdin", exit_failed, "/dev/stdin", "a pipe");
  expect_refused("--feed <(cat '" + feed_path + "')", exit_failed, "/dev/fd", "a pipe");
  expect_refused("--feed /", exit_failed, "/", "a directory");
  expect_refused("--feed /dev/null", exit_failed, "/dev/null", "a device");
}

TEST_F(Program, A_feed_from_a_redirected_file_is_read_as_often_as_need_be) {
  const Outcome outcome = run("--feed /dev/stdin < '" + feed() + "'");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
}

TEST_F(Program, A_place_for_the_run_that_cannot_be_is_named) {
  const auto refused = [&](const std::string& script, const std::string& object,
                           const std::string& found) {
    const Outcome outcome = Command::shell(script).finish();
    EXPECT_EQ(outcome.exit_code, exit_failed) << script;
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("market_feed: " + object), HasSubstr(": found "), HasSubstr(found),
                      HasSubstr("; expected "), HasSubstr("; remedy: ")));
  };
  refused("TMPDIR=/nonexist market_feed --lines 100", "/nonexist", "No such file");
  refused("TMPDIR=/proc market_feed --lines 100", "/proc/market_feed-", "No such file");
  refused(script("--lines 100 --work-dir /proc/x"), "/proc/x", "No such file");
  refused(script("--lines 100 --work-dir '" + feed() + "'"), folder_ / "feed.jsonl", "a file");
  refused(script("--lines 100 --work-dir /"), "/", "not empty");
}

}  // namespace
}  // namespace disruptor_mp::market_feed
