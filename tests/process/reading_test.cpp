// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Facts about readers that only separate processes can show.
#include <chrono>
#include <thread>

#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

class Reading : public ProcessTestWithSetting {};

TEST_P(Reading, Two_subscribers_get_identical_bytes) {
  Peer producer = start(spec("producer", "create await stream:20000 close", "--kind=producer"));
  producer.expect("attached");
  Peer first = start(spec("first", "join drain leave", "--kind=gating"));
  Peer second = start(spec("second", "join handle_slowly leave", "--kind=required"));
  first.expect("attached");
  second.expect("attached");
  producer.tell();
  for (Peer* peer : {&producer, &first, &second}) peer->wait_success();

  const auto handled = [&](const char* id) {
    return EventLog::read(scratch().logs() / (std::string(id) + ".1.log")).records;
  };
  const auto left = handled("first");
  const auto right = handled("second");
  ASSERT_EQ(left.size(), 20000U);
  ASSERT_EQ(right.size(), 20000U);
  for (std::size_t i = 0; i < left.size(); ++i) {
    // A proven event's bytes follow from sequence and origin.
    ASSERT_TRUE(left[i].sequence == right[i].sequence && left[i].origin == right[i].origin &&
                left[i].is_proven == 1 && right[i].is_proven == 1)
        << "event " << i;
  }
  expect_no_violation();
  expect_nothing_remains();
}

TEST_P(Reading, An_idle_blocked_consumer_uses_no_cpu) {
  Peer producer = start(spec("producer", "create publish:1 sleep", "--kind=producer"));
  producer.skip_to("published");
  Peer consumer = start(spec("consumer", "join handle:1 drain", "--kind=gating"));
  consumer.skip_to("handled");
  consumer.wait_asleep();
  const std::uint64_t before = consumer.cpu_time_ns();
  const std::uint64_t slept = consumer.sleeps();
  const auto start = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(2s);
  const std::uint64_t used = consumer.cpu_time_ns() - before;
  // A look each 50 ms whether somebody has died, and not many more. What a look takes is the
  // machine's business: some 0.1 ms, a few times that beside other work.
  const auto naps = (std::chrono::steady_clock::now() - start) / 50ms;
  EXPECT_LE(consumer.sleeps() - slept, static_cast<std::uint64_t>(naps) * 3 / 2);
  EXPECT_LE(std::chrono::nanoseconds(used), is_sanitized() ? 200ms : 60ms) << "3 % of a core";
  RecordProperty("cpu_ns_in_2_s", std::to_string(used));
}

INSTANTIATE_TEST_SUITE_P(, Reading, testing::ValuesIn(both_backends), SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
