// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Several producers and consumers, each killed at random moments, singly and several at once, and
// started again. After each kill the survivors must get past everything that the dead can have
// claimed; how long that takes is measured.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

/// How many there are. Named in failures: with it and the seed a run can be repeated.
struct Cast {
  std::uint64_t seed;
  unsigned producers;
  unsigned required;
  unsigned gating;
  bool has_observer;
  std::uint64_t capacity;
};
std::string to_string(const Cast& cast) {
  return "seed_" + std::to_string(cast.seed) + "_" + std::to_string(cast.producers) +
         "_producers_" + std::to_string(cast.required) + "_required_" +
         std::to_string(cast.gating) + "_gating" + (cast.has_observer ? "_observer" : "") +
         "_capacity_" + std::to_string(cast.capacity);
}
void PrintTo(const Cast& cast, std::ostream* out) { *out << to_string(cast); }
struct CastName {
  template <class Info>
  std::string operator()(const Info& info) const {
    return to_string(info.param);
  }
};

/// How long it took; printed, because the figures belong into the documents.
class Times {
 public:
  void add(Duration time) { times_.push_back(time); }
  [[nodiscard]] std::string print() {
    if (times_.empty()) return "none";
    std::sort(times_.begin(), times_.end());
    char text[160];
    std::snprintf(text, sizeof text, "%zu, p50 %.2f ms, p99 %.2f ms, max %.2f ms", times_.size(),
                  at(0.5), at(0.99), at(1));
    return text;
  }

 private:
  [[nodiscard]] double at(double share) const {
    const auto last = static_cast<double>(times_.size() - 1);
    const Duration time = times_[static_cast<std::size_t>(share * last)];
    return std::chrono::duration<double, std::milli>(time).count();
  }
  std::vector<Duration> times_;
};

class RandomKillsOfSeveral : public ProcessTest, public testing::WithParamInterface<Cast> {
 protected:
  RandomKillsOfSeveral() : ProcessTest({.producers = ProducerKind::multi}) {}

  /// A process that is started again whenever it was killed.
  struct Role {
    PeerSpec spec;
    Peer peer;
    bool is_producer = false;
    bool is_attached = false;  ///< and has said so
  };
  static constexpr const char* endless = " stream:1000000000000";

  Role enlist(const std::string& kind, const std::string& id) {
    PeerSpec role = spec(id, "", "--kind=" + kind + " --timeout-ms=20000");
    role.capacity = GetParam().capacity;
    role.rows = 8;
    role.options += " --log-size=" + std::to_string(4'000'000 * soak_factor());
    const bool is_producer = kind == "producer";
    if (is_producer) {
      role.incarnation = next_producer_++;
      role.options += " --dawdle=50 --seed=" + std::to_string(GetParam().seed);
      role.script = std::string("create_or_attach") + endless;
    } else {
      role.options +=
          " --successor-ms=20000 --start=" + std::string(kind == "observer" ? "oldest" : "resume");
      role.script = "join drain leave";
    }
    return {role, start(role), is_producer, false};
  }

  void enlist_all() {
    const Cast& cast = GetParam();
    for (unsigned i = 0; i < cast.producers; ++i) {
      roles_.push_back(enlist("producer", "producer-" + std::to_string(i)));
      wait_until_attached(roles_.back());
    }
    for (unsigned i = 0; i < cast.required; ++i)
      roles_.push_back(enlist("required", "required-" + std::to_string(i)));
    for (unsigned i = 0; i < cast.gating; ++i)
      roles_.push_back(enlist("gating", "gating-" + std::to_string(i)));
    if (cast.has_observer) roles_.push_back(enlist("observer", "observer"));
    for (Role& role : roles_) wait_until_attached(role);
    segment_.emplace(Segment::attach(os::ObjectName::parse(ring()), SegmentRole::inspector,
                                     EventType{}, hang_deadline()));
  }

  static void wait_until_attached(Role& role) {
    if (!role.is_attached) role.peer.expect("attached");
    role.is_attached = true;
  }
  void start_again(Role& role) {
    // An incarnation of a producer is unique; of a consumer, among its own.
    role.spec.incarnation = role.is_producer ? next_producer_++ : role.spec.incarnation + 1;
    role.peer = start(role.spec);
    role.is_attached = false;
  }

