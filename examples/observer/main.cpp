// SPDX-License-Identifier: MIT OR Apache-2.0
//
// An observer never holds anybody back and leaves no trace; if it is too slow, it is told exactly
// how many events it missed. Here a producer publishes as fast as it can and waits for nobody, and
// an observer in another process dawdles. Started by root, it is another user, who may read the
// ring and no more.
//
//   observer                starts both, and says what the observer saw and missed
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "disruptor_mp/disruptor_mp.hpp"

namespace dmp = disruptor_mp;
using namespace std::chrono_literals;

namespace {

struct Quote {
  std::uint64_t number;
  std::int64_t bid, ask;
};
constexpr std::uint64_t count = 1'000'000;

int observe(const std::string& ring) {
  constexpr uid_t nobody = 65534;
  if (geteuid() == 0 && setuid(nobody) != 0) return 1;
  auto quotes =
      dmp::Consumer<Quote>::attach(ring, {.kind = dmp::ConsumerKind::observer, .timeout = 10s});
  std::printf("observing as user %u\n", static_cast<unsigned>(geteuid()));
  std::fflush(stdout);
  std::uint64_t seen = 0;
  bool is_exact = true;
  const dmp::Poll end = quotes.run([&](const Quote& quote, dmp::Sequence sequence, bool) {
    // What it gets is never torn, and what it did not get is counted.
    is_exact = is_exact && quote.number == sequence.value() && quote.ask == quote.bid + 1;
    ++seen;
    if (seen % 10'000 == 0) std::this_thread::sleep_for(1ms);
  });
  const std::uint64_t total = seen + quotes.missed();
  std::printf("saw %llu, missed %llu, together %llu; the stream %s\n",
              static_cast<unsigned long long>(seen),
              static_cast<unsigned long long>(quotes.missed()),
              static_cast<unsigned long long>(total),
              end == dmp::Poll::closed ? "was closed" : "broke off");
  return is_exact && total == count && end == dmp::Poll::closed ? 0 : 1;
}

int publish() {
  const std::string ring = dmp::os::portable_name("observed");
  auto quotes = dmp::Producer<Quote>::create(
      ring, {.capacity = 4096, .when_alone = dmp::WhenAlone::run_free, .mode = 0644});
  int ready[2];
  if (pipe(ready) != 0) return 1;
  const pid_t observer = fork();
  if (observer == 0) {
    dup2(ready[1], STDOUT_FILENO);
    execl("/proc/self/exe", "observer", ring.c_str(), nullptr);
    std::_Exit(127);
  }
  close(ready[1]);
  // Its first line says that it is there; it misses nothing before that.
  std::FILE* const told = fdopen(ready[0], "r");
  char line[256];
  if (std::fgets(line, sizeof line, told) == nullptr) return 1;
  std::printf("observer: %s", line);
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i != count; ++i) {
    const auto price = static_cast<std::int64_t>(i);
    if (quotes.publish({.number = i, .bid = price, .ask = price + 1}) != dmp::Publish::ok) return 1;
  }
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
  std::printf("published %llu events in %.0f ms, with %zu participants besides the producer\n",
              static_cast<unsigned long long>(count), taken.count(),
              quotes.participants().size() - 1);
  quotes.close();
  while (std::fgets(line, sizeof line, told) != nullptr) std::printf("observer: %s", line);
  std::fclose(told);
  int status = 1;
  waitpid(observer, &status, 0);
  std::printf("%s\n", status == 0 ? "every event was seen or counted" : "FAILED");
  return status == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  return argc == 2 ? observe(argv[1]) : publish();
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
