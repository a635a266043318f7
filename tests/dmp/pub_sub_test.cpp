// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Bytes in, bytes out: what `dmp pub` reads is what every `dmp sub` prints.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "dmp/support/command.hpp"
#include "dmp/support/observe.hpp"
#include "dmp/support/subscriber.hpp"
#include "support/ring_names.hpp"

namespace disruptor_mp::test {
namespace {

enum class First { subscribers, publisher };

struct Place {
  os::Backend backend;
  TempFolder folder;
  explicit Place(os::Backend b) : backend(b) {}
  [[nodiscard]] std::string new_ring() {
    return backend == os::Backend::shm ? unique_ring_name() : folder.ring_name();
  }
};

class ByteStream : public testing::TestWithParam<std::tuple<os::Backend, std::size_t, First>> {
 protected:
  std::size_t event_size() const { return std::get<1>(GetParam()); }

  /// Sends the input through two subscribers.
  void expect_same(const std::string& input) {
    const std::string ring = place_.new_ring();
    const std::vector<std::string> publish = {
        "pub",        ring, "--event-size", std::to_string(event_size()),
        "--capacity", "64", "--wait-for",   "2"};
    if (std::get<2>(GetParam()) == First::publisher) {
      Command pub = Command::dmp(publish);
      ASSERT_TRUE(eventually([&] { return exists(ring); }));
      Command one = Command::dmp({"sub", ring, "--id", "one"});
      Command two = Command::dmp({"sub", ring, "--id", "two"});
      expect_same(input, pub, one, two);
    } else {
      Command one = Command::dmp({"sub", ring, "--id", "one"});
      Command two = Command::dmp({"sub", ring, "--id", "two"});
      Command pub = Command::dmp(publish);
      expect_same(input, pub, one, two);
    }
    EXPECT_FALSE(exists(ring));
  }

 private:
  static void expect_same(const std::string& input, Command& pub, Command& one, Command& two) {
    pub.feed(input);
    const Outcome published = pub.finish();
    EXPECT_EQ(published.exit_code, 0) << published.err;
    for (Command* sub : {&one, &two}) {
      const Outcome outcome = sub->finish();
      EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
      EXPECT_TRUE(outcome.out == input)
          << outcome.out.size() << " bytes of " << input.size() << "; " << outcome.err;
    }
  }

  Place place_{std::get<0>(GetParam())};
};

TEST_P(ByteStream, A_multiple_of_the_event_size_comes_out_identical) {
  expect_same(random_bytes(event_size() * 1000));
}

TEST_P(ByteStream, A_rest_smaller_than_an_event_comes_out_identical) {
  expect_same(random_bytes(event_size() * 777 + event_size() / 2));
  expect_same(random_bytes(event_size() * 128 + 1));
}

TEST_P(ByteStream, Nothing_comes_out_of_nothing) { expect_same({}); }

INSTANTIATE_TEST_SUITE_P(
    , ByteStream,
    testing::Combine(testing::Values(os::Backend::shm, os::Backend::file),
                     testing::Values(std::size_t{1}, std::size_t{7}, std::size_t{64},
                                     std::size_t{4096}),
                     testing::Values(First::subscribers, First::publisher)),
    [](const auto& info) {
      return std::string(std::get<0>(info.param) == os::Backend::shm ? "Shm" : "File") +
             std::to_string(std::get<1>(info.param)) +
             (std::get<2>(info.param) == First::publisher ? "PublisherFirst" : "SubscribersFirst");
    });

TEST(PubSub, The_largest_event_is_possible) {
  const std::string ring = unique_ring_name();
  const std::string input = random_bytes((2U << 20U) + 12345);
  Command sub = Command::dmp({"sub", ring});
  const Outcome pub = run_dmp({"pub", ring, "--event-size", "1048576", "--capacity", "2"}, input);
  EXPECT_EQ(pub.exit_code, 0) << pub.err;
  EXPECT_TRUE(sub.finish().out == input);
}

TEST(PubSub, What_has_been_typed_is_published_without_waiting_for_more) {
  const std::string ring = unique_ring_name();
  Command pub = Command::dmp({"pub", ring, "--event-size", "4"});
  Subscriber sub(ring, "s");
  pub.feed("abcdefgh-");
  sub.command.wait_for_output(8);
  pub.feed("12");
  EXPECT_EQ(pub.finish().exit_code, 0);
  EXPECT_EQ(sub.command.finish().out, "abcdefgh-12");
}

TEST(PubSub, A_required_consumer_killed_between_batches_gets_everything_exactly_once) {
  const std::string ring = unique_ring_name();
  const std::string input = random_bytes(64 * 300 + 5);
  const std::vector<std::string> required = {"--kind", "required", "--start", "resume"};
  Command pub = Command::dmp({"pub", ring, "--event-size", "64", "--capacity", "128"});
  Subscriber first(ring, "journal", required);

  pub.feed(std::string_view(input).substr(0, 64 * 100));
  first.command.wait_for_output(64 * 100);
  ASSERT_TRUE(eventually([&] { return has_committed(ring, "journal", 100); }));
  first.command.kill();
  const std::string before = first.command.finish().out;

  pub.feed(std::string_view(input).substr(64 * 100, 64 * 100));
  ASSERT_TRUE(eventually([&] { return published(ring) == 200; }));
  Subscriber second(ring, "journal", required);
  pub.feed(std::string_view(input).substr(64 * 200));
  EXPECT_EQ(pub.finish().exit_code, 0);
  const Outcome after = second.command.finish();
  EXPECT_EQ(after.exit_code, 0) << after.err;
  EXPECT_TRUE(before + after.out == input);
}

/// Lines of `--format hex`: sequence → the line; a sequence that comes twice must be the same.
void add_lines(const std::string& text, std::map<std::uint64_t, std::string>& lines,
               std::uint64_t& repeated) {
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line) && !stream.eof();) {
    const auto [place, is_new] = lines.emplace(std::stoull(line), line);
    if (!is_new) {
      ++repeated;
      EXPECT_EQ(place->second, line);
    }
  }
}

