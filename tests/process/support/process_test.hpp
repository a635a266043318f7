// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

#include "disruptor_mp/disruptor_mp.hpp"
#include "evidence/oracle.hpp"
#include "support/deadline.hpp"
#include "support/peer.hpp"
#include "support/sanitizers.hpp"
#include "support/scratch.hpp"

namespace disruptor_mp::process_test {

using namespace evidence;

/// Back-end, slot layout and producers of the ring under test.
struct Setting {
  os::Backend backend = os::Backend::shm;
  EventForm form = EventForm::small;
  ProducerKind producers = ProducerKind::single;
};
[[nodiscard]] std::string to_string(const Setting& setting);
void PrintTo(const Setting& setting, std::ostream* out);  // for GoogleTest

/// Every kind of memory object and of slot once.
inline constexpr Setting all_settings[] = {{os::Backend::shm, EventForm::small},
                                           {os::Backend::shm, EventForm::large},
                                           {os::Backend::file, EventForm::large}};
/// For what does not touch slots.
inline constexpr Setting both_backends[] = {{os::Backend::shm, EventForm::small},
                                            {os::Backend::file, EventForm::large}};

/// The first is a ring of one producer, the second of several.
inline constexpr Setting one_and_several[] = {
    {os::Backend::shm, EventForm::small, ProducerKind::single},
    {os::Backend::shm, EventForm::small, ProducerKind::multi}};

/// Rings of several producers; their slots are always stamped.
inline constexpr Setting settings_of_several[] = {
    {os::Backend::shm, EventForm::small, ProducerKind::multi},
    {os::Backend::file, EventForm::small, ProducerKind::multi}};

/// The name of a test's parameter.
struct SettingName {
  template <class Info>
  std::string operator()(const Info& info) const {
    return to_string(info.param);
  }
};

/// How much longer a run with DMP_SOAK set is to be (1 without).
[[nodiscard]] std::uint64_t soak_factor();

/// Whether this build is slowed down by a sanitizer.
[[nodiscard]] constexpr bool is_sanitized() { return test::under_asan || test::under_tsan; }

/// A test with its own ring and its own processes. If it hangs it is ended with a message; whatever
/// happens, the ring and the processes are gone afterwards.
class ProcessTest : public testing::Test {
 public:
  explicit ProcessTest(Setting setting = {});
  ~ProcessTest() override;

 protected:
  [[nodiscard]] const Scratch& scratch() const { return scratch_; }
  [[nodiscard]] const std::string& ring() const { return scratch_.ring(); }

  /// A spec with the test's event form.
  [[nodiscard]] PeerSpec spec(std::string id, std::string script, std::string options = {}) const;
  [[nodiscard]] Peer start(const PeerSpec& spec) const { return Peer::start(scratch_, spec); }

  /// Judges the logs; every violation is a failure of the test.
  Verdict expect_no_violation() const;
  /// Nothing of the ring is left in the file system.
  void expect_nothing_remains() const;

  Setting setting_;

 private:
  Scratch scratch_;
};

/// The same for each setting.
class ProcessTestWithSetting : public ProcessTest, public testing::WithParamInterface<Setting> {
 public:
  ProcessTestWithSetting() : ProcessTest(GetParam()) {}
};

}  // namespace disruptor_mp::process_test
