// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Two processes and a ring: one publishes quotes, the other reads them until the ring is closed.
// Once in shared memory, once in a file; only the name differs.
//
//   quick_start             runs both, and checks what was read
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "disruptor_mp/disruptor_mp.hpp"

namespace dmp = disruptor_mp;
using namespace std::chrono_literals;

namespace {

struct Quote {
  std::uint64_t number;
  std::int64_t bid;
  std::int64_t ask;
};
constexpr std::uint64_t count = 100'000;

/// The process that reads. It may be started first: it waits for the ring to appear.
int read_quotes(const char* ring) {
  auto quotes = dmp::Consumer<Quote>::attach(ring, {.id = "reader", .timeout = 10s});
  std::uint64_t read = 0;
  for (const Quote& quote : quotes) {
    if (quote.number != read || quote.ask != quote.bid + 1) return 1;
    ++read;
  }
  return quotes.ended() == dmp::Poll::closed && read == count ? 0 : 1;
}

/// The process that publishes.
bool publish_quotes(const std::string& ring) {
  const pid_t reader = fork();
  if (reader == 0) {
    execl("/proc/self/exe", "quick_start", ring.c_str(), nullptr);
    std::_Exit(127);
  }
  auto quotes = dmp::Producer<Quote>::create(ring, {.capacity = 1024});
  quotes.wait_for_consumers(1, 10s);
  for (std::uint64_t i = 0; i != count; ++i) {
    const auto bid = static_cast<std::int64_t>(i % 100);
    if (const auto result = quotes.publish({.number = i, .bid = bid, .ask = bid + 1});
        result != dmp::Publish::ok) {
      throw quotes.explain(result);
    }
  }
  quotes.close();
  int status = 1;
  waitpid(reader, &status, 0);
  std::printf("%s: %s\n", ring.substr(0, ring.find(':')).c_str(),
              status == 0 ? "every quote was read by another process" : "FAILED");
  return status == 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc == 2) return read_quotes(argv[1]);
  std::string folder = "/tmp/quick-start-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const bool in_memory = publish_quotes("shm:" + dmp::os::portable_name("quick"));
  const bool in_file = publish_quotes("file:" + folder + "/ring");
  rmdir(folder.c_str());
  return in_memory && in_file ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
