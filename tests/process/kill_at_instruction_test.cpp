// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Killed between two instructions of what makes no system call, or of what stands between two: the
// hot paths and the changes of a row. Places are spread evenly over the whole operation, from the
// mark before it to the mark after it.
#include "support/process_test.hpp"
#include "support/sweep.hpp"

namespace disruptor_mp::process_test {
namespace {

class KilledAtInstruction : public ProcessTestWithSetting {
 protected:
  void SetUp() override {
    if (is_sanitized()) {
      // A sanitizer's instrumentation multiplies the instructions: the samples would hit it, not
      // us.
      GTEST_SKIP() << "single-stepping is done in the plain builds";
    }
    if (!Tracer::is_permitted()) GTEST_SKIP() << "ptrace is not permitted here";
  }
  static constexpr std::uint64_t samples = 25;

  void expect_sweep(const Story& story, StepFrom from = StepFrom::mark) {
    const std::uint64_t rounds = kill_at_instructions(GetParam(), story, samples, from);
    RecordProperty("places", std::to_string(rounds));
    EXPECT_GE(rounds, samples);
  }

  static void publish_ten_to_reader(World& world) {
    world.create(10);
    world.join_reader();
  }
  static void reader_joins(World& world) { world.join_reader(); }

  /// The producer died: whoever reads sees that, the successor goes on right behind the last event.
  static void succeed_and_end(World& world) {
    EXPECT_EQ(world.reader->drain(), Poll::producer_dead);
    const std::uint64_t seen = world.reader->next();
    world.succeed();
    EXPECT_EQ(world.producer->next(), seen);
    world.go_on_and_end();
  }
};

TEST_P(KilledAtInstruction, Producer_killed_inside_publish_leaves_a_whole_event_or_none) {
  expect_sweep({.kind = "producer",
                .script = "create publish:3 quiet mark publish:1 mark",
                .at_mark = reader_joins,
                .after = succeed_and_end});
}

TEST_P(KilledAtInstruction, Producer_killed_inside_a_batch_claim_leaves_whole_events_in_order) {
  expect_sweep({.kind = "producer",
                .script = "create publish:13 quiet mark claim:4 mark",
                .at_mark =
                    [](World& world) {
                      world.join_reader();
                      EXPECT_EQ(world.reader->read_to(13), Poll::events);
                    },
                .after = succeed_and_end});
}

TEST_P(KilledAtInstruction, Consumer_killed_while_it_handles_and_commits_handles_a_batch_again) {
  expect_sweep({.kind = "required",
                .script = "join quiet mark handle:8 mark",
                .before = publish_ten_to_reader,
                .after = [](World& world) {
                  world.join_heir(ConsumerKind::required);
                  const std::uint64_t start = (*world.heir)->start_sequence().value();
                  EXPECT_TRUE(start == 0 || start == 8) << start;
                  world.go_on_and_end();
                }});
}

TEST_P(KilledAtInstruction, Gating_consumer_killed_while_it_shows_its_row_holds_nobody_up) {
  expect_sweep({.kind = "gating",
                .script = "quiet mark join mark",
                .before = publish_ten_to_reader,
                .after =
                    [](World& world) {
                      world.stream();
                      world.join_heir(ConsumerKind::gating);
                      world.go_on_and_end();
                    }},
               StepFrom::identity_read);
}

TEST_P(KilledAtInstruction, Required_consumer_killed_while_it_leaves_comes_back_where_it_stood) {
  expect_sweep({.kind = "required",
                .script = "join handle:10 quiet mark leave mark",
                .before = publish_ten_to_reader,
                .after = [](World& world) {
                  world.join_heir(ConsumerKind::required);
                  EXPECT_EQ((*world.heir)->start_sequence().value(), 10U);
                  world.go_on_and_end();
                }});
}

TEST_P(KilledAtInstruction, Gating_consumer_killed_while_it_leaves_holds_nobody_up) {
  expect_sweep({.kind = "gating",
                .script = "join handle:10 quiet mark leave mark",
                .before = publish_ten_to_reader,
                .after = [](World& world) {
                  world.stream();
                  world.join_heir(ConsumerKind::gating);
                  world.go_on_and_end();
                }});
}

TEST_P(KilledAtInstruction, Producer_killed_while_it_becomes_the_producer_is_succeeded) {
  expect_sweep({.kind = "producer",
                .script = "quiet mark attach mark",
                .before =
                    [](World& world) {
                      world.create(10);
                      world.join_reader();
                      (*world.producer)->detach();
                      world.producer.reset();
                    },
                .after =
                    [](World& world) {
                      world.succeed();
                      EXPECT_EQ(world.producer->next(), 10U);
                      world.go_on_and_end();
                    }},
               StepFrom::identity_read);
}

TEST_P(KilledAtInstruction, Producer_killed_while_it_closes_has_closed_or_not) {
  expect_sweep({.kind = "producer",
                .script = "create publish:10 quiet mark close mark",
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

INSTANTIATE_TEST_SUITE_P(, KilledAtInstruction,
                         testing::Values(Setting{os::Backend::shm, EventForm::small},
                                         Setting{os::Backend::shm, EventForm::large}),
                         SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
