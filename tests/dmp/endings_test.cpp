// SPDX-License-Identifier: MIT OR Apache-2.0
//
// How `dmp pub` and `dmp sub` end, and what they say then.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "dmp/support/command.hpp"
#include "dmp/support/json.hpp"
#include "dmp/support/observe.hpp"
#include "dmp/support/subscriber.hpp"
#include "support/ring_names.hpp"

namespace disruptor_mp::test {
namespace {

void expect_says(const Outcome& outcome, int exit_code, const std::string& text) {
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_NE(outcome.err.find(text), std::string::npos) << outcome.err;
}

TEST(Endings, A_killed_producer_is_told_from_an_orderly_end) {
  const std::string ring = unique_ring_name();
  Command pub = Command::dmp({"pub", ring, "--event-size", "4"});
  Subscriber sub(ring, "s");
  Subscriber json(ring, "j", {"--json"});
  pub.feed("abcdefgh");
  sub.command.wait_for_output(8);
  json.command.wait_for_output(8);
  const pid_t pub_pid = pub.pid();
  pub.kill();
  pub.finish();

  const Outcome outcome = sub.command.finish();
  expect_says(outcome, 5,
              "the producer died; found producer (producer, pid " + std::to_string(pub_pid) +
                  ", dead), position 2; expected a living producer. Start a successor; with "
                  "--follow it is waited for.");
  EXPECT_EQ(outcome.out, "abcdefgh");
  const Outcome machine = json.command.finish();
  EXPECT_EQ(machine.exit_code, 5);
  const auto lines = jsons_of_stderr(machine);
  ASSERT_EQ(lines.size(), 2U) << machine.err;
  EXPECT_EQ(lines[0]["outcome"], "producer_dead");
  expect_error_fields(lines[1], "producer_dead", 5);
  EXPECT_EQ(lines[1]["error"]["object"], ring);
  EXPECT_EQ(run_dmp({"clean", ring}).exit_code, 0);
}

TEST(Endings, A_follower_waits_for_the_successor_of_a_killed_producer) {
  const std::string ring = unique_ring_name();
  const std::string input = random_bytes(4 * 100 + 3);
  Command pub = Command::dmp({"pub", ring, "--event-size", "4", "--capacity", "16"});
  Subscriber sub(ring, "s", {"--follow"});
  pub.feed(std::string_view(input).substr(0, 4 * 50));
  sub.command.wait_for_output(4 * 50);
  pub.kill();
  pub.finish();
  const Outcome successor = run_dmp({"pub", ring, "--event-size", "4"}, input.substr(4 * 50));
  expect_says(successor, 0, "going on at event 50, where a producer that died stopped");
  const Outcome outcome = sub.command.finish();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out == input);
}

TEST(Endings, A_ring_left_open_is_told_from_a_closed_one_and_goes_on_later) {
  const std::string ring = unique_ring_name();
  Command pub = Command::dmp({"pub", ring, "--event-size", "4", "--leave-open"});
  Subscriber impatient(ring, "i");
  Subscriber patient(ring, "p", {"--follow"});
  pub.feed("first part, ");
  EXPECT_EQ(pub.finish().exit_code, 0);
  const Outcome outcome = impatient.command.finish();
  expect_says(outcome, 5, "the producer left without closing");
  EXPECT_EQ(outcome.out, "first part, ");

  expect_says(run_dmp({"pub", ring, "--event-size", "4"}, "second part"), 0,
              "going on at event 3, where a producer that left stopped");
  EXPECT_EQ(patient.command.finish().out, "first part, second part");
  EXPECT_FALSE(exists(ring));
}

TEST(Endings, A_second_publisher_is_refused_while_the_first_lives) {
  const std::string ring = unique_ring_name();
  Command pub = Command::dmp({"pub", ring, "--event-size", "4"});
  Subscriber sub(ring, "s");
  expect_says(run_dmp({"pub", ring, "--event-size", "4", "--timeout", "0"}), 6,
              "the ring has a producer already; found producer (producer, pid " +
                  std::to_string(pub.pid()) + ", alive)");
  pub.feed("data");
  EXPECT_EQ(pub.finish().exit_code, 0);
  EXPECT_EQ(sub.command.finish().out, "data");
}

TEST(Endings, An_id_that_lives_is_refused) {
  const std::string ring = unique_ring_name();
  Command pub = Command::dmp({"pub", ring, "--event-size", "4"});
  Subscriber sub(ring, "twin");
  expect_says(run_dmp({"sub", ring, "--id", "twin"}), 6, "the id 'twin' is in use");
  EXPECT_EQ(pub.finish().exit_code, 0);
  EXPECT_EQ(sub.command.finish().exit_code, 0);
}

TEST(Endings, A_ring_that_never_appears_is_not_found) {
  const std::string ring = unique_ring_name();
  expect_says(run_dmp({"sub", ring, "--timeout", "10ms"}), 3, "there is no ring of this name");
}

TEST(Endings, Consumers_that_never_come_are_a_timeout_and_nothing_is_left) {
  const std::string ring = unique_ring_name();
  expect_says(run_dmp({"pub", ring, "--event-size", "4", "--timeout", "10ms"}, "data"), 4,
              "not enough consumers arrived in time; found nobody");
  EXPECT_FALSE(exists(ring));
}

TEST(Endings, A_wait_for_more_consumers_than_there_can_be_is_refused) {
  const std::string ring = unique_ring_name();
  const auto pub = [&](const std::string& consumers) {
    return run_dmp({"pub", ring, "--event-size", "8", "--wait-for", consumers}, "12345678");
  };
  expect_says(pub("-1"), 2, "found -1; expected a whole number from 0 to 4095");
  expect_says(pub("64"), 2, "found 64; expected 0 to 63, beside the producer. Wait for fewer");
  EXPECT_FALSE(exists(ring));

  ProducerOptions small;
  small.max_participants = 3;
  Producer<Bytes>::create(
      ring,
      {.size = 12, .align = 1, .name = "dmp.bytes", .schema = "length:u32@0 payload:bytes[8]@4"},
      small)
      .detach();
  for (const char* consumers : {"3", "64"})
    expect_says(pub(consumers), 2, "expected 0 to 2, beside the producer");
  EXPECT_TRUE(exists(ring)) << "it is left as it was found";
  run_dmp({"clean", "--force", ring});
}

TEST(Endings, A_ring_in_a_folder_that_is_missing_is_not_found) {
  expect_says(run_dmp({"pub", "file:/no/such/folder/ring", "--event-size", "8"}), 3,
              "file:/no/such/folder/ring: its directory does not exist; found No such file or "
              "directory: /no/such/folder; expected a directory that exists. Make it, or correct "
              "the path.");
  TempFolder folder;
  std::ofstream(folder.path() / "file") << "no folder";
  for (const char* command : {"pub", "sub", "inspect", "clean"}) {
    std::vector<std::string> arguments = {command, "file:" + folder.path().string() + "/file/ring"};
    if (arguments[0] == "pub") arguments.insert(arguments.end(), {"--event-size", "8"});
    if (arguments[0] == "sub") arguments.insert(arguments.end(), {"--timeout", "1ms"});
    expect_says(run_dmp(arguments), 3,
                "found Not a directory: " + folder.path().string() + "/file;");
  }
}

TEST(Endings, A_full_ring_that_nobody_reads_is_a_timeout) {
  const std::string ring = unique_ring_name();
  Command sub = Command::dmp({"sub", ring, "--id", "slow", "--kind", "required"});
  Command pub = Command::dmp({"pub", ring, "--event-size", "1", "--capacity", "4", "--wait-for",
                              "0", "--timeout", "10ms"});
  ASSERT_TRUE(eventually([&] { return is_present(ring, "slow"); }));
  sub.stop();
  pub.feed("more than four");
  const Outcome outcome = pub.finish();
  expect_says(outcome, 4, "10 bytes of the input were read but not published");
  expect_says(
      outcome, 4,
      "there was no room before the deadline; found a ring held full by slow (required, pid " +
          std::to_string(sub.pid()) + ", stopped) at 0; expected 4 free slots of 4");
  sub.signal(SIGCONT);
  EXPECT_EQ(sub.finish().exit_code, 0) << "a publisher that gives up closes the ring";
  EXPECT_FALSE(exists(ring));
}

TEST(Endings, A_full_ring_whose_name_was_removed_is_an_error_not_a_wait) {
  const std::string ring = unique_ring_name();
  Command pub =
      Command::dmp({"pub", ring, "--event-size", "1", "--capacity", "4", "--wait-for", "0"});
  ASSERT_TRUE(eventually([&] { return exists(ring); }));
  std::filesystem::remove(shm_path(ring));
  pub.feed("more than four");
  const Outcome outcome = pub.finish();
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_NE(outcome.err.find("nobody can find this ring any more, and it is full"),
            std::string::npos)
      << outcome.err;
}

TEST(Endings, A_short_timeout_is_not_rounded_up) {
  const std::string ring = unique_ring_name();
  Command pub = Command::dmp({"pub", ring, "--event-size", "4", "--wait-for", "0"});
  ASSERT_TRUE(eventually([&] { return exists(ring); }));
  // How long it takes depends on who else wants the cores: one quick end proves it.
  bool was_quick = false;
  for (int attempt = 0; attempt < 40 && !was_quick; ++attempt) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(run_dmp({"sub", ring, "--timeout", "50ms"}).exit_code, 4);
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_GE(took, std::chrono::milliseconds(50));
    was_quick = took < std::chrono::milliseconds(250);  // the tool looks for signals that often
  }
  EXPECT_TRUE(was_quick);
  EXPECT_EQ(pub.finish().exit_code, 0);
}

