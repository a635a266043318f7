// SPDX-License-Identifier: MIT OR Apache-2.0
//
// How simulated consumers use leases. Compiled with the instrumentation, like the roles.
#pragma once

#include "disruptor_mp/disruptor_mp.hpp"
#include "scenario.hpp"

namespace disruptor_mp::sim {

/// Handles a lease, event by event: commits now and then, and may give back what is left.
/// @param told is called behind each commit.
template <class E, class Handler, class Told>
PollResult handle_lease(Consumer<E>& consumer, TimePoint deadline, Handler& handler, Told told) {
  const auto commit = [&] {
    consumer.commit();
    told();
  };
  // Who waits with something uncommitted may wait for itself.
  if (!consumer.has_available()) commit();
  Lease<E> lease = deadline == TimePoint::min() ? consumer.try_lease()
                                                : consumer.lease_until(deadline, 1 + role_draw(4));
  PollResult result{.count = 0, .outcome = lease.outcome()};
  while (!lease.empty()) {
    handler(lease[0], lease.first());
    lease.release_first(1);
    ++result.count;
    if (role_draw(3) == 0) commit();
    if (role_draw(6) == 0) lease.give_back();
  }
  return result;
}

}  // namespace disruptor_mp::sim
