// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Killed at the entry and at the exit of every system call of everything that is not the fast path:
// making a ring, joining, leaving, closing, taking over, removing. Whatever the kill leaves behind,
// the others go on, a successor is let in, no row and no lock is lost, and in the end nothing
// remains.
#include "support/process_test.hpp"
#include "support/sweep.hpp"

namespace disruptor_mp::process_test {
namespace {

class KilledAtEveryCall : public ProcessTestWithSetting {
 protected:
  void SetUp() override {
    if (!Tracer::is_permitted()) GTEST_SKIP() << "ptrace is not permitted here";
  }
  void expect_sweep(const Story& story) {
    const std::uint64_t rounds = kill_at_every_call(GetParam(), story);
    RecordProperty("places", std::to_string(rounds));
    EXPECT_GT(rounds, 1U);
  }

  static void publish_ten(World& world) { world.create(10); }
  /// The reader is there, so the producer need not wait for the victim unless it owes it something.
  static void publish_ten_to_reader(World& world) {
    world.create(10);
    world.join_reader();
  }
  /// A first life of the victim, that handled eight of the ten.
  static void kill_after_eight_events(World& world, const std::string& kind) {
    PeerSpec first = world.victim(kind, "join handle:8 sleep");
    first.incarnation = 0;
    Peer peer = Peer::start(world.scratch(), first);
    peer.skip_to("handled");
    peer.kill();
  }
  static void rejoin_gating_and_end(World& world) {
    world.stream();  // first without it: a dead gating consumer holds nobody up for long
    world.join_heir(ConsumerKind::gating);
    world.go_on_and_end();
  }
  static void rejoin_required_and_end(World& world) {
    world.join_heir(ConsumerKind::required);
    world.go_on_and_end();
  }
};

TEST_P(KilledAtEveryCall, Producer_killed_while_creating_leaves_a_whole_ring_or_none) {
  expect_sweep({.kind = "producer", .script = "mark create mark"});
}

TEST_P(KilledAtEveryCall, Gating_consumer_killed_while_joining_holds_nobody_up) {
  expect_sweep({.kind = "gating",
                .script = "mark join mark",
                .before = publish_ten_to_reader,
                .after = rejoin_gating_and_end});
}

TEST_P(KilledAtEveryCall, Required_consumer_killed_while_joining_joins_again) {
  expect_sweep({.kind = "required",
                .script = "mark join mark",
                .before = publish_ten_to_reader,
                .after = rejoin_required_and_end});
}

TEST_P(KilledAtEveryCall, Required_consumer_killed_while_resuming_resumes_again) {
  expect_sweep({.kind = "required",
                .script = "mark join mark",
                .options = "--start=resume",
                .before =
                    [](World& world) {
                      publish_ten_to_reader(world);
                      kill_after_eight_events(world, "required");
                    },
                .after =
                    [](World& world) {
                      world.join_heir(ConsumerKind::required);
                      EXPECT_EQ((*world.heir)->start_sequence().value(), 8U);
                      world.go_on_and_end();
                    }});
}

TEST_P(KilledAtEveryCall, Gating_consumer_killed_while_resuming_holds_nobody_up) {
  expect_sweep({.kind = "gating",
                .script = "mark join mark",
                .options = "--start=resume",
                .before =
                    [](World& world) {
                      publish_ten_to_reader(world);
                      kill_after_eight_events(world, "gating");
                    },
                .after =
                    [](World& world) {
                      // Nobody needed its room yet: it goes on where its first life stood.
                      world.join_heir(ConsumerKind::gating);
                      EXPECT_EQ((*world.heir)->start_sequence().value(), 8U);
                      world.go_on_and_end();
                    }});
}

TEST_P(KilledAtEveryCall,
       Consumer_killed_while_declaring_whom_it_waits_for_declares_all_or_nothing) {
  for (const std::string kind : {"gating", "required"}) {
    SCOPED_TRACE(kind);
    expect_sweep({.kind = kind,
                  .script = "mark join mark",
                  .options = "--after=reader",
                  .before = publish_ten_to_reader,
                  .after = [kind](World& world) {
                    for (const Participant& participant : (*world.producer)->participants()) {
                      if (participant.id != "victim") continue;
                      EXPECT_EQ(participant.after, std::vector<std::string>{"reader"});
                    }
                    // The lock of the graph went with it.
                    world.join_heir(
                        kind == "gating" ? ConsumerKind::gating : ConsumerKind::required,
                        {"reader"});
                    world.go_on_and_end();
                  }});
  }
}

TEST_P(KilledAtEveryCall, Observer_killed_while_joining_leaves_no_trace) {
  expect_sweep({.kind = "observer", .script = "mark join mark", .before = publish_ten_to_reader});
}

TEST_P(KilledAtEveryCall, Gating_consumer_killed_while_leaving_holds_nobody_up) {
  expect_sweep({.kind = "gating",
                .script = "join handle:10 mark leave mark",
                .before = publish_ten_to_reader,
                .after = rejoin_gating_and_end});
}

TEST_P(KilledAtEveryCall, Required_consumer_killed_while_leaving_comes_back_where_it_stood) {
  expect_sweep({.kind = "required",
                .script = "join handle:10 mark leave mark",
                .before = publish_ten_to_reader,
                .after = [](World& world) {
                  world.join_heir(ConsumerKind::required);
                  EXPECT_EQ((*world.heir)->start_sequence().value(), 10U);
                  world.go_on_and_end();
                }});
}

TEST_P(KilledAtEveryCall, Required_consumer_killed_while_resigning_has_resigned_or_not) {
  expect_sweep({.kind = "required",
                .script = "join handle:10 mark resign mark",
                .before = publish_ten_to_reader,
                .after = rejoin_required_and_end});
}

TEST_P(KilledAtEveryCall, Observer_killed_while_leaving_leaves_no_trace) {
  expect_sweep({.kind = "observer",
                .script = "join handle:10 mark leave mark",
                .before = publish_ten_to_reader});
}

TEST_P(KilledAtEveryCall, Last_consumer_killed_while_it_removes_the_ring_leaves_it_whole_or_gone) {
  for (const std::string kind : {"required", "gating", "observer"}) {
    SCOPED_TRACE(kind);
    expect_sweep({.kind = kind,
                  .script = "join handle:10 mark drain leave mark",
                  .before = publish_ten,
                  .at_mark =
                      [](World& world) {
                        world.producer->finish();
                        world.producer.reset();
                      },
                  .after =
                      [](World& world) {
                        world.begin_anew();
                        world.go_on_and_end();
                      }});
  }
}

TEST_P(KilledAtEveryCall, Producer_killed_while_it_removes_the_ring_leaves_it_whole_or_gone) {
  expect_sweep({.kind = "producer",
                .script = "create publish:10 mark close detach mark",
                .after = [](World& world) {
                  if (world.is_stream_over()) world.begin_anew();
                  world.go_on_and_end();
                }});
}

TEST_P(KilledAtEveryCall, Producer_killed_while_closing_has_closed_or_not) {
  expect_sweep({.kind = "producer",
                .script = "create publish:10 mark close detach mark",
                .at_mark = [](World& world) { world.join_reader(); },
                .after =
                    [](World& world) {
                      const Poll end = world.reader->drain();
                      EXPECT_EQ(world.reader->next(), 10U);
                      if (end == Poll::closed) {
                        // The stream is over: the next one starts afresh.
                        world.reader->leave();
                        world.reader.reset();
                        world.begin_anew();
                      } else {
                        EXPECT_EQ(end, Poll::producer_dead);
                      }
                      world.go_on_and_end();
                    }});
}

TEST_P(KilledAtEveryCall, Producer_killed_while_detaching_is_succeeded_where_it_stopped) {
  expect_sweep({.kind = "producer",
                .script = "create publish:10 mark detach mark",
                .at_mark = [](World& world) { world.join_reader(); },
                .after =
                    [](World& world) {
                      const Poll end = world.reader->drain();
                      EXPECT_TRUE(end == Poll::producer_dead || end == Poll::producer_left)
                          << to_string(end);
                      world.succeed();
                      EXPECT_EQ(world.producer->next(), 10U);
                      world.go_on_and_end();
                    }});
}

TEST_P(KilledAtEveryCall, Producer_killed_while_taking_over_is_succeeded_in_turn) {
  expect_sweep({.kind = "producer",
                .script = "mark attach mark",
                .before =
                    [](World& world) {
                      PeerSpec first =
                          world.victim("producer", "create publish:10 claim_then:4,2,kill");
                      first.incarnation = 50;
                      Peer::start(world.scratch(), first).wait_killed();
                    },
                .after =
                    [](World& world) {
                      world.succeed();
                      EXPECT_EQ(world.producer->next(), 10U);
                      world.go_on_and_end();
                    }});
}

TEST_P(KilledAtEveryCall,
       Producer_killed_while_replacing_a_closed_ring_leaves_a_whole_one_or_none) {
  expect_sweep({.kind = "producer",
                .script = "mark create_or_attach mark",
                .stride = 3,
                .before = [](World& world) {
                  world.create(10);
                  {
                    // Somebody who goes without a word, so that nobody removes the ring.
                    const auto attached =
                        Segment::try_attach(os::ObjectName::parse(world.scratch().ring()),
                                            SegmentRole::consumer, EventType{});
                    world.producer->finish();
                    world.producer.reset();
                  }
                  EXPECT_TRUE(world.scratch().ring_exists());
                  world.begin_anew();
                }});
}

TEST_P(KilledAtEveryCall, Producer_killed_while_it_puts_a_dead_consumer_out_is_succeeded) {
  expect_sweep({.kind = "producer",
                .script = "create mark fill mark",
                .at_mark =
                    [](World& world) {
                      PeerSpec doomed = world.victim("gating", "join sleep");
                      doomed.incarnation = 50;
                      Peer peer = Peer::start(world.scratch(), doomed);
                      peer.expect("attached");
                      peer.kill();
                    },
                .after =
                    [](World& world) {
                      world.join_reader();
                      world.go_on_and_end();
                    }});
}

TEST_P(KilledAtEveryCall, Cleaner_killed_while_cleaning_leaves_the_ring_whole_or_gone) {
  expect_sweep({.kind = "none",
                .script = "mark clean:force mark",
                .before =
                    [](World& world) {
                      world.create(10);
                      (*world.producer)->detach();
                      world.producer.reset();
                    },
                .after =
                    [](World& world) {
                      if (world.is_stream_over()) world.begin_anew();
                      world.go_on_and_end();
                    }});
}

INSTANTIATE_TEST_SUITE_P(, KilledAtEveryCall, testing::ValuesIn(both_backends), SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