TEST(PubSub, A_required_consumer_killed_at_any_moment_repeats_at_most_a_batch) {
  const std::string ring = unique_ring_name();
  constexpr std::uint64_t events = 20000;
  constexpr std::uint64_t batch = 16;
  const std::vector<std::string> required = {"--kind",  "required", "--start",  "resume",
                                             "--batch", "16",       "--format", "hex"};
  Command pub = Command::dmp({"pub", ring, "--event-size", "8", "--capacity", "64"});
  std::map<std::uint64_t, std::string> lines;
  std::uint64_t repeated = 0;
  std::thread feeder([&] {
    pub.feed(random_bytes(events * 8));
    pub.close_input();
  });
  constexpr int kills = 4;
  for (int life = 0; life <= kills; ++life) {
    Command sub = Command::dmp(Subscriber::arguments(ring, "journal", required));
    if (life < kills) {
      sub.wait_for_output(1000);
      sub.kill();
    }
    add_lines(sub.finish().out, lines, repeated);
  }
  feeder.join();
  EXPECT_EQ(pub.finish().exit_code, 0);
  EXPECT_EQ(lines.size(), events);
  EXPECT_EQ(lines.rbegin()->first, events - 1);
  EXPECT_LE(repeated, kills * batch);
}

TEST(PubSub, Count_ends_early_and_a_resume_goes_on_right_there) {
  const std::string ring = unique_ring_name();
  const std::string input = random_bytes(8 * 50);
  Command pub = Command::dmp({"pub", ring, "--event-size", "8"});
  Command head = Command::dmp({"sub", ring, "--id", "s", "--kind", "required", "--count", "7"});
  pub.feed(input);
  const Outcome first = head.finish();
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_TRUE(first.out == input.substr(0, 8 * 7));
  Subscriber rest(ring, "s", {"--start", "resume"});
  EXPECT_EQ(pub.finish().exit_code, 0);
  EXPECT_TRUE(rest.command.finish().out == input.substr(8 * 7));
}

TEST(PubSub, Latest_starts_behind_what_is_there) {
  const std::string ring = unique_ring_name();
  Command pub = Command::dmp({"pub", ring, "--event-size", "4", "--wait-for", "0"});
  pub.feed("old.");
  ASSERT_TRUE(eventually([&] { return published(ring) == 1; }));
  Subscriber sub(ring, "s", {"--start", "latest"});
  pub.feed("new.");
  EXPECT_EQ(pub.finish().exit_code, 0);
  EXPECT_EQ(sub.command.finish().out, "new.");
}

