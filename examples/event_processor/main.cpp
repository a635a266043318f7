// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A processor: a thread that runs a handler with its callbacks. Orders come from another process;
// what the handler cannot take is skipped, and what fails for a moment is tried again with its
// whole batch, before anything of it is committed.
//
//   event_processor         runs it, and checks what was stored
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>

#include "disruptor_mp/disruptor_mp.hpp"

namespace dmp = disruptor_mp;
using namespace std::chrono_literals;

namespace {

struct Order {
  std::uint64_t number;
  std::int64_t quantity;
};
constexpr std::uint64_t count = 100'000;
constexpr std::uint64_t bad_one_in = 1000;  ///< orders without a quantity
constexpr std::uint64_t bad_ones = count / bad_one_in;

struct BadOrder : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct DatabaseBusy : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Stores orders, a batch at a time.
struct Store {
  std::uint64_t gathered = 0;  ///< of this batch
  std::uint64_t stored = 0;
  std::uint64_t skipped = 0;
  std::uint64_t batches = 0;
  std::uint64_t retries = 0;
  dmp::Poll why = dmp::Poll::idle;

  void on_batch_start(std::size_t /*size*/, std::uint64_t /*depth*/) {
    gathered = 0;  // also when a batch begins anew
  }
  void on_event(const Order& order) {
    if (order.quantity <= 0) throw BadOrder("an order without a quantity");
    ++gathered;
  }
  void on_batch_end() {  // only then is the batch committed
    if (++batches % 100 == 0) throw DatabaseBusy("the database is busy");
    stored += gathered;
  }
  dmp::OnError on_error(const std::exception_ptr& error, dmp::Sequence /*at*/) {
    try {
      std::rethrow_exception(error);
    } catch (const DatabaseBusy&) {
      ++retries;
      return dmp::OnError::retry_batch;
    } catch (const BadOrder&) {
      ++skipped;
      return dmp::OnError::skip;
    } catch (...) {
      return dmp::OnError::stop;
    }
  }
  void on_stop(dmp::Poll end) { why = end; }
};

int publish(const char* ring) {
  auto orders = dmp::Producer<Order>::create(ring, {.capacity = 1024});
  orders.wait_for_consumers(1, 10s);
  for (std::uint64_t i = 0; i != count; ++i) {
    const std::int64_t quantity = i % bad_one_in == 0 ? 0 : 100;
    if (orders.publish({.number = i, .quantity = quantity}) != dmp::Publish::ok) return 1;
  }
  orders.close();
  return 0;
}

int process() {
  const std::string ring = dmp::os::portable_name("processor");
  const pid_t publisher = fork();
  if (publisher == 0) {
    execl("/proc/self/exe", "event_processor", ring.c_str(), nullptr);
    std::_Exit(127);
  }
  dmp::EventProcessor processor(
      dmp::Consumer<Order>::attach(ring, {.id = "store", .timeout = 10s, .max_batch = 64}),
      Store{});
  processor.start();  // a thread of its own
  const dmp::Poll end = processor.join();
  int status = 1;
  waitpid(publisher, &status, 0);
  const Store& store = processor.handler();
  // A bad order in a batch that begins anew is skipped anew.
  const bool is_right = status == 0 && end == dmp::Poll::closed && store.why == end &&
                        store.stored == count - bad_ones && store.skipped >= bad_ones;
  std::printf("%llu orders stored, %llu skipped, in %llu batches, %llu of them anew: %s\n",
              static_cast<unsigned long long>(store.stored),
              static_cast<unsigned long long>(store.skipped),
              static_cast<unsigned long long>(store.batches),
              static_cast<unsigned long long>(store.retries), is_right ? "all is right" : "FAILED");
  return is_right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  return argc == 2 ? publish(argv[1]) : process();
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
