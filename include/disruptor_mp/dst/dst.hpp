// SPDX-License-Identifier: MIT OR Apache-2.0
// Everything of the deterministic test support. Link disruptor_mp::dst.
#pragma once

#include "disruptor_mp/dst/assertions.hpp"
#include "disruptor_mp/dst/buggify.hpp"
#include "disruptor_mp/dst/failure_class.hpp"
#include "disruptor_mp/dst/fault_plan.hpp"
#include "disruptor_mp/dst/mapping.hpp"
#include "disruptor_mp/dst/profiles.hpp"
#include "disruptor_mp/dst/replay.hpp"
#include "disruptor_mp/dst/runtime.hpp"
#include "disruptor_mp/dst/schedule.hpp"
#include "disruptor_mp/dst/trace.hpp"
#include "disruptor_mp/dst/vocabulary.hpp"
