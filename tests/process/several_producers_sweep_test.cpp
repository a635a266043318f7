// SPDX-License-Identifier: MIT OR Apache-2.0
//
// One of several producers killed after every sampled instruction, or killed or stopped at every
// system call, of what it does: joining, publishing in common and with the tail for itself, taking
// the tail, taking it from another, closing, leaving. The others go on, whoever comes next gets the
// dead one's row, and all consumers agree.
#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "disruptor_mp/membership/claims.hpp"
#include "support/process_test.hpp"
#include "support/sweep.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

constexpr Setting in_memory{os::Backend::shm, EventForm::small, ProducerKind::multi};

/// Publishes and is read; the victim comes beside it.
void publish_ten_to_reader(World& world) {
  world.create(10);
  world.join_reader();
}
/// The same, and it has the tail for itself.
void publish_many_to_reader(World& world) {
  world.create(80);
  world.join_reader();
}
void reader_joins(World& world) { world.join_reader(); }

/// The survivor goes on at once, and the victim has left at most `voids`.
auto go_on_with(std::uint64_t voids) {
  return [voids](World& world) {
    ASSERT_EQ(world.producer->publish(10), Publish::ok);
    ASSERT_EQ(world.reader->read_to(world.producer->next()), Poll::events);
    EXPECT_LE((*world.reader)->voids(), voids);
    world.go_on_and_end();
    EXPECT_LE(judge(world.scratch().logs()).voids, voids);
  };
}

/// The victim was closing as the last one.
void has_closed_or_not(World& world, std::uint64_t end) {
  const Poll seen = world.reader->drain();
  EXPECT_EQ(world.reader->next(), end);
  if (seen == Poll::closed) {
    world.reader->leave();
    world.reader.reset();
    world.begin_anew();
  } else {
    EXPECT_EQ(seen, Poll::producer_dead);
  }
  world.go_on_and_end();
}
/// The victim was closing beside another, which now closes too.
void close_and_go_on(World& world) {
  world.producer->finish();
  world.producer.reset();
  has_closed_or_not(world, 13);
}

/// One is killed with a claim open; its row still tells of it.
void leave_an_open_claim(World& world) {
  publish_ten_to_reader(world);
  PeerSpec dead = world.victim("producer", "attach publish:3 claim_then:4,2,kill");
  dead.incarnation = 50;
  Peer::start(world.scratch(), dead).wait_killed();
}

// --- At every sampled instruction

class OneOfSeveralKilledAtInstruction : public ProcessTestWithSetting {
 protected:
  void SetUp() override {
    if (is_sanitized()) GTEST_SKIP() << "single-stepping is done in the plain builds";
    if (!Tracer::is_permitted()) GTEST_SKIP() << "ptrace is not permitted here";
  }
  static constexpr std::uint64_t samples = 25;

  void expect_sweep(const Story& story, StepFrom from = StepFrom::mark) {
    const std::uint64_t rounds = kill_at_instructions(GetParam(), story, samples, from);
    RecordProperty("places", std::to_string(rounds));
    EXPECT_GE(rounds, samples);
  }
};

TEST_P(OneOfSeveralKilledAtInstruction, While_it_shows_its_row_it_has_joined_or_not) {
  expect_sweep({.kind = "producer",
                .script = "quiet mark attach mark",
                .before = publish_ten_to_reader,
                .after = go_on_with(0)},
               StepFrom::identity_read);
}

TEST_P(OneOfSeveralKilledAtInstruction, While_it_buries_what_a_dead_one_claimed) {
  for (const char* id : {"--id=victim", "--id=other"}) {
    SCOPED_TRACE(id);
    std::set<std::uint64_t> buried;
    expect_sweep({.kind = "producer",
                  .script = "quiet mark attach mark",
                  .options = id,
                  .before = leave_an_open_claim,
                  .after =
                      [&](World& world) {
                        const Segment& segment = (*world.producer)->segment();
                        std::uint64_t count = 0;
                        for (std::uint64_t sequence = 13; sequence < 17; ++sequence)
                          count += has_tombstone(segment, sequence) ? 1 : 0;
                        buried.insert(count);
                        go_on_with(4)(world);
                      }},
                 StepFrom::row_locked);
    // It was killed before the burial and after it: the places are the right ones.
    EXPECT_THAT(buried, testing::IsSupersetOf({0U, 4U}));
  }
}

TEST_P(OneOfSeveralKilledAtInstruction, Inside_publish_in_common_it_leaves_an_event_or_a_void) {
  expect_sweep({.kind = "producer",
                .script = "attach publish:3 quiet mark publish:1 mark",
                .before = publish_ten_to_reader,
                .after = go_on_with(1)});
}

