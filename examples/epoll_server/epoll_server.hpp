// SPDX-License-Identifier: MIT OR Apache-2.0
//
// One thread, one epoll loop, and in it rings and sockets side by side:
//
//     feed.0 ── ring 0 ──▶ ┌────────┐ ── TCP ──▶ client 0
//     feed.1 ── ring 1 ──▶ │ server │ ── TCP ──▶ client 1
//        …                 └────────┘      …
//
// Whatever a feed publishes goes to every client. A client that is slow fills its socket, then the
// server's buffer for it; then the server reads no ring, the rings fill, and the feeds wait. A feed
// that is killed is noticed by the same loop, and started again: it goes on after its last event.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "disruptor_mp/disruptor_mp.hpp"

namespace disruptor_mp::epoll_server {

/// What travels, through rings and sockets alike.
struct Quote {
  std::uint64_t feed = 0;
  std::uint64_t number = 0;  ///< from 0, of its feed
  std::uint64_t price = 0;   ///< follows from both

  [[nodiscard]] static constexpr Quote of(std::uint64_t feed, std::uint64_t number) {
    return {.feed = feed, .number = number, .price = (number + 1) * 0x9E3779B97F4A7C15U ^ feed};
  }
  bool operator==(const Quote&) const = default;
};

struct Plan {
  std::string name;  ///< of the rings, in common
  std::uint64_t feeds = 3;
  std::uint64_t clients = 2;
  std::uint64_t quotes = 20'000;           ///< of each feed
  std::optional<std::uint64_t> kill = {};  ///< this feed, when it has published half of its quotes

  [[nodiscard]] std::string ring(std::uint64_t feed) const {
    return name + "-" + std::to_string(feed);
  }
};

/// How long anybody waits for the others before it is an error.
inline constexpr auto patience = std::chrono::seconds(20);

/// Publishes what is still missing of its quotes, and closes the ring. @param dies_at kills itself
/// before it publishes this one
void run_feed(const Plan& plan, std::uint64_t feed, std::optional<std::uint64_t> dies_at);
/// Reads until the server hangs up. @throws std::runtime_error unless every quote came, once, in
/// its feed's order.
void run_client(const Plan& plan, std::uint16_t port);

struct Report {
  std::uint64_t sent = 0;     ///< quotes, to all clients together
  std::uint64_t revived = 0;  ///< feeds
};
/// A listening socket on the loopback interface.
class Listener {
 public:
  Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

/// Waits for all clients, then serves until every ring has ended.
/// @param revive starts a feed again
Report serve(const Plan& plan, const Listener& listener,
             const std::function<void(std::uint64_t feed)>& revive);

}  // namespace disruptor_mp::epoll_server
