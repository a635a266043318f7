// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A ring that has no name. Its maker hands it to two readers: one is sent it over a Unix socket, as
// between programs that connected by other means; one inherits it when it is started. Nobody else
// can find it, and when the last of them has ended, nothing is left.
//
//   memfd_over_socket       starts everything, and says what the readers got
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "disruptor_mp/disruptor_mp.hpp"

namespace dmp = disruptor_mp;
using namespace std::chrono_literals;

namespace {

struct Quote {
  std::int64_t instrument, bid, ask;
};
constexpr std::int64_t count = 100'000;

/// Reads the ring of this name to its end.
int read_quotes(const std::string& ring, const char* id) {
  auto quotes = dmp::Consumer<Quote>::attach(ring, {.id = id});
  std::int64_t sum = 0;
  const dmp::Poll end = quotes.run([&](const Quote& quote) { sum += quote.ask - quote.bid; });
  std::printf("%s: the spreads sum up to %lld; the stream %s\n", id, static_cast<long long>(sum),
              end == dmp::Poll::closed ? "was closed" : "broke off");
  return sum == count && end == dmp::Poll::closed ? 0 : 1;
}

/// The reader that is sent the ring: it knows only a socket.
int receiver(int socket) {
  const dmp::os::Descriptor ring = dmp::receive_ring(socket, 10s);
  return read_quotes(ring.name(), "receiver");
}

/// Starts this program again. What is to be inherited must be let before.
pid_t start(const char* role, const std::string& argument) {
  const pid_t child = fork();
  if (child != 0) return child;
  execl("/proc/self/exe", "memfd_over_socket", role, argument.c_str(), nullptr);
  std::_Exit(127);
}

int make_and_hand_over() {
  auto quotes = dmp::Producer<Quote>::create("memfd:quotes", {.capacity = 1024});

  std::array<int, 2> sockets{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets.data()) != 0) return 1;
  const pid_t receiver = start("receiver", std::to_string(sockets[1]));
  close(sockets[1]);  // so that we notice when the other end is closed
  dmp::send_ring(sockets[0], quotes.segment());

  dmp::os::Descriptor ring = dmp::share_ring(quotes.segment());
  const pid_t heir = start("heir", ring.let_inherit());

  quotes.wait_for_consumers({"receiver", "heir"}, 10s);
  for (std::int64_t i = 0; i != count; ++i) {
    if (quotes.publish({.instrument = 7, .bid = i, .ask = i + 1}) != dmp::Publish::ok) return 1;
  }
  quotes.close();
  int failures = 0;
  for (const pid_t child : {receiver, heir}) {
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) ++failures;
  }
  close(sockets[0]);
  std::printf("%d of 2 readers got everything\n", 2 - failures);
  return failures;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string role = argc == 3 ? argv[1] : "";
  if (role == "receiver") return receiver(std::atoi(argv[2]));
  if (role == "heir") return read_quotes(argv[2], "heir");
  return make_and_hand_over();
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
