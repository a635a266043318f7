// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The loop. What it does with a ring is what it does with a socket: when the descriptor is
// readable, read until there is nothing left.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "epoll_server.hpp"

namespace disruptor_mp::epoll_server {
namespace {

[[noreturn]] void fail(const std::string& call) {
  throw std::runtime_error(call + ": " + std::strerror(errno));
}

struct Client {
  int socket = -1;
  std::vector<std::byte> waiting = {};  ///< what the socket would not take yet
};

class Server {
 public:
  Server(const Plan& plan, const std::function<void(std::uint64_t)>& revive)
      : plan_(plan), revive_(revive), loop_(epoll_create1(EPOLL_CLOEXEC)) {
    if (loop_ < 0) fail("epoll_create1");
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    for (const Client& client : clients_) close(client.socket);
    close(loop_);
  }

  Report run(const Listener& listener) {
    for (std::uint64_t feed = 0; feed != plan_.feeds; ++feed) {
      rings_.push_back(
          Consumer<Quote>::attach(plan_.ring(feed), {.id = "server", .timeout = patience}));
    }
    watch(EPOLL_CTL_ADD, listener.descriptor(), EPOLLIN, 0);
    while (clients_.size() != plan_.clients) wait([&](std::uint64_t) { accept_one(listener); });
    watch(EPOLL_CTL_DEL, listener.descriptor(), 0, 0);
    for (std::uint64_t feed = 0; feed != plan_.feeds; ++feed)
      watch(EPOLL_CTL_ADD, rings_[feed].fd(), EPOLLIN, feed);
    open_ = plan_.feeds;
    while (open_ != 0 || is_held_up()) {
      wait([&](std::uint64_t key) {
        if (key >= plan_.feeds) return flush(key - plan_.feeds);
        if (!is_held_up()) read_ring(key);
      });
    }
    return report_;
  }

 private:
  /// More than this for one client, and no ring is read until it is gone.
  static constexpr std::size_t most_waiting = 1U << 20U;

  template <class Handle>
  void wait(Handle&& handle) {
    std::array<epoll_event, 16> ready{};
    const int count = epoll_wait(loop_, ready.data(), static_cast<int>(ready.size()),
                                 static_cast<int>(std::chrono::milliseconds(patience).count()));
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) throw std::runtime_error("nothing happened for a long time");
    for (int i = 0; i < count; ++i) handle(ready.at(static_cast<std::size_t>(i)).data.u64);
  }
  /// Keys below `feeds` are rings; those behind them clients.
  void watch(int change, int descriptor, std::uint32_t events, std::uint64_t key) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = key;
    if (epoll_ctl(loop_, change, descriptor, &event) != 0) fail("epoll_ctl");
  }

  void accept_one(const Listener& listener) {
    const int socket =
        accept4(listener.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) fail("accept4");
    clients_.push_back({.socket = socket});
    watch(EPOLL_CTL_ADD, socket, 0, plan_.feeds + clients_.size() - 1);
  }

  /// Polls until there is nothing more to be said: then the descriptor is not readable any more.
  void read_ring(std::uint64_t feed) {
    Consumer<Quote>& ring = rings_[feed];
    for (;;) {
      const PollResult result = ring.poll([&](const Quote& quote) { send_to_all(quote); });
      switch (result.outcome) {
        case Poll::events:
          if (is_held_up()) return watch_rings(false);
          break;
        case Poll::producer_dead:
          ++report_.revived;
          revive_(feed);
          return;
        case Poll::closed:
          watch(EPOLL_CTL_DEL, ring.fd(), 0, 0);
          --open_;
          return;
        case Poll::idle:
          return;
        default:
          throw ring.explain(result.outcome);
      }
    }
  }

  void send_to_all(const Quote& quote) {
    const auto* const bytes = reinterpret_cast<const std::byte*>(&quote);
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      auto& waiting = clients_[i].waiting;
      if (waiting.empty()) watch(EPOLL_CTL_MOD, clients_[i].socket, EPOLLOUT, plan_.feeds + i);
      waiting.insert(waiting.end(), bytes, bytes + sizeof quote);
      ++report_.sent;
    }
  }
  void flush(std::size_t index) {
    Client& client = clients_[index];
    const bool was_held_up = is_held_up();
    const ssize_t sent =
        send(client.socket, client.waiting.data(), client.waiting.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) fail("send");
    if (sent > 0) client.waiting.erase(client.waiting.begin(), client.waiting.begin() + sent);
    if (client.waiting.empty()) watch(EPOLL_CTL_MOD, client.socket, 0, plan_.feeds + index);
    if (was_held_up && !is_held_up()) watch_rings(true);
  }
  [[nodiscard]] bool is_held_up() const {
    return std::any_of(clients_.begin(), clients_.end(), [&](const Client& client) {
      return client.waiting.size() > (open_ == 0 ? 0 : most_waiting);
    });
  }
  /// A ring that is not watched fills, and its feed waits.
  void watch_rings(bool is_watched) {
    for (std::uint64_t feed = 0; feed != plan_.feeds; ++feed) {
      epoll_event event{};
      event.events = is_watched ? EPOLLIN : 0U;
      event.data.u64 = feed;
      // One that has ended is not in the loop any more.
      if (epoll_ctl(loop_, EPOLL_CTL_MOD, rings_[feed].fd(), &event) != 0 && errno != ENOENT)
        fail("epoll_ctl");
    }
  }

  const Plan& plan_;
  const std::function<void(std::uint64_t)>& revive_;
  int loop_;
  std::vector<Consumer<Quote>> rings_;
  std::vector<Client> clients_;
  std::uint64_t open_ = 0;
  Report report_;
};

}  // namespace

Listener::Listener() : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (descriptor_ < 0) fail("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const where = reinterpret_cast<sockaddr*>(&address);
  if (bind(descriptor_, where, size) != 0 || listen(descriptor_, SOMAXCONN) != 0 ||
      getsockname(descriptor_, where, &size) != 0) {
    fail("a socket on the loopback interface");
  }
  port_ = ntohs(address.sin_port);
}

Listener::~Listener() { close(descriptor_); }

Report serve(const Plan& plan, const Listener& listener,
             const std::function<void(std::uint64_t)>& revive) {
  return Server(plan, revive).run(listener);
}

}  // namespace disruptor_mp::epoll_server
