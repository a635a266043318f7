// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>

#include "disruptor_mp/base/error.hpp"
#include "disruptor_mp/endpoint/detail/consumer_core.hpp"
#include "disruptor_mp/endpoint/detail/producer_core.hpp"
#include "disruptor_mp/endpoint/options.hpp"
#include "disruptor_mp/membership/liveness.hpp"
#include "disruptor_mp/segment/segment.hpp"

namespace disruptor_mp::detail {

/// The small results of the hot path, told as an error with object, found, expected and remedy.
[[nodiscard]] Error explain(const ProducerCore& producer, Publish result, std::uint64_t count);
[[nodiscard]] Error explain(const ConsumerCore& consumer, Poll result, Sequence next);
/// What a watcher has found, with what has become of that consumer since.
[[nodiscard]] Error explain(const Segment& segment, const ConsumerAlert& failure);

}  // namespace disruptor_mp::detail