TEST_P(OneOfSeveralKilledAtInstruction, Inside_a_batch_claim_it_leaves_whole_events_and_voids) {
  expect_sweep({.kind = "producer",
                .script = "attach publish:3 quiet mark claim:4 mark",
                .before = publish_ten_to_reader,
                .after = go_on_with(4)});
}

TEST_P(OneOfSeveralKilledAtInstruction, Inside_a_burst_it_leaves_events_and_voids) {
  for (const char* before : {"publish:3", "publish:70"}) {  // in common, with the tail for itself
    SCOPED_TRACE(before);
    expect_sweep({.kind = "producer",
                  .script = std::string("attach ") + before + " quiet mark burst:5,3 mark",
                  .before = publish_ten_to_reader,
                  .after = go_on_with(5)});
  }
}

TEST_P(OneOfSeveralKilledAtInstruction, While_it_takes_the_tail_for_itself_nobody_is_shut_out) {
  expect_sweep({.kind = "producer",
                .script = "attach publish:64 quiet mark publish:3 mark",
                .before = publish_ten_to_reader,
                .after = go_on_with(1)});
}

TEST_P(OneOfSeveralKilledAtInstruction, With_the_tail_for_itself_it_leaves_an_event_or_a_void) {
  for (const char* script : {"attach publish:70 quiet mark publish:1 mark",
                             "attach publish:70 quiet mark claim:4 mark"}) {
    SCOPED_TRACE(script);
    expect_sweep({.kind = "producer",
                  .script = script,
                  .before = publish_ten_to_reader,
                  .after = go_on_with(4)});
  }
}

TEST_P(OneOfSeveralKilledAtInstruction, After_the_tail_was_taken_from_it_it_leaves_one_void) {
  expect_sweep({.kind = "producer",
                .script = "attach publish:70 quiet mark publish:1 mark",
                .before = publish_ten_to_reader,
                .at_mark = [](World& world) { ASSERT_EQ(world.producer->publish(1), Publish::ok); },
                .after = go_on_with(1)});
}

TEST_P(OneOfSeveralKilledAtInstruction, While_it_takes_the_tail_from_another_that_one_goes_on) {
  expect_sweep({.kind = "producer",
                .script = "attach quiet mark publish:1 mark",
                .before = publish_many_to_reader,
                .after = go_on_with(1)});
}

TEST_P(OneOfSeveralKilledAtInstruction, While_it_closes_as_the_last_one_it_has_closed_or_not) {
  expect_sweep({.kind = "producer",
                .script = "create publish:80 quiet mark close mark",
                .at_mark = reader_joins,
                .after = [](World& world) { has_closed_or_not(world, 80); }});
}

TEST_P(OneOfSeveralKilledAtInstruction, While_it_closes_beside_another_it_has_closed_or_not) {
  expect_sweep({.kind = "producer",
                .script = "attach publish:3 quiet mark close mark",
                .before = publish_ten_to_reader,
                .after = close_and_go_on});
}

TEST_P(OneOfSeveralKilledAtInstruction, While_it_leaves_with_the_tail_for_itself) {
  expect_sweep({.kind = "producer",
                .script = "attach publish:70 quiet mark detach mark",
                .before = publish_ten_to_reader,
                .after = go_on_with(0)});
}

INSTANTIATE_TEST_SUITE_P(, OneOfSeveralKilledAtInstruction, testing::Values(in_memory),
                         SettingName());

// --- At every system call

class OneOfSeveralKilledAtEveryCall : public ProcessTestWithSetting {
 protected:
  void SetUp() override {
    if (!Tracer::is_permitted()) GTEST_SKIP() << "ptrace is not permitted here";
  }
  void expect_sweep(const Story& story) {
    const std::uint64_t rounds = kill_at_every_call(GetParam(), story);
    RecordProperty("places", std::to_string(rounds));
    EXPECT_GT(rounds, 1U);
  }
};

TEST_P(OneOfSeveralKilledAtEveryCall, While_creating_it_leaves_a_whole_ring_or_none) {
  expect_sweep({.kind = "producer", .script = "mark create mark"});
}

TEST_P(OneOfSeveralKilledAtEveryCall, While_joining_it_has_joined_or_not) {
  expect_sweep({.kind = "producer",
                .script = "mark attach mark",
                .before = publish_ten_to_reader,
                .after = go_on_with(0)});
}

