// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Rings without a name, seen by programs that inherit a descriptor or may look into its owner.
#include <gtest/gtest.h>

#include <string>

#include "disruptor_mp/disruptor_mp.hpp"
#include "dmp/support/command.hpp"
#include "dmp/support/json.hpp"
#include "support/events.hpp"

namespace disruptor_mp::test {
namespace {

class Tools_on_a_ring_without_a_name : public testing::Test {
 protected:
  void SetUp() override {
    for (std::uint64_t i = 0; i < 3; ++i)
      ASSERT_EQ(producer.publish(StampedTick::of(i)), Publish::ok);
  }
  Producer<StampedTick> producer = Producer<StampedTick>::create("memfd:ring", {.capacity = 16});
  os::Descriptor ring = share_ring(producer.segment());
};

TEST_F(Tools_on_a_ring_without_a_name, See_it_by_an_inherited_descriptor) {
  const Outcome refused = run_dmp({"inspect", ring.name()});
  EXPECT_EQ(refused.exit_code, 3) << refused.err;
  EXPECT_NE(refused.err.find("let it be inherited"), std::string::npos) << refused.err;

  ring.let_inherit();
  const Outcome outcome = run_dmp({"inspect", ring.name(), "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(json_of_stdout(outcome)["name"], ring.name());
  EXPECT_EQ(json_of_stdout(outcome)["stream"]["published"], 3);
  EXPECT_EQ(run_dmp({"sub", ring.name(), "--count", "3", "-q"}).out.size(),
            3 * sizeof(StampedTick));
  const Outcome kept = run_dmp({"clean", ring.name()});
  EXPECT_EQ(kept.exit_code, 6);
  EXPECT_NE(kept.out.find("it goes with its last descriptor"), std::string::npos) << kept.out;
}

TEST_F(Tools_on_a_ring_without_a_name, See_it_in_the_process_that_has_it) {
  const std::string name = "fd:" + std::to_string(getpid()) + "/" + std::to_string(ring.number());
  const Outcome outcome = run_dmp({"inspect", name, "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(json_of_stdout(outcome)["stream"]["published"], 3);
  const Outcome wrong = run_dmp({"inspect", "fd:x"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_NE(wrong.err.find("this is no descriptor"), std::string::npos) << wrong.err;
}

}  // namespace
}  // namespace disruptor_mp::test
