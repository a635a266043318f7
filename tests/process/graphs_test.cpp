// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Pipelines and diamonds of real processes, whose members are killed, stopped, restarted, late, and
// leave. Each dependent looks in its handler, at what everybody can see, whether those it waits for
// have committed the event (ring_peer.cpp, "ahead"); the oracle judges the rest.
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/local.hpp"
#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

class GraphsOfProcesses : public ProcessTestWithSetting {
 protected:
  static constexpr std::uint64_t capacity = 16;

  GraphsOfProcesses() { create(); }
  ~GraphsOfProcesses() override {
    producer_.reset();
    try {
      clean_ring(os::ObjectName::parse(ring()), {.force = true});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Errc::not_found) << error.what();
    }
  }

  void create() {
    ProducerOptions options{.capacity = capacity, .max_participants = 8};
    options.producers = setting_.producers;
    options.required_patience = hang_time;
    producer_.emplace(scratch(), setting_.form, ProducerBirth::create, 1, options);
  }
  [[nodiscard]] Peer member(const std::string& id, const std::string& after,
                            const std::string& steps, const std::string& kind = "required") {
    PeerSpec wanted =
        spec(id, "join " + steps,
             "--kind=" + kind + " --start=resume --patience-ms=30000 --timeout-ms=10000" +
                 (after.empty() ? std::string() : " --after=" + after));
    wanted.incarnation = ++lives_[id];
    wanted.max_batch = 4;
    return start(wanted);
  }
  [[nodiscard]] Peer attached(Peer peer) {
    peer.expect("attached");
    return peer;
  }
  /// Publishes so many events and the end of the stream.
  void publish_and_close(std::uint64_t count) {
    ASSERT_EQ(producer_->publish(count), Publish::ok);
    producer_.reset();
  }
  /// It reads to the end, and never too early.
  static void expect_end(Peer& peer, std::uint64_t end) {
    EXPECT_EQ(peer.expect("ended closed "), std::to_string(end) + " 0");
    peer.wait_success();
  }
  /// Where the row of this id stands.
  [[nodiscard]] std::uint64_t position(const std::string& id) {
    for (const Participant& participant : (*producer_)->participants()) {
      if (participant.id == id) return participant.cursor.value();
    }
    return ~std::uint64_t{0};
  }
  void wait_for_position(const std::string& id, std::uint64_t wanted) {
    const TimePoint deadline = hang_deadline();
    while (position(id) != wanted && os::now() < deadline) os::sleep_until(os::now() + 1ms);
    EXPECT_EQ(position(id), wanted) << id;
  }
  void expect_over() {
    expect_no_violation();
    expect_nothing_remains();
  }

  std::map<std::string, std::uint64_t> lives_;
  std::optional<LocalProducer> producer_;
};

TEST_P(GraphsOfProcesses, A_pipeline_hands_every_event_on) {
  Peer c = attached(member("c", "b", "drain leave"));
  Peer b = attached(member("b", "a", "drain leave"));
  Peer a = attached(member("a", "", "drain leave"));
  publish_and_close(600);
  for (Peer* peer : {&a, &b, &c}) expect_end(*peer, 600);
  expect_over();
}

TEST_P(GraphsOfProcesses, A_diamond_hands_every_event_on) {
  Peer end = attached(member("end", "left,right", "drain leave", "gating"));
  Peer left = attached(member("left", "top", "drain leave"));
  Peer right = attached(member("right", "top", "drain leave", "gating"));
  Peer top = attached(member("top", "", "drain leave"));
  publish_and_close(600);
  for (Peer* peer : {&top, &left, &right, &end}) expect_end(*peer, 600);
  expect_over();
}

