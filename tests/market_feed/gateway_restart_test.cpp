// SPDX-License-Identifier: MIT OR Apache-2.0
//
// One of several gateways is killed and comes back while the journal is far behind: it must not go
// by what the journal has written so far. The gateway is the real process; everybody else is the
// test.
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <disruptor_mp/disruptor_mp.hpp>
#include <string>
#include <thread>
#include <vector>

#include "market_feed/feed_generator.hpp"
#include "market_feed/journal_file.hpp"
#include "market_feed/several_feeds.hpp"
#include "temp_folder.hpp"

namespace disruptor_mp::market_feed {
namespace {

using namespace std::chrono_literals;

class Gateway {
 public:
  explicit Gateway(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), std::string(DMP_BIN_DIR) + "/market_feed");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), environ), 0);
  }
  ~Gateway() { kill(); }
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  [[nodiscard]] std::uint32_t pid() const { return static_cast<std::uint32_t>(pid_); }
  void wait_until_stopped() const {
    int status = 0;
    ASSERT_EQ(waitpid(pid_, &status, WUNTRACED), pid_);
    ASSERT_TRUE(WIFSTOPPED(status));
  }
  int exit_code() {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

class GatewayRestart : public testing::Test {
 protected:
  GatewayRestart()
      : feed_(folder_ / "feed"),
        journal_(folder_ / "journal"),
        ring_("file:" + (folder_ / "ring").string()) {
    write_generated_feed(feed_, {.seed = 5, .lines = 400});
    events_ = reference_of(feed_).counts.events();
  }

  std::vector<std::string> arguments(std::uint64_t stop) const {
    std::vector<std::string> all = {"role",       "gateway",
                                    "--ring",     ring_,
                                    "--feed",     feed_.string(),
                                    "--work-dir", (folder_ / "").string(),
                                    "--events",   std::to_string(events_ + 1),  // ours is one more
                                    "--voids",    "8",
                                    "--gateways", "2",
                                    "--index",    "1",
                                    "--capacity", "4096"};
    if (stop != 0) all.insert(all.end(), {"--stop-at", std::to_string(stop)});
    return all;
  }

  /// Reads that many batches of what is there into the journal, as the journal process does.
  void write_journal(Consumer<Bytes>& reader, std::uint64_t batches) {
    JournalWriter writer(journal_);
    std::vector<MarketEvent> batch;
    const auto handler = [&](std::span<const std::byte> bytes, Sequence sequence, bool is_last) {
      std::memcpy(&batch.emplace_back(), bytes.data(), sizeof(MarketEvent));
      if (!is_last) return;
      writer.skip_to(sequence.value() + 1 - batch.size());
      writer.write(sequence.value() + 1 - batch.size(), batch);
      batch.clear();
    };
    while (batches-- != 0 && reader.poll_until(os::now() + 20ms, handler).outcome == Poll::events) {
    }
  }

  TempFolder folder_;
  std::filesystem::path feed_;
  std::filesystem::path journal_;
  std::string ring_;
  std::uint64_t events_ = 0;
};

TEST_F(GatewayRestart, It_waits_until_the_journal_has_all_that_the_dead_one_published) {
  const std::uint64_t killed_at = events_ / 2;
  Gateway first(arguments(killed_at));
  auto journal = Consumer<Bytes>::attach(
      ring_, {.id = "journal", .kind = ConsumerKind::required, .timeout = 30s, .max_batch = 1});
  auto analytics = Consumer<Bytes>::attach(ring_, {.id = "analytics"});
  first.wait_until_stopped();
  first.kill();
  const auto claimed = [&] { return stream_position(journal.segment()).published.value(); };
  const std::uint64_t before = claimed();
  ASSERT_EQ(before, 1 + killed_at + 1);  // its mark, its events, and the claim it died with

  // Not all is in the journal's file. The second life leaves its mark, and then must wait.
  write_journal(journal, killed_at - 3);
  Gateway second(arguments(0));
  for (int i = 0; i < 30'000 && claimed() == before; ++i) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(50ms);  // what it must not do would take it microseconds
  EXPECT_EQ(claimed(), before + 1);

  auto other = Producer<Bytes>::attach(ring_, EventType{}, {.id = "gateway.2"});
  const auto count = [&] {
    return std::filesystem::exists(journal_)
               ? JournalReader(journal_).count_events(JournalReader(journal_).complete_events())
               : 0;
  };
  for (int i = 0; i < 1'000 && count() < events_; ++i) write_journal(journal, 100);
  other.close();
  EXPECT_EQ(second.exit_code(), 0);
  EXPECT_EQ(journal.voids(), 3U);
  EXPECT_EQ(split_difference(journal_, {feed_}, {}), std::nullopt);
}

}  // namespace
}  // namespace disruptor_mp::market_feed
