// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

/// Everything a user of rings needs.
#include "disruptor_mp/base/error.hpp"                // IWYU pragma: export
#include "disruptor_mp/base/types.hpp"                // IWYU pragma: export
#include "disruptor_mp/endpoint/consumer.hpp"         // IWYU pragma: export
#include "disruptor_mp/endpoint/coordination.hpp"     // IWYU pragma: export
#include "disruptor_mp/endpoint/event_processor.hpp"  // IWYU pragma: export
#include "disruptor_mp/endpoint/options.hpp"          // IWYU pragma: export
#include "disruptor_mp/endpoint/producer.hpp"         // IWYU pragma: export
#include "disruptor_mp/endpoint/wait_set.hpp"         // IWYU pragma: export
#include "disruptor_mp/endpoint/watcher.hpp"          // IWYU pragma: export
#include "disruptor_mp/membership/counting.hpp"
#include "disruptor_mp/membership/housekeeping.hpp"  // IWYU pragma: export
#include "disruptor_mp/membership/progress.hpp"      // IWYU pragma: export
#include "disruptor_mp/membership/roster.hpp"        // IWYU pragma: export
#include "disruptor_mp/os/portable_name.hpp"         // IWYU pragma: export
#include "disruptor_mp/segment/event_text.hpp"       // IWYU pragma: export
#include "disruptor_mp/segment/event_type.hpp"       // IWYU pragma: export
#include "disruptor_mp/segment/passing.hpp"          // IWYU pragma: export