TEST(PubSub, An_observer_prints_or_counts_every_event) {
  const std::string ring = unique_ring_name();
  constexpr std::size_t events = 5000;
  const std::string input = random_bytes(events * 8);
  Command pub = Command::dmp({"pub", ring, "--event-size", "8", "--capacity", "64"});
  Subscriber gating(ring, "g");
  Command observer = Command::dmp({"sub", ring, "--kind", "observer", "--json"});
  pub.feed(std::string_view(input).substr(0, 8 * 10));
  observer.wait_for_output(8 * 10);
  observer.stop();
  pub.feed(std::string_view(input).substr(8 * 10));
  gating.command.wait_for_output(8 * events);
  observer.signal(SIGCONT);
  EXPECT_EQ(pub.finish().exit_code, 0);
  EXPECT_EQ(gating.command.finish().exit_code, 0);

  const Outcome seen = observer.finish();
  EXPECT_EQ(seen.exit_code, 0) << seen.err;
  const auto summary = nlohmann::json::parse(seen.err);
  const std::uint64_t missed = summary["missed"];
  EXPECT_GE(missed, events - 10 - 64);
  EXPECT_EQ(summary["events"].get<std::uint64_t>() + missed, events);
  EXPECT_TRUE(seen.out == input.substr(0, 8 * 10) + input.substr(8 * (10 + missed)));
}

TEST(PubSub, Hex_shows_sequence_and_bytes) {
  const std::string ring = unique_ring_name();
  Command sub = Command::dmp({"sub", ring, "--format", "hex"});
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "2"}, "abc").exit_code, 0);
  EXPECT_EQ(sub.finish().out, "0 6162\n1 63\n");
}

TEST(PubSub, Frames_shows_events_as_they_lie_in_the_ring) {
  const std::string ring = unique_ring_name();
  Command sub = Command::dmp({"sub", ring, "--format", "hex", "--frames"});
  EXPECT_EQ(run_dmp({"pub", ring, "--event-size", "2"}, "abc").exit_code, 0);
  EXPECT_EQ(sub.finish().out, "0 020000006162\n1 010000006300\n");
}

struct Tick {
  std::uint64_t number;
  std::uint32_t check;
  std::uint32_t unused;
};

TEST(PubSub, Raw_events_are_read_by_a_program_of_their_type) {
  const std::string ring = unique_ring_name();
  const EventType type = event_type_of<Tick>();
  Command pub =
      Command::dmp({"pub", ring, "--event-size", std::to_string(type.size), "--raw", "--type",
                    type.name, "--align", std::to_string(type.align), "--schema", type.schema});
  auto ticks = Consumer<Tick>::attach(ring, {.timeout = std::chrono::seconds(60)});
  std::string input;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const Tick tick{.number = i, .check = static_cast<std::uint32_t>(i * i), .unused = 0};
    input.append(reinterpret_cast<const char*>(&tick), sizeof tick);
  }
  pub.feed(input);
  EXPECT_EQ(pub.finish().exit_code, 0);
  std::uint64_t next = 0;
  for (const Tick& tick : ticks) {
    EXPECT_EQ(tick.number, next);
    EXPECT_EQ(tick.check, next * next);
    ++next;
  }
  EXPECT_EQ(next, 100U);
  EXPECT_EQ(ticks.ended(), Poll::closed);
}

TEST(PubSub, Raw_input_that_ends_inside_an_event_is_an_error_and_the_whole_events_arrive) {
  const std::string ring = unique_ring_name();
  Command sub = Command::dmp({"sub", ring});
  const Outcome pub = run_dmp({"pub", ring, "--event-size", "4", "--raw"}, "abcdefghi");
  EXPECT_EQ(pub.exit_code, 1);
  EXPECT_NE(pub.err.find("the input ends inside an event; found 1 bytes after 2 events; expected a "
                         "multiple of 4 bytes"),
            std::string::npos)
      << pub.err;
  EXPECT_EQ(sub.finish().out, "abcdefgh");
}

}  // namespace
}  // namespace disruptor_mp::test