/// Each member of a diamond in turn is killed in the middle of an event, and comes back.
TEST_P(GraphsOfProcesses, Whoever_is_killed_comes_back_and_nothing_is_lost) {
  const std::vector<std::pair<std::string, std::string>> members = {
      {"top", ""}, {"left", "top"}, {"right", "top"}, {"end", "left,right"}};
  for (const auto& [doomed, before_doomed] : members) {
    SCOPED_TRACE(doomed);
    lives_.clear();
    producer_.reset();
    scratch().clear_logs();
    create();
    std::map<std::string, Peer> peers;
    for (const auto& [id, after] : members) {
      const std::string steps = id == doomed ? "handler_then:10,kill" : "drain leave";
      peers.emplace(id, attached(member(id, after, steps)));
    }
    ASSERT_EQ(producer_->publish(10), Publish::ok);
    std::thread publisher([&] { EXPECT_EQ(producer_->publish(200), Publish::ok); });
    peers.at(doomed).wait_killed();
    peers.erase(doomed);
    peers.emplace(doomed, attached(member(doomed, before_doomed, "drain leave")));
    publisher.join();
    producer_.reset();
    for (auto& [id, peer] : peers) expect_end(peer, 210);
    expect_over();
  }
}

TEST_P(GraphsOfProcesses, Those_behind_a_dead_gating_one_go_on_without_it) {
  Peer a = attached(member("a", "", "handle:4 sleep", "gating"));
  Peer b = attached(member("b", "a", "drain leave"));
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  a.expect("handled 4");
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  wait_for_position("b", 4);
  b.wait_asleep();
  a.kill();
  wait_for_position("b", 8);  // the producer has room, and does nothing for it
  publish_and_close(100);
  expect_end(b, 108);
}

TEST_P(GraphsOfProcesses, Those_behind_a_dead_required_one_wait_for_its_return) {
  Peer a = attached(member("a", "", "handle:4 sleep"));
  Peer b = attached(member("b", "a", "drain leave"));
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  a.expect("handled 4");
  a.kill();
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  os::sleep_until(os::now() + 50ms);
  EXPECT_EQ(position("b"), 4U);
  Peer back = attached(member("a", "", "drain leave"));
  publish_and_close(100);
  expect_end(back, 108);
  expect_end(b, 108);
  expect_over();
}

TEST_P(GraphsOfProcesses, Whoever_is_killed_while_it_waits_is_in_nobodys_way_but_its_own) {
  Peer a = attached(member("a", "", "handle:4 await drain leave"));
  Peer b = attached(member("b", "a", "drain leave", "gating"));
  Peer c = attached(member("c", "a", "drain leave"));
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  a.expect("handled 4");
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  for (Peer* peer : {&b, &c}) peer->wait_asleep();
  wait_for_position("b", 4);
  wait_for_position("c", 4);
  b.kill();
  c.kill();
  a.tell();
  wait_for_position("a", 8);
  EXPECT_EQ(position("c"), 4U) << "a place is held for it";
  Peer back = attached(member("c", "a", "drain leave"));
  publish_and_close(100);
  expect_end(a, 108);
  expect_end(back, 108);
}

TEST_P(GraphsOfProcesses, All_who_are_killed_at_once_go_on_where_they_stood) {
  const std::vector<std::pair<std::string, std::string>> members = {
      {"a", ""}, {"b", "a"}, {"c", "a,b"}};
  std::map<std::string, Peer> peers;
  for (const auto& [id, after] : members)
    peers.emplace(id, attached(member(id, after, "drain leave")));
  ASSERT_EQ(producer_->publish(10), Publish::ok);
  for (const char* id : {"a", "b"}) wait_for_position(id, 10);
  for (auto& [id, peer] : peers) peer.kill();
  peers.clear();
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  // The last first: it must wait for those who are away as it did before.
  for (auto member_of = members.rbegin(); member_of != members.rend(); ++member_of) {
    const auto& [id, after] = *member_of;
    peers.emplace(id, attached(member(id, after, "drain leave")));
  }
  publish_and_close(100);
  for (auto& [id, peer] : peers) expect_end(peer, 114);
  expect_over();
}

TEST_P(GraphsOfProcesses, One_that_left_and_comes_back_is_waited_for_again) {
  Peer a = attached(member("a", "", "handle:4 leave", "gating"));
  Peer b = attached(member("b", "a", "drain leave"));
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  a.wait_success();
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  wait_for_position("b", 8);
  Peer back = attached(member("a", "", "await drain leave", "gating"));
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  os::sleep_until(os::now() + 50ms);
  EXPECT_EQ(position("b"), 8U) << "it is bound again, and gets nothing twice";
  back.tell();
  publish_and_close(100);
  expect_end(back, 112);
  expect_end(b, 112);
  expect_over();
}

