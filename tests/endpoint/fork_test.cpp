// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The child of a fork has copies of its parent's endpoints. It can do nothing with them, and the
// parent notices nothing of what it tries. Whether the child also keeps nothing alive is shown in
// tests/process.
#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

template <class E>
class Forking : public testing::Test {
 protected:
  static std::string text(Publish result) { return std::string(to_string(result)); }
  static std::string text(Poll result) { return std::string(to_string(result)); }

  /// The parent goes on as if nothing had happened: exactly `numbers` are there, and one more.
  void expect_undisturbed(const Numbers& expected) {
    EXPECT_EQ(drain(consumer), expected);
    const std::uint64_t next = producer.next_sequence().value();
    publish_numbers(producer, 1);
    EXPECT_EQ(drain(consumer), Numbers{next});
    const auto all = producer.participants();
    EXPECT_EQ(all.size(), 2U);
    for (const Participant& one : all) EXPECT_EQ(one.presence, Participant::Presence::alive);
  }

  std::string name = unique_ring_name();
  Producer<E> producer = Producer<E>::create(name, {.capacity = 8});
  Consumer<E> consumer = Consumer<E>::attach(name, {.id = "reader"});
};
TYPED_TEST_SUITE(Forking, BothLayouts, LayoutName);

TYPED_TEST(Forking, A_child_cannot_publish) {
  publish_numbers(this->producer, 2);  // leaves known room, so the fast path would be taken
  const std::string said = in_child([&] {
    const auto tick = TypeParam::of(666);
    return this->text(this->producer.publish(tick)) + " " +
           this->text(this->producer.try_publish(tick)) + " " +
           this->text(this->producer.publish_until(never, tick)) + " " +
           this->text(this->producer.claim(1).status()) + " " +
           this->text(this->producer.try_claim(2).status()) + " " +
           this->text(this->producer.claim_until(never, 8).status());
  });
  EXPECT_EQ(said,
            "used_after_fork used_after_fork used_after_fork "
            "used_after_fork used_after_fork used_after_fork");
  this->expect_undisturbed(numbers(0, 2));
}

TYPED_TEST(Forking, A_claim_that_was_open_at_the_fork_is_the_parents) {
  {
    auto claim = this->producer.claim(3);
    for (std::size_t i = 0; i < 3; ++i) claim[i] = TypeParam::of(i);
    const std::string said = in_child([&] {
      claim[0] = TypeParam::of(666);
      claim.publish();
      return this->text(this->producer.publish(TypeParam::of(667))) + " " +
             this->text(this->producer.claim(2).status());
    });
    EXPECT_EQ(said, "used_after_fork used_after_fork");
    EXPECT_EQ(drain(this->consumer), Numbers{});
  }
  this->expect_undisturbed(numbers(0, 3));
}

TYPED_TEST(Forking, A_burst_that_was_open_at_the_fork_is_the_parents) {
  {
    auto burst = this->producer.burst(3);
    burst.publish(TypeParam::of(0));
    const std::string said = in_child([&] {
      const std::string room = std::to_string(burst.room());
      const Publish result = burst.publish(TypeParam::of(666));
      burst.finish();
      return room + " " + this->text(result) + " " + this->text(this->producer.burst(1).status());
    });
    EXPECT_EQ(said, "0 used_after_fork used_after_fork");
    EXPECT_EQ(burst.publish(TypeParam::of(1)), Publish::ok);
  }
  this->expect_undisturbed(numbers(0, 2));
}

TYPED_TEST(Forking, A_fork_while_an_event_is_being_filled_is_the_parents_event) {
  std::string said;
  EXPECT_EQ(this->producer.publish([&](TypeParam& slot) {
    slot = TypeParam::of(0);
    said = in_child([&] {
      // What the child does when `fill` returns there: publish again.
      slot = TypeParam::of(666);
      return std::string("written");
    });
  }),
            Publish::ok);
  EXPECT_EQ(said, "written");
  this->expect_undisturbed({0});
}

TYPED_TEST(Forking, A_child_that_returns_from_filling_cannot_publish_the_next_event) {
  // The child must leave `fill` in the ordinary way; so the whole publish runs in it.
  publish_numbers(this->producer, 1);
  const std::string said = in_child([&] {
    std::string inner;
    const auto fork_inside = [&](TypeParam& slot) {
      slot = TypeParam::of(1);
      const pid_t child = fork();
      if (child != 0) {
        int status = 0;
        waitpid(child, &status, 0);
        inner = "exit code " + std::to_string(WEXITSTATUS(status));
        return;
      }
      inner = "child";
    };
    auto own = Producer<TypeParam>::create(this->name + "-own", {.capacity = 8});
    own.publish(fork_inside);
    if (inner == "child") {
      const bool refused = own.publish(TypeParam::of(2)) == Publish::used_after_fork &&
                           own.claim(2).status() == Publish::used_after_fork;
      _exit(refused ? 7 : 8);
    }
    return inner;
  });
  EXPECT_EQ(said, "exit code 7");
  this->expect_undisturbed({0});
}

