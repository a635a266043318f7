// SPDX-License-Identifier: MIT OR Apache-2.0
#include "support/process_test.hpp"

#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ostream>

#include "evidence/proof_event.hpp"

namespace disruptor_mp::process_test {
namespace {

// --- The watchdog: a test whose own process hangs (in the library, say) must not hang CI. Its
// children have the parent-death signal and end with it.

char hanging_test[512] = "process test: HANG\n";

void end_hanging_test(int /*signal*/) {
  // Async-signal-safe calls only.
  if (write(STDERR_FILENO, hanging_test, std::strlen(hanging_test)) < 0) _exit(98);
  std::abort();
}

void arm_watchdog(std::chrono::seconds time) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  std::snprintf(hanging_test, sizeof hanging_test, "process test: HANG in %s.%s\n",
                test != nullptr ? test->test_suite_name() : "?",
                test != nullptr ? test->name() : "?");
  std::signal(SIGALRM, end_hanging_test);
  itimerval timer{};
  timer.it_value.tv_sec = time.count();
  setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace

std::string to_string(const Setting& setting) {
  return std::string(setting.backend == os::Backend::shm ? "shm" : "file") +
         (setting.form == EventForm::small ? "_stamped" : "_packed") +
         (setting.producers == ProducerKind::multi ? "_several" : "");
}

void PrintTo(const Setting& setting, std::ostream* out) { *out << to_string(setting); }

std::uint64_t soak_factor() {
  const char* text = std::getenv("DMP_SOAK");
  const std::uint64_t factor = text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
  return factor == 0 ? 1 : factor;
}

ProcessTest::ProcessTest(Setting setting) : setting_(setting), scratch_(setting.backend) {
  std::signal(SIGPIPE, SIG_IGN);  // a child that died early is found out by its missing report
  arm_watchdog(hang_time * 3 * soak_factor());
}

ProcessTest::~ProcessTest() { arm_watchdog(std::chrono::seconds(0)); }

PeerSpec ProcessTest::spec(std::string id, std::string script, std::string options) const {
  PeerSpec spec;
  spec.id = std::move(id);
  spec.form = setting_.form;
  spec.script = std::move(script);
  spec.options = std::move(options);
  if (setting_.producers == ProducerKind::multi) spec.options += " --producers=multi";
  return spec;
}

Verdict ProcessTest::expect_no_violation() const {
  Verdict verdict = judge(scratch_.logs());
  EXPECT_THAT(verdict.violations, testing::IsEmpty());
  return verdict;
}

void ProcessTest::expect_nothing_remains() const {
  EXPECT_THAT(scratch_.remains(), testing::IsEmpty());
}

}  // namespace disruptor_mp::process_test
