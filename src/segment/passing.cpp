// SPDX-License-Identifier: MIT OR Apache-2.0
#include "disruptor_mp/segment/passing.hpp"

#include "disruptor_mp/os/thread.hpp"

namespace disruptor_mp {

os::Descriptor share_ring(const Segment& ring) { return ring.object().share(); }

void send_ring(int socket, const Segment& ring) { os::send_descriptor(socket, share_ring(ring)); }

os::Descriptor receive_ring(int socket, Duration timeout) {
  const TimePoint now = os::now();
  const TimePoint deadline = timeout > never - now ? never : now + timeout;
  os::Descriptor received = os::receive_descriptor(socket, deadline);
  // Here, where it is known where it came from, and not at some later attach.
  const auto object =
      os::MemoryObject::open(os::ObjectName::parse(received.name()), os::Access::read_only);
  if (object) static_cast<void>(read_header(*object));
  return received;
}

}  // namespace disruptor_mp
