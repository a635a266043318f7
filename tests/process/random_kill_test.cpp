// SPDX-License-Identifier: MIT OR Apache-2.0
//
// SIGKILL at random moments, again and again, with restarts. No precision, but also no idea of ours
// about where it might hurt.
#include <map>
#include <random>
#include <thread>

#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

/// A process that is started again whenever it was killed.
struct Role {
  PeerSpec spec;
  Peer peer;
};

class RandomKills : public ProcessTestWithSetting {
 protected:
  static constexpr std::uint64_t endless = 1'000'000'000;

  Role enlist(const std::string& kind, const std::string& id) {
    PeerSpec role = spec(id, "", "--kind=" + kind + " --log-size=2000000 --timeout-ms=20000");
    if (kind == "producer") {
      role.script = "create_or_attach stream:" + std::to_string(endless);
    } else {
      role.options +=
          " --successor-ms=20000 --start=" + std::string(kind == "observer" ? "oldest" : "resume");
      role.script = "join drain leave";
    }
    return {role, start(role)};
  }

  void restart(Role& role) {
    role.peer.kill();
    ++role.spec.incarnation;
    role.peer = start(role.spec);
  }
};

TEST_P(RandomKills, Hundreds_of_kills_at_random_moments_lose_and_invent_nothing) {
  std::mt19937_64 random(20240808);
  std::vector<Role> roles;
  roles.push_back(enlist("producer", "producer"));
  roles.push_back(enlist("required", "journal"));
  roles.push_back(enlist("gating", "analytics"));
  roles.push_back(enlist("observer", "monitor"));
  roles[0].peer.expect("attached");  // later starts are killed at any time, also before this

  const std::uint64_t kills = (is_sanitized() ? 40 : 150) * soak_factor();
  for (std::uint64_t kill = 0; kill < kills; ++kill) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 5000));
    restart(roles[random() % roles.size()]);
  }

  // The last producer closes the stream where it takes over; the others, once they are there, read
  // to its end. (Who came later would find the ring gone.)
  for (std::size_t i = 1; i < roles.size(); ++i) roles[i].peer.expect("attached");
  Role& producer = roles[0];
  producer.peer.kill();
  ++producer.spec.incarnation;
  producer.spec.script = "create_or_attach publish:100 close";
  producer.peer = start(producer.spec);
  producer.peer.wait_success();
  for (std::size_t i = 1; i < roles.size(); ++i) roles[i].peer.wait_success();

  const Verdict verdict = expect_no_violation();
  EXPECT_GT(verdict.acknowledged, 100U);  // more than the last producer published
  RecordProperty("acknowledged", std::to_string(verdict.acknowledged));
  RecordProperty("handled_again", std::to_string(verdict.handled_again));
  RecordProperty("in_doubt", std::to_string(verdict.in_doubt));
  expect_nothing_remains();
}
INSTANTIATE_TEST_SUITE_P(, RandomKills, testing::ValuesIn(all_settings), SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
