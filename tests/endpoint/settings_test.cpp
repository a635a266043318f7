// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What options leave open the environment says; what neither says has its default; what cannot be
// understood is an error. Each case has a process of its own, since the environment is one.
#include "disruptor_mp/endpoint/detail/settings.hpp"

#include <cstdlib>
#include <map>
#include <thread>

#include "disruptor_mp/os/affinity.hpp"
#include "endpoint/drain.hpp"
#include "support/child.hpp"

namespace disruptor_mp::test {
namespace {

using detail::CorePin;
using detail::parse_wait_strategy;
using detail::SettingRole;
using detail::wait_setting;
using Kind = WaitStrategy::Kind;
using Environment = std::map<std::string, std::string>;

/// Runs `body` where exactly these of our variables are set.
template <class Body>
std::string with(const Environment& environment, Body&& body) {
  return in_child([&]() -> std::string {
    for (const char* const name : {"WAIT", "PRODUCER_WAIT", "CONSUMER_WAIT", "PRODUCER_CORE",
                                   "CONSUMER_CORE", "PROCESSOR_CORE", "PROCESS_CORE"}) {
      unsetenv(("DISRUPTOR_MP_" + std::string(name)).c_str());
    }
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    return body();
  });
}

std::string describe(const WaitStrategy& strategy) {
  return std::to_string(static_cast<int>(strategy.kind())) + "/" +
         std::to_string(strategy.spins()) + "/" + std::to_string(strategy.period().count());
}

/// What a wait of this role is, in a process with this environment.
std::string chosen(const Environment& environment, SettingRole role,
                   std::optional<WaitStrategy> option = std::nullopt) {
  return with(environment, [&] { return describe(wait_setting(option, role)); });
}

TEST(Wait_setting, Reads_every_strategy) {
  const std::map<std::string, WaitStrategy> known{
      {"busy_spin", WaitStrategy::busy_spin()},
      {"spin_with_hint", WaitStrategy::spin_with_hint()},
      {"spin_then_yield", WaitStrategy::spin_then_yield()},
      {"spin_then_yield:0", WaitStrategy::spin_then_yield(0)},
      {"spin_then_yield:4294967295", WaitStrategy::spin_then_yield(4294967295U)},
      {"sleep", WaitStrategy::sleep()},
      {"sleep:1ns", WaitStrategy::sleep(1ns)},
      {"sleep:50us", WaitStrategy::sleep(50us)},
      {"sleep:20ms", WaitStrategy::sleep(20ms)},
      {"sleep:3600s", WaitStrategy::sleep(1h)},
      {"block", WaitStrategy::block()},
      {"block:0", WaitStrategy::block(0)},
      {"block:200", WaitStrategy::block(200)}};
  for (const auto& [text, strategy] : known) {
    const auto read = parse_wait_strategy(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(describe(*read), describe(strategy)) << text;
  }
}

TEST(Wait_setting, Understands_nothing_else) {
  for (const char* const text : {"",
                                 " ",
                                 "Block",
                                 "block:",
                                 "block:-1",
                                 "block:1x",
                                 "block: 1",
                                 "block:4294967296",
                                 "block:1:2",
                                 "spin",
                                 "busy_spin:1",
                                 "spin_with_hint:",
                                 "custom",
                                 "sleep:",
                                 "sleep:0us",
                                 "sleep:50",
                                 "sleep:us",
                                 "sleep:-5us",
                                 "sleep:3601s",
                                 "sleep:99999999999999999999s",
                                 "sleep:5m",
                                 "sleep:1.5ms",
                                 "spin_then_yield:",
                                 "block\n"}) {
    EXPECT_FALSE(parse_wait_strategy(text)) << "'" << text << "'";
  }
}

TEST(Wait_setting, Is_the_options_then_the_roles_then_that_for_all_then_blocking) {
  const Environment all{{"DISRUPTOR_MP_WAIT", "sleep:7us"},
                        {"DISRUPTOR_MP_CONSUMER_WAIT", "block:3"},
                        {"DISRUPTOR_MP_PRODUCER_WAIT", "spin_then_yield:5"}};
  EXPECT_EQ(chosen(all, SettingRole::consumer, WaitStrategy::block(9)),
            describe(WaitStrategy::block(9)));
  EXPECT_EQ(chosen(all, SettingRole::consumer), describe(WaitStrategy::block(3)));
  EXPECT_EQ(chosen(all, SettingRole::producer), describe(WaitStrategy::spin_then_yield(5)));
  const Environment one{{"DISRUPTOR_MP_WAIT", "sleep:7us"}, {"DISRUPTOR_MP_CONSUMER_WAIT", ""}};
  EXPECT_EQ(chosen(one, SettingRole::consumer), describe(WaitStrategy::sleep(7us)));
  EXPECT_EQ(chosen(one, SettingRole::producer), describe(WaitStrategy::sleep(7us)));
  EXPECT_EQ(chosen({}, SettingRole::consumer), describe(WaitStrategy::block()));
  EXPECT_EQ(chosen({}, SettingRole::producer), describe(WaitStrategy::block()));
}

TEST(Wait_setting, That_cannot_be_understood_names_variable_value_form_and_remedy) {
  const std::string said = with({{"DISRUPTOR_MP_CONSUMER_WAIT", "fast"}}, [] {
    expect_error(Errc::invalid_option,
                 {.object = "DISRUPTOR_MP_CONSUMER_WAIT",
                  .problem = "no wait strategy",
                  .found = "'fast'",
                  .expected = "block[:spins], sleep[:time]",
                  .remedy = "unset it"},
                 [] { static_cast<void>(wait_setting(std::nullopt, SettingRole::consumer)); });
    return std::string(testing::Test::HasFailure() ? "failed" : "refused");
  });
  EXPECT_EQ(said, "refused");
}

TEST(Wait_setting, That_is_wrong_does_not_fall_through_to_the_next_and_hurts_only_who_needs_it) {
  const Environment wrong{{"DISRUPTOR_MP_PRODUCER_WAIT", "x"}, {"DISRUPTOR_MP_WAIT", "block"}};
  EXPECT_NE(chosen(wrong, SettingRole::producer).find("exception: "), std::string::npos);
  EXPECT_EQ(chosen(wrong, SettingRole::consumer), describe(WaitStrategy::block()));
  EXPECT_EQ(chosen(wrong, SettingRole::producer, WaitStrategy::block(1)),
            describe(WaitStrategy::block(1)));
}

TEST(Wait_setting, Is_asked_before_anything_is_made_or_joined) {
  const std::string name = unique_ring_name();
  const std::string said = with({{"DISRUPTOR_MP_WAIT", "x"}}, [&]() -> std::string {
    for (const auto make :
         {&Producer<StampedTick>::create, &Producer<StampedTick>::attach,
          static_cast<Producer<StampedTick> (*)(std::string_view, const ProducerOptions&)>(
              &Producer<StampedTick>::create_or_attach)}) {
      if (error_of([&] { static_cast<void>(make(name, {})); }).code() != Errc::invalid_option)
        return "made";
    }
    return std::string(to_string(
        error_of([&] { static_cast<void>(Consumer<StampedTick>::attach(name)); }).code()));
  });
  EXPECT_EQ(said, "invalid_option");
  EXPECT_TRUE(list_rings(os::ObjectName::parse(name).text().substr(4)).rings.empty());
}

TEST(Wait_setting, Of_the_environment_is_how_an_endpoint_waits) {
  const std::string said = with(
      {{"DISRUPTOR_MP_CONSUMER_WAIT", "sleep:3ms"}, {"DISRUPTOR_MP_PRODUCER_WAIT", "block:4"}}, [] {
        const std::string name = unique_ring_name();
        auto producer = Producer<StampedTick>::create(name);
        auto consumer = Consumer<StampedTick>::attach(name);
        auto other = Consumer<StampedTick>::attach(name, {.wait = WaitStrategy::busy_spin()});
        const std::string first = describe(producer.wait_strategy());
        producer.detach();
        auto successor = Producer<StampedTick>::attach(name);
        return first + " " + describe(consumer.wait_strategy()) + " " +
               describe(other.wait_strategy()) + " " + describe(successor.wait_strategy());
      });
  EXPECT_EQ(said, describe(WaitStrategy::block(4)) + " " + describe(WaitStrategy::sleep(3ms)) +
                      " " + describe(WaitStrategy::busy_spin()) + " " +
                      describe(WaitStrategy::block(4)));
}

// --- Cores

std::string mine() {
  const auto mask = os::cores_of_this_thread();
  std::string text;
  for (const unsigned core : mask->cores())
    text += (text.empty() ? "" : " ") + std::to_string(core);
  return text;
}

std::string number(std::optional<unsigned> core) { return core ? std::to_string(*core) : "none"; }

class Pinning : public testing::Test {
 protected:
  std::vector<unsigned> usable = os::usable_cores();
  unsigned first = usable.front();
  unsigned last = usable.back();
  std::string name = unique_ring_name();
};

TEST_F(Pinning, Is_what_the_option_says_for_good_and_can_be_asked_for) {
  const std::string said = with({}, [&] {
    std::string text;
    {
      auto producer = Producer<StampedTick>::create(name, {.core = first});
      text = number(producer.pinned_core()) + ":" + mine();
      auto consumer = Consumer<StampedTick>::attach(name, {.core = last});
      text += " " + number(consumer.pinned_core()) + ":" + mine();
      producer.detach();
      auto successor = Producer<StampedTick>::attach(name, {.core = first});
      text += " " + number(successor.pinned_core()) + ":" + mine();
    }
    return text + " " + mine();
  });
  const std::string f = std::to_string(first);
  const std::string l = std::to_string(last);
  EXPECT_EQ(said, f + ":" + f + " " + l + ":" + l + " " + f + ":" + f + " " + f);
}

TEST_F(Pinning, Of_nobody_happens_unless_somebody_asks) {
  const std::string said = with({}, [&] {
    const std::string before = mine();
    auto producer = Producer<StampedTick>::create_or_attach(name);
    auto consumer = Consumer<StampedTick>::attach(name);
    return number(producer.pinned_core()) + " " + number(consumer.pinned_core()) +
           (mine() == before ? " same" : " changed");
  });
  EXPECT_EQ(said, "none none same");
}

TEST_F(Pinning, Follows_the_roles_variable_then_that_of_the_process) {
  const auto pinned = [&](const Environment& environment) {
    return with(environment, [&] {
      auto producer = Producer<StampedTick>::create_or_attach(name);
      auto consumer = Consumer<StampedTick>::attach(name);
      EventProcessor processor(std::move(consumer), [](const StampedTick&) {});
      return number(producer.pinned_core()) + " " + number(processor.consumer().pinned_core()) +
             " " + number(processor.pinned_core());
    });
  };
  const std::string f = std::to_string(first);
  const std::string l = std::to_string(last);
  EXPECT_EQ(pinned({{"DISRUPTOR_MP_PROCESS_CORE", f}}), f + " " + f + " " + f);
  EXPECT_EQ(pinned({{"DISRUPTOR_MP_PRODUCER_CORE", l}}), l + " none none");
  EXPECT_EQ(pinned({{"DISRUPTOR_MP_CONSUMER_CORE", l}}), "none " + l + " none");
  EXPECT_EQ(pinned({{"DISRUPTOR_MP_PROCESSOR_CORE", l}}), "none none " + l);
  EXPECT_EQ(pinned({{"DISRUPTOR_MP_PROCESS_CORE", f}, {"DISRUPTOR_MP_CONSUMER_CORE", l}}),
            f + " " + l + " " + f);
}

TEST_F(Pinning, To_a_core_that_cannot_be_had_is_an_error_that_lists_those_that_can) {
  for (const unsigned core : {usable.back() + 1, 8191U, 8192U, 4294967295U}) {
    expect_error(Errc::invalid_option,
                 {.object = name,
                  .problem = "the option `core`",
                  .found = "core " + std::to_string(core),
                  .expected = "allowed to this process: " + std::to_string(first),
                  .remedy = "cpuset"},
                 [&] { static_cast<void>(Producer<StampedTick>::create(name, {.core = core})); });
  }
  auto producer = Producer<StampedTick>::create(name);  // nothing of the name was made
  const std::string before = mine();
  expect_error(Errc::invalid_option, {.object = name, .found = "core 8192"},
               [&] { static_cast<void>(Consumer<StampedTick>::attach(name, {.core = 8192})); });
  EXPECT_EQ(producer.participants().size(), 1U);
  expect_error(Errc::invalid_option, {.object = "the processor of ", .found = "core 8192"}, [&] {
    EventProcessor processor(Consumer<StampedTick>::attach(name), [](const StampedTick&) {},
                             {.core = 8192});
  });
  EXPECT_EQ(mine(), before);
}

TEST_F(Pinning, By_a_variable_that_cannot_be_understood_names_it) {
  for (const char* const value : {"x", "-1", "1 ", "0x1", "4294967296"}) {
    const std::string said = with({{"DISRUPTOR_MP_PROCESS_CORE", value}}, [&] {
      expect_error(Errc::invalid_option,
                   {.object = "DISRUPTOR_MP_PROCESS_CORE",
                    .problem = "no core",
                    .found = value,
                    .expected = "number of a core"},
                   [&] { static_cast<void>(Producer<StampedTick>::create(name)); });
      return std::string(testing::Test::HasFailure() ? "failed" : "refused");
    });
    EXPECT_EQ(said, "refused") << value;
  }
  const std::string said = with({{"DISRUPTOR_MP_PROCESS_CORE", "8000"}}, [&] {
    expect_error(Errc::invalid_option,
                 {.object = name, .problem = "DISRUPTOR_MP_PROCESS_CORE", .found = "core 8000"},
                 [&] { static_cast<void>(Producer<StampedTick>::create(name)); });
    return std::string(testing::Test::HasFailure() ? "failed" : "refused");
  });
  EXPECT_EQ(said, "refused");
}

TEST_F(Pinning, Is_taken_back_if_the_endpoint_comes_to_nothing) {
  const std::string said = with({}, [&]() -> std::string {
    const std::string before = mine();
    const auto create = [&] {
      static_cast<void>(Producer<StampedTick>::create(name, {.core = last}));
    };
    auto producer = Producer<StampedTick>::create(name);
    if (error_of(create).code() != Errc::already_exists) return "no error";
    if (mine() != before) return "create leaves " + mine();
    const auto attach = [&] {
      static_cast<void>(Consumer<PackedTick>::attach(name, {.core = last}));
    };
    error_of(attach);
    if (mine() != before) return "attach leaves " + mine();
    error_of([&] { static_cast<void>(Producer<StampedTick>::attach(name, {.core = last})); });
    return mine() == before ? "as before" : "take-over leaves " + mine();
  });
  EXPECT_EQ(said, "as before");
}

struct Where {
  std::string* at;
  void on_event(const StampedTick&) { *at = mine(); }
};

TEST_F(Pinning, Of_a_processor_is_its_own_threads_or_the_callers_while_it_runs) {
  const std::string said = with({}, [&] {
    const std::string before = mine();
    auto producer = Producer<StampedTick>::create(name);
    std::string at = "nowhere";
    EventProcessor processor(Consumer<StampedTick>::attach(name), Where{&at}, {.core = last});
    if (mine() != before) return "made: " + mine();
    publish_numbers(producer, 1);
    producer.detach();
    processor.start();
    processor.join();
    std::string text = at + " " + (mine() == before ? "same" : mine());
    at = "nowhere";
    auto successor = Producer<StampedTick>::attach(name);
    successor.publish(StampedTick::of(1));
    successor.close();
    processor.run();
    return text + " " + at + " " + (mine() == before ? "same" : mine());
  });
  const std::string l = std::to_string(last);
  EXPECT_EQ(said, l + " same " + l + " same");
}

}  // namespace
}  // namespace disruptor_mp::test
