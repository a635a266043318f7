// SPDX-License-Identifier: MIT OR Apache-2.0
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "epoll_server.hpp"

namespace disruptor_mp::epoll_server {

void run_feed(const Plan& plan, std::uint64_t feed, std::optional<std::uint64_t> dies_at) {
  // Makes the ring; or goes on in it, after the last event of the one that died.
  auto quotes =
      Producer<Quote>::create_or_attach(plan.ring(feed), {.capacity = 1024, .timeout = patience});
  quotes.wait_for_consumers(1, patience);
  for (std::uint64_t number = quotes.next_sequence().value(); number != plan.quotes; ++number) {
    if (number == dies_at) kill(getpid(), SIGKILL);
    if (const Publish result = quotes.publish(Quote::of(feed, number)); result != Publish::ok)
      throw quotes.explain(result);
  }
}

void run_client(const Plan& plan, std::uint16_t port) {
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
  std::vector<std::uint64_t> next(plan.feeds);
  std::vector<std::byte> bytes(sizeof(Quote) * 1024);
  std::size_t held = 0;
  for (;;) {
    const ssize_t got = read(server, bytes.data() + held, bytes.size() - held);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::runtime_error(std::string("read: ") + std::strerror(errno));
    if (got == 0) break;
    held += static_cast<std::size_t>(got);
    std::size_t done = 0;
    for (; held - done >= sizeof(Quote); done += sizeof(Quote)) {
      Quote quote;
      std::memcpy(&quote, bytes.data() + done, sizeof quote);
      if (quote.feed >= plan.feeds || quote != Quote::of(quote.feed, next[quote.feed]++))
        throw std::runtime_error("quote " + std::to_string(quote.number) + " of feed " +
                                 std::to_string(quote.feed) + " is wrong or out of order");
    }
    held -= done;
    std::memmove(bytes.data(), bytes.data() + done, held);
  }
  close(server);
  for (std::uint64_t feed = 0; feed != plan.feeds; ++feed) {
    if (next[feed] != plan.quotes || held != 0)
      throw std::runtime_error("got " + std::to_string(next[feed]) + " of " +
                               std::to_string(plan.quotes) + " quotes of feed " +
                               std::to_string(feed));
  }
}

}  // namespace disruptor_mp::epoll_server