TEST_P(OneOfSeveralKilledAtEveryCall, While_it_takes_the_place_of_a_dead_one_another_takes_it) {
  for (const char* id : {"--id=victim", "--id=other"}) {
    SCOPED_TRACE(id);
    expect_sweep({.kind = "producer",
                  .script = "mark attach mark",
                  .options = id,
                  .before = leave_an_open_claim,
                  .after = go_on_with(4)});
  }
}

TEST_P(OneOfSeveralKilledAtEveryCall, While_it_takes_the_tail_from_another_that_one_goes_on) {
  expect_sweep({.kind = "producer",
                .script = "attach mark publish:1 mark",
                .before = publish_many_to_reader,
                .after = go_on_with(1)});
}

TEST_P(OneOfSeveralKilledAtEveryCall, While_it_takes_the_tail_from_a_dead_one_the_next_one_does) {
  expect_sweep({.kind = "producer",
                .script = "attach mark publish:1 mark",
                .options = "--id=other",
                .before =
                    [](World& world) {
                      PeerSpec dead = world.victim("producer", "create publish:80 fill_then:kill");
                      dead.incarnation = 50;
                      Peer::start(world.scratch(), dead).wait_killed();
                      world.join_reader();
                    },
                .after =
                    [](World& world) {
                      world.succeed();
                      go_on_with(2)(world);
                    }});
}

TEST_P(OneOfSeveralKilledAtEveryCall, While_it_waits_for_room_it_leaves_nothing) {
  expect_sweep({.kind = "producer",
                .script = "attach mark fill mark",
                .stride = 3,
                .before = publish_ten_to_reader,
                .after = [](World& world) {
                  ASSERT_EQ(world.reader->read_to(20), Poll::events);
                  go_on_with(0)(world);
                }});
}

TEST_P(OneOfSeveralKilledAtEveryCall, While_closing_as_the_last_one_it_has_closed_or_not) {
  expect_sweep({.kind = "producer",
                .script = "create publish:10 mark close detach mark",
                .at_mark = reader_joins,
                .after = [](World& world) {
                  const Poll end = world.reader->drain();
                  EXPECT_EQ(world.reader->next(), 10U);
                  if (end == Poll::closed) {
                    world.reader->leave();
                    world.reader.reset();
                    world.begin_anew();
                  } else {
                    EXPECT_EQ(end, Poll::producer_dead);
                  }
                  world.go_on_and_end();
                }});
}

TEST_P(OneOfSeveralKilledAtEveryCall, While_closing_beside_another_it_has_closed_or_not) {
  expect_sweep({.kind = "producer",
                .script = "attach publish:3 mark close detach mark",
                .before = publish_ten_to_reader,
                .after = close_and_go_on});
}

TEST_P(OneOfSeveralKilledAtEveryCall, While_leaving_it_has_left_or_not) {
  expect_sweep({.kind = "producer",
                .script = "attach publish:70 mark detach mark",
                .before = publish_ten_to_reader,
                .after = go_on_with(0)});
}

TEST_P(OneOfSeveralKilledAtEveryCall, While_it_removes_the_ring_it_leaves_it_whole_or_gone) {
  expect_sweep({.kind = "producer",
                .script = "create publish:10 mark close detach mark",
                .after = [](World& world) {
                  if (world.is_stream_over()) world.begin_anew();
                  world.go_on_and_end();
                }});
}

INSTANTIATE_TEST_SUITE_P(, OneOfSeveralKilledAtEveryCall, testing::Values(in_memory),
                         SettingName());

// --- Stopped at every system call

class OneOfSeveralStoppedAtEveryCall : public ProcessTestWithSetting {
 protected:
  void SetUp() override {
    if (!Tracer::is_permitted()) GTEST_SKIP() << "ptrace is not permitted here";
  }
  static Poll poll_soon(World& world) {
    const TimePoint soon = std::chrono::steady_clock::now() + 20ms;
    return (*world.reader)->poll_until(soon, [](auto) {}).outcome;
  }
  void expect_sweep(const Story& story, const std::function<void(World&)>& meanwhile,
                    const std::function<void(World&, Peer&)>& finish) {
    EXPECT_GT(stop_at_every_call(GetParam(), story, meanwhile, finish), 1U);
  }
};

