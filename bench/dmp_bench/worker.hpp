// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "disruptor_mp/metrics/histogram.hpp"
#include "dmp_bench/cases.hpp"
#include "dmp_bench/clock.hpp"
#include "dmp_bench/shared_area.hpp"

namespace disruptor_mp::bench {

/// What the leader of a ping-pong measures. The clock is coarse (10 ns on some machines) and costs
/// as much as it shows, so half of the round trips are timed in groups with no clock inside, for
/// the typical one, and the others one by one, for the distribution.
struct RoundTrips {
  static constexpr std::uint64_t group = 32;

  Histogram groups;  ///< nanoseconds of `group` round trips
  Histogram single;

  void merge(const RoundTrips& other) noexcept {
    groups.merge(other.groups);
    single.merge(other.single);
  }
  [[nodiscard]] double typical_ns() const noexcept {
    return static_cast<double>(groups.quantile(1, 2)) / static_cast<double>(group);
  }
};

/// One process's part in the work of one contender. The rings stay open from slice to slice.
class Worker {
 public:
  virtual ~Worker() = default;

  /// Does its part for events [first, end) of each producer.
  /// @param round_trips where the leader of a ping-pong records its round trips.
  /// @return 0 if every byte that arrived was the right one.
  virtual std::uint64_t run(std::uint64_t first, std::uint64_t end, RoundTrips& round_trips) = 0;

  /// The leader, after a slice in which nobody read along, when all have published their events up
  /// to `end`: reads what there is. @return as above.
  virtual std::uint64_t read_what_is_left(std::uint64_t /*end*/) { return 0; }
  /// A slice may not be longer than so many events of each producer.
  [[nodiscard]] virtual std::uint64_t longest_slice() const { return ~std::uint64_t{0}; }
};

/// Which part, and where.
struct Part {
  const Case* work = nullptr;
  const Contender* contender = nullptr;
  unsigned process = 0;       ///< 0 leads: a producer, or who begins the ping-pong; more producers
                              ///< come next, then the consumers
  bool yields = false;        ///< more spinners than cores
  SharedArea* raw = nullptr;  ///< memory of a hand-written contender
  std::string ring_name;      ///< of a library contender
  const Ticks* ticks = nullptr;

  [[nodiscard]] bool is_producer() const noexcept { return process < work->producers; }
  [[nodiscard]] unsigned consumer() const noexcept { return process - work->producers; }
};

/// The ring on which a process answers in a ping-pong of library contenders.
[[nodiscard]] inline std::string ring_back_from(const std::string& ring_name, unsigned process) {
  return ring_name + "-back" + std::to_string(process);
}

/// Bytes of raw memory that a contender needs.
[[nodiscard]] std::size_t raw_size(const Case& work, const Contender& contender);
[[nodiscard]] std::size_t peer_size(const Case& work, const Contender& contender);

[[nodiscard]] std::unique_ptr<Worker> make_limit_worker(const Part& part);
[[nodiscard]] std::unique_ptr<Worker> make_library_worker(const Part& part);
/// Of the peers that were there when this program was built.
[[nodiscard]] std::unique_ptr<Worker> make_peer_worker(const Part& part);

}  // namespace disruptor_mp::bench
