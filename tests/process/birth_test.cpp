// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Rings that are made, found, closed and removed by several processes at once.
#include <thread>

#include "support/process_test.hpp"

namespace disruptor_mp::process_test {
namespace {

using namespace std::chrono_literals;

class Birth : public ProcessTestWithSetting {};

TEST_P(Birth, Create_or_attach_waits_for_a_predecessor_but_never_for_a_ring_to_appear) {
  // A patience far beyond the hang time: waiting for a ring to appear would be a hang.
  constexpr const char* patient = "--timeout-ms=3600000 --kind=producer";
  Peer first = start(spec("producer", "create_or_attach publish:3 await", patient));
  first.expect("attached 0");
  first.expect("published 3");

  PeerSpec successor = spec("producer", "create_or_attach publish:2 close", patient);
  successor.incarnation = 2;
  Peer second = start(successor);
  first.kill();
  second.expect("attached 3");
  second.wait_success();
  expect_no_violation();
}

INSTANTIATE_TEST_SUITE_P(, Birth, testing::ValuesIn(both_backends), SettingName());

}  // namespace
}  // namespace disruptor_mp::process_test