TEST(Endings, Silence_is_a_timeout) {
  const std::string ring = unique_ring_name();
  Command pub = Command::dmp({"pub", ring, "--event-size", "4"});
  ASSERT_TRUE(eventually([&] { return exists(ring); }));
  expect_says(run_dmp({"sub", ring, "--timeout", "10ms"}), 4, "no event came in time");
  pub.signal(SIGTERM);
  EXPECT_EQ(pub.finish().exit_code, 128 + SIGTERM);
}

class StopSignals : public testing::TestWithParam<int> {};

TEST_P(StopSignals, A_publisher_closes_the_ring_with_what_it_has_read) {
  const std::string ring = unique_ring_name();
  Command pub = Command::dmp({"pub", ring, "--event-size", "4"});
  Subscriber sub(ring, "s");
  pub.feed("abcdef");
  sub.command.wait_for_output(4);
  pub.signal(GetParam());
  expect_says(pub.finish(), 128 + GetParam(), "interrupted");
  const Outcome outcome = sub.command.finish();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "abcdef");
  EXPECT_FALSE(exists(ring));
}

TEST_P(StopSignals, A_publisher_that_waits_for_consumers_leaves_nothing) {
  const std::string ring = unique_ring_name();
  Command pub = Command::dmp({"pub", ring, "--event-size", "4"});
  ASSERT_TRUE(eventually([&] { return exists(ring); }));
  pub.signal(GetParam());
  EXPECT_EQ(pub.finish().exit_code, 128 + GetParam());
  EXPECT_FALSE(exists(ring));
}

