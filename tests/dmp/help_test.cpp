// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What dmp says of itself is true: its help, its examples, its completion, its errors.
#include <gtest/gtest.h>

#include <atomic>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "dmp/support/json.hpp"
#include "dmp/support/rings.hpp"

namespace disruptor_mp::test {
namespace {

const std::vector<std::string> commands = {"pub",  "sub",    "ls",     "inspect", "tail",
                                           "stat", "export", "doctor", "clean"};

std::string help_of(const std::string& command) {
  const Outcome outcome = run_dmp({command, "--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  return outcome.out;
}

TEST(Help, Fits_eighty_columns_and_names_exit_codes_and_examples) {
  for (const std::string& command : commands) {
    const std::string help = help_of(command);
    for (const std::string& line : lines_of(help)) EXPECT_LE(line.size(), 80U) << line;
    EXPECT_NE(help.find("\nExamples:\n  dmp " + command), std::string::npos) << help;
    EXPECT_NE(help.find("\nExit codes: 0 done"), std::string::npos) << help;
  }
}

TEST(Help, Lists_every_command) {
  const Outcome outcome = run_dmp({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const std::string& command : commands)
    EXPECT_NE(outcome.out.find("\n  " + command + " "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\n  bench "), std::string::npos) << outcome.out;
}

TEST(Help, Is_a_word_as_well) {
  EXPECT_EQ(run_dmp({"help"}).out, run_dmp({"--help"}).out);
  EXPECT_EQ(run_dmp({"help", "pub"}).out, help_of("pub"));
}

TEST(Help, Version_is_one_line) {
  const Outcome outcome = run_dmp({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(std::regex_match(outcome.out, std::regex("dmp [0-9]+\\.[0-9]+\\.[0-9]+\n")))
      << outcome.out;
}

/// The examples of the help text, with names and places of our own.
std::vector<std::string> examples_of(const std::string& command, const std::string& ring,
                                     const std::string& folder) {
  std::vector<std::string> examples;
  for (std::string line : lines_of(help_of(command))) {
    if (!line.starts_with("  dmp " + command)) continue;
    line = std::regex_replace(line, std::regex(" (quotes|ticks)( |$)"), " " + ring + "$2");
    line = std::regex_replace(line, std::regex("/var/tmp"), folder);
    line = std::regex_replace(line, std::regex("--prefix market"), "--prefix " + ring_prefix());
    // A clean-up of everything would disturb other tests.
    line = std::regex_replace(line, std::regex("clean --dry-run"),
                              "clean --dry-run --prefix " + ring_prefix());
    // What goes on until it is interrupted is.
    line = std::regex_replace(line, std::regex("^ *(dmp (stat .*--watch|tail .*--follow).*)"),
                              "timeout -s INT --preserve-status 1 $1; test $? = 130");
    line = std::regex_replace(line, std::regex("^ *(dmp export .*--listen [0-9.]*:)9464"),
                              "timeout -s INT --preserve-status 1 $010; test $? = 130");
    examples.push_back(line);
  }
  EXPECT_GE(examples.size(), 2U);
  return examples;
}

std::string ring_in(const std::string& example) {
  std::smatch match;
  return std::regex_search(example, match, std::regex("(file:\\S+|dmp-test-\\S+)")) ? match.str()
                                                                                    : "";
}

void expect_ok(Command& example, const std::string& text) {
  const Outcome outcome = example.finish();
  EXPECT_EQ(outcome.exit_code, 0) << text << "\n" << outcome.out << outcome.err;
}

TEST(Help, Examples_of_pub_can_be_run) {
  TempFolder folder;
  for (const char* file : {"quotes.bin", "ticks.bin", "data"})
    std::ofstream(folder.path() / file) << random_bytes(64 * 16);
  const std::string ring = unique_ring_name().substr(4);
  for (const std::string& text : examples_of("pub", ring, folder.path().string())) {
    SCOPED_TRACE(text);
    Command one = Command::dmp({"sub", ring_in(text)});
    Command two = Command::dmp({"sub", ring_in(text), "--timeout", "60s"});
    Command example =
        Command::shell(text.find("--wait-for") == std::string::npos
                           ? std::regex_replace(text, std::regex("( <)"), " --wait-for 2 <")
                           : text,
                       folder.path().string());
    expect_ok(example, text);
    for (Command* sub : {&one, &two}) {
      const Outcome outcome = sub->finish();
      EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
      EXPECT_TRUE(outcome.out == random_bytes(64 * 16));
    }
  }
}

TEST(Help, Examples_of_sub_can_be_run) {
  TempFolder folder;
  const std::string ring = unique_ring_name().substr(4);
  for (const std::string& text : examples_of("sub", ring, folder.path().string())) {
    SCOPED_TRACE(text);
    Command pub = Command::dmp({"pub", ring, "--event-size", "64"});
    Subscriber other(ring, "other");  // an observer alone would not start the publisher
    Command example = Command::shell(text, folder.path().string());
    // Events come until the example has read enough, or is known to be there.
    std::atomic<bool> is_done = false;
    std::thread feeder([&] {
      const bool ends_by_itself = text.find("--count") != std::string::npos;
      while (!is_done && pub.try_feed(random_bytes(64))) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        const auto segment = look_at(ring);
        if (!ends_by_itself && segment && summarize(*segment).consumers_present == 2) break;
      }
      if (!ends_by_itself) pub.close_input();
    });
    expect_ok(example, text);
    is_done = true;
    feeder.join();
    EXPECT_EQ(pub.finish().exit_code, 0);
    EXPECT_EQ(other.command.finish().exit_code, 0);
  }
}

TEST(Help, Examples_of_what_only_looks_can_be_run) {
  TempFolder folder;
  const std::string ring = unique_ring_name().substr(4);
  Pair shm(ring);
  Pair file(folder.ring_name());
  for (const char* command : {"ls", "inspect", "tail", "stat", "export", "doctor"}) {
    for (const std::string& text : examples_of(command, ring, folder.path().string())) {
      Command example = Command::shell(text, folder.path().string());
      expect_ok(example, text);
    }
  }
  shm.close();
  file.close();
}

TEST(Help, Examples_of_clean_can_be_run) {
  TempFolder folder;
  const std::string ring = unique_ring_name().substr(4);
  for (const std::string& text : examples_of("clean", ring, folder.path().string())) {
    make_dead_ring(ring);
    make_dead_ring(folder.ring_name());
    Command example = Command::shell(text, folder.path().string());
    expect_ok(example, text);
    run_dmp({"clean", ring, folder.ring_name()});
  }
}

TEST(Errors, Of_usage_are_one_line_with_the_way_to_the_help) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"nonsense"},
      {"pub"},
      {"pub", "x"},
      {"pub", "x", "--event-size", "0"},
      {"pub", "x", "--event-size", "2000000"},
      {"pub", "x", "--event-size", "8", "--type", "T"},
      {"pub", "x", "--event-size", "8", "--timeout", "soon"},
      {"pub", "x", "--event-size", "8", "--producers", "two"},
      {"sub"},
      {"sub", "x", "--start", "somewhere"},
      {"sub", "x", "--count", "0"},
      {"sub", "x", "--kind", "lazy"},
      {"inspect"},
      {"tail", "x", "--last", "-1"},
      {"tail", "x", "--format", "raw"},
      {"stat"},
      {"stat", "x", "--interval", "never"},
      {"ls", "--nonsense"},
  };
  for (const auto& arguments : wrong) {
    const Outcome outcome = run_dmp(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
    EXPECT_TRUE(std::regex_search(outcome.err, std::regex("^dmp.*: .*\\. See `dmp.*--help`\\.\n$")))
        << outcome.err;
  }
}

TEST(Errors, Of_usage_name_object_found_and_expected) {
  const std::string commands_there_are =
      "one of pub, sub, ls, inspect, tail, stat, export, doctor, clean, bench";
  struct Case {
    std::vector<std::string> arguments;
    std::string object;
    std::string found;
    std::string expected;
  };
  for (const Case& each : std::vector<Case>{
           {{}, "dmp", "none", commands_there_are},
           {{"pubs"}, "dmp", "pubs", commands_there_are},
           {{"pubs", "x", "-n", "8"}, "dmp", "pubs", commands_there_are},
           {{"--nonsense"}, "dmp", "--nonsense", "one of --help, --version"},
           {{"inspect", "x", "y"}, "dmp inspect", "y", "nothing more than `inspect --help` shows"},
           {{"inspect", "x", "--all"},
            "dmp inspect",
            "--all",
            "one of --help, --json, --graph, --dot"},
           {{"inspect"}, "dmp inspect NAME", "nothing", "ring: NAME, shm:NAME or file:PATH"},
           {{"pub", "x", "-n", "8", "--batch", "0"},
            "dmp pub --batch",
            "0",
            "a whole number from 1 on"},
           {{"sub", "x", "--count", "-1"}, "dmp sub --count", "-1", "a whole number from 1 on"},
           {{"sub", "x", "--count", ""},
            "dmp sub --count",
            "an empty value",
            "a whole number from 1 on"},
           {{"pub", "x", "-n", "8", "--capacity", "-1"},
            "dmp pub --capacity",
            "-1",
            "a power of two from 1 to 1073741824"},
           {{"pub", "x", "-n", "0x10"},
            "dmp pub --event-size",
            "0x10",
            "a whole number from 1 to 1048576"},
           {{"sub", "x", "--timeout", "nan"},
            "dmp sub --timeout",
            "nan",
            "a time such as 10s, 250ms, 2m or 1h"},
           {{"sub", "x", "--kind", "lazy"},
            "dmp sub --kind",
            "lazy",
            "one of gating, observer, required"},
           {{"sub", "x", "--id"},
            "dmp sub --id",
            "nothing",
            "this consumer's id; made up if not given"},
           {{"sub", "x", "--id", "a", "--id", "b"},
            "dmp sub --id",
            "2 values",
            "this consumer's id; made up if not given"},
           {{"pub", "x", "-n", "8", "--type", "T"},
            "dmp pub --type",
            "this option alone",
            "--raw with it"},
           {{"clean", "x", "--prefix", "y"},
            "dmp clean NAME",
            "--prefix beside it",
            "one of the two"},
       }) {
    std::vector<std::string> arguments = each.arguments;
    const Outcome text = run_dmp(arguments);
    EXPECT_EQ(text.exit_code, 2);
    EXPECT_TRUE(text.err.starts_with(each.object + ": ")) << text.err;
    EXPECT_NE(text.err.find("; found " + each.found + "; expected " + each.expected + ". See `dmp"),
              std::string::npos)
        << text.err;
    if (arguments.empty() || arguments.back() == "--id") continue;  // it would become its value
    arguments.emplace_back("--json");
    const Outcome outcome = run_dmp(arguments);
    if (arguments.front().starts_with("--")) continue;  // only commands have a JSON form
    const auto errors = jsons_of_stderr(outcome);
    ASSERT_EQ(errors.size(), 1U) << outcome.err;
    expect_error_fields(errors[0], "usage", 2);
    EXPECT_EQ(errors[0]["error"]["object"], each.object);
    EXPECT_EQ(errors[0]["error"]["found"], each.found);
    EXPECT_EQ(errors[0]["error"]["expected"], each.expected);
  }
}

TEST(Errors, A_number_is_decimal_even_with_a_zero_before_it) {
  const Outcome outcome =
      run_dmp({"pub", unique_ring_name(), "--event-size", "010", "--wait-for", "0", "--json"},
              "0123456789");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(jsons_of_stderr(outcome).at(0)["events"], 1);
}

TEST(Errors, Of_the_library_name_object_found_expected_and_remedy) {
  const std::string ring = unique_ring_name();
  struct Case {
    std::vector<std::string> arguments;
    std::string text;
  };
  for (const Case& each : std::vector<Case>{
           {{"pub", ring, "--event-size", "8", "--capacity", "100"},
            "dmp: " + ring +
                ": the capacity is not a power of two; found 100; expected 64 or 128. "
                "Choose one of these.\n"},
           {{"sub", "a/b"},
            "dmp: ring name 'a/b': a shared-memory name may not contain a slash; found '/'; "
            "expected one path component. Use shm:NAME (or just NAME), file:PATH, memfd:LABEL or "
            "fd:NUMBER.\n"}}) {
    const Outcome outcome = run_dmp(each.arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.err, each.text);
  }
}

TEST(Errors, Have_a_json_form_in_every_command) {
  const std::string ring = unique_ring_name();
  struct Case {
    std::vector<std::string> arguments;
    std::string code;
    int exit_code;
  };
  for (const Case& each : std::vector<Case>{
           {{"pub", ring, "--event-size", "8", "--capacity", "0", "--json"}, "invalid_option", 2},
           {{"sub", ring, "--timeout", "1ms", "--json"}, "not_found", 3},
           {{"sub", ring, "--start", "resume", "--kind", "observer", "--json"},
            "invalid_option",
            2},
           {{"inspect", "", "--json"}, "invalid_name", 2},
           {{"ls", "--dir", "/nowhere/at/all", "--json"}, "not_found", 3},
           {{"clean", ring, "--json"}, "not_found", 3},
           {{"sub", "--json"}, "usage", 2},
       }) {
    const Outcome outcome = run_dmp(each.arguments);
    EXPECT_EQ(outcome.exit_code, each.exit_code) << outcome.err;
    const auto errors = jsons_of_stderr(outcome);
    ASSERT_EQ(errors.size(), 1U) << outcome.err;
    expect_error_fields(errors[0], each.code, each.exit_code);
  }
}

TEST(Errors, Summaries_have_a_json_form) {
  const std::string ring = unique_ring_name();
  Command sub = Command::dmp({"sub", ring, "--json"});
  const Outcome pub = run_dmp({"pub", ring, "--event-size", "4", "--json"}, "abcdef");
  for (const Outcome& outcome : {pub, sub.finish()}) {
    const auto lines = jsons_of_stderr(outcome);
    ASSERT_EQ(lines.size(), 1U) << outcome.err;
    expect_fields(lines[0], {{"command", "string"},
                             {"ring", "string"},
                             {"outcome", "string"},
                             {"events", "number"},
                             {"bytes", "number"},
                             {"missed", "number"},
                             {"voids", "number"},
                             {"first", "number"},
                             {"next", "number"},
                             {"seconds", "number"}});
    EXPECT_EQ(lines[0]["outcome"], "closed");
    EXPECT_EQ(lines[0]["events"], 2);
    EXPECT_EQ(lines[0]["bytes"], 6);
    EXPECT_EQ(lines[0]["next"], 2);
  }
}

TEST(Quiet, Says_nothing_at_all) {
  const std::string ring = unique_ring_name();
  Command sub = Command::dmp({"sub", ring, "--quiet"});
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "4", "--quiet"}, "abcdef").err, "");
  EXPECT_EQ(sub.finish().err, "");
}

/// script(1) of util-linux gives the command a terminal.
std::string on_terminal(const std::string& command, const std::string& environment = "") {
  Command shell = Command::shell("export TERM=xterm; unset NO_COLOR; " + environment +
                                 " script -qec '" + command + "' /dev/null");
  return shell.finish().out;
}

TEST(Colour, Only_on_a_terminal_and_not_with_no_color) {
  const std::string ring = unique_ring_name();
  make_open_ring(ring);
  const std::string list = "dmp ls --prefix " + ring_prefix();
  const std::string escape = "\x1b[";
  EXPECT_NE(on_terminal(list).find(escape), std::string::npos);
  EXPECT_EQ(on_terminal(list, "NO_COLOR=1").find(escape), std::string::npos);
  EXPECT_EQ(on_terminal(list, "TERM=dumb").find(escape), std::string::npos);
  EXPECT_EQ(run_dmp({"ls", "--prefix", ring_prefix()}).out.find(escape), std::string::npos);
  run_dmp({"clean", "--force", ring});
}

TEST(Progress, Is_shown_on_a_terminal) {
  const std::string ring = unique_ring_name();
  const std::string seen = on_terminal("dmp pub " + ring + " -n 4 --timeout 500ms < /dev/null");
  EXPECT_NE(seen.find("waiting for 1 consumer"), std::string::npos) << seen;
}

TEST(Bench, Is_the_program_beside_dmp_with_all_arguments) {
  TempFolder folder;
  std::filesystem::copy(bin_dir() + "/dmp", folder.path() / "dmp");
  Command without = Command::shell("./dmp bench", folder.path().string());
  const Outcome missing = without.finish();
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.err.find("the benchmark cannot be started; found No such file"),
            std::string::npos)
      << missing.err;

  std::ofstream(folder.path() / "dmp-bench") << "#!/bin/sh\necho \"$@\"; exit 7\n";
  std::filesystem::permissions(folder.path() / "dmp-bench", std::filesystem::perms::owner_all);
  Command with = Command::shell("./dmp bench --help --json 'a b'", folder.path().string());
  const Outcome outcome = with.finish();
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_EQ(outcome.out, "--help --json a b\n");

  Command help = Command::shell("./dmp help bench", folder.path().string());
  EXPECT_EQ(help.finish().out, "--help\n");
}

TEST(Completion, Offers_commands_options_values_and_names) {
  const std::string ring = unique_ring_name();
  make_open_ring(ring);
  const std::string name = ring.substr(4);
  const auto complete = [](const std::string& words) {
    Command shell = Command::shell("source '" + std::string(DMP_SOURCE_DIR) +
                                   "/tools/dmp/dmp.bash'; COMP_WORDS=(" + words +
                                   "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _dmp; "
                                   "echo ${COMPREPLY[@]}");
    return shell.finish().out;
  };
  EXPECT_EQ(complete("dmp in"), "inspect\n");
  EXPECT_EQ(complete("dmp sub x --kind re"), "required\n");
  EXPECT_EQ(complete("dmp pub --event"), "--event-size\n");
  EXPECT_EQ(complete("dmp inspect " + name.substr(0, name.size() - 1)), name + "\n");
  run_dmp({"clean", "--force", ring});
}

}  // namespace
}  // namespace disruptor_mp::test