  /// Waits until everybody who gates has read everything that was claimed when it was called.
  [[nodiscard]] bool wait_for_progress() const {
    const std::uint64_t claimed = stream_position(*segment_).published.value();
    const TimePoint deadline = hang_deadline();
    while (!is_past(claimed)) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(50us);
    }
    return true;
  }
  [[nodiscard]] bool is_past(std::uint64_t claimed) const {
    for (std::uint32_t index = 0; index < segment_->shape().rows; ++index) {
      const format::Row& row = segment_->row(index);
      const RowStatus status = RowStatus::unpack(row.status.load(std::memory_order_acquire));
      if (status.gates() && row.cursor.load(std::memory_order_acquire) <= claimed) return false;
    }
    return true;
  }
  [[nodiscard]] std::string describe_ring() const {
    const StreamPosition position = stream_position(*segment_);
    std::string text = "claimed to " + std::to_string(position.published.value());
    for (const Participant& participant : list_participants(*segment_)) {
      const format::Row& row = segment_->row(participant.row);
      text += "\n" + describe(participant) + " cursor " +
              std::to_string(participant.cursor.value()) + " claim [" +
              std::to_string(row.claim_first.load()) + ", " + std::to_string(row.claim_end.load()) +
              ")";
    }
    return text;
  }

  Role* survivor_of(const std::vector<Role*>& victims) {
    Role& role = roles_[random_() % roles_.size()];
    return std::find(victims.begin(), victims.end(), &role) == victims.end() ? &role : nullptr;
  }

  /// One cycle. @return false if the survivors hang.
  bool kill_and_start_again() {
    std::this_thread::sleep_for(std::chrono::microseconds(random_() % 3000));
    std::vector<Role*> victims;
    const bool is_massacre = random_() % 4 == 0;
    for (Role& role : roles_) {
      if (is_massacre && random_() % 2 == 0) victims.push_back(&role);
    }
    if (victims.empty()) victims.push_back(&roles_[random_() % roles_.size()]);
    const bool are_producers = std::all_of(victims.begin(), victims.end(),
                                           [](const Role* role) { return role->is_producer; });
    // Somebody who is stopped meanwhile comes late with all that it was about to store.
    Role* const stopped = random_() % 3 == 0 ? survivor_of(victims) : nullptr;
    if (stopped != nullptr) ::kill(stopped->peer.pid(), SIGSTOP);
    const TimePoint killed = std::chrono::steady_clock::now();
    for (Role* victim : victims) ::kill(victim->peer.pid(), SIGKILL);
    for (Role* victim : victims) victim->peer.kill();
    if (stopped != nullptr) {
      std::this_thread::sleep_for(std::chrono::microseconds(random_() % 2000));
      ::kill(stopped->peer.pid(), SIGCONT);
    }
    // While a producer and every consumer live, they must go on without anybody's return.
    const bool is_enough = are_producers && victims.size() < GetParam().producers;
    if (is_enough && were_all_there_) {
      if (!wait_for_progress()) return false;
      if (stopped == nullptr) alone_.add(std::chrono::steady_clock::now() - killed);
    }
    for (Role* victim : victims) start_again(*victim);
    // Else the next kill comes at any time, also while somebody is still joining.
    were_all_there_ = random_() % 2 == 0;
    if (were_all_there_) {
      if (!wait_for_progress()) return false;
      if (!is_enough && stopped == nullptr)
        returned_.add(std::chrono::steady_clock::now() - killed);
      for (Role& role : roles_) wait_until_attached(role);
    }
    return true;
  }

  /// Every producer publishes a little more, one ends the stream for all, everybody reads to the
  /// end. (A row that a producer could not have back at once may still say that one is dead.)
  void end_stream() {
    for (Role& role : roles_) {
      if (!role.is_producer) continue;
      role.peer.kill();
    }
    for (Role& role : roles_) {
      if (!role.is_producer) continue;
      role.spec.script = "create_or_attach publish:20 await close_for_all";
      start_again(role);
    }
    for (Role& role : roles_) {
      if (role.is_producer) role.peer.skip_to("published");
    }
    for (Role& role : roles_) {
      if (role.is_producer) role.peer.tell();
    }
    for (Role& role : roles_) role.peer.wait_success();
  }

  std::mt19937_64 random_{GetParam().seed};
  std::uint64_t next_producer_ = 1;
  std::vector<Role> roles_;
  std::optional<Segment> segment_;
  bool were_all_there_ = true;
  Times alone_;
  Times returned_;
};

TEST_P(RandomKillsOfSeveral, Lose_nothing_invent_nothing_and_hold_nobody_up) {
  enlist_all();
  const std::uint64_t cycles = (is_sanitized() ? 15 : 40) * soak_factor();
  for (std::uint64_t cycle = 0; cycle < cycles; ++cycle) {
    ASSERT_TRUE(kill_and_start_again())
        << to_string(GetParam()) << ", cycle " << cycle << ": " << describe_ring();
  }
  for (Role& role : roles_) wait_until_attached(role);  // later they would find the ring gone
  ASSERT_TRUE(wait_for_progress()) << describe_ring();
  segment_.reset();
  end_stream();
  const Verdict verdict = expect_no_violation();
  EXPECT_GT(verdict.acknowledged, 100U);
  std::printf(
      "%s: %llu kills; %llu events, %llu voids, %llu in doubt, %llu handled again\n"
      "  past the dead without their return: %s\n  with it: %s\n",
      to_string(GetParam()).c_str(), static_cast<unsigned long long>(cycles),
      static_cast<unsigned long long>(verdict.acknowledged),
      static_cast<unsigned long long>(verdict.voids),
      static_cast<unsigned long long>(verdict.in_doubt),
      static_cast<unsigned long long>(verdict.handled_again), alone_.print().c_str(),
      returned_.print().c_str());
  std::fflush(stdout);
  expect_nothing_remains();
}

INSTANTIATE_TEST_SUITE_P(, RandomKillsOfSeveral,
                         testing::Values(Cast{1, 2, 1, 0, false, 128}, Cast{2, 2, 1, 1, true, 128},
                                         Cast{3, 3, 1, 1, true, 128}, Cast{4, 4, 0, 2, true, 128},
                                         Cast{5, 4, 1, 0, false, 8}, Cast{6, 3, 1, 1, true, 2}),
                         CastName());

}  // namespace
}  // namespace disruptor_mp::process_test
