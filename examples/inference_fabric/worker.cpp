// SPDX-License-Identifier: MIT OR Apache-2.0
#include "fabric.hpp"

namespace disruptor_mp::inference_fabric {

void run_worker(const Plan& plan, std::uint64_t rank) {
  const std::string id = Plan::worker_id(rank);
  // Whether this is the first life or a later one: the same two calls.
  auto responses = Producer<Response>::create_or_attach(plan.response_ring(rank),
                                                        {.timeout = patience, .id = id});
  auto requests = Consumer<Request>::attach(plan.request_ring(), {.id = id,
                                                                  .kind = ConsumerKind::required,
                                                                  .start = Start::resume,
                                                                  .timeout = patience,
                                                                  .successor_patience = patience,
                                                                  .max_batch = 16});
  wait_for_topology(plan.topology(), patience);
  const Poll end = requests.run([&](const Request& request) {
    // Before the request is committed: so an answer may come twice, but none is missing.
    const Publish result = responses.publish(
        {.number = request.number, .rank = rank, .share = share_of(rank, request)});
    if (result != Publish::ok) throw responses.explain(result);
  });
  if (end != Poll::closed) throw requests.explain(end);
}

}  // namespace disruptor_mp::inference_fabric