TEST_P(GraphsOfProcesses, A_stopped_one_is_waited_for) {
  Peer a = attached(member("a", "", "drain leave", "gating"));
  Peer b = attached(member("b", "a", "drain leave", "gating"));
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  wait_for_position("b", 4);
  a.stop();
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  os::sleep_until(os::now() + 100ms);
  EXPECT_EQ(position("b"), 4U) << "a stopped one is not dead";
  a.resume();
  publish_and_close(100);
  expect_end(a, 108);
  expect_end(b, 108);
  expect_over();
}

TEST_P(GraphsOfProcesses, One_that_comes_late_is_waited_for_from_the_first_event_on) {
  Peer b = attached(member("b", "a", "drain leave"));
  producer_->fill();
  os::sleep_until(os::now() + 20ms);
  EXPECT_EQ(position("b"), 0U);
  Peer a = attached(member("a", "", "drain leave"));
  const std::uint64_t end = producer_->next() + 100;
  publish_and_close(100);
  expect_end(a, end);
  expect_end(b, end);
  expect_over();
}

TEST_P(GraphsOfProcesses, A_branch_is_joined_when_the_ring_has_wrapped) {
  Peer a = attached(member("a", "", "drain leave"));
  ASSERT_EQ(producer_->publish(100), Publish::ok);
  Peer b = attached(member("b", "a", "drain leave", "gating"));
  Peer c = attached(member("c", "a,b", "drain leave", "gating"));
  publish_and_close(100);
  expect_end(a, 200);
  expect_end(b, 200);
  expect_end(c, 200);
  expect_over();
}

TEST_P(GraphsOfProcesses, Those_behind_one_that_leaves_go_on_without_it) {
  Peer a = attached(member("a", "", "handle:4 await leave", "gating"));
  Peer b = attached(member("b", "a", "drain leave"));
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  a.expect("handled 4");
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  wait_for_position("b", 4);
  a.tell();
  a.expect("left");
  wait_for_position("b", 8);
  publish_and_close(100);
  expect_end(b, 108);
}

TEST_P(GraphsOfProcesses, Those_behind_one_that_resigns_go_on_without_it) {
  Peer a = attached(member("a", "", "handle:4 await resign"));
  Peer b = attached(member("b", "a", "drain leave"));
  ASSERT_EQ(producer_->publish(8), Publish::ok);
  a.expect("handled");
  wait_for_position("b", position("a"));
  a.tell();
  a.expect("resigned");
  publish_and_close(100);
  expect_end(b, 108);
}

TEST_P(GraphsOfProcesses, An_idle_pipeline_uses_no_cpu) {
  Peer a = attached(member("a", "", "drain leave"));
  Peer b = attached(member("b", "a", "drain leave"));
  ASSERT_EQ(producer_->publish(4), Publish::ok);
  wait_for_position("b", 4);
  b.wait_asleep();
  const std::uint64_t before = b.cpu_time_ns();
  os::sleep_until(os::now() + 500ms);
  if (!is_sanitized()) {
    EXPECT_LT(b.cpu_time_ns() - before, 25'000'000U) << "5 % of a core";
  }
  publish_and_close(0);
  expect_end(a, 4);
  expect_end(b, 4);
}

TEST_P(GraphsOfProcesses, Of_two_processes_that_close_a_circle_together_one_is_refused) {
  for (int round = 0; round < 5; ++round) {
    Peer one = member("one", "two", "sleep", "gating");
    Peer two = member("two", "one", "sleep", "gating");
    const std::string first = one.next_line();
    const std::string second = two.next_line();
    const bool first_is_in = first.starts_with("attached");
    EXPECT_NE(first_is_in, second.starts_with("attached")) << first << "\n" << second;
    const std::string& refused = first_is_in ? second : first;
    EXPECT_TRUE(refused.starts_with("error dependency_cycle")) << refused;
  }
}

INSTANTIATE_TEST_SUITE_P(, GraphsOfProcesses,
                         testing::Values(Setting{os::Backend::shm, EventForm::small},
                                         Setting{os::Backend::file, EventForm::large},
                                         Setting{os::Backend::shm, EventForm::small,
                                                 ProducerKind::multi}),
                         SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