TEST_P(OneOfSeveralStoppedAtEveryCall, While_joining_it_keeps_the_ring_open_or_finds_it_closed) {
  expect_sweep(
      {.kind = "producer",
       .script = "mark attach mark publish:10 close",
       .before = publish_ten_to_reader},
      [](World& world) {
        ASSERT_EQ(world.producer->publish(5), Publish::ok);
        world.read_all();
        world.producer->finish();
        const Poll end = poll_soon(world);
        EXPECT_TRUE(end == Poll::timed_out || end == Poll::closed) << to_string(end);
      },
      [](World& world, Peer& victim) {
        const Ending ending = victim.wait();
        EXPECT_FALSE(ending.was_signalled);
        EXPECT_EQ(world.reader->drain(), Poll::closed);
        EXPECT_EQ(world.reader->next(), ending.code == 0 ? 25U : 15U);
        world.reader->leave();
        world.expect_over();
      });
}

TEST_P(OneOfSeveralStoppedAtEveryCall, While_it_takes_the_tail_from_another_that_one_goes_on) {
  expect_sweep(
      {.kind = "producer",
       .script = "attach mark publish:1 mark close",
       .before = publish_many_to_reader},
      [](World& world) { world.stream(); },
      [](World& world, Peer& victim) {
        victim.wait_success();
        world.stream();
        world.end();
      });
}

TEST_P(OneOfSeveralStoppedAtEveryCall, While_closing_it_is_never_taken_for_dead) {
  expect_sweep(
      {.kind = "producer",
       .script = "attach publish:3 mark close detach mark",
       .before = publish_ten_to_reader},
      [](World& world) {
        ASSERT_EQ(world.reader->read_to(13), Poll::events);
        world.producer->finish();
        const Poll end = poll_soon(world);
        EXPECT_TRUE(end == Poll::timed_out || end == Poll::closed) << to_string(end);
      },
      [](World& world, Peer& victim) {
        EXPECT_EQ(world.reader->drain(), Poll::closed);
        victim.wait_success();
        world.reader->leave();
        world.expect_over();
      });
}

/// Two that died between the two steps of a claim: their rows say what they wanted, and another got
/// it, who stands in the middle of its event.
class Wishes {
 public:
  void make(World& world) {
    winner_.reset();
    Peer first = start(world, "dead-a", "create publish:1 quiet mark publish:1", 50, true);
    Tracer first_tracer(first);
    first_tracer.run_to_mark();
    Peer second = start(world, "dead-b", "attach publish:1 quiet mark publish:1", 51, true);
    Tracer second_tracer(second);
    second_tracer.run_to_mark();
    winner_.emplace(
        start(world, "winner", "attach await claim_then:1,1,stop publish:1 await close", 52));
    winner_->expect("attached");
    world.join_reader();
    const auto segment = Segment::try_attach(os::ObjectName::parse(world.scratch().ring()),
                                             SegmentRole::inspector, EventType{});
    ASSERT_TRUE(segment.has_value());
    for (Tracer* tracer : {&first_tracer, &second_tracer}) {
      const format::Row& row = segment->row(tracer == &first_tracer ? 0 : 1);
      while (row.claim_end.load() != wished + 1) ASSERT_TRUE(tracer->step());
      tracer->kill();
    }
    ASSERT_EQ(stream_position(*segment).published.value(), wished);
    winner_->tell();
    winner_->wait_stopped();
  }
  /// The winner publishes, and its row moves on.
  void fulfil() {
    winner_->resume();
    winner_->expect("published 3");
    winner_->expect("published 4");
  }
  void let_winner_close() {
    winner_->tell();
    winner_->wait_success();
  }

 private:
  static constexpr std::uint64_t wished = 2;

  static Peer start(const World& world, const std::string& id, const std::string& script,
                    std::uint64_t incarnation, bool is_traced = false) {
    PeerSpec spec = world.victim("producer", script);
    spec.id = id;
    spec.incarnation = incarnation;
    spec.rows = 5;
    spec.is_traced = is_traced;
    return Peer::start(world.scratch(), spec);
  }

  std::optional<Peer> winner_;
};

TEST_P(OneOfSeveralStoppedAtEveryCall, While_it_buries_what_a_dead_one_wished_for_nothing_is_lost) {
  Wishes wishes;
  expect_sweep(
      {.kind = "producer",
       .script = "mark attach mark publish:1 close",
       .before = [&](World& world) { wishes.make(world); }},
      [&](World&) { wishes.fulfil(); },
      [&](World& world, Peer& victim) {
        victim.wait_success();
        wishes.let_winner_close();
        EXPECT_EQ(world.reader->read_to(5), Poll::events);
        EXPECT_EQ((*world.reader)->voids(), 0U);
        world.go_on_and_end();  // two join: it may have left both places free
      });
}

INSTANTIATE_TEST_SUITE_P(, OneOfSeveralStoppedAtEveryCall, testing::Values(in_memory),
                         SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
