// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Four processes in a diamond: an order may be executed only when it is in the journal and the risk
// check has passed it.
//
//             ┌─▶ journal ─┐
//   orders ───┤            ├─▶ execution
//             └─▶ risk ────┘
//
//   diamond                 runs it; execution checks each order
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "disruptor_mp/disruptor_mp.hpp"

namespace dmp = disruptor_mp;
using namespace std::chrono_literals;

namespace {

struct Order {
  std::uint64_t number;
  std::int64_t quantity;
};
constexpr std::uint64_t count = 100'000;

/// What the stages have done, in memory that all processes share: only for the check.
struct Done {
  std::atomic<std::uint64_t> journal;
  std::atomic<std::uint64_t> risk;
};

/// Handles every order as one stage; says whether all came, in order, and the ring was closed.
template <class Handle>
bool run_stage(const std::string& ring, const std::string& id,
               const std::vector<std::string>& after, Handle handle) {
  auto orders = dmp::Consumer<Order>::attach(
      ring, {.id = id, .kind = dmp::ConsumerKind::required, .timeout = 10s, .after = after});
  std::uint64_t next = 0;
  bool is_right = true;
  const dmp::Poll end = orders.run(
      [&](const Order& order) { is_right = is_right && order.number == next++ && handle(order); });
  return is_right && next == count && end == dmp::Poll::closed;
}

template <class Stage>
pid_t start(Stage stage) {
  const pid_t child = fork();
  if (child != 0) return child;
  int code = 1;
  try {
    code = stage() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  std::_Exit(code);
}

int run(Done& done) {
  const std::string ring = dmp::os::portable_name("diamond");
  // Before this process has anything of the ring: a fork keeps nothing of it.
  const std::vector<pid_t> stages = {
      start([&] {
        // The first to come waits for those it names.
        return run_stage(ring, "execution", {"journal", "risk"}, [&](const Order& order) {
          return done.journal.load() > order.number && done.risk.load() > order.number;
        });
      }),
      start([&] {
        return run_stage(ring, "journal", {}, [&](const Order& order) {
          done.journal.store(order.number + 1);
          return true;
        });
      }),
      start([&] {
        return run_stage(ring, "risk", {}, [&](const Order& order) {
          done.risk.store(order.number + 1);
          return order.quantity > 0;
        });
      }),
  };
  auto orders = dmp::Producer<Order>::create(ring, {.capacity = 256});
  orders.wait_for_consumers({"journal", "risk", "execution"}, 10s);
  for (std::uint64_t i = 0; i != count; ++i) {
    if (const auto result = orders.publish({.number = i, .quantity = 100});
        result != dmp::Publish::ok) {
      throw orders.explain(result);
    }
  }
  orders.close();
  int failed = 0;
  for (const pid_t stage : stages) {
    int status = 1;
    waitpid(stage, &status, 0);
    if (status != 0) ++failed;
  }
  std::printf("%s\n",
              failed == 0 ? "no order was executed before journal and risk had it" : "FAILED");
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main() try {
  void* const shared =
      mmap(nullptr, sizeof(Done), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 1;
  return run(*new (shared) Done{});
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
