// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Rings without a name (`memfd:LABEL`): how another process comes by one. docs/memory.md explains.
#pragma once

#include "disruptor_mp/base/types.hpp"
#include "disruptor_mp/os/descriptor.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp {

/// A descriptor by which a child (after fork), a program started by this process (after
/// `let_inherit` and exec) or this process itself attaches to the ring, as `name()`. It is no
/// participant: it keeps the ring's memory, but neither the ring's producer nor a consumer alive.
/// @throws Error{invalid_name (has a name), used_after_fork, permission_denied, system_error}
[[nodiscard]] os::Descriptor share_ring(const Segment& ring);

/// Sends the ring over a connected socket of the Unix domain, to a process that calls
/// `receive_ring`. Does not wait. Who gets it may do with it what the ring's mode allows his user;
/// one that was attached read-only is sent so.
/// @throws Error{not_found (nobody at the other end), system_error}, and as share_ring
void send_ring(int socket, const Segment& ring);

/// Receives a ring, waiting `timeout` for it, and checks that it is one. The descriptor may be
/// closed as soon as the ring is attached; while it is open, it can be attached again.
/// @throws Error{not_found (nothing came, or the other end was closed), not_a_ring (something else
///         came), system_error, corrupt, version_mismatch, …}
[[nodiscard]] os::Descriptor receive_ring(int socket, Duration timeout);

}  // namespace disruptor_mp