TEST_P(StopSignals, A_publisher_before_a_full_ring_says_what_it_could_not_publish) {
  const std::string ring = unique_ring_name();
  Command pub =
      Command::dmp({"pub", ring, "--event-size", "1", "--capacity", "4", "--wait-for", "0"});
  pub.feed("123456789");
  ASSERT_TRUE(eventually([&] { return published(ring) == 4; }));
  pub.signal(GetParam());
  expect_says(pub.finish(), 128 + GetParam(), "5 bytes of the input were read but not published");
  EXPECT_FALSE(exists(ring));
}

TEST_P(StopSignals, A_subscriber_leaves_in_order) {
  const std::string ring = unique_ring_name();
  Command pub = Command::dmp({"pub", ring, "--event-size", "4"});
  Subscriber sub(ring, "s");
  pub.feed("data");
  sub.command.wait_for_output(4);
  sub.command.signal(GetParam());
  EXPECT_EQ(sub.command.finish().exit_code, 128 + GetParam());
  const auto participant = find_participant(ring, "s");
  ASSERT_TRUE(participant);
  EXPECT_EQ(participant->presence, Participant::Presence::left);
  EXPECT_EQ(participant->cursor, Sequence(1));
  EXPECT_EQ(pub.finish().exit_code, 0);
}

TEST_P(StopSignals, A_subscriber_that_waits_for_its_ring_ends) {
  const std::string ring = unique_ring_name();
  Command sub = Command::dmp({"sub", ring});
  ASSERT_TRUE(eventually([&] { return catches_signal(sub.pid(), GetParam()); }));
  sub.signal(GetParam());
  EXPECT_EQ(sub.finish().exit_code, 128 + GetParam());
}

INSTANTIATE_TEST_SUITE_P(, StopSignals, testing::Values(SIGINT, SIGTERM), [](const auto& info) {
  return std::string(info.param == SIGINT ? "Interrupt" : "Terminate");
});

TEST(Endings, A_reader_of_stdout_that_goes_away_is_an_orderly_end) {
  const std::string ring = unique_ring_name();
  Command sub = Command::shell("{ dmp sub " + ring + " --id s; echo code $? >&2; } | head -c 4");
  Command pub = Command::dmp({"pub", ring, "--event-size", "4"});
  pub.feed("abcd");
  sub.wait_for_output(4);
  // Nothing more is written: the subscriber notices by itself that nobody would read it.
  expect_says(sub.finish(), 0, "code 0");
  EXPECT_EQ(find_participant(ring, "s")->presence, Participant::Presence::left);
  EXPECT_EQ(pub.finish().exit_code, 0);
}

