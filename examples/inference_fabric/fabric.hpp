// SPDX-License-Identifier: MIT OR Apache-2.0
//
// One driver, N workers. Every request goes to all workers, over one ring; each worker computes its
// share of the answer and sends it back over a ring of its own.
//
//              requests (one producer, N required consumers)
//      driver ─────────────────────────────────────────────▶ worker.0 … worker.N-1
//        ▲                                                        │
//        └──────────── responses.0 … responses.N-1 ◀──────────────┘
//
// A worker that is killed is started again under its id. It goes on after the last request it has
// committed, so it may answer some of them twice; the number of the request tells.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "disruptor_mp/disruptor_mp.hpp"

namespace disruptor_mp::inference_fabric {

struct Request {
  std::uint64_t number = 0;
  std::uint64_t prompt = 0;
};

struct Response {
  std::uint64_t number = 0;  ///< of the request
  std::uint64_t rank = 0;
  std::uint64_t share = 0;
};

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}
[[nodiscard]] constexpr Request request_of(std::uint64_t number) {
  return {.number = number, .prompt = mix(number + 1)};
}
/// The work: one rank's share of a request's answer.
[[nodiscard]] constexpr std::uint64_t share_of(std::uint64_t rank, const Request& request) {
  return mix(request.prompt + rank) >> 16U;
}

/// Kill a worker when so much of the requests has been sent.
struct Kill {
  std::uint64_t rank = 0;
  std::uint64_t at = 0;  ///< number of a request
};

struct Plan {
  std::string name;  ///< of the rings, in common
  std::uint64_t workers = 4;
  std::uint64_t requests = 200'000;
  std::vector<Kill> kills;  ///< in order of `at`

  [[nodiscard]] std::string request_ring() const { return name + "-requests"; }
  [[nodiscard]] std::string response_ring(std::uint64_t rank) const {
    return name + "-responses." + std::to_string(rank);
  }
  [[nodiscard]] static std::string worker_id(std::uint64_t rank) {
    return "worker." + std::to_string(rank);
  }
  [[nodiscard]] std::vector<std::string> worker_ids() const {
    std::vector<std::string> ids;
    for (std::uint64_t rank = 0; rank < workers; ++rank) ids.push_back(worker_id(rank));
    return ids;
  }
  /// Who must be there before anything begins.
  [[nodiscard]] std::vector<RingMembers> topology() const {
    std::vector<RingMembers> rings{
        {.ring = request_ring(), .producers = {"driver"}, .consumers = worker_ids()}};
    for (std::uint64_t rank = 0; rank < workers; ++rank) {
      rings.push_back(
          {.ring = response_ring(rank), .producers = {worker_id(rank)}, .consumers = {"driver"}});
    }
    return rings;
  }
};

/// How long anybody waits for the others before it is an error.
inline constexpr auto patience = std::chrono::seconds(20);

/// @param kill_request where to write a worker's rank when it is time to kill it; a byte comes back
/// when that is done, so that it does not finish first.
/// @return what to tell the user. @throws Error, std::runtime_error
std::string run_driver(const Plan& plan, int kill_request);
void run_worker(const Plan& plan, std::uint64_t rank);
/// Starts all of them, kills and restarts as planned. @return the exit code.
int supervise(const Plan& plan);

}  // namespace disruptor_mp::inference_fabric
