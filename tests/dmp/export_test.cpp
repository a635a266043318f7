// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What `dmp export` gives to a scraper; scripts/check-prometheus has a real server scrape it.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "disruptor_mp/disruptor_mp.hpp"
#include "dmp/support/json.hpp"
#include "dmp/support/rings.hpp"

namespace disruptor_mp::test {
namespace {

std::string export_once(const std::string& prefix) {
  const Outcome outcome = run_dmp({"export", "--once", "--prefix", prefix});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return outcome.out;
}

void expect_line(const std::string& text, const std::string& line) {
  EXPECT_NE(("\n" + text).find("\n" + line + "\n"), std::string::npos)
      << "'" << line << "' is not in\n"
      << text;
}

TEST(Export, Tells_of_rings_participants_and_counters) {
  const std::string ring = unique_ring_name();
  auto producer = Producer<std::uint64_t>::create(ring, {.capacity = 16, .id = "feed"});
  auto consumer = Consumer<std::uint64_t>::attach(ring, {.id = "risk"});
  for (std::uint64_t i = 0; i != 4; ++i) ASSERT_EQ(producer.publish(i), Publish::ok);
  consumer.try_next();
  producer.counter(0x100, "orders").set(7);
  const std::string text = export_once(ring.substr(4));
  const std::string of_ring = "ring=\"" + ring + "\"";
  const std::string feed = of_ring + ",participant=\"feed\",kind=\"producer\"";
  const std::string risk = of_ring + ",participant=\"risk\",kind=\"gating\"";
  for (const std::string& line : std::vector<std::string>{
           "# TYPE disruptor_mp_events_published_total counter",
           "disruptor_mp_ring_readable{" + of_ring + "} 1",
           "disruptor_mp_ring_state{" + of_ring + ",state=\"alive\"} 1",
           "disruptor_mp_ring_state{" + of_ring + ",state=\"dead\"} 0",
           "disruptor_mp_ring_slots{" + of_ring + "} 16",
           "disruptor_mp_ring_published_events_total{" + of_ring + "} 4",
           "disruptor_mp_ring_fill_ratio{" + of_ring + "} 0.1875",
           "disruptor_mp_participant_state{" + risk + ",state=\"alive\"} 1",
           "disruptor_mp_participant_gates{" + risk + "} 1",
           "disruptor_mp_consumer_lag_events{" + risk + "} 3",
           "disruptor_mp_events_published_total{" + feed + "} 4",
           "disruptor_mp_events_published_bytes_total{" + feed + "} 32",
           "disruptor_mp_events_consumed_total{" + risk + "} 1",
           "disruptor_mp_producer_blocked_seconds_total{" + feed + "} 0",
           "disruptor_mp_producer_blocked_now_seconds{" + feed + ",by=\"\"} 0",
           "disruptor_mp_user_counter{" + feed + ",counter=\"orders\"} 7",
       }) {
    expect_line(text, line);
  }
}

TEST(Export, Of_a_ring_without_counters_tells_the_rest) {
  const std::string ring = unique_ring_name();
  auto producer = Producer<std::uint64_t>::create(ring, {.counters = false});
  const std::string text = export_once(ring.substr(4));
  expect_line(text, "disruptor_mp_ring_readable{ring=\"" + ring + "\"} 1");
  EXPECT_EQ(text.find("events_published_total"), std::string::npos);
}

TEST(Export, Tells_what_cannot_be_read_beside_the_others_and_nothing_of_foreign_objects) {
  const std::string prefix = unique_ring_name();
  make_dead_ring(prefix + "-damaged");
  corrupt(prefix + "-damaged");
  make_dead_ring(prefix + "-good");
  make_foreign_object(prefix + "-foreign");
  const std::string text = export_once(prefix.substr(4));
  expect_line(text, "disruptor_mp_ring_readable{ring=\"" + prefix + "-damaged\"} 0");
  expect_line(text,
              "disruptor_mp_ring_error_info{ring=\"" + prefix + "-damaged\",error=\"corrupt\"} 1");
  expect_line(text, "disruptor_mp_ring_state{ring=\"" + prefix + "-good\",state=\"dead\"} 1");
  EXPECT_EQ(text.find("foreign"), std::string::npos);
  for (const char* each : {"-damaged", "-good", "-foreign"})
    std::filesystem::remove(path_of(prefix + each));
}

/// Serves at a port that is free, fetches what `path` gives, and ends it.
std::string fetch(const std::string& arguments, const std::string& path) {
  Command run = Command::shell(
      "log=$(mktemp)\n"
      "dmp export --listen 127.0.0.1:0 " +
      arguments +
      " 2>\"$log\" & server=$!\n"
      "until url=$(sed -n 's|.*serving \\(.*\\)/metrics|\\1|p' \"$log\" | grep .)\n"
      "do kill -0 $server || exit 9; sleep 0.02; done\n"
      "python3 -c 'import sys, urllib.request as u; "
      "print(u.urlopen(sys.argv[1]).read().decode())' \"$url" +
      path +
      "\"\n"
      "kill -TERM $server; wait $server; echo \"exit code $?\"; rm \"$log\"");
  const Outcome outcome = run.finish();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return outcome.out;
}

TEST(Export, Serves_over_http_until_it_is_told_to_end) {
  const std::string ring = unique_ring_name();
  auto producer = Producer<std::uint64_t>::create(ring);
  const std::string text = fetch("--prefix " + ring.substr(4), "/metrics");
  expect_line(text, "disruptor_mp_ring_readable{ring=\"" + ring + "\"} 1");
  expect_line(text, "exit code 143");
}

TEST(Export, That_cannot_listen_is_an_error_that_names_the_address) {
  for (const char* address : {"192.0.2.1:9464", "nonsense", "127.0.0.1:99999"}) {
    const Outcome outcome = run_dmp({"export", "--listen", address});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_NE(outcome.err.find(std::string("cannot listen; found ") + address), std::string::npos)
        << outcome.err;
  }
}

}  // namespace
}  // namespace disruptor_mp::test