TEST(Endings, A_required_subscriber_without_reader_keeps_its_position) {
  const std::string ring = unique_ring_name();
  const std::string input = random_bytes(100000);
  Command sub = Command::shell(
      "{ dmp sub " + ring + " --id s --kind required; echo code $? >&2; } | head -c 4 | tail -c 0");
  Command pub = Command::dmp({"pub", ring, "--event-size", "100", "--capacity", "1024"});
  pub.feed(input);
  EXPECT_EQ(pub.finish().exit_code, 0);
  expect_says(sub.finish(), 0, "code 0");
  const std::uint64_t position = find_participant(ring, "s")->cursor.value();
  EXPECT_LT(position, 1000U);
  const Outcome rest = run_dmp({"sub", ring, "--id", "s", "--start", "resume"});
  EXPECT_TRUE(rest.out == input.substr(position * 100));
  EXPECT_FALSE(exists(ring));
}

TEST(Endings, Output_that_cannot_be_written_is_an_error_of_every_command) {
  const std::string ring = unique_ring_name();
  const std::string ours = " --prefix " + ring_prefix();
  Command pub = Command::dmp({"pub", ring, "--event-size", "4"});
  ASSERT_TRUE(eventually([&] { return exists(ring); }));
  for (const std::string& command :
       {"ls" + ours, "ls --json" + ours, "ls --names" + ours, "inspect " + ring,
        "inspect --json " + ring, "clean --dry-run" + ours, "clean --dry-run --json" + ours,
        std::string("--help"), std::string("--version")}) {
    SCOPED_TRACE(command);
    expect_says(Command::shell("dmp " + command + " > /dev/full").finish(), 1,
                "No space left on device");
    const Outcome unread =
        Command::shell("dmp " + command + " | true; echo ${PIPESTATUS[0]}").finish();
    EXPECT_EQ(unread.out, "0\n");
    EXPECT_EQ(unread.err, "");
  }
  pub.signal(SIGTERM);
  EXPECT_EQ(pub.finish().exit_code, 128 + SIGTERM);
}

TEST(Endings, A_full_disk_is_an_error_and_a_required_subscriber_loses_nothing) {
  const std::string ring = unique_ring_name();
  Command sub = Command::shell("dmp sub " + ring + " --id s --kind required > /dev/full");
  const std::string input = random_bytes(1000);
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "8"}, input).exit_code, 0);
  expect_says(sub.finish(), 1, "No space left on device");
  EXPECT_TRUE(run_dmp({"sub", ring, "--id", "s", "--start", "resume"}).out == input);
  EXPECT_FALSE(exists(ring));
}

TEST(Endings, A_closed_stdout_is_an_error_and_never_the_ring_itself) {
  const std::string ring = unique_ring_name();
  Command sub = Command::shell("dmp sub " + ring + " --id s --kind required >&-");
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "8"}, "12345678").exit_code, 0);
  expect_says(sub.finish(), 1, "stdout: it cannot be written; found Bad file descriptor");
  EXPECT_EQ(run_dmp({"sub", ring, "--id", "s", "--start", "resume"}).out, "12345678");
}

TEST(Endings, Events_that_nobody_waits_for_are_not_lost_silently) {
  const std::string ring = unique_ring_name();
  expect_says(run_dmp({"pub", ring, "--event-size", "8", "--wait-for", "0"}, "12345678"), 0,
              "no consumer is attached; events that none has read are gone");
}

TEST(Endings, A_ring_of_another_event_size_is_refused_and_left_alone) {
  const std::string ring = unique_ring_name();
  ASSERT_EQ(
      run_dmp({"pub", ring, "--event-size", "8", "--wait-for", "0", "--leave-open"}, "12345678")
          .exit_code,
      0);
  expect_says(run_dmp({"pub", ring, "--event-size", "16", "--wait-for", "0"}, "x"), 1,
              "the ring's events have another size");
  Subscriber sub(ring, "s", {"--follow"});
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "8"}, "ninth").exit_code, 0);
  EXPECT_EQ(sub.command.finish().out, "12345678ninth");
}

TEST(Endings, A_failed_takeover_leaves_the_ring_open) {
  const std::string ring = unique_ring_name();
  ASSERT_EQ(
      run_dmp({"pub", ring, "--event-size", "8", "--wait-for", "0", "--leave-open"}, "12345678")
          .exit_code,
      0);
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "8", "--timeout", "10ms"}).exit_code, 4);
  Subscriber sub(ring, "s", {"--follow"});
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "8"}, "ninth").exit_code, 0);
  EXPECT_EQ(sub.command.finish().out, "12345678ninth");
}

}  // namespace
}  // namespace disruptor_mp::test