TYPED_TEST(Forking, A_child_cannot_read) {
  publish_numbers(this->producer, 5);
  const std::string said = in_child([&] {
    int handled = 0;
    const auto handler = [&](const TypeParam&) { ++handled; };
    std::string text = this->text(this->consumer.poll(handler).outcome);
    text += " " + this->text(this->consumer.poll_until(never, handler).outcome);
    text += " " + this->text(this->consumer.run(handler));
    handled += this->consumer.try_next() ? 1 : 0;
    for ([[maybe_unused]] const TypeParam& tick : this->consumer) ++handled;
    text += " " + this->text(this->consumer.ended());
    return text + " " + std::to_string(handled);
  });
  EXPECT_EQ(said, "used_after_fork used_after_fork used_after_fork used_after_fork 0");
  this->expect_undisturbed(numbers(0, 5));
}

TYPED_TEST(Forking, A_child_cannot_observe) {
  auto observer = Consumer<TypeParam>::attach(this->name, {.kind = ConsumerKind::observer});
  publish_numbers(this->producer, 5);
  const std::string said = in_child([&] {
    const auto handler = [&](const TypeParam&) {};
    return this->text(observer.poll(handler).outcome) + " " + this->text(observer.run(handler));
  });
  EXPECT_EQ(said, "used_after_fork used_after_fork");
  EXPECT_EQ(drain(observer), numbers(0, 5));
  this->expect_undisturbed(numbers(0, 5));
}

TYPED_TEST(Forking, A_fork_inside_a_handler_ends_the_childs_batch) {
  publish_numbers(this->producer, 5);
  int handled = 0;
  std::string said;
  this->consumer.poll([&](const TypeParam& tick) {
    ++handled;
    if (tick.number == 1) {
      int ends[2];
      ASSERT_EQ(pipe(ends), 0);
      const pid_t child = fork();
      if (child == 0) {
        handled = -1;  // from here on the child counts what it should not get
        return;
      }
      int status = 0;
      waitpid(child, &status, 0);
      said = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status)) : "killed";
    }
    if (handled == 0) _exit(8);  // the child was given another event
  });
  if (handled == -1) {
    const auto handler = [](const TypeParam&) {};
    _exit(this->consumer.poll(handler).outcome == Poll::used_after_fork ? 7 : 9);
  }
  EXPECT_EQ(said, "exit code 7");
  EXPECT_EQ(handled, 5);
  this->expect_undisturbed({});
}

TYPED_TEST(Forking, A_fork_inside_a_loop_ends_the_childs_loop) {
  publish_numbers(this->producer, 5);
  this->producer.close();
  std::string said;
  int handled = 0;
  pid_t child = -1;
  for (const TypeParam& tick : this->consumer) {
    ++handled;
    if (tick.number != 1) continue;
    child = fork();
    if (child == 0) continue;
    int status = 0;
    waitpid(child, &status, 0);
    said = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status)) : "killed";
  }
  if (child == 0) {
    _exit(handled == 2 && this->consumer.ended() == Poll::used_after_fork ? 7 : 8);
  }
  EXPECT_EQ(said, "exit code 7");
  EXPECT_EQ(handled, 5);
}

TYPED_TEST(Forking, A_child_that_tidies_up_changes_nothing) {
  publish_numbers(this->producer, 3);
  const std::string said = in_child([&] {
    { const auto gone = std::move(this->producer); }  // would close and leave
    { const auto gone = std::move(this->consumer); }  // would commit and leave
    return std::string("tidied up");
  });
  EXPECT_EQ(said, "tidied up");
  this->expect_undisturbed(numbers(0, 3));

  EXPECT_EQ(in_child([&] {
              this->producer.close();
              this->producer.detach();
              this->consumer.resign();
              return std::string("tidied up");
            }),
            "tidied up");
  this->expect_undisturbed({});
}

TYPED_TEST(Forking, A_child_that_asks_for_participants_is_told_why_it_cannot) {
  const auto asks = [&](auto question) {
    return in_child([&] {
      try {
        question();
      } catch (const Error& error) {
        return std::string(to_string(error.code())) + ": " + error.object();
      }
      return std::string("an answer");
    });
  };
  const std::string refused = "used_after_fork: " + this->name;
  EXPECT_EQ(asks([&] { (void)this->producer.participants(); }), refused);
  EXPECT_EQ(asks([&] { (void)this->producer.slowest_consumer(); }), refused);
  EXPECT_EQ(asks([&] { this->producer.wait_for_consumers(1, 0s); }), refused);
  EXPECT_EQ(asks([&] { this->producer.wait_for_consumers({"reader"}, 0s); }), refused);
}

TYPED_TEST(Forking, A_child_may_attach_for_itself) {
  publish_numbers(this->producer, 3);
  EXPECT_EQ(in_child([&] {
              auto own = Consumer<TypeParam>::attach(this->name, {.id = "child"});
              return std::to_string(drain(own).size());
            }),
            "3");
  EXPECT_EQ(drain(this->consumer), numbers(0, 3));
}

}  // namespace
}  // namespace disruptor_mp::test
